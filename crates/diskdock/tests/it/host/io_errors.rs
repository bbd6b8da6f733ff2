//! A server whose disk fails: writes and syncs of its own files return errors, as a block layer
//! reports them, by a library that is put before the system's.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

use super::backup::{disks_in, stopped_with, wait_for_lock};
use super::{RunningServer, complaint, diskdock};
use crate::harness::{REGION, ZONE};

/// The library, built once; `None` without a C compiler.
fn library() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/host/failing_io.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("failing_io.so");
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"]).arg(&library).arg(source);
        let built = command.arg("-ldl").output();
        match built {
            Err(error) => {
                eprintln!("SKIPPED: no C compiler ({error})");
                None
            }
            Ok(built) => {
                assert!(built.status.success(), "{}", complaint(&built));
                Some(library)
            }
        }
    };
    BUILT.get_or_init(build).as_deref()
}

/// A server on a data directory, one file of which fails when it is told to.
struct FailingHost {
    data: tempfile::TempDir,
    flags: tempfile::TempDir,
    server: Option<RunningServer>,
}

impl FailingHost {
    /// A server with one disk, in whose directory this file fails.
    async fn start(file: &str) -> Option<FailingHost> {
        let library = library()?;
        let (data, flags) = (stopped_with("one").await, tempfile::tempdir().unwrap());
        let mut host = FailingHost { data, flags, server: None };
        host.server = Some(RunningServer::run(host.serve().envs([
            ("LD_PRELOAD", library.as_os_str()),
            ("FAIL_PATH", format!("/{file}").as_ref()),
            ("FAIL_FLAG", host.flags.path().join("fail").as_ref()),
        ])));
        Some(host)
    }

    fn serve(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(self.data.path());
        command
    }

    fn flag(&self, kind: &str) -> PathBuf {
        self.flags.path().join(format!("fail.{kind}"))
    }

    fn fails(&self, kind: &str) {
        fs::write(self.flag(kind), "").unwrap();
    }

    fn works_again(&self, kind: &str) {
        fs::remove_file(self.flag(kind)).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let endpoint = fs::read_to_string(self.data.path().join("endpoint")).unwrap();
        let end = ["--endpoint", endpoint.trim()];
        match arguments {
            ["admin", rest @ ..] => {
                diskdock(self.data.path(), &[&["admin"], &end[..], rest].concat())
            }
            _ => diskdock(self.data.path(), &[arguments, &end[..]].concat()),
        }
    }

    /// The id of a new disk, or the error.
    fn create(&self) -> Result<String, String> {
        let disk = ["--Size", "20", "--DiskCategory", "cloud_essd", "--output", "json"];
        let place = ["call", "CreateDisk", "--RegionId", REGION, "--ZoneId", ZONE];
        let output = self.run(&[&place[..], &disk[..]].concat());
        if !output.status.success() {
            return Err(complaint(&output));
        }
        let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
        Ok(reply["DiskId"].as_str().unwrap().to_owned())
    }

    /// The ids of all disks, as the server says.
    fn disks(&self) -> Vec<String> {
        let all = ["call", "DescribeDisks", "--RegionId", REGION, "--output", "json"];
        let output = self.run(&all);
        assert!(output.status.success(), "{}", complaint(&output));
        let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
        let disks = reply["Disks"]["Disk"].as_array().unwrap().clone();
        let mut ids: Vec<_> =
            disks.iter().map(|disk| disk["DiskId"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    fn metrics(&self) -> String {
        let endpoint = fs::read_to_string(self.data.path().join("endpoint")).unwrap();
        let mut stream = TcpStream::connect(endpoint.trim().trim_start_matches("http://")).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// The complaint of the health check; empty if all is well.
    fn ill(&self) -> String {
        let output = self.run(&["admin", "health"]);
        if output.status.success() { String::new() } else { complaint(&output) }
    }

    /// Stops the server and starts it on a disk that works.
    fn restart(&mut self, stop: impl FnOnce(RunningServer)) {
        stop(self.server.take().unwrap());
        wait_for_lock(self.data.path());
        self.server = Some(RunningServer::run(&mut self.serve()));
    }
}

/// All that a store promises once a write of it was lost: no more writes, also when the disk says
/// that all is well again, and nothing that was acknowledged is lost.
fn refuses_writes_until_it_is_started_again(host: &mut FailingHost, stop: fn(RunningServer)) {
    let mut acknowledged = host.disks();
    for attempt in 1..=3 {
        let refused = host.create().unwrap_err();
        assert!(attempt == 1 || refused.contains("ServiceUnavailable"), "{attempt}: {refused}");
        assert_eq!(host.disks(), acknowledged, "what failed is not there; reads are answered");
    }
    let ill = host.ill();
    assert!(ill.contains("takes no more writes") && ill.contains("start the server"), "{ill}");
    let metrics = host.metrics();
    assert!(metrics.contains("diskdock_store_stopped 1"), "{metrics}");
    host.restart(stop);
    assert_eq!(host.ill(), "");
    let found = host.disks();
    assert!(acknowledged.iter().all(|id| found.contains(id)), "{found:?}");
    acknowledged.push(host.create().unwrap());
    let found = host.disks();
    assert!(acknowledged.iter().all(|id| found.contains(id)), "{found:?}");
}

#[tokio::test]
async fn failed_sync_of_the_log_stops_all_writes_until_the_next_start() {
    for stop in [RunningServer::stop, drop] {
        let Some(mut host) = FailingHost::start("books.sqlite-wal").await else { return };
        host.create().unwrap();
        // Linux reports the loss once; the next sync says that all is well.
        host.fails("sync.once");
        refuses_writes_until_it_is_started_again(&mut host, stop);
    }
}

#[tokio::test]
async fn failed_write_of_the_log_stops_all_writes_until_the_next_start() {
    let Some(mut host) = FailingHost::start("books.sqlite-wal").await else { return };
    host.create().unwrap();
    host.fails("write.once");
    refuses_writes_until_it_is_started_again(&mut host, RunningServer::stop);
}

#[tokio::test]
async fn commit_without_room_is_an_error_changes_nothing_and_may_be_repeated() {
    let Some(mut host) = FailingHost::start("books.sqlite-wal").await else { return };
    let mut acknowledged = host.disks();
    for _ in 0..3 {
        host.fails("full");
        let refused = host.create().unwrap_err();
        assert!(refused.contains("InternalError"), "{refused}");
        assert_eq!(host.disks(), acknowledged);
        assert_eq!(host.ill(), "", "it may go on when there is room");
        host.works_again("full");
        acknowledged.push(host.create().unwrap());
        acknowledged.sort();
        assert_eq!(host.disks(), acknowledged);
    }
    host.restart(drop);
    assert_eq!(host.disks(), acknowledged);
}

#[tokio::test]
async fn failed_sync_at_the_stop_loses_nothing() {
    for kind in ["sync", "sync.once", "write", "full"] {
        let Some(mut host) = FailingHost::start("books.sqlite").await else { return };
        let created = host.create().unwrap();
        host.fails(kind);
        host.restart(RunningServer::stop);
        assert!(host.disks().contains(&created), "{kind}");
        host.restart(RunningServer::stop);
        let there = disks_in(&host.data.path().join("books.sqlite"));
        assert!(there.contains(&domain::DiskId::from(created)), "{kind}");
    }
}

#[tokio::test]
async fn small_file_whose_sync_fails_keeps_what_it_held() {
    let Some(library) = library() else { return };
    let data = stopped_with("one").await;
    let mark = data.path().join("store-mark");
    let before = fs::read(&mark).unwrap();
    let flags = tempfile::tempdir().unwrap();
    fs::write(flags.path().join("fail.sync"), "").unwrap();
    let serve = |file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.args(["serve", "--hypervisor", "qemu", "--network", "none"]);
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data.path());
        command.env("LD_PRELOAD", library).env("FAIL_PATH", file);
        command.env("FAIL_FLAG", flags.path().join("fail")).output().unwrap()
    };
    fs::write(data.path().join("hypervisor"), "qemu\n").unwrap();
    let output = serve("/store-mark.new");
    assert!(!output.status.success() && complaint(&output).contains("store-mark"), "{output:?}");
    assert_eq!(fs::read(&mark).unwrap(), before);
    let output = serve("/access-key.new");
    assert!(!output.status.success() && complaint(&output).contains("access-key"), "{output:?}");
    assert!(!data.path().join("access-key").exists());
}
