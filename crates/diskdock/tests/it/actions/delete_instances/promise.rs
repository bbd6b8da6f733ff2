//! The disks of a deleted instance, and when they are deleted or freed.

use serde_json::{Value, json};

use crate::harness::TestServer;

fn ids<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn delete_instance_deletes_or_keeps_disks_by_delete_with_instance() {
    let world = TestServer::new().await;
    let instance = world
        .run_one(&[
            ("DataDisk.1.Size", Some("20")),
            ("DataDisk.2.Size", Some("20")),
            ("DataDisk.2.DeleteWithInstance", Some("false")),
        ])
        .await;
    let late = world.disk_on(&instance).await;
    let disks = world.disks_of(&instance).await;
    let of = |at: usize| disks[at]["DiskId"].as_str().unwrap();
    world.ok("StopInstance", &[("InstanceId", &instance)]).await;
    world.finish_all().await;
    world.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    assert_eq!(world.instance_status(&instance).await, "Stopping");
    for disk in [of(0), of(1), of(2), &late] {
        assert_eq!(world.status_of(disk).await, "In_use", "not before the machine is forgotten");
    }
    world.finish_all().await;
    assert_eq!(world.instance_status(&instance).await, "gone");
    for (disk, expected) in
        [(of(0), "gone"), (of(1), "gone"), (of(2), "Available"), (&late, "Available")]
    {
        assert_eq!(world.status_of(disk).await, expected);
    }
    let freed = world.describe(of(2)).await;
    assert_eq!((&freed["InstanceId"], &freed["Device"]), (&"".into(), &"".into()));
    assert_eq!(world.observe(&instance).await, None);
    assert_eq!(world.differences().await, []);
}

/// The machine is on until its guest has shut down, and so long no disk of it is free: neither
/// one that was leaving already, nor one that stays behind.
#[tokio::test]
async fn delete_instance_frees_no_disk_while_the_guest_runs() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[]).await;
    let (leaving, staying) = (world.disk_on(&instance).await, world.disk_on(&instance).await);
    for transition in ["detach", "stop"] {
        world.rule(&format!(r#"{{"transition":"{transition}","behaviour":{{"do":"hold"}}}}"#));
    }
    world.ok("DetachDisk", &ids(&instance, &leaving)).await;
    let gentle = [("InstanceId", instance.as_str()), ("Force", "true"), ("ForceStop", "false")];
    world.ok("DeleteInstance", &gentle).await;
    for _ in 0..50 {
        world.finish_all().await;
        assert!(world.is_on(&instance).await);
        assert_eq!(world.status_of(&leaving).await, "Detaching");
        assert_eq!(world.status_of(&staying).await, "In_use");
    }
    let again = (403, "IncorrectInstanceStatus");
    world.turns_down("DeleteInstance", &gentle, again).await;
    world.turns_down("StartInstance", &gentle[..1], again).await;
    world.turns_down("DetachDisk", &ids(&instance, &staying), again).await;
    let body = json!({ "instance": instance }).to_string();
    world.control("POST", "/transitions/finish", &body).await;
    world.finish_all().await;
    assert_eq!(world.observe(&instance).await, None);
    for disk in [&leaving, &staying] {
        assert_eq!(world.status_of(disk).await, "Available");
    }
    assert_eq!(world.differences().await, []);
}

/// The same through a crash in the middle.
#[tokio::test]
async fn delete_instance_completes_after_a_restart() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[]).await;
    let disk = world.disk_on(&instance).await;
    world.rule(r#"{"transition":"stop","behaviour":{"do":"take","milliseconds":60000}}"#);
    let gentle = [("InstanceId", instance.as_str()), ("Force", "true"), ("ForceStop", "false")];
    world.ok("DeleteInstance", &gentle).await;
    world.pass(1_000).await;
    let world = world.restart().await;
    assert_eq!(world.instance_status(&instance).await, "Stopping");
    assert_eq!(world.status_of(&disk).await, "In_use");
    world.finish_all().await;
    assert_eq!(world.instance_status(&instance).await, "gone");
    assert_eq!(world.status_of(&disk).await, "Available");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn forced_delete_instance_frees_a_disk_that_the_guest_held() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[]).await;
    let disk = world.disk_on(&instance).await;
    world.rule(r#"{"transition":"detach","behaviour":{"do":"never"}}"#);
    world.ok("DetachDisk", &ids(&instance, &disk)).await;
    world.pass(10_000).await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    world.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&instance).await, "gone");
    assert_eq!(world.status_of(&disk).await, "Available");
    // What is left of the detach does not undo anything: the disk may be elsewhere by now.
    let other = world.run_one(&[]).await;
    world.ok("AttachDisk", &ids(&other, &disk)).await;
    for _ in 0..35 {
        world.finish_all().await;
    }
    assert_eq!(world.describe(&disk).await["InstanceId"], other.as_str());
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn delete_instance_fails_when_the_guest_does_not_shut_down() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[]).await;
    let disk = world.disk_on(&instance).await;
    world.rule(r#"{"transition":"stop","behaviour":{"do":"never"}}"#);
    let gentle = [("InstanceId", instance.as_str()), ("Force", "true"), ("ForceStop", "false")];
    world.ok("DeleteInstance", &gentle).await;
    world.pass(300_000).await;
    assert_eq!(world.instance_status(&instance).await, "Running");
    assert_eq!(world.status_of(&disk).await, "In_use");
    assert!(world.is_on(&instance).await);
    world.ok("DeleteInstance", &gentle[..2]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&instance).await, "gone");
    assert_eq!(world.status_of(&disk).await, "Available");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn former_system_disk_is_protected_while_its_instance_exists() {
    let world = TestServer::new().await;
    let instance = world.stopped_instance().await;
    let disk = world.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let keep = [&ids(&instance, &disk)[..], &[("DeleteWithInstance", "false")]].concat();
    world.ok("DetachDisk", &keep).await;
    world.finish_all().await;
    let protected = (403, "InvalidDiskStatus.DeleteProtection");
    world.turns_down("DeleteDisk", &[("DiskId", &disk)], protected).await;
    world.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&instance).await, "gone");
    let left = world.describe(&disk).await;
    assert_eq!(left["Status"], "Available");
    assert!(!left["Tags"].to_string().contains("diskDeleteProtection"), "{}", left["Tags"]);
    world.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(world.status_of(&disk).await, "gone");
}

#[tokio::test]
async fn delete_instance_keeps_a_shared_disk_on_its_other_instance() {
    let world = TestServer::new().await;
    let kind =
        [("InstanceType", Some("ecs.g8i.large")), ("SystemDisk.Category", Some("cloud_essd"))];
    let (one, other) = (world.run_one(&kind).await, world.run_one(&kind).await);
    let disk = world.disk_with(|disk| disk.multi_attach = true).await;
    for instance in [&one, &other] {
        world.ok("AttachDisk", &ids(instance, &disk)).await;
        world.finish_all().await;
    }
    for (gone, status, left) in [(&one, "In_use", 1), (&other, "Available", 0)] {
        world.ok("DeleteInstance", &[("InstanceId", gone), ("Force", "true")]).await;
        world.finish_all().await;
        let shown = world.describe(&disk).await;
        assert_eq!(shown["Status"], status);
        let attachments = shown["Attachments"]["Attachment"].as_array();
        assert_eq!(attachments.map_or(0, Vec::len), left);
    }
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn delete_instance_leaves_no_rows_in_the_store() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[("UserData", Some("QUFB"))]).await;
    world.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    world.finish_all().await;
    let tx: Value = serde_json::from_str(&world.tx()).unwrap();
    for table in ["instances", "disks", "user_data"] {
        assert_eq!(tx[table], json!([]), "{table}");
    }
}

#[tokio::test]
async fn system_disk_detaching_from_a_released_instance_becomes_a_data_disk() {
    let world = TestServer::new().await;
    let instance = world.stopped_instance().await;
    let disk = world.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    world.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    world.ok("DetachDisk", &ids(&instance, &disk)).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    world.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    world.finish_all().await;
    let left = world.describe(&disk).await;
    assert_eq!((&left["Status"], &left["Type"]), (&"Available".into(), &"data".into()));
    world.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(world.differences().await, []);
}

/// In any order, a disk that is Available is on no machine.
#[tokio::test]
async fn concurrent_delete_attach_and_detach_end_consistently() {
    let world = TestServer::new().await;
    for _ in 0..8 {
        let instance = world.run_one(&[]).await;
        let (on, free) = (world.disk_on(&instance).await, world.available_disk().await);
        let release = [("InstanceId", instance.as_str()), ("Force", "true")];
        let (leave, come) = (ids(&instance, &on), ids(&instance, &free));
        tokio::join!(
            world.call("DetachDisk", &leave),
            world.call("AttachDisk", &come),
            world.call("DeleteInstance", &release),
        );
        world.finish_all().await;
        world.call("DeleteInstance", &release).await;
        world.finish_all().await;
        assert_eq!(world.instance_status(&instance).await, "gone");
        for disk in [&on, &free] {
            assert_eq!(world.status_of(disk).await, "Available");
        }
        assert_eq!(world.differences().await, []);
    }
}

/// A machine whose process is gone is off already.
#[tokio::test]
async fn delete_instance_releases_a_crashed_machine() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[]).await;
    let disk = world.disk_on(&instance).await;
    world.control("POST", &format!("/instances/{instance}/kill"), "").await;
    world.call("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    world.finish_all().await;
    world.call("DeleteInstance", &[("InstanceId", &instance)]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&instance).await, "gone");
    assert_eq!(world.status_of(&disk).await, "Available");
    assert_eq!(world.differences().await, []);
}
