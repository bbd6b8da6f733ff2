//! Hosts that are lost: what they had begun, what is asked about what they had, and what their
//! processes do when it is over.

use diskdock::assembly::fence::{begin, complete, prove, stand_in};
use diskdock::assembly::host::HostAssembly;
use diskdock::store::{Store, StoreError, WriteTx};
use domain::ChargeType;
use domain::host::HostAdmission;
use serde_json::json;

use super::ceph::{cut_off_fence, in_pool};
use super::{instance_and_disk, server};
use crate::harness::{REGION, TestHost, TestServer};
use crate::store_contract::hosts::host;

impl TestServer {
    pub(super) fn store(&self) -> &Store {
        &self.assembly.gateway.services.store
    }

    /// Nothing was heard of this host for long.
    pub(super) async fn silence(&self, name: &'static str) {
        let silence = move |tx: &mut dyn WriteTx| {
            let found = tx.host(name)?.expect("the host");
            tx.remove_host(name)?;
            tx.save_host(&found.host)
        };
        self.store().write(silence).await.unwrap();
    }

    /// The host is lost and fenced, and what was asked of it has come to its end.
    pub(super) async fn fenced(&self, name: &'static str) -> HostAssembly {
        cut_off_fence(self, name).await;
        let fencing = begin(self.store(), name, None).await.unwrap();
        complete(self.store(), &fencing.term).await.unwrap();
        let stands_in = stand_in(self.store(), fencing.term).await.unwrap();
        stands_in.tasks.recover().await.unwrap();
        for _ in 0..5 {
            stands_in.runner.drain().await;
            stands_in.tasks.run_maintenance().await;
        }
        stands_in
    }

    async fn release(&self, instance: &str, on: &TestHost) {
        self.ok("DeleteInstance", &[("InstanceId", instance), ("Force", "true")]).await;
        self.finish_with(&[on]).await;
        assert_eq!(self.instance_status(instance).await, "gone");
    }

    /// The owners of the operations that have not ended.
    fn operations_are_of(&self) -> Vec<String> {
        let rows = self.store().read_blocking(|tx| tx.operations()).unwrap();
        rows.into_iter().map(|row| row.lease_owner).collect()
    }
}

/// A disk with bytes on this host, and no instance there.
async fn disk_left(server: &TestServer, on: &TestHost) -> String {
    let (instance, disk) = instance_and_disk(server, on).await;
    let slot = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    for action in ["AttachDisk", "DetachDisk"] {
        server.ok(action, &slot).await;
        server.finish_with(&[on]).await;
    }
    server.release(&instance, on).await;
    assert_eq!(server.status_of(&disk).await, "Available");
    disk
}

#[tokio::test]
async fn host_that_has_work_left_is_not_forgotten() {
    let server = server().await;
    let a = server.host(host("a")).await;
    let disk = disk_left(&server, &a).await;
    server.silence("a").await;
    server.ok("ResizeDisk", &[("DiskId", &disk), ("NewSize", "70")]).await;
    let (status, reply) = server.try_control("DELETE", "/hosts/a", "").await;
    let why = reply["error"].as_str().unwrap();
    assert!(status == 409 && why.contains(&format!("1 operations left: disk.resize of {disk}")));
    server.finish_with(&[&a]).await;
    assert_eq!(server.describe(&disk).await["Size"], 70);
    server.control("DELETE", "/hosts/a", "").await;
    // Its directory is gone with it, and so is what would have to be done there.
    server.ok("ResizeDisk", &[("DiskId", &disk), ("NewSize", "80")]).await;
    assert_eq!(server.operations_are_of(), [""; 0]);
    let failed = server.store().read_blocking(|tx| tx.failed_operations()).unwrap();
    assert_eq!(failed[0].last_event, "a had the bytes, and it was removed");
    assert_eq!(server.describe(&disk).await["Size"], 70);
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
}

#[tokio::test]
async fn what_a_host_in_ceph_had_is_seen_to_by_another_when_it_is_gone() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let disk = disk_left(&server, &a).await;
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.finish_with(&[&a]).await;
    let doomed = disk_left(&server, &a).await;
    server.ok("DeleteDisk", &[("DiskId", &doomed)]).await;
    server.silence("a").await;
    server.control("DELETE", "/hosts/a", "").await;
    let b = server.host(in_pool("b", "c-1")).await;
    let other = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[&b]).await;
    server.ok("AttachDisk", &[("InstanceId", &other), ("DiskId", &disk)]).await;
    server.finish_with(&[&b]).await;
    // The disk is on an instance of b now, and the snapshot is still one of a.
    let copy = [
        ("RegionId", REGION),
        ("SnapshotId", snapshot.as_str()),
        ("DestinationRegionId", "cn-beijing"),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "copy"),
    ];
    server.ok("CopySnapshot", &copy).await;
    assert_eq!(server.operations_are_of(), ["host/b"]);
    server.finish_with(&[&b]).await;
    assert_eq!(server.operations_are_of(), [""; 0]);
    server.ok("DeleteSnapshot", &[("SnapshotId", &snapshot)]).await;
    let left = || server.store().read_blocking(|tx| tx.discarding_hosts()).unwrap();
    assert_eq!(left(), ["a"], "a disk and a snapshot");
    b.assembly.tasks.run_maintenance().await;
    assert_eq!(left(), [""; 0]);
}

#[tokio::test]
async fn free_disk_goes_to_no_other_host_while_its_own_has_a_snapshot_of_it_to_take() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let disk = disk_left(&server, &a).await;
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.silence("a").await;
    let b = server.host(in_pool("b", "c-1")).await;
    let other = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[&b]).await;
    let attach = [("InstanceId", other.as_str()), ("DiskId", disk.as_str())];
    let refused = server.call("AttachDisk", &attach).await;
    assert_eq!(refused.refusal(), (403, "InvalidOperation.Conflict"), "{}", refused.text);
    let _stands_in = server.fenced("a").await;
    assert_eq!(server.snapshot(&snapshot).await["Status"], "failed");
    server.ok("AttachDisk", &attach).await;
    server.finish_with(&[&b]).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn new_disks_of_a_lost_host_stay_since_its_guests_may_have_written_to_them() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let older = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[&a]).await;
    server.change_instance(&older, |one| one.charge_type = ChargeType::PrePaid).await;
    let new = [
        ("RegionId", REGION),
        ("InstanceId", older.as_str()),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
    ];
    let new = server.ok("CreateDisk", &new).await.text_at("DiskId");
    a.take_work().await;
    let instance = server.begin_run(&[("DataDisk.1.Size", Some("20"))]).await.remove(0);
    let before = server.disks_of(&instance).await;
    let _stands_in = server.fenced("a").await;
    assert_eq!(server.warned("is off, but the store had it Running"), 1);
    assert_eq!(server.operations_are_of(), [""; 0]);
    // Subscription disks belong to their instance, and are nothing without it.
    assert_eq!(server.status_of(&new).await, "In_use");
    assert_eq!(server.instance_status(&instance).await, "Stopped");
    let disks = server.disks_of(&instance).await;
    assert_eq!((before.len(), disks.len()), (2, 2));
    assert!(!server.of_store(&new).unmade, "it was about to be plugged in");
    let data = disks.iter().find(|one| one["Type"] == "data").unwrap();
    let data = data["DiskId"].as_str().unwrap();
    assert!(server.of_store(data).unmade, "it is unknown how far the host has come");
    let b = server.host(in_pool("b", "c-1")).await;
    let other = server.begin_run(&[]).await.remove(0);
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", data)]).await;
    let stands_in = server.fenced("a").await;
    assert_eq!(server.status_of(data).await, "Available");
    drop(stands_in);
    server.finish_with(&[&b]).await;
    server.ok("AttachDisk", &[("InstanceId", &other), ("DiskId", data)]).await;
    server.finish_with(&[&b]).await;
    assert_eq!(server.status_of(data).await, "In_use");
    assert!(!server.of_store(data).unmade);
}

#[tokio::test]
async fn fence_that_stood_still_finds_that_it_is_over() {
    let server = server().await;
    let _a = server.host(in_pool("a", "c-1")).await;
    cut_off_fence(&server, "a").await;
    let first = begin(server.store(), "a", None).await.unwrap().term;
    prove(server.store(), &first).await.unwrap();
    let again = begin(server.store(), "a", None).await.unwrap().term;
    let over = prove(server.store(), &first).await;
    assert!(matches!(over, Err(StoreError::LeaseLost)), "{over:?}");
    prove(server.store(), &again).await.unwrap();
    let taken_in = |tx: &mut dyn WriteTx| {
        let mut found = tx.host("a")?.expect("the host");
        found.host.admission = HostAdmission::Open;
        tx.save_host(&found.host)
    };
    server.store().write(taken_in).await.unwrap();
    let over = prove(server.store(), &again).await;
    assert!(matches!(over, Err(StoreError::LeaseLost)), "it works again: {over:?}");
    server.store().write(|tx| tx.remove_host("a")).await.unwrap();
    let over = prove(server.store(), &again).await;
    assert!(matches!(over, Err(StoreError::LeaseLost)), "{over:?}");
}

#[tokio::test]
async fn process_whose_term_is_over_starts_nothing_any_more() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    server.begin_run(&[]).await;
    a.take_work().await;
    let running = async || a.assembly.hypervisor.running().await.unwrap();
    assert_eq!(running().await, [], "it is about to be started");
    cut_off_fence(&server, "a").await;
    begin(server.store(), "a", None).await.unwrap();
    a.assembly.tasks.run(|| panic!("it is over")).await;
    for _ in 0..5 {
        a.assembly.clock.advance_ms(1_000);
        a.assembly.runner.drain().await;
    }
    assert_eq!(running().await, []);
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(hosts["hosts"][0]["state"], json!("fencing"));
}
