//! The contract of a storage system for disks: create, open, resize, flush, close, list, delete.
//!
//! The driver of machines knows disks only through [`Volumes`], so that [`Rbd`](super::Rbd) can
//! take the place of [`Directory`](super::Directory) without a change there.
//! [`Snapshots`] is the part of it that is about snapshots.
//!
//! All functions block, so asynchronous callers run them on a thread for blocking work.
//!
//! A volume is *damaged* once acknowledged writes may be lost: the host failed to write them out,
//! or the bytes that a machine had open were not those of the volume's name when it ended. Linux
//! tells of a failed write-out only once, so the next attempt would look like success. The volume
//! itself therefore remembers it, and is neither opened nor given up until an operator has said
//! [`accept`](Volumes::accept).

use std::sync::Arc;

use domain::DiskId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::snapshots::CopyWatch;
use super::volume_secret::VolumeSecret;
use super::{ImageStart, Snapshots, StorageError};

/// The identity of the bytes under a volume's name, in a form of the storage system. It survives a
/// restart of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(pub(super) String);

/// A volume as a machine has opened it; kept on the machine's record until it is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The identity of the bytes that were opened.
    pub identity: Identity,
    /// The size that the guest sees, in bytes.
    pub bytes: u64,
}

/// A volume to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVolume {
    /// Its disk.
    pub disk: DiskId,
    /// The size in GiB, at least.
    pub size_gib: u32,
    /// Whether no byte of it is written in plain.
    pub encrypted: bool,
}

impl NewVolume {
    /// One that is not encrypted.
    pub fn plain(disk: DiskId, size_gib: u32) -> NewVolume {
        NewVolume { disk, size_gib, encrypted: false }
    }
}

impl AsRef<str> for NewVolume {
    fn as_ref(&self) -> &str {
        self.disk.as_str()
    }
}

/// A volume that can be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// The volume as a machine has it open.
    pub opened: Opened,
    /// The block node of QEMU, but for its name.
    pub(super) node: Value,
    /// The node with which several machines open it at the same time; none if no two may.
    pub(super) shared_node: Option<Value>,
    /// Whether it is for one of several machines.
    pub(super) is_shared: bool,
    /// The secret that opens it, if it takes one.
    pub(super) secret: Option<VolumeSecret>,
}

impl Volume {
    /// The block node with which QEMU opens the volume, as `blockdev-add` takes it.
    pub fn block_node(&self, node_name: &str) -> Value {
        let mut node = self.node.clone();
        node["node-name"] = node_name.into();
        if let Some(secret) = &self.secret {
            secret.open_with(&mut node, &secret_of(node_name));
        }
        node
    }

    /// The object of QEMU that has to be there when the block node is opened, if it takes one. It
    /// names the file of the secret.
    pub(crate) fn secret(&self, node_name: &str) -> Option<Value> {
        self.secret.as_ref().map(|secret| secret.object(&secret_of(node_name)))
    }

    /// Whether it takes a secret to open it.
    pub(crate) fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The same volume for a machine that is not the only one to have it open; none if two that
    /// write to it would destroy it.
    #[must_use]
    pub fn to_share(self) -> Option<Volume> {
        let node = self.shared_node.clone()?;
        Some(Volume { node, is_shared: true, ..self })
    }

    /// Whether several machines may have it open.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// The same node, but so that nothing can be written to it any more.
    pub(crate) fn read_only_node(&self, node_name: &str) -> Value {
        let mut node = self.block_node(node_name);
        node["read-only"] = true.into();
        node
    }
}

/// The name of the object with the key of a block node.
pub(crate) fn secret_of(node_name: &str) -> String {
    format!("key-{node_name}")
}

/// The result of a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// The bytes were deleted now.
    Now,
    /// There were none: deleted before, or kept elsewhere.
    WereMissing,
}

/// A process that has a volume open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub process: u32,
    /// Its file descriptor.
    pub descriptor: u32,
}

/// A volume that its machine is about to close.
pub trait SyncHandle: Send + Sync {
    /// Whether the volume's name still leads to the bytes that the machine has open, all of them.
    /// If not, closing would lose the last copy. Without `opened`, it is not known which those are.
    fn check(&self, opened: Option<&Opened>) -> Result<(), StorageError>;

    /// Makes durable what was written so far. A failure damages the volume.
    fn sync(&self) -> Result<(), StorageError>;

    /// The machine has closed the volume: makes durable what was written. Fails as well if the
    /// storage can tell that the volume is still open.
    fn closed(&self) -> Result<(), StorageError> {
        self.sync()
    }
}

/// The volumes of a storage system. A volume has the id of its disk.
pub trait Volumes: Snapshots {
    /// Makes a volume: empty, or with the content of an image and at least as large as it. Does
    /// nothing if there is one already.
    fn create(&self, volume: &NewVolume, image: Option<&str>) -> Result<(), StorageError>;

    /// Makes a volume of a staged file, at least as large as that: at once, or by a copy if it is
    /// to be encrypted. Does nothing if there is one already.
    fn adopt(
        &self,
        volume: &NewVolume,
        staged: &str,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError>;

    /// The volume, checked to be usable.
    fn find(&self, disk: &DiskId) -> Result<Volume, StorageError>;

    /// Fails if the volume is encrypted and its key does not open it.
    fn try_key(&self, disk: &DiskId) -> Result<(), StorageError>;

    /// Makes a volume larger that no machine has open. Never makes one smaller; does nothing if it
    /// is as large already.
    fn resize(&self, disk: &DiskId, size_gib: u32) -> Result<(), StorageError>;

    /// Waits until the volume, with everything that was written to it, would survive a crash. A
    /// failure damages the volume.
    fn sync(&self, disk: &DiskId) -> Result<(), StorageError>;

    /// Whether the volume's name still leads to the bytes that a machine has open, by identity
    /// alone: `Missing` or `Replaced` if closing them would lose the last copy. Damage, content and
    /// image are not looked at.
    fn check_name(&self, disk: &DiskId, opened: &Opened) -> Result<(), StorageError>;

    /// Opens the volume before a machine closes it, or after the machine has ended: Linux reports a
    /// failed write-out only to descriptors that were opened before. Fails if the file that the
    /// machine has open is not the one under the volume's name (without `opened`: unknown).
    fn open_for_sync(
        &self,
        disk: &DiskId,
        opened: Option<&Opened>,
    ) -> Result<Arc<dyn SyncHandle>, StorageError>;

    /// Fails if a process of this host may write to the volume: a machine, or a copy under way.
    fn refuse_if_written(&self, disk: &DiskId) -> Result<(), StorageError>;

    /// Whether the storage answers for this volume at present. If not, QEMU must not be asked to
    /// open or close it: its monitor and its guest would stand still until the storage is back.
    fn answers(&self, _: &DiskId) -> Result<(), StorageError> {
        Ok(())
    }

    /// Fails if the volume is open somewhere, where neither the storage nor QEMU refuses to open it
    /// a second time. Others have nothing to do.
    fn refuse_second_opener(&self, _: &DiskId) -> Result<(), StorageError> {
        Ok(())
    }

    /// Whether the bytes that a machine has open stay in the storage, whatever became of the
    /// volume's name.
    fn keeps_nameless(&self) -> bool {
        false
    }

    /// The fault for which closing the volume, or opening it again, would fail, as far as a short
    /// look tells.
    fn problem(&self, disk: &DiskId, opened: Option<&Opened>) -> Option<StorageError> {
        let error = self.open_for_sync(disk, opened).err();
        // A lost key is told before the machine has to open the disk again.
        error.or_else(|| self.find(disk).err())
    }

    /// Deletes a volume for good, unless a process has it open.
    fn delete(&self, disk: &DiskId) -> Result<Deleted, StorageError>;

    /// Whether there is room for another volume, or for a larger one.
    fn has_free_space(&self) -> Result<bool, StorageError>;

    /// The bytes that volumes which exist may still take.
    fn free_bytes(&self) -> Result<u64, StorageError>;

    /// The bytes of storage that a volume takes now; none if there is no such volume.
    fn used_bytes(&self, disk: &DiskId) -> Result<Option<u64>, StorageError>;

    /// The ids of all volumes, sorted.
    fn list(&self) -> Result<Vec<DiskId>, StorageError>;

    /// The processes of this host that have the volume open, in so far as they can be seen.
    fn holders(&self, disk: &DiskId) -> Result<Vec<Holder>, StorageError>;

    /// Writes may be lost, for this reason: remembered until an operator accepts it.
    fn mark_damaged(&self, disk: &DiskId, why: &str);

    /// The volumes that are damaged, and why, sorted.
    fn damaged(&self) -> Vec<(DiskId, String)>;

    /// Tries again to write down which volumes are damaged, where that has failed.
    fn write_damages(&self);

    /// Accepts a damaged volume as it is now, for an operator. Returns the reason of the damage;
    /// `None` if it was not damaged.
    fn accept(&self, disk: &DiskId) -> Result<Option<String>, StorageError>;

    /// Gives a volume whose file was deleted the bytes back that a process still has open, under
    /// the volume's name. Nothing may write to them meanwhile.
    fn restore(&self, disk: &DiskId, opened: &Opened, process: u32)
    -> Result<Opened, StorageError>;

    /// How machines of an image boot; none if there is no such image any more.
    fn image_start(&self, image: &str) -> Result<Option<ImageStart>, StorageError>;
}
