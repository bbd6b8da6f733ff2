//! The log of each machine's monitor, for support: every command, reply and event, in `qmp.log` and
//! the one before it in the machine's directory.
//!
//! Lines are written by a thread of their own, so that no driver call waits for a file. Lines that
//! the thread cannot keep up with, and those that would take the last room of a file system, are
//! dropped; errors of writing are ignored.

use std::fs::{self, File};
use std::io::{self, Write};
use std::iter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use jiff::Timestamp;
use qmp::{Direction, Log};

use crate::clock::host_now;
use crate::reserve;
use crate::storage::no_follow;

/// The log in a machine's directory.
const FILE: &str = "qmp.log";
/// The one before it.
const EARLIER: &str = "qmp.log.1";
/// Bytes of each of them at most.
const LARGEST: u64 = 1 << 20;
/// Lines that may wait to be written. With the bound of a line, some four MiB.
const QUEUE: usize = 4_096;
/// Lines for which a file is kept open at most.
const BATCH: usize = 256;

/// The logs of all machines.
#[derive(Debug)]
pub(crate) struct QmpLogs {
    lines: SyncSender<LogLine>,
    began: Instant,
}

#[derive(Debug)]
struct LogLine {
    directory: Arc<Path>,
    text: String,
}

/// The log of one connection.
struct MachineLog {
    directory: Arc<Path>,
    lines: SyncSender<LogLine>,
    began: Instant,
    /// Lines that were dropped since one was taken.
    dropped: AtomicU64,
}

impl QmpLogs {
    /// Starts the thread that writes. It ends with the last log.
    pub(crate) fn start() -> (QmpLogs, Option<JoinHandle<()>>) {
        let (lines, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("qmp-log".to_owned());
        // Without it, every line is dropped.
        let thread = thread.spawn(move || write_all(&queue)).ok();
        (QmpLogs { lines, began: Instant::now() }, thread)
    }

    /// The log of the machine in this directory.
    pub(crate) fn of(&self, directory: &Path) -> Arc<dyn Log> {
        Arc::new(MachineLog {
            directory: directory.into(),
            lines: self.lines.clone(),
            began: self.began,
            dropped: AtomicU64::new(0),
        })
    }
}

impl MachineLog {
    /// `2026-01-02T03:04:05.678Z 12.345678 > {"execute":"query-status"}`: the time of day, and the
    /// seconds of a monotonic clock since the server began.
    fn line(&self, sign: char, words: &str) -> LogLine {
        let now = Timestamp::from_millisecond(host_now().0).unwrap_or_default();
        let uptime = self.began.elapsed().as_secs_f64();
        let text = format!("{now:.3} {uptime:.6} {sign} {words}\n");
        LogLine { directory: Arc::clone(&self.directory), text }
    }
}

impl Log for MachineLog {
    fn record(&self, direction: Direction, line: &str) {
        let sign = match direction {
            Direction::Sent => '>',
            Direction::Received => '<',
            Direction::Failed => '!',
        };
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let mut line = self.line(sign, line);
        if dropped > 0 {
            let gap = self.line('!', &format!("{dropped} lines were dropped here"));
            line.text.insert_str(0, &gap.text);
        }
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(dropped + 1, Ordering::Relaxed);
        }
    }
}

/// Writes lines as they come, until all senders are gone.
fn write_all(queue: &Receiver<LogLine>) {
    while let Ok(first) = queue.recv() {
        let mut open = None;
        for line in iter::once(first).chain(queue.try_iter().take(BATCH)) {
            // The error is ignored: a machine can do without its log.
            let _ = append(&mut open, &line);
        }
    }
}

/// A log that is being written.
struct OpenLog {
    directory: Arc<Path>,
    path: PathBuf,
    file: File,
    bytes: u64,
}

/// Appends a line to its machine's log, which is kept open for the next one.
fn append(open: &mut Option<OpenLog>, line: &LogLine) -> io::Result<()> {
    let mut log = match open.take().filter(|log| log.directory == line.directory) {
        Some(log) => log,
        None => OpenLog::open(&line.directory)?,
    };
    let bytes = line.text.len() as u64;
    if log.bytes > 0 && log.bytes + bytes > LARGEST {
        fs::rename(&log.path, line.directory.join(EARLIER))?;
        log = OpenLog::open(&line.directory)?;
    }
    log.file.write_all(line.text.as_bytes())?;
    log.bytes += bytes;
    *open = Some(log);
    Ok(())
}

impl OpenLog {
    /// Opens the log in a directory that exists: that of a machine which was forgotten does not
    /// come back.
    fn open(directory: &Arc<Path>) -> io::Result<OpenLog> {
        if !reserve::is_room_left(directory)? {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let path = directory.join(FILE);
        let mut options = File::options();
        let options = options.append(true).create(true).mode(0o600).custom_flags(no_follow());
        let file = options.open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(OpenLog { directory: Arc::clone(directory), path, file, bytes })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(directory: &Path, file: &str) -> String {
        fs::read_to_string(directory.join(file)).unwrap()
    }

    #[test]
    fn record_writes_private_lines_with_both_times() {
        let directory = tempfile::tempdir().unwrap();
        let (logs, thread) = QmpLogs::start();
        let log = logs.of(directory.path());
        log.record(Direction::Sent, "{\"execute\":\"stop\"}");
        log.record(Direction::Received, "{\"event\":\"STOP\"}");
        log.record(Direction::Failed, "no reply");
        drop((log, logs));
        thread.unwrap().join().unwrap();
        let text = read(directory.path(), FILE);
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.splitn(4, ' ').collect()).collect();
        let said: Vec<_> = lines.iter().map(|line| (line[2], line[3])).collect();
        let sent = (">", "{\"execute\":\"stop\"}");
        assert_eq!(said, [sent, ("<", "{\"event\":\"STOP\"}"), ("!", "no reply")]);
        for line in lines {
            assert!(line[0].parse::<Timestamp>().is_ok(), "{line:?}");
            assert!(line[1].parse::<f64>().is_ok_and(|seconds| seconds >= 0.0), "{line:?}");
        }
        let mode = fs::metadata(directory.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn append_keeps_one_older_log_and_bounds_both() {
        let directory = tempfile::tempdir().unwrap();
        let home: Arc<Path> = directory.path().into();
        let mut open = None;
        let longest = "x".repeat(qmp::LONGEST_RECORD);
        let lines = 3 * LARGEST / longest.len() as u64;
        for number in 0..lines {
            let text = format!("{number} {longest}\n");
            append(&mut open, &LogLine { directory: Arc::clone(&home), text }).unwrap();
        }
        let (latest, earlier) = (read(&home, FILE), read(&home, EARLIER));
        for log in [&latest, &earlier] {
            assert!((1..=LARGEST).contains(&(log.len() as u64)), "{}", log.len());
        }
        let number = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
        assert_eq!(number(latest.lines().last().unwrap()), lines - 1);
        let end_of_earlier = number(earlier.lines().last().unwrap());
        assert_eq!(number(latest.lines().next().unwrap()), end_of_earlier + 1);
        assert_eq!(fs::read_dir(&home).unwrap().count(), 2);
    }

    #[test]
    fn record_does_not_wait_and_reports_dropped_lines() {
        let (lines, queue) = sync_channel(1);
        let logs = QmpLogs { lines, began: Instant::now() };
        let log = logs.of(Path::new("/nowhere"));
        for words in ["one", "two", "three"] {
            log.record(Direction::Sent, words);
        }
        assert!(queue.recv().unwrap().text.ends_with("> one\n"));
        log.record(Direction::Sent, "four");
        let text = queue.recv().unwrap().text;
        assert!(text.contains("! 2 lines were dropped here\n"), "{text}");
        assert!(text.ends_with("> four\n"), "{text}");
        drop(queue);
        log.record(Direction::Sent, "to nobody");
    }

    #[test]
    fn append_fails_without_a_directory_and_makes_none() {
        let directory = tempfile::tempdir().unwrap();
        let gone: Arc<Path> = directory.path().join("forgotten").into();
        let line = LogLine { directory: Arc::clone(&gone), text: "late\n".to_owned() };
        let mut open = None;
        append(&mut open, &line).unwrap_err();
        assert!(!gone.exists());
        fs::create_dir(&gone).unwrap();
        append(&mut open, &line).unwrap();
        assert_eq!(read(&gone, FILE), "late\n");
    }

    #[test]
    fn append_does_not_follow_a_symbolic_link() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, directory.path().join(FILE)).unwrap();
        let line = LogLine { directory: directory.path().into(), text: "line\n".to_owned() };
        append(&mut None, &line).unwrap_err();
        assert_eq!(read(directory.path(), "target"), "");
    }
}
