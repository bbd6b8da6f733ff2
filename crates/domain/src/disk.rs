//! A disk: its fields, its states, and the only ways from one state to another, which are in
//! `disk/attachment.rs` and `disk/activity.rs`.
//!
//! ```text
//!             created                    attach                attached
//!  Creating ----------> Available ------------------> Attaching --------> In_use
//!                          ^  ^      fail_attach       |                |  ^
//!                          |  '--------------------------'        detach  |  | fail_detach
//!                          |                detached                      v  |
//!                          '------------------------------------------ Detaching
//!
//!  Available or In_use --reinit--> ReIniting --reinited--> Available or In_use, as it was
//!
//!  In_use --detached_by_guest--> Available: a guest released the disk after the detach timed out.
//!  Available or Creating --found_attached--> In_use: a guest has the disk, which an older store
//!  did not know.
//! ```
//!
//! The status is not stored: it follows from where the disk is. A multi-attach disk walks the
//! lower part once for each instance; it is Available only when the last one has released it.
//!
//! Every attachment has a generation. An event or a late completion that carries another
//! generation than the attachment it finds changes nothing.

mod activity;
mod attachment;
mod damage;
mod device;
mod entity;

use serde::{Deserialize, Serialize};

use crate::category::{Category, PerformanceLevel};
use crate::ids::{AccountId, DiskId, InstanceId};
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;
use crate::vocabulary::{ChargeType, LockReason};

pub use activity::{Activity, Specification};
pub use attachment::{Attachment, Phase};
pub use damage::{Damage, DiskHealth};
pub use device::{SYSTEM_DEVICE, first_free_device};

string_enum!(
    /// `Status` as clients see it.
    DiskStatus {
        /// Being made.
        Creating = "Creating",
        /// Attached to nothing. An attached disk becomes Available in
        /// `Disk::remove_attachment` alone, a new one by `Disk::new` or `Disk::created`, one that
        /// got its first content back by `Disk::reinited`.
        Available = "Available",
        /// An attach was accepted and is not finished.
        Attaching = "Attaching",
        /// Attached.
        InUse = "In_use",
        /// A detach was accepted and is not finished.
        Detaching = "Detaching",
        /// Its bytes are being set back.
        ReIniting = "ReIniting",
    }
);

string_enum!(
    /// System disks carry the operating system.
    DiskKind {
        /// The disk that the instance boots from.
        System = "system",
        /// Any other disk.
        Data = "data",
    }
);

/// A disk. Everything a client can learn about one follows from these fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    /// `d-…`.
    pub id: DiskId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// The zone it lies in.
    pub zone: String,
    /// System or data.
    pub kind: DiskKind,
    /// The vendor's category.
    pub category: Category,
    /// Only for `cloud_essd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_level: Option<PerformanceLevel>,
    /// GiB; while it grows, the new size.
    pub size_gib: u32,
    /// The activity on its bytes, if any.
    #[serde(flatten, with = "activity")]
    pub activity: Option<Activity>,
    /// How it is paid for.
    pub charge_type: ChargeType,
    /// Whether it can come off its instance and live on its own.
    pub portable: bool,
    /// Display name, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// As asked for at creation.
    #[serde(default)]
    pub encrypted: bool,
    /// As asked for at creation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kms_key_id: String,
    /// Released together with its instance.
    pub delete_with_instance: bool,
    /// Its automatic snapshots are released with it.
    pub delete_auto_snapshot: bool,
    /// The retired automatic-snapshot switch.
    pub enable_auto_snapshot: bool,
    /// The automatic snapshot policy that it has, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub auto_snapshot_policy: String,
    /// Burst performance of `cloud_auto`.
    #[serde(default)]
    pub bursting_enabled: bool,
    /// Bought performance of `cloud_auto`, in operations a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_iops: Option<u32>,
    /// Can be on several instances at a time.
    #[serde(default)]
    pub multi_attach: bool,
    /// The snapshot it was made from, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_snapshot: String,
    /// The image it was made from (system disks), or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// Storage set and partition as asked for at creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_set: Option<StorageSet>,
    /// The host that has its bytes; empty if they are nowhere yet, or where the server has them
    /// itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Whether its bytes are still to be made, by its first attach on a host.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmade: bool,
    /// Locks on the disk itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LockReason>,
    /// When CreateDisk or RunInstances was accepted.
    pub created_at: Moment,
    /// When a subscription ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    /// Last attach; kept after a detach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_at: Option<Moment>,
    /// Last detach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detached_at: Option<Moment>,
    /// Last switch of the billing method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_type_changed_at: Option<Moment>,
    /// The instance whose system disk this was before it was detached; or, for an elastic
    /// ephemeral disk, the instance it was last on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<InstanceId>,
    /// Whether it was the system disk of an instance that still exists: then it cannot be released
    /// on its own.
    #[serde(default)]
    pub delete_protected: bool,
    /// Why acknowledged writes to it may be lost; none while it is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<Box<Damage>>,
    /// How many attachments it has had.
    #[serde(default)]
    pub generation: u64,
    /// Where it is now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// Part of a storage set that a disk was asked to be placed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageSet {
    /// `ss-…`.
    pub id: String,
    /// From 1.
    pub partition: u32,
}

impl Disk {
    /// A new pay-as-you-go data disk that is Available, with the defaults of CreateDisk.
    pub fn new(
        id: DiskId,
        account: AccountId,
        category: Category,
        size_gib: u32,
        now: Moment,
    ) -> Disk {
        Disk {
            id,
            account,
            region: String::new(),
            zone: String::new(),
            kind: DiskKind::Data,
            category,
            performance_level: None,
            size_gib,
            activity: None,
            charge_type: ChargeType::PostPaid,
            portable: true,
            name: String::new(),
            description: String::new(),
            tags: Vec::new(),
            encrypted: false,
            kms_key_id: String::new(),
            delete_with_instance: false,
            delete_auto_snapshot: false,
            enable_auto_snapshot: true,
            auto_snapshot_policy: String::new(),
            bursting_enabled: false,
            provisioned_iops: None,
            multi_attach: false,
            source_snapshot: String::new(),
            image: String::new(),
            resource_group: String::new(),
            storage_set: None,
            host: String::new(),
            unmade: false,
            locks: Vec::new(),
            created_at: now,
            expires_at: None,
            attached_at: None,
            detached_at: None,
            charge_type_changed_at: None,
            origin: None,
            delete_protected: false,
            damage: None,
            generation: 0,
            attachments: Vec::new(),
            unknown: UnknownFields::default(),
        }
    }

    /// The status as clients see it. It follows from activity and attachments: a disk without
    /// either is Available.
    pub fn status(&self) -> DiskStatus {
        if !self.is_created() {
            return DiskStatus::Creating;
        }
        if self.is_reiniting() {
            return DiskStatus::ReIniting;
        }
        let any = |wanted: fn(&Phase) -> bool| self.attachments.iter().any(|at| wanted(&at.phase));
        if self.attachments.is_empty() {
            DiskStatus::Available
        } else if any(|phase| matches!(phase, Phase::Detaching { .. })) {
            DiskStatus::Detaching
        } else if any(|phase| matches!(phase, Phase::Attaching)) {
            DiskStatus::Attaching
        } else {
            DiskStatus::InUse
        }
    }

    /// Whether no transition is under way: Available or In_use.
    pub fn has_stable_status(&self) -> bool {
        matches!(self.status(), DiskStatus::Available | DiskStatus::InUse)
    }

    /// Its attachment to this instance, if it has one.
    pub fn on(&self, instance: &InstanceId) -> Option<&Attachment> {
        self.attachments.iter().find(|at| at.instance == *instance)
    }

    /// Whether several instances have it, or are about to: no one of them can tell what is on it.
    pub fn is_shared(&self) -> bool {
        self.attachments.len() > 1
    }

    /// The one instance that a disk without multi-attach is on.
    pub fn sole_attachment(&self) -> Option<&Attachment> {
        if self.multi_attach { None } else { self.attachments.first() }
    }
}
