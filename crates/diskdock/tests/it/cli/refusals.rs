//! Refusals on the command line: for people, and for programs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::child::{LIST, NEW_DISK, Server};

const UNKNOWN: [&str; 6] = ["call", "DetachDisk", "--disk-id", "d-1", "--instance-id", "i-1"];

#[test]
fn refusal_shows_the_status_and_is_json_if_json_is_asked_for() {
    let server = Server::start(&["--ephemeral"]);
    let output = server.run(&UNKNOWN, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("diskdock: 404 InvalidInstanceId.NotFound: "), "{said}");
    let output = server.run(&[&UNKNOWN[..], &["--output", "json"]].concat(), &[]);
    let reply: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(reply["refusal"]["status"], 404);
    assert_eq!(reply["refusal"]["code"], "InvalidInstanceId.NotFound");
    assert!(reply["refusal"]["request_id"].is_string() && reply["hint"].is_string());
    let wrong = ["call", "DetachDisk", "--output", "json", "--DiskID", "d-1"];
    let output = server.run(&wrong, &[]);
    let reply: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&reply["exit_code"], &reply["refusal"]), (&2.into(), &Value::Null));
    server.stop();
}

#[test]
fn commands_without_a_verb_list_and_say_how_to_make_one() {
    let server = Server::start(&["--ephemeral"]);
    for (command, says) in [
        (&["admin", "rules"][..], "no rules: `diskdock admin rules add"),
        (&["admin", "faults"][..], "no faults: `diskdock admin faults add"),
        (&["world"][..], "no worlds besides main: `diskdock world new`"),
    ] {
        let said = server.prints(command, &[]);
        assert!(said.starts_with(says), "{command:?}: {said}");
    }
    for command in [&["admin", "rules"][..], &["admin", "pace"], &["admin", "health"], &["world"]] {
        let said = server.prints(&[command, &["--output", "json"]].concat(), &[]);
        serde_json::from_str::<Value>(&said).unwrap_or_else(|_| panic!("{command:?}: {said}"));
    }
    assert_eq!(server.prints(&["admin", "pace"], &[]), "fast\n");
    let listed = server.prints(&[&LIST[..], &["--output", "table"]].concat(), &[]);
    assert!(listed.starts_with("(none: nothing in this region"), "{listed}");
    server.stop();
}

#[test]
fn cells_are_whole_in_a_pipe() {
    let server = Server::start(&["--ephemeral"]);
    let long = "a-name-of-more-than-sixty-characters.which-a-terminal-would-have-to-cut-off";
    server.prints(&[&NEW_DISK[..], &["--DiskName", long]].concat(), &[]);
    let listed = server.prints(&[&LIST[..], &["--output", "table"]].concat(), &[]);
    assert!(listed.contains(long), "{listed}");
    server.stop();
}

#[test]
fn parameter_of_another_action_is_named_whatever_its_spelling() {
    let server = Server::start(&["--ephemeral"]);
    for spelling in ["--instance-id", "--instance_id", "--InstanceId"] {
        let output = server.run(&["call", "DescribeInstances", spelling, "i-1"], &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains("DescribeInstances has no parameter InstanceId"), "{said}");
        assert!(said.contains("Did you mean InstanceIds?"), "{said}");
    }
    server.stop();
}

#[test]
fn operations_are_watched_until_the_reader_has_gone() {
    let server = Server::start(&["--ephemeral"]);
    let mut watching = Command::new(env!("CARGO_BIN_EXE_diskdock"))
        .env_clear()
        .env("DISKDOCK_ENDPOINT", &server.endpoint)
        .args(["admin", "operations", "--watch"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "no operations in flight");
    let hold = ["admin", "rules", "add", "--transition", "create", "--do", "hold"];
    server.prints(&hold, &[]);
    server.prints(&NEW_DISK, &[]);
    assert!(lines.any(|line| line.contains("disk.create")));
    drop(lines);
    server.prints(&["admin", "finish"], &[]);
    assert!(watching.wait().unwrap().success());
    server.stop();
}

#[test]
fn images_of_no_data_directory_are_an_error() {
    let scratch = tempfile::tempdir().unwrap();
    let missing = scratch.path().join("none");
    for directory in [scratch.path(), &missing] {
        let run = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
            command.args(arguments).arg("--data-dir").arg(directory).output().unwrap()
        };
        let output = run(&["image", "list"]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("directory") && said.contains("--data-dir"), "{said}");
        assert!(!run(&["image", "import", "none.qcow2", "--name", "x"]).status.success());
    }
    assert!(!missing.exists(), "an import of nothing makes no directory");
}
