//! The time of day is set, forward and back, without effect on waits and calls.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::DiskStatus;

use super::transient_errors::Bench;
use super::{Work, cloud, status};
use crate::harness::{REGION, TestServer, ZONE};

const DAY_MS: i64 = 24 * 60 * 60_000;
const STEPS_MS: [i64; 2] = [DAY_MS, -DAY_MS];

fn set_time_of_day(server: &TestServer, step_ms: i64) {
    server.assembly.gateway.services.clock.shift_time_of_day_ms(step_ms);
}

#[tokio::test]
async fn set_time_of_day_neither_ends_nor_delays_an_operation_that_waits() {
    for (work, step_ms) in Work::ALL.into_iter().flat_map(|work| STEPS_MS.map(|step| (work, step)))
    {
        let server = cloud().await;
        let disk = work.begun(&server).await;
        server.drain().await;
        set_time_of_day(&server, step_ms);
        server.drain().await;
        assert_eq!(status(&server, &disk).await, work.statuses().0, "{work:?} {step_ms}");
        server.pass(60_000).await;
        assert_eq!(status(&server, &disk).await, work.statuses().1, "{work:?} {step_ms}");
    }
}

#[tokio::test]
async fn set_time_of_day_neither_brings_a_deadline_nearer_nor_further_away() {
    for (work, step_ms) in Work::ALL.into_iter().flat_map(|work| STEPS_MS.map(|step| (work, step)))
    {
        let server = cloud().await;
        let rule =
            format!(r#"{{"transition":"{}","behaviour":{{"do":"never"}}}}"#, work.transition());
        let disk = work.begun(&server).await;
        server.rule(&rule);
        server.pass(299_000).await;
        set_time_of_day(&server, step_ms);
        server.drain().await;
        assert_eq!(status(&server, &disk).await, work.statuses().0, "{work:?} {step_ms}");
        server.pass(1_000).await;
        assert_eq!(status(&server, &disk).await, work.statuses().2, "{work:?} {step_ms}");
    }
}

#[tokio::test]
async fn set_time_of_day_leaves_a_held_transition_to_the_operator() {
    for step_ms in STEPS_MS {
        let server = TestServer::new().await;
        let instance = server.running_instance().await;
        let disk = server.disk_on(&instance).await;
        server.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
        server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
        server.pass(1_000).await;
        set_time_of_day(&server, step_ms);
        server.pass(400_000).await;
        assert_eq!(server.status_of(&disk).await, "Detaching", "{step_ms}");
        let body = format!(r#"{{"disk":"{disk}"}}"#);
        server.control("POST", "/transitions/finish", &body).await;
        assert_eq!(server.status_of(&disk).await, "Available", "{step_ms}");
    }
}

#[tokio::test]
async fn set_time_of_day_during_a_call_of_the_driver_changes_nothing() {
    for step_ms in STEPS_MS {
        let bench = Arc::new(Bench::attaching().await);
        bench.driver.slow.store(true, Ordering::SeqCst);
        let runner = Arc::clone(&bench.runner);
        let turn = tokio::spawn(async move { runner.drain().await });
        while bench.driver.calls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        bench.clock.shift_time_of_day_ms(step_ms);
        bench.driver.slow.store(false, Ordering::SeqCst);
        turn.await.unwrap();
        assert_eq!(bench.disk().status(), DiskStatus::Attaching, "{step_ms}");
        bench.pass(1_000).await;
        assert_eq!(bench.disk().status(), DiskStatus::InUse, "{step_ms}");
    }
}

#[tokio::test]
async fn set_time_of_day_forward_and_back_refuses_no_fresh_request() {
    let server = TestServer::new().await;
    let parameters = [("RegionId", REGION)];
    server.ok("DescribeDisks", &parameters).await;
    server.assembly.life.run_maintenance().await;
    for step_ms in [DAY_MS, -DAY_MS, -DAY_MS, DAY_MS] {
        set_time_of_day(&server, step_ms);
        server.ok("DescribeDisks", &parameters).await;
        server.assembly.life.run_maintenance().await;
    }
    server.available_disk().await;
    let server = server.restart().await;
    server.available_disk().await;
}

#[tokio::test]
async fn set_time_of_day_neither_refuses_nor_admits_calls_beyond_the_limit() {
    let unknown = [("InstanceId", "i-none"), ("DiskId", "d-none")];
    for step_ms in STEPS_MS {
        let server = TestServer::with(|plan| plan.throttle = true).await;
        for _ in 0..500 {
            server.call("DetachDisk", &unknown).await;
        }
        set_time_of_day(&server, step_ms);
        let refused = server.call("DetachDisk", &unknown).await;
        assert_eq!(refused.json["Code"], "Throttling", "{step_ms}");
        server.pass(60_000).await;
        let admitted = server.call("DetachDisk", &unknown).await;
        assert_ne!(admitted.json["Code"], "Throttling", "{step_ms}");
    }
}

#[tokio::test]
async fn set_time_of_day_forward_and_back_forgets_no_token_and_deletes_no_snapshot() {
    for restarts in [false, true] {
        let mut server = TestServer::new().await;
        let create = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("Size", "20"),
            ("DiskCategory", "cloud_essd"),
            ("ClientToken", "once"),
        ];
        let disk = server.ok("CreateDisk", &create).await.text_at("DiskId");
        let instance = server.running_instance().await;
        let kept = server.disk_on(&instance).await;
        let ask = [("DiskId", kept.as_str()), ("RetentionDays", "1")];
        let snapshot = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
        server.finish_all().await;
        server.pass(2 * 3_600_000).await;
        set_time_of_day(&server, 2 * DAY_MS);
        if restarts {
            server = server.restart().await;
        }
        for _ in 0..3 {
            server.assembly.life.run_maintenance().await;
            server.pass(20_000).await;
        }
        set_time_of_day(&server, -2 * DAY_MS);
        server.assembly.life.run_maintenance().await;
        let again = server.ok("CreateDisk", &create).await.text_at("DiskId");
        assert_eq!(again, disk, "restarts: {restarts}");
        assert_eq!(server.snapshot(&snapshot).await["SnapshotId"], snapshot.as_str());
        server.pass(DAY_MS).await;
        server.assembly.life.run_maintenance().await;
        assert!(server.snapshot(&snapshot).await.is_null(), "in its time it is deleted");
    }
}
