//! What must hold for the replay memory: above all, that nothing is ever fresh twice.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_767_323_045;

#[test]
fn a_nonce_is_fresh_once_for_each_key() {
    let nonces = Nonces::default();
    assert!(nonces.is_empty());
    assert_eq!(nonces.remember("a", "n", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "n", NOW, NOW + 1), Verdict::Used);
    assert_eq!(nonces.remember("b", "n", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "m", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("an", "", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.len(), 4);
}

#[test]
fn the_window_is_inclusive_on_both_sides() {
    let nonces = Nonces::default();
    assert_eq!(nonces.remember("a", "1", NOW - WINDOW_S, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "2", NOW - WINDOW_S - 1, NOW), Verdict::Expired);
    assert_eq!(nonces.remember("a", "3", NOW + WINDOW_S, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "4", NOW + WINDOW_S + 1, NOW), Verdict::Future);
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(nonces.remember("a", "5", extreme, extreme), Verdict::Fresh);
    }
}

#[test]
fn memory_starts_empty_and_shrinks_as_minutes_pass() {
    let nonces = Nonces::default();
    for number in 0..1000 {
        let now = NOW + number * 4;
        assert_eq!(nonces.remember("a", &number.to_string(), now, now), Verdict::Fresh);
    }
    // Sixteen minutes of one nonce in four seconds.
    assert!(nonces.len() <= 16 * 15 + 15, "{}", nonces.len());
    nonces.forget_expired(NOW + 4000 + 2 * WINDOW_S);
    assert!(nonces.is_empty());
    assert!(nonces.shards.iter().all(|shard| lock(shard).minutes.is_empty()));
}

#[test]
fn a_clock_set_back_brings_no_replay_and_no_outage() {
    let nonces = Nonces::default();
    assert_eq!(nonces.remember("a", "1", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "2", NOW + 7200, NOW + 7200), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "1", NOW, NOW), Verdict::Expired);
    assert_eq!(nonces.remember("a", "2", NOW + 7200, NOW), Verdict::Future);
    assert_eq!(nonces.remember("a", "3", NOW + 60, NOW + 60), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "2", NOW + 7200, NOW + 7200), Verdict::Used);
}

#[test]
fn an_overflow_gives_up_the_oldest_minute_only() {
    let nonces = Nonces::new(3);
    assert_eq!(nonces.remember("a", "1", NOW - 120, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "2", NOW - 60, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "3", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "4", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "1", NOW - 120, NOW), Verdict::Expired);
    assert_eq!(nonces.remember("a", "5", NOW - 120, NOW), Verdict::Expired);
    assert_eq!(nonces.remember("a", "6", NOW - 600, NOW), Verdict::Expired);
    assert_eq!(nonces.remember("a", "2", NOW - 60, NOW), Verdict::Used);
    assert_eq!(nonces.remember("a", "7", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "2", NOW - 60, NOW), Verdict::Expired);
    assert_eq!(nonces.remember("a", "8", NOW, NOW), Verdict::Full);
    assert_eq!(nonces.remember("a", "7", NOW, NOW), Verdict::Used);
    assert_eq!(nonces.remember("a", "8", NOW + 60, NOW + 60), Verdict::Fresh);
    assert_eq!(nonces.len(), 1);
}

#[test]
fn a_late_request_costs_nobody_elses_minute() {
    let nonces = Nonces::new(2);
    assert_eq!(nonces.remember("a", "1", NOW - 60, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "2", NOW, NOW), Verdict::Fresh);
    assert_eq!(nonces.remember("a", "3", NOW - 120, NOW), Verdict::Expired);
    assert_eq!(nonces.remember("a", "1", NOW - 60, NOW), Verdict::Used);
}

#[test]
fn one_of_many_threads_wins_each_nonce() {
    let nonces = Nonces::new(500);
    let wins = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..2000_i64 {
                    let stamp = NOW + number / 10;
                    let verdict = nonces.remember("a", &number.to_string(), stamp, NOW + 200);
                    wins.fetch_add(usize::from(verdict == Verdict::Fresh), Ordering::Relaxed);
                }
            });
        }
    });
    let wins = wins.into_inner();
    assert!((500..=2000).contains(&wins), "{wins}");
    assert!(nonces.len() <= 500);
    let kept: usize = nonces
        .shards
        .iter()
        .flat_map(|shard| {
            lock(shard).minutes.iter().map(|(_, seen)| seen.len()).collect::<Vec<_>>()
        })
        .sum();
    assert_eq!(kept, nonces.len());
}

proptest! {
    /// However the clock jumps and however little fits, nothing is fresh twice.
    #[test]
    fn nothing_is_fresh_twice(
        limit in 1_usize..40,
        calls in proptest::collection::vec((0..20_u8, -2000..2000_i64, -3000..3000_i64), 1..300),
    ) {
        let nonces = Nonces::new(limit);
        let mut served = HashSet::new();
        for (nonce, stamp, clock) in calls {
            let (stamp, now) = (NOW + stamp / 20 * 20, NOW + clock);
            let verdict = nonces.remember("a", &nonce.to_string(), stamp, now);
            if verdict == Verdict::Fresh {
                prop_assert!(served.insert((nonce, stamp)), "{} at {} served twice", nonce, stamp);
                prop_assert!((stamp - now).abs() <= WINDOW_S);
            }
            prop_assert!(nonces.len() <= limit);
        }
    }

    /// With room enough and a clock that runs forward, every first use is served.
    #[test]
    fn every_first_use_is_served(
        calls in proptest::collection::vec((0..50_u8, -WINDOW_S..WINDOW_S, 0..90_i64), 1..200),
    ) {
        let (nonces, mut now, mut seen) = (Nonces::default(), NOW, HashSet::new());
        for (nonce, offset, step) in calls {
            now += step;
            let first = seen.insert((nonce, minute(now + offset)));
            let expected = if first { Verdict::Fresh } else { Verdict::Used };
            prop_assert_eq!(nonces.remember("a", &nonce.to_string(), now + offset, now), expected);
        }
    }
}
