//! Guests that refuse, guests that never answer, and requests that cross each other.

use serde_json::Value;

use super::named;
use crate::harness::TestServer;

const REFUSE_ONCE: &str = r#"{"transition":"detach","times":1,"behaviour":{"do":"refuse"}}"#;
const NEVER_ONCE: &str = r#"{"transition":"detach","times":1,"behaviour":{"do":"never"}}"#;

#[tokio::test]
async fn detach_disk_keeps_the_disk_and_its_reason_when_the_guest_refuses() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let before = server.describe(&disk).await;
    server.rule(REFUSE_ONCE);
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.describe(&disk).await, before, "as if nothing had been asked");
    let operations = server.operations_of(&disk).await;
    assert_eq!(operations.len(), 1);
    assert_eq!(operations[0]["kind"], "disk.detach");
    assert_eq!(operations[0]["given_up"], true);
    assert_eq!(operations[0]["last_event"], "the guest refused");

    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn detach_disk_keeps_the_disk_at_the_deadline_of_a_silent_guest() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(NEVER_ONCE);
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.pass(299_999).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.pass(1).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    let operations = server.operations_of(&disk).await;
    let reason = operations[0]["last_event"].as_str().unwrap();
    assert!(reason.starts_with("given up at the deadline"), "{reason}");
    assert!(reason.contains("waiting for the guest to let go of the device"), "{reason}");

    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available", "asked again, the guest answers");
}

#[tokio::test]
async fn held_operation_has_no_deadline_until_the_operator_releases_it() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    for _ in 0..60 {
        server.pass(60_000).await;
    }
    assert_eq!(server.status_of(&disk).await, "Detaching");
    let refused = format!(r#"{{"disk":"{disk}"}}"#);
    server.control("POST", "/transitions/refuse", &refused).await;
    server.drain().await;
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn completion_of_an_older_attachment_changes_nothing() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server
        .change_disk(&disk, |disk| {
            disk.generation += 1;
            disk.attachments[0].generation = disk.generation;
        })
        .await;
    let before: Value = serde_json::from_str(&server.export_json()).unwrap();
    server.finish_all().await;
    let after: Value = serde_json::from_str(&server.export_json()).unwrap();
    assert_eq!(after["disks"], before["disks"]);
    assert_eq!(after["operations"].as_array().unwrap().len(), 0, "the operation is over");
}

#[tokio::test]
async fn detaching_disk_can_be_neither_attached_nor_deleted() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let other = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    let expected = "The current status of the disk does not support this operation. The expected \
                    disk status is Available.";
    for to in [&instance, &other] {
        let refusal = (403, "IncorrectDiskStatus", expected);
        server.expect_refusal("AttachDisk", &named(to, &disk), refusal).await;
    }
    let expected = "The current disk status does not support this operation.";
    server
        .expect_refusal("DeleteDisk", &[("DiskId", &disk)], (403, "IncorrectDiskStatus", expected))
        .await;
    server.finish_all().await;
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(server.status_of(&disk).await, "gone");
}

#[tokio::test]
async fn concurrent_detaches_of_a_disk_succeed_exactly_once() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    for _ in 0..8 {
        let disk = server.disk_on(&instance).await;
        let ask = named(&instance, &disk);
        let (one, other) =
            tokio::join!(server.call("DetachDisk", &ask), server.call("DetachDisk", &ask));
        let mut codes = [one.code(), other.code()];
        codes.sort_unstable();
        assert_eq!(codes, ["", "InvalidOperation.DiskDetachingFromThisEcs"]);
        server.finish_all().await;
        assert_eq!(server.status_of(&disk).await, "Available");
    }
}

#[tokio::test]
async fn concurrent_attaches_of_a_disk_succeed_exactly_once() {
    let server = TestServer::new().await;
    let one = server.running_instance().await;
    let other = server.running_instance().await;
    for _ in 0..8 {
        let disk = server.available_disk().await;
        let (to_one, to_other) = (named(&one, &disk), named(&other, &disk));
        let (first, second) =
            tokio::join!(server.call("AttachDisk", &to_one), server.call("AttachDisk", &to_other));
        let mut codes = [first.code(), second.code()];
        codes.sort_unstable();
        assert_eq!(codes, ["", "IncorrectDiskStatus"]);
        server.finish_all().await;
        assert_eq!(server.status_of(&disk).await, "In_use");
    }
    assert_eq!(server.differences().await, []);
}
