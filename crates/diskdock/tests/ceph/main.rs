//! Ceph keeps the contract of volumes. Needs a cluster: `tests/ceph/with cargo test --test ceph`.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "../contract/volumes.rs"]
mod contract;

use std::process::Command;
use std::time::{Duration, Instant};

use diskdock::storage::{NewVolume, Rbd, RbdOptions, Snapshots, StorageError, Volumes};
use domain::{DiskId, SnapshotId};

use contract::{Storage, contract, settled};

/// How long Ceph may take to answer again.
const BACK_WITHIN: Duration = Duration::from_secs(120);

/// The pool that `tests/ceph/with` has made.
fn options() -> RbdOptions {
    let text = std::env::var("DISKDOCK_TEST_STORAGE");
    RbdOptions::parse(&text.expect("run it by tests/ceph/with")).unwrap()
}

/// Asks the cluster to do something.
fn control(word: &str) {
    let directory = std::env::var("DISKDOCK_TEST_CEPH").unwrap();
    let status = Command::new(format!("{directory}/control")).arg(word).status().unwrap();
    assert!(status.success(), "{word}");
}

/// One story after the other, in one pool.
#[test]
fn ceph_keeps_the_contract_and_is_unknown_while_it_is_away() {
    let data = tempfile::tempdir().unwrap();
    let rbd = Rbd::open(options(), data.path(), None).unwrap();
    let key = data.path().join("ceph").join("diskdock.key");
    contract(&Storage { volumes: &rbd, key: Some(&key) });
    wrong_settings_are_told(data.path());
    what_was_cut_off_is_made_anew(&rbd);
    nothing_is_known_while_ceph_is_away(&rbd);
}

fn wrong_settings_are_told(data: &std::path::Path) {
    let mut wrong = options();
    wrong.pool = "nothing".to_owned();
    let error = Rbd::open(wrong, data, None).unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    let mut wrong = options();
    wrong.user = "nobody".to_owned();
    let error = Rbd::open(wrong, data, None).unwrap_err();
    assert!(error.to_string().contains("no key of client.nobody"), "{error}");
}

/// An image without a mark may be anything: a clone that has not got its parent yet looks empty.
fn what_was_cut_off_is_made_anew(rbd: &Rbd) {
    let RbdOptions { pool, conf, user, keyring } = options();
    let ceph = |arguments: &[&str]| {
        let mut tool = Command::new("rbd");
        tool.args(arguments).arg("--conf").arg(&conf).args(["--name", &format!("client.{user}")]);
        assert!(tool.arg("--keyring").arg(keyring.as_ref().unwrap()).status().unwrap().success());
    };
    let (disk, made, snapshot) =
        (DiskId::from("d-1"), DiskId::from("d-2"), SnapshotId::from("s-1"));
    rbd.create(&NewVolume::plain(disk.clone(), 1), None).unwrap();
    rbd.take(&snapshot, &disk, &|_| true).unwrap();
    ceph(&["create", "--size", "1M", &format!("{pool}/d-2")]);
    rbd.create_from(&NewVolume::plain(made.clone(), 2), &snapshot, &|_| true).unwrap();
    assert_eq!(rbd.find(&made).unwrap().opened.bytes, 2 << 30);
    settled(|| rbd.delete(&made));
    settled(|| rbd.delete_snapshot(&snapshot));
    // The moment of a snapshot that was cut off is the first one.
    ceph(&["snap", "create", "--no-progress", &format!("{pool}/d-1@s-2")]);
    let second = SnapshotId::from("s-2");
    rbd.take(&second, &disk, &|_| true).unwrap();
    settled(|| rbd.delete_snapshot(&second));
    settled(|| rbd.delete(&disk));
}

fn nothing_is_known_while_ceph_is_away(rbd: &Rbd) {
    let is_unknown =
        |found: Result<(), StorageError>| matches!(found, Err(StorageError::Unreachable { .. }));
    let (disk, none) = (DiskId::from("d-1"), DiskId::from("d-none"));
    rbd.create(&NewVolume::plain(disk.clone(), 1), None).unwrap();
    control("stop-osd");
    let ask_all = || {
        for unknown in [
            rbd.answers(&disk),
            rbd.find(&disk).map(drop),
            rbd.find(&none).map(drop),
            rbd.open_for_sync(&disk, None).map(drop),
            rbd.delete(&disk).map(drop),
            rbd.delete(&none).map(drop),
            rbd.list().map(drop),
            rbd.refuse_if_written(&disk),
            rbd.take(&SnapshotId::from("s-1"), &disk, &|_| true),
            rbd.snapshot_state(&SnapshotId::from("s-1")).map(drop),
        ] {
            assert!(is_unknown(unknown));
        }
    };
    ask_all();
    // It is known to be away by now, so that nobody waits for it.
    let began = Instant::now();
    ask_all();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    control("start-osd");
    let deadline = Instant::now() + BACK_WITHIN;
    // The image and the pool are looked at each for itself.
    while let Err(error) = rbd.answers(&disk).and_then(|()| rbd.list().map(drop)) {
        assert!(Instant::now() < deadline, "{error}");
        std::thread::sleep(Duration::from_millis(100));
    }
    settled(|| rbd.delete(&disk));
}
