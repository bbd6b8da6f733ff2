//! StartInstance and StartInstances: from Stopped through Starting to Running.

use domain::{InstanceStatus, LockReason};
use serde_json::json;

use super::batch::{self, Batch};
use crate::harness::{REGION, TestServer};

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer, of the one and of the batch.
#[tokio::test]
async fn start_instances_answers_the_first_failed_precondition() {
    let mut world = TestServer::new().await;
    let (fine, bad) = (world.stopped_instance().await, world.stopped_instance().await);
    let disk = world.available_disk().await;
    world.rule(r#"{"transition":"attach","behaviour":{"do":"hold"}}"#);
    world.ok("AttachDisk", &[("InstanceId", &bad), ("DiskId", &disk)]).await;
    let pair = Batch { one: "StartInstance", many: "StartInstances", fine: &fine, bad: &bad };
    pair.refuses(&world, (403, "DiskError")).await;
    world.change_instance(&bad, |i| i.system_disk = None).await;
    pair.refuses(&world, (400, "InvalidInstance.NotFoundSystemDisk")).await;
    for status in [InstanceStatus::Starting, InstanceStatus::Running, InstanceStatus::Stopping] {
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
    batch::refuses_malformed(&world, "StartInstances").await;
}

#[tokio::test]
async fn start_instances_with_success_first_starts_the_possible_ones() {
    let world = TestServer::new().await;
    let (off, on) = (world.stopped_instance().await, world.run_one(&[]).await);
    let ask = [
        ("RegionId", REGION),
        ("InstanceId.1", off.as_str()),
        ("InstanceId.2", on.as_str()),
        ("InstanceId.3", "i-nowhere"),
        ("InstanceId.4", off.as_str()),
        ("BatchOptimization", "SuccessFirst"),
    ];
    let answer = world.ok("StartInstances", &ask).await;
    let expected = json!([
        {
            "InstanceId": off, "Code": "200", "Message": "success",
            "PreviousStatus": "Stopped", "CurrentStatus": "Starting",
        },
        {
            "InstanceId": on, "Code": "IncorrectInstanceStatus",
            "Message": "The current status of the resource does not support this operation.",
            "PreviousStatus": "Running", "CurrentStatus": "Running",
        },
        {
            "InstanceId": "i-nowhere", "Code": "InvalidInstanceId.NotFound",
            "Message": "The specified InstanceId does not exist.",
            "PreviousStatus": "", "CurrentStatus": "",
        },
    ]);
    assert_eq!(answer.json["InstanceResponses"]["InstanceResponse"], expected);
    world.finish_all().await;
    assert_eq!(world.instance_status(&off).await, "Running");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn start_instances_with_all_together_starts_all() {
    let world = TestServer::new().await;
    let (one, other) = (world.stopped_instance().await, world.stopped_instance().await);
    let ask = [("RegionId", REGION), ("InstanceId.1", &one), ("InstanceId.2", &other)];
    let field = ("InstanceResponses", "InstanceResponse", "CurrentStatus");
    assert_eq!(world.list("StartInstances", &ask, field).await, ["Starting"; 2]);
    world.finish_all().await;
    for id in [&one, &other] {
        assert_eq!(world.instance_status(id).await, "Running");
    }
}

/// The way of recovering a system disk on another machine, and back.
#[tokio::test]
async fn start_instance_refuses_an_instance_without_system_disk() {
    let world = TestServer::new().await;
    let instance = world.stopped_instance().await;
    let disk = world.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let ask = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    world.ok("DetachDisk", &ask).await;
    // While the disk is on its way off, the machine must not boot from it.
    world.turns_down("StartInstance", &ask[..1], (403, "DiskError")).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
    let gone = (400, "InvalidInstance.NotFoundSystemDisk");
    world.turns_down("StartInstance", &ask[..1], gone).await;

    let rescuer = world.run_one(&[]).await;
    let lent = [("InstanceId", rescuer.as_str()), ("DiskId", disk.as_str())];
    world.ok("AttachDisk", &lent).await;
    world.finish_all().await;
    world.turns_down("StartInstance", &ask[..1], gone).await;
    world.ok("DetachDisk", &lent).await;
    world.finish_all().await;

    let back = [ask[0], ask[1], ("Bootable", "true"), ("Password", "Example-1234")];
    world.ok("AttachDisk", &back).await;
    world.turns_down("StartInstance", &ask[..1], gone).await;
    world.finish_all().await;
    world.ok("StartInstance", &ask[..1]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&instance).await, "Running");
    assert_eq!(world.describe(&disk).await["Type"], "system");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn start_time_and_stopped_mode_follow_the_power_state() {
    let world = TestServer::new().await;
    let instance = world.stopped_instance().await;
    assert_eq!(world.show(&instance).await["StoppedMode"], "KeepCharging");
    world.pass(3_600_000).await;
    world.ok("StartInstance", &[("InstanceId", &instance)]).await;
    world.finish_all().await;
    let shown = world.show(&instance).await;
    assert_eq!(shown["StoppedMode"], "Not-applicable");
    assert_eq!(shown["StartTime"], "2026-01-02T04:04Z");
}
