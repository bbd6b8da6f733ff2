//! Requests for what the storage of disks cannot do are refused before anything is made.

use diskdock::catalog::{Environment, StorageAbilities};

use crate::harness::{REGION, TestServer, ZONE, launch};

/// From now on disks are in Ceph RBD, as far as actions can tell.
fn move_to_rbd(server: &TestServer) {
    let environments = &server.assembly.gateway.services.environment;
    let current = Environment::clone(&environments.current());
    environments.replace(Environment { storage: StorageAbilities::RBD, ..current });
}

fn disk_with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut ask = vec![("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20")];
    ask.extend([("DiskCategory", "cloud_essd"), (name, value)]);
    ask
}

#[tokio::test]
async fn create_disk_refuses_what_the_storage_cannot_do() {
    let server = TestServer::new().await;
    let (encrypted, shared) = (disk_with("Encrypted", "true"), disk_with("MultiAttach", "Enabled"));
    server.ok("CreateDisk", &encrypted).await;
    server.ok("CreateDisk", &shared).await;
    move_to_rbd(&server);
    let refused = (403, "InvalidParameter.EncryptedNotSupported");
    server.expect_code("CreateDisk", &encrypted, refused).await;
    server.expect_code("CreateDisk", &shared, (403, "InvalidParameter.MultiAttach")).await;
    server.ok("CreateDisk", &disk_with("Encrypted", "false")).await;
}

#[tokio::test]
async fn launches_refuse_encrypted_disks_where_the_storage_has_none() {
    let server = TestServer::new().await;
    move_to_rbd(&server);
    let refused = (403, "InvalidParameter.EncryptedNotSupported");
    let disk = [("DataDisk.1.Size", Some("20")), ("DataDisk.1.Category", Some("cloud_essd"))];
    let encrypted = [&disk[..], &[("DataDisk.1.Encrypted", Some("true"))]].concat();
    for action in ["RunInstances", "CreateInstance"] {
        server.expect_code(action, &launch(&encrypted), refused).await;
        server.ok(action, &launch(&disk)).await;
    }
}

#[tokio::test]
async fn copy_snapshot_refuses_encryption_where_the_storage_has_none() {
    let server = TestServer::new().await;
    let disk = server.disk_on(&server.run_one(&[]).await).await;
    let snapshot = server.snapshot_of(&disk).await;
    move_to_rbd(&server);
    let mut ask =
        vec![("RegionId", REGION), ("SnapshotId", snapshot.as_str()), ("Encrypted", "true")];
    ask.extend([
        ("DestinationRegionId", "cn-beijing"),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "copy"),
    ]);
    let refused = (403, "InvalidParameter.EncryptedNotSupported");
    server.expect_code("CopySnapshot", &ask, refused).await;
}

#[tokio::test]
async fn create_snapshot_group_refuses_running_instances_where_snapshots_follow_each_other() {
    let server = TestServer::new().await;
    let (running, stopped) = (server.run_one(&[]).await, server.stopped_instance().await);
    let disks = [server.disk_on(&running).await, server.disk_on(&stopped).await];
    move_to_rbd(&server);
    let of_running = [("RegionId", REGION), ("DiskId.1", disks[0].as_str())];
    let refused = (400, "IncorrectInstanceStatus");
    server.expect_code("CreateSnapshotGroup", &of_running, refused).await;
    let of_stopped = [("RegionId", REGION), ("DiskId.1", disks[1].as_str())];
    server.ok("CreateSnapshotGroup", &of_stopped).await;
}
