//! The engine that keeps nothing keeps the contract; and what only it promises.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use diskdock::store::memory::Memory;
use diskdock::store::{DiskFilter, Engine, Page, ReadTx, Store, StoreError, WriteTx};
use domain::DiskId;

use super::contract;
use super::entities::disk;
use crate::harness::{ACCOUNT, REGION, memory};

fn opened(directory: &Path) -> Store {
    Store::new(memory::opened(directory))
}

#[tokio::test]
async fn memory_fulfils_the_contract() {
    contract(opened).await;
}

fn names(store: &Store) -> Vec<String> {
    let all = DiskFilter::all(ACCOUNT.into(), REGION);
    let page = Page::Numbered { number: 1, size: 100 };
    let page = store.read_blocking(|tx| tx.disks(&all, &page)).unwrap();
    page.entries.iter().map(|disk| format!("{}:{}", disk.id, disk.name)).collect()
}

fn rename(name: &'static str) -> impl FnMut(&mut dyn WriteTx) -> Result<(), StoreError> {
    move |tx| {
        let mut disk = tx.disk(&DiskId::from("d-one"))?.expect("the disk");
        disk.name = name.to_owned();
        tx.save_disk(&disk)
    }
}

#[tokio::test]
async fn fork_and_its_source_change_apart() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(&directory.path().join("source")).unwrap();
    let source = Store::new(memory.clone());
    source.write(|tx| tx.save_disk(&disk("one"))).await.unwrap();
    let fork = Store::new(memory.fork(&directory.path().join("fork")).unwrap());
    let was = names(&source);
    assert_eq!(names(&fork), was);
    source.write(rename("source")).await.unwrap();
    fork.write(|tx| tx.remove_disk(&"d-one".into())).await.unwrap();
    fork.write(|tx| tx.save_disk(&disk("two"))).await.unwrap();
    assert_eq!(names(&source), ["d-one:source"]);
    assert_eq!(names(&fork).len(), 1);
    assert!(names(&fork)[0].starts_with("d-two:"), "{:?}", names(&fork));
}

/// A write that fails in the middle leaves every table as it was, brief or not.
#[tokio::test]
async fn failed_write_leaves_the_whole_export_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Memory::open(directory.path()).unwrap());
    store
        .write(|tx| {
            tx.save_instance(&super::entities::instance("one"))?;
            tx.save_disk(&disk("one"))?;
            tx.save_user_data(&"i-one".into(), "dHdv")
        })
        .await
        .unwrap();
    let before = store.read_blocking(|tx| tx.export()).unwrap();
    let change = |tx: &mut dyn WriteTx| -> Result<(), StoreError> {
        tx.remove_instance(&"i-one".into())?;
        rename("half")(tx)?;
        tx.remove_disk(&"d-one".into())?;
        tx.save_disk(&disk("two"))?;
        tx.begin_operation(&super::operations::operation(1, "a"))?;
        tx.fail_operation(&super::operations::operation(1, "a"))?;
        tx.begin_operation(&super::operations::operation(2, "a"))?;
        tx.renew_lease("a", domain::Uptime(1))?;
        tx.wipe()?;
        tx.save_disk(&disk("three"))?;
        Err(StoreError::Engine("on purpose".to_owned()))
    };
    store.write(change).await.unwrap_err();
    store.write_briefly(change, |()| ()).await.unwrap_err();
    let after = store.read_blocking(|tx| tx.export()).unwrap();
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    let left = |tx: &dyn ReadTx| {
        Ok((tx.operations()?, tx.failed_operations()?, tx.other_leases("b")?, tx.discards("", 9)?))
    };
    let left: Result<_, StoreError> = store.read_blocking(left);
    assert_eq!(left.unwrap(), (vec![], vec![], vec![], vec![]));
}

#[tokio::test]
async fn closed_store_refuses_reads_and_writes() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let store = Store::new(memory.clone());
    memory.close().unwrap();
    store.write(|tx| tx.save_disk(&disk("one"))).await.unwrap_err();
    store.read_blocking(|tx| tx.disk(&"d-one".into())).unwrap_err();
}

/// A reset relies on it: what it forgets after its commit is older than the next write.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn write_is_told_how_it_ended_before_the_next_one_runs() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::new(Memory::open(directory.path()).unwrap()));
    let order = Arc::<Mutex<Vec<(usize, bool)>>>::default();
    let writes = (0..200).map(|number| {
        let (store, runs, told) = (Arc::clone(&store), Arc::clone(&order), Arc::clone(&order));
        tokio::spawn(async move {
            let work = move |_: &mut dyn WriteTx| {
                runs.lock().unwrap().push((number, false));
                Ok(())
            };
            let then = move |()| told.lock().unwrap().push((number, true));
            match number % 3 {
                0 => store.write_then(work, then).await,
                _ => store.write_briefly(work, then).await,
            }
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap().unwrap();
    }
    let order = order.lock().unwrap();
    assert_eq!(order.len(), 400);
    for pair in order.chunks(2) {
        assert_eq!((pair[0].0, pair[0].1, pair[1].1), (pair[1].0, false, true), "{order:?}");
    }
}

/// One that may take long goes on, and is told how it ended, without its caller.
#[tokio::test]
async fn write_goes_on_if_its_caller_does_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Memory::open(directory.path()).unwrap());
    let (begins, begun) = std::sync::mpsc::channel();
    let (goes_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (tells, told) = std::sync::mpsc::channel();
    let work = move |tx: &mut dyn WriteTx| {
        begins.send(()).unwrap();
        may_go_on.recv().unwrap();
        tx.save_disk(&disk("one"))
    };
    let mut write = Box::pin(store.write_then(work, move |()| tells.send(()).unwrap()));
    let first = std::future::poll_fn(|context| Poll::Ready(write.as_mut().poll(context)));
    assert!(first.await.is_pending());
    begun.recv().unwrap();
    drop(write);
    goes_on.send(()).unwrap();
    store.write_briefly(|tx| tx.save_disk(&disk("two")), |()| ()).await.unwrap();
    told.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(names(&store).len(), 2, "neither was lost");
}
