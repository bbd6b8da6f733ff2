//! A custom image: snapshots that the system disk, and further disks, of new instances begin with.
//!
//! ```text
//!  Creating --available--> Available <--> Deprecated
//!           --failed-----> CreateFailed
//! ```
//!
//! Its snapshots stay while it exists. Disks that were made from it do not need it any more.

use serde::{Deserialize, Serialize};

use crate::disk::{DiskKind, SYSTEM_DEVICE};
use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::{AccountId, SnapshotId};
use crate::inventory::{Architecture, BootMode, Image, OsType};
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;
use crate::vocabulary::IllegalTransition;

ids!(
    /// A custom image, `m-…`. Public images have ids of other forms.
    ImageId,
);

string_enum!(
    /// `Status` of an image.
    ImageStatus {
        /// Being made.
        Creating = "Creating",
        /// Instances can be made from it.
        Available = "Available",
        /// It could not be made.
        CreateFailed = "CreateFailed",
    }
);

/// `Status` of an image that instances are made from no more.
pub const DEPRECATED: &str = "Deprecated";

/// The guest's system on an image: what [`Image`] says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestSystem {
    /// `OSName`, in Chinese.
    pub os_name: String,
    /// `OSNameEn`.
    pub os_name_en: String,
    /// `OSType`.
    pub os_type: OsType,
    /// `Architecture`.
    pub architecture: Architecture,
    /// `Platform`.
    pub platform: String,
    /// `BootMode`.
    pub boot_mode: BootMode,
    /// Whether the NVMe driver is installed.
    pub nvme_support: bool,
    /// `IsSupportCloudinit`.
    pub cloud_init: bool,
    /// `LoginAsNonRootSupported`.
    pub login_as_non_root: bool,
}

impl GuestSystem {
    /// The system of this image.
    pub fn of(image: &Image) -> GuestSystem {
        GuestSystem {
            os_name: image.os_name.clone(),
            os_name_en: image.os_name_en.clone(),
            os_type: image.os_type,
            architecture: image.architecture,
            platform: image.platform.clone(),
            boot_mode: image.boot_mode,
            nvme_support: image.nvme_support,
            cloud_init: image.cloud_init,
            login_as_non_root: image.login_as_non_root,
        }
    }

    /// A system that nothing is known of but its platform.
    pub fn unknown(platform: &str, architecture: Architecture) -> GuestSystem {
        let windows = platform.starts_with("Windows");
        GuestSystem {
            os_name: platform.to_owned(),
            os_name_en: platform.to_owned(),
            os_type: if windows { OsType::Windows } else { OsType::Linux },
            architecture,
            platform: platform.to_owned(),
            boot_mode: match architecture {
                Architecture::X86 => BootMode::Bios,
                Architecture::Arm => BootMode::Uefi,
            },
            nvme_support: false,
            cloud_init: false,
            login_as_non_root: false,
        }
    }

    /// Whether processors of its kind can boot in its boot mode: those of ARM have no BIOS.
    pub fn boots(&self) -> bool {
        self.architecture == Architecture::X86 || self.boot_mode != BootMode::Bios
    }
}

/// A disk of an image: `DiskDeviceMapping`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageDisk {
    /// Whether it is the system disk.
    pub kind: DiskKind,
    /// Its device name: that of the system disk is `/dev/xvda`.
    pub device: String,
    /// GiB; disks made from it are at least as large.
    pub size_gib: u32,
    /// The snapshot that it begins with; none for an empty data disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// Whether that snapshot is encrypted.
    #[serde(default)]
    pub encrypted: bool,
}

/// A custom image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomImage {
    /// `m-…`.
    pub id: ImageId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// Unique among the custom images of the account in the region.
    pub name: String,
    /// Its family, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub family: String,
    /// Its version, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether it is made.
    pub status: ImageStatus,
    /// Whether instances are made from it no more. Only an Available one is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// The guest's system.
    pub system: GuestSystem,
    /// Its disks: the system disk first.
    pub disks: Vec<ImageDisk>,
    /// The imported or public image that its system comes from in the end, or empty. Real machines
    /// start from what it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base: String,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// When CreateImage was accepted.
    pub created_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl CustomImage {
    /// Creating → Available.
    pub fn available(&mut self) -> Result<(), IllegalTransition> {
        self.end(ImageStatus::Available)
    }

    /// Creating → CreateFailed.
    pub fn failed(&mut self) -> Result<(), IllegalTransition> {
        self.end(ImageStatus::CreateFailed)
    }

    fn end(&mut self, status: ImageStatus) -> Result<(), IllegalTransition> {
        if self.status != ImageStatus::Creating {
            return Err(IllegalTransition);
        }
        self.status = status;
        Ok(())
    }

    /// Available → Deprecated, or back.
    pub fn deprecate(&mut self, deprecated: bool) -> Result<(), IllegalTransition> {
        if self.status != ImageStatus::Available || self.deprecated == deprecated {
            return Err(IllegalTransition);
        }
        self.deprecated = deprecated;
        Ok(())
    }

    /// `Status` as the owner sees it.
    pub fn shown_status(&self) -> &'static str {
        if self.deprecated { DEPRECATED } else { self.status.as_str() }
    }

    /// Whether instances can be made from it.
    pub fn is_available(&self) -> bool {
        self.status == ImageStatus::Available && !self.deprecated
    }

    /// Its system disk.
    pub fn system_disk(&self) -> Option<&ImageDisk> {
        self.disks.iter().find(|disk| disk.kind == DiskKind::System)
    }

    /// Its data disks.
    pub fn data_disks(&self) -> impl Iterator<Item = &ImageDisk> {
        self.disks.iter().filter(|disk| disk.kind == DiskKind::Data)
    }

    /// The same as an image of the inventory; its creation time is given as text.
    pub fn as_image(&self, creation_time: String) -> Image {
        let system = self.system.clone();
        Image {
            id: self.id.to_string(),
            own_name: Some(self.name.clone()),
            os_name: system.os_name,
            os_name_en: system.os_name_en,
            os_type: system.os_type,
            architecture: system.architecture,
            platform: system.platform,
            size_gib: self.system_disk().map_or(0, |disk| disk.size_gib),
            creation_time,
            image_family: self.family.clone(),
            boot_mode: system.boot_mode,
            description: self.description.clone(),
            nvme_support: system.nvme_support,
            cloud_init: system.cloud_init,
            login_as_non_root: system.login_as_non_root,
        }
    }
}

/// Whether a disk of an image can have this device name: `/dev/xvda` is that of the system disk,
/// `/dev/xvdb` to `/dev/xvdz` those of data disks (documentation of CreateImage). `vd` and `sd`
/// in the place of `xvd` mean the same.
pub fn device_fits(kind: DiskKind, device: &str) -> bool {
    let Some(letter) = image_device(device).strip_prefix("/dev/xvd").map(str::to_owned) else {
        return false;
    };
    match kind {
        DiskKind::System => letter == "a",
        DiskKind::Data => letter.len() == 1 && ("b"..="z").contains(&&*letter),
    }
}

/// The device name as it is kept: `/dev/xvdb` for `/dev/vdb`.
pub fn image_device(device: &str) -> String {
    let letters = ["/dev/vd", "/dev/sd"].iter().find_map(|form| device.strip_prefix(form));
    letters.map_or_else(|| device.to_owned(), |letters| format!("/dev/xvd{letters}"))
}

/// Gives a device name to every disk of an image that has none: the first that is free.
pub fn name_devices(disks: &mut [ImageDisk]) {
    for at in 0..disks.len() {
        if !disks[at].device.is_empty() {
            continue;
        }
        let taken = |name: &str| disks.iter().any(|disk| disk.device == name);
        let free = ('b'..='z').map(|letter| format!("/dev/xvd{letter}")).find(|name| !taken(name));
        disks[at].device = match disks[at].kind {
            DiskKind::System => SYSTEM_DEVICE.to_owned(),
            DiskKind::Data => free.unwrap_or_default(),
        };
    }
}

impl EntityId for ImageId {
    type Entity = CustomImage;
}

impl Entity for CustomImage {
    common_fields!(ImageId);

    const KIND: EntityKind = EntityKind {
        name: "image",
        plural: "images",
        id_prefix: "m-",
        by_name: false,
        columns: &["status"],
    };

    fn columns(&self) -> Vec<&str> {
        vec![self.shown_status()]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        let mut terms = vec![("name", self.name.as_str()), ("family", &self.family)];
        let mut snapshots: Vec<&str> = self
            .disks
            .iter()
            .filter_map(|disk| disk.snapshot.as_ref())
            .map(SnapshotId::as_str)
            .collect();
        snapshots.sort_unstable();
        snapshots.dedup();
        terms.extend(snapshots.into_iter().map(|snapshot| ("snapshot", snapshot)));
        terms
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}

#[cfg(test)]
mod tests;
