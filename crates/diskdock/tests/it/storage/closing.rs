//! Volumes that are closed: still the right bytes, written out, and damage that is not forgotten.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use diskdock::failpoint;
use diskdock::storage::{Deleted, Directory, NewVolume, Opened, StorageError, Volumes};
use domain::DiskId;

use super::{below, says};

struct Host {
    directory: tempfile::TempDir,
    volumes: Directory,
    disk: DiskId,
}

impl Host {
    /// A directory with one volume of 1 GiB.
    fn new() -> Host {
        let directory = tempfile::tempdir().unwrap();
        let volumes = Directory::open(directory.path(), None).unwrap();
        let disk = DiskId::from("d-1");
        volumes.create(&NewVolume::plain(disk.clone(), 1), None).unwrap();
        Host { directory, volumes, disk }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("disks/d-1.raw")
    }

    fn opened(&self) -> Opened {
        self.volumes.find(&self.disk).unwrap().opened
    }

    fn close(&self, opened: &Opened) -> Result<(), StorageError> {
        self.volumes.open_for_sync(&self.disk, Some(opened))?.sync()
    }

    /// As after a crash of the server.
    fn restart(&mut self) {
        self.volumes = Directory::open(self.directory.path(), None).unwrap();
    }
}

#[test]
fn begin_close_refuses_a_file_other_than_the_opened_one() {
    let host = Host::new();
    let opened = host.opened();
    host.close(&opened).unwrap();
    let aside = host.path().with_extension("aside");
    std::fs::rename(host.path(), &aside).unwrap();
    let error = says(host.close(&opened), &["d-1", "missing", "put it back"]);
    assert!(matches!(error, StorageError::Missing { .. }) && error.needs_operator());
    std::fs::copy(&aside, host.path()).unwrap();
    let error = says(host.close(&opened), &["d-1.raw", "another file", "diskdock admin"]);
    assert!(matches!(error, StorageError::Replaced { .. }) && error.needs_operator());
    std::fs::rename(&aside, host.path()).unwrap();
    host.close(&opened).unwrap();
    File::options().write(true).open(host.path()).unwrap().set_len(512).unwrap();
    says(host.close(&opened), &["d-1.raw", "cut from 1073741824 to 512 bytes"]);
}

#[test]
fn check_detects_a_file_replaced_after_opening() {
    let host = Host::new();
    let closing = host.volumes.open_for_sync(&host.disk, Some(&host.opened())).unwrap();
    closing.check(None).unwrap();
    std::fs::remove_file(host.path()).unwrap();
    says(closing.check(None), &["d-1", "missing"]);
    File::create(host.path()).unwrap();
    says(closing.check(None), &["another file has its name"]);
}

#[test]
fn identity_survives_writes_growth_and_a_restart() {
    let mut host = Host::new();
    let opened = host.opened();
    File::options().write(true).open(host.path()).unwrap().write_all_at(b"more", 0).unwrap();
    host.volumes.resize(&host.disk, 2).unwrap();
    host.restart();
    host.close(&opened).unwrap();
    assert_eq!(host.opened().identity, opened.identity);
}

#[test]
fn failed_flush_marks_a_volume_damaged_until_accepted() {
    let mut host = Host::new();
    let opened = host.opened();
    failpoint::fail_next("volume.sync");
    let error = says(host.close(&opened), &["d-1", "lost", "diskdock admin accept"]);
    assert!(matches!(error, StorageError::Damaged { .. }) && error.needs_operator());
    for restarts in [false, true] {
        if restarts {
            host.restart();
        }
        let errors = [
            host.close(&opened).err(),
            host.volumes.sync(&host.disk).err(),
            host.volumes.find(&host.disk).err(),
            host.volumes.resize(&host.disk, 2).err(),
            host.volumes.create(&NewVolume::plain(host.disk.clone(), 1), None).err(),
        ];
        let damaged =
            |error: &Option<StorageError>| matches!(error, Some(StorageError::Damaged { .. }));
        assert!(errors.iter().all(damaged), "after a restart: {restarts}: {errors:?}");
        assert_eq!(host.volumes.damaged().len(), 1);
    }
    let accepted = host.volumes.accept(&host.disk).unwrap().unwrap();
    assert!(accepted.contains("lost"), "{accepted}");
    assert_eq!(host.volumes.accept(&host.disk).unwrap(), None);
    host.close(&opened).unwrap();
    host.restart();
    host.close(&opened).unwrap();
    assert_eq!(host.volumes.damaged(), []);
}

#[test]
fn flush_and_resize_mark_a_volume_damaged_when_sync_fails() {
    for attempt in [
        (|host: &Host| host.volumes.sync(&host.disk)) as fn(&Host) -> Result<(), StorageError>,
        |host| host.volumes.resize(&host.disk, 2),
    ] {
        let host = Host::new();
        failpoint::fail_next("volume.sync");
        assert!(matches!(attempt(&host), Err(StorageError::Damaged { .. })));
        assert!(matches!(attempt(&host), Err(StorageError::Damaged { .. })), "nor by trying again");
    }
}

#[test]
fn damage_that_cannot_be_recorded_is_recorded_later() {
    let mut host = Host::new();
    let in_the_way = host.directory.path().join("disks/d-1.damage");
    std::fs::create_dir(&in_the_way).unwrap();
    host.volumes.mark_damaged(&host.disk, "it was dropped");
    assert!(matches!(host.volumes.sync(&host.disk), Err(StorageError::Damaged { .. })));
    std::fs::remove_dir(&in_the_way).unwrap();
    let damaged = vec![(host.disk.clone(), "it was dropped".to_owned())];
    assert_eq!(host.volumes.damaged(), damaged);
    host.volumes.write_damages();
    host.restart();
    assert_eq!(host.volumes.damaged(), damaged);
}

#[test]
fn accept_refuses_an_unusable_file() {
    let host = Host::new();
    host.volumes.mark_damaged(&host.disk, "it was deleted");
    std::fs::remove_file(host.path()).unwrap();
    says(host.volumes.accept(&host.disk), &["d-1", "missing"]);
    assert_eq!(host.volumes.damaged().len(), 1, "nothing is accepted");
}

#[test]
fn delete_says_when_there_was_nothing_to_delete() {
    let host = Host::new();
    host.volumes.mark_damaged(&host.disk, "it was dropped");
    assert_eq!(host.volumes.delete(&host.disk).unwrap(), Deleted::Now);
    assert_eq!(host.volumes.delete(&host.disk).unwrap(), Deleted::WereMissing);
    assert_eq!(below(host.directory.path()), ["disks", "images", "snapshots"], "damage goes along");
}

#[test]
fn unmounted_directory_is_an_error_and_not_empty() {
    let host = Host::new();
    let disks = host.directory.path().join("disks");
    std::fs::rename(&disks, host.directory.path().join("unmounted")).unwrap();
    std::fs::create_dir(&disks).unwrap();
    let other = DiskId::from("d-2");
    let mounted = ["disks", "still mounted"];
    says(host.volumes.delete(&host.disk), &mounted);
    says(host.volumes.find(&host.disk), &mounted);
    says(host.volumes.create(&NewVolume::plain(other.clone(), 1), None), &mounted);
    says(host.volumes.list(), &mounted);
    assert_eq!(below(&disks), Vec::<String>::new());
}

#[test]
fn delete_refuses_a_volume_that_qemu_has_open() {
    let host = Host::new();
    let path = host.path();
    let mut qemu = std::process::Command::new("qemu-io")
        .args(["-f", "raw", path.to_str().unwrap()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("these tests need qemu-io: apt-get install qemu-utils");
    // It asks for a command once it has opened and locked the file.
    let mut prompt = [0];
    qemu.stdout.as_mut().unwrap().read_exact(&mut prompt).unwrap();
    let holders = host.volumes.holders(&host.disk).unwrap();
    assert!(holders.iter().any(|holder| holder.process == qemu.id()), "{holders:?}");
    let error = host.volumes.delete(&host.disk).unwrap_err();
    says(Err::<(), _>(error), &["d-1.raw", &format!("process {}", qemu.id())]);
    drop(qemu.stdin.take());
    qemu.wait().unwrap();
    assert_eq!(host.volumes.delete(&host.disk).unwrap(), Deleted::Now);
}

#[test]
fn restore_gives_a_deleted_file_its_bytes_back() {
    let host = Host::new();
    let opened = host.opened();
    let file = File::options().read(true).write(true).open(host.path()).unwrap();
    file.write_all_at(b"first", 0).unwrap();
    file.write_all_at(b"last", (1 << 30) - 4).unwrap();
    std::fs::remove_file(host.path()).unwrap();
    let restored = host.volumes.restore(&host.disk, &opened, std::process::id()).unwrap();
    assert_eq!(restored.bytes, opened.bytes);
    assert_ne!(restored.identity, opened.identity);
    let mut bytes = [0; 5];
    let back = File::open(host.path()).unwrap();
    back.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"first");
    back.read_exact_at(&mut bytes[..4], (1 << 30) - 4).unwrap();
    assert_eq!(&bytes[..4], b"last");
    assert!(back.metadata().unwrap().blocks() * 512 < 8 << 20, "holes stay holes");
    host.close(&restored).unwrap();
    let there = host.volumes.restore(&host.disk, &opened, std::process::id());
    says(there, &["d-1.raw is there", "move that file away"]);
    drop(file);
    std::fs::remove_file(host.path()).unwrap();
    says(host.volumes.restore(&host.disk, &opened, std::process::id()), &["had open", "backup"]);
}

#[test]
fn list_names_the_volumes_and_nothing_else() {
    let host = Host::new();
    host.volumes.create(&NewVolume::plain(DiskId::from("d-0"), 1), None).unwrap();
    host.volumes.mark_damaged(&host.disk, "it was dropped");
    std::fs::write(host.directory.path().join("disks/notes.txt"), "x").unwrap();
    let ids = host.volumes.list().unwrap();
    assert_eq!(ids, [DiskId::from("d-0"), DiskId::from("d-1")]);
}
