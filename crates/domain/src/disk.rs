//! A disk: its fields, its states, and the only ways from one state to another.
//!
//! ```text
//!             created                    attach                attached
//!  Creating ----------> Available ------------------> Attaching --------> In_use
//!                          ^  ^      attach_failed       |                |  ^
//!                          |  '--------------------------'        detach  |  | detach_failed
//!                          |                detached                      v  |
//!                          '------------------------------------------ Detaching
//!
//!  In_use --let_go--> Available: a guest that let go after nobody waited for it any more.
//! ```
//!
//! The status is not stored: it follows from where the disk is. A multi-attach disk walks the
//! lower part once for each instance; it is Available only when the last one has let go.
//!
//! Every attachment has a generation. An event or a late completion that carries another
//! generation than the attachment it finds changes nothing.

mod growth;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, DiskId, InstanceId};
use crate::instance::LockReason;
use crate::moment::Moment;
use crate::tag::{self, Tag};

/// What clients see as `Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskStatus {
    /// Being made.
    Creating,
    /// Attached to nothing.
    Available,
    /// An attach was accepted and is not finished.
    Attaching,
    /// Attached.
    InUse,
    /// A detach was accepted and is not finished.
    Detaching,
}

impl DiskStatus {
    /// The literal on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            DiskStatus::Creating => "Creating",
            DiskStatus::Available => "Available",
            DiskStatus::Attaching => "Attaching",
            DiskStatus::InUse => "In_use",
            DiskStatus::Detaching => "Detaching",
        }
    }
}

/// A closed set of words on the wire, with a way back from text.
macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $line:literal])* $variant:ident = $text:literal),* $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $line])* #[serde(rename = $text)] $variant),* }

        impl $name {
            /// Every literal, in the order of the documentation.
            pub const WORDS: &'static [&'static str] = &[$($text),*];

            /// The literal on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// The variant of a literal; the case must match.
            pub fn from_word(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words!(
    /// System disks carry the operating system.
    DiskKind {
        /// The disk that the instance boots from.
        System = "system",
        /// Any other disk.
        Data = "data",
    }
);

words!(
    /// How a disk is paid for.
    ChargeType {
        /// Subscription.
        PrePaid = "PrePaid",
        /// Pay-as-you-go.
        PostPaid = "PostPaid",
    }
);

words!(
    /// The vendor's disk categories.
    Category {
        /// Basic disk.
        Cloud = "cloud",
        /// Ultra disk.
        CloudEfficiency = "cloud_efficiency",
        /// Standard SSD.
        CloudSsd = "cloud_ssd",
        /// Enterprise SSD.
        CloudEssd = "cloud_essd",
        /// ESSD AutoPL.
        CloudAuto = "cloud_auto",
        /// ESSD Entry.
        CloudEssdEntry = "cloud_essd_entry",
        /// Regional ESSD.
        CloudRegionalDiskAuto = "cloud_regional_disk_auto",
        /// Elastic ephemeral disk, standard.
        ElasticEphemeralDiskStandard = "elastic_ephemeral_disk_standard",
        /// Elastic ephemeral disk, premium.
        ElasticEphemeralDiskPremium = "elastic_ephemeral_disk_premium",
        /// Local SSD; comes and goes with the instance.
        LocalSsdPro = "local_ssd_pro",
        /// Local hard disk; comes and goes with the instance.
        LocalHddPro = "local_hdd_pro",
        /// Historic local disk.
        Ephemeral = "ephemeral",
        /// Historic local SSD.
        EphemeralSsd = "ephemeral_ssd",
    }
);

impl Category {
    /// Local disks live and die with their instance and never come off it.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            Category::LocalSsdPro
                | Category::LocalHddPro
                | Category::Ephemeral
                | Category::EphemeralSsd
        )
    }

    /// Elastic ephemeral disks go back only to the instance they came from.
    pub fn is_elastic_ephemeral(self) -> bool {
        matches!(
            self,
            Category::ElasticEphemeralDiskStandard | Category::ElasticEphemeralDiskPremium
        )
    }

    /// The ESSD family, the only one that can be attached to several instances.
    pub fn is_essd(self) -> bool {
        matches!(
            self,
            Category::CloudEssd
                | Category::CloudAuto
                | Category::CloudEssdEntry
                | Category::CloudRegionalDiskAuto
        )
    }

    /// Smallest and largest size in GiB as a data disk (documentation of CreateDisk, 2026).
    pub fn data_sizes(self, level: Option<PerformanceLevel>) -> (u32, u32) {
        match self {
            Category::Cloud => (5, 2_000),
            Category::CloudEfficiency | Category::CloudSsd => (20, 32_768),
            Category::CloudEssd => (level.unwrap_or(PerformanceLevel::Pl1).smallest(), 65_536),
            Category::CloudAuto => (1, 65_536),
            Category::CloudEssdEntry => (10, 32_768),
            Category::CloudRegionalDiskAuto => (10, 65_536),
            Category::ElasticEphemeralDiskStandard | Category::ElasticEphemeralDiskPremium => {
                (64, 8_192)
            }
            Category::LocalSsdPro
            | Category::LocalHddPro
            | Category::Ephemeral
            | Category::EphemeralSsd => (5, 65_536),
        }
    }

    /// Smallest and largest size in GiB as a system disk; `None` where it cannot be one.
    pub fn system_sizes(self, level: Option<PerformanceLevel>) -> Option<(u32, u32)> {
        match self {
            Category::Cloud => Some((20, 500)),
            Category::CloudEfficiency | Category::CloudSsd | Category::CloudEssdEntry => {
                Some((20, 2_048))
            }
            Category::CloudEssd => Some((level.unwrap_or(PerformanceLevel::Pl1).smallest(), 2_048)),
            Category::CloudAuto => Some((1, 2_048)),
            Category::CloudRegionalDiskAuto
            | Category::ElasticEphemeralDiskStandard
            | Category::ElasticEphemeralDiskPremium
            | Category::LocalSsdPro
            | Category::LocalHddPro
            | Category::Ephemeral
            | Category::EphemeralSsd => None,
        }
    }
}

words!(
    /// Performance levels of `cloud_essd`.
    PerformanceLevel {
        /// Level 0.
        Pl0 = "PL0",
        /// Level 1, the default.
        Pl1 = "PL1",
        /// Level 2.
        Pl2 = "PL2",
        /// Level 3.
        Pl3 = "PL3",
    }
);

impl PerformanceLevel {
    /// The smallest size in GiB of an ESSD at this level.
    pub fn smallest(self) -> u32 {
        match self {
            PerformanceLevel::Pl0 => 1,
            PerformanceLevel::Pl1 => 20,
            PerformanceLevel::Pl2 => 461,
            PerformanceLevel::Pl3 => 1_261,
        }
    }
}

/// Where an attachment is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The guest does not have the device yet.
    Attaching,
    /// The guest has the device.
    Attached,
    /// The guest was asked to let go, or will be.
    Detaching {
        /// What `DeleteWithInstance` is to be once the disk is off.
        delete_with_instance: bool,
    },
}

/// A disk on an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The instance that has it.
    pub instance: InstanceId,
    /// The device name that clients see, such as `/dev/xvdb`.
    pub device: String,
    /// When the attach was accepted.
    pub attached_at: Moment,
    /// Which attachment of the disk this is, counted from 1 over its whole life.
    pub generation: u64,
    /// Where it is on its way.
    pub phase: Phase,
}

/// A disk. Everything a client can learn about one follows from these fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// `d-…`.
    pub id: DiskId,
    /// Whose it is.
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
    /// GiB that it had before the resize that is under way; none while it does not grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growing_from_gib: Option<u32>,
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
    /// Locks on the disk itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LockReason>,
    /// When CreateDisk or RunInstances was accepted.
    pub created_at: Moment,
    /// Whether the bytes exist. False while Creating.
    pub created: bool,
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
    /// It was a system disk and its instance still exists: it cannot be released on its own.
    #[serde(default)]
    pub delete_protected: bool,
    /// How many attachments it has had.
    #[serde(default)]
    pub generation: u64,
    /// Where it is now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

/// Part of a storage set that a disk was asked to be placed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageSet {
    /// `ss-…`.
    pub id: String,
    /// From 1.
    pub partition: u32,
}

/// A transition that the state machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegal;

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
            growing_from_gib: None,
            charge_type: ChargeType::PostPaid,
            portable: true,
            name: String::new(),
            description: String::new(),
            tags: Vec::new(),
            encrypted: false,
            kms_key_id: String::new(),
            delete_with_instance: false,
            delete_auto_snapshot: true,
            enable_auto_snapshot: true,
            bursting_enabled: false,
            provisioned_iops: None,
            multi_attach: false,
            source_snapshot: String::new(),
            image: String::new(),
            resource_group: String::new(),
            storage_set: None,
            locks: Vec::new(),
            created_at: now,
            created: true,
            expires_at: None,
            attached_at: None,
            detached_at: None,
            charge_type_changed_at: None,
            origin: None,
            delete_protected: false,
            generation: 0,
            attachments: Vec::new(),
        }
    }

    /// What clients see.
    pub fn status(&self) -> DiskStatus {
        if !self.created {
            return DiskStatus::Creating;
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

    /// Its attachment to this instance, if it has one.
    pub fn on(&self, instance: &InstanceId) -> Option<&Attachment> {
        self.attachments.iter().find(|at| at.instance == *instance)
    }

    /// The one instance that a disk without multi-attach is on.
    pub fn sole_attachment(&self) -> Option<&Attachment> {
        if self.multi_attach { None } else { self.attachments.first() }
    }

    /// Creating → Available, or → In_use when it was made together with its instance.
    pub fn created(&mut self) -> Result<(), Illegal> {
        if self.created {
            return Err(Illegal);
        }
        self.created = true;
        Ok(())
    }

    /// Available → Attaching; or, with multi-attach, one more instance. Gives the generation.
    pub fn attach(
        &mut self,
        instance: InstanceId,
        device: String,
        now: Moment,
    ) -> Result<u64, Illegal> {
        let free = if self.multi_attach {
            self.status() != DiskStatus::Detaching && self.on(&instance).is_none()
        } else {
            self.attachments.is_empty()
        };
        if !self.created || !free {
            return Err(Illegal);
        }
        self.generation += 1;
        self.attached_at = Some(now);
        let phase = Phase::Attaching;
        let generation = self.generation;
        self.attachments.push(Attachment { instance, device, attached_at: now, generation, phase });
        Ok(generation)
    }

    /// Attaching → In_use.
    pub fn attached(&mut self, instance: &InstanceId, generation: u64) -> Result<(), Illegal> {
        self.attachment_in(instance, generation, |phase| matches!(phase, Phase::Attaching))?
            .phase = Phase::Attached;
        Ok(())
    }

    /// Attaching → Available: the attach came to nothing.
    pub fn attach_failed(&mut self, instance: &InstanceId, generation: u64) -> Result<(), Illegal> {
        self.attachment_in(instance, generation, |phase| matches!(phase, Phase::Attaching))?;
        self.attachments.retain(|at| at.instance != *instance);
        Ok(())
    }

    /// In_use → Detaching. Gives the generation of the attachment that is to end.
    pub fn detach(
        &mut self,
        instance: &InstanceId,
        delete_with_instance: bool,
    ) -> Result<u64, Illegal> {
        let found = self.attachments.iter_mut().find(|at| at.instance == *instance);
        let attachment = found.filter(|at| at.phase == Phase::Attached).ok_or(Illegal)?;
        attachment.phase = Phase::Detaching { delete_with_instance };
        Ok(attachment.generation)
    }

    /// Detaching → Available (or In_use, if other instances still have it).
    ///
    /// A system disk becomes a data disk that remembers its instance and is protected from
    /// release while that instance exists.
    pub fn detached(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        now: Moment,
    ) -> Result<(), Illegal> {
        let detaching = |phase: &Phase| matches!(phase, Phase::Detaching { .. });
        let phase = self.attachment_in(instance, generation, detaching)?.phase;
        if let Phase::Detaching { delete_with_instance } = phase {
            self.delete_with_instance = delete_with_instance;
        }
        self.attachments.retain(|at| at.instance != *instance);
        self.detached_at = Some(now);
        if self.kind == DiskKind::System {
            self.leave_as_former_system_disk(instance);
        }
        if self.category.is_elastic_ephemeral() {
            self.origin = Some(instance.clone());
        }
        Ok(())
    }

    fn leave_as_former_system_disk(&mut self, instance: &InstanceId) {
        self.kind = DiskKind::Data;
        self.origin = Some(instance.clone());
        self.delete_protected = true;
        let paid = match self.charge_type {
            ChargeType::PrePaid => "Prepaid",
            ChargeType::PostPaid => "AfterPay",
        };
        tag::set(&mut self.tags, Tag::new("acs:ecs:sourceInstanceId", instance.as_str()));
        tag::set(&mut self.tags, Tag::new("acs:ecs:diskDeleteProtection", "true"));
        tag::set(&mut self.tags, Tag::new("acs:ecs:diskPayType", paid));
    }

    /// Detaching → In_use: the guest did not let go.
    pub fn detach_failed(&mut self, instance: &InstanceId, generation: u64) -> Result<(), Illegal> {
        let detaching = |phase: &Phase| matches!(phase, Phase::Detaching { .. });
        self.attachment_in(instance, generation, detaching)?.phase = Phase::Attached;
        Ok(())
    }

    /// In_use → Available (or In_use, if other instances still have it): the guest of this instance
    /// has let go of a data disk although nobody waits for that, as after a detach that was given
    /// up.
    pub fn let_go(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        now: Moment,
    ) -> Result<(), Illegal> {
        self.attachment_in(instance, generation, |phase| matches!(phase, Phase::Attached))?;
        if self.kind == DiskKind::System {
            return Err(Illegal);
        }
        self.detach(instance, false)?;
        self.detached(instance, generation, now)
    }

    /// The instance is gone, and with it the attachment, whatever its phase.
    pub fn instance_gone(&mut self, instance: &InstanceId, now: Moment) {
        if self.on(instance).is_none() {
            return;
        }
        self.attachments.retain(|at| at.instance != *instance);
        self.detached_at = Some(now);
        self.delete_with_instance = false;
        self.delete_protected = false;
        self.kind = DiskKind::Data;
    }

    fn attachment_in(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        wanted: impl Fn(&Phase) -> bool,
    ) -> Result<&mut Attachment, Illegal> {
        let found = self.attachments.iter_mut().find(|at| at.instance == *instance);
        found.filter(|at| at.generation == generation && wanted(&at.phase)).ok_or(Illegal)
    }
}

/// The name of the `index`-th data disk of an instance, from 0: `/dev/xvdb`, …, `/dev/xvdz`,
/// `/dev/xvdaa`, ….
pub fn device_name(index: usize) -> Option<String> {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n).unwrap_or(0));
    match index {
        0..25 => Some(format!("/dev/xvd{}", letter(index + 1))),
        25..crate::limits::DEVICE_NAMES => {
            let pair = index - 25;
            Some(format!("/dev/xvd{}{}", letter(pair / 26), letter(pair % 26)))
        }
        _ => None,
    }
}

/// The device name of every system disk.
pub const SYSTEM_DEVICE: &str = "/dev/xvda";
