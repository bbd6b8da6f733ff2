//! Files that must not become an image, and leave nothing behind when they are refused.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use diskdock::storage::{DiskFormat, Images, Import, ImportedFiles, StorageError};

use super::{below, kernel, of_disk, qemu_img, raw_disk, says};

struct Bench {
    data: tempfile::TempDir,
    source: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { data: tempfile::tempdir().unwrap(), source: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.source.path().join(name)
    }

    /// A file with this content.
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// A qcow2 file made with these arguments.
    fn qcow2(&self, arguments: &[&str]) -> PathBuf {
        let path = self.path("made.qcow2");
        let whole = [&["create", "-q", "-f", "qcow2"], arguments, &[path.to_str().unwrap()]];
        let mut whole = whole.concat();
        if !arguments.contains(&"-b") {
            whole.push("16M");
        }
        qemu_img(&whole);
        path
    }

    #[track_caller]
    fn expect_refusal(&self, import: &Import, words: &[&str]) -> StorageError {
        let images = Images::open(self.data.path()).unwrap();
        let fault = says(images.import(import, &mut |_| {}), words);
        assert_eq!(below(self.data.path()), ["images"], "nothing is left behind");
        fault
    }

    #[track_caller]
    fn refuses_disk(&self, file: &Path, format: Option<DiskFormat>, words: &[&str]) {
        self.expect_refusal(&of_disk("m-1", file, format), words);
    }
}

#[test]
fn import_refuses_a_file_with_a_backing_file() {
    let bench = Bench::new();
    let secret = bench.file("secret", &[7; 4096]);
    let backed = bench.qcow2(&["-F", "raw", "-b", secret.to_str().unwrap()]);
    for format in [None, Some(DiskFormat::Qcow2)] {
        bench.refuses_disk(&backed, format, &["made.qcow2", "backing file", "secret"]);
    }
    let data = format!("data_file={},data_file_raw=on", bench.path("secret.data").display());
    let external = bench.qcow2(&["-o", &data]);
    bench.refuses_disk(&external, None, &["another file", "qemu-img convert"]);
}

#[test]
fn import_refuses_a_truncated_or_damaged_file() {
    let bench = Bench::new();
    let raw = raw_disk(bench.source.path(), 8 << 20, &[9; 1 << 20]);
    let whole = bench.path("whole.qcow2");
    let (from, to) = (raw.to_str().unwrap(), whole.to_str().unwrap());
    qemu_img(&["convert", "-f", "raw", "-O", "qcow2", from, to]);
    let length = whole.metadata().unwrap().len();
    let file = File::options().write(true).open(&whole).unwrap();
    file.set_len(length / 2).unwrap();
    bench.refuses_disk(&whole, None, &["damaged or cut off", "fetch it again"]);
    file.set_len(20).unwrap();
    bench.refuses_disk(&whole, None, &["whole.qcow2"]);
}

#[test]
fn import_refuses_a_file_that_is_no_disk() {
    let bench = Bench::new();
    let text = bench.file("notes.txt", &[b'x'; 4096]);
    bench.refuses_disk(&text, None, &["neither qcow2 nor a boot sector", "--format raw"]);
    bench.refuses_disk(&text, Some(DiskFormat::Qcow2), &["does not begin"]);
    let packed = bench.file("disk.qcow2.gz", b"\x1f\x8b and so on");
    bench.refuses_disk(&packed, None, &["compressed", "gunzip"]);
    let foreign = bench.file("disk.vmdk", b"KDMV and so on");
    bench.refuses_disk(&foreign, None, &["VMDK", "qemu-img convert -f vmdk"]);
    let empty = bench.file("empty", b"");
    bench.refuses_disk(&empty, Some(DiskFormat::Raw), &["empty"]);
    bench.refuses_disk(&bench.path("absent"), None, &["absent", "No such file"]);
    bench.refuses_disk(bench.source.path(), None, &["no plain file"]);
    let pipe = bench.path("pipe");
    std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    bench.refuses_disk(&pipe, None, &["pipe"]);
}

#[test]
fn import_refuses_a_file_that_claims_a_huge_size() {
    let bench = Bench::new();
    let huge = bench.qcow2(&[]);
    let file = File::options().write(true).open(&huge).unwrap();
    file.write_all_at(&(1_u64 << 60).to_be_bytes(), 24).unwrap();
    bench.refuses_disk(&huge, None, &["1152921504606846976 bytes", "2048 GiB at most"]);
}

#[test]
fn import_reads_names_like_protocols_as_files() {
    let bench = Bench::new();
    let odd = Path::new("json:{\"driver\":\"file\",\"filename\":\"/etc/passwd\"}");
    bench.refuses_disk(odd, Some(DiskFormat::Raw), &["No such file"]);
    let disk = raw_disk(bench.source.path(), 1 << 20, b"x");
    let named_oddly = bench.path("nbd:a,b=c");
    std::fs::rename(disk, &named_oddly).unwrap();
    let images = Images::open(bench.data.path()).unwrap();
    images.import(&of_disk("m-1", &named_oddly, None), &mut |_| {}).unwrap();
}

#[test]
fn import_refuses_invalid_names_and_ids() {
    let bench = Bench::new();
    let disk = raw_disk(bench.source.path(), 1 << 20, b"x");
    for id in ["", "../m", "a/b", ".new-1-1", "m_1"] {
        let fault = bench.expect_refusal(&of_disk(id, &disk, None), &["no id of a disk or image"]);
        assert!(matches!(fault, StorageError::Name { .. }), "{id}");
    }
    let named = |name: &str| Import { name: name.to_owned(), ..of_disk("m-1", &disk, None) };
    for name in ["", "a\nb", "\x1b[2J", &"x".repeat(129)] {
        bench.expect_refusal(&named(name), &["the name", "control characters"]);
    }
    let with = |command_line: &str, kernel: PathBuf| {
        let (initrd, disk, empty_gib) = (None, None, 1);
        let command_line = command_line.to_owned();
        let what = ImportedFiles::Kernel { kernel, initrd, command_line, disk, empty_gib };
        Import { what, ..of_disk("m-1", Path::new(""), None) }
    };
    let sound = kernel(bench.source.path());
    bench.expect_refusal(&with("a\0b", sound.clone()), &["command line"]);
    bench.expect_refusal(&with(&"x".repeat(2_048), sound), &["command line", "2047"]);
    bench.expect_refusal(&with("", disk), &["no Linux kernel", "vmlinuz"]);
}

#[test]
fn import_refuses_an_id_in_use() {
    let bench = Bench::new();
    let disk = raw_disk(bench.source.path(), 1 << 20, b"x");
    let images = Images::open(bench.data.path()).unwrap();
    let first = images.import(&of_disk("m-1", &disk, None), &mut |_| {}).unwrap();
    let again = Import { name: "other".to_owned(), ..of_disk("m-1", &disk, None) };
    says(images.import(&again, &mut |_| {}), &["already", "--id"]);
    assert_eq!(images.record("m-1").unwrap(), first);
}
