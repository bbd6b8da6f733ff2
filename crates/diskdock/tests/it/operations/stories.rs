//! Every kind of work, through crashes, repetition, deadlines and a moving clock.

use diskdock::operations::Selection;
use diskdock::store::EntityReads;
use domain::Instance;

use super::{Work, cloud, ghost, open, reasons, status};

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn operation_completes_before_its_deadline() {
    for work in Work::ALL {
        let server = cloud().await;
        let disk = work.begun(&server).await;
        let (during, after, _) = work.statuses();
        server.drain().await;
        assert_eq!(status(&server, &disk).await, during);
        assert_eq!(open(&server), 1);
        server.pass(MINUTE_MS).await;
        assert_eq!(status(&server, &disk).await, after);
        assert_eq!((open(&server), reasons(&server).len()), (0, 0));
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn crash_at_any_step_loses_no_operation() {
    for work in Work::ALL {
        for crashes_at in [&[0][..], &[1, 2], &[4_999, 5_000, 9_999], &[10_000, 30_000, 59_999]] {
            let mut server = cloud().await;
            let disk = work.begun(&server).await;
            let mut passed = 0;
            for at in crashes_at {
                server.pass(at - passed).await;
                passed = *at;
                server = server.restart().await;
                assert_eq!(server.differences().await, []);
            }
            server.pass(0).await;
            server.pass(MINUTE_MS).await;
            let (.., after, _) = work.statuses();
            assert_eq!(status(&server, &disk).await, after, "{work:?} {crashes_at:?}");
            assert_eq!(open(&server), 0);
            assert_eq!(server.differences().await, []);
        }
    }
}

#[tokio::test]
async fn crash_before_finish_is_saved_repeats_the_step() {
    for work in Work::ALL {
        let server = cloud().await;
        let disk = work.begun(&server).await;
        server.drain().await;
        server.assembly.gateway.services.clock.advance_ms(MINUTE_MS);
        // The ghost takes the last step and writes it down; the runner takes it once more.
        let ghost = ghost(&server);
        assert_eq!(ghost.recover().await.unwrap(), 1);
        ghost.drain().await;
        let (.., after, _) = work.statuses();
        assert_eq!(status(&server, &disk).await, after);
        server.drain().await;
        server.pass(MINUTE_MS).await;
        assert_eq!(status(&server, &disk).await, after, "{work:?} once more changes nothing");
        assert_eq!((open(&server), server.assembly.gateway.services.runner.in_flight()), (0, 0));
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn operation_without_progress_times_out() {
    for work in Work::ALL {
        let server = cloud().await;
        let transition = work.transition();
        server.rule(&format!(r#"{{"transition":"{transition}","behaviour":{{"do":"never"}}}}"#));
        let disk = work.begun(&server).await;
        let (during, _, given_up) = work.statuses();
        for _ in 0..4 {
            server.pass(MINUTE_MS).await;
            assert_eq!(status(&server, &disk).await, during);
        }
        server.pass(MINUTE_MS).await;
        assert_eq!(status(&server, &disk).await, given_up, "{work:?}");
        let reasons = reasons(&server);
        assert!(reasons[0].starts_with("given up at the deadline; last: "), "{reasons:?}");
        assert!(reasons[0].ends_with("no answer so far"), "{reasons:?}");
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn refusal_by_the_driver_is_final_and_keeps_its_reason() {
    for work in Work::ALL {
        let server = cloud().await;
        let transition = work.transition();
        server.rule(&format!(r#"{{"transition":"{transition}","behaviour":{{"do":"refuse"}}}}"#));
        let disk = work.begun(&server).await;
        server.drain().await;
        assert_eq!(status(&server, &disk).await, work.statuses().2);
        assert_eq!(reasons(&server), ["the guest refused"]);
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn clock_jump_past_the_deadline_advances_once_more() {
    for work in Work::ALL {
        let server = cloud().await;
        let disk = work.begun(&server).await;
        server.pass(24 * 60 * MINUTE_MS).await;
        assert_eq!(status(&server, &disk).await, work.statuses().1, "{work:?}");
        assert_eq!(reasons(&server), [""; 0]);
    }
}

#[tokio::test]
async fn deadline_is_suspended_while_an_operation_is_held() {
    for work in Work::ALL {
        let server = cloud().await;
        let transition = work.transition();
        let rule =
            format!(r#"{{"transition":"{transition}","times":1,"behaviour":{{"do":"hold"}}}}"#);
        server.rule(&rule);
        let disk = work.begun(&server).await;
        let services = &server.assembly.gateway.services;
        for jump in [1, 1_000, 600 * MINUTE_MS] {
            server.pass(jump).await;
            services.runner.wake(&Selection::default());
            server.drain().await;
            assert_eq!(status(&server, &disk).await, work.statuses().0, "{work:?} is held");
        }
        let row = services.runner.in_flight_rows().remove(0);
        let used_ms = row.time_used.counted_ms;
        assert!(used_ms < 1_000, "{work:?} used {used_ms} ms");
        assert_eq!(server.simulated().finish_all(true), 1);
        services.runner.wake(&Selection { disk: Some(disk.as_str().into()), instance: None });
        server.drain().await;
        assert_eq!(status(&server, &disk).await, work.statuses().1);
    }
}

#[tokio::test]
async fn timed_out_attach_does_not_hinder_the_next_attach() {
    let server = cloud().await;
    server.rule(r#"{"transition":"attach","times":1,"behaviour":{"do":"never"}}"#);
    let disk = Work::Attach.begun(&server).await;
    server.pass(5 * MINUTE_MS).await;
    assert_eq!(status(&server, &disk).await, "Available");
    let store = &server.assembly.gateway.services.store;
    let instances = store.read_blocking(|tx| tx.walk::<Instance>(None, 1)).unwrap();
    let instance = instances[0].id.to_string();
    server.ok("AttachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.pass(10_000).await;
    assert_eq!(status(&server, &disk).await, "In_use");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn maintenance_between_steps_claims_no_operation_twice() {
    for work in Work::ALL {
        let server = cloud().await;
        let disk = work.begun(&server).await;
        let runner = &server.assembly.gateway.services.runner;
        for _ in 0..5 {
            assert_eq!(runner.recover().await.unwrap(), 0);
            server.pass(MINUTE_MS / 4).await;
        }
        assert_eq!(status(&server, &disk).await, work.statuses().1);
        assert_eq!(runner.in_flight(), 0);
    }
}
