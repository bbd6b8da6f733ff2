//! `pause` and `resume`: only by an operator.

use serde_json::{Value, json};

use super::named;
use crate::harness::TestServer;

const HOUR_MS: i64 = 3_600_000;

async fn pause(server: &TestServer, instance: &str, verb: &str) -> (u16, Value) {
    server.try_control("POST", &format!("/instances/{instance}/{verb}"), "").await
}

/// The differences that name paused machines.
async fn paused(server: &TestServer) -> Vec<String> {
    let reply = server.control("GET", "/differences", "").await;
    let found = reply["differences"].as_array().unwrap().iter();
    found.map(|one| format!("{}: {}", one["instance"], one["what"])).collect()
}

#[tokio::test]
async fn detach_waits_for_a_paused_instance_and_ends_when_it_is_resumed() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let reply = pause(&server, &instance, "pause").await;
    assert_eq!(reply, (200, json!({ "instance": instance, "paused": true })));
    let found = paused(&server).await;
    assert!(matches!(&found[..], [one] if one.contains("paused by an operator")), "{found:?}");

    server.ok("DetachDisk", &named(&instance, &disk)).await;
    // Longer than its deadline, which stands still.
    server.pass(HOUR_MS / 2).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    let rows = server.operations_of(&disk).await;
    assert!(rows[0]["last_event"].as_str().unwrap().contains("paused by an operator"), "{rows:?}");
    assert_eq!(rows[0]["deadline_at"], "stands still");

    let reply = pause(&server, &instance, "resume").await;
    assert_eq!(reply, (200, json!({ "instance": instance, "paused": false })));
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(paused(&server).await, Vec::<String>::new());
}

#[tokio::test]
async fn detach_from_an_instance_that_stays_paused_ends_after_an_hour() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    pause(&server, &instance, "pause").await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.pass(HOUR_MS - 1).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.pass(1).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    let rows = server.operations_of(&disk).await;
    assert!(rows[0]["last_event"].as_str().unwrap().contains("admin resume"), "{rows:?}");
    assert!(!paused(&server).await.is_empty(), "it is not resumed by itself");

    pause(&server, &instance, "resume").await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn pause_and_resume_of_an_instance_that_cannot_be_are_refused() {
    let server = TestServer::new().await;
    for verb in ["pause", "resume"] {
        let (status, reply) = pause(&server, "i-nowhere", verb).await;
        assert_eq!((status, &reply["error"]), (404, &json!("there is no instance i-nowhere")));
    }
    let instance = server.running_instance().await;
    let refused = async |verb, words: &str| {
        let (status, reply) = pause(&server, &instance, verb).await;
        assert_eq!(status, 409, "{reply}");
        let error = reply["error"].as_str().unwrap();
        assert!(error.contains(&instance) && error.contains(words), "{error}");
        assert!(!reply["hint"].as_str().unwrap().is_empty());
    };
    refused("resume", "is not paused").await;
    pause(&server, &instance, "pause").await;
    refused("pause", "paused by an operator").await;
    assert_eq!(paused(&server).await.len(), 1);

    server.ok("RebootInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    refused("resume", "is not paused").await;
    pause(&server, &instance, "pause").await;
    server.ok("StopInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert_eq!(paused(&server).await, Vec::<String>::new(), "off is not paused");
    for verb in ["pause", "resume"] {
        refused(verb, "is off").await;
    }
}

#[tokio::test]
async fn finish_ends_a_detach_from_a_paused_instance() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    pause(&server, &instance, "pause").await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.drain().await;
    let body = json!({ "disk": disk }).to_string();
    server.control("POST", "/transitions/finish", &body).await;
    assert_eq!(server.status_of(&disk).await, "Available");
}
