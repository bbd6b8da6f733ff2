//! The server stops without warning and starts again on the same store.

use crate::harness::TestServer;

fn named<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn attach_disk_completes_after_a_restart() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    server.ok("AttachDisk", &named(&instance, &disk)).await;
    let server = server.restart().await;
    assert_eq!(server.status_of(&disk).await, "Attaching");
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn detach_disk_completes_after_a_restart() {
    for milliseconds in [0, 1, 500, 999, 1_000] {
        let server = TestServer::new().await;
        let instance = server.running_instance().await;
        let disk = server.disk_on(&instance).await;
        server.ok("DetachDisk", &named(&instance, &disk)).await;
        server.pass(milliseconds).await;
        let before = server.status_of(&disk).await;
        let server = server.restart().await;
        assert_eq!(server.status_of(&disk).await, before, "{milliseconds}");
        server.finish_all().await;
        assert_eq!(server.status_of(&disk).await, "Available", "{milliseconds}");
        assert_eq!(server.operations_of(&disk).await.len(), 0);
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn held_transitions_continue_after_a_restart_without_their_rules() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.pass(600_000).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    let server = server.restart().await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn create_disk_completes_after_a_restart() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"hold"}}"#;
    server.control("POST", "/rules", rule).await;
    let disk = server.available_disk().await;
    assert_eq!(server.status_of(&disk).await, "Creating");
    let server = server.restart().await;
    assert_eq!(server.status_of(&disk).await, "Creating");
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn detach_disk_asks_a_silent_guest_again_after_a_restart() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"never"}}"#);
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.pass(120_000).await;
    let server = server.restart().await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn restart_keeps_every_acknowledged_call() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let mut disks: Vec<String> = Vec::new();
    for round in 0..10 {
        let disk = server.available_disk().await;
        if round % 2 == 0 {
            server.ok("AttachDisk", &named(&instance, &disk)).await;
        }
        disks.push(disk);
        let before = server.export_json();
        server = server.restart().await;
        assert_eq!(server.export_json(), before);
    }
    server.finish_all().await;
    for (round, disk) in disks.iter().enumerate() {
        let expected = if round % 2 == 0 { "In_use" } else { "Available" };
        assert_eq!(server.status_of(disk).await, expected);
    }
    assert_eq!(server.differences().await, []);
}

/// A day, which is longer than any deadline.
const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn restart_after_downtime_beyond_every_deadline_undoes_no_call() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (leaves, comes) = (server.disk_on(&instance).await, server.available_disk().await);
    let released = server.running_instance().await;
    server.control("POST", "/rules", r#"{"transition":"create","behaviour":{"do":"hold"}}"#).await;
    let made = server.available_disk().await;
    server.ok("DetachDisk", &named(&instance, &leaves)).await;
    server.ok("AttachDisk", &named(&instance, &comes)).await;
    server.ok("DeleteInstance", &[("InstanceId", &released), ("Force", "true")]).await;

    let server = server.restart_after(DAY_MS).await;
    server.pass(1).await;
    assert_eq!(server.status_of(&leaves).await, "Detaching");
    assert_eq!(server.status_of(&comes).await, "Attaching");
    server.finish_all().await;
    assert_eq!(server.status_of(&leaves).await, "Available");
    assert_eq!(server.status_of(&comes).await, "In_use");
    assert_eq!(server.status_of(&made).await, "Available");
    let gone = server.call("StopInstance", &[("InstanceId", &released)]).await;
    assert_eq!(gone.code(), "InvalidInstanceId.NotFound");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn restart_keeps_a_deadline_for_an_operation() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    let server = server.restart_after(DAY_MS).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"never"}}"#);
    server.pass(1).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.pass(301_000).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn get_differences_has_no_effect() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    assert!(server.simulated().kill(&instance.as_str().into()));
    let before = server.export_json();
    let told = server.control("GET", "/differences", "").await;
    assert!(told.to_string().contains("is off, but"), "{told}");
    assert_eq!(server.export_json(), before, "a read changes nothing");
    server.assembly.life.run_maintenance().await;
    assert_ne!(server.export_json(), before, "the reconciler repairs");
    assert_eq!(server.warned("store and hypervisor disagree"), 1);
}
