//! DeleteInstance and DeleteInstances: no disk is free before the machine is off.

mod promise;

use domain::{ChargeType, InstanceStatus, LockReason};

use super::batch;
use crate::harness::{BEGINNING, REGION, TestServer};

async fn both_refuse(
    server: &TestServer,
    [fine, bad]: [&str; 2],
    more: &[(&str, &str)],
    expected: (u16, &str),
) {
    let one = [&[("InstanceId", bad)], more].concat();
    server.expect_code("DeleteInstance", &one, expected).await;
    let ids = [("RegionId", REGION), ("InstanceId.1", fine), ("InstanceId.2", bad)];
    server.expect_code("DeleteInstances", &[&ids, more].concat(), expected).await;
}

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer.
#[tokio::test]
async fn delete_instances_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let (fine, bad) = (server.stopped_instance().await, server.stopped_instance().await);
    let both = [fine.as_str(), bad.as_str()];
    let force = [("Force", "true")];
    let status = (403, "IncorrectInstanceStatus");
    let disk = server.available_disk().await;
    server.rule(r#"{"transition":"attach","behaviour":{"do":"hold"}}"#);
    server.ok("AttachDisk", &[("InstanceId", &bad), ("DiskId", &disk)]).await;
    both_refuse(&server, both, &force, status).await;
    server.put_in(&bad, InstanceStatus::Running).await;
    both_refuse(&server, both, &[], status).await;
    server.put_in(&bad, InstanceStatus::Stopping).await;
    both_refuse(&server, both, &force, status).await;
    for early in [InstanceStatus::Pending, InstanceStatus::Starting] {
        server.put_in(&bad, early).await;
        both_refuse(&server, both, &force, (403, "IncorrectInstanceStatus.Initializing")).await;
    }
    server
        .change_instance(&bad, |i| {
            i.charge_type = ChargeType::PrePaid;
            i.expires_at = Some(BEGINNING.plus_s(60));
        })
        .await;
    let subscribed = (403, "ChargeTypeViolation");
    both_refuse(&server, both, &[force[0], ("TerminateSubscription", "true")], subscribed).await;
    server.pass(60_000).await;
    both_refuse(&server, both, &force, subscribed).await;
    server.change_instance(&bad, |i| i.deletion_protection = true).await;
    both_refuse(&server, both, &force, (403, "InvalidOperation.DeletionProtection")).await;
    server.change_instance(&bad, |i| i.locks = vec![LockReason::Security]).await;
    both_refuse(&server, both, &force, (403, "InstanceLockedForSecurity")).await;
    server.become_another_account().await;
    let ids = [("RegionId", REGION), ("InstanceId.1", bad.as_str())];
    server.expect_code("DeleteInstances", &ids, (404, "InvalidInstanceIds.NotFound")).await;
    let id = [("InstanceId", bad.as_str())];
    server.expect_code("DeleteInstance", &id, (404, "InvalidInstanceId.NotFound")).await;
}

#[tokio::test]
async fn a_batch_names_its_region_and_up_to_a_hundred_instances() {
    let server = TestServer::new().await;
    batch::refuses_malformed(&server, "DeleteInstances").await;
}

#[tokio::test]
async fn delete_instance_releases_an_ended_subscription_and_an_instance_in_arrears() {
    let server = TestServer::new().await;
    let prepaid = [("InstanceChargeType", Some("PrePaid")), ("Period", Some("1"))];
    let ended = server.run_one(&prepaid).await;
    server.change_instance(&ended, |i| i.expires_at = Some(BEGINNING)).await;
    let owing = server.run_one(&[]).await;
    server.change_instance(&owing, |i| i.locks = vec![LockReason::Financial]).await;
    for id in [&ended, &owing] {
        let end = ("TerminateSubscription", "true");
        let ask = [("InstanceId", id.as_str()), ("Force", "true"), end];
        server.ok("DeleteInstance", &ask).await;
        server.finish_all().await;
        assert_eq!(server.instance_status(id).await, "gone");
        assert_eq!(server.disks_of(id).await.len(), 0);
    }
}

#[tokio::test]
async fn delete_instances_is_atomic_and_repeats_by_token() {
    let server = TestServer::new().await;
    let ids = server.run(&[("Amount", Some("3"))]).await;
    let ask = [
        ("RegionId", REGION),
        ("InstanceId.1", ids[0].as_str()),
        ("InstanceId.2", &ids[1]),
        ("InstanceId.3", &ids[0]),
        ("Force", "true"),
        ("ClientToken", "token-1"),
    ];
    server.ok("DeleteInstances", &ask).await;
    server.drain().await;
    server.finish_all().await;
    for (id, status) in ids.iter().zip(["gone", "gone", "Running"]) {
        assert_eq!(server.instance_status(id).await, status);
    }
    let before = server.export_json();
    server.ok("DeleteInstances", &ask).await;
    assert_eq!(server.export_json(), before, "a repeated request has its effect once");
    let mismatch = (400, "IdempotentParameterMismatch");
    server.expect_code("DeleteInstances", &[&ask[..2], &ask[4..]].concat(), mismatch).await;
    assert_eq!(server.differences().await, []);
}
