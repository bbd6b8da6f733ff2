//! `diskdock disk`: exports are whole files of disks and snapshots, and nothing of anything else.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use diskdock::storage::{Directory, DiskExport, DiskFormat, NewVolume, Snapshots, Volumes, export};
use domain::{DiskId, SnapshotId};
use serde_json::Value;

use super::{RunningServer, complaint, diskdock, out};
use crate::storage::{below, info, put_image, qemu_img, says};

/// Where the word lies that is looked for again.
const PLACE: u64 = 700 << 20;
const WORD: &[u8] = b"acknowledged";

/// A data directory with the disk `d-1` of 1 GiB, and a directory to export to.
struct Bench {
    data: tempfile::TempDir,
    to: tempfile::TempDir,
    volumes: Directory,
}

impl Bench {
    fn new() -> Bench {
        let (data, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let volumes = Directory::open(data.path(), None).unwrap();
        volumes.create(&NewVolume::plain(DiskId::from("d-1"), 1), None).unwrap();
        let bench = Bench { data, to, volumes };
        let disk = File::options().write(true).open(bench.disk("d-1.raw")).unwrap();
        disk.write_all_at(WORD, PLACE).unwrap();
        bench
    }

    fn disk(&self, name: &str) -> PathBuf {
        self.data.path().join("disks").join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.to.path().join(name)
    }

    /// Exports, and expects that to go well.
    fn export(&self, id: &str, name: &str, more: &[&str]) -> PathBuf {
        let file = self.file(name);
        let line = [&["disk", "export", id, file.to_str().unwrap()], more].concat();
        out(self.data.path(), &line);
        file
    }

    /// An export that is refused with these words, and writes nothing.
    #[track_caller]
    fn refuses(&self, id: &str, name: &str, words: &[&str]) {
        let before = below(self.to.path());
        let file = self.file(name);
        let output = diskdock(self.data.path(), &["disk", "export", id, file.to_str().unwrap()]);
        let told = complaint(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
        assert_eq!(below(self.to.path()), before, "nothing is written");
    }
}

fn word_in(file: &Path, place: u64) -> Vec<u8> {
    let mut found = vec![0; WORD.len()];
    File::open(file).unwrap().read_exact_at(&mut found, place).unwrap();
    found
}

#[test]
fn disk_export_writes_a_sparse_file_that_needs_no_other() {
    let bench = Bench::new();
    let raw = bench.export("d-1", "data.img", &[]);
    let found = raw.metadata().unwrap();
    assert_eq!((found.len(), found.permissions().mode() & 0o777), (1 << 30, 0o600));
    assert!(found.blocks() * 512 < 16 << 20, "holes stay holes: {} blocks", found.blocks());
    assert_eq!(word_in(&raw, PLACE), WORD);
    let qcow2 = bench.export("d-1", "data.qcow2", &[]);
    let shown = info(&qcow2);
    assert_eq!(
        (&shown["format"], &shown["virtual-size"]),
        (&"qcow2".into(), &(1_u64 << 30).into())
    );
    assert_eq!(shown.get("backing-filename"), None);
    let reply = out(
        bench.data.path(),
        &["disk", "export", "d-1", bench.file("third").to_str().unwrap(), "--output", "json"],
    );
    let reply: Value = serde_json::from_str(&reply).unwrap();
    assert_eq!((&reply["format"], &reply["bytes"]), (&"qcow2".into(), &(1_u64 << 30).into()));
    assert_eq!(below(bench.to.path()), ["data.img", "data.qcow2", "third"]);
}

#[test]
fn disk_export_tells_how_far_it_is_on_standard_error() {
    let bench = Bench::new();
    let file = bench.file("data.qcow2");
    let output = diskdock(bench.data.path(), &["disk", "export", "d-1", file.to_str().unwrap()]);
    let told = complaint(&output);
    assert!(told.starts_with("checking\n") && told.ends_with("making it durable\n"), "{told}");
    assert!(told.contains("copied 100 %\n"), "{told}");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("data.qcow2 holds d-1: "), "{shown}");
}

#[test]
fn disk_export_replaces_a_file_only_with_force() {
    let bench = Bench::new();
    std::fs::write(bench.file("data.raw"), "precious").unwrap();
    bench.refuses("d-1", "data.raw", &["data.raw is there already", "--force"]);
    assert_eq!(std::fs::read(bench.file("data.raw")).unwrap(), b"precious");
    let file = bench.export("d-1", "data.raw", &["--force"]);
    assert_eq!(word_in(&file, PLACE), WORD);
    std::fs::create_dir(bench.file("folder")).unwrap();
    bench.refuses("d-1", "folder", &["no plain file"]);
}

#[test]
fn disk_export_of_a_system_disk_has_the_bytes_of_its_image() {
    let bench = Bench::new();
    put_image(bench.data.path(), "m-1", 64);
    let volumes = Directory::open(bench.data.path(), None).unwrap();
    volumes.create(&NewVolume::plain(DiskId::from("d-root"), 1), Some("m-1")).unwrap();
    let file = bench.export("d-root", "root.raw", &[]);
    assert_eq!(&word_in(&file, 4096)[..9], b"made for ");
    assert_eq!(file.metadata().unwrap().len(), 1 << 30);
}

#[test]
fn disk_export_of_a_snapshot_works_while_the_disk_is_open() {
    let bench = Bench::new();
    let snapshot = SnapshotId::from("s-1");
    bench.volumes.take(&snapshot, &DiskId::from("d-1"), &|_| true).unwrap();
    let path = bench.disk("d-1.raw");
    let mut qemu = Command::new("qemu-io")
        .args(["-f", "raw", path.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut prompt = [0; 7];
    qemu.stdout.as_mut().unwrap().read_exact(&mut prompt).unwrap();
    let words = ["d-1 is in use", "CreateSnapshot --DiskId d-1", "disk export s-"];
    bench.refuses("d-1", "data.raw", &words);
    let file = bench.export("s-1", "data.raw", &[]);
    assert_eq!(word_in(&file, PLACE), WORD);
    drop(qemu.stdin.take());
    qemu.wait().unwrap();
    bench.export("d-1", "later.raw", &[]);
}

#[test]
fn disk_export_refuses_what_is_missing_damaged_or_unfinished() {
    let bench = Bench::new();
    bench.refuses("d-none", "a", &["d-none", "missing", "--data-dir"]);
    bench.refuses("../d-1", "a", &["no id of a disk"]);
    std::fs::write(bench.data.path().join("snapshots/s-1.part"), "").unwrap();
    bench.refuses("s-1", "a", &["s-1 is still being made", "DescribeSnapshots"]);
    bench.volumes.mark_damaged(&DiskId::from("d-1"), "its host was on fire");
    bench.refuses("d-1", "a", &["d-1", "on fire"]);
    bench.refuses("s-none", "missing/a", &["s-none"]);
}

/// A disk that names other files would make them part of what leaves this host.
#[test]
fn disk_export_reads_no_file_that_a_disk_names() {
    let bench = Bench::new();
    let secret = bench.to.path().join("secret");
    std::fs::write(&secret, [7; 1 << 20]).unwrap();
    let secret = secret.to_str().unwrap();
    let backed = bench.disk("d-backed.qcow2");
    let options = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", secret];
    qemu_img(&[&options[..], &[backed.to_str().unwrap()]].concat());
    bench.refuses("d-backed", "a", &["secret", "no image of this directory"]);
    let external = bench.disk("d-external.qcow2");
    let data = format!("data_file={secret}.data,data_file_raw=on");
    let options = ["create", "-q", "-f", "qcow2", "-o", &data, external.to_str().unwrap(), "1M"];
    qemu_img(&options);
    bench.refuses("d-external", "a", &["never gives a disk"]);
}

#[test]
fn export_that_is_cancelled_leaves_nothing() {
    let bench = Bench::new();
    let wanted = DiskExport {
        id: "d-1".to_owned(),
        file: bench.file("data.raw"),
        format: DiskFormat::Raw,
        replace: false,
    };
    let cancelled = AtomicBool::new(true);
    let result = export(bench.data.path(), &wanted, &cancelled, &mut |_| {});
    says(result, &["interrupted"]);
    assert_eq!(below(bench.to.path()), Vec::<String>::new());
}

#[cfg(debug_assertions)]
#[test]
fn export_that_is_killed_leaves_a_whole_file_or_none() {
    let bench = Bench::new();
    let file = bench.file("data.raw");
    for (place, is_there) in [("export.copied", false), ("export.published", true)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.env("DISKDOCK_DATA_DIR", bench.data.path()).env("DISKDOCK_FAILPOINT", place);
        command.args(["disk", "export", "d-1"]).arg(&file).stderr(Stdio::null());
        let ended = command.stdout(Stdio::null()).status().unwrap();
        assert_eq!(ended.signal(), Some(9), "{place}");
        assert_eq!(file.exists(), is_there, "{place}");
    }
    assert_eq!(below(bench.to.path()), ["data.raw"], "the next one clears what was left");
    assert_eq!(word_in(&file, PLACE), WORD);
}

#[tokio::test]
async fn disk_import_wants_a_server_with_real_disks() {
    let bench = Bench::new();
    let file = bench.export("d-1", "data.qcow2", &[]);
    let line = ["disk", "import", file.to_str().unwrap(), "--zone", "cn-hangzhou-i"];
    let output = diskdock(bench.data.path(), &line);
    assert_eq!(output.status.code(), Some(3), "{}", complaint(&output));
    assert!(complaint(&output).contains("diskdock serve --hypervisor qemu"));
    let simulated = tempfile::tempdir().unwrap();
    let _server = RunningServer::start(simulated.path(), &[]);
    let output = diskdock(simulated.path(), &line);
    assert_eq!(output.status.code(), Some(1));
    let told = complaint(&output);
    assert!(told.contains("simulated") && told.contains("--hypervisor qemu"), "{told}");
}
