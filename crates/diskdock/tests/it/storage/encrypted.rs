//! Encrypted volumes and snapshots: no byte of them is in plain anywhere, whatever is made of them,
//! and their keys come and go with them.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use diskdock::storage::{
    Content, Directory, GIB, NewVolume, SnapshotState, Snapshots, StorageError, Volumes, stage,
};
use domain::{DiskId, SnapshotId};
use serde_json::{Value, json};

use super::{below, info, put_image, qemu_img, raw_disk, says};

/// The bytes that are written, so many that chance does not make them.
const WORD: &[u8] = b"never to be found in plain";
/// The place where they are written.
const AT: u64 = 64 << 20;

struct Host {
    directory: tempfile::TempDir,
    pool: Directory,
}

impl Host {
    fn new() -> Host {
        let directory = tempfile::tempdir().unwrap();
        let pool = Directory::open(directory.path(), None).unwrap();
        Host { directory, pool }
    }

    /// The same with the encrypted disk `d-1` of 1 GiB, which holds the word.
    fn with_disk() -> Host {
        let host = Host::new();
        host.pool.create(&encrypted("d-1"), None).unwrap();
        host.write("disks/d-1", WORD);
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn key(&self, id: &str) -> PathBuf {
        self.path(&format!("keys/{id}.key"))
    }

    /// How QEMU's tools open the file of this name.
    fn node(&self, name: &str) -> (String, String) {
        let id = name.rsplit('/').next().unwrap();
        let secret = json!({ "qom-type": "secret", "id": "key", "file": self.key(id) });
        let node = json!({
            "driver": "qcow2",
            "encrypt": { "format": "luks", "key-secret": "key" },
            "file": { "driver": "file", "filename": self.path(&format!("{name}.qcow2")) },
        });
        (secret.to_string(), format!("json:{node}"))
    }

    /// Writes bytes as a guest would.
    fn write(&self, name: &str, bytes: &[u8]) {
        let (secret, node) = self.node(name);
        let mut sector = bytes.to_vec();
        sector.resize(512, 0);
        let from = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(from.path(), sector).unwrap();
        let write = format!("write -s {} {AT} 512", from.path().display());
        let run = Command::new("qemu-io").args(["--object", &secret, "-c", &write, &node]).output();
        let output = run.expect("these tests need qemu-io: apt-get install qemu-utils");
        assert!(output.status.success(), "{output:?}");
    }

    /// The bytes that a guest would read, and how many it sees in all.
    fn read(&self, name: &str) -> (Vec<u8>, u64) {
        let (secret, node) = self.node(name);
        let plain = tempfile::NamedTempFile::new().unwrap();
        let to = plain.path().to_str().unwrap();
        qemu_img(&["convert", "--object", &secret, "-O", "raw", &node, to]);
        let mut found = vec![0; WORD.len()];
        let file = File::open(plain.path()).unwrap();
        file.read_exact_at(&mut found, AT).unwrap();
        (found, file.metadata().unwrap().len())
    }

    /// The names of all files of disks and snapshots and of their keys; none of them is plain.
    fn files(&self) -> Vec<String> {
        let all = below(self.directory.path());
        let wanted = ["disks/", "snapshots/", "keys/"];
        let found = all.into_iter().filter(|one| wanted.iter().any(|start| one.starts_with(start)));
        let found: Vec<_> = found.collect();
        for name in found.iter().filter(|name| self.path(name).is_file()) {
            assert!(!holds(&self.path(name), WORD), "{name} holds what was written");
        }
        found
    }
}

fn encrypted(disk: &str) -> NewVolume {
    NewVolume { disk: disk.into(), size_gib: 1, encrypted: true }
}

fn holds(path: &Path, word: &[u8]) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(word.len()).any(|window| window == word)
}

fn luks(path: &Path) -> Value {
    info(path)["format-specific"]["data"]["encrypt"]["format"].clone()
}

#[test]
fn encrypted_volume_is_luks_and_goes_with_its_key() {
    let host = Host::with_disk();
    assert_eq!(luks(&host.path("disks/d-1.qcow2")), "luks");
    assert_eq!(host.files(), ["disks/d-1.qcow2", "keys/d-1.key"]);
    assert_eq!(host.read("disks/d-1"), (WORD.to_vec(), GIB));
    let disk = DiskId::from("d-1");
    let volume = host.pool.find(&disk).unwrap();
    assert_eq!(volume.opened.bytes, GIB);
    let node = volume.block_node("d-1.3");
    assert_eq!(node["encrypt"], json!({ "format": "luks", "key-secret": "key-d-1.3" }));
    assert!(volume.to_share().is_none(), "its tables are one machine's");
    let key = std::fs::read_to_string(host.key("d-1")).unwrap();
    assert!(!node.to_string().contains(&key));
    host.pool.try_key(&disk).unwrap();
    // Made again, as after a crash, it is the same one.
    host.pool.create(&encrypted("d-1"), None).unwrap();
    host.pool.resize(&disk, 2).unwrap();
    assert_eq!(host.read("disks/d-1"), (WORD.to_vec(), 2 * GIB));
    host.pool.delete(&disk).unwrap();
    assert_eq!(host.files(), [""; 0]);
}

#[test]
fn encrypted_system_disk_keeps_what_its_guest_writes_from_the_image() {
    let host = Host::new();
    put_image(host.directory.path(), "m-1", 128);
    host.pool.create(&encrypted("d-1"), Some("m-1")).unwrap();
    host.write("disks/d-1", WORD);
    assert_eq!(host.files(), ["disks/d-1.qcow2", "keys/d-1.key"]);
    assert_eq!(host.read("disks/d-1").0, WORD);
    host.pool.find(&"d-1".into()).unwrap();
    // A whole snapshot of it needs no image.
    host.pool.take(&"s-1".into(), &"d-1".into(), &|_| true).unwrap();
    assert!(info(&host.path("snapshots/s-1.qcow2"))["backing-filename"].is_null());
    assert_eq!(host.read("snapshots/s-1").0, WORD);
    host.files();
}

#[test]
fn what_is_made_of_an_encrypted_snapshot_is_encrypted_with_another_key() {
    let host = Host::with_disk();
    let (snapshot, copy) = (SnapshotId::from("s-1"), SnapshotId::from("s-2"));
    host.pool.take(&snapshot, &"d-1".into(), &|_| true).unwrap();
    host.write("disks/d-1", b"written later");
    host.pool.copy_snapshot(&snapshot, &copy, false, &|_| true).unwrap();
    let larger = NewVolume { size_gib: 2, ..encrypted("d-2") };
    host.pool.create_from(&larger, &copy, &|_| true).unwrap();
    assert_eq!(host.read("disks/d-2"), (WORD.to_vec(), 2 * GIB));
    let content = Content::Snapshot(snapshot.clone());
    host.pool.set_back(&encrypted("d-1"), &content, &|_| true).unwrap();
    assert_eq!(host.read("disks/d-1").0, WORD);
    let plain = NewVolume::plain("d-3".into(), 1);
    says(host.pool.create_from(&plain, &snapshot, &|_| true), &["s-1", "is encrypted"]);
    let ids = ["d-1", "d-2", "s-1", "s-2"];
    let mut keys = ids.map(|id| std::fs::read(host.key(id)).unwrap()).to_vec();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), ids.len(), "each has its own");
    for id in ["d-1", "d-2"] {
        host.pool.delete(&id.into()).unwrap();
    }
    assert_eq!(host.read("snapshots/s-2").0, WORD, "it needs no disk");
    for id in [&snapshot, &copy] {
        host.pool.delete_snapshot(id).unwrap();
    }
    assert_eq!(host.files(), [""; 0]);
}

#[test]
fn plain_content_becomes_encrypted_where_it_is_to_be() {
    let host = Host::new();
    let plain = NewVolume::plain("d-1".into(), 1);
    host.pool.create(&plain, None).unwrap();
    host.pool.take(&"s-1".into(), &plain.disk, &|_| true).unwrap();
    host.pool.copy_snapshot(&"s-1".into(), &"s-2".into(), true, &|_| true).unwrap();
    host.pool.create_from(&encrypted("d-2"), &"s-1".into(), &|_| true).unwrap();
    // As of a disk that an earlier version only showed as encrypted.
    host.pool.set_back(&encrypted("d-1"), &Content::Empty, &|_| true).unwrap();
    for made in ["disks/d-1.qcow2", "disks/d-2.qcow2", "snapshots/s-2.qcow2"] {
        assert_eq!(luks(&host.path(made)), "luks", "{made}");
    }
    assert!(!host.path("disks/d-1.raw").exists());
}

#[test]
fn staged_file_is_encrypted_and_gone() {
    let host = Host::new();
    let source = tempfile::tempdir().unwrap();
    let file = raw_disk(source.path(), 256 << 20, b"");
    File::options().write(true).open(&file).unwrap().write_all_at(WORD, AT).unwrap();
    let cancel = std::sync::atomic::AtomicBool::new(false);
    stage(host.directory.path(), "import-1", (&file, None), &cancel, &mut |_| {}).unwrap();
    assert!(holds(&host.path("disks/import-1.import"), WORD));
    for _ in 0..2 {
        host.pool.adopt(&encrypted("d-1"), "import-1", &|_| true).unwrap();
    }
    assert_eq!(host.files(), ["disks/d-1.qcow2", "keys/d-1.key"]);
    assert_eq!(host.read("disks/d-1"), (WORD.to_vec(), GIB));
}

#[test]
fn lost_or_wrong_key_is_told_and_the_right_one_opens_it_again() {
    let host = Host::with_disk();
    let (disk, key) = (DiskId::from("d-1"), host.key("d-1"));
    let right = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let lost =
        says(host.pool.find(&disk), &["d-1", "is encrypted", "d-1.key", "missing", "backup"]);
    assert!(matches!(lost, StorageError::Key { .. }) && lost.needs_operator());
    says(host.pool.try_key(&disk), &["is encrypted", "missing"]);
    says(host.pool.take(&"s-1".into(), &disk, &|_| true), &["d-1.key", "missing"]);
    assert_eq!(host.pool.snapshot_state(&"s-1".into()).unwrap(), SnapshotState::None);
    let wrong = "0123456789abcdef".repeat(4);
    std::fs::write(&key, &wrong).unwrap();
    let refused = says(host.pool.try_key(&disk), &["d-1.key", "does not open", "backup"]);
    assert!(refused.needs_operator() && !refused.to_string().contains(&wrong), "{refused}");
    // It is closed all the same, with what was written to it.
    host.pool.sync(&disk).unwrap();
    std::fs::write(&key, right).unwrap();
    host.pool.try_key(&disk).unwrap();
    assert_eq!(host.read("disks/d-1").0, WORD);
}

#[test]
fn snapshot_that_a_machine_copies_into_is_made_ready_before_it_begins() {
    let host = Host::with_disk();
    let (disk, snapshot) = (DiskId::from("d-1"), SnapshotId::from("s-1"));
    host.pool.prepare(&snapshot, &disk).unwrap();
    host.pool.prepare(&snapshot, &disk).unwrap();
    assert_eq!(host.pool.snapshot_state(&snapshot).unwrap(), SnapshotState::None);
    let ready = host.path("snapshots/s-1.next").metadata().unwrap();
    let into = host.pool.begin_copy(&snapshot, &disk).unwrap();
    assert_eq!(into.opened.bytes, GIB);
    assert_eq!(into.block_node("s-1")["encrypt"]["key-secret"], "key-s-1");
    let begun = host.path("snapshots/s-1.part").metadata().unwrap();
    assert_eq!(begun.ino(), ready.ino(), "it is the one that was made ready");
    host.pool.finish(&snapshot).unwrap();
    assert_eq!(host.pool.snapshot_state(&snapshot).unwrap(), SnapshotState::Whole);
    // One that is ready for a machine that is off by now is not left behind.
    let other = SnapshotId::from("s-2");
    host.pool.prepare(&other, &disk).unwrap();
    host.pool.take(&other, &disk, &|_| true).unwrap();
    for one in [&snapshot, &other] {
        host.pool.delete_snapshot(one).unwrap();
    }
    let third = SnapshotId::from("s-3");
    host.pool.prepare(&third, &disk).unwrap();
    host.pool.delete_snapshot(&third).unwrap();
    assert_eq!(host.files(), ["disks/d-1.qcow2", "keys/d-1.key"]);
    // A plain disk needs nothing.
    host.pool.create(&NewVolume::plain("d-2".into(), 1), None).unwrap();
    host.pool.prepare(&third, &"d-2".into()).unwrap();
    assert_eq!(host.pool.snapshot_state(&third).unwrap(), SnapshotState::None);
    assert!(!host.key("s-3").exists());
}
