//! The QEMU process of a machine: started, found again, ended.
//!
//! The process belongs to a process group of its own and goes on when the server ends. Whether it
//! runs is never guessed: it is given a locked file as its standard output, and the kernel keeps
//! the lock for exactly as long as any part of QEMU still has its files open. A file that is not
//! there says nothing: then the processes of the host are looked through for the machine's name.
//! So that this is rare, a machine has the file from its first record on.
//! The process to kill is found by the file in which QEMU leaves its process id, and confirmed by
//! its name on the command line: the id alone may be another process's by now. That file is in a
//! directory which belongs to QEMU, so it may be gone: then the processes of the host are looked
//! through for one of the machine's name that was started in this directory.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::storage::no_follow;

/// Where QEMU leaves its process id.
pub(crate) const PID_FILE: &str = "qemu.pid";
/// The standard error of QEMU.
pub(crate) const LOG_FILE: &str = "qemu.log";
/// Bytes of the end of QEMU's log that are read.
const LOG_TAIL: u64 = 2_048;

/// How long the arguments of a program that is being loaded are waited for.
const LOADING_TIMEOUT: Duration = Duration::from_millis(50);

/// The user and group that QEMU runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// The file whose lock a running QEMU holds. It is ours, so that an intruder in QEMU cannot put
/// another in its place.
const POWER: &str = "power";

/// Whether a machine is on.
#[derive(Debug)]
pub(crate) enum Power {
    /// A QEMU runs, or is just ending: it still has its volumes open.
    On,
    /// None runs. Only the holder of this can start one.
    Off(File),
}

impl Power {
    /// The power of the machine of this name, in its directory. Asks the kernel; an error is no
    /// answer: then the power is unknown.
    pub(crate) fn of(directory: &Path, name: &str) -> io::Result<Power> {
        match Power::lock(directory, false)? {
            Some(power) => Ok(power),
            None if is_listed(name)? => Ok(Power::On),
            None => Power::lock(directory, true)?.ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }

    /// Whether it is on. Others that ask at the same time do not notice, nor do those that ask
    /// while a process that this one has just started still has the file of that question open.
    pub(crate) fn is_on(directory: &Path, name: &str) -> io::Result<bool> {
        match Power::open(directory, false) {
            Ok(file) => is_free(file.try_lock_shared()).map(|free| !free),
            Err(error) if error.kind() == io::ErrorKind::NotFound => is_listed(name),
            Err(error) => Err(error),
        }
    }

    /// Makes the file of a machine that has none and is off. Without a directory there is nothing
    /// to do.
    pub(crate) fn make_file(directory: &Path, name: &str) -> io::Result<()> {
        let is_missing = |path: &Path| match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            found => found.map(|_| false),
        };
        let missing = !is_missing(directory)? && is_missing(&directory.join(POWER))?;
        if missing && !is_listed(name)? {
            // Not locked, not even for a moment: nobody is to take it for on.
            Power::open(directory, true)?;
        }
        Ok(())
    }

    fn open(directory: &Path, create: bool) -> io::Result<File> {
        let mut options = File::options();
        let options = options.read(true).write(true).create(create).truncate(false).mode(0o600);
        options.custom_flags(no_follow()).open(directory.join(POWER))
    }

    /// The power as the file tells it; none if there is no file and none is to be made.
    fn lock(directory: &Path, create: bool) -> io::Result<Option<Power>> {
        let file = match Power::open(directory, create) {
            Err(error) if !create && error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let free = is_free(file.try_lock())?;
        Ok(Some(if free { Power::Off(file) } else { Power::On }))
    }
}

/// Whether a lock was to be had.
fn is_free(locked: Result<(), TryLockError>) -> io::Result<bool> {
    match locked {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a process of the host bears this machine's name. Takes some milliseconds: not for the
/// threads that serve connections.
pub(crate) fn is_listed(name: &str) -> io::Result<bool> {
    #[cfg(test)]
    looked::note(name);
    Ok(listed(name)?.next().is_some())
}

/// The ids of the processes of the host that bear this machine's name.
fn listed(name: &str) -> io::Result<impl Iterator<Item = i32>> {
    let entries = fs::read_dir("/proc")?.collect::<io::Result<Vec<_>>>()?;
    let ids = entries.into_iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(ids.filter(move |id| bears_name(&of_process(*id), name)))
}

fn of_process(id: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{id}"))
}

/// Whether the process in this directory of `/proc` was started under the machine's name.
fn bears_name(process: &Path, name: &str) -> bool {
    let arguments = arguments(process);
    let mut arguments = arguments.split(|byte| *byte == 0);
    arguments.any(|one| one == b"-name") && arguments.next() == Some(name.as_bytes())
}

/// The arguments of a process, each ended by a zero byte. A thread of the kernel and a process that
/// has ended have none, and no program either. A program that the kernel is just loading has none
/// yet: it is read again, until the timeout.
fn arguments(process: &Path) -> Vec<u8> {
    let deadline = Instant::now() + LOADING_TIMEOUT;
    loop {
        let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
        let is_loading = arguments.is_empty() && fs::read_link(process.join("exe")).is_ok();
        if !is_loading || Instant::now() >= deadline {
            return arguments;
        }
        std::thread::yield_now();
    }
}

/// A running QEMU.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its process id.
    pub id: u32,
    handle: rustix::fd::OwnedFd,
}

/// The QEMU that runs this machine, if it can be found. Without the file of its process id, this
/// takes some milliseconds: not for the threads that serve connections.
pub(crate) fn find(run: &Path, name: &str) -> Option<Process> {
    let of_file = recorded_id(run).and_then(|id| open_process(id, |path| bears_name(path, name)));
    of_file.or_else(|| {
        // Another server may have a copy of this machine under the same name.
        let is_ours = |path: &Path| bears_name(path, name) && was_started_in(path, run);
        listed(name).ok()?.find_map(|id| open_process(id, is_ours))
    })
}

/// The process id that QEMU has left.
fn recorded_id(run: &Path) -> Option<i32> {
    let mut text = String::new();
    let file =
        File::options().read(true).custom_flags(no_follow()).open(run.join(PID_FILE)).ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// A process of which this holds. The handle is taken first, so that what is looked at afterwards
/// is what it stands for.
fn open_process(id: i32, holds: impl Fn(&Path) -> bool) -> Option<Process> {
    let handle = pidfd_open(Pid::from_raw(id)?, PidfdFlags::empty()).ok()?;
    holds(&of_process(id)).then_some(Process { id: id.unsigned_abs(), handle })
}

/// Whether a process has this working directory, even if that is deleted by now.
fn was_started_in(process: &Path, run: &Path) -> bool {
    let Ok(found) = fs::read_link(process.join("cwd")) else { return false };
    let found = found.as_os_str().as_encoded_bytes();
    let found = found.strip_suffix(b" (deleted)").unwrap_or(found);
    let run = std::path::absolute(run).unwrap_or_else(|_| run.to_owned());
    let real = fs::canonicalize(&run).ok();
    let is_it = |path: &Path| path.as_os_str().as_encoded_bytes() == found;
    is_it(&run) || real.is_some_and(|real| is_it(&real))
}

impl Process {
    /// Ends it at once.
    pub(crate) fn kill(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.handle, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A new QEMU process, which takes the power of its machine. Its network, if any, is its standard
/// input: what a program is given as a descriptor of its own has to be one of these three.
pub(crate) fn spawn(
    program: &Path,
    arguments: &[OsString],
    run: &Path,
    user: Option<User>,
    power: File,
    network: Option<OwnedFd>,
) -> io::Result<tokio::process::Child> {
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let log = options.custom_flags(no_follow()).open(run.join(LOG_FILE))?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(run).process_group(0).env_clear();
    let network = network.map_or_else(Stdio::null, Stdio::from);
    command.stdin(network).stdout(Stdio::from(power)).stderr(log);
    if let Some(user) = user {
        // Without a list of groups, the other groups of root are given up along with it.
        command.gid(user.gid).uid(user.uid);
    }
    tokio::process::Command::from(command).spawn()
}

/// The last thing that QEMU said, for a reason that people read.
pub(crate) fn last_words(run: &Path) -> String {
    said_last(&run.join(LOG_FILE))
}

/// The last line of a log in a directory that belongs to QEMU.
pub(crate) fn said_last(log: &Path) -> String {
    let text = tail(log, LOG_TAIL).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.last().map_or_else(|| "it gave no message".to_owned(), |line| (*line).to_owned())
}

/// The last bytes of a file in a directory that belongs to QEMU. A link is not followed: an
/// intruder in QEMU may have put it there.
pub(crate) fn tail(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::options().read(true).custom_flags(no_follow()).open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The looks through the processes of the host, for tests.
#[cfg(test)]
pub(super) mod looked {
    use std::sync::{Mutex, PoisonError};
    use std::thread::{self, ThreadId};

    static LOOKS: Mutex<Vec<(String, ThreadId)>> = Mutex::new(Vec::new());

    pub(super) fn note(name: &str) {
        LOOKS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((name.to_owned(), thread::current().id()));
    }

    /// The threads that looked for this machine so far.
    pub(in super::super) fn threads(name: &str) -> Vec<ThreadId> {
        let looks = LOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        looks.iter().filter(|(of, _)| of == name).map(|(_, thread)| *thread).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_without_its_id_file_is_found_by_its_name_in_its_directory_only() {
        let (ours, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = format!("i-found-{}", std::process::id());
        let begin = |directory: &Path| {
            let mut process = Command::new("sh");
            process.args(["-c", "read line", "-name", &name]).stdin(Stdio::piped());
            process.current_dir(directory).spawn().unwrap()
        };
        // A copy of the machine that another server runs.
        let mut copy = begin(others.path());
        assert!(find(ours.path(), &name).is_none());
        let mut process = begin(ours.path());
        assert_eq!(find(ours.path(), &name).unwrap().id, process.id());
        fs::write(ours.path().join(PID_FILE), std::process::id().to_string()).unwrap();
        assert_eq!(find(ours.path(), &name).unwrap().id, process.id(), "the id is another's");
        let gone = ours.path().to_owned();
        drop(ours);
        let found = find(&gone, &name).unwrap();
        assert_eq!(found.id, process.id(), "its directory is deleted");
        found.kill().unwrap();
        process.wait().unwrap();
        assert!(find(&gone, &name).is_none());
        copy.kill().unwrap();
        copy.wait().unwrap();
    }

    #[test]
    fn machine_without_its_power_file_is_on_while_a_process_bears_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let name = format!("i-power-{}", std::process::id());
        let is_on = || Power::is_on(directory.path(), &name).unwrap();
        let has_file = || directory.path().join(POWER).exists();
        assert!(!is_on());
        let mut process = Command::new("sh");
        process.args(["-c", "read line", "-name", &name]).stdin(Stdio::piped());
        let mut process = process.spawn().unwrap();
        assert!(is_on());
        let power = Power::of(directory.path(), &name).unwrap();
        assert!(matches!(power, Power::On), "a second one would be started");
        Power::make_file(directory.path(), &name).unwrap();
        assert!(!has_file(), "it would say that the machine is off");
        drop(process.stdin.take());
        process.wait().unwrap();
        assert!(!is_on());
        Power::make_file(directory.path(), &name).unwrap();
        assert!(has_file() && !is_on());
        let asks = File::open(directory.path().join(POWER)).unwrap();
        asks.try_lock_shared().unwrap();
        assert!(!is_on(), "it is only asked about by another");
        drop(asks);
        Power::make_file(&directory.path().join("none"), &name).unwrap();
        let power = Power::of(directory.path(), &name).unwrap();
        assert!(matches!(power, Power::Off(_)));
        assert!(is_on(), "it is claimed");
        drop(power);
        assert!(!is_on());
    }
}
