//! How much can be in flight, how often a restart gives time anew, and what a lease costs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use diskdock::actions::OPERATIONS;
use diskdock::hypervisor::Hypervisor;
use diskdock::operations::{BackgroundTasks, NewOperation, Runner};
use diskdock::store::{OperationRow, WriteTx};
use domain::{AccountId, OperationId, Uptime};

use super::flaky::Shaky;
use super::transient_errors::Bench;
use crate::harness::{ACCOUNT, BEGINNING, REGION, TestServer, ZONE};
use crate::store_contract::entities;
use crate::store_contract::operations::operation;

/// Operations of all accounts in flight, at most.
const OF_SERVER: i64 = 100_000;
/// Operations of an account in flight, at most.
const OF_ACCOUNT: i64 = 10_000;
/// Less than half of a timeout.
const RUNS_FOR_MS: i64 = 40_000;

fn detach(number: i64, account: &str) -> NewOperation {
    let kind = OPERATIONS.iter().find(|kind| kind.name == "disk.detach").unwrap();
    let attachment =
        format!(r#"{{"slot":{{"instance":"i-1","disk":"d-{number}","generation":1}}}}"#);
    let operation = (kind.restore)(&attachment).unwrap();
    NewOperation::new(
        OperationId(number),
        &AccountId::from(account),
        operation,
        BEGINNING,
        Uptime(0),
        "local",
    )
}

#[tokio::test]
async fn account_with_too_many_operations_is_refused_and_others_are_not() {
    let server = TestServer::new().await;
    let runner: &Runner = &server.assembly.gateway.services.runner;
    runner.enqueue((1..OF_ACCOUNT).map(|number| detach(number, ACCOUNT)).collect());
    let parameters =
        [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20"), ("DiskCategory", "cloud_essd")];
    server.ok("CreateDisk", &parameters).await;
    runner.enqueue(vec![detach(OF_ACCOUNT, ACCOUNT)]);
    let refused = server.call("CreateDisk", &parameters).await;
    assert_eq!(refused.refusal(), (400, "Throttling.User"));
    server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    let other = server.another_account("2000000000000002").await;
    let now = server.assembly.gateway.services.clock.now();
    let request = other.sign(Default::default(), "CreateDisk", &parameters, now);
    assert_eq!(server.send(request).await.unwrap().status, 200);
    runner.drop_in_flight();
    server.ok("CreateDisk", &parameters).await;
}

#[tokio::test]
async fn call_refused_for_too_many_operations_is_not_replayed_after_a_restart() {
    let server = TestServer::new().await;
    let runner: &Runner = &server.assembly.gateway.services.runner;
    runner.enqueue((1..=OF_ACCOUNT).map(|number| detach(number, ACCOUNT)).collect());
    let parameters =
        [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20"), ("DiskCategory", "cloud_essd")];
    let now = server.assembly.gateway.services.clock.now();
    let captured = server.signer.sign(Default::default(), "CreateDisk", &parameters, now);
    let refused = server.send(captured.clone()).await.unwrap();
    assert_eq!(refused.refusal(), (400, "Throttling.User"));
    let server = server.restart().await;
    assert_eq!(server.send(captured).await.unwrap().refusal(), (400, "SignatureNonceUsed"));
    let found = server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    assert_eq!(found.json["TotalCount"], 0);
}

#[tokio::test]
async fn server_with_too_many_operations_refuses_another_one_of_any_account() {
    let server = TestServer::new().await;
    let runner: &Runner = &server.assembly.gateway.services.runner;
    let of_others = |number: i64| detach(number, &(number % 20).to_string());
    runner.enqueue((1..OF_SERVER).map(of_others).collect());
    let parameters =
        [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20"), ("DiskCategory", "cloud_essd")];
    server.ok("CreateDisk", &parameters).await;
    runner.enqueue(vec![of_others(OF_SERVER)]);
    let refused = server.call("CreateDisk", &parameters).await;
    assert_eq!(refused.refusal(), (400, "Throttling.ConcurrentLimitExceeded"));
    server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    runner.drop_in_flight();
    server.ok("CreateDisk", &parameters).await;
}

#[tokio::test]
async fn operation_times_out_despite_restarts_within_half_its_timeout() {
    let rule = r#"{"transition":"detach","behaviour":{"do":"never"}}"#;
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(rule);
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let mut restarts = 0;
    while server.status_of(&disk).await == "Detaching" {
        server.pass(RUNS_FOR_MS).await;
        server.assembly.life.run_maintenance().await;
        server = server.restart().await;
        server.rule(rule);
        restarts += 1;
        assert!(restarts < 40, "it stays Detaching for ever");
    }
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert!(restarts > 8, "its whole timeout and more: {restarts}");
}

#[tokio::test]
async fn take_over_claims_operations_of_silent_servers_only() {
    const FOREIGN: i64 = 600;
    let bench = Bench::empty();
    let write = |tx: &mut dyn WriteTx| {
        tx.renew_lease("silent", Uptime(0))?;
        tx.renew_lease("alive", Uptime(0))?;
        let owner = |number| if number <= FOREIGN { "silent" } else { "alive" };
        let row = |number| OperationRow {
            kind: "disk.detach".to_owned(),
            state: format!(r#"{{"slot":{{"instance":"i-1","disk":"d-{number}","generation":1}}}}"#),
            ..operation(number, owner(number))
        };
        (1..=FOREIGN + 5).try_for_each(|number| tx.begin_operation(&row(number)))
    };
    bench.store.write(write).await.unwrap();
    for waited_ms in [0, 20_000, 39_999] {
        bench.clock.advance_ms(waited_ms);
        bench.store.write(|tx| tx.renew_lease("alive", Uptime(0))).await.unwrap();
        assert_eq!(bench.runner.take_over().await.unwrap(), 0, "not before it has lapsed");
    }
    bench.clock.advance_ms(1);
    let taken = bench.runner.take_over().await.unwrap();
    assert_eq!(i64::try_from(taken).unwrap(), FOREIGN);
    assert_eq!(bench.runner.take_over().await.unwrap(), 0);
    assert_eq!(bench.runner.in_flight(), taken);
    let owned = bench.store.read_blocking(|tx| tx.operations_of("alive", OperationId(0), 10));
    assert_eq!(owned.unwrap().len(), 5);
}

#[tokio::test]
async fn renew_lease_leaves_every_operation_as_it_is() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let before = server.export_json();
    for _ in 0..3 {
        server.assembly.gateway.services.runner.renew_lease().await.unwrap();
    }
    assert_eq!(server.export_json(), before);
}

#[tokio::test(start_paused = true)]
async fn lease_is_renewed_while_the_reconciler_waits_for_a_silent_machine() {
    let bench = Bench::empty();
    let instance = entities::instance("one");
    bench.store.write(move |tx| tx.save_instance(&instance)).await.unwrap();
    let driver: Arc<dyn Hypervisor> = Arc::<Shaky>::clone(&bench.driver);
    let life = BackgroundTasks::new(&bench.store, &bench.clock, &driver, &bench.runner, Vec::new());
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let living = tokio::spawn(async move { life.run(|| ready.send(()).unwrap()).await });
    is_ready.await.unwrap();
    bench.driver.slow.store(true, Ordering::SeqCst);
    let renewals = || {
        let lease = bench.store.read_blocking(|tx| tx.lease("local"));
        lease.unwrap().unwrap().renewals
    };
    let asked = bench.driver.calls.load(Ordering::SeqCst);
    let mut renewed_before = None;
    for _ in 0..1_000_000 {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
        if bench.driver.calls.load(Ordering::SeqCst) > asked {
            let before = *renewed_before.get_or_insert_with(renewals);
            if renewals() >= before + 3 {
                break;
            }
        }
    }
    assert!(renewals() >= renewed_before.expect("the reconciler began") + 3);
    // So does the look for damaged disks.
    assert_eq!(bench.driver.calls.load(Ordering::SeqCst), asked + 2, "it still waits");
    living.abort();
}
