//! The history of one resource: calls, operations that ended, and their events.

use serde_json::{Value, json};

use crate::harness::TestServer;

fn actions_of(history: &Value) -> Vec<&str> {
    let calls = history["calls"].as_array().unwrap().iter();
    calls.map(|call| call["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn history_has_the_calls_and_operations_of_one_resource() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let (disk, other) = (server.disk_on(&instance).await, server.available_disk().await);
    let named = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.ok("DetachDisk", &named).await;
    let refused = server.call("DetachDisk", &named).await;
    assert_ne!(refused.status, 200);
    server.ok("DeleteDisk", &[("DiskId", &other)]).await;

    let path = format!("/history/{disk}");
    let history = server.control("GET", &path, "").await;
    assert_eq!(actions_of(&history), ["DetachDisk", "DetachDisk", "AttachDisk", "CreateDisk"]);
    assert_eq!(history["calls"][0]["status"], refused.status);
    assert_eq!(history["calls"][1]["about"], json!([["disk", disk], ["instance", instance]]));
    assert_eq!(history["operations"][0]["kind"], "disk.detach");
    server.finish_all().await;
    let history = server.control("GET", &path, "").await;
    assert_eq!(history["operations"], json!([]));
    let of_instance = server.control("GET", &format!("/history/{instance}"), "").await;
    assert_eq!(actions_of(&of_instance).last(), Some(&"RunInstances"));

    assert_eq!(kinds_of(&history["ended"]), ["disk.detach", "disk.attach"]);
    assert_eq!(history["ended"][0]["result"], "done");
    assert_eq!(history["ended"][0]["reason"], Value::Null);
    assert!(history["ended"][0]["took_ms"].as_i64().unwrap() >= 0);

    // Of the time before a restart, accepted writes are known that named it.
    let server = server.restart().await;
    let history = server.control("GET", &path, "").await;
    assert_eq!(actions_of(&history), ["DetachDisk", "AttachDisk"]);
    assert_eq!(history["ended"], json!([]));
    assert_eq!(history["events"], json!([]));
}

fn kinds_of(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn history_says_why_an_operation_was_given_up_also_after_a_restart() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let body = json!({ "disk": disk }).to_string();
    server.control("POST", "/transitions/refuse", &body).await;
    for id in [&disk, &instance] {
        let history = server.control("GET", &format!("/history/{id}"), "").await;
        let end = &history["ended"][0];
        assert_eq!((&end["kind"], &end["result"]), (&"disk.detach".into(), &"given up".into()));
        assert_eq!(end["reason"], "the guest refused");
        assert!(end["ended_at"].is_string());
        assert_eq!(history["operations"], json!([]));
    }
    let server = server.restart().await;
    let history = server.control("GET", &format!("/history/{disk}"), "").await;
    assert_eq!(kinds_of(&history["ended"]), ["disk.detach"]);
    assert_eq!(history["ended"][0]["reason"], "the guest refused");
}

#[tokio::test]
async fn history_of_a_snapshot_has_the_operation_that_made_it_and_its_events() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await;
    let snapshot = snapshot.json["SnapshotId"].as_str().unwrap().to_owned();
    server.finish_all().await;
    server.control("POST", "/rules", r#"{"transition":"detach","behaviour":{"do":"hold"}}"#).await;
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let body = json!({ "disk": disk }).to_string();
    server.control("POST", "/transitions/step", &body).await;
    let of_snapshot = server.control("GET", &format!("/history/{snapshot}"), "").await;
    assert_eq!(kinds_of(&of_snapshot["ended"]), ["snapshot.create"]);
    let of_disk = server.control("GET", &format!("/history/{disk}"), "").await;
    let event = &of_disk["events"][0];
    assert_eq!(event["kind"], "disk.detach");
    assert_eq!(event["event"], of_disk["operations"][0]["last_event"]);
    assert_eq!(event["operation"], of_disk["operations"][0]["id"]);
}
