//! Servers whose machines run on hosts: disks and instances over several processes, hosts that end
//! in the middle of something, and the word of an operator. With SQLite there is one server.

mod bytes;
mod ceph;
mod evacuation;
mod lost;
mod processes;
mod silence;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diskdock::store::StoreError;
use domain::Host;
use domain::host::HostResources;
use serde_json::{Value, json};

use crate::harness::{REGION, TestHost, TestServer, ZONE, launch};
use crate::store_contract::hosts::host;

/// Just longer than a lease may be silent, in milliseconds.
const LEASE_MS: i64 = 61_000;

async fn server() -> TestServer {
    TestServer::with(|plan| plan.on_hosts = true).await
}

/// A Running instance on a host, and a new disk.
async fn instance_and_disk(server: &TestServer, on: &TestHost) -> (String, String) {
    let instance = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[on]).await;
    assert_eq!(server.instance_status(&instance).await, "Running");
    (instance, server.available_disk().await)
}

#[tokio::test]
async fn console_of_an_instance_on_a_host_is_refused_with_the_name_of_the_host() {
    let server = server().await;
    let host = server.host(host("a")).await;
    let (instance, _) = instance_and_disk(&server, &host).await;
    let (status, reply) = server.try_control("GET", &format!("/console/{instance}"), "").await;
    assert_eq!(status, 409, "{reply}");
    let error = format!("the console of {instance} is on its host, a: no server passes it on");
    assert_eq!(reply["error"], error);
}

/// Answers the questions of a host, and takes its work, for as long as it is polled.
async fn serve(host: &TestHost) {
    loop {
        host.take_work().await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn output_of_a_console_comes_from_its_host() {
    let server = server().await;
    let host = server.host(host("a")).await;
    let (instance, _) = instance_and_disk(&server, &host).await;
    let of = [("RegionId", REGION), ("InstanceId", instance.as_str())];
    let answer = tokio::select! {
        answer = server.ok("GetInstanceConsoleOutput", &of) => answer,
        () = serve(&host) => unreachable!("it goes on"),
    };
    let written = STANDARD.decode(answer.text_at("ConsoleOutput")).unwrap();
    let text = String::from_utf8(written).unwrap();
    assert!(text.starts_with(&format!("{instance} is simulated")), "{text}");
    let store = &server.assembly.gateway.services.store;
    let left = store.read_blocking(|tx| tx.questions("a")).unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn environment_that_a_write_holds_keeps_no_store_open() {
    let server = server().await;
    let services = &server.assembly.gateway.services;
    let environment = services.environment.current();
    let store = Arc::downgrade(&services.store);
    drop(server);
    assert_eq!(store.strong_count(), 0, "the last write would close the store that does it");
    drop(environment);
}

#[tokio::test]
async fn console_whose_host_is_asked_too_much_is_unavailable() {
    let server = server().await;
    let host = server.host(host("a")).await;
    let (instance, _) = instance_and_disk(&server, &host).await;
    let store = &server.assembly.gateway.services.store;
    while store.write(|tx| tx.ask_host("a", "\"wait\"")).await.unwrap().is_some() {}
    let of = [("RegionId", REGION), ("InstanceId", instance.as_str())];
    let refused = server.call("GetInstanceConsoleOutput", &of).await;
    assert_eq!(refused.refusal(), (503, "ServiceUnavailable"), "{}", refused.text);
    // A question of a later version is answered as well, so that it waits no more.
    host.take_work().await;
    assert!(store.read_blocking(|tx| tx.questions("a")).unwrap().is_empty());
}

#[tokio::test]
async fn life_of_a_disk_goes_on_over_servers_and_hosts() {
    let one = server().await;
    let beside = one.beside_on_hosts().await;
    let other = beside.as_ref().unwrap_or(&one);
    let (a, b) = (one.host(host("a")).await, one.host(host("b")).await);
    let ids = one.begin_run(&[("Amount", Some("2"))]).await;
    other.finish_with(&[&a, &b]).await;
    for id in &ids {
        assert_eq!(other.instance_status(id).await, "Running");
    }
    let disk = other.available_disk().await;
    let slot = [("InstanceId", ids[0].as_str()), ("DiskId", disk.as_str())];
    one.ok("AttachDisk", &slot).await;
    assert_eq!(other.status_of(&disk).await, "Attaching");
    other.finish_with(&[&a, &b]).await;
    assert_eq!(one.status_of(&disk).await, "In_use");
    other.ok("DetachDisk", &slot).await;
    assert_eq!(one.status_of(&disk).await, "Detaching");
    one.finish_all().await;
    assert_eq!(one.status_of(&disk).await, "Detaching", "a host has to do that");
    one.finish_with(&[&a, &b]).await;
    assert_eq!(other.status_of(&disk).await, "Available");
    let elsewhere = [("InstanceId", ids[1].as_str()), ("DiskId", disk.as_str())];
    let refused = other.call("AttachDisk", &elsewhere).await;
    assert_eq!(refused.refusal(), (403, "IncorrectDiskStatus"), "{}", refused.text);
    // Each compares its own machines only, and finds nothing to repair.
    a.assembly.tasks.run_maintenance().await;
    b.assembly.tasks.run_maintenance().await;
    one.assembly.life.run_maintenance().await;
    for id in &ids {
        assert_eq!(one.instance_status(id).await, "Running");
    }
    one.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    for id in &ids {
        let release = [("InstanceId", id.as_str()), ("Force", "true")];
        other.ok("DeleteInstance", &release).await;
    }
    one.finish_with(&[&a, &b]).await;
    assert_eq!(one.instance_status(&ids[0]).await, "gone");
    let hosts = one.control("GET", "/hosts", "").await;
    assert_eq!(
        (&hosts["hosts"][0]["instances"], &hosts["hosts"][1]["instances"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn detach_settles_when_its_host_ends_in_the_middle() {
    let server = server().await;
    let a = server.host(host("a")).await;
    let (instance, disk) = instance_and_disk(&server, &a).await;
    let slot = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.ok("AttachDisk", &slot).await;
    server.finish_with(&[&a]).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    server.ok("DetachDisk", &slot).await;
    a.take_work().await;
    let (a, zombie) = a.again().await;
    // The process of before goes on, and yet changes nothing.
    zombie.clock.advance_ms(5_000);
    zombie.runner.drain().await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    let heard = zombie.runner.renew_lease().await;
    assert!(matches!(heard, Err(StoreError::LeaseLost)), "{heard:?}");
    server.finish_with(&[&a]).await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.instance_status(&instance).await, "Running", "its machine was not lost");
}

#[tokio::test]
async fn work_of_a_silent_host_waits_for_it() {
    let server = server().await;
    let a = server.host(host("a")).await;
    let (instance, disk) = instance_and_disk(&server, &a).await;
    let slot = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.ok("AttachDisk", &slot).await;
    server.assembly.life.run_maintenance().await;
    server.pass(LEASE_MS).await;
    server.assembly.life.run_maintenance().await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Attaching", "no server takes it over");
    let (a, _) = a.again().await;
    server.finish_with(&[&a]).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn operator_drains_and_removes_hosts() {
    let server = server().await;
    let a = server.host(host("a")).await;
    let small = HostResources { processors: 2, ..host("b").capacity };
    let b = server.host(Host { capacity: small, ..host("b") }).await;
    let state = |hosts: &Value, at: usize| hosts["hosts"][at]["state"].as_str().unwrap().to_owned();
    server.control("POST", "/hosts/a/drain", "").await;
    let ids = server.begin_run(&[]).await;
    server.finish_with(&[&a, &b]).await;
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!((state(&hosts, 0), state(&hosts, 1)), ("drained".to_owned(), "up".to_owned()));
    assert_eq!(
        (&hosts["hosts"][0]["instances"], &hosts["hosts"][1]["instances"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(hosts["hosts"][1]["used"]["processors"], 2);
    let refused = server.call("RunInstances", &launch(&[])).await;
    assert_eq!(refused.refusal(), (403, "OperationDenied.NoStock"), "{}", refused.text);
    let refusals = [
        ("DELETE", "/hosts/b", 409, "has instances"),
        ("DELETE", "/hosts/a", 409, "still heard of"),
        ("POST", "/hosts/a/fence", 409, "directory"),
        ("POST", "/hosts/c/drain", 404, "no host c"),
        ("DELETE", "/hosts/c", 404, "no host c"),
    ];
    for (method, path, status, why) in refusals {
        let (found, reply) = server.try_control(method, path, "").await;
        assert_eq!(found, status, "{method} {path}: {reply}");
        assert!(reply["error"].as_str().unwrap().contains(why), "{reply}");
    }
    server.control("POST", "/hosts/a/undrain", "").await;
    server.begin_run(&[]).await;
    server.finish_with(&[&a, &b]).await;
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(hosts["hosts"][0]["instances"], 1);
    assert_eq!(server.instance_status(&ids[0]).await, "Running");
}

#[tokio::test]
async fn host_of_another_directory_or_zone_is_refused_and_a_drained_one_stays_drained() {
    let server = server().await;
    let a = server.host(host("a")).await;
    server.control("POST", "/hosts/a/drain", "").await;
    let other = server.refused_host(Host { server: "server-2".to_owned(), ..host("a") }).await;
    assert!(other.contains("another data directory"), "{other}");
    let moved = server.refused_host(Host { zone: "cn-hangzhou-h".to_owned(), ..host("a") }).await;
    assert!(moved.contains(ZONE), "{moved}");
    let (_a, _) = a.again().await;
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(
        (&hosts["hosts"][0]["state"], &hosts["hosts"][0]["epoch"]),
        (&json!("drained"), &json!(2))
    );
}
