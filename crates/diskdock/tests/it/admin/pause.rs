//! `pause` and `resume`: only by an operator.

use serde_json::{Value, json};

use super::named;
use crate::harness::TestServer;

const HOUR_MS: i64 = 3_600_000;

async fn pause(world: &TestServer, instance: &str, verb: &str) -> (u16, Value) {
    world.try_control("POST", &format!("/instances/{instance}/{verb}"), "").await
}

/// The differences that name paused machines.
async fn paused(world: &TestServer) -> Vec<String> {
    let told = world.control("GET", "/differences", "").await;
    let found = told["differences"].as_array().unwrap().iter();
    found.map(|one| format!("{}: {}", one["instance"], one["what"])).collect()
}

#[tokio::test]
async fn detach_waits_for_a_paused_instance_and_ends_when_it_is_resumed() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    let told = pause(&world, &instance, "pause").await;
    assert_eq!(told, (200, json!({ "instance": instance, "paused": true })));
    let found = paused(&world).await;
    assert!(matches!(&found[..], [one] if one.contains("paused by an operator")), "{found:?}");

    world.ok("DetachDisk", &named(&instance, &disk)).await;
    // Longer than its deadline, which stands still.
    world.pass(HOUR_MS / 2).await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    let rows = world.operations_of(&disk).await;
    assert!(rows[0]["last_event"].as_str().unwrap().contains("paused by an operator"), "{rows:?}");
    assert_eq!(rows[0]["deadline_at"], "stands still");

    let told = pause(&world, &instance, "resume").await;
    assert_eq!(told, (200, json!({ "instance": instance, "paused": false })));
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
    assert_eq!(paused(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn detach_from_an_instance_that_stays_paused_ends_after_an_hour() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    pause(&world, &instance, "pause").await;
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.pass(HOUR_MS - 1).await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    world.pass(1).await;
    assert_eq!(world.status_of(&disk).await, "In_use");
    let rows = world.operations_of(&disk).await;
    assert!(rows[0]["last_event"].as_str().unwrap().contains("admin resume"), "{rows:?}");
    assert!(!paused(&world).await.is_empty(), "it is not resumed by itself");

    pause(&world, &instance, "resume").await;
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn pause_and_resume_of_an_instance_that_cannot_be_are_refused() {
    let world = TestServer::new().await;
    for verb in ["pause", "resume"] {
        let (status, told) = pause(&world, "i-nowhere", verb).await;
        assert_eq!((status, &told["error"]), (404, &json!("there is no instance i-nowhere")));
    }
    let instance = world.running_instance().await;
    let refused = async |verb, words: &str| {
        let (status, told) = pause(&world, &instance, verb).await;
        assert_eq!(status, 409, "{told}");
        let error = told["error"].as_str().unwrap();
        assert!(error.contains(&instance) && error.contains(words), "{error}");
        assert!(!told["hint"].as_str().unwrap().is_empty());
    };
    refused("resume", "is not paused").await;
    pause(&world, &instance, "pause").await;
    refused("pause", "paused by an operator").await;
    assert_eq!(paused(&world).await.len(), 1);

    world.ok("RebootInstance", &[("InstanceId", &instance)]).await;
    world.finish_all().await;
    refused("resume", "is not paused").await;
    pause(&world, &instance, "pause").await;
    world.ok("StopInstance", &[("InstanceId", &instance)]).await;
    world.finish_all().await;
    assert_eq!(paused(&world).await, Vec::<String>::new(), "off is not paused");
    for verb in ["pause", "resume"] {
        refused(verb, "is off").await;
    }
}

#[tokio::test]
async fn finish_ends_a_detach_from_a_paused_instance() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    pause(&world, &instance, "pause").await;
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.settle().await;
    let body = json!({ "disk": disk }).to_string();
    world.control("POST", "/transitions/finish", &body).await;
    assert_eq!(world.status_of(&disk).await, "Available");
}
