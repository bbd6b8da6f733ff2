//! Disks that are made from snapshots.

use serde_json::json;

use super::REGION_PAIR;
use crate::harness::{TestServer, ZONE};

const BASE: [(&str, &str); 2] = [REGION_PAIR, ("ZoneId", ZONE)];

async fn snapshot(server: &TestServer) -> (String, String) {
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let id = server.snapshot_of(&disk).await;
    (disk, id)
}

/// As Velero does it: no Size, and a level that the category does not have.
#[tokio::test]
async fn create_disk_from_a_snapshot_has_its_size_without_one() {
    let server = TestServer::new().await;
    let (_, id) = snapshot(&server).await;
    let from = ("SnapshotId", id.as_str());
    let category = ("DiskCategory", "cloud_efficiency");
    let ask = [&BASE[..], &[from, category, ("PerformanceLevel", "PL0")]].concat();
    let disk = server.ok("CreateDisk", &ask).await.text_at("DiskId");
    let reply = server.describe(&disk).await;
    for (name, expected) in [
        ("Size", json!(20)),
        ("SourceSnapshotId", json!(id)),
        ("Category", json!("cloud_efficiency")),
        ("PerformanceLevel", json!("")),
    ] {
        assert_eq!(reply[name], expected, "{name}");
    }
    let ask = [&BASE[..], &[from, ("DiskCategory", "cloud_essd"), ("Size", "30")]].concat();
    let larger = server.ok("CreateDisk", &ask).await.text_at("DiskId");
    assert_eq!(server.describe(&larger).await["Size"], 30);
    let made = [REGION_PAIR, from];
    let ids = server.list("DescribeDisks", &made, ("Disks", "Disk", "DiskId")).await;
    assert_eq!(ids, [larger, disk], "DescribeDisks finds them by it");
    assert_eq!(server.snapshot(&id).await["Usage"], "disk");
    let used = [REGION_PAIR, ("Usage", "disk")];
    let ids = server.list("DescribeSnapshots", &used, ("Snapshots", "Snapshot", "SnapshotId"));
    assert_eq!(ids.await, [id]);
}

/// As the CSI driver does it: with Force, whatever was made from it.
#[tokio::test]
async fn delete_snapshot_in_use_wants_force_and_leaves_the_disks() {
    let server = TestServer::new().await;
    let (_, id) = snapshot(&server).await;
    let from = [&BASE[..], &[("SnapshotId", id.as_str()), ("DiskCategory", "cloud_essd")]].concat();
    server.control("POST", "/rules", r#"{"transition":"create","behaviour":{"do":"hold"}}"#).await;
    let disk = server.ok("CreateDisk", &from).await.text_at("DiskId");
    server.drain().await;
    assert_eq!(server.status_of(&disk).await, "Creating");
    let forced = [("SnapshotId", id.as_str()), ("Force", "true")];
    server.expect_code("DeleteSnapshot", &forced, (403, "Operation.Conflict")).await;
    server.control("POST", "/transitions/finish", &json!({ "disk": disk }).to_string()).await;
    server.finish_all().await;
    let plain = [("SnapshotId", id.as_str())];
    server.expect_code("DeleteSnapshot", &plain, (403, "SnapshotCreatedDisk")).await;
    server.ok("DeleteSnapshot", &forced).await;
    assert_eq!(server.describe(&disk).await["SourceSnapshotId"], id.as_str());
    let made = [REGION_PAIR, ("SnapshotId", id.as_str())];
    let ids = server.list("DescribeDisks", &made, ("Disks", "Disk", "DiskId")).await;
    assert_eq!(ids, [disk], "it is found by a snapshot that is gone");
}

#[tokio::test]
async fn create_disk_refuses_a_snapshot_that_does_not_fit() {
    let server = TestServer::new().await;
    let (source, id) = snapshot(&server).await;
    let from = ("SnapshotId", id.as_str());
    let with = |more: &[(&'static str, &'static str)]| [&BASE[..], &[from], more].concat();
    let message = "Specified disk size is less than the size of snapshot.";
    let smaller = with(&[("DiskCategory", "cloud_auto"), ("Size", "19")]);
    server.expect_refusal("CreateDisk", &smaller, (403, "InvalidDiskSize.TooSmall", message)).await;
    let ephemeral = with(&[("DiskCategory", "elastic_ephemeral_disk_standard"), ("Size", "64")]);
    let refused = (403, "InvalidOperation.CreateFromSnapshotUnsupported");
    server.expect_code("CreateDisk", &ephemeral, refused).await;
    server.change_snapshot(&id, |snapshot| snapshot.encrypted = true).await;
    let plain = with(&[("DiskCategory", "cloud_essd"), ("Encrypted", "false")]);
    let refused = (403, "InvalidEncrypted.NotMatchSnapshot");
    server.expect_code("CreateDisk", &plain, refused).await;
    let encrypted = with(&[("DiskCategory", "cloud_essd")]);
    let disk = server.ok("CreateDisk", &encrypted).await.text_at("DiskId");
    let reply = server.describe(&disk).await;
    assert_eq!(reply["Encrypted"], true);
    assert_ne!(reply["KMSKeyId"], "");
    server.change_snapshot(&id, |snapshot| snapshot.kms_key_id = "key-1".to_owned()).await;
    let disk = server.ok("CreateDisk", &encrypted).await.text_at("DiskId");
    assert_eq!(server.describe(&disk).await["KMSKeyId"], "key-1");
    server.change_snapshot(&id, |snapshot| snapshot.region = "cn-beijing".to_owned()).await;
    server.expect_code("CreateDisk", &encrypted, (404, "InvalidSnapshotId.NotFound")).await;
    let fresh = server.ok("CreateSnapshot", &[("DiskId", &source)]).await.text_at("SnapshotId");
    let ask = [&BASE[..], &[("SnapshotId", fresh.as_str())]].concat();
    server.expect_code("CreateDisk", &ask, (403, "InvalidSnapshotId.NotReady")).await;
}

#[tokio::test]
async fn launches_make_data_disks_from_snapshots() {
    let server = TestServer::new().await;
    let (source, id) = snapshot(&server).await;
    let from = ("DataDisk.1.SnapshotId", Some(id.as_str()));
    let instance = server.run_one(&[from, ("DataDisk.1.Size", Some("5"))]).await;
    let disk = server.disks_of(&instance).await[1].clone();
    assert_eq!((&disk["Size"], &disk["SourceSnapshotId"]), (&20.into(), &id.clone().into()));
    server.change_snapshot(&id, |snapshot| snapshot.encrypted = true).await;
    let plain = [from, ("DataDisk.1.Encrypted", Some("false"))];
    for action in ["RunInstances", "CreateInstance"] {
        let refused = (403, "InvalidEncrypted.NotMatchSnapshot");
        server.expect_code(action, &crate::harness::launch(&plain), refused).await;
    }
    let instance = server.run_one(&[from]).await;
    assert_eq!(server.disks_of(&instance).await[1]["Encrypted"], true);
    let fresh = server.ok("CreateSnapshot", &[("DiskId", &source)]).await.text_at("SnapshotId");
    let from = [("DataDisk.1.SnapshotId", Some(fresh.as_str()))];
    for action in ["RunInstances", "CreateInstance"] {
        let refused = (403, "InvalidSnapshotId.NotReady");
        server.expect_code(action, &crate::harness::launch(&from), refused).await;
    }
}
