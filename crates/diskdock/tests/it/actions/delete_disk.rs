//! DeleteDisk: a disk that is free goes at once.

use domain::{Activity, DiskKind};

use crate::harness::TestServer;

const STATUS: (u16, &str, &str) =
    (403, "IncorrectDiskStatus", "The current disk status does not support this operation.");
const GONE: (u16, &str, &str) =
    (404, "InvalidDiskId.NotFound", "The specified disk does not exist.");

#[tokio::test]
async fn delete_disk_removes_the_disk_at_once_and_for_good() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let answer = server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(answer.json.as_object().unwrap().len(), 1);
    assert_eq!(server.status_of(&disk).await, "gone");
    server.expect_refusal("DeleteDisk", &[("DiskId", &disk)], GONE).await;
    server.expect_refusal("DeleteDisk", &[("DiskId", "i-1")], GONE).await;
}

#[tokio::test]
async fn delete_disk_refuses_a_disk_that_is_attached_attaching_or_detaching() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let ids = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.ok("AttachDisk", &ids).await;
    server.expect_refusal("DeleteDisk", &ids[1..], STATUS).await;
    server.finish_all().await;
    server.expect_refusal("DeleteDisk", &ids[1..], STATUS).await;
    server.ok("DetachDisk", &ids).await;
    server.expect_refusal("DeleteDisk", &ids[1..], STATUS).await;
    server.finish_all().await;
    server.ok("DeleteDisk", &ids[1..]).await;
}

#[tokio::test]
async fn delete_disk_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let ask = [("DiskId", disk.as_str())];
    server.change_disk(&disk, |d| d.delete_protected = true).await;
    let expected = "The specified disk is under delete protection, can not be deleted.";
    server
        .expect_refusal("DeleteDisk", &ask, (403, "InvalidDiskStatus.DeleteProtection", expected))
        .await;
    server.change_disk(&disk, |d| d.portable = false).await;
    let expected = "The specified disk is not a portable disk.";
    server.expect_refusal("DeleteDisk", &ask, (403, "DiskNotPortable", expected)).await;
    server.change_disk(&disk, |d| d.portable = true).await;
    server.ok("AttachDisk", &[("InstanceId", instance.as_str()), ask[0]]).await;
    server.expect_refusal("DeleteDisk", &ask, STATUS).await;
    server.change_disk(&disk, |d| d.kind = DiskKind::System).await;
    let expected = "The specified disk is a system disk and cannot support the operation.";
    server.expect_refusal("DeleteDisk", &ask, (403, "DiskTypeViolation", expected)).await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Creating)).await;
    let expected = "The current disk status does not support this operation.";
    server
        .expect_refusal("DeleteDisk", &ask, (403, "IncorrectDiskStatus.Initializing", expected))
        .await;
    server.become_another_account().await;
    server.expect_refusal("DeleteDisk", &ask, GONE).await;
}

#[tokio::test]
async fn delete_disk_refuses_a_missing_id() {
    let server = TestServer::new().await;
    let missing = "The input parameter \"DiskId\" that is mandatory for processing this request is \
                   not supplied.";
    server.expect_refusal("DeleteDisk", &[], (400, "MissingParameter", missing)).await;
    let empty = "The input parameter is mandatory for processing this request is empty.";
    server.expect_refusal("DeleteDisk", &[("DiskId", "")], (400, "InvalidParameter", empty)).await;
}

#[tokio::test]
async fn concurrent_delete_and_attach_succeed_exactly_once() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    for _ in 0..8 {
        let disk = server.available_disk().await;
        let ids = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
        let (attach, delete) =
            tokio::join!(server.call("AttachDisk", &ids), server.call("DeleteDisk", &ids[1..]));
        assert_ne!(attach.status == 200, delete.status == 200, "{} {}", attach.text, delete.text);
        server.finish_all().await;
        let expected = if attach.status == 200 { "In_use" } else { "gone" };
        assert_eq!(server.status_of(&disk).await, expected);
    }
}
