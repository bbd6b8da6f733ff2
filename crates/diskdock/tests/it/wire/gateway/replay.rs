//! A captured request is never served again: not while the server runs, not after a restart.

use diskdock::gateway::nonce::stored::delete_stored;
use diskdock::store::sqlite::Durability;

use super::{get, signed};
use crate::harness::{REGION, TestServer, ZONE};

fn create_disk(server: &TestServer, nonce: &str) -> http::Request<Vec<u8>> {
    let parameters = [
        ("Action", Some("CreateDisk")),
        ("RegionId", Some(REGION)),
        ("ZoneId", Some(ZONE)),
        ("Size", Some("20")),
        ("DiskCategory", Some("cloud_essd")),
    ];
    get(&signed(server, nonce, &parameters))
}

async fn disks(server: &TestServer) -> u64 {
    let answer = server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    answer.json["TotalCount"].as_u64().unwrap()
}

const USED: (u16, &str) = (400, "SignatureNonceUsed");

#[tokio::test]
async fn replayed_write_is_refused_after_a_restart() {
    let mut server = TestServer::new().await;
    let captured = create_disk(&server, "captured");
    assert_eq!(server.send(captured.clone()).await.unwrap().status, 200);
    for _ in 0..2 {
        server = server.restart().await;
        assert_eq!(server.send(captured.clone()).await.unwrap().refusal(), USED);
        assert_eq!(disks(&server).await, 1);
    }
    let fresh = create_disk(&server, "fresh");
    assert_eq!(server.send(fresh).await.unwrap().status, 200, "stamped in the same second");
}

#[tokio::test]
async fn replay_of_a_refused_write_is_refused() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let change = [("Action", Some("DeleteDisk")), ("DiskId", Some(disk.as_str()))];
    let captured = get(&signed(&server, "too-early", &change));
    let refused = server.send(captured.clone()).await.unwrap();
    assert_eq!(refused.refusal(), (403, "IncorrectDiskStatus"));
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.finish_all().await;
    let server = server.restart().await;
    assert_eq!(server.send(captured).await.unwrap().refusal(), USED);
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn replay_of_a_write_refused_before_its_transaction_is_refused_after_a_restart() {
    let server = TestServer::new().await;
    let fault = r#"{"action":"CreateDisk","times":1,"fault":{"do":"throttle"}}"#;
    server.control("POST", "/faults", fault).await;
    let injected = create_disk(&server, "injected");
    let refused = server.send(injected.clone()).await.unwrap();
    assert_eq!(refused.refusal(), (400, "Throttling.User"));
    // Which regions there are depends on the options of the server.
    let change = [("Action", Some("CreateDisk")), ("RegionId", Some("cn-nowhere"))];
    let malformed = get(&signed(&server, "nowhere", &change));
    assert_ne!(server.send(malformed.clone()).await.unwrap().status, 200);
    let server = server.restart().await;
    assert_eq!(server.send(injected).await.unwrap().refusal(), USED);
    assert_eq!(server.send(malformed).await.unwrap().refusal(), USED);
    assert_eq!(disks(&server).await, 0);
}

#[tokio::test]
async fn replay_of_a_throttled_write_is_refused_after_a_restart() {
    let server = TestServer::with(|plan| plan.throttle = true).await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    for _ in 0..500 {
        server.call("DetachDisk", &[("InstanceId", "i-none"), ("DiskId", "d-none")]).await;
    }
    let change = [
        ("Action", Some("DetachDisk")),
        ("InstanceId", Some(instance.as_str())),
        ("DiskId", Some(disk.as_str())),
    ];
    let captured = get(&signed(&server, "throttled", &change));
    let refused = server.send(captured.clone()).await.unwrap();
    assert_eq!(refused.refusal(), (400, "Throttling"));
    let server = server.restart().await;
    assert_eq!(server.send(captured).await.unwrap().refusal(), USED);
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn dry_run_stores_no_nonce() {
    let server = TestServer::new().await;
    let store = std::sync::Arc::clone(&server.assembly.gateway.services.store);
    let many = async || store.read(|tx| tx.nonces()).await.unwrap().nonces.len();
    let before = many().await;
    let change = [
        ("Action", Some("CreateDisk")),
        ("ZoneId", Some(ZONE)),
        ("Size", Some("20")),
        ("DiskCategory", Some("cloud_essd")),
        ("DryRun", Some("true")),
    ];
    let dry = server.send(get(&signed(&server, "dry", &change))).await.unwrap();
    assert_eq!(dry.json["Code"], "DryRunOperation");
    assert_eq!(many().await, before);
}

#[tokio::test]
async fn request_older_than_the_stored_nonces_is_expired_after_a_clock_step_back() {
    let server = TestServer::new().await;
    let captured = create_disk(&server, "captured");
    assert_eq!(server.send(captured.clone()).await.unwrap().status, 200);
    let services = &server.assembly.gateway.services;
    let now_s = services.clock.now_for_signatures().seconds();
    // The clock stands where it stood, although the nonce was forgotten as if an hour had passed.
    delete_stored(&services.store, now_s + 3_600).await.unwrap();
    let server = server.restart().await;
    let replayed = server.send(captured).await.unwrap();
    assert_eq!(replayed.refusal(), (400, "InvalidTimeStamp.Expired"));
    server.pass(1_000).await;
    let fresh = create_disk(&server, "fresh");
    assert_eq!(server.send(fresh).await.unwrap().status, 200);
}

#[tokio::test]
async fn ephemeral_server_refuses_a_replay_without_storing_nonces() {
    let server = TestServer::with(|plan| plan.durability = Durability::Ephemeral).await;
    let captured = create_disk(&server, "captured");
    assert_eq!(server.send(captured.clone()).await.unwrap().status, 200);
    assert_eq!(server.send(captured).await.unwrap().refusal(), USED);
    assert_eq!(disks(&server).await, 1);
    let store = &server.assembly.gateway.services.store;
    let stored = store.read(|tx| tx.nonces()).await.unwrap();
    // The stories may run over a database that servers share, where nonces are stored.
    assert_eq!(stored.nonces.is_empty(), !server.assembly.gateway.stores_nonces);
}
