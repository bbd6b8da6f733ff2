//! The operator's controls.

mod changes;
mod console;
mod history;
mod lost;
mod pause;
mod transitions;

use serde_json::{Value, json};

use crate::harness::{REGION, TOKEN, TestServer};

fn named<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn fault_with_a_code_applies_to_the_first_calls() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let plan = r#"{"action":"DetachDisk","skip":0,"times":2,
                   "fault":{"do":"answer","code":"IncorrectDiskStatus"}}"#;
    server.control("POST", "/faults", plan).await;
    let expected = "The current disk status does not support this operation.";
    // In JSON and in XML: two calls.
    let refusal = (403, "IncorrectDiskStatus", expected);
    server.expect_refusal("DetachDisk", &named(&instance, &disk), refusal).await;
    assert_eq!(server.control("GET", "/faults", "").await["faults"], json!([]));
    server.ok("DetachDisk", &named(&instance, &disk)).await;
}

#[tokio::test]
async fn fault_of_another_product_applies_to_the_action_of_that_product_alone() {
    let server = TestServer::new().await;
    for (key, code) in [("Vpc.CreateVpc", "Throttling"), ("Ram.TagResources", "Throttling")] {
        let plan = json!({"action": key, "fault": {"do": "answer", "code": code}});
        server.control("POST", "/faults", &plan.to_string()).await;
    }
    let plan = r#"{"action":"Ecs.DescribeDisks","fault":{"do":"throttle"}}"#;
    server.control("POST", "/faults", plan).await;
    let region = [("RegionId", REGION)];
    assert_eq!(server.call("Vpc.CreateVpc", &region).await.refusal().1, "Throttling");
    assert_eq!(server.call("DescribeDisks", &region).await.refusal().1, "Throttling.User");
    let disk = server.available_disk().await;
    let tag = [("RegionId", REGION), ("ResourceType", "disk"), ("ResourceId.1", &disk)];
    let tag: Vec<_> = tag.into_iter().chain([("Tag.1.Key", "a"), ("Tag.1.Value", "b")]).collect();
    server.ok("TagResources", &tag).await;
}

#[tokio::test]
async fn throttling_fault_applies_until_faults_are_cleared() {
    let server = TestServer::new().await;
    server.control("POST", "/faults", r#"{"skip":1,"fault":{"do":"throttle"}}"#).await;
    let ask = [("RegionId", REGION)];
    server.ok("DescribeDisks", &ask).await;
    let throttled = (400, "Throttling.User", "Request was denied due to user flow control.");
    server.expect_refusal("DescribeDisks", &ask, throttled).await;
    server.expect_refusal("DescribeDisks", &ask, throttled).await;
    server.control("DELETE", "/faults", "").await;
    server.ok("DescribeDisks", &ask).await;
}

#[tokio::test]
async fn dropped_reply_fault_keeps_the_effect() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let plan = r#"{"action":"DetachDisk","times":1,"fault":{"do":"drop_reply"}}"#;
    server.control("POST", "/faults", plan).await;
    let now = server.assembly.gateway.services.clock.now();
    let ask = named(&instance, &disk);
    let request = server.signer.sign(crate::harness::Style::default(), "DetachDisk", &ask, now);
    assert!(server.send(request).await.is_none(), "nothing comes back");
    assert_eq!(server.status_of(&disk).await, "Detaching");
    let again = server.call("DetachDisk", &ask).await;
    assert_eq!(again.refusal(), (403, "InvalidOperation.DiskDetachingFromThisEcs"));
}

#[tokio::test]
async fn duplicate_delivery_fault_returns_the_second_reply() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let plan = r#"{"action":"DetachDisk","times":1,"fault":{"do":"twice"}}"#;
    server.control("POST", "/faults", plan).await;
    let answer = server.call("DetachDisk", &named(&instance, &disk)).await;
    assert_eq!(answer.refusal(), (403, "InvalidOperation.DiskDetachingFromThisEcs"));
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn invalid_fault_is_refused() {
    let server = TestServer::new().await;
    for plan in [
        r#"{"action":"DetachDiks","fault":{"do":"throttle"}}"#,
        r#"{"times":0,"fault":{"do":"throttle"}}"#,
        r#"{"fault":{"do":"answer","code":"NoSuchCode"}}"#,
        r#"{"fault":{"do":"slow","milliseconds":600001}}"#,
        r#"{"fault":{"do":"explode"}}"#,
        r#"{"fault":{"do":"throttle"},"colour":"red"}"#,
        "{}",
        "not json",
    ] {
        let (status, reply) = server.try_control("POST", "/faults", plan).await;
        assert_eq!(status, 400, "{plan}: {reply}");
        assert!(reply["error"].is_string() && reply["hint"].is_string(), "{reply}");
    }
    assert_eq!(server.control("GET", "/faults", "").await["faults"], json!([]));
}

#[tokio::test]
async fn held_transitions_end_as_the_operator_decides() {
    for (transition, verb, expected) in [
        ("attach", "finish", "In_use"),
        ("attach", "refuse", "Available"),
        ("detach", "finish", "Available"),
        ("detach", "refuse", "In_use"),
    ] {
        let server = TestServer::new().await;
        let instance = server.running_instance().await;
        let disk = server.available_disk().await;
        let rule = json!({
            "transition": transition, "disk": disk, "times": 1, "behaviour": { "do": "hold" },
        });
        server.control("POST", "/rules", &rule.to_string()).await;
        server.ok("AttachDisk", &named(&instance, &disk)).await;
        if transition == "detach" {
            server.finish_all().await;
            server.ok("DetachDisk", &named(&instance, &disk)).await;
        }
        server.pass(400_000).await;
        assert!(["Attaching", "Detaching"].contains(&server.status_of(&disk).await.as_str()));
        let reply = server
            .control("POST", &format!("/transitions/{verb}"), &json!({ "disk": disk }).to_string())
            .await;
        assert_eq!(reply["transitions"], 1);
        server.drain().await;
        assert_eq!(server.status_of(&disk).await, expected, "{transition} {verb}");
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn transition_takes_the_time_that_the_operator_sets() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let rule = r#"{"transition":"detach","behaviour":{"do":"take","milliseconds":60000}}"#;
    server.control("POST", "/rules", rule).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.pass(59_999).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.pass(1).await;
    assert_eq!(server.status_of(&disk).await, "Available");
    server.control("DELETE", "/rules", "").await;
    server.control("PUT", "/pace", r#"{"pace":"250ms"}"#).await;
    server.ok("AttachDisk", &named(&instance, &disk)).await;
    server.pass(250).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn reset_ends_the_rules_for_new_disks_too() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"take","milliseconds":5000}}"#;
    server.control("POST", "/rules", rule).await;
    server.control("POST", "/reset", "").await;
    let disk = server.available_disk().await;
    assert_eq!(server.status_of(&disk).await, "Available", "there at once, without a rule");
}

#[tokio::test]
async fn import_of_an_export_continues_operations_in_flight() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let leaving = server.disk_on(&instance).await;
    let coming = server.available_disk().await;
    server.ok("DetachDisk", &named(&instance, &leaving)).await;
    server.ok("AttachDisk", &named(&instance, &coming)).await;
    server.control("POST", "/clock/hold", "").await;
    let exported = server.control("GET", "/state", "").await;
    let before = server.export_json();
    server.control("POST", "/reset", "").await;
    assert_eq!(server.status_of(&leaving).await, "gone");
    // A reset lets the clock run; the story stops it again where it was.
    server.control("POST", "/clock/hold", "").await;
    let reply = server.control("PUT", "/state", &exported.to_string()).await;
    for (what, count) in [("disks", 2), ("instances", 1), ("operations", 2)] {
        assert_eq!(reply["imported"][what], count, "{what}");
    }
    let now: Value = serde_json::from_str(&server.export_json()).unwrap();
    let was: Value = serde_json::from_str(&before).unwrap();
    for part in ["disks", "instances"] {
        assert_eq!(now[part], was[part]);
    }
    assert_eq!(now["operations"].as_array().unwrap().len(), 2);
    server.finish_all().await;
    assert_eq!(server.operations_of(&coming).await.len(), 0);
    assert_eq!(server.differences().await, []);
    assert_eq!(server.status_of(&leaving).await, "Available");
    assert_eq!(server.status_of(&coming).await, "In_use");
}

#[tokio::test]
async fn inconsistent_import_is_refused_and_changes_nothing() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    server.disk_on(&instance).await;
    let before = server.export_json();
    let good = server.control("GET", "/state", "").await;
    let mut wrong = vec!["{".to_owned(), "[]".to_owned()];
    for change in [
        |state: &mut Value| state["format"] = 2.into(),
        |state: &mut Value| state["instances"] = json!([]),
        |state: &mut Value| state["colour"] = "red".into(),
        |state: &mut Value| {
            let first = state["disks"][0].clone();
            state["disks"].as_array_mut().unwrap().push(first);
        },
    ] {
        let mut state = good.clone();
        change(&mut state);
        wrong.push(state.to_string());
    }
    for body in wrong {
        let (status, reply) = server.try_control("PUT", "/state", &body).await;
        assert_eq!(status, 400, "{reply}");
        assert_eq!(server.export_json(), before);
    }
}

#[tokio::test]
async fn lock_and_unlock_of_an_instance() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let path = |verb: &str| format!("/instances/{instance}/{verb}");
    server.control("POST", &path("lock"), r#"{"reason":"security"}"#).await;
    let reply = server.control("POST", &path("lock"), r#"{"reason":"financial"}"#).await;
    assert_eq!(reply["locks"], json!(["security", "financial"]));
    let locked = (403, "InstanceLockedForSecurity", "The instance is locked due to security.");
    server.expect_refusal("DetachDisk", &named(&instance, &disk), locked).await;
    server.control("POST", &path("unlock"), r#"{"reason":"security"}"#).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    assert_eq!(server.control("POST", &path("unlock"), "").await["locks"], json!([]));
    assert_eq!(server.try_control("POST", &path("lock"), r#"{"reason":"mood"}"#).await.0, 400);
    assert_eq!(server.try_control("POST", "/instances/i-nowhere/lock", "").await.0, 404);
}

fn control_request(headers: &[(&str, &str)]) -> http::Request<Vec<u8>> {
    let mut request = http::Request::builder().method("POST").uri("/_diskdock/reset");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Vec::new()).unwrap()
}

#[tokio::test]
async fn controls_refuse_callers_without_token_and_foreign_pages() {
    let server = TestServer::new().await;
    server.available_disk().await;
    let before = server.export_json();
    let host = ("host", "127.0.0.1:5260");
    for (headers, loopback) in [
        (&[host, ("origin", "https://evil.example")][..], true),
        (&[host, ("sec-fetch-site", "cross-site")], true),
        (&[("host", "evil.example")], true),
        (&[host, ("x-diskdock-token", "wrong")], true),
        (&[host, ("x-diskdock-token", "")], true),
        (&[host], false),
        (&[host, ("x-diskdock-token", "wrong")], false),
    ] {
        let (status, reply) = server.send_control(control_request(headers), loopback).await;
        assert_eq!(status, 403, "{headers:?} {loopback}: {reply}");
        assert_eq!(server.export_json(), before, "{headers:?}");
    }
    let right = [host, ("x-diskdock-token", TOKEN)];
    assert_eq!(server.send_control(control_request(&right), false).await.0, 200);
    assert_ne!(server.export_json(), before);
}

#[tokio::test]
async fn health_and_metrics_are_open_and_hold_no_secrets() {
    let server = TestServer::new().await;
    let mut request = control_request(&[("host", "monitor.example")]);
    *request.method_mut() = http::Method::GET;
    *request.uri_mut() = "/_diskdock/health".parse().unwrap();
    let (status, reply) = server.send_control(request, false).await;
    assert_eq!((status, &reply["status"]), (200, &json!("ok")));
    let keys = server.control("GET", "/keys", "").await;
    assert!(!keys.to_string().contains("testsecret"), "{keys}");
}
