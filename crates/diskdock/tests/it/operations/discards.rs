//! The bytes of disks that the store no longer have are thrown away, sooner or later.

use std::sync::atomic::Ordering;

use diskdock::operations::discard_volumes;
use diskdock::store::Store;
use domain::{DiskId, SnapshotId};

use super::transient_errors::Bench;
use crate::harness::TestServer;
use crate::store_contract::entities;

/// Removed disks whose bytes may still be there.
fn discards(store: &Store) -> Vec<String> {
    let ids = store.read_blocking(|tx| tx.discards("", 100)).unwrap();
    ids.iter().map(DiskId::to_string).collect()
}

#[tokio::test]
async fn discard_is_retried_after_a_driver_error() {
    let bench = Bench::empty();
    for name in ["one", "two"] {
        bench.store.write(move |tx| tx.save_disk(&entities::disk(name))).await.unwrap();
    }
    bench.store.write(|tx| tx.remove_disk(&"d-one".into())).await.unwrap();
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(discard_volumes(&bench.store, bench.driver.as_ref()).await.unwrap(), 0);
        assert_eq!(discards(&bench.store), ["d-one"]);
    }
    assert!(bench.driver.discarded.lock().unwrap().is_empty());
    bench.driver.out_of_reach.store(false, Ordering::SeqCst);
    assert_eq!(discard_volumes(&bench.store, bench.driver.as_ref()).await.unwrap(), 1);
    assert_eq!(discards(&bench.store), [""; 0]);
    assert_eq!(discard_volumes(&bench.store, bench.driver.as_ref()).await.unwrap(), 0);
    let discarded = bench.driver.discarded.lock().unwrap().clone();
    assert_eq!(discarded, ["d-one".into()], "once, and no disk that is still there");
}

#[tokio::test]
async fn deleted_disks_are_discarded_also_after_a_crash() {
    let server = TestServer::new().await;
    let (gone, stays) = (server.available_disk().await, server.available_disk().await);
    server.ok("DeleteDisk", &[("DiskId", &gone)]).await;
    assert_eq!(discards(&server.assembly.gateway.services.store), [gone.as_str()]);
    let server = server.restart().await;
    let store = &server.assembly.gateway.services.store;
    assert_eq!(discards(store), [""; 0], "at the start");
    server.ok("DeleteDisk", &[("DiskId", &stays)]).await;
    assert_eq!(discards(store), [stays.as_str()]);
    server.assembly.life.run_maintenance().await;
    assert_eq!(discards(store), [""; 0], "and while it runs");
}

#[tokio::test]
async fn failed_disks_and_disks_deleted_with_their_instance_are_discarded() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let mut expected: Vec<String> = Vec::new();
    for disk in server.disks_of(&instance).await {
        expected.push(disk["DiskId"].as_str().unwrap().to_owned());
    }
    let ask = [("InstanceId", instance.as_str()), ("Force", "true")];
    server.ok("DeleteInstance", &ask).await;
    server.finish_all().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"refuse"}}"#;
    server.control("POST", "/rules", rule).await;
    expected.push(server.available_disk().await);
    server.finish_all().await;
    expected.sort();
    assert_eq!(discards(&server.assembly.gateway.services.store), expected);
}

/// Snapshots whose bytes may still be there.
fn snapshot_discards(server: &TestServer) -> Vec<String> {
    let store = &server.assembly.gateway.services.store;
    let ids = store.read_blocking(|tx| tx.snapshot_discards("", 100)).unwrap();
    ids.iter().map(SnapshotId::to_string).collect()
}

#[tokio::test]
async fn deleted_and_expired_snapshots_are_discarded_also_after_a_crash() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let gone = server.snapshot_of(&disk).await;
    let ask = [("DiskId", disk.as_str()), ("RetentionDays", "1")];
    let passing = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    server.finish_all().await;
    server.ok("DeleteSnapshot", &[("SnapshotId", &gone)]).await;
    assert_eq!(snapshot_discards(&server), [gone]);
    let server = server.restart().await;
    assert_eq!(snapshot_discards(&server), [""; 0], "at the start");
    server.pass(25 * 3_600_000).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(server.snapshot(&passing).await, serde_json::Value::Null);
    server.assembly.life.run_maintenance().await;
    assert_eq!(snapshot_discards(&server), [""; 0], "and while it runs");
}

#[tokio::test]
async fn snapshot_that_fails_or_is_deleted_while_it_is_made_is_discarded() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"snapshot","times":1,"behaviour":{"do":"refuse"}}"#);
    let ask = [("DiskId", disk.as_str())];
    let failed = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    server.finish_all().await;
    assert_eq!(server.snapshot(&failed).await["Status"], "failed");
    assert_eq!(snapshot_discards(&server), [failed]);
    server.assembly.life.run_maintenance().await;
    assert_eq!(snapshot_discards(&server), [""; 0]);
    let given_up = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    server.ok("DeleteSnapshot", &[("SnapshotId", &given_up)]).await;
    server.assembly.life.run_maintenance().await;
    server.finish_all().await;
    assert_eq!(snapshot_discards(&server), [given_up], "what it had made until it ended");
}
