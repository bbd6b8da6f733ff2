//! Force: a regional disk is taken over from an instance that cannot write to it any more.

use domain::{Category, ChargeType};

use super::named;
use crate::harness::{TestServer, ZONE};

const OTHER_ZONE: &str = "cn-hangzhou-h";
const TYPE: &str = "ecs.c6e.large";
const MAY_WRITE: (u16, &str, &str) =
    (403, "IncorrectDiskStatus", "The operation is not supported in this status.");

/// A regional disk on the first of two instances of different zones.
async fn furnished() -> (TestServer, String, String, String) {
    let server = TestServer::new().await;
    let in_zone = |zone| {
        [
            ("ZoneId", Some(zone)),
            ("InstanceType", Some(TYPE)),
            ("SystemDisk.Category", Some("cloud_essd")),
        ]
    };
    let here = server.run_one(&in_zone(ZONE)).await;
    let there = server.run_one(&in_zone(OTHER_ZONE)).await;
    let disk = server.available_disk().await;
    server.change_disk(&disk, |disk| disk.category = Category::CloudRegionalDiskAuto).await;
    server.ok("AttachDisk", &named(&here, &disk)).await;
    server.finish_all().await;
    (server, here, there, disk)
}

fn forced<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 3] {
    [("InstanceId", instance), ("DiskId", disk), ("Force", "true")]
}

async fn holder_of(server: &TestServer, disk: &str) -> (String, String) {
    let shown = server.describe(disk).await;
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    (text("Status"), text("InstanceId"))
}

#[tokio::test]
async fn attach_disk_with_force_takes_no_disk_from_a_lost_instance_before_it_is_fenced() {
    let (server, here, there, disk) = furnished().await;
    server.control("POST", &format!("/instances/{here}/lose"), "").await;
    server.ok("DetachDisk", &named(&here, &disk)).await;
    server.pass(1_000).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.expect_refusal("AttachDisk", &forced(&there, &disk), MAY_WRITE).await;

    server.control("POST", &format!("/instances/{here}/fence"), "").await;
    // The detach may not have ended yet.
    server.ok("AttachDisk", &forced(&there, &disk)).await;
    server.finish_all().await;
    assert_eq!(holder_of(&server, &disk).await, ("In_use".to_owned(), there));
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn attach_disk_with_force_takes_a_disk_over_from_a_stopped_instance() {
    let (server, here, there, disk) = furnished().await;
    server.expect_refusal("AttachDisk", &forced(&there, &disk), MAY_WRITE).await;
    server.ok("StopInstance", &[("InstanceId", &here)]).await;
    server.finish_all().await;
    let unforced = server.call("AttachDisk", &named(&there, &disk)).await;
    assert_eq!(unforced.refusal(), (403, "IncorrectDiskStatus"));
    server.ok("AttachDisk", &forced(&there, &disk)).await;
    assert_eq!(server.status_of(&disk).await, "Attaching");
    server.finish_all().await;
    assert_eq!(holder_of(&server, &disk).await, ("In_use".to_owned(), there));
    server.ok("StartInstance", &[("InstanceId", &here)]).await;
    server.finish_all().await;
    let reaches = server.observe(&here).await.unwrap().disks;
    assert!(reaches.iter().all(|(reached, _)| reached.as_str() != disk), "{reaches:?}");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn disk_that_cannot_be_taken_over_stays_where_it_was() {
    let (server, here, there, disk) = furnished().await;
    server.ok("StopInstance", &[("InstanceId", &here)]).await;
    server.finish_all().await;
    server.rule(r#"{"transition":"detach","times":1,"behaviour":{"do":"refuse"}}"#);
    server.ok("AttachDisk", &forced(&there, &disk)).await;
    server.finish_all().await;
    assert_eq!(holder_of(&server, &disk).await, ("In_use".to_owned(), here.clone()));
    assert_eq!(server.differences().await, []);
    // Where it is plugged in no more than before, it is Available.
    server.rule(r#"{"transition":"attach","times":1,"behaviour":{"do":"refuse"}}"#);
    server.ok("AttachDisk", &forced(&there, &disk)).await;
    server.finish_all().await;
    assert_eq!(holder_of(&server, &disk).await, ("Available".to_owned(), String::new()));
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn taking_over_survives_restarts() {
    let (server, here, there, disk) = furnished().await;
    server.ok("StopInstance", &[("InstanceId", &here)]).await;
    server.finish_all().await;
    server.ok("AttachDisk", &forced(&there, &disk)).await;
    let server = server.restart().await;
    server.pass(1_000).await;
    let server = server.restart().await;
    server.finish_all().await;
    assert_eq!(holder_of(&server, &disk).await, ("In_use".to_owned(), there));
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn attach_disk_with_force_is_refused_for_other_disks_and_places() {
    let (server, here, there, disk) = furnished().await;
    let ask = forced(&there, &disk);
    server.change_instance(&there, |one| one.zone = ZONE.to_owned()).await;
    let expected = "The force attach operation is not supported when both the current and target \
                    instances are in the same zone.";
    server
        .expect_refusal("AttachDisk", &ask, (403, "InvalidInstance.ZoneConflict", expected))
        .await;
    server.change_disk(&disk, |disk| disk.multi_attach = true).await;
    let expected = "The multi attach disk does not support force attach operation.";
    let code = "InvalidParameterForce.MultiAttachDiskNotSupported";
    server.expect_refusal("AttachDisk", &ask, (400, code, expected)).await;
    server.change_disk(&disk, |disk| disk.charge_type = ChargeType::PrePaid).await;
    let expected = "The prepaid disk does not support force attach operation.";
    let code = "InvalidParameterForce.PrepaidDiskNotSupported";
    server.expect_refusal("AttachDisk", &ask, (400, code, expected)).await;
    server.change_disk(&disk, |disk| disk.category = Category::CloudEssd).await;
    let expected = "The specified disk category does not support force attach operation.";
    let code = "InvalidParameterForce.DiskCategoryNotSupported";
    server.expect_refusal("AttachDisk", &ask, (400, code, expected)).await;
    assert_eq!(holder_of(&server, &disk).await.0, "In_use");
    assert_eq!(server.instance_status(&here).await, "Running");
}
