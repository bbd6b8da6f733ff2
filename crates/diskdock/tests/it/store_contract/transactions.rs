//! Transactions are atomic and isolated.

use std::sync::Arc;

use diskdock::store::{DiskFilter, Page, StoreError, StoredNonce, WriteTx};
use domain::{Disk, DiskId};

use super::entities::{disk, instance};
use super::{Fresh, Open};
use crate::harness::{ACCOUNT, REGION};

pub(super) async fn contract(open: Open) {
    save_refuses_to_overwrite_an_unread_entity(open).await;
    failed_write_has_no_effect_on_the_store_or_other_writes(open).await;
    panicking_write_leaves_the_store_usable(open).await;
    read_sees_the_commits_before_its_beginning(open).await;
    concurrent_writes_lose_no_update(open).await;
    discards_lists_removed_disks_until_they_are_forgotten(open).await;
    discards_are_those_of_one_host_or_of_none(open).await;
    nonces_are_kept_until_they_are_forgotten_by_their_second(open).await;
}

async fn nonces_are_kept_until_they_are_forgotten_by_their_second(open: Open) {
    const MANY: i64 = 12_000;
    let fresh = Fresh::new(open);
    let nonce = |timestamp_s: i64| StoredNonce { timestamp_s, hash: u64::MAX - 1 };
    fresh
        .write(move |tx| {
            for second in 0..MANY {
                assert!(tx.save_nonce(&nonce(second))?, "{second}");
            }
            assert!(!tx.save_nonce(&nonce(5))?, "it is known");
            tx.wipe()
        })
        .await;
    let fresh = fresh.reopened(open);
    let kept = fresh.read(|tx| tx.nonces());
    assert_eq!((kept.nonces.len(), kept.forgotten_until_s), (12_000, None));
    assert!(kept.nonces.contains(&nonce(5)));
    assert_eq!(fresh.read(|tx| tx.nonce_beyond(2)), Some(MANY - 3));
    assert_eq!(fresh.read(|tx| tx.nonce_beyond(12_000)), None);
    while fresh.write(|tx| tx.delete_nonces(MANY - 10)).await {}
    fresh.write(|tx| tx.delete_nonces(3)).await;
    let kept = fresh.reopened(open).read(|tx| tx.nonces());
    assert_eq!((kept.nonces.len(), kept.forgotten_until_s), (10, Some(MANY - 11)));
}

fn total(fresh: &Fresh) -> Option<u64> {
    let filter = DiskFilter::all(ACCOUNT.into(), REGION);
    fresh.read(|tx| tx.disks(&filter, &Page::Numbered { number: 1, size: 1 })).total
}

async fn save_refuses_to_overwrite_an_unread_entity(open: Open) {
    let fresh = Fresh::new(open);
    fresh.write(|tx| tx.save_disk(&disk("one"))).await;
    fresh.write(|tx| tx.save_instance(&instance("one"))).await;
    fresh.refused(|tx| tx.save_disk(&disk("one"))).await;
    fresh.refused(|tx| tx.save_instance(&instance("one"))).await;
    let gone_meanwhile = |tx: &mut dyn WriteTx| {
        let disk = tx.disk(&"d-one".into())?.expect("the disk");
        tx.remove_disk(&disk.id)?;
        tx.save_disk(&disk)
    };
    fresh.write(gone_meanwhile).await;
    assert_eq!(total(&fresh), Some(1));
}

async fn failed_write_has_no_effect_on_the_store_or_other_writes(open: Open) {
    let fresh = Fresh::new(open);
    let write = |number: usize| {
        fresh.store.write(move |tx| {
            tx.save_disk(&disk(&number.to_string()))?;
            if number.is_multiple_of(3) {
                Err(StoreError::Engine("on purpose".to_owned()))
            } else {
                Ok(())
            }
        })
    };
    let ended = join_all((0..30).map(write)).await;
    for (number, ended) in ended.into_iter().enumerate() {
        assert_eq!(ended.is_err(), number.is_multiple_of(3), "{number}: {ended:?}");
        let id = DiskId::from(format!("d-{number}"));
        assert_eq!(fresh.read(|tx| tx.disk(&id)).is_some(), !number.is_multiple_of(3));
    }
    assert_eq!(total(&fresh), Some(20));
}

async fn panicking_write_leaves_the_store_usable(open: Open) {
    let fresh = Fresh::new(open);
    let panicking = |tx: &mut dyn WriteTx| -> Result<(), StoreError> {
        tx.save_disk(&disk("half"))?;
        panic!("on purpose")
    };
    let ended = fresh.store.write(panicking).await;
    assert!(ended.is_err());
    assert_eq!(total(&fresh), Some(0));
    fresh.write(|tx| tx.save_disk(&disk("whole"))).await;
    assert_eq!(total(&fresh), Some(1));
}

async fn read_sees_the_commits_before_its_beginning(open: Open) {
    let fresh = Fresh::new(open);
    fresh.write(|tx| tx.save_disk(&disk("one"))).await;
    let fresh = Arc::new(fresh);
    let (writer, runtime) = (Arc::clone(&fresh), tokio::runtime::Handle::current());
    let read = move || {
        let filter = DiskFilter::all(ACCOUNT.into(), REGION);
        let page = Page::Numbered { number: 1, size: 9 };
        writer.read(|tx| {
            let before = tx.disks(&filter, &page)?.total;
            let write = writer.store.write(|tx| tx.save_disk(&disk("two")));
            runtime.block_on(write)?;
            let after = tx.disks(&filter, &page)?;
            assert_eq!((before, after.entries.len()), (Some(1), 1), "one view for the whole read");
            Ok(())
        });
    };
    tokio::task::spawn_blocking(read).await.unwrap();
    assert_eq!(total(&fresh), Some(2));
}

async fn concurrent_writes_lose_no_update(open: Open) {
    let fresh = Fresh::new(open);
    fresh.write(|tx| tx.save_disk(&disk("one"))).await;
    let grow = |_| {
        fresh.store.write(|tx| {
            let mut disk = tx.disk(&"d-one".into())?.expect("the disk");
            disk.size_gib += 1;
            tx.save_disk(&disk)
        })
    };
    let ended = join_all((0..100).map(grow)).await;
    assert!(ended.iter().all(Result::is_ok));
    let grown = fresh.read(|tx| tx.disk(&"d-one".into())).unwrap();
    assert_eq!(grown.size_gib, 120);
}

/// Lets all run together.
async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut open: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in open.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(answer) = future.as_mut().poll(context) {
                *done = Some(answer);
            }
        }
        let all = open.iter().all(|(_, done)| done.is_some());
        if all { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    open.into_iter().filter_map(|(_, done)| done).collect()
}

async fn discards_are_those_of_one_host_or_of_none(open: Open) {
    let fresh = Fresh::new(open);
    for (name, host) in [("one", ""), ("two", "a"), ("three", "b")] {
        fresh.write(move |tx| tx.save_disk(&Disk { host: host.into(), ..disk(name) })).await;
        fresh.write(move |tx| tx.remove_disk(&format!("d-{name}").as_str().into())).await;
    }
    fresh.write(|tx| tx.discard_snapshot(&"s-one".into(), "a")).await;
    let fresh = fresh.reopened(open);
    for (host, disk) in [("", "d-one"), ("a", "d-two"), ("b", "d-three"), ("c", "")] {
        let found = fresh.read(|tx| tx.discards(host, 9));
        let found: Vec<_> = found.iter().map(DiskId::as_str).collect();
        assert_eq!(found, [disk][..usize::from(!disk.is_empty())], "{host:?}");
    }
    let snapshots = |host| fresh.read(move |tx| tx.snapshot_discards(host, 9));
    assert_eq!((snapshots("a"), snapshots("")), (vec!["s-one".into()], vec![]));
    assert_eq!(fresh.read(|tx| tx.discarding_hosts()), ["a", "b"]);
    fresh.write(|tx| tx.delete_discard(&"d-two".into())).await;
    assert_eq!(fresh.read(|tx| tx.discards("a", 9)), []);
    fresh.write(|tx| tx.delete_discard(&"d-three".into())).await;
    assert_eq!(fresh.read(|tx| tx.discarding_hosts()), ["a"]);
}

async fn discards_lists_removed_disks_until_they_are_forgotten(open: Open) {
    let fresh = Fresh::new(open);
    let discards = |fresh: &Fresh, most| {
        let ids = fresh.read(|tx| tx.discards("", most));
        ids.iter().map(DiskId::to_string).collect::<Vec<_>>()
    };
    for name in ["one", "two", "three"] {
        fresh.write(move |tx| tx.save_disk(&disk(name))).await;
    }
    assert_eq!(discards(&fresh, 9), [""; 0]);
    for id in ["d-one", "d-two"] {
        fresh.write(move |tx| tx.remove_disk(&id.into())).await;
    }
    let fails = |tx: &mut dyn WriteTx| -> Result<(), StoreError> {
        tx.remove_disk(&"d-three".into())?;
        Err(StoreError::Engine("on purpose".to_owned()))
    };
    fresh.refused(fails).await;
    let fresh = fresh.reopened(open);
    assert_eq!(discards(&fresh, 9), ["d-one", "d-two"], "what failed removed nothing");
    assert_eq!(discards(&fresh, 1).len(), 1);
    for _ in 0..2 {
        fresh.write(|tx| tx.delete_discard(&"d-one".into())).await;
    }
    assert_eq!(discards(&fresh, 9), ["d-two"]);
    fresh.write(|tx| tx.wipe()).await;
    assert_eq!(discards(&fresh, 9), [""; 0]);
}
