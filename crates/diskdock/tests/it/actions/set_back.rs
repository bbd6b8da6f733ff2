//! ReInitDisk and ResetDisk: a disk gets another content while no guest runs with it.

use domain::{Activity, Category, InstanceStatus, LockReason};

use crate::harness::{BEGINNING, Refused, TestServer, ZONE};

/// A Stopped instance and the id of its system disk.
async fn stopped(server: &TestServer) -> (String, String) {
    let instance = server.stopped_instance().await;
    let disk = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    (instance, disk)
}

/// A data disk on an instance that is Stopped, and a snapshot of it.
async fn disk_with_snapshot(server: &TestServer) -> (String, String, String) {
    let instance = server.stopped_instance().await;
    let disk = server.disk_on(&instance).await;
    let snapshot = server.snapshot_of(&disk).await;
    (instance, disk, snapshot)
}

fn to<'a>(disk: &'a str, snapshot: &'a str) -> [(&'a str, &'a str); 2] {
    [("DiskId", disk), ("SnapshotId", snapshot)]
}

#[tokio::test]
async fn reinit_disk_is_reiniting_and_then_in_use_again() {
    let server = TestServer::new().await;
    let (instance, disk) = stopped(&server).await;
    let before = server.describe(&disk).await;
    server.ok("ReInitDisk", &[("DiskId", &disk)]).await;
    assert_eq!(server.status_of(&disk).await, "ReIniting");
    let start = [("InstanceId", instance.as_str())];
    server.expect_code("StartInstance", &start, (403, "DiskError")).await;
    let detach = [("InstanceId", instance.as_str()), ("DiskId", &disk)];
    server.expect_code("DetachDisk", &detach, (403, "IncorrectDiskStatus")).await;
    let again = [("DiskId", disk.as_str())];
    server.expect_code("ReInitDisk", &again, (403, "IncorrectDiskStatus")).await;
    let filter = [("RegionId", "cn-hangzhou"), ("Status", "ReIniting")];
    let listed = server.list("DescribeDisks", &filter, ("Disks", "Disk", "DiskId")).await;
    assert_eq!(listed, [disk.as_str()]);
    server.finish_all().await;
    assert_eq!(server.describe(&disk).await, before, "all but its content is as it was");
    assert_eq!(server.instance_status(&instance).await, "Stopped");
    server.ok("StartInstance", &start).await;
    server.finish_all().await;
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn reinit_disk_starts_the_instance_afterwards_on_request() {
    let server = TestServer::new().await;
    let (instance, disk) = stopped(&server).await;
    server.rule(r#"{"transition":"reinit","behaviour":{"do":"hold"}}"#);
    let ask = [("DiskId", disk.as_str()), ("AutoStartInstance", "true"), ("KeyPairName", "key-1")];
    server.expect_code("ReInitDisk", &ask, (400, "InvalidKeyPairName.NotFound")).await;
    server.key_pair("key-1").await;
    server.ok("ReInitDisk", &ask).await;
    server.drain().await;
    assert_eq!(server.instance_status(&instance).await, "Starting");
    assert_eq!(server.status_of(&disk).await, "ReIniting");
    assert!(!server.is_on(&instance).await, "it boots when its disk is ready");
    server.control("POST", "/transitions/finish", &format!("{{\"disk\":\"{disk}\"}}")).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "Running");
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(server.show(&instance).await["KeyPairName"], "key-1");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn reinit_disk_that_fails_leaves_the_disk_in_use_and_the_instance_stopped() {
    let server = TestServer::new().await;
    let (instance, disk) = stopped(&server).await;
    for behaviour in ["refuse", "never"] {
        let rule =
            format!(r#"{{"transition":"reinit","times":1,"behaviour":{{"do":"{behaviour}"}}}}"#);
        server.rule(&rule);
        let ask = [("DiskId", disk.as_str()), ("AutoStartInstance", "true")];
        server.ok("ReInitDisk", &ask).await;
        server.pass(400_000).await;
        assert_eq!(server.status_of(&disk).await, "In_use", "{behaviour}");
        assert_eq!(server.instance_status(&instance).await, "Stopped", "{behaviour}");
    }
    server.ok("ReInitDisk", &[("DiskId", &disk)]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "In_use", "it can be tried again");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn reinit_disk_completes_after_a_restart() {
    let server = TestServer::new().await;
    let (instance, disk) = stopped(&server).await;
    server.rule(r#"{"transition":"reinit","behaviour":{"do":"hold"}}"#);
    server.ok("ReInitDisk", &[("DiskId", &disk)]).await;
    server.drain().await;
    let server = server.restart().await;
    assert_eq!(server.status_of(&disk).await, "ReIniting");
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(server.instance_status(&instance).await, "Stopped");
}

#[tokio::test]
async fn reinit_disk_ends_when_the_disk_goes_with_its_instance() {
    let server = TestServer::new().await;
    let (instance, disk) = stopped(&server).await;
    server.rule(r#"{"transition":"reinit","behaviour":{"do":"take","milliseconds":20000}}"#);
    server.ok("ReInitDisk", &[("DiskId", &disk)]).await;
    server.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    server.pass(30_000).await;
    assert_eq!(server.status_of(&disk).await, "gone");
    assert_eq!(server.assembly.gateway.services.runner.in_flight(), 0);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn reinit_disk_refuses_malformed_parameters() {
    let server = TestServer::new().await;
    let (_, disk) = stopped(&server).await;
    let id = ("DiskId", disk.as_str());
    let rows: [Refused<'_>; 4] = [
        (&[], 400, "MissingParameter"),
        (&[("DiskId", "d-none")], 404, "InvalidDiskId.NotFound"),
        (&[id, ("Password", "short")], 400, "InvalidPassword.Malformed"),
        (&[id, ("AutoStartInstance", "maybe")], 400, "InvalidParameter"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("ReInitDisk", ask, (status, code)).await;
    }
}

/// Everything that can be wrong is made wrong one after the other, the last check first: each time
/// the newest wrong is the answer.
#[tokio::test]
async fn reinit_disk_answers_the_first_failed_precondition() {
    let server = TestServer::new().await;
    let (instance, disk) = stopped(&server).await;
    server.key_pair("key-1").await;
    let expect_refusal = async |status: u16, code: &str| {
        let ask =
            [("DiskId", disk.as_str()), ("AutoStartInstance", "true"), ("KeyPairName", "key-1")];
        server.expect_code("ReInitDisk", &ask, (status, code)).await;
    };
    server.change_instance(&instance, |i| i.system_disk = None).await;
    expect_refusal(403, "IncorrectInstanceStatus").await;
    let windows = "win2025_24H2_x64_dtc_zh-cn_40G_alibase_20260211.vhd";
    server.change_instance(&instance, move |i| windows.clone_into(&mut i.image)).await;
    expect_refusal(403, "DependencyViolation.WindowsInstance").await;
    server.change_disk(&disk, |d| "gone.vhd".clone_into(&mut d.image)).await;
    expect_refusal(404, "InvalidDiskId.OperationNotSupported").await;
    server.change_disk(&disk, |d| "s-gone".clone_into(&mut d.source_snapshot)).await;
    expect_refusal(403, "InvalidSourceSnapshot").await;
    server.change_instance(&instance, |i| i.started_at = None).await;
    expect_refusal(403, "IncorrectInstanceStatus").await;
    server.put_in(&instance, InstanceStatus::Running).await;
    expect_refusal(403, "IncorrectInstanceStatus").await;
    server.change_instance(&instance, |i| i.expires_at = Some(BEGINNING)).await;
    expect_refusal(403, "InstanceExpiredOrInArrears").await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Security]).await;
    expect_refusal(403, "InstanceLockedForSecurity").await;
    server.change_instance(&instance, |i| i.locks = Vec::new()).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.drain().await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Modifying)).await;
    expect_refusal(403, "DiskCreatingSnapshot").await;
    server.change_snapshot(&snapshot, |one| one.instant_access = true).await;
    expect_refusal(400, "DiskHasSnapshotsWithInstantAccessEnabled.OperationNotSupported").await;
    server.change_disk(&disk, |d| d.category = Category::ElasticEphemeralDiskStandard).await;
    expect_refusal(400, "DiskCategory.OperationNotSupported").await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    expect_refusal(403, "InvalidOperation.MultiAttachDisk").await;
}

#[tokio::test]
async fn reinit_disk_refuses_a_disk_that_is_available_or_changing() {
    let server = TestServer::new().await;
    let free = server.available_disk().await;
    let status = (403, "IncorrectDiskStatus");
    server.expect_code("ReInitDisk", &[("DiskId", &free)], status).await;
    let (_, disk) = stopped(&server).await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Modifying)).await;
    server.expect_code("ReInitDisk", &[("DiskId", &disk)], status).await;
}

#[tokio::test]
async fn reset_disk_is_reiniting_and_then_what_it_was() {
    let server = TestServer::new().await;
    let (instance, disk, snapshot) = disk_with_snapshot(&server).await;
    let dry = [&to(&disk, &snapshot)[..], &[("DryRun", "true")]].concat();
    server.expect_code("ResetDisk", &dry, (400, "DryRunOperation")).await;
    server.ok("ResetDisk", &to(&disk, &snapshot)).await;
    assert_eq!(server.status_of(&disk).await, "ReIniting");
    let conflict = (403, "InvalidOperation.DiskResetInProgress");
    server.expect_code("ResetDisk", &to(&disk, &snapshot), conflict).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.finish_all().await;
    server.ok("ResetDisk", &to(&disk, &snapshot)).await;
    let attach = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.expect_code("AttachDisk", &attach, (403, "IncorrectDiskStatus")).await;
    let delete = [("DiskId", disk.as_str())];
    server.expect_code("DeleteDisk", &delete, (403, "IncorrectDiskStatus")).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn reset_disk_answers_the_first_failed_precondition() {
    let server = TestServer::new().await;
    let (instance, disk, snapshot) = disk_with_snapshot(&server).await;
    let expect_refusal = async |status: u16, code: &str| {
        server.expect_code("ResetDisk", &to(&disk, &snapshot), (status, code)).await;
    };
    server.put_in(&instance, InstanceStatus::Running).await;
    expect_refusal(403, "IncorrectInstanceStatus").await;
    server.change_instance(&instance, |i| i.expires_at = Some(BEGINNING)).await;
    expect_refusal(403, "InstanceExpiredOrInArrears").await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Security]).await;
    expect_refusal(403, "InstanceLockedForSecurity").await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Resizing { from_gib: 10 })).await;
    expect_refusal(403, "Operation.Conflict").await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Creating)).await;
    expect_refusal(403, "IncorrectDiskStatus").await;
    server.change_disk(&disk, |d| d.activity = None).await;
    server.change_instance(&instance, |i| i.locks = Vec::new()).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    server.ok("CreateSnapshot", &[("DiskId", &disk)]).await;
    expect_refusal(403, "IncorrectDiskStatus.HasUnfinishedSnapshot").await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::ReIniting)).await;
    expect_refusal(403, "InvalidOperation.DiskResetInProgress").await;
    server.change_snapshot(&snapshot, |one| one.status = domain::SnapshotStatus::Failed).await;
    expect_refusal(403, "InvalidSnapshotId.NotReady").await;
    server.change_snapshot(&snapshot, |one| one.encrypted = true).await;
    expect_refusal(403, "InvalidParameter.Mismatch").await;
    server.change_snapshot(&snapshot, |one| one.disk = "d-other".into()).await;
    expect_refusal(403, "InvalidParameter.Mismatch").await;
    server.change_disk(&disk, |d| d.category = Category::ElasticEphemeralDiskStandard).await;
    expect_refusal(400, "DiskCategory.OperationNotSupported").await;
    let unknown = to(&disk, "s-none");
    server.expect_code("ResetDisk", &unknown, (404, "InvalidSnapshotId.NotFound")).await;
    let unknown = to("d-none", &snapshot);
    server.expect_code("ResetDisk", &unknown, (404, "InvalidDiskId.NotFound")).await;
    let zone = ("ZoneId", ZONE);
    server.expect_code("ResetDisk", &[zone], (400, "MissingParameter")).await;
}
