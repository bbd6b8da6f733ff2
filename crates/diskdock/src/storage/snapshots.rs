//! The contract of a storage system for snapshots: take, finish, list, delete, and volumes made of
//! them.
//!
//! A snapshot is *whole* or only *begun*. Volumes are made of whole ones. One that is begun has
//! been given to a virtual machine, which copies the volume that it has open into it; it becomes
//! whole when that has ended well, or is deleted.
//!
//! A snapshot holds all bytes by itself: no volume needs it, and it needs no volume and no image.
//! That of an encrypted volume is encrypted, with a key of its own.

use domain::{DiskId, SnapshotId};

use super::volumes::{Deleted, NewVolume};
use super::{StorageError, Volume};

/// Is called with the percentage that is copied, now and then; false ends the copying, which is an
/// error then.
pub type CopyWatch<'a> = &'a (dyn Fn(u8) -> bool + Sync);

/// The content that a volume is set back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Empty,
    /// The content of an image.
    Image(String),
    /// The content of a snapshot.
    Snapshot(SnapshotId),
}

/// A snapshot of a volume that a machine has open, as it was begun.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The storage took it at once. There is no more to do.
    Whole,
    /// The machine copies the volume into this block node; [`Snapshots::finish`] follows.
    CopyInto(Box<Volume>),
}

/// The state of a snapshot in the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    /// Nothing is there.
    None,
    /// A machine was told to copy into it.
    Begun,
    /// All of it is there, durably.
    Whole,
}

/// The snapshots of a storage system.
pub trait Snapshots: Send + Sync {
    /// The state of a snapshot.
    fn snapshot_state(&self, snapshot: &SnapshotId) -> Result<SnapshotState, StorageError>;

    /// Takes a snapshot of a volume that no machine has open, nor opens meanwhile. Does nothing if
    /// it is whole already. Refused for a damaged volume.
    fn take(
        &self,
        snapshot: &SnapshotId,
        disk: &DiskId,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError>;

    /// Does what takes long before a snapshot of an encrypted volume can begin, and may be done
    /// while the guest writes: seconds in which nothing has to stand still. Nothing for others.
    fn prepare(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<(), StorageError>;

    /// Begins a snapshot of a volume that a machine has open, with the content that it has for its
    /// guest at this moment, or at the one when the machine begins to copy. Can be repeated until
    /// then. Refused for a damaged volume.
    fn begin(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<Begun, StorageError>;

    /// The same, but the machine copies in any case.
    fn begin_copy(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<Volume, StorageError>;

    /// The block node of a snapshot that is begun.
    fn begun(&self, snapshot: &SnapshotId) -> Result<Volume, StorageError>;

    /// Everything is copied and flushed: makes it durable, and the snapshot whole. Does nothing if
    /// it is.
    fn finish(&self, snapshot: &SnapshotId) -> Result<(), StorageError>;

    /// Deletes whatever there is of a snapshot, whole or begun.
    fn delete_snapshot(&self, snapshot: &SnapshotId) -> Result<Deleted, StorageError>;

    /// The ids of all snapshots, whole or begun, sorted.
    fn snapshots(&self) -> Result<Vec<SnapshotId>, StorageError>;

    /// Makes a volume with the content of a snapshot, at least as large as that. Does nothing if
    /// there is one already.
    fn create_from(
        &self,
        volume: &NewVolume,
        snapshot: &SnapshotId,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError>;

    /// Gives a volume that no machine has open, nor opens meanwhile, this content instead of its
    /// own: whole or not at all. Refused for a damaged volume.
    fn set_back(
        &self,
        volume: &NewVolume,
        content: &Content,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError>;

    /// Copies the content of a whole snapshot under the id of another one, which is encrypted if
    /// that one is, or if it is to be. Does nothing if that is whole already.
    fn copy_snapshot(
        &self,
        from: &SnapshotId,
        to: &SnapshotId,
        encrypted: bool,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError>;
}
