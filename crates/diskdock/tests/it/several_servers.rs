//! Several servers over one database. Runs where DISKDOCK_TEST_POSTGRES names a PostgreSQL server.

use serde_json::json;

use crate::harness::{REGION, Signer, Style, TestServer, ZONE};

/// Just longer than a lease may be silent, in milliseconds.
const LEASE_MS: i64 = 61_000;

#[tokio::test]
async fn life_of_a_disk_goes_on_at_whichever_server_is_called() {
    let Some(one) = TestServer::of_several().await else { return };
    let other = one.beside().await;
    let instance = one.running_instance().await;
    let disk = one.available_disk().await;
    let slot = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    other.ok("AttachDisk", &slot).await;
    assert_eq!(one.status_of(&disk).await, "Attaching");
    other.finish_all().await;
    assert_eq!(one.status_of(&disk).await, "In_use");
    one.ok("DetachDisk", &slot).await;
    assert_eq!(other.status_of(&disk).await, "Detaching");
    let again = other.call("DetachDisk", &slot).await;
    assert_eq!(again.json["Code"], "InvalidOperation.DiskDetachingFromThisEcs");
    one.finish_all().await;
    assert_eq!(other.status_of(&disk).await, "Available");
    // Maintenance of either finds nothing to repair in what the other did.
    one.assembly.life.run_maintenance().await;
    other.assembly.life.run_maintenance().await;
    assert_eq!((one.differences().await, other.differences().await), (vec![], vec![]));
    other.ok("AttachDisk", &slot).await;
    other.finish_all().await;
    one.assembly.life.run_maintenance().await;
    assert_eq!(one.status_of(&disk).await, "In_use");
    one.ok("DetachDisk", &slot).await;
    one.finish_all().await;
    other.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(one.status_of(&disk).await, "gone");
}

#[tokio::test]
async fn replay_to_another_server_is_refused_and_a_token_has_one_effect() {
    let Some(one) = TestServer::of_several().await else { return };
    let other = one.beside().await;
    let parameters = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
        ("ClientToken", "once"),
    ];
    let now = one.assembly.gateway.services.clock.now();
    let request = one.signer.sign(Style::default(), "CreateDisk", &parameters, now);
    let first = one.send(request.clone()).await.unwrap();
    assert_eq!(first.status, 200, "{}", first.text);
    let replay = other.send(request).await.unwrap();
    assert_eq!((replay.status, &replay.json["Code"]), (400, &"SignatureNonceUsed".into()));
    let again = other.ok("CreateDisk", &parameters).await;
    assert_eq!(again.text_at("DiskId"), first.text_at("DiskId"));
}

#[tokio::test]
async fn key_of_one_server_counts_at_the_other_after_its_next_look() {
    let Some(one) = TestServer::of_several().await else { return };
    let other = one.beside().await;
    let caller = one.another_account("2000000000000002").await;
    let now = one.assembly.gateway.services.clock.now();
    let ask = || caller.sign(Style::default(), "DescribeRegions", &[], now);
    assert_eq!(one.send(ask()).await.unwrap().status, 200);
    assert_eq!(other.send(ask()).await.unwrap().json["Code"], "InvalidAccessKeyId.NotFound");
    other.assembly.life.run_maintenance().await;
    assert_eq!(other.send(ask()).await.unwrap().status, 200);
}

#[tokio::test]
async fn operations_of_a_silent_server_are_taken_over() {
    let Some(one) = TestServer::of_several().await else { return };
    let other = one.beside().await;
    let instance = one.running_instance().await;
    let disk = one.disk_on(&instance).await;
    one.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    // From here on it is silent.
    other.assembly.life.run_maintenance().await;
    other.finish_all().await;
    assert_eq!(other.status_of(&disk).await, "Detaching", "it may still be at work");
    other.pass(LEASE_MS).await;
    other.assembly.life.run_maintenance().await;
    other.finish_all().await;
    assert_eq!(other.status_of(&disk).await, "Available");
    // The silent one wakes up, and finds that it is no longer its own.
    one.finish_all().await;
    assert_eq!(one.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn fork_of_a_main_world_in_a_database_is_refused_and_an_import_takes_its_place() {
    let Some(server) = TestServer::of_several().await else { return };
    let disk = server.available_disk().await;
    let fork = json!({ "name": "copy", "from": "main" }).to_string();
    let (status, reply) = server.try_control("POST", "/worlds", &fork).await;
    assert_eq!(status, 409, "{reply}");
    assert!(reply["error"].as_str().unwrap().contains("PostgreSQL"), "{reply}");
    assert!(reply["hint"].as_str().unwrap().contains("import"), "{reply}");
    assert_eq!(server.control("GET", "/worlds", "").await, json!({ "worlds": [] }));
    // What the hint says.
    let world = server.control("POST", "/worlds", r#"{"name":"copy"}"#).await;
    let state = server.control("GET", "/state", "").await.to_string();
    server.control("PUT", "/worlds/copy/state", &state).await;
    let text = |name: &str| world[name].as_str().unwrap();
    let caller = Signer::new(text("access_key_id"), text("access_key_secret"));
    let now = server.assembly.gateway.services.clock.now();
    let ask = caller.sign(Style::default(), "DescribeDisks", &[("RegionId", REGION)], now);
    let found = server.send(ask).await.unwrap();
    assert_eq!(found.json["Disks"]["Disk"][0]["DiskId"], disk.as_str());
}

#[tokio::test]
async fn control_of_what_one_server_has_for_itself_is_refused() {
    let Some(server) = TestServer::of_several().await else { return };
    let instance = server.running_instance().await;
    let rule = r#"{"transition":"detach","behaviour":{"do":"hold"}}"#;
    let fault = r#"{"action":"CreateDisk","fault":{"do":"throttle"}}"#;
    let kill = format!("/instances/{instance}/kill");
    let pause = format!("/instances/{instance}/pause");
    let refused = [
        ("POST", "/clock/advance", r#"{"milliseconds":60000}"#),
        ("POST", "/clock/hold", ""),
        ("PUT", "/pace", r#"{"pace":"fast"}"#),
        ("POST", "/rules", rule),
        ("DELETE", "/rules", ""),
        ("POST", "/faults", fault),
        ("DELETE", "/faults", ""),
        ("POST", "/transitions/finish", ""),
        ("POST", &kill, ""),
        ("POST", &pause, ""),
    ];
    let read = async || {
        let mut reply = Vec::new();
        for path in ["/clock", "/pace", "/rules", "/faults"] {
            reply.push(server.control("GET", path, "").await);
        }
        reply
    };
    let before = read().await;
    for (method, path, body) in refused {
        let (status, reply) = server.try_control(method, path, body).await;
        assert_eq!(status, 409, "{method} {path}: {reply}");
        assert!(reply["hint"].as_str().unwrap().contains("world"), "{reply}");
    }
    assert_eq!(read().await, before);
    // What is in the store is everybody's, and a server has all controls.
    let lock = format!("/instances/{instance}/lock");
    server.control("POST", &lock, r#"{"reason":"security"}"#).await;
    server.control("POST", "/worlds", r#"{"name":"one"}"#).await;
    server.control("POST", "/worlds/one/faults", fault).await;
}
