//! RebootInstance and RebootInstances: from Running through Starting to Running.

use domain::{InstanceStatus, LockReason};

use super::batch::{self, Batch};
use crate::harness::{REGION, TestServer};

#[tokio::test]
async fn reboot_instances_answers_the_first_failed_precondition() {
    let mut world = TestServer::new().await;
    let (fine, bad) = (world.run_one(&[]).await, world.run_one(&[]).await);
    let pair = Batch { one: "RebootInstance", many: "RebootInstances", fine: &fine, bad: &bad };
    for status in [InstanceStatus::Starting, InstanceStatus::Stopping, InstanceStatus::Stopped] {
        world.put_in(&bad, status).await;
        pair.refuses(&world, (403, "IncorrectInstanceStatus")).await;
    }
    world.change_instance(&bad, |i| i.locks = vec![LockReason::Financial]).await;
    pair.refuses(&world, (403, "InstanceExpiredOrInArrears")).await;
    world.change_instance(&bad, |i| i.locks.push(LockReason::Security)).await;
    pair.refuses(&world, (403, "InstanceLockedForSecurity")).await;
    world.become_another_account().await;
    pair.not_found(&world).await;
}

#[tokio::test]
async fn a_batch_names_its_region_and_up_to_a_hundred_instances() {
    let world = TestServer::new().await;
    batch::refuses_malformed(&world, "RebootInstances").await;
}

#[tokio::test]
async fn reboot_instance_shows_starting_and_keeps_the_disks() {
    let world = TestServer::new().await;
    let id = world.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let ask = [("InstanceId", id.as_str()), ("ForceStop", "true")];
    for parameters in [&ask[..1], &ask] {
        world.ok("RebootInstance", parameters).await;
        assert_eq!(world.instance_status(&id).await, "Starting");
        world.turns_down("StopInstance", &ask[..1], (403, "IncorrectInstanceStatus")).await;
        world.finish_all().await;
        assert_eq!(world.instance_status(&id).await, "Running");
        assert_eq!(world.observe(&id).await.unwrap().disks.len(), 2);
        assert_eq!(world.differences().await, []);
    }
}

#[tokio::test]
async fn reboot_instance_ignored_by_the_guest_leaves_it_running() {
    let world = TestServer::new().await;
    let id = world.run_one(&[]).await;
    let before = world.show(&id).await;
    world.rule(r#"{"transition":"reboot","behaviour":{"do":"never"}}"#);
    world.ok("RebootInstance", &[("InstanceId", &id)]).await;
    world.pass(300_000).await;
    assert_eq!(world.show(&id).await, before);
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn forced_reboot_that_fails_to_boot_leaves_the_instance_stopped() {
    let world = TestServer::new().await;
    let id = world.run_one(&[]).await;
    world.rule(r#"{"transition":"start","behaviour":{"do":"refuse"}}"#);
    world.ok("RebootInstance", &[("InstanceId", &id), ("ForceStop", "true")]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&id).await, "Stopped");
    assert!(!world.is_on(&id).await);
    assert_eq!(world.differences().await, []);
}

/// A guest that reboots while a disk leaves it must not hold the disk when that is Available.
#[tokio::test]
async fn reboot_instance_lets_a_detach_continue() {
    let world = TestServer::new().await;
    let id = world.run_one(&[]).await;
    let disk = world.disk_on(&id).await;
    world.rule(r#"{"transition":"detach","behaviour":{"do":"take","milliseconds":60000}}"#);
    world.ok("DetachDisk", &[("InstanceId", &id), ("DiskId", &disk)]).await;
    world.ok("RebootInstance", &[("InstanceId", &id), ("ForceStop", "true")]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&id).await, "Running");
    assert_eq!(world.status_of(&disk).await, "Detaching");
    assert_eq!(world.observe(&id).await.unwrap().disks.len(), 2);
    world.pass(60_000).await;
    assert_eq!(world.status_of(&disk).await, "Available");
    assert_eq!(world.observe(&id).await.unwrap().disks.len(), 1);
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn reboot_instances_with_success_first_reboots_the_possible_ones() {
    let world = TestServer::new().await;
    let (on, off) = (world.run_one(&[]).await, world.stopped_instance().await);
    let ask = [
        ("RegionId", REGION),
        ("InstanceId.1", off.as_str()),
        ("InstanceId.2", on.as_str()),
        ("BatchOptimization", "SuccessFirst"),
    ];
    let field = ("InstanceResponses", "InstanceResponse", "CurrentStatus");
    assert_eq!(world.list("RebootInstances", &ask, field).await, ["Stopped", "Starting"]);
    world.finish_all().await;
    assert_eq!(world.instance_status(&on).await, "Running");
}
