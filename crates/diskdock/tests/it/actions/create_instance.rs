//! CreateInstance: an instance that is off until it is started.
//!
//! Its refusals are told together with those of RunInstances.

use crate::harness::{TestServer, launch};

#[tokio::test]
async fn create_instance_goes_through_pending_to_stopped_and_can_be_started() {
    let world = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"take","milliseconds":3000}}"#;
    world.control("POST", "/rules", rule).await;
    let answer = world.ok("CreateInstance", &launch(&[("DataDisk.1.Size", Some("20"))])).await;
    let id = answer.text_at("InstanceId");
    assert_eq!(answer.text_at("OrderId"), "");
    assert_eq!(world.instance_status(&id).await, "Pending");
    let ask = [("InstanceId", id.as_str())];
    for (action, code) in [
        ("StartInstance", "IncorrectInstanceStatus"),
        ("StopInstance", "IncorrectInstanceStatus"),
        ("RebootInstance", "IncorrectInstanceStatus"),
        ("DeleteInstance", "IncorrectInstanceStatus.Initializing"),
    ] {
        world.turns_down(action, &ask, (403, code)).await;
    }
    world.finish_all().await;
    assert_eq!(world.instance_status(&id).await, "Stopped");
    assert!(!world.is_on(&id).await);
    assert_eq!(world.disks_of(&id).await.len(), 2);
    world.ok("StartInstance", &ask).await;
    assert_eq!(world.instance_status(&id).await, "Starting");
    world.finish_all().await;
    assert_eq!(world.instance_status(&id).await, "Running");
    assert!(world.is_on(&id).await);
    assert_eq!(world.observe(&id).await.unwrap().disks.len(), 2);
    assert_eq!(world.differences().await, []);
}

/// Some clients start at once what they created.
#[tokio::test]
async fn start_instance_is_accepted_right_after_create_instance() {
    let world = TestServer::new().await;
    let id = world.ok("CreateInstance", &launch(&[])).await.text_at("InstanceId");
    world.ok("StartInstance", &[("InstanceId", &id)]).await;
    world.finish_all().await;
    assert_eq!(world.instance_status(&id).await, "Running");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn create_instance_returns_an_order_and_repeats_by_token() {
    let world = TestServer::new().await;
    let ask = launch(&[
        ("InstanceChargeType", Some("PrePaid")),
        ("Period", Some("2")),
        ("PeriodUnit", Some("Week")),
        ("ClientToken", Some("token-1")),
    ]);
    let first = world.ok("CreateInstance", &ask).await;
    assert!(!first.text_at("OrderId").is_empty());
    let again = world.ok("CreateInstance", &ask).await;
    assert_eq!(again.text_at("InstanceId"), first.text_at("InstanceId"));
    assert_eq!(again.text_at("OrderId"), first.text_at("OrderId"));
    let shown = world.show(&first.text_at("InstanceId")).await;
    assert_eq!(shown["ExpiredTime"], "2026-01-16T03:04Z");
}
