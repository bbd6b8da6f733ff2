//! The PostgreSQL engine keeps the contract; and what only it promises: several servers over one
//! database, and commits whose answer was lost. Runs where DISKDOCK_TEST_POSTGRES names a server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use diskdock::store::postgres::{Postgres, PostgresAddress};
use diskdock::store::{DiskFilter, Page, Store, StoreError, TokenRecord, WriteTx};
use domain::{Disk, DiskId};

use super::contract;
use super::entities::{disk, instance};
use crate::harness::postgres::{TestDatabase, address_for, server};
use crate::harness::{ACCOUNT, BEGINNING, REGION};

fn open(directory: &Path) -> Store {
    let address = address_for(directory).unwrap_or_else(|| {
        let database = TestDatabase::of(directory).unwrap();
        let address = database.address();
        // It is opened again by the path; the server of the tests is thrown away as a whole.
        std::mem::forget(database);
        address
    });
    Store::new(Postgres::open(address, directory, 0).unwrap())
}

#[tokio::test]
async fn postgres_fulfils_the_contract() {
    if server().is_some() {
        contract(open).await;
    }
}

/// Two servers over one database.
struct Two {
    one: Store,
    other: Store,
    _directories: [tempfile::TempDir; 2],
    _database: TestDatabase,
}

fn two() -> Option<Two> {
    server()?;
    let directories = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let database = TestDatabase::of(directories[0].path()).unwrap();
    let open = |number: usize| {
        let engine =
            Postgres::open(database.address(), directories[number].path(), number as u64).unwrap();
        Store::new(engine)
    };
    let (one, other) = (open(0), open(1));
    Some(Two { one, other, _directories: directories, _database: database })
}

/// Longer than a transaction waits for a lock, in seconds.
const LOCK_HELD_S: u32 = 4;

#[test]
fn servers_start_while_another_one_holds_the_lock_of_the_form() {
    let Some(server) = server() else { return };
    let directories = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let database = TestDatabase::of(directories[0].path()).unwrap();
    let hold = format!("SELECT pg_advisory_xact_lock(7310579611), pg_sleep({LOCK_HELD_S})");
    let wait_until_held = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks, pg_database \
        WHERE locktype = 'advisory' AND datname = current_database() \
        AND database = pg_database.oid) \
        LOOP PERFORM pg_sleep(0.01); END LOOP; END $$";
    // With all tables there, and with one to make.
    for (directory, before) in directories.iter().zip(["SELECT 1", "DROP TABLE key_pairs"]) {
        database.run(&server, before);
        std::thread::scope(|scope| {
            scope.spawn(|| database.run(&server, &hold));
            database.run(&server, wait_until_held);
            Postgres::open(database.address(), directory.path(), 0).unwrap();
        });
    }
}

fn read_disk(store: &Store, id: &str) -> Option<Disk> {
    let id = DiskId::from(id);
    store.read_blocking(|tx| tx.disk(&id)).unwrap()
}

#[tokio::test]
async fn writes_of_two_servers_lose_no_update() {
    let Some(two) = two() else { return };
    assert_ne!(two.one.server(), two.other.server());
    two.one.write(|tx| tx.save_disk(&disk("one"))).await.unwrap();
    let grow = |tx: &mut dyn WriteTx| {
        let mut disk = tx.disk(&"d-one".into())?.expect("the disk");
        disk.size_gib += 1;
        tx.save_disk(&disk)
    };
    let writes =
        (0..200).map(|n| if n % 2 == 0 { two.one.write(grow) } else { two.other.write(grow) });
    for ended in futures_util::future::join_all(writes).await {
        ended.unwrap();
    }
    assert_eq!(read_disk(&two.other, "d-one").unwrap().size_gib, 220);
}

/// Each takes the first name that the list of the instance's disks leaves free.
#[tokio::test]
async fn attached_of_two_servers_gives_no_device_twice() {
    let Some(two) = two() else { return };
    two.one.write(|tx| tx.save_instance(&instance("one"))).await.unwrap();
    let stores = [&two.one, &two.other];
    let attach = |number: usize| {
        stores[number % 2].write(move |tx| {
            let mut disk = disk(&number.to_string());
            let device = format!("/dev/{}", tx.attached(&"i-one".into())?.len());
            disk.begin_attach("i-one".into(), device, BEGINNING).unwrap();
            tx.save_disk(&disk)
        })
    };
    let writes = (0..60).map(attach);
    for ended in futures_util::future::join_all(writes).await {
        ended.unwrap();
    }
    let attached = two.one.read_blocking(|tx| tx.attached(&"i-one".into())).unwrap();
    let devices: std::collections::BTreeSet<_> = attached.iter().map(|at| &at.device).collect();
    assert_eq!((attached.len(), devices.len()), (60, 60));
}

/// Decisions on a list are made while no other server writes.
#[tokio::test]
async fn lists_in_writes_of_two_servers_see_all_that_was_committed() {
    let Some(two) = two() else { return };
    let stores = [&two.one, &two.other];
    let add_if_few = |number: usize| {
        stores[number % 2].write(move |tx| {
            let all = DiskFilter::all(ACCOUNT.into(), REGION);
            let page = tx.disks(&all, &Page::After { after: None, most: 99 })?;
            if page.entries.len() < 5 {
                tx.save_disk(&disk(&number.to_string()))?;
            }
            Ok(())
        })
    };
    let writes = (0..40).map(add_if_few);
    for ended in futures_util::future::join_all(writes).await {
        ended.unwrap();
    }
    let total = two.one.read_blocking(|tx| tx.amounts(&ACCOUNT.into())).unwrap().disks;
    assert_eq!(total, 5);
}

#[tokio::test]
async fn token_at_two_servers_has_one_effect() {
    let Some(two) = two() else { return };
    let stores = [&two.one, &two.other];
    let call = |number: usize| {
        stores[number % 2].write(move |tx| {
            if let Some(known) = tx.token(&ACCOUNT.into(), "CreateDisk", "token")? {
                return Ok(known.reply);
            }
            let token = TokenRecord {
                account: ACCOUNT.into(),
                action: "CreateDisk".to_owned(),
                token: "token".to_owned(),
                parameters: String::new(),
                reply: format!("d-{number}"),
                created_at: BEGINNING,
            };
            tx.save_disk(&disk(&number.to_string()))?;
            tx.save_token(&token)?;
            Ok(token.reply)
        })
    };
    let writes = (0..20).map(call);
    let replies: Result<Vec<_>, _> =
        futures_util::future::join_all(writes).await.into_iter().collect();
    let replies = replies.unwrap();
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
    let total = two.one.read_blocking(|tx| tx.amounts(&ACCOUNT.into())).unwrap().disks;
    assert_eq!(total, 1);
}

#[test]
fn open_refuses_a_store_of_a_newer_version_and_a_database_that_is_away() {
    let Some(server) = server() else { return };
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::of(directory.path()).unwrap();
    let open = |address: PostgresAddress| {
        Postgres::open(address, directory.path(), 0).err().unwrap().to_string()
    };
    let nobody = PostgresAddress::new("postgres://a@127.0.0.1:1/b", None).unwrap();
    let refusal = open(nobody);
    assert!(refusal.contains("cannot connect to postgres://127.0.0.1:1/b"), "{refusal}");
    database.run(&server, "INSERT INTO store_version VALUES (99)");
    let refusal = open(database.address());
    assert!(refusal.contains("version 99"), "{refusal}");
}

/// The answer to a commit is cut off, once before the database has got it and once after.
#[tokio::test]
async fn commit_without_an_answer_is_resolved_by_what_is_there() {
    let Some(server) = server() else { return };
    for gets_there in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let database = TestDatabase::of(directory.path()).unwrap();
        let proxy = super::proxy::Proxy::start(&server);
        let address = proxy.address(&database);
        let store = Arc::new(Store::new(Postgres::open(address, directory.path(), 0).unwrap()));
        store.write(|tx| tx.save_disk(&disk("one"))).await.unwrap();
        proxy.cut_at_commit(gets_there);
        let ended = store.write(|tx| tx.save_disk(&disk("two"))).await;
        // The connection is back at once, so it is resolved before the caller is told.
        assert_eq!(ended.is_ok(), gets_there, "{ended:?}");
        assert_eq!(read_disk(&store, "d-two").is_some(), gets_there);
        store.write(|tx| tx.save_disk(&disk("three"))).await.unwrap();
    }
}

#[tokio::test]
async fn store_is_unavailable_within_seconds_while_the_database_is_away() {
    let Some(server) = server() else { return };
    for is_silent in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let database = TestDatabase::of(directory.path()).unwrap();
        let proxy = super::proxy::Proxy::start(&server);
        let address = proxy.address(&database);
        let store = Arc::new(Store::new(Postgres::open(address, directory.path(), 0).unwrap()));
        store.write(|tx| tx.save_disk(&disk("kept"))).await.unwrap();
        proxy.take_away(is_silent);
        let began = std::time::Instant::now();
        let read = store.read(|tx| tx.disk(&"d-kept".into())).await;
        let write = store.write(|tx| tx.save_disk(&disk("two"))).await;
        assert!(matches!(read, Err(StoreError::Unavailable)), "{read:?}");
        assert!(matches!(write, Err(StoreError::Unavailable)), "{write:?}");
        assert!(began.elapsed().as_secs() < 20, "both took {:?}", began.elapsed());
        proxy.bring_back();
        let back = || store.write(|tx| tx.save_disk(&disk("three")));
        while back().await.is_err() {
            assert!(began.elapsed().as_secs() < 60, "it does not recover");
        }
        assert!(read_disk(&store, "d-kept").is_some());
        assert!(read_disk(&store, "d-three").is_some());
    }
}

#[tokio::test]
async fn keys_changed_is_notified_when_another_server_changes_a_key() {
    let Some(two) = two() else { return };
    let changed = two.other.keys_changed().unwrap();
    let heard = || tokio::time::timeout(Duration::from_secs(20), changed.notified());
    heard().await.expect("it may have changed before it listened");
    let key = diskdock::gateway::keys::new_key(ACCOUNT.into(), BEGINNING);
    let (saved, id) = (key.clone(), key.id);
    two.one.write(move |tx| tx.save_access_key(&saved)).await.unwrap();
    heard().await.expect("a key was added");
    two.one.write(move |tx| tx.remove_access_key(&id)).await.unwrap();
    heard().await.expect("a key was removed");
}
