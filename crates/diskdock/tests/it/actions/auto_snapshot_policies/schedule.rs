//! The schedule of automatic snapshot policies, which maintenance carries out, and the end of
//! their snapshots.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{EVERY_DAY, HERE, apply, policy};
use crate::harness::{REGION, TestServer};

/// Milliseconds in an hour, and in a day.
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The snapshots that policies have made of a disk, newest first.
async fn automatic(server: &TestServer, disk: &str) -> Vec<Value> {
    let ask = [("RegionId", REGION), ("DiskId", disk), ("SnapshotType", "auto")];
    let reply = server.ok("DescribeSnapshots", &ask).await.json;
    reply["Snapshots"]["Snapshot"].as_array().unwrap().clone()
}

/// Time passes, and maintenance looks; what it begins ends.
async fn maintain(server: &TestServer, milliseconds: i64) {
    server.pass(milliseconds).await;
    server.assembly.life.run_maintenance().await;
    server.finish_all().await;
}

#[tokio::test]
async fn schedule_makes_one_snapshot_of_each_disk_for_each_hour_it_names() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (one, other) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    // Every hour of every day, so that a slot comes within the hour.
    let hours: Vec<_> = (0..24).map(|hour| format!("\"{hour}\"")).collect();
    let hourly = policy(&server, &format!("[{}]", hours.join(",")), EVERY_DAY, "2").await;
    apply(&server, &hourly, &one).await;
    apply(&server, &hourly, &other).await;
    maintain(&server, 0).await;
    assert_eq!(automatic(&server, &one).await, Vec::<Value>::new(), "no hour has come");
    maintain(&server, HOUR_MS).await;
    let made = automatic(&server, &one).await;
    assert_eq!(made.len(), 1);
    assert_eq!(
        (&made[0]["Status"], &made[0]["RetentionDays"]),
        (&json!("accomplished"), &json!(2))
    );
    let name = made[0]["SnapshotName"].as_str().unwrap();
    assert!(name.starts_with("auto_") && name.ends_with(&hourly), "{name}");
    assert_eq!(automatic(&server, &other).await.len(), 1);
    maintain(&server, 1_000).await;
    assert_eq!(automatic(&server, &one).await.len(), 1, "once for each hour");
    maintain(&server, HOUR_MS).await;
    assert_eq!(automatic(&server, &one).await.len(), 2);
    maintain(&server, 3 * DAY_MS).await;
    let left = automatic(&server, &one).await;
    assert_eq!(
        left.len(),
        1,
        "retention deletes them, and one hour of those missed is made up for"
    );
    server.ok("CancelAutoSnapshotPolicy", &[HERE, ("diskIds", &format!("[\"{one}\"]"))]).await;
    maintain(&server, HOUR_MS).await;
    assert_eq!(automatic(&server, &one).await.len(), 1, "not without a policy");
    assert_eq!(automatic(&server, &other).await.len(), 2);
}

#[tokio::test]
async fn schedule_goes_on_after_a_downtime_and_a_crash_in_between_makes_none_twice() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "-1").await;
    apply(&server, &daily, &disk).await;
    let server = server.restart_after(5 * DAY_MS).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    server.assembly.life.run_maintenance().await;
    server.drain().await;
    assert_eq!(automatic(&server, &disk).await.len(), 1, "not one for each hour that was missed");
    let server = server.restart().await;
    maintain(&server, 1_000).await;
    let made = automatic(&server, &disk).await;
    assert_eq!((made.len(), &made[0]["Status"]), (1, &json!("accomplished")));
    assert_eq!(made[0].get("RetentionDays"), None, "kept for ever");
}

/// With the background tasks running: nobody waits for their next turn after the clock was moved.
#[tokio::test]
async fn schedule_is_carried_out_as_soon_as_the_clock_is_moved_forward() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "1").await;
    apply(&server, &daily, &disk).await;
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let life = Arc::clone(&server.assembly.life);
    let running = tokio::spawn(async move { life.run(|| ready.send(()).unwrap()).await });
    is_ready.await.unwrap();
    let advance = async |milliseconds: i64| {
        let body = format!("{{\"milliseconds\":{milliseconds}}}");
        server.control("POST", "/clock/advance", &body).await;
    };
    let comes_to = async |wanted: usize| {
        let look = async {
            while automatic(&server, &disk).await.len() != wanted {
                tokio::task::yield_now().await;
            }
        };
        // Left to themselves, the tasks rest 20 s and five minutes.
        tokio::time::timeout(Duration::from_secs(15), look).await.unwrap();
    };
    advance(DAY_MS / 2).await;
    comes_to(1).await;
    server.ok("CancelAutoSnapshotPolicy", &[HERE, ("diskIds", &format!("[\"{disk}\"]"))]).await;
    advance(2 * DAY_MS).await;
    comes_to(0).await;
    running.abort();
}

/// A slot that was carried out while the clock was ahead stops none when the clock is right again.
#[tokio::test]
async fn schedule_goes_on_after_the_time_of_day_was_set_forward_and_back() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let hourly: Vec<_> = (0..24).map(|hour| format!("\"{hour}\"")).collect();
    let policy = policy(&server, &format!("[{}]", hourly.join(",")), EVERY_DAY, "-1").await;
    apply(&server, &policy, &disk).await;
    let clock = &server.assembly.gateway.services.clock;
    clock.shift_time_of_day_ms(20 * DAY_MS);
    maintain(&server, 1_000).await;
    assert_eq!(automatic(&server, &disk).await.len(), 1);
    clock.shift_time_of_day_ms(-20 * DAY_MS);
    for made in 2..=4 {
        maintain(&server, HOUR_MS).await;
        assert_eq!(automatic(&server, &disk).await.len(), made);
        maintain(&server, 1_000).await;
        assert_eq!(automatic(&server, &disk).await.len(), made, "one a slot");
    }
}

#[tokio::test]
async fn schedule_passes_over_disks_that_cannot_have_snapshots() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (fresh, used) = (server.available_disk().await, server.disk_on(&instance).await);
    let busy = server.disk_on(&instance).await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "1").await;
    for disk in [&fresh, &used, &busy] {
        apply(&server, &daily, disk).await;
    }
    server.change_disk(&busy, |d| d.activity = Some(domain::Activity::Modifying)).await;
    maintain(&server, DAY_MS / 2).await;
    assert_eq!(automatic(&server, &used).await.len(), 1);
    assert_eq!(automatic(&server, &fresh).await.len(), 0);
    assert_eq!(automatic(&server, &busy).await.len(), 0);
    assert_eq!(server.warned("no automatic snapshot"), 2);
}

#[tokio::test]
async fn delete_disk_takes_its_automatic_snapshots_along_on_request() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "-1").await;
    let (goes, stays) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    for disk in [&goes, &stays] {
        apply(&server, &daily, disk).await;
    }
    maintain(&server, DAY_MS / 2).await;
    let ask = [("RegionId", REGION), ("DiskId", goes.as_str()), ("DeleteAutoSnapshot", "true")];
    server.ok("ModifyDiskAttribute", &ask).await;
    for disk in [&goes, &stays] {
        server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", disk)]).await;
        server.finish_all().await;
        server.ok("DeleteDisk", &[("DiskId", disk)]).await;
    }
    assert_eq!(automatic(&server, &goes).await.len(), 0);
    assert_eq!(automatic(&server, &stays).await.len(), 1);
}

#[tokio::test]
async fn disk_that_goes_with_its_instance_takes_its_automatic_snapshots_along_on_request() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "-1").await;
    let (goes, leaves) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    for disk in [&goes, &leaves] {
        apply(&server, &daily, disk).await;
    }
    maintain(&server, DAY_MS / 2).await;
    server.change_disk(&goes, |disk| disk.delete_auto_snapshot = true).await;
    for disk in [&goes, &leaves] {
        server.change_disk(disk, |disk| disk.delete_with_instance = true).await;
    }
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&goes).await, "gone");
    assert_eq!(automatic(&server, &goes).await.len(), 0);
    assert_eq!(automatic(&server, &leaves).await.len(), 1);
}
