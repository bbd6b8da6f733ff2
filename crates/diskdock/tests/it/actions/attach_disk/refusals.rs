//! Every error of AttachDisk, and which of two comes first.

use domain::{Activity, Attachment, Category, InstanceStatus, LockReason, Phase};

use super::named;
use crate::harness::{BEGINNING, TestServer};

const NOT_AVAILABLE: (u16, &str, &str) = (
    403,
    "IncorrectDiskStatus",
    "The current status of the disk does not support this operation. The expected disk status is \
     Available.",
);
const INSTANCE_STATUS: (u16, &str, &str) = (
    400,
    "IncorrectInstanceStatus",
    "The current status of the resource does not support this operation.",
);

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer.
#[tokio::test]
async fn attach_disk_answers_the_first_failed_precondition_of_type_and_device() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.instance_type = "ecs.future.large".to_owned()).await;
    server.disk_on(&instance).await;
    let disk = server.available_disk().await;
    let ids = named(&instance, &disk);
    let expect_refusal = async |flag: &str, code: (u16, &str, &str)| {
        let ask = [ids[0], ids[1], ("Device", "/dev/xvdb"), ("DeleteWithInstance", flag)];
        server.expect_refusal("AttachDisk", &ask, code).await;
    };
    let expected = (403, "InvalidDevice.InUse", "The specified device has been occupied.");
    expect_refusal("true", expected).await;
    server
        .change_disk(&disk, |d| {
            d.category = Category::ElasticEphemeralDiskStandard;
            d.origin = Some("i-elsewhere".into());
        })
        .await;
    let expected = "The elastic ephemeral disk can only be attached to the instance it was last \
                    mounted on, please check the disk's system tag to get the last associated \
                    instance.";
    expect_refusal("true", (403, "InvalidOperation.OtherInstanceUnsupported", expected)).await;
    let expected = "The DeleteWithInstance for the elastic ephemeral disk must be set to true.";
    expect_refusal("false", (403, "InvalidParameter.DeleteWithInstance", expected)).await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    let expected = "Multi attach disk cannot be set to DeleteWithInstance attribute.";
    expect_refusal("true", (403, "DeleteWithInstance.Conflict", expected)).await;
    server.change_disk(&disk, |d| d.category = Category::CloudEssd).await;
    server.change_instance(&instance, |i| i.instance_type = "ecs.g6.large".to_owned()).await;
    let expected = "The instanceType of the specified instance does not support multi attach disk.";
    expect_refusal("false", (403, "InvalidInstanceType.NotSupportMultiAttachDisk", expected)).await;
    server.change_disk(&disk, |d| d.category = Category::CloudEssdEntry).await;
    let expected =
        "The instanceType of the specified instance does not support this disk category.";
    expect_refusal("false", (403, "InvalidInstanceType.NotSupportDiskCategory", expected)).await;
    server.change_instance(&instance, |i| i.instance_type = "ecs.c1.small".to_owned()).await;
    let expected = "The instance type of the specified instance does not support hot attach disk.";
    expect_refusal("false", (400, "InvalidOperation.InstanceTypeNotSupport", expected)).await;
}

#[tokio::test]
async fn attach_disk_answers_the_first_failed_precondition_of_the_instance() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.status = InstanceStatus::Stopped).await;
    let disk = server.available_disk().await;
    let origin = instance.clone();
    server
        .change_disk(&disk, move |d| {
            d.delete_protected = true;
            d.origin = Some(origin.as_str().into());
        })
        .await;
    let [first, second] = named(&instance, &disk);
    let ask = [first, second, ("Bootable", "true")];
    let expect_refusal =
        async |code: (u16, &str, &str)| server.expect_refusal("AttachDisk", &ask, code).await;

    let expected = "The current operation requires either a password or a keyPairName to must be \
                    provided. Please ensure that at least one of them is not empty.";
    expect_refusal((403, "InvalidParameter.AllEmpty", expected)).await;
    server.change_instance(&instance, |i| i.status = InstanceStatus::Running).await;
    expect_refusal(INSTANCE_STATUS).await;
    server.change_disk(&disk, |d| d.origin = Some("i-elsewhere".into())).await;
    let expected = "The specified disk can not attached to other instance as system disk.";
    expect_refusal((400, "InvalidInstance.NotOriginInstance", expected)).await;
    server.change_disk(&disk, |d| d.delete_protected = false).await;
    let expected = "The specified disk is not a bootable disk, can not be attached as system disk.";
    expect_refusal((400, "InvalidDisk.DiskNotBootable", expected)).await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    let code = "InvalidOperation.CanNotAttachMultiAttachDiskAsSystemDisk";
    expect_refusal((403, code, "Multi attach disk can not be attached as system disk.")).await;
    server.change_instance(&instance, |i| i.status = InstanceStatus::Starting).await;
    expect_refusal(INSTANCE_STATUS).await;
    server.change_instance(&instance, |i| i.zone = "cn-hangzhou-h".to_owned()).await;
    let expected = "The specified instance and disk are not in the same zone.";
    expect_refusal((403, "ResourcesNotInSameZone", expected)).await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Financial]).await;
    let expected = "The specified operation is denied as your prepay instance is expired (prepay \
                    mode) or in arrears (afterpay mode).";
    expect_refusal((403, "InstanceExpiredOrInArrears", expected)).await;
    server.change_instance(&instance, |i| i.locks.push(LockReason::Security)).await;
    let expected = "The instance is locked due to security.";
    expect_refusal((403, "InstanceLockedForSecurity", expected)).await;
}

#[tokio::test]
async fn attach_disk_answers_the_first_failed_precondition_of_the_disk() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.locks = vec![LockReason::Security]).await;
    let disk = server.available_disk().await;
    let [first, second] = named(&instance, &disk);
    let ask = [first, second, ("Force", "true")];
    let expect_refusal =
        async |code: (u16, &str, &str)| server.expect_refusal("AttachDisk", &ask[..2], code).await;

    server.change_disk(&disk, |d| d.locks = vec![LockReason::Financial]).await;
    let expected = "The specified operation is denied as your disk owing fee.";
    expect_refusal((403, "DiskInArrears", expected)).await;
    server.change_disk(&disk, |d| d.portable = false).await;
    expect_refusal((403, "DiskNotPortable", "The specified disk is not a portable disk.")).await;
    server
        .change_disk(&disk, |d| {
            d.multi_attach = true;
            d.attachments = (0..16).map(attachment).collect();
        })
        .await;
    let expected = "The attaching times of the specified disk exceeded.";
    expect_refusal((403, "DiskAttachedNumberExceeded", expected)).await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Creating)).await;
    expect_refusal(NOT_AVAILABLE).await;
    let expected = "The specified disk category does not support force attach operation.";
    let expected = (400, "InvalidParameterForce.DiskCategoryNotSupported", expected);
    server.expect_refusal("AttachDisk", &ask, expected).await;
    server.change_disk(&disk, |d| d.account = "2000000000000002".into()).await;
    let expected = (404, "InvalidDiskId.NotFound", "The specified disk does not exist.");
    server.expect_refusal("AttachDisk", &ask, expected).await;
    server.change_instance(&instance, |i| i.account = "2000000000000002".into()).await;
    let expected = (404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
    server.expect_refusal("AttachDisk", &ask, expected).await;
}

fn attachment(number: u64) -> Attachment {
    Attachment {
        instance: format!("i-elsewhere{number}").into(),
        device: "/dev/xvdb".to_owned(),
        attached_at: BEGINNING,
        generation: number,
        phase: Phase::Attached,
        unknown: Default::default(),
    }
}

#[tokio::test]
async fn attach_disk_refuses_a_disk_that_is_attached_or_attaching() {
    let server = TestServer::new().await;
    let one = server.running_instance().await;
    let other = server.running_instance().await;
    let disk = server.available_disk().await;
    server.ok("AttachDisk", &named(&one, &disk)).await;
    for _ in 0..2 {
        for instance in [&one, &other] {
            server.expect_refusal("AttachDisk", &named(instance, &disk), NOT_AVAILABLE).await;
        }
        server.finish_all().await;
        assert_eq!(server.describe(&disk).await["InstanceId"], one.as_str());
    }
}

#[tokio::test]
async fn attach_disk_is_refused_beyond_the_disk_quantity_of_the_type() {
    let server = TestServer::new().await;
    let instance = server
        .plant_instance(|i| {
            i.instance_type = "ecs.s1.small".to_owned();
            i.status = InstanceStatus::Stopped;
        })
        .await;
    let mut disks = Vec::new();
    for _ in 0..6 {
        disks.push(server.disk_with(|d| d.category = Category::Cloud).await);
    }
    for disk in &disks[..5] {
        server.ok("AttachDisk", &named(&instance, disk)).await;
        server.finish_all().await;
    }
    let full = (
        403,
        "InstanceDiskLimitExceeded",
        "The amount of the disk on instance in question reach its limits.",
    );
    server.expect_refusal("AttachDisk", &named(&instance, &disks[5]), full).await;
    server.ok("DetachDisk", &named(&instance, &disks[0])).await;
    server.finish_all().await;
    server.ok("AttachDisk", &named(&instance, &disks[5])).await;
}

#[tokio::test]
async fn attach_disk_is_refused_while_thirty_two_disks_are_attaching() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.instance_type = "ecs.future.large".to_owned()).await;
    for _ in 0..32 {
        let disk = server.available_disk().await;
        server.ok("AttachDisk", &named(&instance, &disk)).await;
    }
    let disk = server.available_disk().await;
    let too_many = (
        400,
        "OperationConflict.DisksAttachingParallellyExceed",
        "The number of disks attaching parallelly exceeds the limit.",
    );
    server.expect_refusal("AttachDisk", &named(&instance, &disk), too_many).await;
    server.finish_all().await;
    server.ok("AttachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.describe(&disk).await["Device"], "/dev/xvdah");
}

#[tokio::test]
async fn attach_disk_refuses_missing_and_malformed_parameters() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let [first, second] = named(&instance, &disk);
    let missing = "The input parameter \"InstanceId\" that is mandatory for processing this request \
                   is not supplied.";
    server.expect_refusal("AttachDisk", &[second], (400, "MissingParameter", missing)).await;
    for device in ["/dev/sdb", "xvdb", "/dev/xvdaaa", "/dev/xvdB", "/dev/xvd"] {
        let message = "The specified device is not valid. Expected text of 9 to 10 characters, \
                       /dev/xvda to /dev/xvdzz.";
        let refusal = (400, "InvalidDevice.Malformed", message);
        server.expect_refusal("AttachDisk", &[first, second, ("Device", device)], refusal).await;
    }
    // The device of a system disk, for a disk that is to be a data disk.
    let malformed = (400, "InvalidDevice.Malformed", "The specified device is not valid.");
    server.expect_refusal("AttachDisk", &[first, second, ("Device", "/dev/xvda")], malformed).await;
    for password in ["short1A", "alllowercase", "Nodigits", &"aA1".repeat(11)] {
        let answer = server.call("AttachDisk", &[first, second, ("Password", password)]).await;
        assert_eq!(answer.refusal(), (400, "InvalidParameter"), "{password}");
        assert!(!answer.text.contains(password), "a password is not repeated");
    }
    let nowhere = (400, "InvalidRegionId.MalFormed", "The specified RegionId is not valid.");
    server.expect_refusal("AttachDisk", &[first, second, ("RegionId", "nowhere")], nowhere).await;
}
