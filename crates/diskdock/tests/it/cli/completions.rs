//! Completion scripts, and what they ask the program for.

use std::process::Command;
use std::time::{Duration, Instant};

use clap_complete::Shell;
use diskdock::cli::script;
use serde_json::Value;

use super::child::{NEW_DISK, Server};

/// A busy machine may miss the deadline of a lookup now and then; a shell is used again, too.
const GIVE_UP_AFTER: Duration = Duration::from_secs(30);

/// The words that bash is offered at the end of this line.
fn offered(line: &str, endpoint: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env_clear().env("DISKDOCK_ENDPOINT", endpoint).env("DISKDOCK_COMPLETE", "bash");
    command.env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string()).env("_CLAP_IFS", "\n");
    let output = command.arg("--").args(words).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Waits until this is offered.
fn offers(line: &str, endpoint: &str, expected: &[&str]) {
    let began = Instant::now();
    loop {
        let offered = offered(line, endpoint);
        if offered == expected {
            return;
        }
        assert!(began.elapsed() < GIVE_UP_AFTER, "{line}: {offered:?}, not {expected:?}");
    }
}

#[test]
fn scripts_ask_the_program() {
    for (shell, registers) in [
        (Shell::Bash, "-F _clap_complete_diskdock diskdock"),
        (Shell::Zsh, "#compdef diskdock"),
        (Shell::Fish, "--command diskdock"),
    ] {
        let script = script(shell);
        assert!(script.contains(registers), "{shell}: {script}");
        let asks = script.replace('"', "");
        assert!(asks.contains(&format!("DISKDOCK_COMPLETE={shell}")), "{shell}: {script}");
        assert!(script.len() < 4_096, "{shell}: it is read at each start of a shell");
    }
}

#[test]
fn complete_offers_actions_parameters_and_words() {
    let nowhere = "http://127.0.0.1:9";
    assert_eq!(offered("diskdock call DetachDi", nowhere), ["DetachDisk"]);
    let parameters = offered("diskdock call DescribeDisks --Tag", nowhere);
    assert_eq!(parameters[..2], ["--Tag.1.Key", "--Tag.1.Value"]);
    let words = offered("diskdock admin rules add --transition det", nowhere);
    assert_eq!(words, ["detach"]);
    let codes = offered("diskdock admin faults add --answer IncorrectDiskStatus", nowhere);
    assert_eq!(codes[0], "IncorrectDiskStatus");
    assert_eq!(offered("diskdock admin faults add --action DetachD", nowhere), ["DetachDisk"]);
    assert!(offered("diskdock call DetachDisk --wait-t", nowhere) == ["--wait-timeout"]);
}

#[test]
fn complete_offers_what_the_server_has() {
    let server = Server::start(&["--ephemeral"]);
    let at = server.endpoint.as_str();
    let made: Value = serde_json::from_str(&server.prints(&NEW_DISK, &[])).unwrap();
    let disk = made["DiskId"].as_str().unwrap();
    offers("diskdock call DeleteDisk --DiskId d-", at, &[disk]);
    offers("diskdock call DescribeDisks --DiskIds d-", at, &[disk]);
    offers("diskdock admin accept d-", at, &[disk]);
    server.prints(&["world", "new", "try-1"], &[]);
    offers("diskdock world delete t", at, &["try-1"]);
    offers("diskdock world switch m", at, &["main"]);
    offers("diskdock admin --world t", at, &["try-1"]);
    server.stop();
}

#[test]
fn complete_offers_resources_in_a_fitting_status_and_region() {
    let server = Server::start(&["--ephemeral"]);
    let at = server.endpoint.as_str();
    let made: Value = serde_json::from_str(&server.prints(&NEW_DISK, &[])).unwrap();
    let disk = made["DiskId"].as_str().unwrap();
    offers("diskdock call AttachDisk --DiskId d-", at, &[disk]);
    // It is Available, so that it cannot be detached; and in one region only.
    offers("diskdock call DetachDisk --DiskId d-", at, &[]);
    offers("diskdock call AttachDisk --RegionId cn-beijing --DiskId d-", at, &[]);
    server.stop();
}

#[test]
fn complete_is_silent_without_a_server() {
    let began = Instant::now();
    // An address that answers nobody: only the deadline ends it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    assert_eq!(offered("diskdock call DeleteDisk --DiskId d-", &silent), Vec::<String>::new());
    assert!(began.elapsed() < GIVE_UP_AFTER);
    assert_eq!(offered("diskdock world delete t", "http://127.0.0.1:9"), Vec::<String>::new());
    assert_eq!(offered("diskdock world delete t", "no endpoint"), Vec::<String>::new());
}
