//! The contract of volumes: what every storage of disks does, told by a story that runs against
//! each of them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use diskdock::storage::{
    Content, Deleted, GIB, NewVolume, SnapshotState, StorageError, Volume, Volumes,
};
use domain::{DiskId, SnapshotId};

/// Bytes of a piece that is written or read.
const PIECE: &str = "64k";

/// A storage, and what QEMU's tools need besides to open its volumes.
pub(crate) struct Storage<'s> {
    /// The storage.
    pub(crate) volumes: &'s dyn Volumes,
    /// The file with the key of a user of Ceph, for nodes that take one.
    pub(crate) key: Option<&'s Path>,
}

/// Deletes something. A tool that has just ended can still be listed as one that has it open: then
/// it is tried again, for as long as Ceph lists one that has died, and longer.
pub(crate) fn settled(delete: impl Fn() -> Result<Deleted, StorageError>) -> Deleted {
    for _ in 0..300 {
        match delete() {
            Err(StorageError::Taken { .. }) => {
                std::thread::park_timeout(Duration::from_millis(200))
            }
            deleted => return deleted.unwrap(),
        }
    }
    panic!("it stays open somewhere");
}

impl Storage<'_> {
    /// Runs a command of `qemu-io` on a volume, opened as QEMU opens it. False if it failed.
    fn io(&self, volume: &Volume, command: &str) -> bool {
        let mut tool = Command::new("qemu-io");
        if let Some(key) = self.key {
            let secret = format!("secret,id=key-n,file={},format=base64", key.display());
            tool.arg("--object").arg(secret);
        }
        let node = format!("json:{}", volume.block_node("n"));
        let ran = tool.args(["-c", command]).arg(node).output();
        let ran = ran.expect("these tests need qemu-io: apt-get install qemu-utils");
        let said = String::from_utf8_lossy(&ran.stdout);
        ran.status.success() && !said.contains("failed")
    }

    fn write(&self, disk: &DiskId, pattern: u8) {
        let volume = self.volumes.find(disk).unwrap();
        let wrote = self.io(&volume, &format!("write -P {pattern} 1M {PIECE}"));
        assert!(wrote, "cannot write to {disk}");
        let handle = self.volumes.open_for_sync(disk, Some(&volume.opened)).unwrap();
        handle.sync().unwrap();
        handle.closed().unwrap();
    }

    fn holds(&self, disk: &DiskId, pattern: u8) -> bool {
        let volume = self.volumes.find(disk).unwrap();
        self.io(&volume, &format!("read -P {pattern} 1M {PIECE}"))
    }

    fn bytes(&self, disk: &DiskId) -> u64 {
        self.volumes.find(disk).unwrap().opened.bytes
    }

    fn make(&self, disk: &str, size_gib: u32) -> DiskId {
        let disk = DiskId::from(disk);
        self.volumes.create(&NewVolume::plain(disk.clone(), size_gib), None).unwrap();
        disk
    }

    fn make_of(&self, disk: &str, size_gib: u32, snapshot: &SnapshotId) -> DiskId {
        let disk = DiskId::from(disk);
        let volume = NewVolume::plain(disk.clone(), size_gib);
        self.volumes.create_from(&volume, snapshot, &|_| true).unwrap();
        disk
    }
}

fn is_missing<T>(found: Result<T, StorageError>) -> bool {
    matches!(found, Err(StorageError::Missing { .. }))
}

/// Demands all of it. The storage holds nothing else.
pub(crate) fn contract(storage: &Storage<'_>) {
    disks_are_made_grown_and_deleted(storage);
    snapshots_and_disks_are_deleted_in_any_order(storage);
    disks_are_set_back(storage);
    damage_stays_until_it_is_accepted(storage);
    assert!(storage.volumes.list().unwrap().is_empty());
    assert!(storage.volumes.snapshots().unwrap().is_empty());
}

fn disks_are_made_grown_and_deleted(storage: &Storage<'_>) {
    let volumes = storage.volumes;
    let nothing = DiskId::from("d-nothing");
    assert!(is_missing(volumes.find(&nothing)));
    assert!(is_missing(volumes.open_for_sync(&nothing, None)));
    assert_eq!(settled(|| volumes.delete(&nothing)), Deleted::WereMissing);
    let disk = storage.make("d-1", 1);
    let first = volumes.find(&disk).unwrap().opened;
    assert_eq!(first.bytes, GIB);
    assert!(storage.holds(&disk, 0), "a new disk is empty");
    storage.write(&disk, 7);
    // A repeated call changes nothing.
    storage.make("d-1", 1);
    assert!(storage.holds(&disk, 7));
    volumes.resize(&disk, 3).unwrap();
    volumes.resize(&disk, 2).unwrap();
    assert_eq!(storage.bytes(&disk), 3 * GIB, "a disk never becomes smaller");
    assert!(storage.holds(&disk, 7));
    volumes.refuse_if_written(&disk).unwrap();
    volumes.refuse_second_opener(&disk).unwrap();
    volumes.answers(&disk).unwrap();
    assert_eq!(volumes.list().unwrap(), std::slice::from_ref(&disk));
    assert_eq!(settled(|| volumes.delete(&disk)), Deleted::Now);
    assert_eq!(settled(|| volumes.delete(&disk)), Deleted::WereMissing);
    storage.make("d-1", 1);
    assert!(storage.holds(&disk, 0), "nothing is left of the old one");
    let replaced = volumes.open_for_sync(&disk, Some(&first));
    assert!(matches!(replaced, Err(StorageError::Replaced { .. })), "another one has its name");
    settled(|| volumes.delete(&disk));
}

fn snapshots_and_disks_are_deleted_in_any_order(storage: &Storage<'_>) {
    let volumes = storage.volumes;
    let (one, two) = (SnapshotId::from("s-1"), SnapshotId::from("s-2"));
    let lacking = NewVolume::plain(DiskId::from("d-lacking"), 1);
    let refused = volumes.create_from(&lacking, &one, &|_| true).unwrap_err();
    assert!(refused.needs_operator(), "{refused}");
    let disk = storage.make("d-1", 1);
    storage.write(&disk, 1);
    assert_eq!(volumes.snapshot_state(&one).unwrap(), SnapshotState::None);
    volumes.take(&one, &disk, &|_| true).unwrap();
    storage.write(&disk, 2);
    // What it holds is that of the first call.
    volumes.take(&one, &disk, &|_| true).unwrap();
    assert_eq!(volumes.snapshot_state(&one).unwrap(), SnapshotState::Whole);
    volumes.take(&two, &disk, &|_| true).unwrap();
    assert_eq!(volumes.snapshots().unwrap(), [one.clone(), two.clone()]);
    let of_one = storage.make_of("d-2", 2, &one);
    assert_eq!(storage.bytes(&of_one), 2 * GIB);
    assert!(storage.holds(&of_one, 1) && storage.holds(&disk, 2));
    storage.write(&of_one, 3);
    assert_eq!(settled(|| volumes.delete(&disk)), Deleted::Now);
    let of_two = storage.make_of("d-3", 1, &two);
    assert!(storage.holds(&of_two, 2) && storage.holds(&of_one, 3));
    let copy = SnapshotId::from("s-3");
    volumes.copy_snapshot(&one, &copy, false, &|_| true).unwrap();
    for snapshot in [&one, &two] {
        assert_eq!(settled(|| volumes.delete_snapshot(snapshot)), Deleted::Now);
        assert_eq!(settled(|| volumes.delete_snapshot(snapshot)), Deleted::WereMissing);
    }
    assert!(storage.holds(&of_two, 2) && storage.holds(&of_one, 3));
    let of_copy = storage.make_of("d-4", 1, &copy);
    settled(|| volumes.delete_snapshot(&copy));
    assert!(storage.holds(&of_copy, 1));
    for disk in [of_copy, of_one, of_two] {
        settled(|| volumes.delete(&disk));
    }
}

fn disks_are_set_back(storage: &Storage<'_>) {
    let volumes = storage.volumes;
    let (disk, snapshot) = (storage.make("d-1", 1), SnapshotId::from("s-1"));
    let volume = NewVolume::plain(disk.clone(), 1);
    storage.write(&disk, 4);
    volumes.take(&snapshot, &disk, &|_| true).unwrap();
    storage.write(&disk, 5);
    let lost = Content::Snapshot(SnapshotId::from("s-lost"));
    volumes.set_back(&volume, &lost, &|_| true).unwrap_err();
    assert!(storage.holds(&disk, 5), "whole or not at all");
    volumes.set_back(&volume, &Content::Snapshot(snapshot.clone()), &|_| true).unwrap();
    assert!(storage.holds(&disk, 4));
    volumes.set_back(&volume, &Content::Empty, &|_| true).unwrap();
    assert!(storage.holds(&disk, 0));
    assert_eq!(volumes.list().unwrap(), std::slice::from_ref(&disk));
    settled(|| volumes.delete(&disk));
    settled(|| volumes.delete_snapshot(&snapshot));
}

fn damage_stays_until_it_is_accepted(storage: &Storage<'_>) {
    let volumes = storage.volumes;
    let (disk, snapshot) = (storage.make("d-1", 1), SnapshotId::from("s-1"));
    volumes.mark_damaged(&disk, "a test says so");
    let is_refused =
        |found: Result<(), StorageError>| matches!(found, Err(StorageError::Damaged { .. }));
    assert!(is_refused(volumes.find(&disk).map(drop)));
    assert!(is_refused(volumes.open_for_sync(&disk, None).map(drop)));
    assert!(is_refused(volumes.take(&snapshot, &disk, &|_| true)));
    assert_eq!(volumes.snapshot_state(&snapshot).unwrap(), SnapshotState::None);
    assert_eq!(volumes.damaged().len(), 1);
    assert_eq!(volumes.accept(&disk).unwrap().as_deref(), Some("a test says so"));
    volumes.find(&disk).unwrap();
    settled(|| volumes.delete(&disk));
}
