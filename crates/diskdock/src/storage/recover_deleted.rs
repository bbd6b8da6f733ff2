//! Recovers a deleted file that a process still has open: its bytes are copied into a file of the
//! old name.

use std::fs::File;
use std::path::PathBuf;

use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::files;
use super::volume_sync::identity;
use super::volumes::Opened;

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
            if identity(&file.metadata().at("look at", &path)?, format) == opened.identity {
                return Ok((file, format));
            }
        }
    }
    let what = format!("the file that process {process} had open");
    let hint = "it was closed, or this user may not look; restore the disk from a backup";
    Err(StorageError::Missing { what, hint: hint.to_owned() })
}
