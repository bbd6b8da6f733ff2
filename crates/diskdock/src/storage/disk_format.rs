//! The formats of the files of disks.

/// The format of a disk's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFormat {
    /// The bytes as the guest sees them.
    Raw,
    /// The differences from an image.
    Qcow2,
}

impl DiskFormat {
    pub(super) const ALL: [DiskFormat; 2] = [DiskFormat::Raw, DiskFormat::Qcow2];

    /// QEMU's name for it, and the end of the file's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            DiskFormat::Raw => "raw",
            DiskFormat::Qcow2 => "qcow2",
        }
    }
}
