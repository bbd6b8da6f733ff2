//! Worlds: further servers inside one, each behind its own key.

use diskdock::assembly::worlds::{WorldFault, WorldOrder};
use serde_json::{Value, json};

use crate::harness::{Answer, REGION, Signer, Style, TestServer, ZONE};

const NEW_DISK: [(&str, &str); 4] =
    [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20"), ("DiskCategory", "cloud_essd")];

/// Makes a world by its control, and gives a caller with its key.
async fn world(server: &TestServer, order: Value) -> Signer {
    let reply = server.control("POST", "/worlds", &order.to_string()).await;
    let text = |name: &str| reply[name].as_str().unwrap();
    Signer::new(text("access_key_id"), text("access_key_secret"))
}

async fn call(
    server: &TestServer,
    signer: &Signer,
    action: &str,
    parameters: &[(&str, &str)],
) -> Answer {
    let now = server.assembly.gateway.services.clock.now();
    let request = signer.sign(Style::ACS3, action, parameters, now);
    server.send(request).await.unwrap()
}

async fn count_disks(server: &TestServer, signer: &Signer) -> u64 {
    let answer = call(server, signer, "DescribeDisks", &[("RegionId", REGION)]).await;
    answer.json["TotalCount"].as_u64().unwrap()
}

#[tokio::test]
async fn create_makes_a_world_in_which_nothing_of_others_is_seen() {
    let server = TestServer::new().await;
    server.available_disk().await;
    let one = world(&server, json!({ "name": "one" })).await;
    let two = world(&server, json!({})).await;
    assert_eq!(count_disks(&server, &one).await, 0, "not that of the main world");
    assert_eq!(call(&server, &one, "CreateDisk", &NEW_DISK).await.status, 200);
    assert_eq!(call(&server, &one, "CreateDisk", &NEW_DISK).await.status, 200);
    assert_eq!(count_disks(&server, &one).await, 2);
    assert_eq!(count_disks(&server, &two).await, 0);
    assert_eq!(count_disks(&server, &server.signer).await, 1);
}

#[tokio::test]
async fn controls_of_a_world_have_no_effect_on_others() {
    let server = TestServer::new().await;
    let one = world(&server, json!({ "name": "one" })).await;
    let fault = r#"{"action":"CreateDisk","fault":{"do":"throttle"}}"#;
    server.control("POST", "/worlds/one/faults", fault).await;
    server.control("POST", "/worlds/one/clock/advance", r#"{"milliseconds":60000}"#).await;
    assert_eq!(call(&server, &one, "CreateDisk", &NEW_DISK).await.status, 400);
    server.available_disk().await;
    let of_main = server.control("GET", "/clock", "").await["now_ms"].as_i64().unwrap();
    let of_one = server.control("GET", "/worlds/one/clock", "").await["now_ms"].as_i64().unwrap();
    assert_eq!(of_one - of_main, 60_000);
    assert_eq!(server.control("GET", "/worlds/one/health", "").await["status"], "ok");
    server.control("POST", "/worlds/one/reset", "").await;
    assert_eq!(count_disks(&server, &server.signer).await, 1);
}

#[tokio::test]
async fn fork_has_disks_operations_rules_and_clock_of_its_origin() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.drain().await;
    let copy = world(&server, json!({ "name": "copy", "from": "main" })).await;
    let status = async |signer: &Signer| {
        let answer = call(&server, signer, "DescribeDisks", &[("RegionId", REGION)]).await;
        answer.json["Disks"]["Disk"][0]["Status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&copy).await, "Detaching");
    assert_eq!(
        server.control("GET", "/worlds/copy/rules", "").await["rules"][0]["transition"],
        "detach"
    );
    server.control("POST", "/worlds/copy/transitions/finish", "{}").await;
    assert_eq!(status(&copy).await, "Available");
    assert_eq!(status(&server.signer).await, "Detaching", "still held in the main world");
    let again = world(&server, json!({ "name": "again", "from": "copy" })).await;
    assert_eq!(status(&again).await, "Available");
}

#[tokio::test]
async fn delete_ends_a_world_and_its_key() {
    let server = TestServer::new().await;
    let one = world(&server, json!({ "name": "one" })).await;
    let directory = server.assembly.worlds.find("one").unwrap().assembly.directory.clone();
    assert!(!directory.exists(), "a world in memory has no files");
    world(&server, json!({ "name": "copy", "from": "main" })).await;
    let of_copy = server.assembly.worlds.find("copy").unwrap().assembly.directory.clone();
    server.control("DELETE", "/worlds/copy", "").await;
    assert!(!of_copy.exists(), "a copy of a file is removed");
    server.control("DELETE", "/worlds/one", "").await;
    let refused = call(&server, &one, "DescribeRegions", &[]).await;
    assert_eq!(refused.refusal(), (404, "InvalidAccessKeyId.NotFound"));
    assert_eq!(server.try_control("GET", "/worlds/one/clock", "").await.0, 404);
    let (status, reply) = server.try_control("DELETE", "/worlds/main", "").await;
    assert_eq!(status, 409, "{reply}");
    assert!(reply["hint"].as_str().unwrap().contains("admin reset"), "{reply}");
    assert_eq!(server.control("GET", "/worlds", "").await["worlds"], json!([]));
    world(&server, json!({ "name": "one" })).await;
}

#[tokio::test]
async fn state_of_a_world_is_exported_and_imported_without_files_of_its_own() {
    let server = TestServer::new().await;
    let one = world(&server, json!({ "name": "one" })).await;
    call(&server, &one, "CreateDisk", &NEW_DISK).await;
    let state = server.control("GET", "/worlds/one/state", "").await;
    assert_eq!(state["disks"].as_array().unwrap().len(), 1);
    let two = world(&server, json!({ "name": "two" })).await;
    server.control("PUT", "/worlds/two/state", &state.to_string()).await;
    assert_eq!(count_disks(&server, &two).await, 1);
    assert_eq!(count_disks(&server, &server.signer).await, 0);
}

#[tokio::test]
async fn create_refuses_names_and_keys_that_are_taken_or_none() {
    let server = TestServer::new().await;
    world(&server, json!({ "name": "one", "key": "me:secret" })).await;
    for (order, status) in [
        (json!({ "name": "one" }), 409),
        (json!({ "name": "main" }), 409),
        (json!({ "name": "two", "key": "me:other" }), 409),
        (json!({ "name": "two", "key": "testid:other" }), 409),
        (json!({ "name": "../up" }), 400),
        (json!({ "name": "" }), 400),
        (json!({ "name": "two", "from": "three" }), 404),
        (json!({ "nane": "two" }), 400),
    ] {
        let (given, reply) = server.try_control("POST", "/worlds", &order.to_string()).await;
        assert_eq!(given, status, "{order}: {reply}");
        assert!(reply["hint"].is_string());
    }
    let shown = server.control("GET", "/worlds/one", "").await;
    assert_eq!(shown["access_key_secret"], "secret");
    let listed = server.control("GET", "/worlds", "").await;
    assert_eq!(listed["worlds"][0]["access_key_id"], "me");
    assert_eq!(listed["worlds"][0]["access_key_secret"], Value::Null);
}

#[tokio::test]
async fn clear_removes_all_worlds_and_what_a_killed_server_left() {
    let server = TestServer::new().await;
    let left = server.assembly.directory.join("worlds/left");
    std::fs::create_dir_all(&left).unwrap();
    let order = WorldOrder { name: "one".to_owned(), ..WorldOrder::default() };
    server.assembly.worlds.create(order).await.unwrap();
    server.assembly.worlds.clear().await;
    assert!(!left.exists());
    assert!(matches!(server.assembly.worlds.find("one"), Err(WorldFault::Unknown(_))));
}
