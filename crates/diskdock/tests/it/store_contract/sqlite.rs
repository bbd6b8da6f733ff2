//! The SQLite engine keeps the contract; and what only it promises.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use diskdock::store::Store;
use diskdock::store::sqlite::{Durability, Sqlite};

use super::contract;

fn synced(directory: &Path) -> Store {
    Store::new(Sqlite::open(directory, Durability::Synced).unwrap())
}

fn relaxed(directory: &Path) -> Store {
    Store::new(Sqlite::open(directory, Durability::Relaxed).unwrap())
}

#[tokio::test]
async fn durable_store_fulfils_the_contract() {
    contract(synced).await;
}

#[tokio::test]
async fn temporary_store_fulfils_the_contract() {
    contract(relaxed).await;
}

fn refusal(directory: &Path) -> String {
    Sqlite::open(directory, Durability::Synced).err().unwrap().to_string()
}

#[test]
fn open_refuses_a_directory_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let store = synced(directory.path());
    let refusal = refusal(directory.path());
    assert!(refusal.contains("is another diskdock using it?"), "{refusal}");
    drop(store);
    synced(directory.path());
}

#[test]
fn open_refuses_a_store_of_a_newer_version() {
    let directory = tempfile::tempdir().unwrap();
    drop(synced(directory.path()));
    let path = directory.path().join("books.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refusal = refusal(directory.path());
    assert!(refusal.contains("version 99"), "{refusal}");
}

#[test]
fn open_creates_a_private_directory() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("tx");
    drop(synced(&directory));
    let mode = directory.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn open_makes_readable_files_private() {
    let directory = tempfile::tempdir().unwrap();
    drop(synced(directory.path()));
    let file = directory.path().join("books.sqlite");
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o777)).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    drop(synced(directory.path()));
    assert_eq!((mode(directory.path()), mode(&file)), (0o711, 0o600));
}

#[test]
fn open_refuses_a_world_writable_directory() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o1777)).unwrap();
    let refusal = refusal(directory.path());
    assert!(refusal.contains("everybody shares it"), "{refusal}");
    assert_eq!(mode(directory.path()), 0o1777, "nothing is changed");
}

#[test]
fn open_does_not_block_on_a_named_pipe() {
    for name in ["lock", "books.sqlite"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        let refusal = refusal(directory.path());
        assert!(refusal.contains(name) && refusal.contains("no plain file"), "{refusal}");
    }
}
