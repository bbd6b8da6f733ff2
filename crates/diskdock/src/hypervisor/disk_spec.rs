//! The bytes of a disk to be, as operations carry them to a driver.

use domain::tag::Tag;
use domain::{Disk, DiskId, SnapshotId};
use serde::{Deserialize, Serialize};

/// The key of the tag that names the staged file whose content a new disk begins with.
pub(crate) const IMPORT_TAG: &str = "diskdock:import";

/// The bytes of a disk, as the store has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpec {
    /// The disk.
    pub disk: DiskId,
    /// GiB.
    pub size_gib: u32,
    /// The image whose content it begins with; none for an empty disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The snapshot whose content it begins with, instead of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// The staged file that it begins with, instead of either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// Whether its bytes are to be encrypted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
}

impl DiskSpec {
    /// A disk of this size, empty.
    pub fn empty(disk: DiskId, size_gib: u32) -> DiskSpec {
        DiskSpec { disk, size_gib, image: None, snapshot: None, import: None, encrypted: false }
    }

    /// The bytes of this disk.
    pub(crate) fn of(disk: &Disk) -> DiskSpec {
        let image = Some(&disk.image).filter(|image| !image.is_empty());
        let snapshot = Some(&disk.source_snapshot).filter(|snapshot| !snapshot.is_empty());
        DiskSpec {
            image: image.cloned(),
            snapshot: snapshot.map(|snapshot| SnapshotId::from(snapshot.as_str())),
            encrypted: disk.encrypted,
            ..DiskSpec::empty(disk.id.clone(), disk.size_gib)
        }
    }

    /// The bytes of this disk, which is made now.
    pub(crate) fn of_new(disk: &Disk) -> DiskSpec {
        let spec = DiskSpec::of(disk);
        let is_empty = spec.image.is_none() && spec.snapshot.is_none();
        let named = |tag: &&Tag| is_empty && tag.key == IMPORT_TAG;
        let import = disk.tags.iter().find(named).map(|tag| tag.value.clone());
        DiskSpec { import, ..spec }
    }
}
