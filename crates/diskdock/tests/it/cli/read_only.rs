//! Commands where nothing can be written: what they say is true, and helps.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Makes `state` read-only for what runs in it, in this mount namespace.
const READ_ONLY: &str =
    "mount --bind state state && mount -o remount,bind,ro state && cd state && exec \"$@\"";

/// The program in the directory `state`, which is read-only for it.
fn read_only(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", READ_ONLY, "sh"]);
    command.arg(env!("CARGO_BIN_EXE_diskdock")).args(arguments).current_dir(directory);
    command.env_remove("DISKDOCK_DATA_DIR");
    command
}

fn run_read_only(directory: &Path, arguments: &[&str]) -> Output {
    read_only(directory, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn serve_and_key_say_what_to_do_on_a_read_only_file_system() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("state")).unwrap();
    // Once where there is no data directory, then where there is one with a lock in it.
    for _ in 0..2 {
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        let text = said(&run_read_only(scratch.path(), &serve));
        assert!(text.contains("nothing can be written to diskdock-data: Read-only"), "{text}");
        assert!(text.contains("--data-dir") && text.contains("--ephemeral"), "{text}");
        let create = ["key", "create"];
        let text = said(&run_read_only(scratch.path(), &create));
        assert!(text.contains("nothing can be written to diskdock-data: Read-only"), "{text}");
        assert!(text.contains("DISKDOCK_KEYS"), "{text}");
        // Neither is the key kept, nor has another server the directory.
        assert!(
            !text.contains("the key is kept there") && !text.contains("another diskdock"),
            "{text}"
        );
        let mut writable = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        let state = scratch.path().join("state");
        assert!(writable.args(create).current_dir(state).output().unwrap().status.success());
    }
}

/// A host of a database that it never comes to ask.
const HOST: [&str; 7] =
    ["host", "--store", "postgres://u@127.0.0.1:1/d", "--name", "a", "--zone", "cn-hangzhou-b"];

#[test]
fn host_says_what_to_do_on_a_read_only_file_system() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("state")).unwrap();
    let host = [&HOST[..], &["--data-dir", "host-a"]].concat();
    let text = said(&run_read_only(scratch.path(), &host));
    assert!(text.contains("nothing can be written to host-a: Read-only"), "{text}");
    assert!(text.contains("Mount its file system for writing, or name another"), "{text}");
}

#[test]
fn serve_key_and_host_say_that_a_file_system_is_full() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("state")).unwrap();
    // Every byte is taken.
    let full = "mount -t tmpfs -o size=64k none state && cd state && \
                (cat /dev/zero > fill; exec \"$@\")";
    let host = [&HOST[..], &["--data-dir", "host-a"]].concat();
    for (arguments, way) in [
        (&["serve", "--listen", "127.0.0.1:0"][..], "--ephemeral"),
        (&["key", "create"][..], "DISKDOCK_KEYS"),
        (&host[..], "name another directory with --data-dir"),
    ] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", full, "sh"]);
        command.arg(env!("CARGO_BIN_EXE_diskdock")).args(arguments).current_dir(scratch.path());
        let text = said(&command.env_remove("DISKDOCK_DATA_DIR").output().unwrap());
        assert!(text.contains("is full: make room on it, or"), "{arguments:?}: {text}");
        assert!(text.contains(way), "{arguments:?}: {text}");
        assert!(!text.contains("stop the server"), "{text}");
    }
}

#[test]
fn ephemeral_server_runs_on_a_read_only_file_system() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("state")).unwrap();
    let serve = ["serve", "--ephemeral", "--child", "--listen", "127.0.0.1:0"];
    let mut command = read_only(scratch.path(), &serve);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("\"endpoint\""), "{said}");
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}
