//! Disks that name keys of KMS: usable while their key is Enabled, and never again once it is gone.

use diskdock::catalog::Environment;

use crate::harness::{IMAGE, REGION, Refused, TestServer, ZONE, launch};

const ELSEWHERE: &str = "cn-beijing";
const DAY_MS: i64 = 24 * 3_600_000;

async fn key_in(server: &TestServer, region: &str) -> String {
    let made = server.ok("Kms.CreateKey", &[("RegionId", region)]).await;
    made.json["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

async fn schedule_deletion(server: &TestServer, key: &str) {
    let ask = [("KeyId", key), ("PendingWindowInDays", "7")];
    server.ok("Kms.ScheduleKeyDeletion", &ask).await;
}

fn disk_with(key: &str) -> Vec<(&str, &str)> {
    vec![
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
        ("Encrypted", "true"),
        ("KMSKeyId", key),
    ]
}

/// A disk with the key, two more on a Stopped and a Running instance, and a snapshot of the former.
struct World {
    key: String,
    key_elsewhere: String,
    disk: String,
    other: String,
    stopped: String,
    running: String,
    third: String,
    snapshot: String,
}

impl World {
    async fn of(server: &TestServer) -> World {
        let (key, key_elsewhere) = (key_in(server, REGION).await, key_in(server, ELSEWHERE).await);
        let (stopped, running) = (server.stopped_instance().await, server.run_one(&[]).await);
        let mut disks = Vec::new();
        for _ in 0..3 {
            disks.push(server.ok("CreateDisk", &disk_with(&key)).await.text_at("DiskId"));
        }
        let (disk, other, third) = (disks.remove(0), disks.remove(0), disks.remove(0));
        for (instance, disk) in [(&stopped, &other), (&running, &third)] {
            server.ok("AttachDisk", &[("InstanceId", instance), ("DiskId", disk)]).await;
        }
        server.finish_all().await;
        let snapshot = server.snapshot_of(&other).await;
        World { key, key_elsewhere, disk, other, stopped, running, third, snapshot }
    }

    /// Every change of a disk that names the key, and a reboot with one, is refused so.
    async fn refuses_changes(&self, server: &TestServer, codes: [(u16, &str); 4]) {
        let [held, attach, snapshot, spec] = codes;
        let disk = ("DiskId", self.other.as_str());
        let (of, region) = (("InstanceId", self.running.as_str()), ("RegionId", REGION));
        let rows: [(&str, Refused<'_>); 10] = [
            ("RebootInstance", (&[of], held.0, held.1)),
            ("RebootInstances", (&[region, ("InstanceId.1", of.1)], held.0, held.1)),
            ("ResetDisk", (&[disk, ("SnapshotId", &self.snapshot)], held.0, held.1)),
            ("ReInitDisk", (&[disk], held.0, held.1)),
            ("ResizeDisk", (&[disk, ("NewSize", "40")], held.0, held.1)),
            ("CreateImage", (&[region, ("InstanceId", &self.stopped)], held.0, held.1)),
            ("CreateImage", (&[region, of], held.0, held.1)),
            ("CreateSnapshot", (&[disk], snapshot.0, snapshot.1)),
            ("CreateSnapshotGroup", (&[region, ("DiskId.1", disk.1)], attach.0, attach.1)),
            ("ModifyDiskSpec", (&[disk, ("PerformanceLevel", "PL0")], spec.0, spec.1)),
        ];
        for (action, (ask, status, code)) in rows {
            server.expect_code(action, ask, (status, code)).await;
        }
    }

    /// Every action that makes or takes something with the keys is refused so.
    async fn refuses(&self, server: &TestServer, codes: [(u16, &str); 4]) {
        let [new, attach, start, copy] = codes;
        let encrypted = [
            ("DataDisk.1.Size", Some("20")),
            ("DataDisk.1.Encrypted", Some("true")),
            ("DataDisk.1.KMSKeyId", Some(self.key.as_str())),
        ];
        let launched = launch(&encrypted);
        let from_snapshot = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("DiskCategory", "cloud_essd"),
            ("SnapshotId", &self.snapshot),
        ];
        let instance = ("InstanceId", self.stopped.as_str());
        let replace =
            [instance, ("ImageId", IMAGE), ("Encrypted", "true"), ("KMSKeyId", &self.key)];
        let copied = [
            ("RegionId", REGION),
            ("SnapshotId", &self.snapshot),
            ("DestinationRegionId", ELSEWHERE),
            ("DestinationSnapshotName", "copy"),
            ("DestinationSnapshotDescription", "of the other"),
            ("Encrypted", "true"),
            ("KMSKeyId", &self.key_elsewhere),
        ];
        let many = [("RegionId", REGION), ("InstanceId.1", self.stopped.as_str())];
        let rows: [(&str, Refused<'_>); 9] = [
            ("CreateDisk", (&disk_with(&self.key), new.0, new.1)),
            ("CreateDisk", (&from_snapshot, new.0, new.1)),
            ("RunInstances", (&launched, new.0, new.1)),
            ("CreateInstance", (&launched, new.0, new.1)),
            ("AttachDisk", (&[instance, ("DiskId", &self.disk)], attach.0, attach.1)),
            ("StartInstance", (&[instance], start.0, start.1)),
            ("StartInstances", (&many, start.0, start.1)),
            ("ReplaceSystemDisk", (&replace, start.0, start.1)),
            ("CopySnapshot", (&copied, copy.0, copy.1)),
        ];
        for (action, (ask, status, code)) in rows {
            server.expect_code(action, ask, (status, code)).await;
        }
    }
}

#[tokio::test]
async fn disks_are_used_while_their_key_is_enabled() {
    const DISABLED: (u16, &str) = (403, "InvalidParameter.KMSKeyId.CMKNotEnabled");
    const GONE: &str = "InvalidParameter.KMSKeyId.NotFound";
    let server = TestServer::new().await;
    let world = World::of(&server).await;
    let start = [("InstanceId", world.stopped.as_str())];
    server.ok("StartInstance", &start).await;
    server.finish_all().await;
    server.ok("StopInstance", &start).await;
    server.finish_all().await;
    for key in [&world.key, &world.key_elsewhere] {
        schedule_deletion(&server, key).await;
    }
    world.refuses(&server, [DISABLED; 4]).await;
    const SPEC: (u16, &str) = (403, "InvalidOperation.CMKNotEnabled");
    world.refuses_changes(&server, [DISABLED, DISABLED, DISABLED, SPEC]).await;
    server.pass(8 * DAY_MS).await;
    server.assembly.life.run_maintenance().await;
    let gone = [(404, GONE), (404, "InvalidKMSKeyId.NotFound"), (403, GONE), (403, GONE)];
    // The key elsewhere is named by nothing, so it is forgotten; this one is in another region.
    let world = World { key_elsewhere: world.key.clone(), ..world };
    world.refuses(&server, gone).await;
    world.refuses_changes(&server, [gone[0], gone[1], (400, GONE), SPEC]).await;
    server.ok("StopInstance", &[("InstanceId", &world.running)]).await;
    server.finish_all().await;
    server.ok("DeleteInstance", &[("InstanceId", &world.running)]).await;
    // A disk can be detached and deleted all the same; then nothing names its key any more.
    server.ok("DetachDisk", &[("InstanceId", &world.stopped), ("DiskId", &world.other)]).await;
    server.finish_all().await;
    server.ok("DeleteSnapshot", &[("SnapshotId", &world.snapshot)]).await;
    for disk in [&world.disk, &world.other, &world.third] {
        server.ok("DeleteDisk", &[("DiskId", disk)]).await;
    }
    server.finish_all().await;
    server.pass(DAY_MS).await;
    server.assembly.life.run_maintenance().await;
    assert!(!server.export_json().contains(&world.key));
}

#[tokio::test]
async fn create_disk_wants_a_key_of_its_region_if_kms_knows_it() {
    let server = TestServer::new().await;
    let elsewhere = key_in(&server, ELSEWHERE).await;
    let refused = (404, "InvalidParameter.KMSKeyId.NotFound");
    server.expect_code("CreateDisk", &disk_with(&elsewhere), refused).await;
    let unknown = "0e478b7a-4262-4802-b8cb-00d3fb408262";
    let disk = server.ok("CreateDisk", &disk_with(unknown)).await.text_at("DiskId");
    assert_eq!(server.describe(&disk).await["KMSKeyId"], unknown);
}

#[tokio::test]
async fn create_disk_refuses_encryption_of_a_multi_attach_disk_of_real_machines() {
    let server = TestServer::new().await;
    let ask = [&disk_with("key-1")[..], &[("MultiAttach", "Enabled")]].concat();
    server.ok("CreateDisk", &ask).await;
    let environments = &server.assembly.gateway.services.environment;
    let current = Environment::clone(&environments.current());
    environments.replace(Environment { is_simulated: false, ..current });
    let refused = (403, "InvalidParameter.EncryptedNotSupported");
    server.expect_code("CreateDisk", &ask, refused).await;
    server.ok("CreateDisk", &disk_with("key-1")).await;
}
