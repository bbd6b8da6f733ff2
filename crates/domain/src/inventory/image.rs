//! Images: public ones, and those that an operator imported.

use serde::{Deserialize, Serialize};

use super::Architecture;

/// An image (DescribeImages): a public one, with `ImageOwnerAlias` = `system`, or one of the
/// operator's own.
///
/// Fields with one value for all images are left out: `Status` is `Available`, `Progress` is
/// `100%`, `Usage` is `instance`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// `ImageId`, such as `ubuntu_22_04_x64_20G_alibase_20240926.vhd`.
    pub id: String,
    /// `ImageName` of an image that was imported here, with `ImageOwnerAlias` = `self`. That of a
    /// public one is its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_name: Option<String>,
    /// `OSName`, in Chinese.
    pub os_name: String,
    /// `OSNameEn`.
    pub os_name_en: String,
    /// `OSType`.
    pub os_type: OsType,
    /// `Architecture`.
    pub architecture: Architecture,
    /// `Platform`, such as `Ubuntu` or `Windows Server 2022`.
    pub platform: String,
    /// `Size` in GiB; a system disk may not be smaller.
    pub size_gib: u32,
    /// `CreationTime`, such as `2024-09-26T00:00:00Z`.
    pub creation_time: String,
    /// `ImageFamily`, such as `acs:ubuntu_22_04_x64`; empty when the image is in none.
    pub image_family: String,
    /// `BootMode`.
    pub boot_mode: BootMode,
    /// `Description`.
    pub description: String,
    /// `Features.NvmeSupport`: whether the NVMe driver is installed.
    pub nvme_support: bool,
    /// `IsSupportCloudinit`.
    pub cloud_init: bool,
    /// `LoginAsNonRootSupported`.
    pub login_as_non_root: bool,
}

impl Image {
    /// `ImageName`.
    pub fn name(&self) -> &str {
        self.own_name.as_deref().unwrap_or(&self.id)
    }

    /// Whether it was imported here.
    pub fn is_own(&self) -> bool {
        self.own_name.is_some()
    }
}

/// `OSType` of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OsType {
    /// Linux and the BSDs.
    #[default]
    Linux,
    /// Windows Server.
    Windows,
}

impl OsType {
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
        }
    }
}

/// `BootMode` of an image; `SupportedBootMode` of an instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum BootMode {
    /// BIOS.
    #[default]
    #[serde(rename = "BIOS")]
    Bios,
    /// UEFI.
    #[serde(rename = "UEFI")]
    Uefi,
    /// UEFI where the instance type has it, else BIOS.
    #[serde(rename = "UEFI-Preferred")]
    UefiPreferred,
}

impl BootMode {
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bios => "BIOS",
            Self::Uefi => "UEFI",
            Self::UefiPreferred => "UEFI-Preferred",
        }
    }
}
