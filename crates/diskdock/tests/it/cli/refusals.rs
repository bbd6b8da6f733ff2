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
    // The page about the command line shows such an error.
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command-line.md");
    let page = std::fs::read_to_string(page).unwrap();
    let lines = page.lines().skip_while(|line| *line != "    {");
    let block: String = lines.take_while(|line| line.starts_with("    ")).collect();
    let mut example: Value = serde_json::from_str(&block).unwrap();
    let modify = ["call", "ModifyDiskAttribute", "--DiskId", "d-1", "--DiskName", "data"];
    let output = server.run(&[&modify[..], &["--output", "json"]].concat(), &[]);
    let reply: Value = serde_json::from_slice(&output.stderr).unwrap();
    example["refusal"]["request_id"] = reply["refusal"]["request_id"].clone();
    assert_eq!(reply, example);
    let wrong = ["call", "DetachDisk", "--output", "json", "--DiskID", "d-1"];
    let output = server.run(&wrong, &[]);
    let reply: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&reply["exit_code"], &reply["refusal"]), (&2.into(), &Value::Null));
    server.stop();
}

#[test]
fn every_command_gives_errors_as_json_if_json_is_asked_for() {
    let server = Server::start(&["--ephemeral"]);
    let scratch = tempfile::tempdir().unwrap();
    let nowhere = scratch.path().join("none");
    let nowhere = nowhere.to_str().unwrap();
    let missing = scratch.path().join("none.sqlite");
    let missing = missing.to_str().unwrap();
    for (command, exit_code, status) in [
        (&["admin", "lock", "i-nowhere"][..], 1, Some(404)),
        (&["admin", "finish"][..], 1, Some(404)),
        (&["admin", "lokc", "i-1"][..], 2, None),
        (&["admin", "import", missing][..], 2, None),
        (&["admin", "health", "--endpoint", "http://127.0.0.1:1"][..], 3, None),
        (&["world", "switch", "none"][..], 1, Some(404)),
        (&["hosts", "drain", "none"][..], 1, Some(404)),
        (&["key", "list", "--data-dir", nowhere][..], 2, None),
        (&["image", "list", "--data-dir", nowhere][..], 2, None),
        (&["disk", "export", "d-1", missing, "--data-dir", nowhere][..], 1, None),
        (&["backup", missing, "--data-dir", nowhere][..], 1, None),
        (&["restore", missing, "--data-dir", nowhere][..], 1, None),
        (&["catalog", "DetachDsk"][..], 2, None),
        (&["serve"][..], 2, None),
    ] {
        let output = server.run(&[command, &["--output", "json"]].concat(), &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        // Progress comes before it.
        let from = said.find('{').unwrap_or_else(|| panic!("{command:?}: {said}"));
        let reply: Value = serde_json::from_str(&said[from..])
            .unwrap_or_else(|error| panic!("{command:?}: {error}: {said}"));
        assert_eq!(output.status.code(), Some(exit_code), "{command:?}: {said}");
        assert_eq!(reply["exit_code"], exit_code, "{command:?}");
        assert_eq!(reply["refusal"]["status"].as_i64(), status, "{command:?}: {said}");
        assert!(reply["error"].as_str().is_some_and(|error| !error.is_empty()), "{said}");
        assert!(reply["hint"].is_string() && output.stdout.is_empty(), "{command:?}: {said}");
    }
    let said = server.run(&["admin", "lock", "i-nowhere"], &[]).stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("diskdock: 404: there is no instance i-nowhere\n"), "{said}");
    server.stop();
}

#[test]
fn admin_says_in_a_sentence_what_it_did() {
    let server = Server::start(&["--ephemeral"]);
    let launch = [
        "call",
        "RunInstances",
        "--ImageId",
        "ubuntu_22_04_x64_20G_alibase_20240926.vhd",
        "--InstanceType",
        "ecs.g6.large",
        "--wait",
    ];
    let made: Value = serde_json::from_str(&server.prints(&launch, &[])).unwrap();
    let id = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap();
    let hold = ["admin", "rules", "add", "--transition", "create", "--do", "hold"];
    assert!(server.prints(&hold, &[]).ends_with(" hold\n"));
    server.prints(&NEW_DISK, &[]);
    for (command, said) in [
        (&["admin", "lock", id][..], format!("{id} is locked: security\n")),
        (&["admin", "unlock", id][..], format!("{id} is unlocked\n")),
        (&["admin", "finish"][..], "1 transition is finished\n".to_owned()),
        (&["admin", "rules", "clear"][..], "all rules are removed\n".to_owned()),
        (&["admin", "pause", id][..], format!("{id} is paused\n")),
        (&["admin", "resume", id][..], format!("{id} is resumed\n")),
        (
            &["admin", "damaged"][..],
            "no damaged disks: there is nothing to accept or to restore\n".to_owned(),
        ),
        (&["admin", "reset"][..], "all is forgotten but the keys and the pace\n".to_owned()),
    ] {
        assert_eq!(server.prints(command, &[]), said, "{command:?}");
    }
    let in_json = server.prints(&["admin", "reset", "--output", "json"], &[]);
    assert_eq!(serde_json::from_str::<Value>(&in_json).unwrap()["reset"], true);
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
    assert!(lines.next().unwrap().starts_with("no operations in flight: "));
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
