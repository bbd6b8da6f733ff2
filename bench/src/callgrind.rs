//! A server under Valgrind's callgrind, which counts what it executes.

use std::ffi::OsString;
use std::io;
use std::ops::Div;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Process;

/// The instructions of a server outside of the kernel, and how often it called the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counts {
    /// Instructions.
    pub instructions: u64,
    /// System calls.
    pub system_calls: u64,
}

impl Div<usize> for Counts {
    type Output = Counts;

    /// The counts of one of so many calls, to the nearest.
    fn div(self, calls: usize) -> Counts {
        let calls = calls.max(1) as u64;
        let each = |all: u64| (all + calls / 2) / calls;
        Counts { instructions: each(self.instructions), system_calls: each(self.system_calls) }
    }
}

/// A server whose instructions are counted.
pub(crate) struct CountedServer {
    /// The server.
    pub process: Process,
    /// The beginning of the names of the files that callgrind writes.
    output: PathBuf,
    dumps: u32,
}

impl CountedServer {
    /// Starts the server on this data directory. Callgrind writes into `scratch`.
    pub(crate) fn start(server: &Path, data: &Path, scratch: &Path) -> io::Result<CountedServer> {
        let output = scratch.join("callgrind.out");
        let mut to_file = OsString::from("--callgrind-out-file=");
        to_file.push(&output);
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--tool=callgrind", "--collect-systime=usec"]);
        command.arg(to_file).arg(server);
        let process = Process::server_by(command, Some(data), scratch)?;
        Ok(CountedServer { process, output, dumps: 0 })
    }

    /// Counts from zero again.
    pub(crate) fn restart(&self) -> io::Result<()> {
        self.tell("zero")
    }

    /// The counts since they were restarted, which they are again.
    pub(crate) fn take(&mut self) -> io::Result<Counts> {
        self.tell("dump")?;
        self.dumps += 1;
        let mut file = self.output.clone().into_os_string();
        file.push(format!(".{}", self.dumps));
        read_counts(&std::fs::read_to_string(file)?)
    }

    fn tell(&self, what: &str) -> io::Result<()> {
        let pid = format!("--pid={}", self.process.id());
        // Both meet in the directory for temporary files that the server was started with.
        let scratch = self.output.parent().unwrap_or(Path::new("."));
        let told = Command::new("vgdb").args([&pid, what]).env("TMPDIR", scratch).output()?;
        if told.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&told.stderr).into_owned();
        Err(io::Error::other(format!("vgdb {what}: {why}")))
    }
}

/// The total of a file of callgrind, by the names of its events.
fn read_counts(text: &str) -> io::Result<Counts> {
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let (events, totals) = (line("events: "), line("totals: "));
    let found = |event: &str| {
        let at = events?.split_whitespace().position(|name| name == event)?;
        totals?.split_whitespace().nth(at)?.parse().ok()
    };
    match (found("Ir"), found("sysCount")) {
        (Some(instructions), Some(system_calls)) => Ok(Counts { instructions, system_calls }),
        _ => Err(io::Error::other("callgrind wrote no totals")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_counts_goes_by_the_names_of_the_events() {
        let text = "version: 1\nevents: sysCount sysTime Ir\nfn=(1) a\n1 2 3 4\ntotals: 5 6 70\n";
        let counts = read_counts(text).unwrap();
        assert_eq!(counts, Counts { instructions: 70, system_calls: 5 });
        assert!(read_counts("events: Ir\ntotals: 1\n").is_err());
    }
}
