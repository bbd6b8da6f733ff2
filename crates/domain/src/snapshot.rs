//! A snapshot: the content of a disk at one moment.
//!
//! ```text
//!  progressing --accomplished--> accomplished
//!              --failed--------> failed
//! ```
//!
//! It lives on its own: neither the release of its disk nor that of a disk made from it takes it
//! away.

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, DiskKind};
use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::{AccountId, DiskId, SnapshotGroupId, SnapshotId};
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;
use crate::vocabulary::IllegalTransition;

/// Bytes in a GiB.
const GIB: i64 = 1 << 30;
/// Seconds in a day.
const DAY_S: i64 = 24 * 3_600;

string_enum!(
    /// Where a snapshot is.
    SnapshotStatus {
        /// Being made.
        Progressing = "progressing",
        /// There.
        Accomplished = "accomplished",
        /// It could not be made.
        Failed = "failed",
    }
);

string_enum!(
    /// The retired distinction of where snapshots are kept.
    SnapshotCategory {
        /// With all others.
        Standard = "standard",
        /// Near its disk.
        Flash = "flash",
    }
);

string_enum!(
    /// The maker of a snapshot.
    SnapshotOrigin {
        /// An automatic snapshot policy.
        Auto = "auto",
        /// A request.
        User = "user",
    }
);

/// A snapshot of a disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiskSnapshot {
    /// `s-…`.
    pub id: SnapshotId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// Its disk, which may be gone.
    pub disk: DiskId,
    /// The kind of the disk.
    pub disk_kind: DiskKind,
    /// GiB that the disk had.
    pub size_gib: u32,
    /// The image that the disk was made from, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Whether the disk was encrypted.
    #[serde(default)]
    pub encrypted: bool,
    /// The key of an encrypted disk.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kms_key_id: String,
    /// The snapshot group that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<SnapshotGroupId>,
    /// The snapshot of another region that it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<CopiedFrom>,
    /// Its maker.
    pub origin: SnapshotOrigin,
    /// The retired category.
    pub category: SnapshotCategory,
    /// Where it is.
    pub status: SnapshotStatus,
    /// Display name, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// The host that has its bytes; empty where the server has them itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The retired switch for instant access.
    #[serde(default)]
    pub instant_access: bool,
    /// Days of instant access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant_access_days: Option<u32>,
    /// Days that it is kept; for ever if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// When the request was accepted.
    pub created_at: Moment,
    /// When it was changed last.
    pub modified_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// The snapshot that another one is a copy of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedFrom {
    /// Its region.
    pub region: String,
    /// Itself.
    pub snapshot: SnapshotId,
}

impl DiskSnapshot {
    /// A snapshot of this disk, progressing, with the defaults of CreateSnapshot.
    pub fn of(disk: &Disk, id: SnapshotId, now: Moment) -> DiskSnapshot {
        DiskSnapshot {
            id,
            account: disk.account.clone(),
            region: disk.region.clone(),
            disk: disk.id.clone(),
            disk_kind: disk.kind,
            size_gib: disk.size_gib,
            image: disk.image.clone(),
            encrypted: disk.encrypted,
            kms_key_id: disk.kms_key_id.clone(),
            group: None,
            copied_from: None,
            origin: SnapshotOrigin::User,
            category: SnapshotCategory::Standard,
            status: SnapshotStatus::Progressing,
            name: String::new(),
            description: String::new(),
            tags: Vec::new(),
            resource_group: disk.resource_group.clone(),
            host: disk.host.clone(),
            instant_access: false,
            instant_access_days: None,
            retention_days: None,
            created_at: now,
            modified_at: now,
            unknown: UnknownFields::default(),
        }
    }

    /// progressing → accomplished.
    pub fn accomplished(&mut self, now: Moment) -> Result<(), IllegalTransition> {
        self.end(SnapshotStatus::Accomplished, now)
    }

    /// progressing → failed.
    pub fn failed(&mut self, now: Moment) -> Result<(), IllegalTransition> {
        self.end(SnapshotStatus::Failed, now)
    }

    fn end(&mut self, status: SnapshotStatus, now: Moment) -> Result<(), IllegalTransition> {
        if self.status != SnapshotStatus::Progressing {
            return Err(IllegalTransition);
        }
        (self.status, self.modified_at) = (status, now);
        Ok(())
    }

    /// Whether a disk can be made from it, or set back to it.
    pub fn is_accomplished(&self) -> bool {
        self.status == SnapshotStatus::Accomplished
    }

    /// Bytes, as of the whole disk.
    pub fn size_bytes(&self) -> i64 {
        i64::from(self.size_gib) * GIB
    }

    /// When it is to be deleted; never if it is kept for ever.
    pub fn expires_at(&self) -> Option<Moment> {
        self.retention_days.map(|days| self.created_at.plus_s(i64::from(days) * DAY_S))
    }
}

impl EntityId for SnapshotId {
    type Entity = DiskSnapshot;
}

impl Entity for DiskSnapshot {
    common_fields!(SnapshotId);

    const KIND: EntityKind = EntityKind {
        name: "snapshot",
        plural: "snapshots",
        id_prefix: "s-",
        by_name: false,
        columns: &["status", "origin"],
    };

    fn columns(&self) -> Vec<&str> {
        vec![self.status.as_str(), self.origin.as_str()]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        let group = self.group.as_ref().map_or("", SnapshotGroupId::as_str);
        vec![("name", &self.name), ("disk", self.disk.as_str()), ("group", group)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}
