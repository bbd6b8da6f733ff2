//! StopInstance and StopInstances: from Running through Stopping to Stopped.

use domain::{ChargeType, InstanceStatus, LockReason};

use super::batch::{self, Batch};
use crate::harness::{REGION, TestServer};

#[tokio::test]
async fn stop_instances_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let (fine, bad) = (server.run_one(&[]).await, server.run_one(&[]).await);
    let pair = Batch { one: "StopInstance", many: "StopInstances", fine: &fine, bad: &bad };
    let free = [("StoppedMode", "StopCharging")];
    let unsupported = (403, "InvalidInstanceId.NotSupport");
    let ask = [("InstanceId", bad.as_str()), free[0]];
    server.change_instance(&bad, |i| i.instance_type = "ecs.i2.xlarge".to_owned()).await;
    pair.refuses_with(&server, &free, unsupported).await;
    let local = "Local disk instance does not support this operation.";
    server.expect_refusal("StopInstance", &ask, (403, unsupported.1, local)).await;
    server.change_instance(&bad, |i| i.spot_strategy = "SpotAsPriceGo".to_owned()).await;
    pair.refuses_with(&server, &free, unsupported).await;
    let spot = "Spot instance does not support this operation.";
    server.expect_refusal("StopInstance", &ask, (403, unsupported.1, spot)).await;
    server.change_instance(&bad, |i| i.charge_type = ChargeType::PrePaid).await;
    pair.refuses_with(&server, &free, unsupported).await;
    let prepaid = "Pre pay instance does not support this operation.";
    server.expect_refusal("StopInstance", &ask, (403, unsupported.1, prepaid)).await;
    let sleep = [ask[0], ask[1], ("Hibernate", "true")];
    server.expect_code("StopInstance", &sleep, (403, "HibernationConfigured.NotEnabled")).await;
    for status in [InstanceStatus::Starting, InstanceStatus::Stopping, InstanceStatus::Stopped] {
        server.put_in(&bad, status).await;
        pair.refuses_with(&server, &free, (403, "IncorrectInstanceStatus")).await;
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
    batch::refuses_malformed(&server, "StopInstances").await;
}

#[tokio::test]
async fn stop_instance_sets_the_stopped_mode() {
    let server = TestServer::new().await;
    let prepaid = [("InstanceChargeType", Some("PrePaid")), ("Period", Some("1"))];
    for (launch, mode, expected) in [
        (&[][..], None, "KeepCharging"),
        (&[], Some("KeepCharging"), "KeepCharging"),
        (&[], Some("StopCharging"), "StopCharging"),
        (&prepaid, None, "Not-applicable"),
    ] {
        let id = server.run_one(launch).await;
        let mut ask = vec![("InstanceId", id.as_str())];
        ask.extend(mode.map(|mode| ("StoppedMode", mode)));
        server.ok("StopInstance", &ask).await;
        assert_eq!(server.instance_status(&id).await, "Stopping");
        assert!(server.is_on(&id).await);
        server.finish_all().await;
        let shown = server.show(&id).await;
        assert_eq!(
            (&shown["Status"], &shown["StoppedMode"]),
            (&"Stopped".into(), &expected.into())
        );
        assert!(!server.is_on(&id).await);
    }
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn stop_instance_without_force_fails_when_the_guest_ignores_it() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    server.rule(r#"{"transition":"stop","behaviour":{"do":"never"}}"#);
    let ask = [("InstanceId", id.as_str()), ("ForceStop", "true")];
    server.ok("StopInstance", &ask[..1]).await;
    server.pass(299_000).await;
    assert_eq!(server.instance_status(&id).await, "Stopping");
    server.pass(1_000).await;
    let shown = server.show(&id).await;
    assert_eq!(
        (&shown["Status"], &shown["StoppedMode"]),
        (&"Running".into(), &"Not-applicable".into())
    );
    assert!(server.is_on(&id).await);
    server.ok("StopInstance", &ask).await;
    server.drain().await;
    assert_eq!(server.instance_status(&id).await, "Stopped");
    assert_eq!(server.differences().await, []);
}

/// A disk that is leaving while its instance stops is not free before the guest let go of it.
#[tokio::test]
async fn stop_instance_lets_attaches_and_detaches_continue() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let (leaving, coming) = (server.disk_on(&instance).await, server.available_disk().await);
    let ask = |disk| [("InstanceId", instance.as_str()), ("DiskId", disk)];
    for transition in ["attach", "detach"] {
        server.rule(&format!(r#"{{"transition":"{transition}","behaviour":{{"do":"hold"}}}}"#));
    }
    server.ok("DetachDisk", &ask(&leaving)).await;
    server.ok("AttachDisk", &ask(&coming)).await;
    server.ok("StopInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "Stopped");
    assert_eq!(server.status_of(&leaving).await, "Detaching");
    assert_eq!(server.status_of(&coming).await, "Attaching");
    server.expect_code("StartInstance", &ask(&coming)[..1], (403, "DiskError")).await;
    for disk in [&leaving, &coming] {
        let body = serde_json::json!({ "disk": disk }).to_string();
        server.control("POST", "/transitions/finish", &body).await;
    }
    server.finish_all().await;
    assert_eq!(server.status_of(&leaving).await, "Available");
    assert_eq!(server.status_of(&coming).await, "In_use");
    server.ok("StartInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn stop_instances_with_success_first_stops_the_possible_ones() {
    let server = TestServer::new().await;
    let (on, off) = (server.run_one(&[]).await, server.stopped_instance().await);
    let ask = [
        ("RegionId", REGION),
        ("InstanceId.1", off.as_str()),
        ("InstanceId.2", on.as_str()),
        ("BatchOptimization", "SuccessFirst"),
        ("ForceStop", "true"),
    ];
    let field = |field| ("InstanceResponses", "InstanceResponse", field);
    let codes = server.list("StopInstances", &ask, field("Code")).await;
    assert_eq!(codes, ["IncorrectInstanceStatus", "200"]);
    server.finish_all().await;
    assert_eq!(server.instance_status(&on).await, "Stopped");
}

/// Terraform sends the StoppedMode that DescribeInstances showed.
#[tokio::test]
async fn stop_instance_reads_stopped_mode_not_applicable_as_not_sent() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let shown = server.show(&instance).await["StoppedMode"].as_str().unwrap().to_owned();
    assert_eq!(shown, "Not-applicable");
    server.ok("StopInstance", &[("InstanceId", &instance), ("StoppedMode", &shown)]).await;
    server.finish_all().await;
    assert_eq!(server.show(&instance).await["StoppedMode"], "KeepCharging");
}
