//! Files from elsewhere that become disks: staged, and given the name of a disk.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use diskdock::storage::{Directory, DiskFormat, NewVolume, StorageError, Volumes, stage, unstage};
use domain::DiskId;

use super::{below, qemu_img, raw_disk, says};

const WORD: &[u8] = b"from elsewhere";

struct Bench {
    data: tempfile::TempDir,
    source: tempfile::TempDir,
    volumes: Directory,
}

impl Bench {
    fn new() -> Bench {
        let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let volumes = Directory::open(data.path(), None).unwrap();
        Bench { data, source, volumes }
    }

    fn stage(&self, file: &Path, format: Option<DiskFormat>) -> Result<u64, StorageError> {
        let wanted = AtomicBool::new(false);
        stage(self.data.path(), "import-1", (file, format), &wanted, &mut |_| {})
    }

    fn adopt(&self, size_gib: u32) -> Result<(), StorageError> {
        self.volumes.adopt(&NewVolume::plain("d-1".into(), size_gib), "import-1", &|_| true)
    }

    fn disks(&self) -> Vec<String> {
        below(&self.data.path().join("disks"))
    }

    /// A qcow2 file of 64 MiB with the word in it.
    fn qcow2(&self) -> std::path::PathBuf {
        let raw = raw_disk(self.source.path(), 64 << 20, WORD);
        let file = self.source.path().join("source.qcow2");
        let (from, to) = (raw.to_str().unwrap(), file.to_str().unwrap());
        qemu_img(&["convert", "-f", "raw", "-O", "qcow2", from, to]);
        file
    }
}

#[test]
fn adopt_makes_a_sparse_disk_of_a_staged_file_once() {
    let bench = Bench::new();
    for file in [bench.qcow2(), raw_disk(bench.source.path(), 64 << 20, WORD)] {
        assert_eq!(bench.stage(&file, None).unwrap(), 64 << 20);
        assert_eq!(bench.disks(), ["import-1.import"]);
        assert_eq!(bench.volumes.list().unwrap(), [], "it is no disk yet");
        for _ in 0..2 {
            bench.adopt(20).unwrap();
        }
        let path = bench.data.path().join("disks/d-1.raw");
        let mut found = vec![0; WORD.len()];
        let disk = File::open(&path).unwrap();
        disk.read_exact_at(&mut found, 4096).unwrap();
        assert_eq!(found, WORD);
        let metadata = disk.metadata().unwrap();
        assert_eq!(metadata.len(), 20 << 30);
        assert!(metadata.blocks() * 512 < 8 << 20, "{} blocks", metadata.blocks());
        bench.volumes.delete(&DiskId::from("d-1")).unwrap();
        assert_eq!(bench.disks(), [""; 0]);
    }
}

#[test]
fn stage_refuses_files_that_need_others_and_files_that_are_no_disks() {
    let bench = Bench::new();
    let file = |name: &str| bench.source.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("secret"), [7; 4096]).unwrap();
    let options = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", &file("secret"), &file("a")];
    qemu_img(&options);
    let data = format!("data_file={},data_file_raw=on", file("b.data"));
    qemu_img(&["create", "-q", "-f", "qcow2", "-o", &data, &file("b"), "1M"]);
    std::fs::write(file("notes"), [b'x'; 4096]).unwrap();
    for (name, format, words) in [
        ("a", None, &["backing file", "secret"][..]),
        ("a", Some(DiskFormat::Qcow2), &["backing file"]),
        ("b", None, &["another file"]),
        ("notes", None, &["neither qcow2", "--format raw"]),
        ("notes", Some(DiskFormat::Qcow2), &["does not begin"]),
        ("absent", None, &["absent"]),
    ] {
        says(bench.stage(Path::new(&file(name)), format), words);
        assert_eq!(bench.disks(), [""; 0], "{name}");
    }
}

#[test]
fn stage_that_is_cancelled_leaves_nothing() {
    let bench = Bench::new();
    let (file, cancelled) = (bench.qcow2(), AtomicBool::new(true));
    let staged = stage(bench.data.path(), "import-1", (&file, None), &cancelled, &mut |_| {});
    says(staged, &["interrupted"]);
    assert_eq!(bench.disks(), [""; 0]);
}

#[test]
fn adopt_refuses_what_is_not_staged_or_does_not_fit() {
    let bench = Bench::new();
    says(bench.adopt(20), &["staged file import-1", "import it again"]);
    says(bench.volumes.adopt(&NewVolume::plain("d-1".into(), 1), "../d-2", &|_| true), &["no id"]);
    let raw = raw_disk(bench.source.path(), 2 << 30, WORD);
    bench.stage(&raw, None).unwrap();
    says(bench.adopt(1), &["2147483648", "1073741824"]);
    unstage(bench.data.path(), "import-1").unwrap();
    assert_eq!(bench.disks(), [""; 0]);
}
