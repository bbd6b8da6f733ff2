//! Instance families and instance types.

use serde::{Deserialize, Serialize};

use crate::category::Category;

use super::BootMode;

/// Properties that the types of one family have in common (DescribeInstanceTypeFamilies).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceFamily {
    /// `InstanceTypeFamilyId`, such as `ecs.g6`.
    pub id: String,
    /// `Generation`, such as `ecs-5`.
    pub generation: String,
    /// `InstanceFamilyLevel`.
    pub level: FamilyLevel,
    /// `InstanceCategory`, such as `General-purpose`.
    pub category: String,
    /// `PhysicalProcessorModel`.
    pub processor: String,
    /// `CpuSpeedFrequency` in GHz.
    pub clock_ghz: f64,
    /// `CpuTurboFrequency` in GHz; 0 without turbo.
    pub turbo_ghz: f64,
    /// Whether its instances are I/O optimised; encrypted disks ask for that.
    pub io_optimized: bool,
    /// `JumboFrameSupport`.
    pub jumbo_frames: bool,
    /// `EniTrunkSupported`.
    pub interface_trunking: bool,
    /// `SupportedBootModes`.
    pub boot_modes: Vec<BootMode>,
    /// Disk categories its instances can take.
    pub disk_categories: Vec<String>,
}

impl InstanceFamily {
    /// Whether instances of this family can take disks of this category.
    pub fn takes_category(&self, category: &str) -> bool {
        self.disk_categories.iter().any(|taken| taken == category)
    }
}

/// An instance type (DescribeInstanceTypes) with what attaching and detaching disks depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceType {
    /// `InstanceTypeId`, such as `ecs.g6.large`.
    pub id: String,
    /// `InstanceTypeFamily`; the id of an [`InstanceFamily`].
    pub family: String,
    /// `CpuArchitecture`.
    pub architecture: Architecture,
    /// `CpuCoreCount`: virtual processors.
    pub cpu: u32,
    /// `CpuOptions.ThreadsPerCore`.
    pub threads_per_core: u32,
    /// `MemorySize` in GiB.
    pub memory_gib: f64,
    /// Whether a running instance can take another disk.
    pub hot_attach: bool,
    /// Whether a running instance can give a disk away.
    pub hot_detach: bool,
    /// `NvmeSupport`.
    pub nvme_support: NvmeSupport,
    /// Whether its instances can take disks shared with other instances.
    pub multi_attach: bool,
    /// `DiskQuantity`: cloud disks an instance can hold, the system disk included.
    pub disk_quantity: u32,
    /// Network figures.
    pub network: NetworkPerformance,
    /// Local disks, if any.
    pub local_storage: Option<LocalStorage>,
    /// Processor credits of burstable types.
    pub credits: Option<Credits>,
    /// Graphics processors, if any.
    pub gpu: Option<Gpu>,
}

impl InstanceType {
    /// `CpuOptions.Core`: physical cores.
    pub fn cores(&self) -> u32 {
        (self.cpu / self.threads_per_core.max(1)).max(1)
    }
}

/// Network figures of an instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkPerformance {
    /// `InstanceBandwidthRx` and `InstanceBandwidthTx` in kbit/s.
    pub bandwidth_kbps: u32,
    /// `InstancePpsRx` and `InstancePpsTx`: packets a second.
    pub packets_per_second: u32,
    /// `PrimaryEniQueueNumber`, `SecondaryEniQueueNumber` and `MaximumQueueNumberPerEni`.
    pub queues_per_interface: u32,
    /// `EniQuantity`: network interfaces, the primary one included.
    pub interfaces: u32,
    /// `EniPrivateIpAddressQuantity`: private IPv4 addresses of one interface.
    pub ipv4_per_interface: u32,
    /// `EniIpv6AddressQuantity`: IPv6 addresses of one interface.
    pub ipv6_per_interface: u32,
}

impl NetworkPerformance {
    /// `TotalEniQueueQuantity`.
    pub fn total_queues(&self) -> u32 {
        self.queues_per_interface * self.interfaces
    }
}

/// Local disks of an instance type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalStorage {
    /// `LocalStorageCategory`: one of the local categories, such as `local_ssd_pro`.
    pub category: Category,
    /// `LocalStorageAmount`: number of disks.
    pub amount: u32,
    /// `LocalStorageCapacity`: size of one disk in GiB.
    pub capacity_gib: u32,
}

/// Processor credits of a burstable type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credits {
    /// `InitialCredit`.
    pub initial: u32,
    /// `BaselineCredit`: share of the processors in percent, summed over them.
    pub baseline: u32,
}

/// Graphics processors of an instance type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// `GPUSpec`: the model.
    pub model: String,
    /// `GPUAmount`: how many.
    pub amount: u32,
    /// `GPUMemorySize`: memory of one in GiB.
    pub memory_gib: f64,
}

/// Processor architecture, of an instance type or an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Architecture {
    /// 64 bit x86.
    #[default]
    #[serde(rename = "x86_64")]
    X86,
    /// 64 bit ARM.
    #[serde(rename = "arm64")]
    Arm,
}

impl Architecture {
    /// `CpuArchitecture` of DescribeInstanceTypes.
    pub fn as_type_str(self) -> &'static str {
        match self {
            Self::X86 => "X86",
            Self::Arm => "ARM",
        }
    }

    /// `Architecture` of DescribeImages.
    pub fn as_image_str(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }
}

/// `NvmeSupport` of an instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NvmeSupport {
    /// Disks are attached by virtio only.
    #[default]
    Unsupported,
    /// Disks can be attached by NVMe.
    Supported,
    /// Disks can be attached by NVMe only.
    Required,
}

impl NvmeSupport {
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Supported => "supported",
            Self::Required => "required",
        }
    }
}

/// `InstanceFamilyLevel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FamilyLevel {
    /// Shared processors.
    EntryLevel,
    /// Processors of one's own.
    #[default]
    EnterpriseLevel,
    /// Burstable processors.
    CreditEntryLevel,
}

impl FamilyLevel {
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntryLevel => "EntryLevel",
            Self::EnterpriseLevel => "EnterpriseLevel",
            Self::CreditEntryLevel => "CreditEntryLevel",
        }
    }
}
