//! Instances of a lost host get other hosts, once it is fenced.

use domain::Host;
use domain::host::HostResources;
use serde_json::{Value, json};

use super::ceph::in_pool;
use super::server;
use crate::harness::{TestHost, TestServer};
use crate::store_contract::hosts::host;

impl TestServer {
    /// Has a host evacuated; gives the move of each instance.
    async fn evacuate(&self, name: &str, wanted: Value) -> Vec<Value> {
        let path = format!("/hosts/{name}/evacuate");
        let reply = self.control("POST", &path, &wanted.to_string()).await;
        assert_eq!(reply["after"], Value::Null);
        reply["instances"].as_array().unwrap().clone()
    }

    async fn not_evacuated(&self, name: &str, wanted: Value, status: u16, why: &str) {
        let path = format!("/hosts/{name}/evacuate");
        let (found, reply) = self.try_control("POST", &path, &wanted.to_string()).await;
        assert_eq!(found, status, "{reply}");
        assert!(reply["error"].as_str().unwrap().contains(why), "{reply}");
    }

    fn host_now(&self, instance: &str) -> String {
        let id = instance.into();
        self.store().read_blocking(|tx| tx.instance(&id)).unwrap().unwrap().host
    }

    async fn attach_to(&self, instance: &str, on: &TestHost) -> String {
        let disk = self.available_disk().await;
        self.ok("AttachDisk", &[("InstanceId", instance), ("DiskId", &disk)]).await;
        self.finish_with(&[on]).await;
        assert_eq!(self.status_of(&disk).await, "In_use");
        disk
    }
}

/// A host of the pool with room for so many instances.
fn with_room_for(name: &str, instances: u64) -> Host {
    let capacity = HostResources { processors: 2 * instances, ..host(name).capacity };
    Host { capacity, ..in_pool(name, "c-1") }
}

fn sorted(one: &str, other: &str) -> Vec<String> {
    let mut both = vec![one.to_owned(), other.to_owned()];
    both.sort();
    both
}

#[tokio::test]
async fn instances_of_a_fenced_host_go_to_others_with_their_disks() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let ids = server.begin_run(&[("Amount", Some("2"))]).await;
    server.finish_with(&[&a]).await;
    let (on, off) = (ids[0].clone(), ids[1].clone());
    let (disk, of_off) = (server.attach_to(&on, &a).await, server.attach_to(&off, &a).await);
    server.ok("StopInstance", &[("InstanceId", &off)]).await;
    server.finish_with(&[&a]).await;
    let b = server.host(in_pool("b", "c-1")).await;
    for (name, wanted, status, why) in [
        ("a", json!({}), 409, "a is not fenced"),
        ("z", json!({}), 404, "no host z"),
        ("a", json!({ "after": 7 }), 400, "invalid type"),
    ] {
        server.not_evacuated(name, wanted, status, why).await;
    }
    let _stands_in = server.fenced("a").await;
    assert_eq!(server.warned("is off, but the store had it Running"), 1);
    server.not_evacuated("a", json!({ "to": "z" }), 400, "no other host z").await;
    server.not_evacuated("a", json!({ "to": "a" }), 400, "no other host a").await;
    let foreseen = server.evacuate("a", json!({ "dry_run": true })).await;
    assert_eq!(foreseen.len(), 2);
    assert!(foreseen.iter().all(|one| one["host"] == "b"), "{foreseen:?}");
    assert_eq!((server.host_now(&on), server.host_now(&off)), ("a".into(), "a".into()));
    let moved = server.evacuate("a", json!({})).await;
    assert_eq!(moved, foreseen, "as it was foreseen");
    let starts =
        |id: &str| moved.iter().find(|one| one["instance"] == *id).unwrap()["starts"].clone();
    assert_eq!((starts(&on), starts(&off)), (json!(true), json!(false)));
    server.finish_with(&[&b]).await;
    assert_eq!(server.instance_status(&on).await, "Running");
    assert_eq!(server.instance_status(&off).await, "Stopped");
    assert_eq!(b.assembly.hypervisor.running().await.unwrap(), [on.as_str().into()]);
    for (instance, disk) in [(&on, &disk), (&off, &of_off)] {
        assert_eq!(server.of_store(disk).host, "b");
        let seen = b.assembly.hypervisor.observe(&instance.as_str().into()).await.unwrap();
        let has: Vec<_> = seen.unwrap().disks.into_iter().map(|(id, _)| id.to_string()).collect();
        assert!(has.contains(disk) && has.len() == 2, "{has:?}");
        let slot = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
        server.ok("DetachDisk", &slot).await;
        server.finish_with(&[&b]).await;
        assert_eq!(server.status_of(disk).await, "Available");
    }
    assert_eq!(server.evacuate("a", json!({})).await, [Value::Null; 0], "all are gone");
    server.control("DELETE", "/hosts/a", "").await;
    b.assembly.tasks.run_maintenance().await;
    server.ok("StartInstance", &[("InstanceId", &off)]).await;
    server.finish_with(&[&b]).await;
    assert_eq!(server.instance_status(&off).await, "Running");
}

#[tokio::test]
async fn instances_that_fit_nowhere_stay_until_there_is_room() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let ids = server.begin_run(&[("Amount", Some("2"))]).await;
    server.finish_with(&[&a]).await;
    let b = server.host(with_room_for("b", 1)).await;
    let _stands_in = server.fenced("a").await;
    assert_eq!(server.warned("is off, but the store had it Running"), 2);
    let foreseen = server.evacuate("a", json!({ "dry_run": true })).await;
    let moved = server.evacuate("a", json!({})).await;
    assert_eq!(moved, foreseen, "one takes the room of the other");
    let (gone, left) = (&moved[0], &moved[1]);
    assert_eq!((&gone["host"], &left["moved"]), (&json!("b"), &json!(false)));
    assert!(left["why"].as_str().unwrap().starts_with("OperationDenied.NoStock"), "{left}");
    let left = left["instance"].as_str().unwrap();
    assert_eq!(server.host_now(left), "a");
    let c = server.host(with_room_for("c", 4)).await;
    let full = server.evacuate("a", json!({ "to": "b" })).await;
    assert_eq!(full[0]["moved"], json!(false), "the host that is named has no room");
    let moved = server.evacuate("a", json!({ "to": "c" })).await;
    assert_eq!(moved[0]["host"], json!("c"));
    server.finish_with(&[&b, &c]).await;
    for id in &ids {
        assert_eq!(server.instance_status(id).await, "Running");
    }
    assert_eq!(sorted(&server.host_now(&ids[0]), &server.host_now(&ids[1])), ["b", "c"]);
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(hosts["hosts"][0]["instances"], 0, "{hosts}");
}

#[tokio::test]
async fn instance_with_work_left_on_its_lost_host_stays_until_that_has_ended() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let instance = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[&a]).await;
    let disk = server.attach_to(&instance, &a).await;
    let begun = server.begin_run(&[("DataDisk.1.Size", Some("20"))]).await.remove(0);
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let b = server.host(in_pool("b", "c-1")).await;
    let again = server.fenced("a").await;
    assert_eq!(server.warned("is off, but the store had it Running"), 1);
    server.ok("AttachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let stays = server.evacuate("a", json!({})).await;
    let why = |id: &str| stays.iter().find(|one| one["instance"] == *id).unwrap()["why"].clone();
    assert!(why(&instance).as_str().unwrap().contains("disk.attach has not ended"), "{stays:?}");
    assert_eq!(server.host_now(&begun), "b", "which had nothing left to do");
    for _ in 0..5 {
        again.tasks.run_maintenance().await;
        again.runner.drain().await;
    }
    assert_eq!(server.status_of(&disk).await, "Available");
    server.evacuate("a", json!({})).await;
    server.finish_with(&[&b]).await;
    // One was on, and the other was about to be: of that it was unknown whether it had its disks.
    for id in [&instance, &begun] {
        assert_eq!(server.instance_status(id).await, "Running");
    }
    for one in server.disks_of(&begun).await {
        assert!(!server.of_store(one["DiskId"].as_str().unwrap()).unmade, "{one}");
    }
}

#[tokio::test]
async fn host_with_disks_in_a_directory_is_not_evacuated() {
    let server = server().await;
    let _a = server.host(host("a")).await;
    server.not_evacuated("a", json!({}), 409, "a keeps its disks in a directory").await;
}
