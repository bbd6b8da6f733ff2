//! The commands of an operator on a host, with the real program: image import, doctor, backup and
//! restore.

mod backup;
mod doctor;
mod export;
mod exposure;
mod image;
mod io_errors;
mod offered;
mod owner;
mod restore;
mod state;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// Runs `diskdock` on a data directory.
pub(crate) fn diskdock(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env("DISKDOCK_DATA_DIR", data).args(arguments).output().unwrap()
}

/// Standard output of a run that goes well.
#[track_caller]
pub(crate) fn out(data: &Path, arguments: &[&str]) -> String {
    let output = diskdock(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", complaint(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The standard error of a run.
pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server of its own on this directory; ended when this is dropped.
pub(crate) struct RunningServer {
    child: Child,
    /// Kept open: a program whose reader is gone cannot greet.
    _greeting: BufReader<ChildStdout>,
}

impl RunningServer {
    pub(crate) fn start(data: &Path, more: &[&str]) -> RunningServer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).args(more);
        RunningServer::run(&mut command)
    }

    /// Starts it by this command, and waits until it is ready.
    pub(crate) fn run(command: &mut Command) -> RunningServer {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let mut greeting = BufReader::new(child.stdout.take().unwrap());
        greeting.read_line(&mut line).unwrap();
        assert!(line.contains("ready"), "{line}");
        RunningServer { child, _greeting: greeting }
    }
}

impl RunningServer {
    /// Stops it as an operator does, and waits until it has ended.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        let _ = self.child.wait();
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
