//! The directory of disks: made whole or not at all, found, grown, discarded; owners and links.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use diskdock::storage::{Directory, GIB, NewVolume, Owner, StorageError, Volumes};
use domain::DiskId;
use serde_json::json;

use super::{below, info, put_image, says};

fn disk(id: &str) -> DiskId {
    DiskId::from(id)
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn is_root() -> bool {
    Owner::ourselves().uid == 0
}

#[test]
fn create_makes_a_sparse_private_file_of_the_requested_size() {
    let directory = tempfile::tempdir().unwrap();
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 20), None).unwrap();
    let found = pool.find(&disk("d-1")).unwrap();
    let path = pool.path_of(&disk("d-1")).unwrap();
    assert!(path.is_absolute());
    let node = found.block_node("d-1.7");
    assert_eq!((&node["driver"], &node["node-name"]), (&json!("raw"), &json!("d-1.7")));
    assert_eq!(node["file"]["filename"], json!(path));
    assert_eq!(found.opened.bytes, 20 * GIB);
    let metadata = path.metadata().unwrap();
    assert_eq!((metadata.len(), metadata.blocks()), (20 * GIB, 0));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&directory.path().join("disks")), 0o700);
    assert_eq!(below(directory.path()), ["disks", "disks/d-1.raw", "images", "snapshots"]);
}

#[test]
fn create_repeated_keeps_the_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 1), None).unwrap();
    let path = pool.path_of(&disk("d-1")).unwrap();
    File::options().write(true).open(&path).unwrap().write_all_at(b"mine", 7).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 1), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 2), Some("m-nowhere")).unwrap();
    let mut bytes = [0; 4];
    File::open(&path).unwrap().read_exact_at(&mut bytes, 7).unwrap();
    assert_eq!(&bytes, b"mine");
    assert_eq!(pool.find(&disk("d-1")).unwrap().opened.bytes, GIB);
}

#[test]
fn concurrent_creates_make_one_disk() {
    let directory = tempfile::tempdir().unwrap();
    put_image(directory.path(), "m-1", 8);
    let pool = Directory::open(directory.path(), None).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let pool = pool.clone();
            scope.spawn(move || {
                pool.create(&NewVolume::plain(disk("d-1"), 1), Some("m-1")).unwrap()
            });
        }
    });
    assert_eq!(below(&directory.path().join("disks")), ["d-1.qcow2"]);
}

#[test]
fn create_of_a_system_disk_is_copy_on_write_of_its_image() {
    let directory = tempfile::tempdir().unwrap();
    put_image(directory.path(), "m-1", 3_000);
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-small"), 1), Some("m-1")).unwrap();
    pool.create(&NewVolume::plain(disk("d-large"), 40), Some("m-1")).unwrap();
    let small = pool.find(&disk("d-small")).unwrap();
    assert_eq!(small.block_node("d-small.1")["driver"], "qcow2");
    assert_eq!(small.opened.bytes, 3_000 << 20, "never cut off");
    let large = pool.path_of(&disk("d-large")).unwrap();
    assert_eq!(pool.find(&disk("d-large")).unwrap().opened.bytes, 40 * GIB);
    let reply = info(&large);
    let base = pool.boot_files(&pool.image("m-1").unwrap()).disk;
    assert_eq!(reply["backing-filename"], base.to_str().unwrap());
    assert_eq!(reply["backing-filename-format"], "qcow2");
    assert!(large.metadata().unwrap().blocks() * 512 < 1 << 20, "nothing is copied");
    assert_eq!(mode(&large), 0o600);
}

#[test]
fn resize_grows_and_never_shrinks() {
    let directory = tempfile::tempdir().unwrap();
    put_image(directory.path(), "m-1", 8);
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-raw"), 2), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-cow"), 2), Some("m-1")).unwrap();
    for id in ["d-raw", "d-cow"].map(disk) {
        for (asked, there) in [(5, 5), (5, 5), (3, 5), (6, 6)] {
            pool.resize(&id, asked).unwrap();
            assert_eq!(pool.find(&id).unwrap().opened.bytes, there * GIB, "{id}");
        }
        pool.sync(&id).unwrap();
    }
    assert_eq!(info(&pool.path_of(&disk("d-cow")).unwrap())["virtual-size"], 6 * GIB);
    let gone = pool.resize(&disk("d-gone"), 1);
    assert!(matches!(says(gone, &["d-gone", "backup"]), StorageError::Missing { .. }));
    assert!(matches!(pool.sync(&disk("d-gone")), Err(StorageError::Missing { .. })));
}

#[test]
fn delete_removes_the_file_and_can_be_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 1), None).unwrap();
    pool.delete(&disk("d-1")).unwrap();
    pool.delete(&disk("d-1")).unwrap();
    let fault = says(pool.find(&disk("d-1")), &["d-1", "missing"]);
    assert!(matches!(fault, StorageError::Missing { .. }));
}

#[test]
fn disk_ids_cannot_leave_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    std::fs::write(directory.path().join("precious.raw"), "x").unwrap();
    let pool = Directory::open(&data, None).unwrap();
    for odd in ["../../precious", "a/b", "", ".", "a,file=/etc/passwd", "x\0", &"x".repeat(65)] {
        let faults = [
            pool.create(&NewVolume::plain(disk(odd), 1), None).err(),
            pool.create(&NewVolume::plain(disk("d-1"), 1), Some(odd)).err(),
            pool.find(&disk(odd)).map(drop).err(),
            pool.resize(&disk(odd), 1).err(),
            pool.sync(&disk(odd)).err(),
            pool.delete(&disk(odd)).map(drop).err(),
            pool.image(odd).err(),
        ];
        let refused =
            |fault: &Option<StorageError>| matches!(fault, Some(StorageError::Name { .. }));
        assert!(faults.iter().all(refused), "{odd:?}: {faults:?}");
    }
    assert_eq!(std::fs::read_to_string(directory.path().join("precious.raw")).unwrap(), "x");
    assert_eq!(below(&data), ["disks", "images", "snapshots"]);
}

#[test]
fn symbolic_links_are_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let precious = directory.path().join("precious");
    std::fs::write(&precious, [7; 512]).unwrap();
    let pool = Directory::open(directory.path(), None).unwrap();
    let link = directory.path().join("disks/d-1.raw");
    symlink(&precious, &link).unwrap();
    assert!(pool.find(&disk("d-1")).is_err());
    assert!(pool.resize(&disk("d-1"), 1).is_err());
    assert!(
        pool.create(&NewVolume::plain(disk("d-1"), 1), None).is_err(),
        "it is not taken for a disk"
    );
    pool.delete(&disk("d-1")).unwrap();
    assert_eq!(precious.metadata().unwrap().len(), 512);
    assert!(!link.is_symlink());
    drop(pool);
    std::fs::remove_dir(directory.path().join("disks")).unwrap();
    symlink(directory.path(), directory.path().join("disks")).unwrap();
    says(Directory::open(directory.path(), None), &["disks", "no directory"]);
}

#[test]
fn check_distinguishes_damaged_from_missing_disks() {
    let directory = tempfile::tempdir().unwrap();
    put_image(directory.path(), "m-1", 8);
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-raw"), 1), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-cow"), 1), Some("m-1")).unwrap();
    let write = |id: &str, bytes: &[u8], at: u64| {
        let path = pool.path_of(&disk(id)).unwrap();
        File::options().write(true).open(&path).unwrap().write_all_at(bytes, at).unwrap();
        path
    };
    let raw = write("d-raw", b"", 0);
    File::options().write(true).open(&raw).unwrap().set_len(GIB - 1).unwrap();
    let fault = says(pool.find(&disk("d-raw")), &["d-raw.raw", "sectors", "backup"]);
    assert!(matches!(fault, StorageError::Corrupt { .. }));
    write("d-cow", b"rubb", 0);
    let fault = says(pool.find(&disk("d-cow")), &["d-cow.qcow2", "does not begin"]);
    assert!(matches!(fault, StorageError::Corrupt { .. }));
}

#[test]
fn create_refuses_an_image_outside_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    put_image(directory.path(), "m-1", 8);
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 1), Some("m-1")).unwrap();
    let path = pool.path_of(&disk("d-1")).unwrap();
    super::qemu_img(&["rebase", "-u", "-b", "/etc/passwd", "-F", "raw", path.to_str().unwrap()]);
    says(pool.find(&disk("d-1")), &["/etc/passwd", "no image of this directory"]);
    pool.delete(&disk("d-1")).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 1), Some("m-1")).unwrap();
    std::fs::remove_dir_all(directory.path().join("images/m-1")).unwrap();
    let fault = says(pool.find(&disk("d-1")), &["m-1", "image import"]);
    assert!(matches!(fault, StorageError::Missing { .. }));
    let fault =
        says(pool.create(&NewVolume::plain(disk("d-2"), 1), Some("m-1")), &["m-1", "missing"]);
    assert!(matches!(fault, StorageError::Missing { .. }));
}

#[test]
fn open_removes_leftovers_of_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let pool = Directory::open(directory.path(), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-1"), 1), None).unwrap();
    drop(pool);
    for room in ["disks", "images", "snapshots"] {
        let left = directory.path().join(room).join(".new-1-0");
        std::fs::create_dir_all(left.join("content")).unwrap();
        std::fs::write(left.join("lock"), "").unwrap();
        std::fs::write(left.join("content/disk.qcow2"), "half").unwrap();
    }
    Directory::open(directory.path(), None).unwrap();
    assert_eq!(below(directory.path()), ["disks", "disks/d-1.raw", "images", "snapshots"]);
}

#[test]
fn create_beyond_the_file_system_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let pool = Directory::open(directory.path(), None).unwrap();
    match pool.create(&NewVolume::plain(disk("d-1"), u32::MAX), None) {
        // A file system for files of four EiB, which take no room while they are empty.
        Ok(()) => {
            assert_eq!(pool.find(&disk("d-1")).unwrap().opened.bytes, u64::from(u32::MAX) * GIB)
        }
        refused => {
            says(refused, &["make room", "use XFS"]);
            assert_eq!(below(directory.path()), ["disks", "images", "snapshots"]);
        }
    }
}

#[test]
fn files_belong_to_the_user_of_qemu() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let owner = Owner { uid: 65_534, gid: 65_533 };
    if !is_root() {
        says(Directory::open(at, Some(owner)), &["change the owner", "doctor"]);
        return;
    }
    std::fs::set_permissions(at, PermissionsExt::from_mode(0o711)).unwrap();
    put_image(at, "m-1", 8);
    drop(Directory::open(at, None).unwrap());
    let pool = Directory::open(at, Some(owner)).unwrap();
    pool.create(&NewVolume::plain(disk("d-raw"), 1), None).unwrap();
    pool.create(&NewVolume::plain(disk("d-cow"), 1), Some("m-1")).unwrap();
    pool.resize(&disk("d-cow"), 2).unwrap();
    put_image(at, "m-2", 8);
    let of = |path: &str| {
        let found = at.join(path).metadata().unwrap();
        (found.uid(), found.gid(), found.mode() & 0o7777)
    };
    for file in ["disks/d-raw.raw", "disks/d-cow.qcow2"] {
        assert_eq!(of(file), (65_534, 65_533, 0o600), "{file}");
    }
    for file in ["images/m-1/disk.qcow2", "images/m-2/disk.qcow2", "images/m-2/image.json"] {
        assert_eq!(of(file), (0, 65_533, 0o640), "{file}");
    }
    for directory in ["disks", "images", "images/m-1", "images/m-2"] {
        assert_eq!(of(directory), (0, 65_533, 0o710), "{directory}");
    }
    // Back to ourselves, when the server is started without such a user.
    drop(Directory::open(at, None).unwrap());
    assert_eq!(of("disks/d-raw.raw"), (0, 0, 0o600));
    assert_eq!(of("images/m-2/disk.qcow2"), (0, 0, 0o600));
}
