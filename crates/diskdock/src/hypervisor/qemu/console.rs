//! The output of a guest's serial port: kept in a file, and the file kept small.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::time::UNIX_EPOCH;

use domain::Moment;

use super::command_line::CONSOLE;
use super::machine::Machine;
use super::process::tail;
use crate::storage::no_follow;

/// Bytes that are given, and that are kept when the file is cut.
const KEPT: u64 = 64 * 1024;
/// Bytes of the file at most, in so far as it is looked at often enough.
const LARGEST: u64 = 4 * 1024 * 1024;
/// The part that was kept when the file was cut last.
const EARLIER: &str = "console.earlier";

/// The latest that the guest has written: 64 KiB at most, nothing if it was never on.
pub(super) fn read(machine: &Machine) -> io::Result<Vec<u8>> {
    let mut text = or_nothing(tail(&machine.directory.join(EARLIER), KEPT))?;
    text.extend(or_nothing(tail(&machine.run.join(CONSOLE), KEPT))?);
    let surplus = text.len().saturating_sub(usize::try_from(KEPT).unwrap_or(usize::MAX));
    Ok(text.split_off(surplus))
}

/// When the guest has written last; none if it never has.
pub(crate) fn written_at(machine: &Machine) -> Option<Moment> {
    let written = std::fs::symlink_metadata(machine.run.join(CONSOLE)).ok()?;
    let since_epoch = written.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_millis()).ok().map(Moment)
}

/// Cuts the file if it has become too large. QEMU appends to it, and so goes on at its new end;
/// what the guest writes just now may be lost.
pub(crate) fn cut(machine: &Machine) -> io::Result<()> {
    let path = machine.run.join(CONSOLE);
    let file = File::options().write(true).custom_flags(no_follow()).open(&path);
    let file = match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    if file.metadata()?.len() <= LARGEST {
        return Ok(());
    }
    std::fs::write(machine.directory.join(EARLIER), tail(&path, KEPT)?)?;
    file.set_len(0)
}

fn or_nothing(read: io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn read_keeps_the_end_of_a_long_console() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new("i-1".into(), directory.path().to_owned());
        assert_eq!(read(&machine).unwrap(), b"");
        cut(&machine).unwrap();
        std::fs::create_dir(&machine.run).unwrap();
        let path = machine.run.join(CONSOLE);
        let mut writer = File::options().create(true).append(true).open(&path).unwrap();
        writer.write_all(b"short\n").unwrap();
        cut(&machine).unwrap();
        assert_eq!(read(&machine).unwrap(), b"short\n");
        writer.write_all(&vec![b'.'; LARGEST as usize]).unwrap();
        writer.write_all(b"before\n").unwrap();
        cut(&machine).unwrap();
        assert_eq!(writer.metadata().unwrap().len(), 0);
        writer.write_all(b"after\n").unwrap();
        let text = read(&machine).unwrap();
        assert_eq!(text.len() as u64, KEPT);
        assert!(text.ends_with(b"before\nafter\n"));
    }

    #[test]
    fn read_does_not_follow_a_symbolic_link() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new("i-1".into(), directory.path().to_owned());
        std::fs::create_dir(&machine.run).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", machine.run.join(CONSOLE)).unwrap();
        assert!(read(&machine).is_err());
        assert!(cut(&machine).is_err());
    }
}
