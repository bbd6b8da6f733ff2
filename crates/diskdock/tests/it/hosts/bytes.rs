//! Where the bytes of disks and snapshots are, and who has to do with them.

use domain::host::HostHypervisor;
use domain::inventory::Image;
use domain::{Disk, DiskId, Host, SnapshotId};

use super::{instance_and_disk, server};
use crate::harness::{REGION, TestHost, TestServer, ZONE, launch};
use crate::store_contract::hosts::host;

impl TestServer {
    fn stored(&self, disk: &str) -> Disk {
        let id = DiskId::from(disk);
        let store = &self.assembly.gateway.services.store;
        store.read_blocking(|tx| tx.disk(&id)).unwrap().unwrap()
    }

    /// Disks and snapshots whose bytes this host has to discard, or no host.
    fn to_discard(&self, host: &str) -> (Vec<DiskId>, Vec<SnapshotId>) {
        let store = &self.assembly.gateway.services.store;
        let read = |tx: &dyn diskdock::store::ReadTx| {
            Ok::<_, diskdock::store::StoreError>((
                tx.discards(host, 9)?,
                tx.snapshot_discards(host, 9)?,
            ))
        };
        store.read_blocking(read).unwrap()
    }

    /// The owners of all operations that have not ended.
    fn owners(&self) -> Vec<String> {
        let store = &self.assembly.gateway.services.store;
        let rows = store.read_blocking(|tx| tx.operations()).unwrap();
        rows.into_iter().map(|row| row.lease_owner).collect()
    }

    async fn attach_at(&self, instance: &str, disk: &str, on: &TestHost) {
        self.ok("AttachDisk", &[("InstanceId", instance), ("DiskId", disk)]).await;
        self.finish_with(&[on]).await;
    }

    async fn detach_at(&self, instance: &str, disk: &str, on: &TestHost) {
        self.ok("DetachDisk", &[("InstanceId", instance), ("DiskId", disk)]).await;
        self.finish_with(&[on]).await;
        assert_eq!(self.status_of(disk).await, "Available");
    }
}

#[tokio::test]
async fn first_attach_makes_the_bytes_and_binds_the_disk() {
    let server = server().await;
    let a = server.host(host("a")).await;
    let (instance, disk) = instance_and_disk(&server, &a).await;
    assert!(server.stored(&disk).unmade && server.stored(&disk).host.is_empty());
    let larger = [("DiskId", disk.as_str()), ("NewSize", "60")];
    server.ok("ResizeDisk", &larger).await;
    server.finish_all().await;
    assert_eq!(server.owners(), [""; 0], "no host has to do with it");
    let simulated = a.assembly.simulated.as_ref().unwrap();
    let refuses = r#"{"transition":"create","times":1,"behaviour":{"do":"refuse"}}"#;
    simulated.add_rule(serde_json::from_str(refuses).unwrap());
    server.attach_at(&instance, &disk, &a).await;
    assert_eq!(server.status_of(&disk).await, "Available", "it could not be made");
    assert!(server.stored(&disk).unmade);
    server.attach_at(&instance, &disk, &a).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    let (stored, system) = (server.stored(&disk), server.disks_of(&instance).await);
    assert!(!stored.unmade && stored.host == "a", "{stored:?}");
    let system = system.iter().map(|one| one["DiskId"].as_str().unwrap());
    assert!(system.clone().all(|id| !server.stored(id).unmade), "launches make theirs");
    server.detach_at(&instance, &disk, &a).await;
    server.ok("ResizeDisk", &[("DiskId", disk.as_str()), ("NewSize", "70")]).await;
    server.finish_all().await;
    assert_eq!(server.owners(), ["host/a"], "its host has to do that");
    server.finish_with(&[&a]).await;
    assert_eq!(
        (server.owners().len(), &server.describe(&disk).await["Size"]),
        (0, &serde_json::json!(70))
    );
}

#[tokio::test]
async fn bytes_are_discarded_by_their_host_alone() {
    let server = server().await;
    let (a, b) = (server.host(host("a")).await, server.host(host("b")).await);
    let instance = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[&a, &b]).await;
    let (unmade, disk) = (server.available_disk().await, server.available_disk().await);
    server.attach_at(&instance, &disk, &a).await;
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.finish_with(&[&a]).await;
    server.detach_at(&instance, &disk, &a).await;
    for id in [&disk, &unmade] {
        server.ok("DeleteDisk", &[("DiskId", id)]).await;
    }
    server.ok("DeleteSnapshot", &[("SnapshotId", &snapshot)]).await;
    assert_eq!(server.to_discard(""), (vec![unmade.as_str().into()], vec![]));
    server.assembly.life.run_maintenance().await;
    b.assembly.tasks.run_maintenance().await;
    assert_eq!(server.to_discard(""), (vec![], vec![]));
    let expected = (vec![disk.as_str().into()], vec![snapshot.as_str().into()]);
    assert_eq!(server.to_discard("a"), expected);
    a.assembly.tasks.run_maintenance().await;
    assert_eq!(server.to_discard("a"), (vec![], vec![]));
}

#[tokio::test]
async fn disk_from_a_snapshot_is_made_on_its_host() {
    let server = server().await;
    let (a, b) = (server.host(host("a")).await, server.host(host("b")).await);
    let ids = server.begin_run(&[("Amount", Some("2"))]).await;
    server.finish_with(&[&a, &b]).await;
    let disk = server.available_disk().await;
    server.attach_at(&ids[0], &disk, &a).await;
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.finish_with(&[&a]).await;
    server.detach_at(&ids[0], &disk, &a).await;
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    let copy = [
        ("RegionId", REGION),
        ("SnapshotId", snapshot.as_str()),
        ("DestinationRegionId", "cn-beijing"),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "copy"),
    ];
    let copied = server.ok("CopySnapshot", &copy).await.text_at("SnapshotId");
    assert_eq!(server.owners(), ["host/a"], "though the disk of {copied} is gone");
    let made = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("SnapshotId", snapshot.as_str()),
        ("DiskCategory", "cloud_essd"),
    ];
    let made = server.ok("CreateDisk", &made).await.text_at("DiskId");
    assert_eq!(server.status_of(&made).await, "Creating");
    server.finish_with(&[&b]).await;
    assert_eq!(server.status_of(&made).await, "Creating", "another host has not the snapshot");
    server.finish_with(&[&a, &b]).await;
    assert_eq!(server.status_of(&made).await, "Available");
    let elsewhere = [("InstanceId", ids[1].as_str()), ("DiskId", made.as_str())];
    let refused = server.call("AttachDisk", &elsewhere).await;
    assert_eq!(refused.refusal(), (403, "IncorrectDiskStatus"), "{}", refused.text);
    server.control("POST", "/hosts/a/drain", "").await;
    let with_it = [("DataDisk.1.SnapshotId", Some(snapshot.as_str()))];
    let refused = server.call("RunInstances", &launch(&with_it)).await;
    assert_eq!(refused.refusal(), (403, "OperationDenied.NoStock"), "{}", refused.text);
    assert!(refused.message().contains("host a"), "{}", refused.text);
    server.control("POST", "/hosts/a/undrain", "").await;
    for _ in 0..3 {
        server.begin_run(&with_it).await;
    }
    server.finish_with(&[&a, &b]).await;
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(hosts["hosts"][0]["instances"], 4, "{hosts}");
}

/// A host with virtual machines and these images.
fn with_images(name: &str, ids: &[&str]) -> Host {
    let image = |id: &&str| Image {
        id: (*id).to_owned(),
        own_name: Some((*id).to_owned()),
        size_gib: 1,
        ..Image::default()
    };
    let images = ids.iter().map(image).collect();
    Host { hypervisor: HostHypervisor::Qemu, images, ..host(name) }
}

#[tokio::test]
async fn instances_are_placed_where_their_image_is() {
    let server = server().await;
    let (a, b) = (with_images("a", &["m-1"]), with_images("b", &["m-1", "m-2"]));
    let (_a, b) = (server.host(a).await, server.host(b).await);
    assert!(server.assembly.life.run_task("look at the hosts").await);
    let shown = server.ok("DescribeImages", &[("RegionId", REGION)]).await.json;
    let shown = shown["Images"]["Image"].as_array().unwrap().iter();
    let mut shown: Vec<_> = shown.map(|one| one["ImageId"].as_str().unwrap().to_owned()).collect();
    shown.sort();
    assert_eq!(shown, ["m-1", "m-2"], "those of the hosts alone");
    for _ in 0..2 {
        server.begin_run(&[("ImageId", Some("m-2"))]).await;
    }
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(hosts["hosts"][1]["instances"], 2, "though it is fuller: {hosts}");
    assert_eq!(hosts["hosts"][1]["images"], serde_json::json!(["m-1", "m-2"]));
    let simulated = server.refused_host(host("c")).await;
    assert!(simulated.contains("--hypervisor qemu"), "{simulated}");
    drop(b);
    server.control("POST", "/hosts/b/drain", "").await;
    let refused = server.call("RunInstances", &launch(&[("ImageId", Some("m-2"))])).await;
    assert_eq!(refused.refusal(), (403, "OperationDenied.NoStock"), "{}", refused.text);
    assert!(refused.message().contains("m-2"), "{}", refused.text);
    server.begin_run(&[("ImageId", Some("m-1"))]).await;
}
