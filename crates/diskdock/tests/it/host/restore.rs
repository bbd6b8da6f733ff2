//! `diskdock restore`: good and bad files, refusals, and kills at each step.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use diskdock::storage::Owner;
use diskdock::store::Store;
use diskdock::store::sqlite::{BackupFile, Durability, STORE, Sqlite};
use rusqlite::Connection;
use serde_json::Value;

use super::backup::{
    backup_of, disks_in, killed_at, names_in, on_a_small_file_system, set, stopped_with,
    wait_for_lock,
};
use super::{RunningServer, complaint, diskdock, out};
use crate::store_contract::entities;

/// The names of stores that were kept aside, without logs.
fn asides(data: &Path) -> Vec<String> {
    let is_aside = |name: &String| {
        name.starts_with("books.sqlite.before-restore-2") && !name.ends_with("-wal")
    };
    names_in(data).into_iter().filter(is_aside).collect()
}

/// A start works, and finds these disks.
#[track_caller]
fn opens_with(data: &Path, disks: &[&str]) {
    let store = Sqlite::open(data, Durability::Synced);
    drop(store.unwrap_or_else(|error| panic!("{error}")));
    wait_for_lock(data);
    assert_eq!(disks_in(&data.join(STORE)), set(disks));
}

#[track_caller]
fn refused(data: &Path, file: &Path, words: &[&str]) {
    let before = fs::read(data.join(STORE)).ok();
    let output = diskdock(data, &["restore", "--yes", file.to_str().unwrap()]);
    let told = complaint(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(words.iter().all(|word| told.contains(word)), "{file:?}: {told}");
    assert!(fs::read(data.join(STORE)).ok() == before, "the store was changed");
    assert!(asides(data).is_empty());
}

#[tokio::test]
async fn restore_puts_a_backup_in_place_and_keeps_the_old_store() {
    let (one, data) = (stopped_with("one").await, stopped_with("two").await);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = backup_of(one.path(), elsewhere.path());
    let told = out(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
    assert!(told.contains("1 disks") && told.contains("The store that was there is"), "{told}");
    let kept = asides(data.path());
    assert_eq!(disks_in(&data.path().join(&kept[0])), set(&["d-two"]));
    let mode = fs::metadata(data.path().join(STORE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    opens_with(data.path(), &["d-one"]);
    // The store from before can be restored in its turn.
    let before = data.path().join(&kept[0]);
    let told = out(data.path(), &["restore", "--yes", before.to_str().unwrap()]);
    assert!(told.contains("of an unknown time"), "{told}");
    opens_with(data.path(), &["d-two"]);
    assert_eq!(asides(data.path()).len(), 2);
}

#[tokio::test]
async fn restore_keeps_what_a_killed_server_left_in_its_log() {
    let (one, running) = (stopped_with("one").await, stopped_with("two").await);
    let store = Store::new(Sqlite::open(running.path(), Durability::Synced).unwrap());
    store.write(|tx| tx.save_disk(&entities::disk("three"))).await.unwrap();
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in [STORE, "books.sqlite-wal", "store-mark"] {
        fs::copy(running.path().join(name), data.path().join(name)).unwrap();
    }
    let file = backup_of(one.path(), elsewhere.path());
    out(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
    assert_eq!(disks_in(&data.path().join(&asides(data.path())[0])), set(&["d-two", "d-three"]));
    opens_with(data.path(), &["d-one"]);
}

/// A page in the middle of a store is overwritten.
fn damage(store: &Path) {
    let mut bytes = fs::read(store).unwrap();
    bytes[4_096..8_192].fill(0xaa);
    fs::write(store, bytes).unwrap();
}

#[tokio::test]
async fn restore_replaces_a_store_that_is_missing_empty_or_damaged() {
    let (one, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let file = backup_of(one.path(), elsewhere.path());
    type Harm = fn(&Path);
    let harms: [(Harm, bool); 4] = [
        (|store| fs::remove_file(store).unwrap(), false),
        (|store| fs::write(store, "").unwrap(), true),
        (|store| fs::write(store, [7; 9_000]).unwrap(), true),
        (damage, true),
    ];
    for (harm, is_kept) in harms {
        let data = stopped_with("two").await;
        harm(&data.path().join(STORE));
        let before = fs::read(data.path().join(STORE)).ok();
        out(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
        let kept = asides(data.path());
        assert_eq!(kept.len(), usize::from(is_kept));
        let aside = kept.first().map(|name| fs::read(data.path().join(name)).unwrap());
        assert!(aside == before, "it is kept as it was");
        opens_with(data.path(), &["d-one"]);
    }
}

#[tokio::test]
async fn restore_keeps_a_damaged_store_with_its_log() {
    let (one, data) = (stopped_with("one").await, stopped_with("two").await);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = backup_of(one.path(), elsewhere.path());
    fs::write(data.path().join(STORE), [7; 9_000]).unwrap();
    fs::write(data.path().join("books.sqlite-wal"), "a log").unwrap();
    if cfg!(debug_assertions) {
        let arguments = ["restore", "--yes", file.to_str().unwrap()];
        killed_at("restore.log_kept", data.path(), &arguments);
        let start = Sqlite::open(data.path(), Durability::Synced);
        assert!(start.is_err(), "a store without its log was opened");
        wait_for_lock(data.path());
    }
    out(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
    let kept = data.path().join(&asides(data.path())[0]);
    let log = format!("{}-wal", kept.display());
    assert_eq!(fs::read(kept).unwrap(), [7; 9_000]);
    assert_eq!(fs::read(log).unwrap(), b"a log");
    assert!(!data.path().join("books.sqlite-wal").exists());
    opens_with(data.path(), &["d-one"]);
}

#[tokio::test]
async fn restore_refuses_while_a_server_runs() {
    let (one, data) = (stopped_with("one").await, stopped_with("two").await);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = backup_of(one.path(), elsewhere.path());
    let server = RunningServer::start(data.path(), &[]);
    let output = diskdock(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
    let told = complaint(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("a server has") && told.contains("Stop it first"), "{told}");
    drop(server);
    opens_with(data.path(), &["d-two"]);
}

#[tokio::test]
async fn restore_refuses_bad_files_and_says_what_is_wrong() {
    let (one, data) = (stopped_with("one").await, stopped_with("two").await);
    let elsewhere = tempfile::tempdir().unwrap();
    let at = |name: &str| elsewhere.path().join(name);
    let good = backup_of(one.path(), elsewhere.path());
    let bytes = fs::read(&good).unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::write(at("text"), "this is no store, whatever its name says").unwrap();
    fs::write(at("header"), &bytes[..50]).unwrap();
    fs::write(at("short"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(at("damaged"), &bytes).unwrap();
    damage(&at("damaged"));
    Connection::open(at("other")).unwrap().execute_batch("CREATE TABLE disks (id)").unwrap();
    fs::copy(&good, at("newer")).unwrap();
    let newer = Connection::open(at("newer")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    fs::copy(&good, at("foreign")).unwrap();
    Connection::open(at("foreign")).unwrap().execute_batch("DROP TABLE tokens").unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());

    let said: [(&str, &[&str]); 11] = [
        ("none", &["there is no such file"]),
        ("", &["it is a directory"]),
        ("pipe", &["it is no plain file"]),
        ("empty", &["it is empty"]),
        ("text", &["it is no SQLite file"]),
        ("header", &["cannot be restored: it is cut off"]),
        ("short", &["it is damaged"]),
        ("damaged", &["it is damaged"]),
        ("other", &["it is no store of diskdock"]),
        ("newer", &["store version 99", "use a newer diskdock"]),
        ("foreign", &["it is no store of diskdock", "tokens"]),
    ];
    for (name, words) in said {
        refused(data.path(), &at(name), &[words, &["Nothing is changed"]].concat());
    }
    opens_with(data.path(), &["d-two"]);
    drop(one);
}

/// Runs a copy of the program as a user who owns nothing.
fn as_an_unprivileged_user(arguments: &[&Path]) -> Option<Output> {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let program = place.path().join("diskdock");
    // By another program: a file that we had open for writing could not be run while a child that
    // another test starts holds it.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_diskdock")).arg(&program).status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(program);
    if Owner::ourselves().uid == 0 {
        command.uid(65_534).gid(65_534);
    }
    command.current_dir("/").args(arguments).output().ok()
}

#[tokio::test]
async fn backup_and_restore_say_what_they_may_not_read_or_write() {
    let data = stopped_with("one").await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = backup_of(data.path(), elsewhere.path());
    for path in [data.path(), elsewhere.path(), &file] {
        fs::set_permissions(path, PermissionsExt::from_mode(0o000)).unwrap();
    }
    let option = Path::new("--data-dir");
    let restore = [Path::new("restore"), Path::new("--yes"), &file, option, Path::new("/tmp")];
    let backup = [Path::new("backup"), Path::new("/tmp/diskdock-none"), option, data.path()];
    for arguments in [&restore[..], &backup[..]] {
        let output = as_an_unprivileged_user(arguments).expect("the program can be run by others");
        let told = complaint(&output);
        let is_told = told.contains("ermission denied") || told.contains("everybody shares it");
        assert!(!output.status.success() && is_told, "{told}");
    }
    for path in [data.path(), elsewhere.path()] {
        fs::set_permissions(path, PermissionsExt::from_mode(0o700)).unwrap();
    }
}

/// Restores with this answer to the question.
fn answered(data: &Path, file: &Path, answer: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env("DISKDOCK_DATA_DIR", data).arg("restore").arg(file);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn restore_asks_and_only_yes_is_yes() {
    let (one, data) = (stopped_with("one").await, stopped_with("two").await);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = backup_of(one.path(), elsewhere.path());
    for no in ["", "\n", "no\n", "yesterday\n"] {
        let output = answered(data.path(), &file, no);
        assert_eq!(output.status.code(), Some(1));
        assert!(complaint(&output).contains("nothing is changed"), "{}", complaint(&output));
    }
    opens_with(data.path(), &["d-two"]);
    assert!(answered(data.path(), &file, "yes\n").status.success());
    opens_with(data.path(), &["d-one"]);
    let nowhere = elsewhere.path().join("typo");
    assert!(!answered(&nowhere, &file, "no\n").status.success());
    assert!(!nowhere.exists(), "nothing is made before the answer");
}

#[tokio::test]
async fn restore_compares_the_backup_with_disks_and_machines() {
    let one = stopped_with("one").await;
    fs::write(one.path().join("hypervisor"), "qemu\n").unwrap();
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = backup_of(one.path(), elsewhere.path());
    for folder in ["disks", "machines/i-9"] {
        fs::create_dir_all(data.path().join(folder)).unwrap();
    }
    fs::write(data.path().join("disks/d-other.qcow2"), "x").unwrap();
    let record = r#"{"disks":[{"disk":"d-one","generation":1}]}"#;
    fs::write(data.path().join("machines/i-9/machine.json"), record).unwrap();
    let output = answered(data.path(), &file, "n\n");
    let reply = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in [
        "1 disks without a file, which cannot be used: d-one",
        "1 files of disks that the backup does not know: d-other",
        "1 disks that the backup has as Available and a machine here has",
        "1 machines that the backup does not know, which may be running: i-9",
    ] {
        assert!(reply.contains(words), "{words}: {reply}");
    }
    fs::write(data.path().join("hypervisor"), "simulated\n").unwrap();
    refused(data.path(), &file, &["with --hypervisor qemu", "with simulated"]);
    fs::remove_file(data.path().join("hypervisor")).unwrap();
    let arguments = ["restore", "--yes", file.to_str().unwrap(), "--output", "json"];
    let reply: Value = serde_json::from_str(&out(data.path(), &arguments)).unwrap();
    assert_eq!(reply["differences"]["disks_without_file"][0], "d-one");
    assert_eq!(fs::read_to_string(data.path().join("hypervisor")).unwrap(), "qemu\n");
}

#[tokio::test]
async fn restore_serves_no_request_again_that_was_signed_before() {
    let (one, data) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let file = backup_of(one.path(), elsewhere.path());
    let made_at = BackupFile::open(&file).unwrap().contents().origin.made_at.unwrap();
    out(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
    let store = Store::new(Sqlite::open(data.path(), Durability::Synced).unwrap());
    let until = store.read_blocking(|tx| tx.nonces()).unwrap().forgotten_until_s.unwrap();
    assert!(until >= made_at.seconds() - 1);
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn restore_that_is_killed_leaves_the_old_store_or_the_new_one() {
    let (one, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let file = backup_of(one.path(), elsewhere.path());
    let arguments = ["restore", "--yes", file.to_str().unwrap()];
    let places = [
        ("restore.copied", "d-two", 0),
        ("restore.kept", "d-two", 1),
        ("restore.replaced", "d-one", 1),
    ];
    for (place, disk, kept) in places {
        let data = stopped_with("two").await;
        killed_at(place, data.path(), &arguments);
        assert_eq!(asides(data.path()).len(), kept, "{place}");
        opens_with(data.path(), &[disk]);
        out(data.path(), &arguments);
        opens_with(data.path(), &["d-one"]);
        let hidden = names_in(data.path()).into_iter().filter(|name| name.starts_with('.'));
        assert_eq!(hidden.count(), 0, "the next one clears what was left");
        let before = disks_in(&data.path().join(&asides(data.path())[0]));
        assert_eq!(before, set(&["d-two"]), "{place}");
    }
}

#[tokio::test]
async fn restore_on_a_full_file_system_leaves_the_old_store() {
    let (one, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let file = backup_of(one.path(), elsewhere.path());
    let script = r#"export DISKDOCK_DATA_DIR="$2/data"
        "$0" key create >/dev/null && cp "$2/data/books.sqlite" "$2/before"
        dd if=/dev/zero of="$2/filler" bs=1k 2>/dev/null
        "$0" restore --yes "$3" >/dev/null; echo "code $?"
        cmp "$2/before" "$2/data/books.sqlite" && ls -A "$2/data" && rm "$2/filler"
        "$0" key list | wc -l"#;
    let Some(output) = on_a_small_file_system(script, 1, &[&file]) else { return };
    let (told, complaint) = (String::from_utf8_lossy(&output.stdout), complaint(&output));
    assert_eq!(told, "code 1\nbooks.sqlite\nlock\nstore-mark\n2\n", "{complaint}");
    assert!(complaint.contains("cannot write") && complaint.contains("full"), "{complaint}");
}
