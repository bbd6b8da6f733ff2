//! The disks of a deleted instance, and when they are deleted or freed.

use serde_json::{Value, json};

use crate::harness::TestServer;

fn ids<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn delete_instance_deletes_or_keeps_disks_by_delete_with_instance() {
    let server = TestServer::new().await;
    let instance = server
        .run_one(&[
            ("DataDisk.1.Size", Some("20")),
            ("DataDisk.2.Size", Some("20")),
            ("DataDisk.2.DeleteWithInstance", Some("false")),
        ])
        .await;
    let late = server.disk_on(&instance).await;
    let disks = server.disks_of(&instance).await;
    let of = |at: usize| disks[at]["DiskId"].as_str().unwrap();
    server.ok("StopInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    server.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    assert_eq!(server.instance_status(&instance).await, "Stopping");
    for disk in [of(0), of(1), of(2), &late] {
        assert_eq!(server.status_of(disk).await, "In_use", "not before the machine is forgotten");
    }
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "gone");
    for (disk, expected) in
        [(of(0), "gone"), (of(1), "gone"), (of(2), "Available"), (&late, "Available")]
    {
        assert_eq!(server.status_of(disk).await, expected);
    }
    let freed = server.describe(of(2)).await;
    assert_eq!((&freed["InstanceId"], &freed["Device"]), (&"".into(), &"".into()));
    assert_eq!(server.observe(&instance).await, None);
    assert_eq!(server.differences().await, []);
}

/// The machine is on until its guest has shut down, and so long no disk of it is free: neither
/// one that was leaving already, nor one that stays behind.
#[tokio::test]
async fn delete_instance_frees_no_disk_while_the_guest_runs() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let (leaving, staying) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    for transition in ["detach", "stop"] {
        server.rule(&format!(r#"{{"transition":"{transition}","behaviour":{{"do":"hold"}}}}"#));
    }
    server.ok("DetachDisk", &ids(&instance, &leaving)).await;
    let gentle = [("InstanceId", instance.as_str()), ("Force", "true"), ("ForceStop", "false")];
    server.ok("DeleteInstance", &gentle).await;
    for _ in 0..50 {
        server.finish_all().await;
        assert!(server.is_on(&instance).await);
        assert_eq!(server.status_of(&leaving).await, "Detaching");
        assert_eq!(server.status_of(&staying).await, "In_use");
    }
    let again = (403, "IncorrectInstanceStatus");
    server.expect_code("DeleteInstance", &gentle, again).await;
    server.expect_code("StartInstance", &gentle[..1], again).await;
    server.expect_code("DetachDisk", &ids(&instance, &staying), again).await;
    let body = json!({ "instance": instance }).to_string();
    server.control("POST", "/transitions/finish", &body).await;
    server.finish_all().await;
    assert_eq!(server.observe(&instance).await, None);
    for disk in [&leaving, &staying] {
        assert_eq!(server.status_of(disk).await, "Available");
    }
    assert_eq!(server.differences().await, []);
}

/// The same through a crash in the middle.
#[tokio::test]
async fn delete_instance_completes_after_a_restart() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"stop","behaviour":{"do":"take","milliseconds":60000}}"#);
    let gentle = [("InstanceId", instance.as_str()), ("Force", "true"), ("ForceStop", "false")];
    server.ok("DeleteInstance", &gentle).await;
    server.pass(1_000).await;
    let server = server.restart().await;
    assert_eq!(server.instance_status(&instance).await, "Stopping");
    assert_eq!(server.status_of(&disk).await, "In_use");
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "gone");
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn forced_delete_instance_frees_a_disk_that_the_guest_held() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"never"}}"#);
    server.ok("DetachDisk", &ids(&instance, &disk)).await;
    server.pass(10_000).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "gone");
    assert_eq!(server.status_of(&disk).await, "Available");
    // What is left of the detach does not undo anything: the disk may be elsewhere by now.
    let other = server.run_one(&[]).await;
    server.ok("AttachDisk", &ids(&other, &disk)).await;
    for _ in 0..35 {
        server.finish_all().await;
    }
    assert_eq!(server.describe(&disk).await["InstanceId"], other.as_str());
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn delete_instance_fails_when_the_guest_does_not_shut_down() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"stop","behaviour":{"do":"never"}}"#);
    let gentle = [("InstanceId", instance.as_str()), ("Force", "true"), ("ForceStop", "false")];
    server.ok("DeleteInstance", &gentle).await;
    server.pass(300_000).await;
    assert_eq!(server.instance_status(&instance).await, "Running");
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert!(server.is_on(&instance).await);
    server.ok("DeleteInstance", &gentle[..2]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "gone");
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn former_system_disk_is_protected_while_its_instance_exists() {
    let server = TestServer::new().await;
    let instance = server.stopped_instance().await;
    let disk = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let keep = [&ids(&instance, &disk)[..], &[("DeleteWithInstance", "false")]].concat();
    server.ok("DetachDisk", &keep).await;
    server.finish_all().await;
    let protected = (403, "InvalidDiskStatus.DeleteProtection");
    server.expect_code("DeleteDisk", &[("DiskId", &disk)], protected).await;
    server.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "gone");
    let left = server.describe(&disk).await;
    assert_eq!(left["Status"], "Available");
    assert!(!left["Tags"].to_string().contains("diskDeleteProtection"), "{}", left["Tags"]);
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(server.status_of(&disk).await, "gone");
}

#[tokio::test]
async fn delete_instance_keeps_a_shared_disk_on_its_other_instance() {
    let server = TestServer::new().await;
    let kind =
        [("InstanceType", Some("ecs.g8i.large")), ("SystemDisk.Category", Some("cloud_essd"))];
    let (one, other) = (server.run_one(&kind).await, server.run_one(&kind).await);
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    for instance in [&one, &other] {
        server.ok("AttachDisk", &ids(instance, &disk)).await;
        server.finish_all().await;
    }
    for (gone, status, left) in [(&one, "In_use", 1), (&other, "Available", 0)] {
        server.ok("DeleteInstance", &[("InstanceId", gone), ("Force", "true")]).await;
        server.finish_all().await;
        let shown = server.describe(&disk).await;
        assert_eq!(shown["Status"], status);
        let attachments = shown["Attachments"]["Attachment"].as_array();
        assert_eq!(attachments.map_or(0, Vec::len), left);
    }
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn delete_instance_leaves_no_rows_in_the_store() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[("UserData", Some("QUFB"))]).await;
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    let tx: Value = serde_json::from_str(&server.export_json()).unwrap();
    for table in ["instances", "disks", "user_data"] {
        assert_eq!(tx[table], json!([]), "{table}");
    }
}

#[tokio::test]
async fn system_disk_detaching_from_a_released_instance_becomes_a_data_disk() {
    let server = TestServer::new().await;
    let instance = server.stopped_instance().await;
    let disk = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    server.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    server.ok("DetachDisk", &ids(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    let left = server.describe(&disk).await;
    assert_eq!((&left["Status"], &left["Type"]), (&"Available".into(), &"data".into()));
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(server.differences().await, []);
}

/// In any order, a disk that is Available is on no machine.
#[tokio::test]
async fn concurrent_delete_attach_and_detach_end_consistently() {
    let server = TestServer::new().await;
    for _ in 0..8 {
        let instance = server.run_one(&[]).await;
        let (on, free) = (server.disk_on(&instance).await, server.available_disk().await);
        let release = [("InstanceId", instance.as_str()), ("Force", "true")];
        let (leave, come) = (ids(&instance, &on), ids(&instance, &free));
        tokio::join!(
            server.call("DetachDisk", &leave),
            server.call("AttachDisk", &come),
            server.call("DeleteInstance", &release),
        );
        server.finish_all().await;
        server.call("DeleteInstance", &release).await;
        server.finish_all().await;
        assert_eq!(server.instance_status(&instance).await, "gone");
        for disk in [&on, &free] {
            assert_eq!(server.status_of(disk).await, "Available");
        }
        assert_eq!(server.differences().await, []);
    }
}

/// A machine whose process is gone is off already.
#[tokio::test]
async fn delete_instance_releases_a_crashed_machine() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let disk = server.disk_on(&instance).await;
    server.control("POST", &format!("/instances/{instance}/kill"), "").await;
    server.call("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    server.call("DeleteInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "gone");
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}
