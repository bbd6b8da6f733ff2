//! Properties of the replay memory: above all, that nothing is ever fresh twice.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::store::NonceRecords;

const NOW: i64 = 1_767_323_045;

fn memory(limit: usize) -> Nonces {
    Nonces::new(limit, StoredNonces::default())
}

/// Remembers a request of a key, whose account is called the same without its digits.
fn remember(nonces: &Nonces, key: &str, nonce: &str, timestamp_s: i64, now_s: i64) -> NonceCheck {
    let account = AccountId::from(key.trim_end_matches(char::is_numeric));
    let request = Signed { account: &account, access_key_id: key, nonce, timestamp_s };
    nonces.remember(&request, now_s)
}

#[test]
fn a_nonce_is_fresh_once_for_each_key() {
    let nonces = Nonces::default();
    assert!(nonces.len() == 0);
    assert_eq!(remember(&nonces, "a", "n", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "n", NOW, NOW + 1), NonceCheck::Used);
    assert_eq!(remember(&nonces, "b", "n", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "m", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "an", "", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(nonces.len(), 4);
}

#[test]
fn the_window_is_inclusive_on_both_sides() {
    let nonces = Nonces::default();
    assert_eq!(remember(&nonces, "a", "1", NOW - WINDOW_S, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "2", NOW - WINDOW_S - 1, NOW), NonceCheck::Expired);
    assert_eq!(remember(&nonces, "a", "3", NOW + WINDOW_S, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "4", NOW + WINDOW_S + 1, NOW), NonceCheck::Future);
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(remember(&nonces, "a", "5", extreme, extreme), NonceCheck::Fresh);
    }
}

#[test]
fn forget_keys_frees_what_is_empty_and_of_no_key() {
    let nonces = Nonces::default();
    for key in ["gone", "stays", "used"] {
        assert_eq!(remember(&nonces, key, "1", NOW, NOW), NonceCheck::Fresh);
    }
    nonces.forget_keys(|_| false);
    assert_eq!(nonces.memories().len(), 3, "their nonces are in the window");
    let after_s = 2 * WINDOW_S;
    nonces.forget_expired(NOW + after_s, Uptime(after_s * 1_000));
    assert_eq!(remember(&nonces, "used", "2", NOW + after_s, NOW + after_s), NonceCheck::Fresh);
    nonces.forget_keys(|id| id == "stays");
    assert_eq!(nonces.memories().len(), 2);
}

#[test]
fn memory_starts_empty_and_shrinks_as_minutes_pass() {
    let nonces = Nonces::default();
    for number in 0..1000 {
        let now = NOW + number * 4;
        assert_eq!(remember(&nonces, "a", &number.to_string(), now, now), NonceCheck::Fresh);
        nonces.forget_expired(now, Uptime(number * 4_000));
    }
    // Sixteen minutes of one nonce in four seconds.
    assert!(nonces.len() <= 16 * 15 + 15, "{}", nonces.len());
    let after_s = 4_000 + 2 * WINDOW_S;
    nonces.forget_expired(NOW + after_s, Uptime(after_s * 1_000));
    assert!(nonces.len() == 0);
    assert!(nonces.memories().iter().all(|memory| memory.oldest().is_none()));
}

#[test]
fn clock_set_forward_and_back_allows_no_replay_and_no_outage() {
    let nonces = Nonces::default();
    let forget = |now_s, uptime_s: i64| nonces.forget_expired(now_s, Uptime(uptime_s * 1_000));
    forget(NOW, 0);
    assert_eq!(remember(&nonces, "a", "1", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "2", NOW + 7200, NOW + 7200), NonceCheck::Fresh);
    forget(NOW + 7200, 1);
    assert_eq!(remember(&nonces, "a", "1", NOW, NOW), NonceCheck::Used);
    assert_eq!(remember(&nonces, "a", "2", NOW + 7200, NOW), NonceCheck::Future);
    assert_eq!(remember(&nonces, "a", "3", NOW, NOW), NonceCheck::Fresh, "in the same minute");
    assert_eq!(remember(&nonces, "a", "2", NOW + 7200, NOW + 7200), NonceCheck::Used);
    forget(NOW + 7200, 7200);
    assert_eq!(remember(&nonces, "a", "1", NOW, NOW), NonceCheck::Expired);
    assert_eq!(remember(&nonces, "a", "4", NOW + 60, NOW + 60), NonceCheck::Fresh);
}

#[test]
fn an_overflow_gives_up_the_oldest_minute_only() {
    let nonces = memory(3);
    assert_eq!(remember(&nonces, "a", "1", NOW - 120, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "2", NOW - 60, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "3", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "4", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "1", NOW - 120, NOW), NonceCheck::Expired);
    assert_eq!(remember(&nonces, "a", "5", NOW - 120, NOW), NonceCheck::Expired);
    assert_eq!(remember(&nonces, "a", "6", NOW - 600, NOW), NonceCheck::Expired);
    assert_eq!(remember(&nonces, "a", "2", NOW - 60, NOW), NonceCheck::Used);
    assert_eq!(remember(&nonces, "a", "7", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "2", NOW - 60, NOW), NonceCheck::Expired);
    assert_eq!(remember(&nonces, "a", "8", NOW, NOW), NonceCheck::Full);
    assert_eq!(remember(&nonces, "a", "7", NOW, NOW), NonceCheck::Used);
    assert_eq!(remember(&nonces, "a", "8", NOW + 60, NOW + 60), NonceCheck::Fresh);
    assert_eq!(nonces.len(), 1);
}

#[test]
fn remember_of_a_late_request_evicts_no_other_minute() {
    let nonces = memory(2);
    assert_eq!(remember(&nonces, "a", "1", NOW - 60, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "2", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "a", "3", NOW - 120, NOW), NonceCheck::Expired);
    assert_eq!(remember(&nonces, "a", "1", NOW - 60, NOW), NonceCheck::Used);
}

#[test]
fn one_of_many_threads_wins_each_nonce() {
    let nonces = memory(500);
    let wins = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..2000_i64 {
                    let stamp = NOW + number / 10;
                    let verdict = remember(&nonces, "a", &number.to_string(), stamp, NOW + 200);
                    wins.fetch_add(usize::from(verdict == NonceCheck::Fresh), Ordering::Relaxed);
                }
            });
        }
    });
    let wins = wins.into_inner();
    assert!((500..=2000).contains(&wins), "{wins}");
    assert!(nonces.len() <= 500);
    let kept: usize = nonces.memories().iter().map(|memory| memory.len()).sum();
    assert_eq!(kept, nonces.len());
}

#[test]
fn remember_at_the_bound_evicts_from_the_account_that_holds_most() {
    let nonces = memory(4);
    for (key, nonce) in [("loud1", "1"), ("loud2", "2"), ("loud2", "3"), ("quiet", "1")] {
        assert_eq!(remember(&nonces, key, nonce, NOW, NOW), NonceCheck::Fresh);
    }
    assert_eq!(remember(&nonces, "quiet", "2", NOW, NOW), NonceCheck::Fresh);
    assert_eq!(remember(&nonces, "loud2", "2", NOW, NOW), NonceCheck::Full, "no replay");
    assert_eq!(remember(&nonces, "loud2", "4", NOW, NOW), NonceCheck::Full, "until it is another");
    assert_eq!(remember(&nonces, "loud2", "5", NOW + 60, NOW + 60), NonceCheck::Fresh, "minute");
    assert_eq!(remember(&nonces, "loud1", "1", NOW, NOW), NonceCheck::Used);
    assert_eq!(remember(&nonces, "quiet", "1", NOW, NOW), NonceCheck::Used);
}

#[test]
fn remember_refuses_nonces_stored_before_a_restart() {
    let account = AccountId::from("1");
    let request =
        |nonce, timestamp_s| Signed { account: &account, access_key_id: "a", nonce, timestamp_s };
    let seen = request("seen", NOW);
    let nonces = vec![seen.to_store()];
    let records = NonceRecords { nonces, forgotten_until_s: Some(NOW - 60) };
    let nonces = Nonces::new(10, StoredNonces::new(records));
    assert_eq!(nonces.remember(&seen, NOW), NonceCheck::Used);
    assert_eq!(nonces.remember(&request("other", NOW), NOW), NonceCheck::Fresh);
    assert_eq!(nonces.remember(&request("new", NOW - 60), NOW), NonceCheck::Expired);
    assert_eq!(nonces.remember(&request("new", NOW - 59), NOW), NonceCheck::Fresh);
}

proptest! {
    /// However the clock jumps and however little fits, nothing is fresh twice.
    #[test]
    fn no_nonce_is_fresh_twice(
        limit in 1_usize..40,
        calls in proptest::collection::vec(
            (0..20_u8, -2000..2000_i64, -3000..3000_i64, 0..900_i64), 1..300
        ),
    ) {
        let nonces = memory(limit);
        let (mut served, mut uptime) = (HashSet::new(), Uptime(0));
        for (nonce, stamp, clock, passed_s) in calls {
            let (stamp, now) = (NOW + stamp / 20 * 20, NOW + clock);
            uptime = uptime.plus_ms(passed_s * 1_000);
            nonces.forget_expired(now, uptime);
            let verdict = remember(&nonces, "a", &nonce.to_string(), stamp, now);
            if verdict == NonceCheck::Fresh {
                prop_assert!(served.insert((nonce, stamp)), "{} at {} served twice", nonce, stamp);
                prop_assert!((stamp - now).abs() <= WINDOW_S);
            }
            prop_assert!(nonces.len() <= limit);
        }
    }

    /// With room enough and a clock that runs forward, every first use is served.
    #[test]
    fn every_first_use_of_a_nonce_is_accepted(
        calls in proptest::collection::vec((0..50_u8, -WINDOW_S..WINDOW_S, 0..90_i64), 1..200),
    ) {
        let (nonces, mut now, mut seen) = (Nonces::default(), NOW, HashSet::new());
        for (nonce, offset, step) in calls {
            now += step;
            let first = seen.insert((nonce, minute(now + offset)));
            let expected = if first { NonceCheck::Fresh } else { NonceCheck::Used };
            prop_assert_eq!(remember(&nonces, "a", &nonce.to_string(), now + offset, now), expected);
        }
    }
}
