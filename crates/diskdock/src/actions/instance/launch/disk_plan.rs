//! A disk of a launch, before it is made, and what its category allows.

use domain::{DiskSnapshot, SnapshotId, SnapshotPolicyId, performance};

use crate::actions::prelude::*;

/// A disk that is to be made.
pub(crate) struct DiskPlan {
    /// Category.
    pub category: Category,
    /// Level of a `cloud_essd` disk.
    pub level: Option<PerformanceLevel>,
    /// GiB; none if the request says nothing.
    pub size_gib: Option<u32>,
    /// GiB that it has at least: those of the disk of the image that it is made from.
    pub least_gib: u32,
    /// Display name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The key that it names.
    pub kms_key: String,
    /// Whether it bursts.
    pub bursts: bool,
    /// Bought operations a second.
    pub iops: Option<u32>,
    /// Released with the instance.
    pub delete_with_instance: bool,
    /// The device name asked for.
    pub device: Option<String>,
    /// The automatic snapshot policy that it is to have.
    pub policy: Option<SnapshotPolicyId>,
    /// The snapshot that it is to be made from.
    pub snapshot_id: Option<SnapshotId>,
    /// That snapshot, if it exists.
    pub snapshot: Option<DiskSnapshot>,
    /// Whether Encrypted=false was asked for.
    pub plain_asked: bool,
    /// Whether the zone sells the category.
    pub zone_sells: bool,
    /// Whether the type takes the category.
    pub type_takes: bool,
}

impl DiskPlan {
    /// The disk that begins with this snapshot: it has its size, whatever was asked for, and is
    /// encrypted if it is.
    pub(crate) fn beginning_with(self, snapshot: Option<DiskSnapshot>) -> DiskPlan {
        let Some(found) = &snapshot else { return self };
        let kms_key =
            if self.kms_key.is_empty() { found.kms_key_id.clone() } else { self.kms_key.clone() };
        DiskPlan {
            size_gib: Some(found.size_gib),
            encrypted: self.encrypted || found.encrypted,
            kms_key,
            snapshot,
            ..self
        }
    }

    /// Whether the snapshot that is asked for exists.
    pub(crate) fn snapshot_exists(&self) -> bool {
        self.snapshot_id.is_none() || self.snapshot.is_some()
    }

    /// Whether a disk can be made from its snapshot by now.
    pub(crate) fn snapshot_is_ready(&self) -> bool {
        self.snapshot.as_ref().is_none_or(DiskSnapshot::is_accomplished)
    }

    /// Whether an encrypted snapshot is not asked for in plain.
    pub(crate) fn stays_encrypted(&self) -> bool {
        !self.plain_asked || self.snapshot.as_ref().is_none_or(|snapshot| !snapshot.encrypted)
    }

    /// Whether the size of a data disk is one that its category allows at any level.
    pub(crate) fn data_size_fits_category(&self) -> bool {
        let (min, max) = self.category.data_sizes(Some(PerformanceLevel::Pl0));
        self.size_gib.is_some_and(|size| (min.max(self.least_gib)..=max).contains(&size))
    }

    /// Whether the size of a data disk is one that its level allows.
    pub(crate) fn data_size_fits_level(&self) -> bool {
        let (min, max) = self.category.data_sizes(self.level);
        self.size_gib.is_some_and(|size| (min..=max).contains(&size))
    }

    /// Whether the size allows the bought operations a second.
    pub(crate) fn iops_fit(&self) -> bool {
        performance::iops_fit(self.iops, self.size_gib.unwrap_or(0))
    }

    /// Whether a disk of this size can burst, if it is to.
    pub(crate) fn burst_size_fits(&self) -> bool {
        !self.bursts || self.size_gib.is_none_or(|size| size > 3)
    }

    /// Whether it is of the one category that bursts and whose performance can be bought.
    pub(crate) fn is_auto(&self) -> bool {
        self.category == Category::CloudAuto
    }
}
