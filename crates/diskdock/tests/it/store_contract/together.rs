//! Over PostgreSQL, writes that are committed together read ahead, and send their changes with the
//! commit; each ends as if it were alone.

use diskdock::store::postgres::Postgres;
use diskdock::store::{Prefetch, Store, StoreError, StoredEntity, WriteTx};
use domain::{Disk, Instance};
use futures_util::future::join_all;

use super::entities::{disk, instance};
use super::operations::operation;
use crate::harness::BEGINNING;
use crate::harness::postgres::{TestDatabase, server};

/// Two servers over one database.
struct Servers {
    stores: [Store; 2],
    _directories: [tempfile::TempDir; 2],
    _database: TestDatabase,
}

fn servers() -> Option<Servers> {
    server()?;
    let directories = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let database = TestDatabase::of(directories[0].path()).unwrap();
    let stores = [0, 1].map(|number| {
        let engine = Postgres::open(database.address(), directories[number].path(), number as u64);
        Store::new(engine.unwrap())
    });
    Some(Servers { stores, _directories: directories, _database: database })
}

#[tokio::test]
async fn change_that_comes_to_nothing_undoes_its_write_and_no_other() {
    let Some(Servers { stores: [store, _], .. }) = &servers() else { return };
    let writes = (0..40).map(|number| {
        store.write(move |tx| {
            tx.save_disk(&disk(&number.to_string()))?;
            // Nobody has begun it.
            if number % 4 == 0 { tx.end_operation(&operation(number, "a")) } else { Ok(()) }
        })
    });
    for (number, ended) in join_all(writes).await.into_iter().enumerate() {
        let is_lost = matches!(ended, Err(StoreError::LeaseLost));
        assert_eq!((ended.is_ok(), is_lost), (number % 4 != 0, number % 4 == 0), "{ended:?}");
        let id = format!("d-{number}").into();
        let found = store.read_blocking(|tx| tx.disk(&id)).unwrap();
        assert_eq!(found.is_some(), ended.is_ok(), "d-{number}");
    }
}

/// Each write sees what those before it made of the rows that all of them had read ahead.
#[tokio::test]
async fn writes_that_read_ahead_lose_no_update_and_see_each_other() {
    let Some(Servers { stores, .. }) = &servers() else { return };
    stores[0].write(|tx| tx.save_instance(&instance("one"))).await.unwrap();
    stores[1].write(|tx| tx.save_disk(&disk("grows"))).await.unwrap();
    let writes = (0..60).map(|number: usize| {
        let ahead = Prefetch::default().resource(Instance::TYPE, "i-one");
        let ahead = ahead.resource(Disk::TYPE, "d-grows").resource(Disk::TYPE, "d-none");
        let work = move |tx: &mut dyn WriteTx| {
            assert_eq!(tx.disk(&"d-none".into())?, None);
            let mut grows = tx.disk(&"d-grows".into())?.expect("the disk");
            grows.size_gib += 1;
            tx.save_disk(&grows)?;
            let mut disk = disk(&number.to_string());
            let device = format!("/dev/{}", tx.attached(&"i-one".into())?.len());
            disk.begin_attach("i-one".into(), device, BEGINNING).unwrap();
            tx.save_disk(&disk)
        };
        stores[number % 2].write_briefly_after(ahead, work, |()| ())
    });
    for ended in join_all(writes).await {
        ended.unwrap();
    }
    let (grows, attached) = stores[0]
        .read_blocking(|tx| {
            Ok::<_, StoreError>((tx.disk(&"d-grows".into())?, tx.attached(&"i-one".into())?))
        })
        .unwrap();
    assert_eq!(grows.expect("the disk").size_gib, 80);
    let devices: std::collections::BTreeSet<_> = attached.iter().map(|at| &at.device).collect();
    assert_eq!((attached.len(), devices.len()), (60, 60));
}

#[tokio::test]
async fn removed_disk_leaves_the_list_that_was_read_ahead() {
    let Some(Servers { stores: [store, _], .. }) = &servers() else { return };
    store.write(|tx| tx.save_instance(&instance("one"))).await.unwrap();
    let attach = |tx: &mut dyn WriteTx| {
        let mut disk = disk("one");
        disk.begin_attach("i-one".into(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
        tx.save_disk(&disk)
    };
    store.write(attach).await.unwrap();
    let ahead = Prefetch::default().resource(Instance::TYPE, "i-one");
    let remove = |tx: &mut dyn WriteTx| {
        let before = tx.attached(&"i-one".into())?.len();
        tx.remove_disk(&"d-one".into())?;
        Ok((before, tx.attached(&"i-one".into())?.len(), tx.disk(&"d-one".into())?))
    };
    let found = store.write_briefly_after(ahead, remove, |found| found).await.unwrap();
    assert_eq!(found, (1, 0, None));
}
