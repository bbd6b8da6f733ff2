//! Copies that hang, fail, wait for their turn and are not wanted any more.

use std::sync::mpsc::{Sender, channel};

use tokio::time::advance;

use super::copy::{QUEUED_AT_MOST, STILL_AFTER};
use super::turns::FORGOTTEN_AFTER;
use super::*;
use crate::hypervisor::on_behalf_of;

type Polled = Result<Result<(), StorageError>, Progress>;

fn disk(name: &str) -> Copied {
    Copied::Disk(name.into())
}

/// Looks at a copy whose thread hangs until the sender is dropped.
async fn look_at_hanging(copies: &Copies, what: &Copied) -> (Polled, Sender<()>) {
    let (sender, hangs) = channel::<()>();
    let work = move |_: CopyWatch<'_>| {
        let _ = hangs.recv();
        Ok(())
    };
    let (polled, ()) = tokio::join!(biased; copies.poll(what, work), advance(LOOK));
    (polled, sender)
}

async fn look_at_quick(copies: &Copies, what: &Copied) -> Polled {
    copies.poll(what, |_| Ok(())).await
}

fn suspends(polled: &Polled) -> bool {
    match polled {
        Err(Progress::Suspended { .. }) => true,
        Err(Progress::RetryAfter { .. }) => false,
        other => panic!("{other:?}"),
    }
}

fn why_closed(copies: &Copies, disk: &str) -> String {
    match copies.open(&disk.into()).err().unwrap() {
        Progress::RetryAfter { because, .. } => because,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn drop_disk_ends_a_copy_so_that_machines_can_open_the_disk_again() {
    let copies = Copies::default();
    let until_dropped = |watch: CopyWatch<'_>| {
        while watch(1) {
            std::thread::yield_now();
        }
        Ok(())
    };
    assert!(copies.poll(&disk("d-1"), until_dropped).await.is_err(), "it is under way");
    assert!(copies.open(&"d-1".into()).is_err());
    assert!(copies.drop_disk(&"d-1".into()));
    while copies.open(&"d-1".into()).is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn copies_that_hang_suspend_nothing_for_ever_and_keep_no_turn() {
    let copies = Copies::default();
    let (first, began) = look_at_hanging(&copies, &disk("d-1")).await;
    let (_, too) = look_at_hanging(&copies, &disk("d-2")).await;
    assert!(suspends(&first));
    assert!(suspends(&look_at_quick(&copies, &disk("d-3")).await), "it waits for its turn");
    advance(STILL_AFTER).await;
    for hangs in ["d-1", "d-2"] {
        assert!(!suspends(&look_at_hanging(&copies, &disk(hangs)).await.0));
    }
    assert!(why_closed(&copies, "d-1").contains("stands still"));

    // Their operations are given up.
    assert!(copies.drop_disk(&"d-1".into()) && copies.drop_disk(&"d-2".into()));
    assert!(why_closed(&copies, "d-1").contains("given up"));
    assert!(!suspends(&look_at_quick(&copies, &disk("d-1")).await), "it is not this copy");
    assert!(suspends(&look_at_quick(&copies, &disk("d-3")).await));
    advance(FORGOTTEN_AFTER).await;
    assert!(matches!(look_at_quick(&copies, &disk("d-3")).await, Ok(Ok(()))));
    assert!(why_closed(&copies, "d-1").contains("given up"), "its thread may yet write");

    drop((began, too));
    while copies.open(&"d-1".into()).is_err() || copies.open(&"d-2".into()).is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn copy_that_waits_for_its_turn_suspends_deadlines_for_some_hours() {
    let copies = Copies::default();
    let mut hang = Vec::new();
    for busy in ["d-1", "d-2"] {
        hang.push(look_at_hanging(&copies, &disk(busy)).await.1);
    }
    assert!(suspends(&look_at_quick(&copies, &disk("d-3")).await));
    assert!(matches!(copies.open(&"d-3".into()).err(), Some(Progress::Suspended { .. })));
    advance(QUEUED_AT_MOST).await;
    for busy in ["d-1", "d-2"] {
        assert!(!suspends(&look_at_hanging(&copies, &disk(busy)).await.0), "it has an operation");
    }
    assert!(!suspends(&look_at_quick(&copies, &disk("d-3")).await));
    assert!(why_closed(&copies, "d-3").contains("wait until other disks are copied"));
    assert!(!copies.drop_disk(&"d-3".into()), "it was never begun");
    assert!(copies.open(&"d-3".into()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn account_with_many_copies_delays_another_by_one() {
    let copies = Copies::default();
    let many = |disk: Copied| {
        let copies = &copies;
        on_behalf_of("many".into(), async move { look_at_hanging(copies, &disk).await.1 })
    };
    let first = many(disk("d-0")).await;
    let mut hang = Vec::new();
    for number in 1..100 {
        hang.push(many(disk(&format!("d-{number}"))).await);
    }
    let wanted = disk("d-few");
    let few = || on_behalf_of("few".into(), look_at_quick(&copies, &wanted));
    assert!(suspends(&few().await));
    drop(first);
    while !lock(&copies.inner).copies[&disk("d-0")].has_ended() {
        tokio::task::yield_now().await;
    }
    many(disk("d-50")).await;
    assert!(!lock(&copies.inner).copies[&disk("d-50")].runs(), "the other account is first");
    assert!(matches!(few().await, Ok(Ok(()))));
}

#[tokio::test]
async fn copy_that_always_fails_suspends_its_deadline_only_at_first() {
    let copies = Copies::default();
    let moves_and_fails = |watch: CopyWatch<'_>| {
        let until = std::time::Instant::now() + 2 * LOOK;
        while watch(50) && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        let (command, words) = ("qemu-img convert".to_owned(), "it took too long".to_owned());
        Err(StorageError::Tool { command, words })
    };
    let mut suspended = 0;
    for attempt in 0..=FREE_ATTEMPTS {
        loop {
            match copies.poll(&disk("d-1"), moves_and_fails).await {
                Err(Progress::Suspended { .. }) => suspended = attempt,
                Err(_) => {}
                Ok(failed) => break assert!(failed.is_err()),
            }
        }
    }
    assert_eq!(suspended, FREE_ATTEMPTS - 1, "from then on its time counts");
}

#[tokio::test(start_paused = true)]
async fn percent_does_not_fall_back_when_a_copy_has_ended_and_the_store_does_not_know_yet() {
    let copies = Copies::default();
    let work = |watch: CopyWatch<'_>| {
        watch(60);
        Ok(())
    };
    let copied = Copied::Snapshot("s-1".into(), "d-1".into());
    assert!(copies.poll(&copied, work).await.is_ok_and(|copied| copied.is_ok()));
    assert_eq!(copies.percent(&"s-1".into()), Some(60));

    copies.note_job(&"s-2".into(), (7, 10));
    copies.forget_job(&"s-2".into());
    assert_eq!(copies.percent(&"s-2".into()), Some(70));
}
