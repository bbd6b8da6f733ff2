//! A whole server in memory: sign, call, move the clock, crash, restart. No sockets, no sleeps.

mod answer;
pub(crate) mod broken_store;
mod controls;
mod hosts;
mod instances;
mod log;
pub(crate) mod memory;
pub(crate) mod postgres;
pub(crate) mod record;
mod refusal;
mod sign;
mod signers;

use std::path::PathBuf;
use std::sync::Arc;

use diskdock::assembly::{Assembly, AssemblyOptions};
use diskdock::catalog::FORWARD_PORTS;
use diskdock::clock::Clock;
use diskdock::gateway::GatewayReply;
use diskdock::gateway::keys::StartKeys;
use diskdock::hypervisor::{Pace, Rule, Simulated};
use diskdock::ids::IdGenerator;
use diskdock::operations::{MissingInHypervisor, find_differences, reconcile};
use diskdock::store::postgres::Postgres;
use diskdock::store::sqlite::{Durability, Sqlite};
use diskdock::store::{Store, StoreError};
use domain::instance::{InstanceNetwork, StoppedMode};
use domain::{ChargeType, Disk, DiskId, Instance, InstanceId, InstanceStatus, Moment};

use crate::operations::flaky::{Flaky, Script};

pub(crate) use answer::Answer;
pub(crate) use controls::TOKEN;
pub(crate) use hosts::TestHost;
pub(crate) use instances::{Changes, IMAGE, Pairs, Refused, launch};
pub(crate) use sign::{Signer, Style};

/// The account of the development key.
pub(crate) const ACCOUNT: &str = "1000000000000001";
/// Where the stories play.
pub(crate) const REGION: &str = "cn-hangzhou";
/// The zone of the stories.
pub(crate) const ZONE: &str = "cn-hangzhou-i";
/// When the stories begin: 2026-01-02T03:04:05Z.
pub(crate) const BEGINNING: Moment = Moment(1_767_323_045_000);

/// A server with a clock that stands still until a story moves it.
pub(crate) struct TestServer {
    pub assembly: Assembly,
    pub signer: Signer,
    /// How the store fails, if it is to.
    pub store_faults: Arc<Script>,
    directory: tempfile::TempDir,
    /// The store, unless it is in the directory.
    _database: Option<postgres::TestDatabase>,
    strict: bool,
    pace: Pace,
    restarts: u64,
    log: log::Watch,
    _guard: tracing::subscriber::DefaultGuard,
}

impl TestServer {
    /// An empty server.
    pub(crate) async fn new() -> TestServer {
        TestServer::with(|_| {}).await
    }

    /// An empty server that refuses what has no effect.
    pub(crate) async fn strict() -> TestServer {
        TestServer::with(|plan| plan.strict = true).await
    }

    /// An empty server with another plan.
    pub(crate) async fn with(change: impl FnOnce(&mut AssemblyOptions)) -> TestServer {
        let (log, _guard) = log::Watch::start();
        let directory = tempfile::tempdir().unwrap();
        let _database = postgres::TestDatabase::of(directory.path());
        let mut plan = plan(directory.path().to_owned(), Pace::Exactly(1_000), BEGINNING, 0);
        change(&mut plan);
        let (strict, pace) = (plan.strict, plan.pace);
        let store_faults = Arc::<Script>::default();
        let assembly = open(plan, &store_faults).unwrap();
        assembly.life.recover().await.unwrap();
        let signer = Signer::default();
        TestServer {
            assembly,
            signer,
            store_faults,
            directory,
            _database,
            strict,
            pace,
            restarts: 0,
            log,
            _guard,
        }
    }

    /// Stops the server without warning and starts it again on the same store.
    pub(crate) async fn restart(self) -> TestServer {
        self.restart_after(0).await
    }

    /// The same, with so many milliseconds in which no server runs.
    pub(crate) async fn restart_after(self, down_ms: i64) -> TestServer {
        let server = self.reopen_after(down_ms);
        server.assembly.life.recover().await.unwrap();
        server
    }

    /// The same, and the server has not recovered yet: it does not know its machines.
    pub(crate) fn reopen_after(self, down_ms: i64) -> TestServer {
        let now = self.assembly.gateway.services.clock.now().plus_ms(down_ms);
        drop(self.assembly);
        let restarts = self.restarts + 1;
        let assembly = again(|| {
            let plan = plan(self.directory.path().to_owned(), self.pace, now, restarts);
            open(AssemblyOptions { strict: self.strict, ..plan }, &self.store_faults)
        });
        TestServer { assembly, restarts, ..self }
    }

    /// Calls an action as most clients do: signature 1.0, POST, JSON.
    pub(crate) async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.call_in(Style::default(), action, parameters).await
    }

    /// Calls an action and expects it to go well.
    pub(crate) async fn ok(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let answer = self.call(action, parameters).await;
        assert_eq!(answer.status, 200, "{action} {parameters:?}: {}", answer.text);
        answer
    }

    /// Calls an action in another style of signing, method and format.
    pub(crate) async fn call_in(
        &self,
        style: Style,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Answer {
        let now = self.assembly.gateway.services.clock.now();
        let request = self.signer.sign(style, action, parameters, now);
        self.send(request).await.expect("an answer")
    }

    /// Sends a request as it is; nothing comes back if the connection is closed.
    pub(crate) async fn send(&self, request: http::Request<Vec<u8>>) -> Option<Answer> {
        let (parts, body) = request.into_parts();
        match self.assembly.gateway.handle(&parts, &body).await {
            GatewayReply::Silence => None,
            GatewayReply::Response(response) => {
                let (parts, body) = response.into_parts();
                Some(Answer::new(&parts, &body))
            }
        }
    }

    /// Carries out what is due now.
    pub(crate) async fn drain(&self) {
        self.assembly.gateway.services.runner.drain().await;
    }

    /// Moves the clock and carries out what is due then.
    pub(crate) async fn pass(&self, milliseconds: i64) {
        self.drain().await;
        self.assembly.gateway.services.clock.advance_ms(milliseconds);
        self.drain().await;
    }

    /// Lets everything that is under way come to its end.
    pub(crate) async fn finish_all(&self) {
        for _ in 0..10 {
            self.pass(1_000).await;
        }
    }

    /// The simulated hypervisor.
    pub(crate) fn simulated(&self) -> &Arc<Simulated> {
        self.assembly.simulated.as_ref().expect("stories play on the simulated hypervisor")
    }

    /// Tells the simulated hypervisor how to behave.
    pub(crate) fn rule(&self, json: &str) {
        let rule: Rule = serde_json::from_str(json).unwrap();
        assert!(self.simulated().add_rule(rule));
    }

    /// Puts an instance into the store as if it had long been there, and tells the hypervisor.
    pub(crate) async fn plant_instance(
        &self,
        change: impl Fn(&mut Instance) + Send + 'static,
    ) -> String {
        let mut instance = instance(&self.assembly.gateway.services.environment.ids);
        change(&mut instance);
        let id = instance.id.to_string();
        let write = move |tx: &mut dyn diskdock::store::WriteTx| tx.save_instance(&instance);
        self.assembly.gateway.services.store.write(write).await.unwrap();
        self.assembly.life.recover().await.unwrap();
        id
    }

    /// A Running instance of a common type.
    pub(crate) async fn running_instance(&self) -> String {
        self.plant_instance(|_| {}).await
    }

    /// Changes a disk in the store behind everybody's back.
    pub(crate) async fn change_disk(&self, id: &str, change: impl Fn(&mut Disk) + Send + 'static) {
        let id = DiskId::from(id);
        let write = move |tx: &mut dyn diskdock::store::WriteTx| {
            let mut disk = tx.disk(&id)?.expect("the disk");
            change(&mut disk);
            tx.save_disk(&disk)
        };
        self.assembly.gateway.services.store.write(write).await.unwrap();
    }

    /// Changes an instance in the store behind everybody's back.
    pub(crate) async fn change_instance(
        &self,
        id: &str,
        change: impl Fn(&mut Instance) + Send + 'static,
    ) {
        let id = InstanceId::from(id);
        let write = move |tx: &mut dyn diskdock::store::WriteTx| {
            let mut instance = tx.instance(&id)?.expect("the instance");
            change(&mut instance);
            tx.save_instance(&instance)
        };
        self.assembly.gateway.services.store.write(write).await.unwrap();
    }

    /// A new Available disk of 20 GiB.
    pub(crate) async fn key_pair(&self, name: &str) {
        self.ok("CreateKeyPair", &[("RegionId", REGION), ("KeyPairName", name)]).await;
    }

    pub(crate) async fn available_disk(&self) -> String {
        let parameters = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("Size", "20"),
            ("DiskCategory", "cloud_essd"),
        ];
        self.ok("CreateDisk", &parameters).await.text_at("DiskId")
    }

    /// A new disk that is In_use on this instance.
    pub(crate) async fn disk_on(&self, instance: &str) -> String {
        let disk = self.available_disk().await;
        self.ok("AttachDisk", &[("InstanceId", instance), ("DiskId", &disk)]).await;
        self.finish_all().await;
        assert_eq!(self.status_of(&disk).await, "In_use");
        disk
    }

    /// A disk as DescribeDisks shows it.
    pub(crate) async fn describe(&self, disk: &str) -> serde_json::Value {
        let ids = format!("[\"{disk}\"]");
        let answer = self.ok("DescribeDisks", &[("RegionId", REGION), ("DiskIds", &ids)]).await;
        answer.json["Disks"]["Disk"][0].clone()
    }

    /// The Status that DescribeDisks shows of a disk.
    pub(crate) async fn status_of(&self, disk: &str) -> String {
        self.describe(disk).await["Status"].as_str().unwrap_or("gone").to_owned()
    }

    /// The whole store, for comparison.
    pub(crate) fn export_json(&self) -> String {
        let snapshot = self.assembly.gateway.services.store.read_blocking(|tx| tx.export());
        serde_json::to_string_pretty(&snapshot.unwrap()).unwrap()
    }

    /// Where store and hypervisor disagree; empty if all is well.
    pub(crate) async fn differences(&self) -> Vec<diskdock::operations::Difference> {
        let services = &self.assembly.gateway.services;
        let hypervisor = self.assembly.hypervisor.as_ref();
        find_differences(&services.store, hypervisor).await.unwrap()
    }

    /// Compares and repairs, as maintenance does.
    pub(crate) async fn repair(&self) -> Vec<diskdock::operations::Difference> {
        let services = &self.assembly.gateway.services;
        let (store, now) = (&services.store, services.clock.now());
        let hypervisor = self.assembly.hypervisor.as_ref();
        reconcile(store, hypervisor, MissingInHypervisor::Report, now).await.unwrap()
    }

    /// The log has warned of this so many times, as the story expects.
    pub(crate) fn warned(&self, text: &str) -> usize {
        self.log.take(text)
    }
}

/// A child that another story starts just now holds what we have open, locks too, until it has
/// become another program.
pub(crate) fn again<T, E: std::fmt::Debug>(mut attempt: impl FnMut() -> Result<T, E>) -> T {
    const ATTEMPTS: usize = 100_000;
    for _ in 1..ATTEMPTS {
        match attempt() {
            Ok(made) => return made,
            Err(_) => std::thread::yield_now(),
        }
    }
    attempt().unwrap()
}

/// A server whose store fails when it is told to.
fn open(plan: AssemblyOptions, store_faults: &Arc<Script>) -> Result<Assembly, StoreError> {
    let script = Arc::clone(store_faults);
    let store = match postgres::address_for(&plan.directory) {
        None if memory::is_wanted() => {
            let engine = memory::opened(&plan.directory);
            Store::new(Flaky { engine, script })
        }
        None => {
            let engine = Sqlite::open(&plan.directory, plan.durability)?;
            Store::new(Flaky { engine, script })
        }
        Some(address) => {
            let engine = Postgres::open(address, &plan.directory, postgres::next_number())?;
            Store::new(Flaky { engine, script })
        }
    };
    Assembly::over(store, plan)
}

fn plan(directory: PathBuf, pace: Pace, now: Moment, seed: u64) -> AssemblyOptions {
    AssemblyOptions {
        directory,
        durability: Durability::Relaxed,
        postgres: None,
        inventory: Arc::new(diskdock::inventory::load(None).unwrap()),
        only_imported_images: false,
        clock: Clock::held_at(now),
        ids: IdGenerator::from_seed(seed),
        pace,
        real: None,
        on_hosts: false,
        strict: false,
        quotas: Default::default(),
        throttle: false,
        snapshot_new_disks: false,
        forward_ports: FORWARD_PORTS,
        keys: StartKeys { development: true, given: Vec::new() },
        extra_hosts: Vec::new(),
    }
}

/// A Running instance of a common type.
pub(crate) fn instance(ids: &IdGenerator) -> Instance {
    Instance {
        id: ids.of("bp1", BEGINNING),
        account: ACCOUNT.into(),
        region: REGION.to_owned(),
        zone: ZONE.to_owned(),
        instance_type: "ecs.g6.large".to_owned(),
        image: "ubuntu_22_04_x64_20G_alibase_20240926.vhd".to_owned(),
        name: "web-1".to_owned(),
        description: String::new(),
        host_name: "web-1".to_owned(),
        charge_type: ChargeType::PostPaid,
        expires_at: None,
        status: InstanceStatus::Running,
        stopped_mode: StoppedMode::NotApplicable,
        locks: Vec::new(),
        deletion_protection: false,
        host: String::new(),
        tags: Vec::new(),
        system_disk: None,
        network: InstanceNetwork::default(),
        key_pair: String::new(),
        public_key: String::new(),
        password_hash: String::new(),
        base_image: String::new(),
        ram_role: String::new(),
        resource_group: String::new(),
        spot_strategy: "NoSpot".to_owned(),
        credit_specification: String::new(),
        auto_release_at: None,
        created_at: BEGINNING,
        started_at: Some(BEGINNING),
        releasing: false,
        interrupted: false,
        unknown: Default::default(),
    }
}
