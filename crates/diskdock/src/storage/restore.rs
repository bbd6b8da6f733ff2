//! The way back for a file that was deleted while a process has it open: its bytes are copied into
//! a file of the old name.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::directory::DiskFormat;
use super::error::{At, StorageError};
use super::files;
use super::image_sync::identity;
use super::volumes::Opened;

/// Bytes that are copied at once.
const PIECE: u64 = 1024 * 1024;

/// The file that a process has open under this identity, and how the bytes lie in it.
pub(super) fn held(process: u32, opened: &Opened) -> Result<(File, DiskFormat), StorageError> {
    let directory = PathBuf::from(format!("/proc/{process}/fd"));
    for path in files::in_directory(&directory)? {
        // Sockets and pipes are left alone.
        if !std::fs::metadata(&path).is_ok_and(|found| found.is_file()) {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        for format in DiskFormat::ALL {
            if identity(&file, &path, format)? == opened.identity {
                return Ok((file, format));
            }
        }
    }
    let what = format!("the file that process {process} had open");
    let hint = "it was closed, or this user may not look; restore the disk from a backup";
    Err(StorageError::Missing { what, hint: hint.to_owned() })
}

/// Copies what is not a hole, durably.
pub(super) fn copy(from: &File, to: &Path) -> Result<(), StorageError> {
    let mut source = from.try_clone().at("read", to)?;
    let mut target = files::create(to)?;
    let bytes = from.metadata().at("look at", to)?.len();
    target.set_len(bytes).at("make room in", to)?;
    let mut at = 0;
    while let Some((start, end)) = next_data(from, at, bytes).at("read", to)? {
        source.seek(SeekFrom::Start(start)).at("read", to)?;
        target.seek(SeekFrom::Start(start)).at("write", to)?;
        copy_piece(&mut source, &mut target, end - start).at("copy", to)?;
        at = end;
    }
    target.sync_all().at("make durable", to)
}

fn copy_piece(source: &mut File, target: &mut File, bytes: u64) -> std::io::Result<()> {
    let copied = std::io::copy(&mut source.take(bytes), target)?;
    if copied == bytes { target.flush() } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
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
