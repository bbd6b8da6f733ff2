//! Where the bytes of disks and images lie: plain files in the data directory.
//!
//! ```text
//! disks/<disk id>.raw           a data disk: sparse, as long as the disk
//! disks/<disk id>.qcow2         a system disk: what its guest changed of its image
//! images/<image id>/image.json  what there is to know of an image
//! images/<image id>/disk.qcow2  and kernel, initrd: its files
//! ```
//!
//! A file has its name only when it is whole and durable. Everything here waits for the disk, so
//! asynchronous callers do it on a thread of its own.
//!
//! When QEMU runs as another user, that user may open the files of disks and read those of images
//! if he knows their names, and neither list, rename nor replace any: a guest that breaks out of
//! QEMU cannot make us follow a link, nor change an image that others boot from.

mod draft;
mod fault;
mod files;
mod images;
mod import;
mod name;
mod pool;
mod qcow2;
mod source;
mod tool;

pub use fault::StorageError;
pub use files::{Owner, free_bytes};
pub use images::{Boot, BootFiles, ImageRecord, Images, KernelFiles, Survey};
pub use import::{Import, ImportProgress, What};
pub use name::checked;
pub use pool::{DiskFile, Format, Pool};

/// Bytes of a GiB, in which the API counts.
pub const GIB: u64 = 1 << 30;

/// A directory that its group may pass through but not list.
const PASSABLE: u32 = 0o710;
/// A directory for ourselves.
const CLOSED: u32 = 0o700;
