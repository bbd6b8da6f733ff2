//! Images: imported whole or not at all, listed, deleted.

use std::path::Path;
use std::process::Command;

use diskdock::storage::{
    Directory, DiskFormat, ImageBoot, Images, Import, ImportedFiles, NewVolume, StorageError,
    TransferProgress, Volumes,
};

use domain::inventory::BootMode;

use super::{below, info, kernel, of_disk, put_image, qemu_img, raw_disk, says};

fn of_kernel(id: &str, what: ImportedFiles) -> Import {
    Import { what, ..of_disk(id, Path::new(""), None) }
}

#[test]
fn import_of_a_raw_disk_makes_a_standalone_image() {
    let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = raw_disk(source.path(), 1_500 << 20, b"find me");
    let images = Images::open(data.path()).unwrap();
    let mut told = Vec::new();
    let record = images.import(&of_disk("m-1", &file, None), &mut |p| told.push(p)).unwrap();
    assert_eq!(
        (record.size_gib, &record.boot),
        (2, &ImageBoot::Disk { boot_mode: BootMode::Bios }),
        "rounded up"
    );
    assert_eq!(told.first(), Some(&TransferProgress::Checking));
    assert!(told.contains(&TransferProgress::Copied(100.0)), "{told:?}");
    assert_eq!(told.last(), Some(&TransferProgress::Saving));
    let made = images.boot_files(&record).disk;
    let seen = info(&made);
    assert_eq!((&seen["format"], &seen["virtual-size"]), (&"qcow2".into(), &(1_500 << 20).into()));
    assert!(made.metadata().unwrap().len() < 4 << 20, "what is empty takes no room");
    qemu_img(&["compare", "-q", file.to_str().unwrap(), made.to_str().unwrap()]);
    assert_eq!(images.record("m-1").unwrap(), record);
    let there = ["images", "images/m-1", "images/m-1/disk.qcow2", "images/m-1/image.json"];
    assert_eq!(below(data.path()), there);
}

#[test]
fn import_detects_qcow2_by_content() {
    let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let raw = raw_disk(source.path(), 8 << 20, b"find me");
    let packed = source.path().join("packed.img");
    let (from, to) = (raw.to_str().unwrap(), packed.to_str().unwrap());
    qemu_img(&["convert", "-c", "-f", "raw", "-O", "qcow2", from, to]);
    let images = Images::open(data.path()).unwrap();
    for (id, format) in [("m-1", None), ("m-2", Some(DiskFormat::Qcow2))] {
        let record = images.import(&of_disk(id, &packed, format), &mut |_| {}).unwrap();
        assert_eq!(record.size_gib, 1);
        let made = images.boot_files(&record).disk;
        qemu_img(&["compare", "-q", from, made.to_str().unwrap()]);
    }
}

#[test]
fn import_of_a_kernel_takes_a_full_or_empty_disk() {
    let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let initrd = source.path().join("initrd.gz");
    std::fs::write(&initrd, "files").unwrap();
    let what = ImportedFiles::Kernel {
        kernel: kernel(source.path()),
        initrd: Some(initrd),
        command_line: "console=ttyS0 quiet".to_owned(),
        disk: None,
        empty_gib: 1,
    };
    let images = Images::open(data.path()).unwrap();
    let record = images.import(&of_kernel("m-tiny", what), &mut |_| {}).unwrap();
    let files = images.boot_files(&record);
    let started = files.kernel.unwrap();
    assert_eq!(started.command_line, "console=ttyS0 quiet");
    assert_eq!(std::fs::read_to_string(started.initrd.unwrap()).unwrap(), "files");
    assert_eq!(started.kernel.metadata().unwrap().len(), 8_192);
    assert_eq!(info(&files.disk)["virtual-size"], 1 << 30);

    let root = raw_disk(source.path(), 3 << 30, b"root");
    let what = ImportedFiles::Kernel {
        kernel: kernel(source.path()),
        initrd: None,
        command_line: "root=/dev/vda".to_owned(),
        disk: Some((root, None)),
        empty_gib: 1,
    };
    let record = images.import(&of_kernel("m-root", what), &mut |_| {}).unwrap();
    assert_eq!(record.size_gib, 3);
    assert_eq!(images.boot_files(&record).kernel.unwrap().initrd, None);
    let pool = Directory::open(data.path(), None).unwrap();
    pool.create(&NewVolume::plain("d-1".into(), 1), Some("m-root")).unwrap();
    assert_eq!(pool.find(&"d-1".into()).unwrap().opened.bytes, 3 << 30);
    assert_eq!(pool.images().unwrap().len(), 2);
}

#[test]
fn delete_refuses_an_image_in_use() {
    let data = tempfile::tempdir().unwrap();
    put_image(data.path(), "m-1", 8);
    put_image(data.path(), "m-2", 8);
    let pool = Directory::open(data.path(), None).unwrap();
    pool.create(&NewVolume::plain("d-b".into(), 1), Some("m-1")).unwrap();
    pool.create(&NewVolume::plain("d-a".into(), 1), Some("m-1")).unwrap();
    pool.create(&NewVolume::plain("d-c".into(), 1), None).unwrap();
    let images = Images::open(data.path()).unwrap();
    says(images.delete("m-1"), &["m-1", "in use by d-a, d-b", "delete the instances"]);
    assert!(images.record("m-1").is_ok());
    images.delete("m-2").unwrap();
    let fault = says(images.delete("m-2"), &["m-2", "image list"]);
    assert!(matches!(fault, StorageError::Missing { .. }));
    pool.delete(&"d-a".into()).unwrap();
    pool.delete(&"d-b".into()).unwrap();
    images.delete("m-1").unwrap();
    assert_eq!(below(data.path()), ["disks", "disks/d-c.raw", "images", "snapshots"]);
}

#[test]
fn delete_refuses_every_image_while_a_disk_is_unreadable() {
    let data = tempfile::tempdir().unwrap();
    put_image(data.path(), "m-1", 8);
    let pool = Directory::open(data.path(), None).unwrap();
    std::fs::write(data.path().join("disks/d-odd.qcow2"), "damaged").unwrap();
    drop(pool);
    says(Images::open(data.path()).unwrap().delete("m-1"), &["in use by d-odd"]);
}

#[test]
fn list_shows_other_images_beside_a_damaged_record() {
    let data = tempfile::tempdir().unwrap();
    for id in ["m-1", "m-2", "m-3"] {
        put_image(data.path(), id, 8);
    }
    std::fs::write(data.path().join("images/m-2/image.json"), "{").unwrap();
    std::fs::rename(data.path().join("images/m-3"), data.path().join("images/m-4")).unwrap();
    std::fs::create_dir(data.path().join("images/not an id")).unwrap();
    let listing = Images::of(data.path()).list().unwrap();
    let ids: Vec<_> = listing.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["m-1"]);
    assert_eq!(listing.faults.len(), 3, "{:?}", listing.faults);
    assert!(listing.faults.iter().any(|fault| fault.to_string().contains("import it again")));
}

#[test]
fn import_that_is_killed_leaves_no_files() {
    let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = raw_disk(source.path(), 64 << 20, b"find me");
    let mut import = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    import.args(["image", "import", file.to_str().unwrap(), "--name", "half", "--data-dir"]);
    let mut child = import.arg(data.path()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // Killed as soon as it says its first word: it is checking or copying by then.
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut [0]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // A qemu-img that was just being started has the lock until it really starts.
    for left in std::fs::read_dir(data.path().join("images")).unwrap().flatten() {
        if let Ok(lock) = std::fs::File::open(left.path().join("lock")) {
            lock.lock().unwrap();
        }
    }
    let images = Images::open(data.path()).unwrap();
    let whole = images.list().unwrap();
    assert!(whole.faults.is_empty(), "{:?}", whole.faults);
    if whole.records.is_empty() {
        assert_eq!(below(data.path()), ["images"]);
    }
}
