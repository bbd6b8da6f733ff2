//! A captured request is never served again: not while the server runs, not after a restart.

use diskdock::gateway::nonce::stored::forget_stored;

use super::{get, signed};
use crate::harness::{REGION, TestServer, ZONE};

fn create_disk(world: &TestServer, nonce: &str) -> http::Request<Vec<u8>> {
    let parameters = [
        ("Action", Some("CreateDisk")),
        ("RegionId", Some(REGION)),
        ("ZoneId", Some(ZONE)),
        ("Size", Some("20")),
        ("DiskCategory", Some("cloud_essd")),
    ];
    get(&signed(world, nonce, &parameters))
}

async fn disks(world: &TestServer) -> u64 {
    let answer = world.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    answer.json["TotalCount"].as_u64().unwrap()
}

const USED: (u16, &str) = (400, "SignatureNonceUsed");

#[tokio::test]
async fn replayed_write_is_refused_after_a_restart() {
    let mut world = TestServer::new().await;
    let captured = create_disk(&world, "captured");
    assert_eq!(world.send(captured.clone()).await.unwrap().status, 200);
    for _ in 0..2 {
        world = world.restart().await;
        assert_eq!(world.send(captured.clone()).await.unwrap().refusal(), USED);
        assert_eq!(disks(&world).await, 1);
    }
    let fresh = create_disk(&world, "fresh");
    assert_eq!(world.send(fresh).await.unwrap().status, 200, "stamped in the same second");
}

#[tokio::test]
async fn replay_of_a_refused_write_is_refused() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    let change = [("Action", Some("DeleteDisk")), ("DiskId", Some(disk.as_str()))];
    let captured = get(&signed(&world, "too-early", &change));
    let refused = world.send(captured.clone()).await.unwrap();
    assert_eq!(refused.refusal(), (403, "IncorrectDiskStatus"));
    world.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    world.finish_all().await;
    let world = world.restart().await;
    assert_eq!(world.send(captured).await.unwrap().refusal(), USED);
    assert_eq!(world.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn request_older_than_the_stored_nonces_is_expired_after_a_clock_step_back() {
    let world = TestServer::new().await;
    let captured = create_disk(&world, "captured");
    assert_eq!(world.send(captured.clone()).await.unwrap().status, 200);
    let services = &world.assembly.gateway.services;
    let now_s = services.clock.now_for_signatures().seconds();
    // The clock stands where it stood, although the nonce was forgotten as if an hour had passed.
    forget_stored(&services.store, now_s + 3_600).await.unwrap();
    let world = world.restart().await;
    let replayed = world.send(captured).await.unwrap();
    assert_eq!(replayed.refusal(), (400, "InvalidTimeStamp.Expired"));
    world.pass(1_000).await;
    let fresh = create_disk(&world, "fresh");
    assert_eq!(world.send(fresh).await.unwrap().status, 200);
}
