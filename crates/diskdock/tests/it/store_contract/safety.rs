//! A store of another time: stopped well, lost, damaged, an old copy, of another version.

use std::fs;
use std::path::{Path, PathBuf};

use diskdock::store::sqlite::{BackupOrigin, BackupPlan, Durability, STORE, Sqlite};
use diskdock::store::{DiskFilter, Page, Store, StoreError};
use domain::{DiskId, Uptime};
use rusqlite::Connection;
use serde_json::Value;

use super::entities;
use crate::harness::{ACCOUNT, REGION};

/// The state that version 0.1.0 left, as SQL.
pub(crate) const SAVED_BY_0_1_0: &str = include_str!("saved/0.1.0.sql");
/// The form of its tables.
pub(crate) const VERSION_OF_0_1_0: i64 = 2;

/// Opens a store. A program that another test is just starting may still have the lock's file open.
fn open(directory: &Path) -> Result<Store, StoreError> {
    for _ in 0..100_000 {
        match Sqlite::open(directory, Durability::Relaxed) {
            Err(StoreError::Engine(why)) if why.contains("cannot lock") => {
                std::thread::yield_now();
            }
            opened => return opened.map(Store::new),
        }
    }
    panic!("{} stays locked", directory.display());
}

/// A directory whose store has one disk and was stopped well.
async fn stopped() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.write(|tx| tx.save_disk(&entities::disk("one"))).await.unwrap();
    store.close().await;
    directory
}

fn has_disk(store: &Store) -> bool {
    store.read_blocking(|tx| tx.disk(&"d-one".into())).unwrap().is_some()
}

/// Why the store in this directory is refused.
fn refusal(directory: &Path) -> String {
    match open(directory) {
        Err(unfit @ StoreError::Unfit { .. }) => unfit.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn close_leaves_the_whole_state_in_one_file() {
    let directory = stopped().await;
    let other = tempfile::tempdir().unwrap();
    fs::copy(directory.path().join(STORE), other.path().join(STORE)).unwrap();
    assert!(has_disk(&open(other.path()).unwrap()));
}

#[tokio::test]
async fn open_refuses_a_store_that_is_missing_empty_or_damaged_in_a_used_directory() {
    let directory = stopped().await;
    let store = directory.path().join(STORE);
    fs::remove_file(&store).unwrap();
    assert!(refusal(directory.path()).contains("is missing"));
    fs::write(&store, "").unwrap();
    assert!(refusal(directory.path()).contains("is empty"));
    fs::write(&store, "SQLite").unwrap();
    assert!(refusal(directory.path()).contains("it is cut off"));
    fs::write(&store, "this is no store at all").unwrap();
    assert!(refusal(directory.path()).contains("it is no SQLite file"));
}

#[tokio::test]
async fn open_refuses_an_old_copy_until_the_mark_is_removed() {
    let directory = stopped().await;
    let (store, copy) = (directory.path().join(STORE), directory.path().join("copy"));
    fs::copy(&store, &copy).unwrap();
    open(directory.path()).unwrap().close().await;
    fs::copy(&copy, &store).unwrap();
    assert!(refusal(directory.path()).contains("is an old copy"));
    fs::remove_file(directory.path().join("store-mark")).unwrap();
    assert!(has_disk(&open(directory.path()).unwrap()));
}

/// A copy of the store as it is now, of a server that runs.
fn copied(directory: &Path, name: &str) -> PathBuf {
    let copy = directory.join(name);
    let connection = Connection::open(directory.join(STORE)).unwrap();
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    copy
}

async fn renew(store: &Store) {
    store.write(|tx| tx.renew_lease("local", Uptime(0))).await.unwrap();
    store.note_age().await.unwrap();
}

#[tokio::test]
async fn open_refuses_a_copy_from_the_same_run_after_a_stop_and_after_a_kill() {
    let directory = stopped().await;
    let (path, mark) = (directory.path(), directory.path().join("store-mark"));
    let store = Store::new(Sqlite::open(path, Durability::Synced).unwrap());
    renew(&store).await;
    let copy = copied(path, "copy");
    renew(&store).await;
    let mark_of_run = fs::read(&mark).unwrap();
    store.close().await;
    drop(store);

    fs::copy(&copy, path.join(STORE)).unwrap();
    assert!(refusal(path).contains("is an old copy: it was opened and closed 3 times"));
    fs::write(&mark, mark_of_run).unwrap();
    assert!(refusal(path).contains("is an old copy: its lease was renewed 1 times"));
    fs::remove_file(&mark).unwrap();
    assert!(has_disk(&open(path).unwrap()));
}

fn bodies(path: &Path, table: &str) -> Vec<Value> {
    let connection = Connection::open(path).unwrap();
    let sql = format!("SELECT body FROM {table} ORDER BY id");
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect()
}

/// The rows of the list of an instance's disks, as version 0.1.0 has them.
fn attachments(path: &Path) -> Vec<(String, String, String, String, i64)> {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT * FROM attachments ORDER BY instance, disk";
    let mut statement = connection.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn store_of_0_1_0_is_opened_and_goes_back_to_its_form() {
    let directory = tempfile::tempdir().unwrap();
    let (store, back) = (directory.path().join(STORE), directory.path().join("back"));
    let old = Connection::open(&store).unwrap();
    old.execute_batch(SAVED_BY_0_1_0).unwrap();
    old.pragma_update(None, "user_version", VERSION_OF_0_1_0).unwrap();
    old.close().unwrap();
    let (disks, instances) = (bodies(&store, "disks"), bodies(&store, "instances"));
    let attached = attachments(&store);
    assert_eq!(attached.len(), 4);

    let opened = open(directory.path()).unwrap();
    let tagged = DiskFilter {
        tags: vec![("team".to_owned(), Some("storage".to_owned()))],
        ..DiskFilter::all(ACCOUNT.into(), REGION)
    };
    let page = Page::After { after: None, most: 10 };
    let found = opened.read_blocking(|tx| tx.disks(&tagged, &page)).unwrap();
    let found: Vec<_> = found.entries.iter().map(|disk| disk.id.clone()).collect();
    assert_eq!(found, [DiskId::from("d-bp103nemoryijkmhvtll")]);
    let on_instance = opened.read_blocking(|tx| tx.attached(&attached[0].0.as_str().into()));
    let on_instance: Vec<_> = on_instance.unwrap().iter().map(|at| at.device.clone()).collect();
    assert_eq!(on_instance, ["/dev/xvda", "/dev/xvdb", "/dev/xvdc", "/dev/xvdd"]);
    let operations = opened.read_blocking(|tx| tx.operations()).unwrap();
    assert!(!operations.is_empty());
    assert!(operations.iter().all(|operation| operation.unknown.is_empty()), "{operations:?}");

    let version = Some(VERSION_OF_0_1_0);
    let origin = BackupOrigin::default();
    let plan = BackupPlan { file: back.clone(), replace: false, version, origin };
    Sqlite::back_up(directory.path(), &plan, &mut |_| ()).unwrap();
    assert_eq!(bodies(&back, "disks"), disks);
    assert_eq!(bodies(&back, "instances"), instances);
    assert_eq!(attachments(&back), attached);
}

#[tokio::test]
async fn save_keeps_the_fields_of_a_newer_version() {
    let directory = stopped().await;
    let path = directory.path().join(STORE);
    let newer = "UPDATE disks SET body = json_set(body, '$.newer', json('{\"deep\":[1,null]}'))";
    Connection::open(&path).unwrap().execute(newer, []).unwrap();
    let store = open(directory.path()).unwrap();
    let rename = |tx: &mut dyn diskdock::store::WriteTx| {
        let mut disk = tx.disk(&"d-one".into())?.expect("it was saved");
        disk.name = "renamed".to_owned();
        tx.save_disk(&disk)
    };
    store.write(rename).await.unwrap();
    store.close().await;
    let saved = &bodies(&path, "disks")[0];
    assert_eq!(saved["name"], "renamed");
    assert_eq!(saved["newer"], serde_json::json!({ "deep": [1, null] }));
}

/// A directory whose store is larger than a start reads, and was stopped well.
async fn stopped_and_large(bytes: usize) -> tempfile::TempDir {
    let directory = stopped().await;
    let store = open(directory.path()).unwrap();
    let large = "x".repeat(bytes);
    store.write(move |tx| tx.save_user_data(&"i-1".into(), &large)).await.unwrap();
    store.close().await;
    directory
}

/// Overwrites a part of a file.
fn scribble(file: &Path, at: usize, bytes: usize) {
    let mut found = fs::read(file).unwrap();
    found[at..at + bytes].fill(0xaa);
    fs::write(file, found).unwrap();
}

/// The middle of a large store: a page of the user data.
const MIDDLE: usize = 5 << 20;

#[tokio::test]
async fn open_reads_the_beginning_of_a_large_store_that_was_stopped_well() {
    let directory = stopped_and_large(9 << 20).await;
    let store = directory.path().join(STORE);
    let sound = fs::read(&store).unwrap();
    fs::write(&store, &sound[..sound.len() - 4_096]).unwrap();
    assert!(refusal(directory.path()).contains("is damaged"));
    fs::write(&store, &sound).unwrap();
    scribble(&store, 4_096, 8 * 4_096);
    assert!(refusal(directory.path()).contains("is damaged"));
    fs::write(&store, &sound).unwrap();
    scribble(&store, MIDDLE, 4_096);
    let examined = Sqlite::examine(directory.path());
    assert!(matches!(&examined, Err(StoreError::Unfit { .. })), "{examined:?}");
    assert!(has_disk(&open(directory.path()).unwrap()), "so far a start does not look");
}

#[tokio::test]
async fn open_reads_all_of_a_large_store_after_a_crash() {
    let directory = stopped_and_large(9 << 20).await;
    scribble(&directory.path().join(STORE), MIDDLE, 4_096);
    let store = open(directory.path()).unwrap();
    store.write(|tx| tx.save_disk(&entities::disk("two"))).await.unwrap();
    let killed = tempfile::tempdir().unwrap();
    for name in [STORE, "books.sqlite-wal", "store-mark"] {
        fs::copy(directory.path().join(name), killed.path().join(name)).unwrap();
    }
    assert!(refusal(killed.path()).contains("is damaged"));
}

#[tokio::test]
async fn open_reads_all_of_a_small_store() {
    let directory = stopped_and_large(6 << 20).await;
    scribble(&directory.path().join(STORE), MIDDLE, 4_096);
    assert!(refusal(directory.path()).contains("is damaged"));
}
