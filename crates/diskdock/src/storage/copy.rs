//! Copies of whole files: shared with the original where the file system can do so (reflink), else
//! what is not a hole.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::error::{At, StorageError};
use super::files;
use super::snapshots::CopyWatch;

/// Bytes that are copied at once.
const PIECE: u64 = 1024 * 1024;

/// Copies a file into a new one, durably.
pub(super) fn copy(from: &File, to: &Path, watch: CopyWatch<'_>) -> Result<(), StorageError> {
    let target = files::create(to)?;
    if !share(from, &target) {
        copy_data(from, &target, to, watch)?;
    }
    target.sync_all().at("make durable", to)
}

/// Lets a new file have the blocks of another one, at once and as of one moment; false if the file
/// system cannot do that. A writer waits for what was not written out before.
pub(super) fn share(from: &File, to: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

fn copy_data(
    from: &File,
    mut target: &File,
    to: &Path,
    watch: CopyWatch<'_>,
) -> Result<(), StorageError> {
    let mut source = from.try_clone().at("read", to)?;
    let bytes = from.metadata().at("look at", to)?.len();
    target.set_len(bytes).at("make room in", to)?;
    let mut at = 0;
    while let Some((start, end)) = next_data(from, at, bytes).at("read", to)? {
        source.seek(SeekFrom::Start(start)).at("read", to)?;
        target.seek(SeekFrom::Start(start)).at("write", to)?;
        copy_piece(&mut source, &mut target, end - start).at("copy", to)?;
        at = end;
        if !watch(percent(at, bytes)) {
            return Err(cancelled(to));
        }
    }
    Ok(())
}

/// The error of a copy that was cancelled.
pub(super) fn cancelled(to: &Path) -> StorageError {
    let source = std::io::Error::new(ErrorKind::Interrupted, "it is not wanted any more");
    StorageError::Io { doing: "copy", path: to.to_owned(), source }
}

fn percent(at: u64, bytes: u64) -> u8 {
    u8::try_from(u128::from(at) * 100 / u128::from(bytes.max(1))).unwrap_or(100)
}

fn copy_piece(source: &mut File, target: &mut &File, bytes: u64) -> std::io::Result<()> {
    let copied = std::io::copy(&mut source.take(bytes), target)?;
    if copied == bytes { target.flush() } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Where the next bytes lie that are not a hole, a piece of them; none behind the last.
fn next_data(file: &File, at: u64, bytes: u64) -> std::io::Result<Option<(u64, u64)>> {
    use rustix::fs::SeekFrom::{Data, Hole};
    if at >= bytes {
        return Ok(None);
    }
    let start = match rustix::fs::seek(file, Data(at)) {
        Err(rustix::io::Errno::NXIO) => return Ok(None),
        start => start?,
    };
    let end = rustix::fs::seek(file, Hole(start))?;
    Ok(Some((start, end.min(start + PIECE).min(bytes))))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt, MetadataExt};

    use super::*;

    fn sparse(directory: &Path) -> File {
        let file = files::create(&directory.join("from")).unwrap();
        file.set_len(64 * PIECE).unwrap();
        file.write_all_at(b"first", 0).unwrap();
        file.write_all_at(b"last", 64 * PIECE - 4).unwrap();
        file
    }

    #[test]
    fn copy_takes_over_the_bytes_and_the_holes() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (sparse(directory.path()), directory.path().join("to"));
        copy(&from, &to, &|_| true).unwrap();
        let copied = File::open(&to).unwrap().metadata().unwrap();
        assert_eq!(copied.len(), 64 * PIECE);
        assert!(copied.blocks() * 512 < PIECE, "{} blocks", copied.blocks());
        assert!(
            std::fs::read(&to).unwrap() == std::fs::read(directory.path().join("from")).unwrap()
        );
    }

    #[test]
    fn copy_ends_when_its_watch_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (sparse(directory.path()), directory.path().join("to"));
        let target = files::create(&to).unwrap();
        let stopped = copy_data(&from, &target, &to, &|percent| percent >= 100).unwrap_err();
        assert!(stopped.to_string().contains("not wanted any more"), "{stopped}");
    }
}
