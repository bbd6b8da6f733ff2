//! Disks and images as real files, made by the real `qemu-img`.

mod closing;
mod contract;
mod directory;
mod disk_import;
mod encrypted;
mod images;
mod snapshots;
mod traps;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use diskdock::storage::{DiskFormat, Images, Import, ImportedFiles, StorageError};
use domain::inventory::BootMode;
use serde_json::Value;

/// Runs `qemu-img`, which these tests cannot do without.
pub(crate) fn qemu_img(arguments: &[&str]) -> String {
    let run = Command::new("qemu-img").args(arguments).output();
    let output = run.expect("these tests need qemu-img: apt-get install qemu-utils");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "qemu-img {arguments:?}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A file as `qemu-img info` describes it.
pub(crate) fn info(path: &Path) -> Value {
    let reply = qemu_img(&["info", "-U", "--output=json", path.to_str().unwrap()]);
    serde_json::from_str(&reply).unwrap()
}

/// A raw disk with a boot sector, and a word where it can be found again.
pub(crate) fn raw_disk(at: &Path, bytes: u64, word: &[u8]) -> PathBuf {
    let path = at.join("source.raw");
    let file = File::create(&path).unwrap();
    file.set_len(bytes).unwrap();
    file.write_all_at(&[0x55, 0xaa], 510).unwrap();
    file.write_all_at(word, 4096).unwrap();
    path
}

/// An import of a disk.
pub(crate) fn of_disk(id: &str, file: &Path, format: Option<DiskFormat>) -> Import {
    Import {
        id: id.to_owned(),
        name: "Debian 12".to_owned(),
        os_name: "Debian  12 64 bit".to_owned(),
        created_at: "2026-01-02T03:04:05Z".to_owned(),
        what: ImportedFiles::Disk { file: file.to_owned(), format, boot_mode: BootMode::Bios },
    }
}

/// Puts an image of this many MiB into a data directory.
pub(crate) fn put_image(data: &Path, id: &str, mib: u64) {
    let source = tempfile::tempdir().unwrap();
    let file = raw_disk(source.path(), mib << 20, b"made for tests");
    Images::open(data).unwrap().import(&of_disk(id, &file, None), &mut |_| {}).unwrap();
}

/// A program that a boot loader would take for a kernel.
pub(crate) fn kernel(at: &Path) -> PathBuf {
    let path = at.join("vmlinuz");
    let file = File::create(&path).unwrap();
    file.set_len(8_192).unwrap();
    file.write_all_at(b"HdrS", 0x202).unwrap();
    path
}

/// All files in a directory and below, by paths from there, sorted.
pub(crate) fn below(directory: &Path) -> Vec<String> {
    fn collect(root: &Path, directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            if path.is_dir() && !path.is_symlink() {
                collect(root, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    collect(directory, directory, &mut found);
    found.sort();
    found
}

/// A fault that says these words.
#[track_caller]
pub(crate) fn says<T: std::fmt::Debug>(
    result: Result<T, StorageError>,
    words: &[&str],
) -> StorageError {
    let fault = result.expect_err("this must not work");
    let told = fault.to_string();
    assert!(words.iter().all(|word| told.contains(word)), "{told}");
    fault
}
