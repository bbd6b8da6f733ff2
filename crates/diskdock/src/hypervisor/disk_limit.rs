//! The most that a guest gets out of a disk, as operations carry it to a driver.

use domain::disk::Specification;
use domain::performance::{self, Performance};
use domain::{Disk, DiskId};
use serde::{Deserialize, Serialize};

/// The most that a guest gets out of a disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskLimit {
    /// The disk.
    pub disk: DiskId,
    /// The limit.
    pub performance: Performance,
}

impl DiskLimit {
    /// The limit of this disk.
    pub(crate) fn of(disk: &Disk) -> DiskLimit {
        DiskLimit::with(disk, &disk.specification())
    }

    /// The limit of this disk once it has this specification.
    pub(crate) fn with(disk: &Disk, to: &Specification) -> DiskLimit {
        let performance = performance::limit(to, disk.size_gib, disk.bursting_enabled);
        DiskLimit { disk: disk.id.clone(), performance }
    }
}
