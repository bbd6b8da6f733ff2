//! The server stops without warning and starts again on the same store.

use crate::harness::TestServer;

fn named<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn attach_disk_completes_after_a_restart() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.available_disk().await;
    world.ok("AttachDisk", &named(&instance, &disk)).await;
    let world = world.restart().await;
    assert_eq!(world.status_of(&disk).await, "Attaching");
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "In_use");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn detach_disk_completes_after_a_restart() {
    for milliseconds in [0, 1, 500, 999, 1_000] {
        let world = TestServer::new().await;
        let instance = world.running_instance().await;
        let disk = world.disk_on(&instance).await;
        world.ok("DetachDisk", &named(&instance, &disk)).await;
        world.pass(milliseconds).await;
        let before = world.status_of(&disk).await;
        let world = world.restart().await;
        assert_eq!(world.status_of(&disk).await, before, "{milliseconds}");
        world.finish_all().await;
        assert_eq!(world.status_of(&disk).await, "Available", "{milliseconds}");
        assert_eq!(world.operations_of(&disk).await.len(), 0);
        assert_eq!(world.differences().await, []);
    }
}

#[tokio::test]
async fn held_transitions_continue_after_a_restart_without_their_rules() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.pass(600_000).await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    let world = world.restart().await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn create_disk_completes_after_a_restart() {
    let world = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"hold"}}"#;
    world.control("POST", "/rules", rule).await;
    let disk = world.available_disk().await;
    assert_eq!(world.status_of(&disk).await, "Creating");
    let world = world.restart().await;
    assert_eq!(world.status_of(&disk).await, "Creating");
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn detach_disk_asks_a_silent_guest_again_after_a_restart() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.rule(r#"{"transition":"detach","behaviour":{"do":"never"}}"#);
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    world.pass(120_000).await;
    let world = world.restart().await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn restart_keeps_every_acknowledged_call() {
    let mut world = TestServer::new().await;
    let instance = world.running_instance().await;
    let mut disks: Vec<String> = Vec::new();
    for round in 0..10 {
        let disk = world.available_disk().await;
        if round % 2 == 0 {
            world.ok("AttachDisk", &named(&instance, &disk)).await;
        }
        disks.push(disk);
        let before = world.tx();
        world = world.restart().await;
        assert_eq!(world.tx(), before);
    }
    world.finish_all().await;
    for (round, disk) in disks.iter().enumerate() {
        let expected = if round % 2 == 0 { "In_use" } else { "Available" };
        assert_eq!(world.status_of(disk).await, expected);
    }
    assert_eq!(world.differences().await, []);
}

/// A day, which is longer than any deadline.
const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn restart_after_downtime_beyond_every_deadline_undoes_no_call() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let (leaves, comes) = (world.disk_on(&instance).await, world.available_disk().await);
    let released = world.running_instance().await;
    world.control("POST", "/rules", r#"{"transition":"create","behaviour":{"do":"hold"}}"#).await;
    let made = world.available_disk().await;
    world.ok("DetachDisk", &named(&instance, &leaves)).await;
    world.ok("AttachDisk", &named(&instance, &comes)).await;
    world.ok("DeleteInstance", &[("InstanceId", &released), ("Force", "true")]).await;

    let world = world.restart_after(DAY_MS).await;
    world.pass(1).await;
    assert_eq!(world.status_of(&leaves).await, "Detaching");
    assert_eq!(world.status_of(&comes).await, "Attaching");
    world.finish_all().await;
    assert_eq!(world.status_of(&leaves).await, "Available");
    assert_eq!(world.status_of(&comes).await, "In_use");
    assert_eq!(world.status_of(&made).await, "Available");
    let gone = world.call("StopInstance", &[("InstanceId", &released)]).await;
    assert_eq!(gone.code(), "InvalidInstanceId.NotFound");
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn restart_keeps_a_deadline_for_an_operation() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.ok("DetachDisk", &named(&instance, &disk)).await;
    let world = world.restart_after(DAY_MS).await;
    world.rule(r#"{"transition":"detach","behaviour":{"do":"never"}}"#);
    world.pass(1).await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    world.pass(301_000).await;
    assert_eq!(world.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn get_differences_has_no_effect() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    assert!(world.simulated().kill(&instance.as_str().into()));
    let before = world.tx();
    let told = world.control("GET", "/differences", "").await;
    assert!(told.to_string().contains("is off, but"), "{told}");
    assert_eq!(world.tx(), before, "a read changes nothing");
    world.assembly.life.run_maintenance().await;
    assert_ne!(world.tx(), before, "the reconciler repairs");
    assert_eq!(world.warned("store and hypervisor disagree"), 1);
}
