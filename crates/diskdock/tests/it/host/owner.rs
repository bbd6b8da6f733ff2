//! A data directory whose mark is missing, empty or no file: virtual machines are never served by
//! the simulated hypervisor.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::backup::{backup_of, stopped_with};
use super::{RunningServer, complaint, diskdock, out};

/// How long a program may take to refuse, where it does not wait for anything.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The output of a program that has to end in time.
#[track_caller]
fn ended(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.args(arguments).env("DISKDOCK_DATA_DIR", data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id().to_string();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(TIMEOUT) else {
        let _ = Command::new("kill").args(["-9", &id]).status();
        panic!("{arguments:?} did not end");
    };
    output.unwrap()
}

#[track_caller]
fn refused(data: &Path, arguments: &[&str], words: &[&str]) {
    let output = ended(arguments, data);
    let told = complaint(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(words.iter().all(|word| told.contains(word)), "{told}");
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A machine with its record lies beside the store, as a server with virtual machines leaves it.
fn with_a_machine(data: &Path) {
    fs::create_dir_all(data.join("machines/i-9")).unwrap();
    fs::write(data.join("machines/i-9/machine.json"), "{}").unwrap();
}

/// Does something to the mark.
type Harm = fn(&Path);

const HARMS: [Harm; 4] = [
    |mark| fs::remove_file(mark).unwrap(),
    |mark| fs::write(mark, "").unwrap(),
    |mark| fs::write(mark, [0; 5]).unwrap(),
    // As an earlier version wrote over an empty one.
    |mark| fs::write(mark, "simulated\n").unwrap(),
];

#[tokio::test]
async fn directory_of_machines_without_its_mark_is_not_simulated() {
    for (number, harm) in HARMS.into_iter().enumerate() {
        let data = stopped_with("one").await;
        let mark = data.path().join("hypervisor");
        fs::write(&mark, "qemu\n").unwrap();
        with_a_machine(data.path());
        harm(&mark);
        let before = fs::read(&mark).ok();
        let words = ["is of virtual machines", "machines/ holds 1", "--hypervisor qemu"];
        refused(data.path(), &SERVE, &words);
        assert_eq!(fs::read(&mark).ok(), before, "{number}: it is left as it was");
        let told: Value =
            serde_json::from_slice(&diskdock(data.path(), &["doctor", "--json"]).stdout).unwrap();
        let points = told["points"].as_array().unwrap();
        let owner = points.iter().find(|point| point["name"] == "owner").unwrap();
        let remedy = owner["remedy"].as_str().unwrap();
        assert!(owner["verdict"] == "warning" && remedy.contains("--hypervisor qemu"), "{owner}");
        // A start that fails later, for want of the program, has written the mark by then.
        let qemu = ["--hypervisor", "qemu", "--network", "none", "--qemu", "/nowhere/qemu"];
        let output = ended(&[&SERVE[..], &qemu, &["--tls-cert", "/nowhere"]].concat(), data.path());
        let told = complaint(&output);
        assert!(!told.contains("was made with"), "{number}: {told}");
        assert_eq!(fs::read(&mark).unwrap(), b"qemu\n", "{number}: {told}");
        refused(data.path(), &SERVE, &["made with --hypervisor qemu"]);
    }
}

#[tokio::test]
async fn old_directory_without_a_mark_and_machines_is_simulated() {
    for mark in [None, Some("")] {
        let data = stopped_with("one").await;
        let path = data.path().join("hypervisor");
        if let Some(mark) = mark {
            fs::write(&path, mark).unwrap();
        }
        refused(data.path(), &[&SERVE[..], &["--hypervisor", "qemu"]].concat(), &["simulated"]);
        RunningServer::start(data.path(), &[]).stop();
        assert_eq!(fs::read(&path).unwrap(), b"simulated\n");
    }
}

#[tokio::test]
async fn restore_leaves_a_mark_that_is_right_and_writes_one_that_is_missing() {
    use std::os::unix::fs::MetadataExt;
    let (one, data) = (stopped_with("one").await, stopped_with("two").await);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(one.path().join("hypervisor"), "qemu\n").unwrap();
    let file = backup_of(one.path(), elsewhere.path());
    let mark = data.path().join("hypervisor");
    with_a_machine(data.path());
    out(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
    assert_eq!(fs::read(&mark).unwrap(), b"qemu\n");
    let before = fs::metadata(&mark).unwrap();
    out(data.path(), &["restore", "--yes", file.to_str().unwrap()]);
    let after = fs::metadata(&mark).unwrap();
    assert_eq!((after.ino(), after.mtime_nsec()), (before.ino(), before.mtime_nsec()));

    // A backup of simulated instances is not put where machines are, mark or not.
    fs::write(one.path().join("hypervisor"), "simulated\n").unwrap();
    let other = tempfile::tempdir().unwrap();
    let file = backup_of(one.path(), other.path());
    fs::remove_file(&mark).unwrap();
    let restore = ["restore", "--yes", file.to_str().unwrap()];
    refused(data.path(), &restore, &["with --hypervisor simulated", "with qemu"]);
}

#[tokio::test]
async fn mark_that_is_no_plain_file_is_refused_and_not_waited_for() {
    let (one, elsewhere) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let file = backup_of(one.path(), elsewhere.path());
    let makes: [Harm; 3] = [
        |mark| assert!(Command::new("mkfifo").arg(mark).status().unwrap().success()),
        |mark| fs::create_dir(mark).unwrap(),
        |mark| std::os::unix::fs::symlink("elsewhere", mark).unwrap(),
    ];
    for make in makes {
        let data = stopped_with("two").await;
        make(&data.path().join("hypervisor"));
        let words = ["it is no plain file; move it away"];
        refused(data.path(), &SERVE, &words);
        refused(data.path(), &["restore", "--yes", file.to_str().unwrap()], &words);
        let doctor = ended(&["doctor", "--qemu", "/nowhere"], data.path());
        assert_eq!(doctor.status.code(), Some(1));
    }
}
