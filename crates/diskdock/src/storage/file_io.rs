//! How QEMU reads and writes the files of disks: through the host's page cache or past it.

use std::path::Path;

use super::error::StorageError;
use super::files::Owner;
use super::tool::Tool;

/// Bytes of a file on which a way to read and write is tried out.
pub(crate) const TRIAL_BYTES: u64 = 64 * 1024;

/// The operator's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskCache {
    /// Past the page cache of the host, which takes no memory of it.
    None,
    /// Through the page cache of the host, which keeps what was read.
    Writeback,
}

/// How requests are handed to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aio {
    /// The ring of the kernel.
    IoUring,
    /// The older interface of the kernel.
    Native,
    /// Threads that wait.
    Threads,
}

impl Aio {
    /// The best one first.
    pub(crate) const ALL: [Aio; 3] = [Aio::IoUring, Aio::Native, Aio::Threads];

    /// QEMU's name for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Aio::IoUring => "io_uring",
            Aio::Native => "native",
            Aio::Threads => "threads",
        }
    }

    /// Tries it out with QEMU's own tool on a file of [`TRIAL_BYTES`], past the page cache.
    pub(crate) fn try_out(self, file: &Path, owner: Owner) -> Result<(), StorageError> {
        let tool = Tool::new("bench").arg("-q").arg("-w").arg("-c").arg("4").arg("-d").arg("2");
        let tool = tool.arg("-s").arg("4096").arg("-t").arg("none").arg("-i").arg(self.as_str());
        tool.arg("-f").arg("raw").arg(file).owned_by(owner).run().map(drop)
    }
}

/// How the files of a directory are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIo {
    /// Past the page cache.
    pub direct: bool,
    pub aio: Aio,
}

impl FileIo {
    /// Through the page cache.
    pub(crate) const CACHED: FileIo = FileIo { direct: false, aio: Aio::Threads };

    /// The best way past the page cache that works on this file.
    pub(super) fn direct(file: &Path, owner: Owner) -> Result<FileIo, StorageError> {
        let mut error = None;
        for aio in Aio::ALL {
            match aio.try_out(file, owner) {
                Ok(()) => return Ok(FileIo { direct: true, aio }),
                Err(why) => error = Some(why),
            }
        }
        let why = error.map_or_else(String::new, |error| error.to_string());
        let why = format!(
            "its file system cannot be read past the page cache: choose --disk-cache writeback, \
             or another file system ({why})"
        );
        Err(StorageError::corrupt(file.parent().unwrap_or(file), why))
    }
}
