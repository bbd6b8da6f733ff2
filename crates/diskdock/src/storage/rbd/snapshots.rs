//! Snapshots as images of their own: clones of what a disk held at one moment.
//!
//! ```text
//!   snapshot the disk -> clone that -> snapshot the clone (now it is whole) -> give up the first
//! ```
//!
//! The moment is the first step, which Ceph takes while a guest writes: what the guest had flushed
//! is in it, as after a power cut. No bytes are copied.

use domain::{DiskId, SnapshotId};

use super::Rbd;
use super::image::Ensured;
use crate::failpoint;
use crate::storage::GIB;
use crate::storage::error::StorageError;
use crate::storage::file_name::checked;
use crate::storage::snapshots::{Begun, Content, CopyWatch, SnapshotState, Snapshots};
use crate::storage::volumes::{Deleted, NewVolume, Volume};

/// The snapshot of an image that others are cloned from.
pub(super) const BASE: &str = "base";
/// The metadata of an image that is to take the place of a disk: what it was made of.
const CONTENT: &str = "diskdock.content";
/// The end of the name of what is to take the place of a disk.
const NEXT: &str = "next";

impl Rbd {
    fn take_now(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<(), StorageError> {
        let (id, image) = (checked(snapshot.as_str())?, checked(disk.as_str())?);
        if self.has_base(id)? {
            return self.unsnap(image, id);
        }
        self.refuse_if_damaged(disk)?;
        self.require(disk)?;
        self.snap(image, id)?;
        failpoint::hit("rbd.snapped");
        self.ensure(id, || self.clone_image((image, id), id))?;
        failpoint::hit("rbd.cloned");
        self.snap(id, BASE)?;
        failpoint::hit("rbd.based");
        self.unsnap(image, id)
    }

    /// Makes an image with the content of a snapshot, at least as large as that.
    fn clone_of(
        &self,
        image: &str,
        size_gib: u32,
        snapshot: &SnapshotId,
    ) -> Result<(), StorageError> {
        let id = checked(snapshot.as_str())?;
        // One that was made of it may outlive it.
        if !self.has_base(id)? && !self.is_whole(image)? {
            return Err(self.no_snapshot(id));
        }
        self.clone_base(id, image, size_gib)
    }

    /// Makes an image as a clone of one that is whole, at least as large as that.
    fn clone_base(&self, from: &str, image: &str, size_gib: u32) -> Result<(), StorageError> {
        let ensured = self.ensure(image, || {
            self.clone_image((from, BASE), image)?;
            self.grow_image(image, size_gib)
        })?;
        self.grow_found(ensured, image, size_gib)
    }

    /// Makes an image that was there as large as it is to be by now.
    fn grow_found(&self, found: Ensured, image: &str, size_gib: u32) -> Result<(), StorageError> {
        match found {
            Ensured::WasThere => self.grow_image(image, size_gib),
            Ensured::Made => Ok(()),
        }
    }

    /// Makes an image with this content.
    fn make(&self, image: &str, size_gib: u32, content: &Content) -> Result<(), StorageError> {
        match content {
            Content::Snapshot(snapshot) => self.clone_of(image, size_gib, snapshot),
            Content::Empty => {
                let bytes = u64::from(size_gib) * GIB;
                let ensured = self.ensure(image, || self.create_image(image, bytes))?;
                self.grow_found(ensured, image, size_gib)
            }
            Content::Image(id) => self.clone_base(&self.master(id)?, image, size_gib),
        }
    }

    /// Makes the image of a new disk.
    pub(super) fn make_disk(
        &self,
        volume: &NewVolume,
        content: &Content,
    ) -> Result<(), StorageError> {
        refuse_encrypted(volume.encrypted)?;
        self.make(checked(volume.disk.as_str())?, volume.size_gib, content)
    }

    /// Makes the new content beside the disk, and puts it in its place.
    ///
    /// ```text
    ///   make d-1.next -> note its content -> throw d-1 away -> rename d-1.next to d-1
    /// ```
    ///
    /// The image that a cut-off one has left is used only if it has the same content.
    fn replace(&self, volume: &NewVolume, content: &Content) -> Result<(), StorageError> {
        let image = checked(volume.disk.as_str())?;
        let next = format!("{image}.{NEXT}");
        let wanted = noted(content, volume.size_gib);
        let (mut old, mut left) = (self.info(image)?, self.info(&next)?);
        let is_left = left.is_some() && self.meta(&next, CONTENT)?.as_deref() == Some(&*wanted);
        let is_the_only_one = match (&old, &left) {
            // A rename that was cut off: the image has both names. A guest may have written to it
            // since then, so it is set back again, even to what it was to become.
            (Some(both), Some(one)) => both.id == one.id,
            // It has other content: the disk keeps it until the new one is made.
            (None, Some(_)) => !is_left,
            (_, None) => false,
        };
        if is_the_only_one {
            self.rename(&next, image)?;
            (old, left) = (self.info(image)?, None);
        }
        match (&old, &left) {
            (None, None) => return Err(self.missing(&volume.disk)),
            // It has the wanted content already.
            (None, Some(_)) => {}
            (Some(_), left) => {
                self.require_content(content)?;
                if left.is_some() {
                    self.throw_away(&next)?;
                }
                self.refuse_if_open(image)?;
                self.make(&next, volume.size_gib, content)?;
                self.set_meta(&next, CONTENT, &wanted)?;
            }
        }
        failpoint::hit("rbd.set_back_made");
        if old.is_some() {
            self.throw_away(image)?;
        }
        failpoint::hit("rbd.set_back_thrown");
        self.rename(&next, image)
    }

    /// Fails if a snapshot is not there that an image is to be made of.
    fn require_content(&self, content: &Content) -> Result<(), StorageError> {
        let Content::Snapshot(snapshot) = content else { return Ok(()) };
        let id = checked(snapshot.as_str())?;
        if self.has_base(id)? { Ok(()) } else { Err(self.no_snapshot(id)) }
    }

    fn no_snapshot(&self, id: &str) -> StorageError {
        let hint = "make another snapshot".to_owned();
        StorageError::Missing { what: format!("the snapshot {}", self.0.client.in_pool(id)), hint }
    }
}

/// The content of an image, as it is written down in it.
fn noted(content: &Content, size_gib: u32) -> String {
    let of = match content {
        Content::Empty => "empty".to_owned(),
        Content::Snapshot(snapshot) => format!("snapshot:{snapshot}"),
        Content::Image(image) => format!("image:{image}"),
    };
    format!("{of}:{size_gib}")
}

/// Refuses what is to be encrypted: no byte of that may be stored in plain.
fn refuse_encrypted(encrypted: bool) -> Result<(), StorageError> {
    if !encrypted {
        return Ok(());
    }
    Err(unsupported("disks in Ceph RBD cannot be encrypted yet", "leave Encrypted out"))
}

pub(super) fn unsupported(what: &str, hint: &str) -> StorageError {
    StorageError::Unsupported { what: what.to_owned(), hint: hint.to_owned() }
}

/// The refusal of a snapshot that a machine would have to copy.
fn no_copies() -> StorageError {
    let hint = "take a snapshot of each disk instead, or stop the instance before";
    unsupported("disks in Ceph RBD have no snapshots of one moment yet while a machine is on", hint)
}

impl Snapshots for Rbd {
    fn snapshot_state(&self, snapshot: &SnapshotId) -> Result<SnapshotState, StorageError> {
        let is_whole = self.has_base(checked(snapshot.as_str())?)?;
        Ok(if is_whole { SnapshotState::Whole } else { SnapshotState::None })
    }

    fn take(
        &self,
        snapshot: &SnapshotId,
        disk: &DiskId,
        _: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        self.take_now(snapshot, disk)
    }

    fn prepare(&self, _: &SnapshotId, _: &DiskId) -> Result<(), StorageError> {
        Ok(())
    }

    fn begin(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<Begun, StorageError> {
        self.take_now(snapshot, disk).map(|()| Begun::Whole)
    }

    fn begin_copy(&self, _: &SnapshotId, _: &DiskId) -> Result<Volume, StorageError> {
        Err(no_copies())
    }

    fn begun(&self, _: &SnapshotId) -> Result<Volume, StorageError> {
        Err(no_copies())
    }

    fn finish(&self, _: &SnapshotId) -> Result<(), StorageError> {
        Err(no_copies())
    }

    fn delete_snapshot(&self, snapshot: &SnapshotId) -> Result<Deleted, StorageError> {
        self.throw_away(checked(snapshot.as_str())?)
    }

    fn snapshots(&self) -> Result<Vec<SnapshotId>, StorageError> {
        self.ids_with("s-")
    }

    fn create_from(
        &self,
        volume: &NewVolume,
        snapshot: &SnapshotId,
        _: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        self.make_disk(volume, &Content::Snapshot(snapshot.clone()))
    }

    fn set_back(
        &self,
        volume: &NewVolume,
        content: &Content,
        _: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        refuse_encrypted(volume.encrypted)?;
        self.refuse_if_damaged(&volume.disk)?;
        self.replace(volume, content)
    }

    fn copy_snapshot(
        &self,
        from: &SnapshotId,
        to: &SnapshotId,
        encrypted: bool,
        _: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        refuse_encrypted(encrypted)?;
        let to = checked(to.as_str())?;
        if self.has_base(to)? {
            return Ok(());
        }
        self.clone_of(to, 0, from)?;
        self.snap(to, BASE)
    }
}
