//! Every error of DetachDisk, and which of two comes first.

use domain::{Activity, Attachment, Category, DiskKind, InstanceStatus, LockReason, Phase};

use super::named;
use crate::harness::TestServer;

const NOT_ATTACHED: (u16, &str, &str) = (
    403,
    "DependencyViolation",
    "The specified disk has not been attached on the specified instance.",
);
const INSTANCE_STATUS: (u16, &str, &str) = (
    403,
    "IncorrectInstanceStatus",
    "The current status of the resource does not support this operation.",
);
const DISK_STATUS: (u16, &str, &str) =
    (403, "IncorrectDiskStatus", "The current disk status does not support this operation.");
const NOT_PORTABLE: (u16, &str, &str) =
    (403, "DiskNotPortable", "The specified disk is not a portable disk.");
const LOCKED: (u16, &str, &str) =
    (403, "InstanceLockedForSecurity", "The instance is locked due to security.");
const IMAGE_GONE: (u16, &str, &str) = (
    404,
    "InvalidDiskId.OperationNotSupported",
    "The operation is not supported due to base image not exist.",
);
const NO_HOT_DETACH: (u16, &str, &str) = (
    400,
    "InvalidOperation.InstanceTypeNotSupport",
    "The instance type of the specified instance does not support hot detach disk.",
);
const MULTI_ATTACH: (u16, &str, &str) = (
    403,
    "DeleteWithInstance.Conflict",
    "Multi attach disk cannot be set to DeleteWithInstance attribute.",
);
const EPHEMERAL: (u16, &str, &str) = (
    403,
    "InvalidParameter.DeleteWithInstance",
    "The DeleteWithInstance for the elastic ephemeral disk must be set to true.",
);
const DETACHING: (u16, &str, &str) = (
    403,
    "InvalidOperation.DiskDetachingFromThisEcs",
    "The specified disk is detaching from this ecs.",
);
const DETACHED: (u16, &str, &str) =
    (404, "InvalidDisk.AlreadyDetached", "The specified disk has been detached.");
const NO_INSTANCE: (u16, &str, &str) =
    (404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
const NO_DISK: (u16, &str, &str) =
    (404, "InvalidDiskId.NotFound", "The specified disk does not exist.");
const REGION: (u16, &str, &str) =
    (400, "InvalidRegionId.MalFormed", "The specified RegionId is not valid.");

#[tokio::test]
async fn detach_disk_refuses_missing_and_empty_ids() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let missing = |name: &str| {
        format!(
            "The input parameter \"{name}\" that is mandatory for processing this request is not \
             supplied."
        )
    };
    for (parameters, name) in [
        (&[][..], "InstanceId"),
        (&[("DiskId", disk.as_str())][..], "InstanceId"),
        (&[("InstanceId", instance.as_str())][..], "DiskId"),
    ] {
        let message = missing(name);
        server.expect_refusal("DetachDisk", parameters, (400, "MissingParameter", &message)).await;
    }
    let empty = "The input parameter is mandatory for processing this request is empty.";
    for parameters in [named("", &disk), named(&instance, "")] {
        server.expect_refusal("DetachDisk", &parameters, (400, "InvalidParameter", empty)).await;
    }
}

#[tokio::test]
async fn detach_disk_refuses_delete_with_instance_that_is_no_boolean() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let message = "The specified parameter \"DeleteWithInstance\" is not valid. Expected true or \
                   false.";
    let parameters =
        [("InstanceId", instance.as_str()), ("DiskId", disk.as_str()), ("DeleteWithInstance", "1")];
    server.expect_refusal("DetachDisk", &parameters, (400, "InvalidParameter", message)).await;
}

#[tokio::test]
async fn detach_disk_refuses_an_unknown_region_and_ignores_a_known_one() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let [first, second] = named(&instance, &disk);
    server.expect_refusal("DetachDisk", &[first, second, ("RegionId", "nowhere")], REGION).await;
    server.ok("DetachDisk", &[first, second, ("RegionId", "eu-west-1")]).await;
}

#[tokio::test]
async fn detach_disk_does_not_find_unknown_and_foreign_resources() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.expect_refusal("DetachDisk", &named("i-nowhere", &disk), NO_INSTANCE).await;
    server.expect_refusal("DetachDisk", &named(&disk, &disk), NO_INSTANCE).await;
    server.expect_refusal("DetachDisk", &named(&instance, "d-nowhere"), NO_DISK).await;
    server.expect_refusal("DetachDisk", &named(&instance, &instance), NO_DISK).await;
    let owner = server.become_another_account().await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), NO_INSTANCE).await;
    let stranger = server.signer.id.clone();
    server.signer = owner;
    assert_ne!(server.signer.id, stranger);
    server.change_disk(&disk, |disk| disk.account = "2000000000000002".into()).await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), NO_DISK).await;
}

#[tokio::test]
async fn detach_disk_repeated_answers_by_the_state_of_the_disk() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), DETACHING).await;
    server.finish_all().await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), DETACHED).await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn detach_disk_refuses_a_disk_that_is_creating_or_attaching() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let creating = server.disk_with(|disk| disk.activity = Some(Activity::Creating)).await;
    server.expect_refusal("DetachDisk", &named(&instance, &creating), DISK_STATUS).await;
    let attaching = server.available_disk().await;
    server.ok("AttachDisk", &named(&instance, &attaching)).await;
    server.expect_refusal("DetachDisk", &named(&instance, &attaching), DISK_STATUS).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&attaching).await, "In_use");
}

#[tokio::test]
async fn detach_disk_refuses_a_disk_that_is_not_portable() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.change_disk(&disk, |disk| disk.portable = false).await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), NOT_PORTABLE).await;
}

#[tokio::test]
async fn detach_disk_refuses_under_a_security_lock_and_not_under_a_financial_one() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Security]).await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), LOCKED).await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Financial]).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
}

#[tokio::test]
async fn detach_disk_refuses_a_disk_of_another_instance() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let other = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.expect_refusal("DetachDisk", &named(&other, &disk), NOT_ATTACHED).await;
    assert_eq!(server.describe(&disk).await["InstanceId"], instance.as_str());
}

#[tokio::test]
async fn detach_disk_refuses_a_system_disk_whose_image_is_gone() {
    let server = TestServer::new().await;
    let (instance, disk) = server.stopped_with_system_disk().await;
    server.change_instance(&instance, |i| i.image = "gone.vhd".to_owned()).await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), IMAGE_GONE).await;
}

#[tokio::test]
async fn detach_disk_refuses_an_instance_neither_running_nor_stopped() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    for status in [InstanceStatus::Pending, InstanceStatus::Starting, InstanceStatus::Stopping] {
        server.change_instance(&instance, move |i| i.status = status).await;
        server.expect_refusal("DetachDisk", &named(&instance, &disk), INSTANCE_STATUS).await;
    }
    let (instance, system) = server.stopped_with_system_disk().await;
    server.change_instance(&instance, |i| i.status = InstanceStatus::Running).await;
    server.expect_refusal("DetachDisk", &named(&instance, &system), INSTANCE_STATUS).await;
}

#[tokio::test]
async fn detach_disk_refuses_a_running_instance_without_hot_detach() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.change_instance(&instance, |i| i.instance_type = "ecs.s1.large".to_owned()).await;
    server.expect_refusal("DetachDisk", &named(&instance, &disk), NO_HOT_DETACH).await;
    server.change_instance(&instance, |i| i.status = InstanceStatus::Stopped).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn detach_disk_checks_delete_with_instance_by_kind_of_disk() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let [first, second] = named(&instance, &disk);
    server.change_disk(&disk, |disk| disk.multi_attach = true).await;
    let parameters = [first, second, ("DeleteWithInstance", "true")];
    server.expect_refusal("DetachDisk", &parameters, MULTI_ATTACH).await;
    server
        .change_disk(&disk, |disk| {
            disk.multi_attach = false;
            disk.category = Category::ElasticEphemeralDiskStandard;
        })
        .await;
    server.expect_refusal("DetachDisk", &[first, second], EPHEMERAL).await;
    server
        .expect_refusal("DetachDisk", &[first, second, ("DeleteWithInstance", "false")], EPHEMERAL)
        .await;
    server.ok("DetachDisk", &[first, second, ("DeleteWithInstance", "True")]).await;
}

#[tokio::test]
async fn detach_disk_refuses_a_sixth_detach_at_a_time() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let mut disks = Vec::new();
    for _ in 0..6 {
        disks.push(server.disk_on(&instance).await);
    }
    for disk in &disks[..5] {
        server.rule(&format!(
            r#"{{"transition":"detach","disk":"{disk}","behaviour":{{"do":"hold"}}}}"#
        ));
        server.ok("DetachDisk", &named(&instance, disk)).await;
    }
    let too_many = (
        400,
        "DisksDetachingOnEcsExceeded",
        "The number of disks detaching on the instance exceeds the limit.",
    );
    server.drain().await;
    server.expect_refusal("DetachDisk", &named(&instance, &disks[5]), too_many).await;
    let one = format!(r#"{{"disk":"{}"}}"#, disks[0]);
    server.control("POST", "/transitions/finish", &one).await;
    server.drain().await;
    assert_eq!(server.status_of(&disks[0]).await, "Available");
    server.ok("DetachDisk", &named(&instance, &disks[5])).await;
}

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer.
#[tokio::test]
async fn detach_disk_answers_the_first_failed_precondition() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let other = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let (at, elsewhere) = (instance.clone(), other.clone());
    let ids = named(&instance, &disk);
    let ask = [ids[0], ids[1], ("DeleteWithInstance", "false")];
    let expect_refusal = async |expected| server.expect_refusal("DetachDisk", &ask, expected).await;

    server.change_disk(&disk, |d| d.category = Category::ElasticEphemeralDiskPremium).await;
    expect_refusal(EPHEMERAL).await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    let along = [ids[0], ids[1], ("DeleteWithInstance", "true")];
    server.expect_refusal("DetachDisk", &along, MULTI_ATTACH).await;
    server.change_instance(&instance, |i| i.instance_type = "ecs.s1.large".to_owned()).await;
    expect_refusal(NO_HOT_DETACH).await;
    server.change_instance(&instance, |i| i.status = InstanceStatus::Starting).await;
    expect_refusal(INSTANCE_STATUS).await;
    server.change_disk(&disk, |d| d.kind = DiskKind::System).await;
    server.change_instance(&instance, |i| i.image = "gone.vhd".to_owned()).await;
    expect_refusal(IMAGE_GONE).await;
    let move_to = elsewhere.clone();
    server.change_disk(&disk, move |d| d.attachments[0].instance = move_to.as_str().into()).await;
    expect_refusal(NOT_ATTACHED).await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Security]).await;
    expect_refusal(LOCKED).await;
    server.change_disk(&disk, |d| d.portable = false).await;
    expect_refusal(NOT_PORTABLE).await;
    server.change_disk(&disk, |d| d.attachments[0].phase = Phase::Attaching).await;
    expect_refusal(DISK_STATUS).await;
    server.change_disk(&disk, |d| d.attachments.clear()).await;
    expect_refusal(DETACHED).await;
    server.change_disk(&disk, move |d| d.attachments.push(leaving(&at))).await;
    expect_refusal(DETACHING).await;
    server.change_disk(&disk, |d| d.account = "2000000000000002".into()).await;
    expect_refusal(NO_DISK).await;
    server.change_instance(&instance, |i| i.account = "2000000000000002".into()).await;
    expect_refusal(NO_INSTANCE).await;
    let nowhere = [ask[0], ask[1], ask[2], ("RegionId", "nowhere")];
    server.expect_refusal("DetachDisk", &nowhere, REGION).await;
}

fn leaving(instance: &str) -> Attachment {
    Attachment {
        instance: instance.into(),
        device: "/dev/xvdb".to_owned(),
        attached_at: crate::harness::BEGINNING,
        generation: 1,
        phase: Phase::Detaching { delete_with_instance: false },
        unknown: Default::default(),
    }
}
