//! An image that a machine is about to close.
//!
//! QEMU flushes what it has when it closes an image, and holds nothing back meanwhile; that it was
//! closed is seen in Ceph, which no longer lists anybody who has it open.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use domain::DiskId;

use super::Rbd;
use crate::failpoint;
use crate::storage::error::StorageError;
use crate::storage::volume_sync::{cut, replaced};
use crate::storage::volumes::{Opened, SyncHandle};

/// How long a look at an image counts.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// How long a watch that QEMU has just given up may still be listed.
const CLOSES_WITHIN: Duration = Duration::from_secs(2);
/// How often that is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The image of a disk as it was found.
pub(super) struct OpenedImage {
    rbd: Rbd,
    disk: DiskId,
    found: Opened,
    at: Instant,
}

impl OpenedImage {
    pub(super) fn look(rbd: &Rbd, disk: &DiskId) -> Result<OpenedImage, StorageError> {
        let (found, at) = (rbd.opened(disk)?, Instant::now());
        Ok(OpenedImage { rbd: rbd.clone(), disk: disk.clone(), found, at })
    }

    fn replaced(&self, why: &str) -> StorageError {
        let path = PathBuf::from(self.rbd.0.client.in_pool(self.disk.as_str()));
        replaced(&self.disk, &path, why)
    }
}

impl SyncHandle for OpenedImage {
    fn check(&self, opened: Option<&Opened>) -> Result<(), StorageError> {
        self.rbd.refuse_if_damaged(&self.disk)?;
        let anew = (self.at.elapsed() > FRESH_FOR).then(|| self.rbd.opened(&self.disk));
        let anew = anew.transpose()?;
        let (found, Some(opened)) = (anew.as_ref().unwrap_or(&self.found), opened) else {
            return Ok(());
        };
        if found.identity != opened.identity {
            return Err(self.replaced("another image has its name"));
        }
        if found.bytes < opened.bytes {
            return Err(self.replaced(&cut(opened.bytes, found.bytes)));
        }
        Ok(())
    }

    /// A machine has told Ceph everything that its guest was told is written.
    fn sync(&self) -> Result<(), StorageError> {
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "a wait with a deadline, off the runtime")]
    fn closed(&self) -> Result<(), StorageError> {
        failpoint::hit("rbd.closing");
        let deadline = Instant::now() + CLOSES_WITHIN;
        loop {
            match self.rbd.refuse_if_open(self.disk.as_str()) {
                Err(StorageError::Taken { .. }) if Instant::now() < deadline => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                seen => return seen,
            }
        }
    }
}
