//! A server that runs virtual machines: what opens without a secret, and what the command line
//! finds in the data directory.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

struct Server {
    child: Child,
    endpoint: String,
}

impl Server {
    fn start(directory: &Path) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.args(["serve", "--hypervisor", "qemu", "--network", "none", "--log", "error"]);
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(directory);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let greeting = BufReader::new(child.stdout.take().unwrap());
        let mut lines = greeting.lines().map(Result::unwrap);
        let endpoint =
            lines.find_map(|line| line.trim().strip_prefix("endpoint ").map(str::to_owned));
        let endpoint = endpoint.unwrap().trim().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, endpoint }
    }

    /// Runs the command line for this data directory, or another.
    fn command(&self, directory: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.args(arguments).env("DISKDOCK_DATA_DIR", directory);
        command.env("DISKDOCK_ENDPOINT", &self.endpoint);
        for name in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"] {
            command.env_remove(name);
        }
        command.env_remove("DISKDOCK_ADMIN_TOKEN").output().unwrap()
    }

    fn succeeds(&self, directory: &Path, arguments: &[&str]) {
        let done = self.command(directory, arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
    }

    fn refused(&self, directory: &Path, arguments: &[&str], why: &str) {
        let done = self.command(directory, arguments);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(why), "{arguments:?}: {done:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CALL: [&str; 2] = ["call", "DescribeRegions"];
const CONTROL: [&str; 2] = ["admin", "operations"];

#[test]
fn serve_with_virtual_machines_has_no_well_known_key_or_open_control() {
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(directory.path());
    server.refused(elsewhere.path(), &CALL, "InvalidAccessKeyId.NotFound");
    server.refused(elsewhere.path(), &CONTROL, "want the admin token");
    server.refused(elsewhere.path(), &["admin", "--token", "wrong", "operations"], "is wrong");
    server.succeeds(elsewhere.path(), &["admin", "health"]);
}

#[test]
fn call_and_admin_read_key_and_token_from_the_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("access-key");
    let server = Server::start(directory.path());
    server.succeeds(directory.path(), &CALL);
    server.succeeds(directory.path(), &CONTROL);
    let made = std::fs::read_to_string(&key).unwrap();
    for file in [key.clone(), directory.path().join("admin-token")] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
    drop(server);
    let again = Server::start(directory.path());
    again.succeeds(directory.path(), &CALL);
    assert_eq!(std::fs::read_to_string(&key).unwrap(), made, "the key stays");
}
