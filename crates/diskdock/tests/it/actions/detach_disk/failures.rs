//! Guests that refuse, guests that never answer, and requests that cross each other.

use serde_json::Value;

use super::named;
use crate::harness::TestServer;

const REFUSE_ONCE: &str = r#"{"transition":"detach","times":1,"behaviour":{"do":"refuse"}}"#;
const NEVER_ONCE: &str = r#"{"transition":"detach","times":1,"behaviour":{"do":"never"}}"#;

#[tokio::test]
async fn detach_disk_keeps_the_disk_and_its_reason_when_the_guest_refuses() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    let before = world.describe(&disk).await;
    world.rule(REFUSE_ONCE);
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.finish_all().await;
    assert_eq!(world.describe(&disk).await, before, "as if nothing had been asked");
    let operations = world.operations_of(&disk).await;
    assert_eq!(operations.len(), 1);
    assert_eq!(operations[0]["kind"], "disk.detach");
    assert_eq!(operations[0]["given_up"], true);
    assert_eq!(operations[0]["last_event"], "the guest refused");

    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn detach_disk_keeps_the_disk_at_the_deadline_of_a_silent_guest() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.rule(NEVER_ONCE);
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.pass(299_999).await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    world.pass(1).await;
    assert_eq!(world.status_of(&disk).await, "In_use");
    let operations = world.operations_of(&disk).await;
    let reason = operations[0]["last_event"].as_str().unwrap();
    assert!(reason.starts_with("given up at the deadline"), "{reason}");
    assert!(reason.contains("waiting for the guest to let go of the device"), "{reason}");

    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available", "asked again, the guest answers");
}

#[tokio::test]
async fn held_operation_has_no_deadline_until_the_operator_releases_it() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    for _ in 0..60 {
        world.pass(60_000).await;
    }
    assert_eq!(world.status_of(&disk).await, "Detaching");
    let refused = format!(r#"{{"disk":"{disk}"}}"#);
    world.control("POST", "/transitions/refuse", &refused).await;
    world.settle().await;
    assert_eq!(world.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn completion_of_an_older_attachment_changes_nothing() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world
        .change_disk(&disk, |disk| {
            disk.generation += 1;
            disk.attachments[0].generation = disk.generation;
        })
        .await;
    let before: Value = serde_json::from_str(&world.tx()).unwrap();
    world.finish_all().await;
    let after: Value = serde_json::from_str(&world.tx()).unwrap();
    assert_eq!(after["disks"], before["disks"]);
    assert_eq!(after["operations"].as_array().unwrap().len(), 0, "the operation is over");
}

#[tokio::test]
async fn detaching_disk_can_be_neither_attached_nor_deleted() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let other = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    let expected = "The current status of the disk does not support this operation. The expected \
                    disk status is Available.";
    for to in [&instance, &other] {
        let refusal = (403, "IncorrectDiskStatus", expected);
        world.refuses("AttachDisk", &named(to, &disk), refusal).await;
    }
    let expected = "The current disk status does not support this operation.";
    world.refuses("DeleteDisk", &[("DiskId", &disk)], (403, "IncorrectDiskStatus", expected)).await;
    world.finish_all().await;
    world.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(world.status_of(&disk).await, "gone");
}

#[tokio::test]
async fn concurrent_detaches_of_a_disk_succeed_exactly_once() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    for _ in 0..8 {
        let disk = world.disk_on(&instance).await;
        let ask = named(&instance, &disk);
        let (one, other) =
            tokio::join!(world.call("DetachDisk", &ask), world.call("DetachDisk", &ask));
        let mut codes = [one.code(), other.code()];
        codes.sort_unstable();
        assert_eq!(codes, ["", "InvalidOperation.DiskDetachingFromThisEcs"]);
        world.finish_all().await;
        assert_eq!(world.status_of(&disk).await, "Available");
    }
}

#[tokio::test]
async fn concurrent_attaches_of_a_disk_succeed_exactly_once() {
    let world = TestServer::new().await;
    let one = world.running_instance().await;
    let other = world.running_instance().await;
    for _ in 0..8 {
        let disk = world.available_disk().await;
        let (to_one, to_other) = (named(&one, &disk), named(&other, &disk));
        let (first, second) =
            tokio::join!(world.call("AttachDisk", &to_one), world.call("AttachDisk", &to_other));
        let mut codes = [first.code(), second.code()];
        codes.sort_unstable();
        assert_eq!(codes, ["", "IncorrectDiskStatus"]);
        world.finish_all().await;
        assert_eq!(world.status_of(&disk).await, "In_use");
    }
    assert_eq!(world.differences().await, []);
}
