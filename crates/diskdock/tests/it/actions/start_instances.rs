//! StartInstance and StartInstances: from Stopped through Starting to Running.

use domain::{InstanceStatus, LockReason};
use serde_json::json;

use super::batch::{self, Batch};
use crate::harness::{REGION, TestServer};

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer, of the one and of the batch.
#[tokio::test]
async fn start_instances_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let (fine, bad) = (server.stopped_instance().await, server.stopped_instance().await);
    let disk = server.available_disk().await;
    server.rule(r#"{"transition":"attach","behaviour":{"do":"hold"}}"#);
    server.ok("AttachDisk", &[("InstanceId", &bad), ("DiskId", &disk)]).await;
    let pair = Batch { one: "StartInstance", many: "StartInstances", fine: &fine, bad: &bad };
    pair.expect_refusal(&server, (403, "DiskError")).await;
    server.change_instance(&bad, |i| i.system_disk = None).await;
    pair.expect_refusal(&server, (400, "InvalidInstance.NotFoundSystemDisk")).await;
    for status in [InstanceStatus::Starting, InstanceStatus::Running, InstanceStatus::Stopping] {
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
    batch::refuses_malformed(&server, "StartInstances").await;
}

#[tokio::test]
async fn start_instances_with_success_first_starts_the_possible_ones() {
    let server = TestServer::new().await;
    let (off, on) = (server.stopped_instance().await, server.run_one(&[]).await);
    let ask = [
        ("RegionId", REGION),
        ("InstanceId.1", off.as_str()),
        ("InstanceId.2", on.as_str()),
        ("InstanceId.3", "i-nowhere"),
        ("InstanceId.4", off.as_str()),
        ("BatchOptimization", "SuccessFirst"),
    ];
    let answer = server.ok("StartInstances", &ask).await;
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
    server.finish_all().await;
    assert_eq!(server.instance_status(&off).await, "Running");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn start_instances_with_all_together_starts_all() {
    let server = TestServer::new().await;
    let (one, other) = (server.stopped_instance().await, server.stopped_instance().await);
    let ask = [("RegionId", REGION), ("InstanceId.1", &one), ("InstanceId.2", &other)];
    let field = ("InstanceResponses", "InstanceResponse", "CurrentStatus");
    assert_eq!(server.list("StartInstances", &ask, field).await, ["Starting"; 2]);
    server.finish_all().await;
    for id in [&one, &other] {
        assert_eq!(server.instance_status(id).await, "Running");
    }
}

/// The way of recovering a system disk on another machine, and back.
#[tokio::test]
async fn start_instance_refuses_an_instance_without_system_disk() {
    let server = TestServer::new().await;
    let instance = server.stopped_instance().await;
    let disk = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let ask = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.ok("DetachDisk", &ask).await;
    // While the disk is on its way off, the machine must not boot from it.
    server.expect_code("StartInstance", &ask[..1], (403, "DiskError")).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    let gone = (400, "InvalidInstance.NotFoundSystemDisk");
    server.expect_code("StartInstance", &ask[..1], gone).await;

    let rescuer = server.run_one(&[]).await;
    let lent = [("InstanceId", rescuer.as_str()), ("DiskId", disk.as_str())];
    server.ok("AttachDisk", &lent).await;
    server.finish_all().await;
    server.expect_code("StartInstance", &ask[..1], gone).await;
    server.ok("DetachDisk", &lent).await;
    server.finish_all().await;

    let back = [ask[0], ask[1], ("Bootable", "true"), ("Password", "Example-1234")];
    server.ok("AttachDisk", &back).await;
    server.expect_code("StartInstance", &ask[..1], gone).await;
    server.finish_all().await;
    server.ok("StartInstance", &ask[..1]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "Running");
    assert_eq!(server.describe(&disk).await["Type"], "system");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn start_time_and_stopped_mode_follow_the_power_state() {
    let server = TestServer::new().await;
    let instance = server.stopped_instance().await;
    assert_eq!(server.show(&instance).await["StoppedMode"], "KeepCharging");
    server.pass(3_600_000).await;
    server.ok("StartInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    let shown = server.show(&instance).await;
    assert_eq!(shown["StoppedMode"], "Not-applicable");
    assert_eq!(shown["StartTime"], "2026-01-02T04:04Z");
}
