//! The decisions of the unplug policy, one by one.

use super::*;

mod property;

const BEGINNING: i64 = 1_000_000;

fn attachment(number: u32) -> AttachmentId {
    AttachmentId {
        instance: "i-1".into(),
        disk: format!("d-{number}").as_str().into(),
        generation: 1,
    }
}

fn there(hotplug_enabled: Option<bool>) -> Observation {
    Observation { present: true, hotplug_enabled, paused: None }
}

fn paused() -> Observation {
    let paused = Some("the virtual machine is paused".to_owned());
    Observation { present: true, hotplug_enabled: Some(true), paused }
}

fn free(ports: &[u32]) -> BTreeSet<u32> {
    ports.iter().copied().collect()
}

/// A policy that was asked for a disk, and the guest with it.
fn asked(hotplug_enabled: bool) -> UnplugPolicy {
    let mut policy = UnplugPolicy::default();
    assert!(policy.begin(&attachment(1), BEGINNING));
    policy.asked(&attachment(1), Some(hotplug_enabled));
    policy
}

#[test]
fn observed_asks_again_after_long_and_growing_intervals() {
    let mut policy = asked(true);
    let mut asks_s = Vec::new();
    for second in 1..=500 {
        let now = BEGINNING + 1_000 * second;
        assert!(!policy.begin(&attachment(1), now));
        match policy.observed(&attachment(1), there(Some(true)), now) {
            Decision::Ask => {
                asks_s.push(second);
                policy.asked(&attachment(1), Some(true));
            }
            Decision::RetryAfter { after_ms, because } => {
                assert!((1..=LOOK_MS).contains(&after_ms));
                assert!(because.starts_with("the guest was asked"), "{because}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(asks_s, [30, 90, 210, 450]);
}

#[test]
fn observed_asks_at_once_when_a_guest_that_did_not_listen_does() {
    let mut policy = asked(false);
    let waits = policy.observed(&attachment(1), there(Some(false)), BEGINNING + 1);
    assert!(
        matches!(waits, Decision::RetryAfter { because, .. } if because.contains("not listen"))
    );
    let up = policy.observed(&attachment(1), there(Some(true)), BEGINNING + 4000);
    assert_eq!(up, Decision::Ask);
}

#[test]
fn observed_asks_sooner_when_it_is_unknown_whether_the_guest_listens() {
    let mut policy = UnplugPolicy::default();
    policy.begin(&attachment(1), BEGINNING);
    policy.asked(&attachment(1), None);
    assert_eq!(policy.observed(&attachment(1), there(None), BEGINNING + 1000), Decision::Ask);
}

#[test]
fn observed_asks_again_for_a_disk_still_present_after_a_reset() {
    let mut policy = asked(true);
    policy.reset();
    assert!(policy.begin(&attachment(1), BEGINNING + 1));
}

#[test]
fn port_of_a_disk_that_was_asked_for_once_is_free_at_once() {
    let mut policy = asked(true);
    policy.left(&attachment(1), 3, BEGINNING + 80);
    assert_eq!(policy.port(&free(&[3]), BEGINNING + 90), Port::Free(3));
}

#[test]
fn port_that_was_asked_twice_rests_for_as_long_as_the_guest_took() {
    let mut policy = asked(true);
    let gone = BEGINNING + 60_000;
    assert_eq!(policy.observed(&attachment(1), there(Some(true)), gone), Decision::Ask);
    policy.asked(&attachment(1), Some(true));
    policy.left(&attachment(1), 3, gone);
    assert_eq!(policy.port(&free(&[3, 4]), gone), Port::Free(4), "another one is preferred");
    assert!(matches!(policy.port(&free(&[3]), gone + 59_000), Port::CoolingDown { .. }));
    assert_eq!(policy.port(&free(&[3]), gone + 60_000), Port::Free(3));
    assert_eq!(policy.port(&free(&[]), gone), Port::Full);
}

#[test]
fn port_rests_in_full_when_its_disk_leaves_long_after_the_detach_was_cancelled() {
    let mut policy = asked(true);
    let again = BEGINNING + 30_000;
    assert_eq!(policy.observed(&attachment(1), there(Some(true)), again), Decision::Ask);
    policy.asked(&attachment(1), Some(true));
    policy.cancelled(&attachment(1).disk);
    let gone = BEGINNING + 90_000;
    policy.left(&attachment(1), 3, gone);
    assert!(matches!(policy.port(&free(&[3]), gone + 89_000), Port::CoolingDown { .. }));
    assert_eq!(policy.port(&free(&[3]), gone + 90_000), Port::Free(3));
}

#[test]
fn port_rests_when_another_event_was_raised_while_its_disk_was_leaving() {
    for event in [UnplugPolicy::plugged, |policy: &mut UnplugPolicy| {
        policy.begin(&attachment(2), BEGINNING);
        policy.asked(&attachment(2), Some(true));
        policy.left(&attachment(2), 7, BEGINNING);
    }] {
        let mut policy = asked(true);
        event(&mut policy);
        policy.left(&attachment(1), 3, BEGINNING);
        assert!(matches!(policy.port(&free(&[3]), BEGINNING), Port::CoolingDown { .. }));
    }
}

#[test]
fn port_rests_after_a_restart_for_its_whole_rest_and_not_after_a_reset() {
    let mut policy = asked(true);
    policy.plugged();
    policy.left(&attachment(1), 3, BEGINNING);
    policy.port(&free(&[3]), BEGINNING + COOLDOWN_MIN_MS - 1);
    let mut again = UnplugPolicy::restored([], [PortCooldown { port: 3, left_ms: 10_000 }]);
    let later = BEGINNING + 1_000_000;
    assert!(matches!(again.port(&free(&[3]), later), Port::CoolingDown { .. }));
    assert!(matches!(again.port(&free(&[3]), later + 9_999), Port::CoolingDown { .. }));
    assert_eq!(again.port(&free(&[3]), later + 10_000), Port::Free(3));
    policy.reset();
    assert_eq!(policy.port(&free(&[3]), later), Port::Free(3));
}

#[test]
fn port_does_not_rest_on_while_the_machine_is_paused_or_another_disk_is_leaving() {
    let mut policy = UnplugPolicy::restored([], [PortCooldown { port: 3, left_ms: 10_000 }]);
    policy.port(&free(&[3]), BEGINNING);
    policy.set_running(false, BEGINNING);
    assert!(matches!(policy.port(&free(&[3]), BEGINNING + 500_000), Port::CoolingDown { .. }));
    let now = BEGINNING + 1_000_000;
    policy.set_running(true, now);
    assert!(matches!(policy.port(&free(&[3]), now), Port::CoolingDown { .. }));
    policy.begin(&attachment(1), now);
    policy.asked(&attachment(1), Some(true));
    assert!(matches!(policy.port(&free(&[3]), now + 500_000), Port::CoolingDown { .. }));
    policy.left(&attachment(1), 4, now + 500_000);
    assert_eq!(policy.port(&free(&[3]), now + 510_000), Port::Free(3));
}

#[test]
fn observed_ends_the_wait_for_a_paused_machine_after_an_hour() {
    let mut policy = asked(true);
    let mut now = BEGINNING;
    loop {
        match policy.observed(&attachment(1), paused(), now) {
            Decision::Suspended { after_ms, .. } => now += after_ms,
            Decision::Fail(why) => break assert!(why.contains("admin resume"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(now - BEGINNING, PAUSED_AT_MOST_MS);
    // Asked for again, it has an hour again.
    policy.cancelled(&attachment(1).disk);
    policy.begin(&attachment(1), now);
    assert!(matches!(policy.observed(&attachment(1), paused(), now), Decision::Suspended { .. }));
}

#[test]
fn pauses_that_alternate_with_moments_of_running_count_together() {
    let mut policy = asked(true);
    let mut now = BEGINNING;
    let ended = loop {
        match policy.observed(&attachment(1), paused(), now) {
            Decision::Suspended { .. } => {}
            Decision::Fail(why) => break why,
            other => panic!("{other:?}"),
        }
        now += 5_000;
        policy.set_running(true, now);
        now += 60;
        policy.set_running(false, now);
        assert!(now - BEGINNING < 2 * PAUSED_AT_MOST_MS, "it waits for ever");
    };
    assert!(ended.contains("admin resume"), "{ended}");
}

#[test]
fn guest_that_woke_up_is_asked_again_and_its_queue_is_remembered() {
    let mut policy = asked(true);
    for _ in 0..3 {
        policy.asked(&attachment(1), Some(true));
    }
    policy.woke_up();
    let listens = Observation { present: true, hotplug_enabled: Some(true), paused: None };
    assert_eq!(policy.observed(&attachment(1), listens, BEGINNING), Decision::Ask);
    policy.left(&attachment(1), 3, BEGINNING);
    assert!(matches!(policy.port(&free(&[3]), BEGINNING), Port::CoolingDown { .. }));
}

#[test]
fn begin_does_not_ask_a_paused_guest_and_a_cancelled_wait_leaves_nothing_behind() {
    let mut policy = UnplugPolicy::default();
    policy.set_running(false, BEGINNING);
    assert!(!policy.begin(&attachment(1), BEGINNING));
    assert!(matches!(
        policy.observed(&attachment(1), paused(), BEGINNING),
        Decision::Suspended { .. }
    ));
    policy.cancelled(&attachment(1).disk);
    assert!(!policy.may_leave_by_request(&attachment(1)));
}

#[test]
fn refused_ends_the_wait_and_the_next_request_asks_again() {
    let mut policy = asked(true);
    policy.refused(&attachment(2));
    policy.refused(&attachment(1));
    let now = BEGINNING + 1;
    assert!(matches!(policy.observed(&attachment(1), there(None), now), Decision::Fail(_)));
    policy.cancelled(&attachment(1).disk);
    assert!(policy.begin(&attachment(1), now));
}

#[test]
fn powered_off_keeps_open_detaches_and_drops_cancelled_ones() {
    let mut policy = asked(true);
    policy.begin(&attachment(2), BEGINNING);
    policy.asked(&attachment(2), Some(true));
    policy.cancelled(&attachment(2).disk);
    assert!(policy.may_leave_by_request(&attachment(2)), "the guest may let go late");
    policy.powered_off();
    assert_eq!(policy.wanted(), [attachment(1)]);
    assert!(!policy.may_leave_by_request(&attachment(2)));
    assert_eq!(policy.cooldowns(), []);
}

#[test]
fn note_present_drops_requests_that_a_reset_ended() {
    let mut policy = asked(true);
    policy.cancelled(&attachment(1).disk);
    policy.note_present(&attachment(1));
    assert!(policy.may_leave_by_request(&attachment(1)), "no reset yet");
    policy.reset();
    assert!(policy.may_leave_by_request(&attachment(1)), "the reset may have taken it");
    policy.note_present(&attachment(1));
    assert!(!policy.may_leave_by_request(&attachment(1)));
}

#[test]
fn wait_for_a_paused_machine_ends_after_an_hour_despite_restarts() {
    let (mut policy, mut now, mut waited_ms) = (asked(true), BEGINNING, 0);
    loop {
        match policy.observed(&attachment(1), paused(), now) {
            Decision::Suspended { after_ms, .. } => {
                now += after_ms;
                waited_ms += after_ms;
            }
            Decision::Fail(_) => break,
            other => panic!("{other:?}"),
        }
        assert!(waited_ms <= 2 * PAUSED_AT_MOST_MS, "it waits for ever");
        if waited_ms % (50 * 60_000) == 0 {
            policy = UnplugPolicy::restored(policy.requests(), policy.cooldowns());
            policy.note_present(&attachment(1));
            policy.begin(&attachment(1), now);
        }
    }
    assert!(waited_ms >= PAUSED_AT_MOST_MS);
}

#[test]
fn observed_counts_at_most_20_s_of_an_unobserved_pause() {
    let mut policy = asked(true);
    policy.observed(&attachment(1), paused(), BEGINNING);
    let later = BEGINNING + 2 * PAUSED_AT_MOST_MS;
    let seen = policy.observed(&attachment(1), paused(), later);
    assert!(matches!(seen, Decision::Suspended { .. }), "{seen:?}");
}
