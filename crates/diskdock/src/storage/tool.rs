//! Runs a tool of QEMU or Ceph, with a deadline, and as the user whom the files belong to.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::error::StorageError;
use super::files::Owner;

/// The tool of QEMU, and the package that it comes with.
const QEMU_IMG: (&str, &str) = ("qemu-img", "qemu-utils");
/// How long a quick command may take.
pub(crate) const QUICK: Duration = Duration::from_secs(60);
/// Bytes of a command's output that are kept; hostile files can make it long.
const KEPT: usize = 256 * 1024;
/// Pieces of output that may wait to be read.
const WAITING: usize = 64;
/// How often it is looked at whether a command is still wanted.
const CANCEL_LOOK: Duration = Duration::from_millis(100);

/// The result of a command.
pub(crate) struct ToolOutput {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// One call of a tool.
pub(crate) struct Tool<'a> {
    command: Command,
    named: String,
    package: &'static str,
    timeout: Duration,
    on_output: Option<&'a mut dyn FnMut(&str)>,
    cancel: Option<&'a AtomicBool>,
}

impl<'a> Tool<'a> {
    /// `qemu-img <verb>`, which may take [`QUICK`].
    pub(crate) fn new(verb: &str) -> Tool<'a> {
        Tool::of(QEMU_IMG, verb, QUICK)
    }

    /// `<program> <verb>`, which may take so long. The package is what has to be installed for it.
    pub(crate) fn of(
        (program, package): (&str, &'static str),
        verb: &str,
        timeout: Duration,
    ) -> Tool<'a> {
        let mut command = Command::new(program);
        command.arg(verb).env("LC_ALL", "C").stdin(Stdio::null());
        let named = format!("{program} {verb}");
        Tool { command, named, package, timeout, on_output: None, cancel: None }
    }

    /// The deadline that it has, or the time that it may be silent.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Runs as this user, if we are another one.
    pub(crate) fn owned_by(mut self, owner: Owner) -> Self {
        if owner != Owner::ourselves() {
            self.command.uid(owner.uid).gid(owner.gid);
        }
        self
    }

    /// Passes output on as it comes. May then take long, but be silent only for so long.
    pub(crate) fn with_listener<'b>(
        self,
        silence: Duration,
        on_output: &'b mut dyn FnMut(&str),
    ) -> Tool<'b>
    where
        'a: 'b,
    {
        let Tool { command, named, package, cancel, .. } = self;
        Tool { command, named, package, timeout: silence, on_output: Some(on_output), cancel }
    }

    /// Is ended, which is an error, soon after this is set.
    pub(crate) fn cancelled_by(mut self, cancel: &'a AtomicBool) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Runs it, and expects it to go well. Gives its standard output.
    pub(crate) fn run(self) -> Result<String, StorageError> {
        let command = self.named.clone();
        let ended = self.output()?;
        if ended.status.success() {
            return Ok(ended.stdout);
        }
        Err(StorageError::Tool { command, words: ended.message() })
    }

    /// Runs it to its end, good or bad.
    pub(crate) fn output(mut self) -> Result<ToolOutput, StorageError> {
        let piped = self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().map_err(|error| self.cannot_start(&error))?;
        let listened = self.listen(&mut child);
        if listened.is_err() {
            // It may have ended at this very moment; what matters is that it is not there.
            let _ = child.kill();
        }
        let status = child.wait().map_err(|error| self.cannot_start(&error))?;
        let (stdout, stderr) = listened?;
        Ok(ToolOutput { status, stdout, stderr })
    }

    fn listen(&mut self, child: &mut Child) -> Result<(String, String), StorageError> {
        let (send, pieces) = sync_channel(WAITING);
        if let Some(stdout) = child.stdout.take() {
            follow(stdout, false, send.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            follow(stderr, true, send);
        }
        self.gather(&pieces)
    }

    fn gather(&mut self, pieces: &Receiver<Piece>) -> Result<(String, String), StorageError> {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let mut deadline = Instant::now() + self.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = if self.cancel.is_some() { left.min(CANCEL_LOOK) } else { left };
            match pieces.recv_timeout(wait) {
                Ok(Piece { is_stderr, text }) => {
                    if let Some(on_output) = &mut self.on_output
                        && !is_stderr
                    {
                        on_output(&text);
                        deadline = Instant::now() + self.timeout;
                    }
                    let kept = if is_stderr { &mut stderr } else { &mut stdout };
                    if kept.len() < KEPT {
                        kept.push_str(&text);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok((stdout, stderr)),
                Err(RecvTimeoutError::Timeout) if wait < left => {}
                Err(RecvTimeoutError::Timeout) => return Err(self.too_slow()),
            }
            if self.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
                return Err(self.cancelled());
            }
        }
    }

    fn cannot_start(&self, error: &std::io::Error) -> StorageError {
        let command = self.named.clone();
        let program = self.command.get_program().display();
        let words = if error.kind() == std::io::ErrorKind::NotFound {
            format!("there is no {program}; install it: apt-get install {}", self.package)
        } else {
            format!("it cannot be run: {error}")
        };
        StorageError::Tool { command, words }
    }

    fn cancelled(&self) -> StorageError {
        let words = "it was interrupted, and what it had written is removed".to_owned();
        StorageError::Tool { command: self.named.clone(), words }
    }

    fn too_slow(&self) -> StorageError {
        let words = format!(
            "no answer within {} s, so it was ended; look at the load and the file system, and try \
             again",
            self.timeout.as_secs()
        );
        StorageError::Tool { command: self.named.clone(), words }
    }
}

impl ToolOutput {
    /// Its error message in one line.
    pub(crate) fn message(&self) -> String {
        let message = self.stderr.trim().trim_start_matches("qemu-img: ");
        match message {
            "" => format!("it failed with {} without a message", self.status),
            _ => message.replace(['\n', '\r'], " "),
        }
    }
}

/// A piece of a command's output.
struct Piece {
    is_stderr: bool,
    text: String,
}

/// Reads to the end in a thread of its own, which ends with the command.
fn follow(mut from: impl Read + Send + 'static, is_stderr: bool, to: SyncSender<Piece>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if to.send(Piece { is_stderr, text }).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_failure_carries_the_message_of_the_tool() {
        let missing = Tool::new("info").arg("-f").arg("raw").arg("/nowhere/at/all").run();
        let error = missing.unwrap_err().to_string();
        assert!(error.contains("qemu-img info") && error.contains("No such file"), "{error}");
    }

    #[test]
    fn silent_tool_is_killed_at_its_deadline() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        let began = Instant::now();
        let mut on_output = |_: &str| {};
        // The pipe has no writer, so that opening it waits.
        let mut command = Command::new("cat");
        command.arg(&pipe);
        let stuck = Tool {
            command,
            named: "cat pipe".to_owned(),
            package: "coreutils",
            timeout: Duration::from_millis(50),
            on_output: Some(&mut on_output),
            cancel: None,
        };
        let fault = stuck.run().unwrap_err().to_string();
        assert!(fault.contains("so it was ended"), "{fault}");
        assert!(began.elapsed() < QUICK);
    }
}
