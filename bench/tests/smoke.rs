//! The benchmark runs, prints every line and has no request refused. Says nothing about speed.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The server beside the benchmark; built if it is not there yet.
fn server(program: &Path) -> PathBuf {
    let server = program.with_file_name("diskdock");
    if !server.exists() {
        let built = Command::new(env!("CARGO")).args(["build", "-p", "diskdock"]).status();
        let built = built.expect("cargo runs");
        assert!(built.success(), "the server can be built");
    }
    server
}

#[test]
fn a_quick_run_prints_every_line_and_nothing_is_refused() {
    let program = Path::new(env!("CARGO_BIN_EXE_diskdock-bench"));
    let scratch = std::env::temp_dir().join(format!("diskdock-smoke-{}", std::process::id()));
    let mut command = Command::new(program);
    command.args(["--quick", "--seconds", "0.05", "--scratch"]).arg(&scratch);
    let output = command.arg("--server").arg(server(program)).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    std::fs::remove_dir_all(&scratch).unwrap();
    for line in [
        "start to first signed answer, empty",
        "start to first signed answer, 20k disks",
        "resident memory, empty",
        "resident memory, 20k disks",
        "describe by id, 1k disks",
        "describe by id, 20k disks",
        "lookup by id: 20k beside 1k disks",
        "page of 100 by token, 20k disks",
        "page by token: 20k beside 1k disks",
        "page by number: 20k beside 1k disks",
        "disks by zone, 20k disks",
        "disks by tag, none, 20k disks",
        "RunInstances of 100, 1 conn",
        "mixed load, durable, 5k disks, 64 conns",
        "attach+detach, ephemeral, 64 conns",
        "attach+detach, durable, 64 conns",
        "a fresh world",
        "a fork of 10k disks",
        "health beside 6 walks over 20k disks",
        "write beside 1k operations in flight",
        "told of a write, after its reply",
        "explorer page of RunInstances",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    assert_eq!(text.matches(", 0 refused").count(), 19, "{text}");
    assert!(!text.contains("NOT idle"), "{text}");
}

#[test]
fn a_comparison_prints_the_ratio_of_every_rate() {
    let program = Path::new(env!("CARGO_BIN_EXE_diskdock-bench"));
    let scratch = std::env::temp_dir().join(format!("diskdock-against-{}", std::process::id()));
    let server = server(program);
    let mut command = Command::new(program);
    command.args(["--quick", "--seconds", "0.05", "--only", "id", "--only", "durable"]);
    command.args(["--rounds", "2", "--scratch"]).arg(&scratch);
    command.arg("--server").arg(&server).arg("--against").arg(&server);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    std::fs::remove_dir_all(&scratch).unwrap();
    for line in ["describe by id, 20k disks", "attach+detach, durable, 64 conns"] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    assert_eq!(text.matches(">= 1.00 of the other").count(), 6, "{text}");
    assert_eq!(text.matches("/s, middle half ").count(), 6, "{text}");
}
