//! RebootInstance and RebootInstances: from Running through Starting to Running.

use domain::{InstanceStatus, LockReason};

use super::batch::{self, Batch};
use crate::harness::{REGION, TestServer};

#[tokio::test]
async fn reboot_instances_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let (fine, bad) = (server.run_one(&[]).await, server.run_one(&[]).await);
    let pair = Batch { one: "RebootInstance", many: "RebootInstances", fine: &fine, bad: &bad };
    for status in [InstanceStatus::Starting, InstanceStatus::Stopping, InstanceStatus::Stopped] {
        server.put_in(&bad, status).await;
        pair.expect_refusal(&server, (403, "IncorrectInstanceStatus")).await;
    }
    server.change_instance(&bad, |i| i.locks = vec![LockReason::Financial]).await;
    pair.expect_refusal(&server, (403, "InstanceExpiredOrInArrears")).await;
    server.change_instance(&bad, |i| i.locks.push(LockReason::Security)).await;
    pair.expect_refusal(&server, (403, "InstanceLockedForSecurity")).await;
    server.become_another_account().await;
    pair.not_found(&server).await;
}

#[tokio::test]
async fn a_batch_names_its_region_and_up_to_a_hundred_instances() {
    let server = TestServer::new().await;
    batch::refuses_malformed(&server, "RebootInstances").await;
}

#[tokio::test]
async fn reboot_instance_shows_starting_and_keeps_the_disks() {
    let server = TestServer::new().await;
    let id = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let ask = [("InstanceId", id.as_str()), ("ForceStop", "true")];
    for parameters in [&ask[..1], &ask] {
        server.ok("RebootInstance", parameters).await;
        assert_eq!(server.instance_status(&id).await, "Starting");
        server.expect_code("StopInstance", &ask[..1], (403, "IncorrectInstanceStatus")).await;
        server.finish_all().await;
        assert_eq!(server.instance_status(&id).await, "Running");
        assert_eq!(server.observe(&id).await.unwrap().disks.len(), 2);
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn reboot_instance_ignored_by_the_guest_leaves_it_running() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let before = server.show(&id).await;
    server.rule(r#"{"transition":"reboot","behaviour":{"do":"never"}}"#);
    server.ok("RebootInstance", &[("InstanceId", &id)]).await;
    server.pass(300_000).await;
    assert_eq!(server.show(&id).await, before);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn forced_reboot_that_fails_to_boot_leaves_the_instance_stopped() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    server.rule(r#"{"transition":"start","behaviour":{"do":"refuse"}}"#);
    server.ok("RebootInstance", &[("InstanceId", &id), ("ForceStop", "true")]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&id).await, "Stopped");
    assert!(!server.is_on(&id).await);
    assert_eq!(server.differences().await, []);
}

/// A guest that reboots while a disk leaves it must not hold the disk when that is Available.
#[tokio::test]
async fn reboot_instance_lets_a_detach_continue() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let disk = server.disk_on(&id).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"take","milliseconds":60000}}"#);
    server.ok("DetachDisk", &[("InstanceId", &id), ("DiskId", &disk)]).await;
    server.ok("RebootInstance", &[("InstanceId", &id), ("ForceStop", "true")]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&id).await, "Running");
    assert_eq!(server.status_of(&disk).await, "Detaching");
    assert_eq!(server.observe(&id).await.unwrap().disks.len(), 2);
    server.pass(60_000).await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.observe(&id).await.unwrap().disks.len(), 1);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn reboot_instances_with_success_first_reboots_the_possible_ones() {
    let server = TestServer::new().await;
    let (on, off) = (server.run_one(&[]).await, server.stopped_instance().await);
    let ask = [
        ("RegionId", REGION),
        ("InstanceId.1", off.as_str()),
        ("InstanceId.2", on.as_str()),
        ("BatchOptimization", "SuccessFirst"),
    ];
    let field = ("InstanceResponses", "InstanceResponse", "CurrentStatus");
    assert_eq!(server.list("RebootInstances", &ask, field).await, ["Stopped", "Starting"]);
    server.finish_all().await;
    assert_eq!(server.instance_status(&on).await, "Running");
}
