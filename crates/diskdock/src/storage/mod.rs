//! The storage of disks and images. [`Volumes`] is the contract of a storage system: [`Directory`]
//! keeps files in the data directory, [`Rbd`] keeps images in a pool of Ceph. The files:
//!
//! ```text
//! disks/<disk id>.raw           a data disk: sparse, as long as the disk
//! disks/<disk id>.qcow2         a system disk: what its guest changed of its image; also an
//!                               encrypted data disk, whole
//! disks/<name>.import           a file that is about to become a disk
//! disks/<disk id>.damage        why writes to a disk may be lost, until an operator accepts it
//! snapshots/<snapshot id>.raw   a snapshot of a data disk that no machine had open
//! snapshots/<snapshot id>.qcow2 any other snapshot, whole
//! snapshots/<snapshot id>.next  an encrypted one, made ready to be copied into
//! snapshots/<snapshot id>.part  one that a machine is copying into
//! keys/<id>.key                 the key of an encrypted disk or snapshot
//! ceph/<user>.key               the key of a user of Ceph, as QEMU reads it
//! images/<image id>/image.json  the record of an image
//! images/<image id>/disk.qcow2  and kernel, initrd: its files
//! ```
//!
//! A file has its name only when it is whole and durable. All functions block, so asynchronous
//! callers run them on a thread for blocking work.
//!
//! When QEMU runs as another user, that user may open the files of disks and read those of images
//! if he knows their names, and neither list, rename nor replace any: a guest that breaks out of
//! QEMU cannot make us follow a link, nor change an image that others boot from.

mod block_node;
mod conversion;
mod copy;
mod create_volume;
mod damage;
mod directory;
mod disk_file;
mod disk_format;
mod disk_import;
mod error;
mod export;
mod file_io;
mod file_listing;
mod file_name;
mod files;
mod holders;
mod images;
mod import;
mod import_source;
mod keys;
mod opened_file;
mod place;
mod qcow2;
mod rbd;
mod recover_deleted;
mod set_back;
mod snapshot_files;
mod snapshots;
mod staging;
mod tool;
mod volume_secret;
mod volume_sync;
mod volumes;

pub use directory::Directory;
pub use disk_format::DiskFormat;
pub use disk_import::{stage, unstage};
pub use error::StorageError;
pub use export::{DiskExport, Exported, export};
pub use file_io::DiskCache;
pub(crate) use file_io::{Aio, TRIAL_BYTES};
pub(crate) use file_listing::{DiskFileFound, disk_files, keys_found, snapshots_found};
pub(crate) use file_name::checked;
pub(crate) use files::no_follow;
pub use files::{Owner, free_bytes};
pub use images::{
    BootFiles, ImageBoot, ImageListing, ImageRecord, ImageStart, Images, KernelFiles,
};
pub use import::{Import, ImportedFiles, TransferProgress};
pub use place::StoragePlace;
pub(crate) use rbd::{FencedClient, PoolControl, StillFencing};
pub use rbd::{Rbd, RbdOptions};
pub use snapshots::{Begun, Content, CopyWatch, SnapshotState, Snapshots};
pub(crate) use tool::Tool;
pub(crate) use volumes::secret_of;
pub use volumes::{Deleted, Holder, Identity, NewVolume, Opened, SyncHandle, Volume, Volumes};

/// Bytes of a GiB, in which the API counts.
pub const GIB: u64 = 1 << 30;

/// A directory that its group may pass through but not list.
const PASSABLE: u32 = 0o710;
/// A directory for ourselves.
const CLOSED: u32 = 0o700;
