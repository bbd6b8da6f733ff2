//! Child processes: the server under test and the bare handler.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a child may take to answer for the first time.
const START: Duration = Duration::from_secs(60);
/// Clock ticks in a second, as Linux reports processor time.
const TICKS_PER_SECOND: f64 = 100.0;

/// A child that listens; killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// When it was started.
    pub started: Instant,
}

impl Process {
    /// Starts the server on this data directory, or without one.
    pub(crate) fn server(
        program: &Path,
        data: Option<&Path>,
        scratch: &Path,
    ) -> io::Result<Process> {
        Process::server_by(Command::new(program), data, scratch)
    }

    /// The same, where the command ends in the program of the server.
    pub(crate) fn server_by(
        command: Command,
        data: Option<&Path>,
        scratch: &Path,
    ) -> io::Result<Process> {
        Process::server_with(command, data, scratch, &[])
    }

    /// The same with these options besides.
    pub(crate) fn server_with(
        mut command: Command,
        data: Option<&Path>,
        scratch: &Path,
        options: &[&str],
    ) -> io::Result<Process> {
        let address = free_address()?;
        command.args(["serve", "--pace", "fast", "--log", "warn", "--listen"]);
        command.arg(address.to_string()).args(options);
        match data {
            Some(data) => command.arg("--data-dir").arg(data).env("TMPDIR", scratch),
            // TMPDIR would be a choice of where an ephemeral store lies: the default is measured.
            None => command.arg("--ephemeral").env_remove("TMPDIR"),
        };
        Process::start(command, address)
    }

    /// Starts a command that will listen here.
    pub(crate) fn start(mut command: Command, address: SocketAddr) -> io::Result<Process> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let started = Instant::now();
        Ok(Process { child: command.spawn()?, address, started })
    }

    /// Waits until this request is answered with 200, and says how long that took from the start.
    pub(crate) fn first_answer(
        &mut self,
        mut request: impl FnMut() -> Vec<u8>,
    ) -> io::Result<Duration> {
        while self.started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended: {status}")));
            }
            if matches!(exchange(self.address, &request()), Ok((200, _))) {
                return Ok(self.started.elapsed());
            }
            pause(Duration::from_micros(500));
        }
        Err(io::Error::new(ErrorKind::TimedOut, "the server did not answer"))
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(&self) -> io::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib.map(|kib| kib / 1024.0).ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// Seconds of processor time that it has used.
    pub(crate) fn processor_seconds(&self) -> io::Result<f64> {
        processor_seconds(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of processor time that a process has used; `self` is this one.
pub(crate) fn processor_seconds(id: &str) -> io::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    // After the name come the state and ten fields, then user and system time.
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok());
    Ok(ticks.sum::<f64>() / TICKS_PER_SECOND)
}

/// A free address on loopback.
pub(crate) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Sends one request on a connection of its own and gives status, head and body.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.write_all(&closing(request))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    let status = status.and_then(|digits| digits.parse().ok());
    status.map(|status| (status, answer)).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// The request with `Connection: close`.
fn closing(request: &[u8]) -> Vec<u8> {
    let line = memchr::memmem::find(request, b"\r\n").map_or(request.len(), |at| at + 2);
    let (first, rest) = request.split_at(line);
    [first, b"Connection: close\r\n", rest].concat()
}

/// The body of an answer of [`exchange`].
pub(crate) fn body(answer: &[u8]) -> &[u8] {
    let at = memchr::memmem::find(answer, b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    &answer[at..]
}

/// Waits a moment for another process.
#[expect(clippy::disallowed_methods, reason = "another process can only be polled")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
