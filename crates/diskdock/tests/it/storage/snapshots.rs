//! Snapshots as files: whole or not at all, independent of their disk, and made into disks again.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use diskdock::failpoint;
use diskdock::storage::{
    Begun, Content, Deleted, Directory, GIB, NewVolume, SnapshotState, Snapshots, Volumes,
};
use domain::{DiskId, SnapshotId};

use super::{below, info, put_image, qemu_img, says};

/// A data directory with a disk of 1 GiB that begins with "first" and ends with "last".
struct Host {
    directory: tempfile::TempDir,
    pool: Directory,
    disk: DiskId,
    snapshot: SnapshotId,
}

impl Host {
    fn new() -> Host {
        let directory = tempfile::tempdir().unwrap();
        let pool = Directory::open(directory.path(), None).unwrap();
        let (disk, snapshot) = (DiskId::from("d-1"), SnapshotId::from("s-1"));
        pool.create(&NewVolume::plain(disk.clone(), 1), None).unwrap();
        let host = Host { directory, pool, disk, snapshot };
        host.write(b"first", 0);
        host.write(b"last", GIB - 4);
        host
    }

    fn path(&self) -> PathBuf {
        self.pool.path_of(&self.disk).unwrap()
    }

    fn write(&self, bytes: &[u8], at: u64) {
        File::options().write(true).open(self.path()).unwrap().write_all_at(bytes, at).unwrap();
    }

    fn read<const N: usize>(&self, disk: &str, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        let path = self.pool.path_of(&disk.into()).unwrap();
        File::open(path).unwrap().read_exact_at(&mut bytes, at).unwrap();
        bytes
    }

    fn take(&self) -> Result<(), diskdock::storage::StorageError> {
        self.pool.take(&self.snapshot, &self.disk, &|_| true)
    }

    fn state(&self) -> SnapshotState {
        self.pool.snapshot_state(&self.snapshot).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let all = below(self.directory.path());
        all.into_iter().filter(|path| path.starts_with("snapshots/")).collect()
    }
}

#[test]
fn take_keeps_the_content_of_that_moment_whatever_becomes_of_the_disk() {
    let host = Host::new();
    host.take().unwrap();
    assert_eq!(host.state(), SnapshotState::Whole);
    assert_eq!(host.files(), ["snapshots/s-1.raw"]);
    let kept = host.directory.path().join("snapshots/s-1.raw").metadata().unwrap();
    assert!(kept.blocks() * 512 < 8 << 20, "holes stay holes");
    host.write(b"later", 0);
    host.take().unwrap();
    assert_eq!(host.pool.delete(&host.disk).unwrap(), Deleted::Now);
    host.pool.create_from(&NewVolume::plain("d-2".into(), 2), &host.snapshot, &|_| true).unwrap();
    assert_eq!(&host.read::<5>("d-2", 0), b"first");
    assert_eq!(&host.read::<4>("d-2", GIB - 4), b"last");
    assert_eq!(host.pool.find(&"d-2".into()).unwrap().opened.bytes, 2 * GIB, "it is as large");
    assert_eq!(host.pool.snapshots().unwrap(), std::slice::from_ref(&host.snapshot));
    assert_eq!(host.pool.delete_snapshot(&host.snapshot).unwrap(), Deleted::Now);
    assert_eq!(host.pool.delete_snapshot(&host.snapshot).unwrap(), Deleted::WereMissing);
    assert_eq!((host.state(), host.files()), (SnapshotState::None, Vec::new()));
    assert_eq!(&host.read::<5>("d-2", 0), b"first", "a disk needs no snapshot");
}

#[test]
fn take_of_a_system_disk_needs_its_image_no_more() {
    let host = Host::new();
    put_image(host.directory.path(), "m-1", 8);
    host.pool.create(&NewVolume::plain("d-system".into(), 1), Some("m-1")).unwrap();
    host.pool.take(&host.snapshot, &"d-system".into(), &|_| true).unwrap();
    assert_eq!(host.files(), ["snapshots/s-1.qcow2"]);
    let kept = info(&host.directory.path().join("snapshots/s-1.qcow2"));
    assert!(kept["backing-filename"].is_null(), "{kept}");
    host.pool.delete(&"d-system".into()).unwrap();
    std::fs::remove_dir_all(host.directory.path().join("images/m-1")).unwrap();
    host.pool.create_from(&NewVolume::plain("d-2".into(), 1), &host.snapshot, &|_| true).unwrap();
    assert_eq!(&host.read::<14>("d-2", 4096), b"made for tests");
}

#[test]
fn take_refuses_a_disk_that_could_not_be_written_out() {
    let host = Host::new();
    failpoint::fail_next("volume.sync");
    says(host.take(), &["d-1", "lost", "diskdock admin accept"]);
    says(host.take(), &["damaged"]);
    says(host.pool.begin(&host.snapshot, &host.disk), &["damaged"]);
    assert_eq!((host.state(), host.files()), (SnapshotState::None, Vec::new()));
    host.pool.accept(&host.disk).unwrap();
    host.take().unwrap();
}

#[test]
fn take_refuses_a_disk_that_qemu_has_open() {
    let host = Host::new();
    let mut qemu = std::process::Command::new("qemu-io")
        .args(["-f", "raw", host.path().to_str().unwrap()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("these tests need qemu-io: apt-get install qemu-utils");
    qemu.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    says(host.take(), &["d-1.raw is open in process"]);
    assert_eq!(host.files(), [""; 0]);
    drop(qemu.stdin.take());
    qemu.wait().unwrap();
    host.take().unwrap();
}

#[test]
fn take_that_is_not_wanted_any_more_leaves_nothing() {
    let host = Host::new();
    says(host.pool.take(&host.snapshot, &host.disk, &|_| false), &["not wanted any more"]);
    assert_eq!((host.state(), host.files()), (SnapshotState::None, Vec::new()));
}

#[test]
fn begun_snapshot_becomes_whole_only_when_it_is_finished() {
    let host = Host::new();
    let Begun::CopyInto(target) = host.pool.begin(&host.snapshot, &host.disk).unwrap() else {
        // The file system shares blocks.
        return assert_eq!(host.state(), SnapshotState::Whole);
    };
    assert_eq!(target.opened.bytes, GIB);
    assert_eq!(
        (host.state(), host.files()),
        (SnapshotState::Begun, vec!["snapshots/s-1.part".into()])
    );
    let from = host.pool.create_from(&NewVolume::plain("d-2".into(), 1), &host.snapshot, &|_| true);
    says(from, &["s-1", "missing"]);
    let again = Directory::open(host.directory.path(), None).unwrap();
    assert_eq!(
        again.snapshot_state(&host.snapshot).unwrap(),
        SnapshotState::Begun,
        "a job goes on"
    );
    let part = host.directory.path().join("snapshots/s-1.part");
    let (from, to) = (host.path(), part.to_str().unwrap().to_owned());
    qemu_img(&["convert", "-n", "-O", "qcow2", "-f", "raw", from.to_str().unwrap(), &to]);
    for _ in 0..2 {
        host.pool.finish(&host.snapshot).unwrap();
    }
    assert_eq!(
        (host.state(), host.files()),
        (SnapshotState::Whole, vec!["snapshots/s-1.qcow2".into()])
    );
    host.pool.create_from(&NewVolume::plain("d-2".into(), 1), &host.snapshot, &|_| true).unwrap();
    assert_eq!(&host.read::<4>("d-2", GIB - 4), b"last");
    let made = host.pool.path_of(&"d-2".into()).unwrap().metadata().unwrap();
    assert!(made.blocks() * 512 < 8 << 20, "holes stay holes");
}

#[test]
fn chain_of_a_hundred_snapshots_is_deleted_in_any_order() {
    let host = Host::new();
    let id = |number: u64| SnapshotId::from(format!("s-{number}"));
    for number in 0..100_u64 {
        host.write(&number.to_le_bytes(), number * 4096);
        host.pool.take(&id(number), &host.disk, &|_| true).unwrap();
    }
    // Every number once: 37 and 100 have no common factor.
    for step in 0..100_u64 {
        let number = step * 37 % 100;
        let disk = DiskId::from(format!("d-of-{number}"));
        host.pool.create_from(&NewVolume::plain(disk.clone(), 1), &id(number), &|_| true).unwrap();
        let last = host.read::<8>(disk.as_str(), number * 4096);
        assert_eq!(u64::from_le_bytes(last), number);
        assert_eq!(host.read::<8>(disk.as_str(), (number + 1) * 4096), [0; 8], "no later one");
        host.pool.delete(&disk).unwrap();
        host.pool.delete_snapshot(&id(number)).unwrap();
    }
    assert_eq!(host.files(), [""; 0]);
}

#[test]
fn set_back_replaces_the_content_whole_or_not_at_all() {
    let host = Host::new();
    put_image(host.directory.path(), "m-1", 8);
    host.take().unwrap();
    host.write(b"later", 0);
    let to = |content: Content| {
        host.pool.set_back(&NewVolume::plain(host.disk.clone(), 1), &content, &|_| true)
    };
    says(to(Content::Snapshot("s-none".into())), &["s-none", "missing"]);
    assert_eq!(&host.read::<5>("d-1", 0), b"later");
    let dropped =
        host.pool.set_back(&NewVolume::plain(host.disk.clone(), 1), &Content::Empty, &|_| false);
    says(dropped, &["not wanted any more"]);
    assert_eq!(&host.read::<5>("d-1", 0), b"later");
    let before = host.pool.find(&host.disk).unwrap().opened;
    to(Content::Snapshot(host.snapshot.clone())).unwrap();
    assert_eq!(&host.read::<5>("d-1", 0), b"first");
    assert_ne!(host.pool.find(&host.disk).unwrap().opened.identity, before.identity);
    to(Content::Empty).unwrap();
    assert_eq!(host.read::<5>("d-1", 0), [0; 5]);
    assert_eq!(host.pool.find(&host.disk).unwrap().opened.bytes, GIB);
    // From a file of one format to one of the other, and back.
    to(Content::Image("m-1".to_owned())).unwrap();
    let disks = || {
        let all = below(host.directory.path());
        all.into_iter().filter(|path| path.starts_with("disks/")).collect::<Vec<_>>()
    };
    assert_eq!(disks(), ["disks/d-1.qcow2"]);
    to(Content::Snapshot(host.snapshot.clone())).unwrap();
    assert_eq!((disks(), &host.read::<5>("d-1", 0)), (vec!["disks/d-1.raw".into()], b"first"));
    // What a crash between the two steps of that leaves.
    std::fs::write(host.directory.path().join("disks/d-1.qcow2"), "of before").unwrap();
    says(to(Content::Snapshot("s-none".into())), &["s-none", "missing"]);
    assert_eq!((disks(), &host.read::<5>("d-1", 0)), (vec!["disks/d-1.raw".into()], b"first"));
    says(to(Content::Image("m-none".to_owned())), &["m-none"]);
    host.pool.mark_damaged(&host.disk, "it was dropped");
    says(to(Content::Empty), &["damaged"]);
}

#[test]
fn copy_of_a_snapshot_needs_the_first_one_no_more() {
    let host = Host::new();
    host.take().unwrap();
    let copy = SnapshotId::from("s-2");
    for _ in 0..2 {
        host.pool.copy_snapshot(&host.snapshot, &copy, false, &|_| true).unwrap();
    }
    host.pool.delete_snapshot(&host.snapshot).unwrap();
    host.pool.create_from(&NewVolume::plain("d-2".into(), 1), &copy, &|_| true).unwrap();
    assert_eq!(&host.read::<4>("d-2", GIB - 4), b"last");
}
