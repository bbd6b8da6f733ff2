//! A runner of its own over a store and a driver that fail; and the reconciler.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use diskdock::actions::OPERATIONS;
use diskdock::clock::Clock;
use diskdock::hypervisor::{Hypervisor, Machines, ObservedState, Pace, Simulated};
use diskdock::operations::{MissingInHypervisor, Runner, Selection, reconcile};
use diskdock::store::sqlite::{Durability, Sqlite};
use diskdock::store::{Lease, OperationRow, Store, WriteTx};
use domain::{Disk, DiskStatus, Instance, InstanceId, InstanceStatus, Phase, Uptime};

use super::flaky::{Flaky, Script, Shaky};
use crate::harness::{BEGINNING, TestServer};
use crate::store_contract::{entities, operations as rows};

/// A store, and a runner over it.
pub(super) struct Bench {
    pub store: Arc<Store>,
    script: Arc<Script>,
    pub driver: Arc<Shaky>,
    pub clock: Arc<Clock>,
    pub runner: Arc<Runner>,
    _directory: tempfile::TempDir,
}

impl Bench {
    /// Nothing but the parts.
    pub(super) fn empty() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let engine = Sqlite::open(directory.path(), Durability::Relaxed).unwrap();
        let script = Arc::<Script>::default();
        let flaky = Flaky { engine, script: Arc::clone(&script) };
        let (store, clock) = (Arc::new(Store::new(flaky)), Arc::new(Clock::held_at(BEGINNING)));
        let driver = Arc::new(Shaky::new(Simulated::new(Pace::Exactly(1_000))));
        let hypervisor: Arc<dyn Hypervisor> = Arc::<Shaky>::clone(&driver);
        let runner = Runner::new(Arc::clone(&store), hypervisor, Arc::clone(&clock), OPERATIONS);
        let runner = Arc::new(runner);
        Bench { store, script, driver, clock, runner, _directory: directory }
    }

    pub(super) async fn attaching() -> Bench {
        let bench = Bench::empty();
        let mut disk = entities::disk("one");
        disk.begin_attach("i-one".into(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
        let attachment = r#"{"slot":{"instance":"i-one","disk":"d-one","generation":1}}"#;
        bench
            .begin(Some(disk), entities::instance("one"), ("disk.attach", attachment.to_owned()))
            .await;
        bench
    }

    /// Writes an operation down with what it is about, and takes it up.
    pub(super) async fn begin(&self, disk: Option<Disk>, on: Instance, work: (&str, String)) {
        let (kind, state) = (work.0.to_owned(), work.1);
        let row = OperationRow { kind, state, ..rows::operation(1, "local") };
        let write = move |tx: &mut dyn WriteTx| {
            disk.iter().try_for_each(|disk| tx.save_disk(disk))?;
            tx.save_instance(&on)?;
            tx.begin_operation(&row)
        };
        self.store.write(write).await.unwrap();
        assert_eq!(self.runner.recover().await.unwrap(), 1);
    }

    /// The driver is asked again when so much time has passed, and not before.
    async fn looks_next_after(&self, milliseconds: i64) {
        let calls = self.driver.calls.load(Ordering::SeqCst);
        self.pass(milliseconds - 1).await;
        assert_eq!(self.driver.calls.load(Ordering::SeqCst), calls, "{milliseconds}");
        self.pass(1).await;
        assert!(self.driver.calls.load(Ordering::SeqCst) > calls, "{milliseconds}");
    }

    pub(super) fn disk(&self) -> Disk {
        self.store.read_blocking(|tx| tx.disk(&"d-one".into())).unwrap().unwrap()
    }

    pub(super) async fn pass(&self, milliseconds: i64) {
        self.runner.drain().await;
        self.clock.advance_ms(milliseconds);
        self.runner.drain().await;
    }
}

#[tokio::test]
async fn finish_is_retried_when_the_store_fails() {
    let bench = Bench::attaching().await;
    bench.pass(0).await;
    bench.script.fails.store(3, Ordering::SeqCst);
    for _ in 0..3 {
        bench.pass(1_000).await;
        assert_eq!(bench.disk().status(), DiskStatus::Attaching, "half of it is not written");
        assert_eq!(bench.runner.in_flight(), 1);
    }
    let calls = bench.driver.calls.load(Ordering::SeqCst);
    bench.pass(1_000).await;
    assert_eq!(bench.disk().status(), DiskStatus::InUse);
    assert_eq!(bench.runner.in_flight(), 0);
    assert_eq!(bench.driver.calls.load(Ordering::SeqCst), calls, "the work was done already");
}

#[tokio::test]
async fn driver_errors_are_retried_with_backoff() {
    let bench = Bench::attaching().await;
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    bench.runner.drain().await;
    for pause in [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000] {
        assert_eq!(bench.runner.in_flight_rows()[0].last_event, "out of reach");
        bench.looks_next_after(pause).await;
    }
    bench.driver.out_of_reach.store(false, Ordering::SeqCst);
    bench.pass(30_000).await;
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    bench.pass(500).await;
    bench.runner.wake(&Selection::default());
    bench.runner.drain().await;
    // A step that went well resets the pause.
    bench.looks_next_after(100).await;
    bench.driver.out_of_reach.store(false, Ordering::SeqCst);
    bench.pass(1_000).await;
    assert_eq!(bench.disk().status(), DiskStatus::InUse);
}

#[tokio::test]
async fn driver_errors_until_the_deadline_time_out() {
    let bench = Bench::attaching().await;
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    for _ in 0..30 {
        bench.pass(10_000).await;
    }
    assert_eq!(bench.disk().status(), DiskStatus::Attaching, "the guest may have it by now");
    assert_eq!(bench.runner.in_flight_rows()[0].phase, "compensate");
    bench.driver.out_of_reach.store(false, Ordering::SeqCst);
    bench.pass(30_000).await;
    assert_eq!(bench.disk().status(), DiskStatus::Available);
    assert_eq!(bench.runner.in_flight(), 0);
}

#[tokio::test]
async fn attach_whose_compensation_is_unknown_counts_as_attached() {
    let bench = Bench::attaching().await;
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    for _ in 0..60 {
        bench.pass(10_000).await;
    }
    assert_eq!(bench.disk().status(), DiskStatus::InUse);
    assert_eq!(bench.runner.in_flight(), 0);
}

#[tokio::test]
async fn lost_lease_drops_the_operation_without_effect() {
    let bench = Bench::attaching().await;
    bench.pass(0).await;
    let lease = Lease { server: "local".to_owned(), renewals: 0, uptime: Uptime(0) };
    let steal =
        bench.store.write(move |tx| tx.take_over_operations(&lease, "another", Uptime(0), 10));
    assert_eq!(steal.await.unwrap().len(), 1);
    bench.pass(1_000).await;
    assert_eq!(bench.runner.in_flight(), 0);
    assert_eq!(bench.disk().status(), DiskStatus::Attaching, "the other one will write it");
}

#[tokio::test]
async fn step_that_panics_is_retried() {
    let bench = Bench::attaching().await;
    bench.driver.panics.store(true, Ordering::SeqCst);
    bench.runner.drain().await;
    assert_eq!(bench.runner.in_flight_rows()[0].last_event, "the step panicked");
    bench.pass(100).await;
    bench.pass(1_000).await;
    assert_eq!(bench.disk().status(), DiskStatus::InUse);
}

#[tokio::test]
async fn claim_skips_operations_in_memory() {
    let bench = Bench::attaching().await;
    bench.driver.slow.store(true, Ordering::SeqCst);
    let claim = async {
        while bench.driver.calls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let claimed = bench.runner.recover().await.unwrap();
        bench.driver.slow.store(false, Ordering::SeqCst);
        claimed
    };
    let ((), claimed) = tokio::join!(bench.runner.drain(), claim);
    assert_eq!((claimed, bench.runner.in_flight()), (0, 1));
    bench.pass(1_000).await;
    assert_eq!(bench.disk().status(), DiskStatus::InUse);
    let calls = bench.driver.calls.load(Ordering::SeqCst);
    bench.pass(60_000).await;
    assert_eq!(bench.driver.calls.load(Ordering::SeqCst), calls, "no ghost goes on");
}

#[tokio::test]
async fn import_forgets_jobs_in_memory() {
    let bench = Bench::attaching().await;
    bench.driver.slow.store(true, Ordering::SeqCst);
    let forget = async {
        while bench.driver.calls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        bench.runner.drop_in_flight();
        bench.driver.slow.store(false, Ordering::SeqCst);
    };
    tokio::join!(bench.runner.drain(), forget);
    assert_eq!(bench.runner.in_flight(), 0);
}

#[tokio::test]
async fn reconciler_repairs_some_differences_and_reports_the_others() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (kept, lost) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    let id = domain::InstanceId::from(instance.as_str());
    server.simulated().kill(&id);
    let found = server.repair().await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, "is off, but the store had it Running");
    let store = &server.assembly.gateway.services.store;
    let repaired = store.read_blocking(|tx| tx.instance(&id)).unwrap().unwrap();
    assert_eq!(repaired.status, InstanceStatus::Stopped);
    assert_eq!(server.differences().await, [], "once is enough");
    server
        .change_disk(&lost, |disk| {
            let at = disk.attachments.remove(0);
            assert_eq!(at.phase, Phase::Attached);
        })
        .await;
    let found = server.differences().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.contains(&format!("can reach {lost}")), "{found:?}");
    server.simulated().clear();
    assert_eq!(server.differences().await, [], "what is off need not be known");
    let services = &server.assembly.gateway.services;
    let driver = server.simulated().as_ref();
    reconcile(&services.store, driver, MissingInHypervisor::Adopt, services.clock.now())
        .await
        .unwrap();
    let seen = driver.observe(&id).await.unwrap().unwrap();
    assert_eq!(seen.disks, [(kept.as_str().into(), 1)]);
    server.simulated().clear();
    server.change_instance(&instance, |instance| instance.status = InstanceStatus::Running).await;
    let found = server.differences().await;
    assert_eq!(found.len(), 1, "one that should run and is not known is dead: {found:?}");
}

#[tokio::test]
async fn reconciler_keeps_a_disk_of_an_instance_restarted_meanwhile() {
    let bench = Bench::attaching().await;
    let (instance, driver) = (InstanceId::from("i-one"), bench.driver.as_ref());
    driver
        .adopt(&instance, ObservedState { running: true, ..ObservedState::default() })
        .await
        .unwrap();
    bench.pass(1_000).await;
    assert_eq!(bench.disk().status(), DiskStatus::InUse);
    assert!(driver.driver.eject_disk(&instance, &"d-one".into()));
    let compare = || reconcile(&bench.store, driver, MissingInHypervisor::Report, BEGINNING);
    *bench.script.restarts.lock().unwrap() = Some(instance);
    assert_eq!(compare().await.unwrap().len(), 1);
    assert_eq!(bench.disk().status(), DiskStatus::InUse, "its next guest has it again");
    assert_eq!(compare().await.unwrap().len(), 1);
    assert_eq!(bench.disk().status(), DiskStatus::Available);
    assert_eq!(compare().await.unwrap(), []);
}

#[tokio::test]
async fn reconciler_limits_the_wait_for_silent_machines() {
    let bench = Bench::empty();
    for number in 0..20 {
        let instance = entities::instance(&number.to_string());
        bench.store.write(move |tx| tx.save_instance(&instance)).await.unwrap();
    }
    bench.driver.slow.store(true, Ordering::SeqCst);
    let driver = bench.driver.as_ref();
    let looking = reconcile(&bench.store, driver, MissingInHypervisor::Report, BEGINNING);
    let watching = async {
        while driver.calls.load(Ordering::SeqCst) < 16 {
            tokio::task::yield_now().await;
        }
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        let asked = driver.calls.load(Ordering::SeqCst);
        driver.slow.store(false, Ordering::SeqCst);
        asked
    };
    let (found, asked) = tokio::join!(looking, watching);
    found.unwrap();
    assert_eq!(asked, 16, "so many are looked at while all of them are silent");
    assert_eq!(driver.calls.load(Ordering::SeqCst), 20, "and then the others");
}

/// A disk whose guest refused to let go, and did so after all.
async fn let_go_late(server: &TestServer) -> String {
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"detach","times":1,"behaviour":{"do":"refuse"}}"#);
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    let id = disk.as_str().into();
    assert!(server.simulated().eject_disk(&instance.as_str().into(), &id));
    assert!(!server.simulated().eject_disk(&instance.as_str().into(), &id), "it has it no longer");
    disk
}

#[tokio::test]
async fn reconciler_frees_a_disk_that_a_running_guest_released() {
    let server = TestServer::new().await;
    let disk = let_go_late(&server).await;
    let (before, found) = (server.export_json(), server.differences().await);
    assert_eq!(server.export_json(), before, "looking changes nothing");
    assert_eq!(server.repair().await, found);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].what,
        format!("cannot reach {disk} (attachment 1), but the store has it attached")
    );
    let shown = server.describe(&disk).await;
    assert_eq!((&shown["Status"], &shown["InstanceId"]), (&"Available".into(), &"".into()));
    assert!(!shown["DetachedTime"].as_str().unwrap().is_empty());
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn store_follows_driver_events_at_once() {
    let server = TestServer::new().await;
    let changes = server.assembly.hypervisor.changes();
    let disk = let_go_late(&server).await;
    let available = async {
        // It is told last.
        while server.warned("store and hypervisor disagree") == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.status_of(&disk).await, "Available");
    };
    let available = tokio::time::timeout(std::time::Duration::from_secs(20), available);
    tokio::select! {
        () = server.assembly.life.change_follower().follow(changes) => panic!("the driver is alive"),
        followed = available => followed.expect("still In_use"),
    }
}

/// In the time in which a machine is off, what its guest has is what the store says.
#[tokio::test]
async fn reconciler_keeps_the_disks_of_a_machine_that_is_off() {
    let server = TestServer::new().await;
    let (instance, disk) = server.stopped_with_system_disk().await;
    server.ok("StartInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    server.ok("StopInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert!(server.simulated().eject_disk(&instance.as_str().into(), &disk.as_str().into()));
    assert_eq!(server.differences().await.len(), 1);
    assert_eq!(server.status_of(&disk).await, "In_use");
}
