//! A server that a test starts: `serve --child`, `--import`, keys of worlds, and `diskdock world`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use serde_json::Value;

/// A running server, with what it said of itself.
pub(super) struct Server {
    process: Child,
    input: Option<ChildStdin>,
    pub(super) endpoint: String,
}

impl Server {
    pub(super) fn start(options: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.env_clear().args(["serve", "--listen", "127.0.0.1:0", "--child"]).args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        assert!(said["admin_token"].is_string() && said["version"].is_string(), "{said}");
        let endpoint = said["endpoint"].as_str().unwrap().to_owned();
        Server { input: process.stdin.take(), process, endpoint }
    }

    pub(super) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command
            .env_clear()
            .envs(variables.iter().copied())
            .env("DISKDOCK_ENDPOINT", &self.endpoint);
        command.args(arguments).output().unwrap()
    }

    pub(super) fn prints(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.run(arguments, variables);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(super) fn stop(mut self) -> String {
        drop(self.input.take());
        assert!(self.process.wait().unwrap().success());
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already if the test went well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) const NEW_DISK: [&str; 10] = [
    "call",
    "CreateDisk",
    "--RegionId",
    "cn-hangzhou",
    "--ZoneId",
    "cn-hangzhou-i",
    "--Size",
    "20",
    "--DiskCategory",
    "cloud_essd",
];
pub(super) const LIST: [&str; 4] = ["call", "DescribeDisks", "--RegionId", "cn-hangzhou"];

pub(super) fn count(text: &str) -> usize {
    serde_json::from_str::<Value>(text).unwrap()["Disks"]["Disk"].as_array().unwrap().len()
}

#[test]
fn serve_as_a_child_says_where_it_is_and_ends_with_its_input() {
    let server = Server::start(&["--ephemeral"]);
    assert_eq!(count(&server.prints(&LIST, &[])), 0);
    let log = server.stop();
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn key_with_a_world_leads_to_a_world_of_its_own() {
    let server = Server::start(&["--ephemeral", "--key", "a:1@one,b:2@one,c:3,d:4@two"]);
    let key = |id: &'static str, secret: &'static str| {
        [("ALIBABA_CLOUD_ACCESS_KEY_ID", id), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)]
    };
    server.prints(&NEW_DISK, &key("a", "1"));
    let seen = |id, secret| count(&server.prints(&LIST, &key(id, secret)));
    assert_eq!([seen("a", "1"), seen("b", "2"), seen("c", "3"), seen("d", "4")], [1, 1, 0, 0]);
    let listed = server.prints(&["world", "list"], &[]);
    assert!(listed.contains("one") && listed.contains("two"), "{listed}");
    server.stop();
}

#[test]
fn world_prints_shell_commands_that_switch_to_it() {
    let server = Server::start(&["--ephemeral"]);
    server.prints(&NEW_DISK, &[]);
    let commands = server.prints(&["world", "fork", "try-1"], &[]);
    let value = |name: &str| {
        let line = commands.lines().find(|line| line.contains(name)).unwrap();
        line.split_once('=').unwrap().1.trim_matches('\'').to_owned()
    };
    let (world, id) = (value("DISKDOCK_WORLD"), value("ACCESS_KEY_ID"));
    let secret = value("ACCESS_KEY_SECRET");
    let variables = [
        ("DISKDOCK_WORLD", world.as_str()),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", id.as_str()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret.as_str()),
    ];
    assert_eq!(count(&server.prints(&LIST, &variables)), 1);
    server.prints(&NEW_DISK, &variables);
    server.prints(&["admin", "clock", "hold"], &variables);
    assert!(server.prints(&["admin", "--json", "clock"], &[]).contains("\"held\": false"));
    let differences = server.prints(&["world", "diff", "main", "try-1"], &[]);
    assert_eq!(differences.matches("only in the second").count(), 1, "{differences}");
    assert_eq!(server.prints(&["world", "switch", "try-1"], &[]), commands);
    assert!(server.prints(&["world", "switch", "main"], &[]).contains("unset DISKDOCK_WORLD"));
    server.prints(&["world", "delete", "try-1"], &[]);
    assert_eq!(server.run(&["world", "switch", "try-1"], &[]).status.code(), Some(1));
    server.stop();
}

#[test]
fn fork_with_a_key_is_reached_by_that_key_alone() {
    let server = Server::start(&["--ephemeral", "--key", "testid:testsecret"]);
    let key = |id: &'static str, secret: &'static str| {
        [("ALIBABA_CLOUD_ACCESS_KEY_ID", id), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)]
    };
    let (of_main, own, other) =
        (key("testid", "testsecret"), key("ci", "it's"), key("nightly", "secret-2"));
    server.prints(&NEW_DISK, &of_main);
    let commands = server.prints(&["world", "fork", "one", "--key", "ci:it's"], &[]);
    assert!(commands.contains("ACCESS_KEY_ID=ci\n"), "{commands}");
    assert!(commands.contains("ACCESS_KEY_SECRET='it'\\''s'"), "{commands}");
    server.prints(&NEW_DISK, &own);
    let fork = ["world", "fork", "two", "--from", "one", "--key", "nightly:secret-2"];
    server.prints(&fork, &[]);
    server.prints(&NEW_DISK, &other);
    let seen = |key: &[(&str, &str)]| count(&server.prints(&LIST, key));
    assert_eq!([seen(&of_main), seen(&own), seen(&other)], [1, 2, 3]);
    for taken in ["ci:again", "testid:again"] {
        let output = server.run(&["world", "fork", "three", "--key", taken], &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("409: a key ") && said.contains("another name or key"), "{said}");
    }
    assert_eq!(server.run(&["world", "fork", "--key", "no-secret"], &[]).status.code(), Some(1));
    server.stop();
}

#[test]
fn import_fills_a_server_once() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let (export, data) = (path("export.json"), path("data"));
    let first = Server::start(&["--ephemeral"]);
    first.prints(&NEW_DISK, &[]);
    first.prints(&["admin", "export", "--file", &export], &[]);
    first.stop();
    let options = ["--import", &export, "--data-dir", &data];
    let second = Server::start(&options);
    assert_eq!(count(&second.prints(&LIST, &[])), 1);
    second.prints(&NEW_DISK, &[]);
    second.stop();
    let third = Server::start(&options);
    assert_eq!(count(&third.prints(&LIST, &[])), 2, "what is there is kept");
    let log = third.stop();
    assert!(log.contains("nothing is imported"), "{log}");
    assert!(!Path::new(&data).join("worlds").exists());
}

#[test]
fn import_of_a_file_that_is_no_export_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("export.json");
    std::fs::write(&file, "{\"format\": 1, \"disk\": []}").unwrap();
    for file in [file.as_path(), Path::new("/does/not/exist")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.env_clear().args(["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--import"]);
        let output = command.arg(file).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("diskdock admin export"), "{said}");
    }
}

fn exec(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env_clear().envs(variables.iter().copied()).arg("exec").args(arguments);
    command.output().unwrap()
}

#[test]
fn exec_gives_a_command_a_server_and_takes_its_exit_code() {
    let program = env!("CARGO_BIN_EXE_diskdock");
    let output = exec(&[program, "world", "list"], &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, "no worlds besides main: `diskdock world new` makes one\n");
    assert!(output.status.success());
    for (script, code) in [("exit 7", 7), ("kill -TERM $$", 143)] {
        assert_eq!(exec(&["--", "/bin/sh", "-c", script], &[]).status.code(), Some(code));
    }
    let output = exec(&["/does/not/exist"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let output = exec(&["/bin/true"], &[("DISKDOCK_PACE", "soon")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("soon") && said.contains("its reason is above"), "{said}");
}

#[test]
fn serve_names_the_process_and_the_endpoint_that_hold_a_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().display().to_string();
    let server = Server::start(&["--data-dir", &directory]);
    let output = server.run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &directory], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    let holder = format!("Process {} has it open, at {}", server.process.id(), server.endpoint);
    assert!(said.contains(&holder), "{said}");
    server.stop();
}

#[test]
fn admin_token_is_the_one_that_was_chosen() {
    let server = Server::start(&["--ephemeral", "--admin-token", "a-token-of-mine"]);
    let with = |token| server.run(&["admin", "clock"], &[("DISKDOCK_ADMIN_TOKEN", token)]);
    assert!(with("a-token-of-mine").status.success());
    assert_eq!(with("another-token").status.code(), Some(1));
    server.stop();
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    let output = command.args(["serve", "--admin-token", "short"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
