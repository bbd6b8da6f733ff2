//! The life of instances, from request to store to hypervisor and back.

use std::sync::Arc;

use serde_json::Value;

use crate::actions::{OPERATIONS, find};
use crate::catalog::{ActionError, Caller, Environment, Environments, Input};
use crate::clock::Clock;
use crate::hypervisor::{Pace, Simulated};
use crate::ids::IdGenerator;
use crate::operations::{MissingInHypervisor, Runner, reconcile};
use crate::service::{Request, Services, dispatch};
use crate::store::Store;
use crate::store::sqlite::{Durability, Sqlite};

struct TestServer {
    services: Services,
    hypervisor: Arc<Simulated>,
    _directory: tempfile::TempDir,
}

impl TestServer {
    fn new(creating_takes_time: bool) -> TestServer {
        let directory = tempfile::tempdir().expect("a directory");
        let engine = Sqlite::open(directory.path(), Durability::Relaxed).expect("a store");
        let store = Arc::new(Store::new(engine));
        let clock = Arc::new(Clock::held_at(domain::Moment(1_780_000_000_000)));
        let hypervisor = Arc::new(Simulated::new(Pace::Fast));
        let runner =
            Runner::new(Arc::clone(&store), hypervisor.clone(), Arc::clone(&clock), OPERATIONS);
        let inventory = crate::inventory::load(None).expect("the built-in inventory");
        let environment = Arc::new(Environments::new(Environment::plain(
            inventory,
            IdGenerator::from_seed(1),
            creating_takes_time,
        )));
        let runner = Arc::new(runner);
        let quotas = Default::default();
        let services = Services { store, runner, clock, environment, strict: false, quotas };
        TestServer { services, hypervisor, _directory: directory }
    }

    async fn call(&self, action: &str, pairs: &[(&str, &str)]) -> Result<Value, &'static str> {
        let mut pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        pairs.sort();
        let caller = Caller {
            account: "1".into(),
            access_key_id: "key".into(),
            host: String::new(),
            region: None,
            identity: Default::default(),
            origin: Default::default(),
        };
        let request = Request {
            caller: caller.into(),
            request_id: "R".into(),
            input: Input::from_sorted(pairs),
            nonce: None,
            rights: Default::default(),
        };
        let entry = find(action).expect("an action");
        match dispatch(&self.services, entry, &request).await {
            Ok(answered) => Ok(serde_json::from_slice(&answered.reply).expect("JSON")),
            Err(ActionError::Refused(refusal)) => Err(refusal.error.code),
            Err(ActionError::Failed(fault)) => panic!("{fault}"),
            Err(ActionError::Broken(what)) => panic!("{what}"),
        }
    }

    async fn drain(&self) {
        for _ in 0..20 {
            self.services.runner.drain().await;
            self.services.clock.advance_ms(1_000);
        }
    }

    async fn run(&self, more: &[(&str, &str)]) -> String {
        let image = self.image();
        let mut pairs = vec![
            ("RegionId", "cn-hangzhou"),
            ("InstanceType", "ecs.g6.large"),
            ("ImageId", &image),
            ("DataDisk.1.Size", "40"),
            ("DataDisk.2.Size", "50"),
            ("DataDisk.2.DeleteWithInstance", "false"),
        ];
        pairs.extend(more);
        let reply = self.call("RunInstances", &pairs).await.expect("an instance");
        reply["InstanceIdSets"]["InstanceIdSet"][0].as_str().expect("an id").to_owned()
    }

    fn image(&self) -> String {
        let environment = self.services.environment.current();
        let images = environment.inventory.images().iter();
        let mut fitting =
            images.filter(|image| image.id.starts_with("ubuntu") && image.size_gib <= 40);
        fitting.find(|image| image.id.contains("x64")).expect("an image").id.clone()
    }

    async fn instances(&self) -> Vec<Value> {
        let reply = self.call("DescribeInstances", &[("RegionId", "cn-hangzhou")]).await;
        reply.expect("a list")["Instances"]["Instance"].as_array().expect("instances").clone()
    }

    async fn disk_statuses(&self) -> Vec<String> {
        let reply = self.call("DescribeDisks", &[("RegionId", "cn-hangzhou")]).await;
        let reply = reply.expect("a list");
        let disks = reply["Disks"]["Disk"].as_array().expect("disks");
        disks.iter().map(|disk| disk["Status"].as_str().expect("a status").into()).collect()
    }

    async fn agrees(&self) -> bool {
        let found = reconcile(
            &self.services.store,
            self.hypervisor.as_ref(),
            MissingInHypervisor::Report,
            self.services.clock.now(),
        )
        .await;
        found.expect("a comparison").is_empty()
    }
}

#[tokio::test]
async fn instance_runs_stops_starts_reboots_and_is_deleted() {
    let server = TestServer::new(false);
    let id = server.run(&[]).await;
    let named = [("InstanceId", id.as_str())];
    assert_eq!(server.instances().await[0]["Status"], "Starting");
    for (action, then) in [
        ("", "Running"),
        ("StopInstance", "Stopped"),
        ("StartInstance", "Running"),
        ("RebootInstance", "Running"),
    ] {
        if !action.is_empty() {
            server.call(action, &named).await.expect(action);
        }
        server.drain().await;
        assert_eq!(server.instances().await[0]["Status"], then, "{action}");
        assert!(server.agrees().await, "{action}");
    }
    assert_eq!(server.disk_statuses().await, ["In_use"; 3]);
    assert_eq!(server.call("DeleteInstance", &named).await, Err("IncorrectInstanceStatus"));
    let forced = [named[0], ("Force", "true")];
    server.call("DeleteInstance", &forced).await.expect("a release");
    assert_eq!(server.instances().await[0]["Status"], "Stopping");
    assert_eq!(server.disk_statuses().await, ["In_use"; 3]);
    server.drain().await;
    assert!(server.instances().await.is_empty() && server.agrees().await);
    assert_eq!(server.disk_statuses().await, ["Available"]);
}

#[tokio::test]
async fn an_instance_whose_disks_take_time_is_created_and_can_be_started() {
    let server = TestServer::new(true);
    let image = server.image();
    let pairs =
        [("RegionId", "cn-hangzhou"), ("InstanceType", "ecs.g6.large"), ("ImageId", &image)];
    let reply = server.call("CreateInstance", &pairs).await.expect("an instance");
    let named = [("InstanceId", reply["InstanceId"].as_str().expect("an id"))];
    assert_eq!(server.instances().await[0]["Status"], "Pending");
    assert_eq!(server.disk_statuses().await, ["Creating"]);
    assert_eq!(server.call("StartInstance", &named).await, Err("IncorrectInstanceStatus"));
    server.drain().await;
    assert_eq!(server.instances().await[0]["Status"], "Stopped");
    assert_eq!(server.disk_statuses().await, ["In_use"]);
    server.call("StartInstance", &named).await.expect("a start");
    server.drain().await;
    assert!(server.agrees().await);
}

#[tokio::test]
async fn batch_refuses_all_or_lists_the_failed_ones() {
    let server = TestServer::new(false);
    let (first, second) = (server.run(&[]).await, server.run(&[]).await);
    server.drain().await;
    server.call("StopInstance", &[("InstanceId", &first)]).await.expect("a stop");
    server.drain().await;
    let both = [("RegionId", "cn-hangzhou"), ("InstanceId.1", &first), ("InstanceId.2", &second)];
    assert_eq!(server.call("StartInstances", &both).await, Err("IncorrectInstanceStatus"));
    let mut willing = both.to_vec();
    willing.push(("BatchOptimization", "SuccessFirst"));
    willing.push(("InstanceId.3", "i-nowhere"));
    let reply = server.call("StartInstances", &willing).await.expect("results");
    let results = reply["InstanceResponses"]["InstanceResponse"].as_array().expect("results");
    let codes: Vec<_> = results.iter().map(|one| one["Code"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["200", "IncorrectInstanceStatus", "InvalidInstanceId.NotFound"]);
    assert_eq!(results[0]["CurrentStatus"], "Starting");
}
