//! On which threads reads run, and how many at a time.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};

use diskdock::store::sqlite::{Durability, Sqlite};
use diskdock::store::{DiskFilter, Page, ReadTx, Store, StoreError};
use domain::DiskId;

use super::entities::disk;
use crate::harness::{ACCOUNT, REGION};

/// Walks over lists that run at a time.
const WALKS: usize = 4;

async fn store(directory: &Path) -> Arc<Store> {
    let store = Store::new(Sqlite::open(directory, Durability::Relaxed).unwrap());
    store.write(|tx| tx.save_disk(&disk("one"))).await.unwrap();
    Arc::new(store)
}

/// Walks over the disks that have a tag, which no index answers.
fn walk(tx: &dyn ReadTx) -> Result<ThreadId, StoreError> {
    let mut filter = DiskFilter::all(ACCOUNT.into(), REGION);
    filter.tags = vec![("team".to_owned(), Some("storage".to_owned()))];
    tx.disks(&filter, &Page::Numbered { number: 1, size: 10 })?;
    Ok(thread::current().id())
}

fn look_up(tx: &dyn ReadTx) -> Result<ThreadId, StoreError> {
    tx.disk(&DiskId::from("d-one"))?;
    Ok(thread::current().id())
}

#[tokio::test]
async fn read_runs_lists_on_another_thread_and_rows_on_the_callers() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let here = thread::current().id();
    assert_eq!(store.read(look_up).await.unwrap(), here);
    assert_ne!(store.read(walk).await.unwrap(), here);
    // What begins with a row and goes on to a list is read again as a whole.
    let both = |tx: &dyn ReadTx| look_up(tx).and_then(|row| Ok((row, walk(tx)?)));
    let (row, list) = store.read(both).await.unwrap();
    assert_eq!(row, list);
    assert_ne!(list, here);
}

#[tokio::test]
async fn read_of_a_row_is_answered_while_the_list_lane_is_full() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let (under_way, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let held = Arc::new(Barrier::new(WALKS + 1));
    let walks: Vec<_> = (0..2 * WALKS)
        .map(|number| {
            let (under_way, most, held) =
                (Arc::clone(&under_way), Arc::clone(&most), Arc::clone(&held));
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let read = move |tx: &dyn ReadTx| {
                    walk(tx)?;
                    let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    if number < WALKS {
                        held.wait();
                    }
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    Ok::<_, StoreError>(())
                };
                store.read(read).await
            })
        })
        .collect();
    while under_way.load(Ordering::SeqCst) < WALKS {
        tokio::task::yield_now().await;
    }
    let here = thread::current().id();
    assert_eq!(store.read(look_up).await.unwrap(), here);
    let waiting = |store: &Store| store.gauges().contains(&("store_lists_waiting", 4));
    while !waiting(&store) {
        tokio::task::yield_now().await;
    }
    held.wait();
    for walk in walks {
        walk.await.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), WALKS);
}

#[tokio::test]
async fn read_that_panics_leaves_the_lane_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    for _ in 0..=WALKS {
        let read = |tx: &dyn ReadTx| {
            walk(tx)?;
            if true {
                panic!("on purpose");
            }
            Ok::<(), StoreError>(())
        };
        let error = store.read(read).await.unwrap_err();
        assert!(matches!(error, StoreError::Engine(_)), "{error:?}");
    }
    store.read(walk).await.unwrap();
}

/// Walks of one account at a time, waiting or not.
const WALKS_OF_ACCOUNT: usize = 256;

#[tokio::test]
async fn lists_of_one_account_delay_those_of_another_by_a_few_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let (begun, held) = (Arc::<Mutex<Vec<&str>>>::default(), Arc::new(Barrier::new(WALKS + 1)));
    let send = |account: &'static str, is_held: bool| {
        let (begun, held, store) = (Arc::clone(&begun), Arc::clone(&held), Arc::clone(&store));
        tokio::spawn(async move {
            let read = move |tx: &dyn ReadTx| {
                walk(tx)?;
                begun.lock().unwrap().push(account);
                if is_held {
                    held.wait();
                }
                Ok::<_, StoreError>(())
            };
            store.read_for(&account.into(), read).await
        })
    };
    let waiting = |count| store.gauges().contains(&("store_lists_waiting", count));
    let mut walks: Vec<_> = (0..WALKS).map(|_| send("busy", true)).collect();
    while begun.lock().unwrap().len() < WALKS {
        tokio::task::yield_now().await;
    }
    walks.extend((WALKS..WALKS_OF_ACCOUNT).map(|_| send("busy", false)));
    while !waiting(252) {
        tokio::task::yield_now().await;
    }
    let refused = send("busy", false).await.unwrap().unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable), "{refused:?}");
    walks.push(send("other", false));
    while !waiting(253) {
        tokio::task::yield_now().await;
    }
    held.wait();
    for walk in walks {
        walk.await.unwrap().unwrap();
    }
    let at = begun.lock().unwrap().iter().position(|account| *account == "other").unwrap();
    assert!(at <= 3 * WALKS, "{at} walks of the busy account were first");
    send("busy", false).await.unwrap().unwrap();
}
