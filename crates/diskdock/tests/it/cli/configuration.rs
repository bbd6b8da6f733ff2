//! The options of `diskdock serve` and their sources; keys that are given at the start.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// `diskdock serve` with these options and nothing in its environment but these variables.
fn serve(options: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env_clear().envs(variables.iter().copied()).arg("serve").args(options);
    command
}

fn printed(options: &[&str], variables: &[(&str, &str)]) -> String {
    let output = serve(options, variables).arg("--print-config").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn file(directory: &Path, text: &str) -> String {
    let path = directory.join("diskdock.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// The value and the source of an option in what was printed.
fn option<'a>(printed: &'a str, name: &str) -> (&'a str, &'a str) {
    let mut lines = printed.lines().filter_map(|line| line.split_once(" = "));
    let (_, rest) = lines.find(|(found, _)| *found == name).unwrap();
    let (value, source) = rest.split_once(" # ").unwrap();
    (value.trim(), source)
}

#[test]
fn options_come_from_the_command_line_then_the_environment_then_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let text = "pace = \"2s\"\nstrict = true\nlisten = \":1\"\nregions = [\"cn-beijing\"]\n\
                max_connections = 7\n";
    let path = file(scratch.path(), text);
    let variables = [("DISKDOCK_PACE", "3s"), ("DISKDOCK_LISTEN", ":2"), ("DISKDOCK_QUIET", "1")];
    let all = printed(&["--config", &path, "--listen", ":3"], &variables);
    assert_eq!(option(&all, "listen"), ("\":3\"", "command line"));
    assert_eq!(option(&all, "pace"), ("\"3s\"", "environment, DISKDOCK_PACE"));
    assert_eq!(option(&all, "quiet"), ("true", "environment, DISKDOCK_QUIET"));
    assert_eq!(option(&all, "strict"), ("true", path.as_str()));
    assert_eq!(option(&all, "max-connections"), ("\"7\"", path.as_str()));
    assert_eq!(option(&all, "regions"), ("[\"cn-beijing\"]", path.as_str()));
    assert_eq!(option(&all, "accel"), ("\"auto\"", "default"));
}

#[test]
fn printed_configuration_names_the_environment_as_its_source() {
    let scratch = tempfile::tempdir().unwrap();
    let path = file(scratch.path(), "data-dir = \"kept\"");
    let all = printed(&["--config", &path], &[("DISKDOCK_EPHEMERAL", "true")]);
    assert_eq!(option(&all, "data-dir"), ("\"kept\"", path.as_str()));
    assert_eq!(option(&all, "ephemeral"), ("true", "environment, DISKDOCK_EPHEMERAL"));
}

#[test]
fn printed_configuration_is_a_file_that_gives_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let options = ["--pace", "2s", "--quota", "disks=3", "--strict", "--data-dir", "a \"b\""];
    let path = file(scratch.path(), &printed(&options, &[]));
    let again = printed(&[], &[("DISKDOCK_CONFIG", &path)]);
    for (name, value) in [
        ("pace", "\"2s\""),
        ("quota", "[\"disks=3\"]"),
        ("strict", "true"),
        ("data-dir", "'a \"b\"'"),
    ] {
        assert_eq!(option(&again, name), (value, path.as_str()));
    }
}

#[test]
fn printed_configuration_hides_secrets() {
    let all = printed(&["--key", "one:hunter2"], &[]);
    assert!(all.contains("# key is secret") && !all.contains("hunter2"), "{all}");
    let all = printed(&[], &[("DISKDOCK_KEYS", "one:hunter2,two:hunter3")]);
    assert!(!all.contains("hunter"), "{all}");
}

#[test]
fn wrong_configuration_is_refused_with_its_place_and_a_hint() {
    let scratch = tempfile::tempdir().unwrap();
    for (text, words) in [
        ("pase = \"2s\"", "no option `pase`\n  Did you mean pace?"),
        ("pace = \"soon\"", "neither fast, cloud nor a duration"),
        ("strict = \"yes\"", "`strict` must be true or false"),
        ("listen = true", "must be a string or a number"),
        ("pace = [\"1s\"]", "must be a string or a number"),
        ("config = \"other.toml\"", "no option `config`"),
        ("strict = ", "TOML parse error at line 1"),
        ("ephemeral = true\ndata-dir = \"x\"", "exclude each other"),
        ("[serve]\npace = \"2s\"", "no option `serve`"),
    ] {
        let path = file(scratch.path(), text);
        let why = refused(&serve(&["--config", &path], &[]).output().unwrap());
        assert!(why.contains(&format!("{path}: ")) && why.contains(words), "{text}: {why}");
    }
    let why = refused(&serve(&["--config=/nowhere.toml"], &[]).output().unwrap());
    assert!(why.contains("cannot read /nowhere.toml"), "{why}");
    let why = refused(&serve(&[], &[("DISKDOCK_STRICT", "maybe")]).output().unwrap());
    assert!(why.contains("--strict"), "{why}");
    let why = refused(&serve(&["--ephemeral", "--data-dir", "x"], &[]).output().unwrap());
    assert!(why.contains("exclude each other"), "{why}");
    for key in ["abc", ":secret", "id:", "i d:secret"] {
        let why = refused(&serve(&["--key", key], &[]).output().unwrap());
        assert!(why.contains("--key"), "{why}");
    }
}

#[test]
fn page_about_the_command_line_shows_what_print_config_prints() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command-line.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("<<'TOML'\n").unwrap();
    let (options, rest) = rest.split_once("    TOML\n").unwrap();
    let options: String = options.lines().map(|line| format!("{}\n", line.trim())).collect();
    let scratch = tempfile::tempdir().unwrap();
    file(scratch.path(), &options);
    let line = rest.lines().next().unwrap().trim();
    let words: Vec<&str> =
        line.strip_prefix("DISKDOCK_PACE=5s diskdock serve ").unwrap().split(' ').collect();
    let mut command = serve(&words, &[("DISKDOCK_PACE", "5s")]);
    let output = command.current_dir(scratch.path()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let shown: Vec<&str> = rest.lines().filter(|line| line.starts_with("    ")).skip(1).collect();
    assert!(shown.len() > 3, "{shown:?}");
    for line in shown {
        assert!(printed.lines().any(|printed| printed == line.trim()), "{line}: {printed}");
    }
}

/// A server that is ended with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server; gives its endpoint.
fn started(options: &[&str], variables: &[(&str, &str)]) -> (Serving, String) {
    let mut command = serve(options, variables);
    command.args(["--ephemeral", "--listen", "localhost:0", "--log", "off"]);
    greeted(command, "endpoint")
}

/// Starts this server; gives what its greeting has as this.
fn greeted(mut command: Command, what: &str) -> (Serving, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let serving = Serving(child);
    let mut lines = lines.map(Result::unwrap);
    let found = lines.find_map(|line| line.trim().strip_prefix(what).map(str::to_owned));
    (serving, found.unwrap().trim().to_owned())
}

#[test]
fn ephemeral_in_the_environment_keeps_nothing_beside_a_data_directory_there() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("state");
    let state = directory.display().to_string();
    let variables = [("DISKDOCK_EPHEMERAL", "true"), ("DISKDOCK_DATA_DIR", state.as_str())];
    let options = ["--listen", "localhost:0", "--log", "off"];
    let (_serving, kept) = greeted(serve(&options, &variables), "state");
    assert!(kept.starts_with("nowhere"), "{kept}");
    assert!(!directory.exists());
}

fn call(endpoint: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env_clear().envs(variables.iter().copied());
    command.args(["call", "DescribeRegions", "--endpoint", endpoint]).output().unwrap()
}

/// The answer to a GET.
fn got(endpoint: &str, path: &str) -> String {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn ready_and_live_answer_supervisors() {
    let (_serving, endpoint) = started(&[], &[]);
    for path in ["/_diskdock/live", "/_diskdock/ready"] {
        assert!(got(&endpoint, path).starts_with("HTTP/1.1 200 "), "{path}");
    }
}

#[test]
fn given_keys_are_valid_instead_of_the_development_key() {
    let (_serving, endpoint) = started(&["--key", "ci:s3:cret"], &[("DISKDOCK_KEYS", "x:y")]);
    let key =
        [("ALIBABA_CLOUD_ACCESS_KEY_ID", "ci"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3:cret")];
    assert!(call(&endpoint, &key).status.success());
    assert!(call(&endpoint, &[("DISKDOCK_KEYS", "ci:s3:cret,other:key")]).status.success());
    for wrong in ["x:y", "testid:testsecret", "ci:other"] {
        assert_eq!(call(&endpoint, &[("DISKDOCK_KEYS", wrong)]).status.code(), Some(1), "{wrong}");
    }
}

#[test]
fn keys_of_the_environment_are_valid_and_listed_without_their_secrets() {
    let (_serving, endpoint) = started(&[], &[("DISKDOCK_KEYS", "one:aaa,two:bbb")]);
    assert!(call(&endpoint, &[("DISKDOCK_KEYS", "two:bbb")]).status.success());
    let shown = got(&endpoint, "/_diskdock/keys");
    assert!(shown.contains("one") && shown.contains("two"), "{shown}");
    assert!(!shown.contains("aaa") && !shown.contains("testid"), "{shown}");
}
