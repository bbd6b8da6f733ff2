//! Machines that cannot be reached, and those that are fenced.

use serde_json::{Value, json};

use super::named;
use crate::harness::{REGION, TestServer};

const MINUTE_MS: i64 = 60_000;

async fn turn(server: &TestServer, instance: &str, verb: &str) -> (u16, Value) {
    server.try_control("POST", &format!("/instances/{instance}/{verb}"), "").await
}

async fn last_event(server: &TestServer, disk: &str) -> String {
    server.operations_of(disk).await[0]["last_event"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn detach_from_a_lost_machine_ends_at_the_deadline_and_works_when_it_is_found() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let reply = turn(&server, &instance, "lose").await;
    assert_eq!(reply, (200, json!({ "instance": instance, "lost": true })));
    let found = server.control("GET", "/differences", "").await;
    let what = found["differences"][0]["what"].as_str().unwrap();
    assert!(what.contains("cannot be reached"), "{what}");

    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.pass(4 * MINUTE_MS).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    assert!(last_event(&server, &disk).await.contains("cannot be reached"));
    server.pass(MINUTE_MS).await;
    assert_eq!(server.status_of(&disk).await, "In_use", "the guest may still write");
    assert!(last_event(&server, &disk).await.contains("instances fence"));

    let reply = turn(&server, &instance, "find").await;
    assert_eq!(reply, (200, json!({ "instance": instance, "lost": false })));
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn disk_of_a_lost_machine_is_free_only_after_it_is_fenced() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (leaving, staying) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    turn(&server, &instance, "lose").await;
    server.repair().await;
    assert_eq!(server.instance_status(&instance).await, "Running", "lost is not off");
    server.ok("StopInstance", &[("InstanceId", &instance), ("ForceStop", "true")]).await;
    server.pass(30 * MINUTE_MS).await;
    server.pass(30 * MINUTE_MS).await;
    assert_ne!(server.instance_status(&instance).await, "Stopped");
    server.ok("DetachDisk", &named(&instance, &leaving)).await;
    server.pass(MINUTE_MS).await;
    assert_eq!(server.status_of(&leaving).await, "Detaching");

    let reply = turn(&server, &instance, "fence").await;
    assert_eq!((reply.0, &reply.1["fenced"]), (200, &json!(true)), "{}", reply.1);
    assert_eq!(server.instance_status(&instance).await, "Stopped");
    server.finish_all().await;
    assert_eq!(server.status_of(&leaving).await, "Available");
    assert_eq!(server.status_of(&staying).await, "In_use");
    server.ok("DetachDisk", &named(&instance, &staying)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&staying).await, "Available");
    assert_eq!(server.differences().await, []);
    assert_eq!(turn(&server, &instance, "fence").await.0, 200, "twice is as well as once");
}

#[tokio::test]
async fn lost_instance_is_not_released_before_it_is_fenced() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    turn(&server, &instance, "lose").await;
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.pass(MINUTE_MS).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    turn(&server, &instance, "fence").await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.instance_status(&instance).await, "gone");
}

#[tokio::test]
async fn machine_that_is_off_or_not_there_is_neither_lost_nor_found() {
    let server = TestServer::new().await;
    let instance = server.stopped_instance().await;
    for verb in ["lose", "find"] {
        for id in [instance.as_str(), "i-nowhere"] {
            let (status, reply) = turn(&server, id, verb).await;
            assert_eq!((status, &reply["error"]), (404, &json!(format!("no instance {id} is on"))));
        }
    }
    let (status, reply) = turn(&server, "i-nowhere", "fence").await;
    assert_eq!((status, &reply["error"]), (404, &json!("there is no instance i-nowhere")));
    let running = server.running_instance().await;
    turn(&server, &running, "lose").await;
    let (status, reply) = turn(&server, &running, "pause").await;
    assert_eq!(status, 409, "{reply}");
    server.ok("DescribeInstances", &[("RegionId", REGION)]).await;
}

#[tokio::test]
async fn marked_instances_are_those_that_are_locked_paused_or_lost() {
    let server = TestServer::new().await;
    let mut instances = Vec::new();
    for _ in 0..4 {
        instances.push(server.running_instance().await);
    }
    let marked = async || server.control("GET", "/instances/marked", "").await;
    assert_eq!(marked().await, json!({ "instances": [], "more": false }));
    let lock = format!("/instances/{}/lock", instances[0]);
    server.control("POST", &lock, r#"{"reason":"financial"}"#).await;
    turn(&server, &instances[1], "lose").await;
    turn(&server, &instances[2], "pause").await;

    let found = marked().await;
    let of = |id: &str| {
        let all = found["instances"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap_or(&Value::Null).clone()
    };
    assert_eq!(of(&instances[0])["locks"], json!(["financial"]));
    assert_eq!(of(&instances[1])["lost"], true);
    assert!(of(&instances[2])["paused"].as_str().unwrap().contains("operator"));
    assert_eq!(of(&instances[3]), Value::Null);

    turn(&server, &instances[1], "find").await;
    turn(&server, &instances[2], "resume").await;
    let ids = marked().await["instances"].as_array().unwrap().len();
    assert_eq!(ids, 1, "only the locked one is left");
}
