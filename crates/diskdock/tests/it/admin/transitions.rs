//! `finish`, `refuse` and `step`: answered when they are done, for whatever `operations` shows.

use std::sync::atomic::Ordering;

use diskdock::hypervisor::Pace;
use serde_json::json;

use super::named;
use crate::harness::{REGION, TestServer, ZONE};

const RUN: [(&str, &str); 5] = [
    ("RegionId", REGION),
    ("ZoneId", ZONE),
    ("ImageId", "ubuntu_22_04_x64_20G_alibase_20240926.vhd"),
    ("InstanceType", "ecs.g6.large"),
    ("DataDisk.1.Size", "20"),
];

async fn run_instance(server: &TestServer) -> String {
    let answer = server.ok("RunInstances", &RUN).await;
    answer.json["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned()
}

async fn instance_status(server: &TestServer, instance: &str) -> String {
    let ids = json!([instance]).to_string();
    let answer =
        server.ok("DescribeInstances", &[("RegionId", REGION), ("InstanceIds", &ids)]).await;
    let status = &answer.json["Instances"]["Instance"][0]["Status"];
    status.as_str().unwrap_or("gone").to_owned()
}

async fn data_disk(server: &TestServer, instance: &str) -> String {
    let of = [("RegionId", REGION), ("InstanceId", instance), ("DiskType", "data")];
    let answer = server.ok("DescribeDisks", &of).await;
    answer.json["Disks"]["Disk"][0]["DiskId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn finish_answers_when_the_transition_has_ended() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    for (action, expected) in [("AttachDisk", "In_use"), ("DetachDisk", "Available")] {
        // Nothing has looked at the operation yet.
        server.ok(action, &named(&instance, &disk)).await;
        let body = json!({ "disk": disk }).to_string();
        let reply = server.control("POST", "/transitions/finish", &body).await;
        assert_eq!(reply["transitions"], 1);
        assert_eq!(server.status_of(&disk).await, expected);
    }
}

#[tokio::test]
async fn refuse_answers_when_the_transition_has_ended() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    let body = json!({ "disk": disk }).to_string();
    server.control("POST", "/transitions/refuse", &body).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn finish_ends_the_creation_of_an_instance_with_its_disks() {
    for pace in [Pace::Cloud, Pace::Exactly(1_000)] {
        let server = TestServer::with(|plan| plan.pace = pace).await;
        let instance = run_instance(&server).await;
        let shown = server.control("GET", &format!("/operations?instance={instance}"), "").await;
        assert_eq!(shown["operations"].as_array().unwrap().len(), 1, "{shown}");
        let body = json!({ "instance": instance }).to_string();
        let reply = server.control("POST", "/transitions/finish", &body).await;
        assert_eq!(reply["transitions"], 1);
        assert_eq!(instance_status(&server, &instance).await, "Running");
        let disk = data_disk(&server, &instance).await;
        assert_eq!(server.status_of(&disk).await, "In_use");
    }
}

#[tokio::test]
async fn finish_of_a_disk_that_an_instance_is_created_with_ends_its_creation_only() {
    let server = TestServer::with(|plan| plan.pace = Pace::Cloud).await;
    let instance = run_instance(&server).await;
    let disk = data_disk(&server, &instance).await;
    assert_eq!(server.operations_of(&disk).await.len(), 1);
    let body = json!({ "disk": disk }).to_string();
    let reply = server.control("POST", "/transitions/finish", &body).await;
    assert_eq!(reply["transitions"], 1);
    assert_ne!(instance_status(&server, &instance).await, "Running");
    let answer = server.try_control("POST", "/transitions/finish", &body).await;
    assert_eq!(answer.0, 404, "its bytes are there: {}", answer.1);
}

#[tokio::test]
async fn finish_and_refuse_say_that_nothing_matched() {
    let server = TestServer::new().await;
    for verb in ["finish", "refuse", "step"] {
        let path = format!("/transitions/{verb}");
        for body in [json!({ "disk": "d-nowhere" }), json!({ "instance": "i-nowhere" }), json!({})]
        {
            let (status, reply) = server.try_control("POST", &path, &body.to_string()).await;
            assert_eq!(status, 404, "{reply}");
            assert_eq!(reply["error"], "nothing like that is under way");
        }
    }
}

#[tokio::test]
async fn finish_and_refuse_fail_with_the_reason_while_an_operation_cannot_end() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let body = json!({ "disk": disk }).to_string();
    for verb in ["refuse", "finish"] {
        server.store_faults.fails.store(usize::MAX, Ordering::SeqCst);
        let path = format!("/transitions/{verb}");
        let (status, reply) = server.try_control("POST", &path, &body).await;
        server.store_faults.fails.store(0, Ordering::SeqCst);
        server.warned("the disk is full");
        assert_eq!(status, 409, "{reply}");
        let error = reply["error"].as_str().unwrap();
        assert!(error.contains(&disk) && error.contains("have not ended"), "{error}");
        assert_eq!(server.status_of(&disk).await, "Detaching");
    }
    // It was refused first, which is written down as soon as it can be.
    assert_eq!(server.control("POST", "/transitions/finish", &body).await["transitions"], 1);
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn pace_of_a_duration_leaves_creating_instant_and_a_rule_slows_it() {
    let server = TestServer::new().await;
    server.control("PUT", "/pace", r#"{"pace":"2s"}"#).await;
    let disk = server.available_disk().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    for transition in ["create", "resize"] {
        let take = json!({ "do": "take", "milliseconds": 2_000 });
        let rule = json!({ "transition": transition, "behaviour": take });
        server.control("POST", "/rules", &rule.to_string()).await;
    }
    let slow = server.available_disk().await;
    server.pass(1_999).await;
    assert_eq!(server.status_of(&slow).await, "Creating");
    server.pass(1).await;
    assert_eq!(server.status_of(&slow).await, "Available");
    server.ok("ResizeDisk", &[("DiskId", &slow), ("NewSize", "40")]).await;
    server.pass(1_999).await;
    assert_eq!(server.operations_of(&slow).await.len(), 1);
    server.pass(1).await;
    assert_eq!(server.operations_of(&slow).await.len(), 0);
}
