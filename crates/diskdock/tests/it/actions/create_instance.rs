//! CreateInstance: an instance that is off until it is started.
//!
//! Its refusals are told together with those of RunInstances.

use crate::harness::{TestServer, launch};

#[tokio::test]
async fn create_instance_goes_through_pending_to_stopped_and_can_be_started() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"take","milliseconds":3000}}"#;
    server.control("POST", "/rules", rule).await;
    let answer = server.ok("CreateInstance", &launch(&[("DataDisk.1.Size", Some("20"))])).await;
    let id = answer.text_at("InstanceId");
    assert_eq!(answer.text_at("OrderId"), "");
    assert_eq!(server.instance_status(&id).await, "Pending");
    let ask = [("InstanceId", id.as_str())];
    for (action, code) in [
        ("StartInstance", "IncorrectInstanceStatus"),
        ("StopInstance", "IncorrectInstanceStatus"),
        ("RebootInstance", "IncorrectInstanceStatus"),
        ("DeleteInstance", "IncorrectInstanceStatus.Initializing"),
    ] {
        server.expect_code(action, &ask, (403, code)).await;
    }
    server.finish_all().await;
    assert_eq!(server.instance_status(&id).await, "Stopped");
    assert!(!server.is_on(&id).await);
    assert_eq!(server.disks_of(&id).await.len(), 2);
    server.ok("StartInstance", &ask).await;
    assert_eq!(server.instance_status(&id).await, "Starting");
    server.finish_all().await;
    assert_eq!(server.instance_status(&id).await, "Running");
    assert!(server.is_on(&id).await);
    assert_eq!(server.observe(&id).await.unwrap().disks.len(), 2);
    assert_eq!(server.differences().await, []);
}

/// Some clients start at once what they created.
#[tokio::test]
async fn start_instance_is_accepted_right_after_create_instance() {
    let server = TestServer::new().await;
    let id = server.ok("CreateInstance", &launch(&[])).await.text_at("InstanceId");
    server.ok("StartInstance", &[("InstanceId", &id)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&id).await, "Running");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn create_instance_returns_an_order_and_repeats_by_token() {
    let server = TestServer::new().await;
    let ask = launch(&[
        ("InstanceChargeType", Some("PrePaid")),
        ("Period", Some("2")),
        ("PeriodUnit", Some("Week")),
        ("ClientToken", Some("token-1")),
    ]);
    let first = server.ok("CreateInstance", &ask).await;
    assert!(!first.text_at("OrderId").is_empty());
    let again = server.ok("CreateInstance", &ask).await;
    assert_eq!(again.text_at("InstanceId"), first.text_at("InstanceId"));
    assert_eq!(again.text_at("OrderId"), first.text_at("OrderId"));
    let other = launch(&[("ClientToken", Some("token-1"))]);
    server.expect_code("CreateInstance", &other, (400, "IdempotentParameterMismatch")).await;
    let shown = server.show(&first.text_at("InstanceId")).await;
    assert_eq!(shown["ExpiredTime"], "2026-01-16T03:04Z");
}
