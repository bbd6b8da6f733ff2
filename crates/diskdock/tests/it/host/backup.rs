//! `diskdock backup`: of a server that runs, of one that was stopped or killed, and where it cannot
//! be written.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use diskdock::store::Store;
use diskdock::store::sqlite::{BackupFile, Durability, STORE, Sqlite};
use domain::DiskId;
use serde_json::Value;

use super::{complaint, diskdock, out};
use crate::harness::{REGION, TestServer, ZONE, again};
use crate::store_contract::entities;

/// A data directory whose store was stopped well and has one disk of this name.
pub(crate) async fn stopped_with(name: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Sqlite::open(directory.path(), Durability::Synced).unwrap());
    let disk = entities::disk(name);
    store.write(move |tx| tx.save_disk(&disk)).await.unwrap();
    store.close().await;
    drop(store);
    wait_for_lock(directory.path());
    directory
}

/// Waits until no process has the directory open, nor a child that another test starts just now.
pub(crate) fn wait_for_lock(data: &Path) {
    again(|| fs::File::open(data.join("lock")).unwrap().try_lock());
}

/// The disks in a backup, or in a store that is closed.
pub(crate) fn disks_in(file: &Path) -> BTreeSet<DiskId> {
    let backup = BackupFile::open(file).unwrap_or_else(|error| panic!("{error}"));
    backup.contents().disks.clone()
}

pub(crate) fn set(disks: &[&str]) -> BTreeSet<DiskId> {
    disks.iter().map(|id| DiskId::from(*id)).collect()
}

/// The names in a directory.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The backup of a directory, elsewhere.
pub(crate) fn backup_of(data: &Path, elsewhere: &Path) -> PathBuf {
    let file = elsewhere.join("backup.sqlite");
    out(data, &["backup", file.to_str().unwrap()]);
    file
}

#[track_caller]
fn refused(output: &Output, code: i32, words: &[&str]) {
    let told = complaint(output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(words.iter().all(|word| told.contains(word)), "{told}");
}

async fn create_disk(server: &TestServer) -> String {
    let parameters =
        [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20"), ("DiskCategory", "cloud_essd")];
    server.ok("CreateDisk", &parameters).await.json["DiskId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup_of_a_running_server_holds_every_acknowledged_call() {
    let (server, elsewhere) = (TestServer::new().await, tempfile::tempdir().unwrap());
    let mut acknowledged = BTreeSet::new();
    for round in 0..8 {
        for _ in 0..5 {
            acknowledged.insert(DiskId::from(create_disk(&server).await));
        }
        let file = elsewhere.path().join(format!("{round}.sqlite"));
        let (data, to) = (server.assembly.directory.clone(), file.clone());
        let backup =
            tokio::task::spawn_blocking(move || out(&data, &["backup", to.to_str().unwrap()]));
        // The server goes on meanwhile.
        let mut later = BTreeSet::new();
        while !backup.is_finished() {
            later.insert(DiskId::from(create_disk(&server).await));
        }
        backup.await.unwrap();
        let found = disks_in(&file);
        assert!(found.is_superset(&acknowledged), "round {round}");
        acknowledged.append(&mut later);
        assert!(found.is_subset(&acknowledged), "round {round}");
    }
    let restored = tempfile::tempdir().unwrap();
    let last = elsewhere.path().join("7.sqlite");
    out(restored.path(), &["restore", "--yes", last.to_str().unwrap()]);
    drop(Sqlite::open(restored.path(), Durability::Synced).unwrap());
    assert_eq!(disks_in(&restored.path().join(STORE)), disks_in(&last));
}

#[tokio::test]
async fn backup_of_a_killed_server_holds_what_is_in_its_log() {
    let data = stopped_with("one").await;
    let store = Store::new(Sqlite::open(data.path(), Durability::Synced).unwrap());
    store.write(|tx| tx.save_disk(&entities::disk("two"))).await.unwrap();
    // What a kill leaves: the log is not written back.
    let (killed, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in [STORE, "books.sqlite-wal", "store-mark"] {
        fs::copy(data.path().join(name), killed.path().join(name)).unwrap();
    }
    let file = backup_of(killed.path(), elsewhere.path());
    assert_eq!(disks_in(&file), set(&["d-one", "d-two"]));
}

#[tokio::test]
async fn backup_says_what_it_holds_and_what_is_not_in_it() {
    let (data, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    for folder in ["disks", "machines/i-1"] {
        fs::create_dir_all(data.path().join(folder)).unwrap();
    }
    fs::File::create(data.path().join("disks/d-one.raw")).unwrap().set_len(20 << 30).unwrap();
    fs::write(data.path().join("machines/i-1/machine.json"), "{}").unwrap();
    fs::write(data.path().join("hypervisor"), "qemu\n").unwrap();
    crate::storage::put_image(data.path(), "m-1", 3);
    let file = elsewhere.path().join("b");
    let reply = out(data.path(), &["backup", file.to_str().unwrap()]);
    for words in ["b is written (", "hypervisor   qemu", "1000000000000001: 1 disks, 0 instances"] {
        assert!(reply.contains(words), "{words}: {reply}");
    }
    let listed: Vec<Vec<&str>> = reply
        .lines()
        .filter(|line| line.contains(data.path().to_str().unwrap()))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(listed[0][..5], ["d-one", "20", "GiB", "0", "bytes"], "{reply}");
    assert!(listed[0][5].ends_with("/disks/d-one.raw"), "{reply}");
    assert_eq!((listed[1][0], listed[2][0]), ("m-1", "i-1"), "{reply}");

    let reply =
        out(data.path(), &["backup", "--force", file.to_str().unwrap(), "--output", "json"]);
    let reply: Value = serde_json::from_str(&reply).unwrap();
    assert_eq!(reply["contents"]["accounts"]["1000000000000001"]["disks"], 1);
    assert_eq!(reply["not_included"]["disks"][0]["bytes"], 20_u64 << 30);
    assert_eq!(reply["bytes"], fs::metadata(&file).unwrap().len());
}

#[tokio::test]
async fn backup_takes_no_files_place_without_force_and_is_for_its_owner_only() {
    let (data, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("kept");
    fs::write(&file, "precious").unwrap();
    let name = file.to_str().unwrap();
    refused(&diskdock(data.path(), &["backup", name]), 1, &["is there already", "--force"]);
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    out(data.path(), &["backup", name, "--force"]);
    assert_eq!(disks_in(&file), set(&["d-one"]));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names_in(elsewhere.path()), ["kept"]);
    let data_names = names_in(data.path());
    assert_eq!(data_names, [STORE, "lock", "store-mark"], "nothing is left beside the store");
    refused(
        &diskdock(data.path(), &["backup", elsewhere.path().to_str().unwrap()]),
        1,
        &["is a directory"],
    );
    let nowhere = elsewhere.path().join("no/such/folder");
    let output = diskdock(data.path(), &["backup", nowhere.to_str().unwrap()]);
    refused(&output, 1, &["cannot write", "No such file or directory"]);
}

#[tokio::test]
async fn backup_refuses_what_is_no_sound_store() {
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("b");
    let backup = |data: &Path| diskdock(data, &["backup", file.to_str().unwrap()]);
    refused(&backup(data.path()), 1, &["there is no store in", "--data-dir"]);
    fs::write(data.path().join(STORE), [b'x'; 4_096]).unwrap();
    refused(&backup(data.path()), 1, &["no SQLite file"]);

    let damaged = stopped_with("one").await;
    let store = damaged.path().join(STORE);
    let mut bytes = fs::read(&store).unwrap();
    bytes[4_096..3 * 4_096].fill(0xaa);
    fs::write(&store, bytes).unwrap();
    refused(&backup(damaged.path()), 1, &["damaged"]);
    assert!(names_in(elsewhere.path()).is_empty());
}

/// Kills the program at a named place; none was reached if it ended by itself.
#[track_caller]
pub(crate) fn killed_at(place: &str, data: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env("DISKDOCK_DATA_DIR", data).env("DISKDOCK_FAILPOINT", place);
    let output = command.args(arguments).output().unwrap();
    assert_eq!(output.status.code(), None, "{place} was not reached: {}", complaint(&output));
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn backup_that_is_killed_leaves_a_whole_file_or_none() {
    let (data, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("b");
    let name = file.to_str().unwrap();
    killed_at("backup.copied", data.path(), &["backup", name]);
    assert!(!file.exists());
    out(data.path(), &["backup", name]);
    assert_eq!(names_in(elsewhere.path()), ["b"], "the next one clears what was left");
    fs::remove_file(&file).unwrap();
    killed_at("backup.published", data.path(), &["backup", name]);
    assert_eq!(names_in(elsewhere.path()), ["b"]);
    assert_eq!(disks_in(&file), set(&["d-one"]));
}

/// Runs a script of the shell with a small file system of its own, `$1` MiB at `$2`; the program is
/// `$0`. None if this user may not mount one.
pub(crate) fn on_a_small_file_system(script: &str, mib: u32, more: &[&Path]) -> Option<Output> {
    let at = tempfile::tempdir().unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_diskdock")]);
        command.arg(format!("{mib}")).arg(at.path()).args(more).output().unwrap()
    };
    let mount = "mount -t tmpfs -o size=${1}m none \"$2\"";
    if !unshare(mount).status.success() {
        eprintln!("SKIPPED: this user may not mount a small file system");
        return None;
    }
    Some(unshare(&format!("{mount} && {{ {script}; }}")))
}

#[tokio::test]
async fn backup_to_a_full_file_system_says_so_and_leaves_nothing() {
    let data = stopped_with("one").await;
    let script = r#"dd if=/dev/zero of="$2/filler" bs=1k count=960 2>/dev/null
        "$0" backup "$2/b" --data-dir "$3"; echo "code $?"; ls -A "$2""#;
    let Some(output) = on_a_small_file_system(script, 1, &[data.path()]) else { return };
    let (told, complaint) = (String::from_utf8_lossy(&output.stdout), complaint(&output));
    assert_eq!(told, "code 1\nfiller\n", "{complaint}");
    assert!(complaint.contains("cannot write") && complaint.contains("full"), "{complaint}");
}

#[tokio::test]
async fn backup_in_the_form_of_an_older_version() {
    let (data, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("b");
    let name = file.to_str().unwrap();
    out(data.path(), &["backup", name, "--store-version", "2"]);
    let restored = tempfile::tempdir().unwrap();
    let told = out(restored.path(), &["restore", "--yes", name]);
    assert!(told.contains("store version 2"), "{told}");
    assert_eq!(disks_in(&restored.path().join(STORE)), set(&["d-one"]));
    let other = elsewhere.path().join("c");
    let output =
        diskdock(data.path(), &["backup", other.to_str().unwrap(), "--store-version", "1"]);
    refused(&output, 1, &["store version 1 cannot be written"]);
}
