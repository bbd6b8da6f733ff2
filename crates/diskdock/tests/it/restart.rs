//! The server stops without warning and starts again on the same store.

mod versions;

use diskdock::hypervisor::{Machines, Pace};
use domain::disk::Activity;
use domain::{DiskId, InstanceId};

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
    let reply = server.control("GET", "/differences", "").await;
    assert!(reply.to_string().contains("is off, but"), "{reply}");
    assert_eq!(server.export_json(), before, "a read changes nothing");
    server.assembly.life.run_maintenance().await;
    assert_ne!(server.export_json(), before, "the reconciler repairs");
    assert_eq!(server.warned("store and hypervisor disagree"), 1);
}

/// The store as a backup has it that was made before the disk was attached.
async fn forget_attachment(server: &TestServer, disk: &str) {
    server
        .change_disk(disk, |disk| {
            disk.attachments.clear();
            disk.generation = 0;
        })
        .await;
    assert_eq!(server.status_of(disk).await, "Available");
}

#[tokio::test]
async fn disk_of_a_running_guest_is_in_use_again_after_a_start_with_an_older_store() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    forget_attachment(&server, &disk).await;
    assert_eq!(server.differences().await.len(), 1);
    server.assembly.life.recover().await.unwrap();
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(server.describe(&disk).await["InstanceId"], instance.as_str());
    assert_eq!(server.differences().await, []);
    let refused = server.call("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(refused.json["Code"], "IncorrectDiskStatus", "{}", refused.text);
    assert_eq!(server.warned("is In_use again"), 1);
    assert_eq!(server.warned("store and hypervisor disagree"), 1);
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
    server.ok("AttachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn disk_of_a_running_guest_that_an_older_store_has_as_creating_is_in_use() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    forget_attachment(&server, &disk).await;
    server.change_disk(&disk, |disk| disk.activity = Some(Activity::Creating)).await;
    assert_eq!(server.status_of(&disk).await, "Creating");
    server.assembly.life.recover().await.unwrap();
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(server.differences().await, []);
    assert_eq!(server.warned("is In_use again"), 1);
    assert_eq!(server.warned("store and hypervisor disagree"), 1);
}

#[tokio::test]
async fn disk_on_another_instance_in_an_older_store_stays_there_with_a_difference() {
    let server = TestServer::new().await;
    let (instance, other) = (server.running_instance().await, server.running_instance().await);
    let disk = server.disk_on(&instance).await;
    server
        .change_disk(&disk, move |disk| disk.attachments[0].instance = other.as_str().into())
        .await;
    server.assembly.life.recover().await.unwrap();
    let found = server.differences().await;
    let reached = |what: &str| what.contains(&format!("can reach {disk}"));
    assert!(found.iter().any(|one| reached(&one.what)), "{found:?}");
    assert!(server.warned("store and hypervisor disagree") > 0);
}

#[tokio::test]
async fn machine_that_is_off_loses_a_disk_that_an_older_store_has_as_available() {
    let server = TestServer::with(|plan| plan.pace = Pace::Exactly(0)).await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("StopInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    forget_attachment(&server, &disk).await;
    server.assembly.life.recover().await.unwrap();
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
    let seen = server.simulated().observe(&InstanceId::from(instance.as_str())).await.unwrap();
    let id = DiskId::from(disk.as_str());
    assert!(seen.unwrap().disks.iter().all(|(on, _)| *on != id));
    assert_eq!(server.warned("was taken off a machine"), 1);
    assert_eq!(server.warned("store and hypervisor disagree"), 1);
}

#[tokio::test]
async fn operation_of_an_unknown_kind_is_a_difference() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    let reply = server.control("GET", "/differences", "").await.to_string();
    assert!(!reply.contains("cannot be resumed"), "{reply}");
    let store = &server.assembly.gateway.services.store;
    let rows = store.read_blocking(|tx| tx.operations()).unwrap();
    let future = move |tx: &mut dyn diskdock::store::WriteTx| {
        for row in &rows {
            tx.end_operation(row)?;
            let kind = "disk.future".to_owned();
            tx.begin_operation(&diskdock::store::OperationRow { kind, ..row.clone() })?;
        }
        Ok::<_, diskdock::store::StoreError>(())
    };
    store.write(future).await.unwrap();
    let server = server.restart().await;
    server.finish_all().await;
    // Only an engine that writes on the thread of its caller says so where this story listens.
    server.warned("does not know the kind");
    assert_eq!(server.status_of(&disk).await, "Detaching");
    let reply = server.control("GET", "/differences", "").await.to_string();
    for part in ["disk.future", &disk, "start the later version again"] {
        assert!(reply.contains(part), "{part}: {reply}");
    }
}
