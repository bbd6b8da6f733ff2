//! The shape of an inventory file, the same for the built-in table and for an operator's file.

use std::collections::{BTreeMap, BTreeSet};

use domain::Category;
use domain::inventory::{
    Architecture, BootMode, Credits, FamilyLevel, Gpu, LocalStorage, NvmeSupport, OsType,
};
use serde::Deserialize;

/// The whole file. Keys are ids, so that one entry can replace another.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    /// Whether this file stands alone instead of extending the built-in table.
    pub replace: bool,
    /// By region id.
    pub regions: BTreeMap<String, RegionRow>,
    /// By zone id.
    pub zones: BTreeMap<String, ZoneRow>,
    /// By name of the scale: figures for each size, shared by families.
    pub scales: BTreeMap<String, BTreeMap<String, ScaleRow>>,
    /// By family id.
    pub families: BTreeMap<String, FamilyRow>,
    /// By type id; one that a family also makes from its sizes wins over that.
    pub instance_types: BTreeMap<String, TypeRow>,
    /// By name of the series: images that differ in their date only.
    pub images: BTreeMap<String, SeriesRow>,
}

impl Table {
    /// Merges the entries of `other`, which win over those of `self`.
    pub(crate) fn extend(&mut self, other: Self) {
        self.drop_images_of(&other);
        self.regions.extend(other.regions);
        self.zones.extend(other.zones);
        self.scales.extend(other.scales);
        self.families.extend(other.families);
        self.instance_types.extend(other.instance_types);
        self.images.extend(other.images);
    }

    /// Drops the images which `other` declares, in any series, so that those win.
    fn drop_images_of(&mut self, other: &Self) {
        let taken: BTreeSet<&str> =
            other.images.values().flat_map(|row| row.ids.iter().map(String::as_str)).collect();
        for row in self.images.values_mut() {
            row.ids.retain(|id| !taken.contains(id.as_str()));
        }
    }
}

/// A region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionRow {
    pub local_name: String,
    /// Same as `local_name` when not given.
    pub local_name_en: Option<String>,
    /// `ecs.<region>.aliyuncs.com` when not given.
    pub endpoint: Option<String>,
    pub id_hint: String,
}

/// A zone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneRow {
    pub region: String,
    /// The zone id when not given.
    pub local_name: Option<String>,
    /// Same as `local_name` when not given.
    pub local_name_en: Option<String>,
    /// Every cloud disk when not given.
    pub disk_categories: Option<Vec<String>>,
    /// Empty means all.
    #[serde(default)]
    pub instance_families: Vec<String>,
}

/// The figures of one size: processors, network and number of disks. A file lists them in this
/// order, so that a scale reads as a table (and is read in a fraction of the time).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(from = "(u32, f64, u32, u32, u32, u32, u32, u32)")]
pub(super) struct ScaleRow {
    pub cpu: u32,
    /// Bandwidth in Gbit/s.
    pub gbps: f64,
    /// Thousand packets a second.
    pub kpps: u32,
    /// Queues of one network interface.
    pub queues: u32,
    /// Network interfaces.
    pub interfaces: u32,
    /// Private IPv4 addresses of one interface.
    pub ipv4: u32,
    /// IPv6 addresses of one interface.
    pub ipv6: u32,
    /// Cloud disks, the system disk included.
    pub disks: u32,
}

impl From<(u32, f64, u32, u32, u32, u32, u32, u32)> for ScaleRow {
    fn from(row: (u32, f64, u32, u32, u32, u32, u32, u32)) -> Self {
        let (cpu, gbps, kpps, queues, interfaces, ipv4, ipv6, disks) = row;
        Self { cpu, gbps, kpps, queues, interfaces, ipv4, ipv6, disks }
    }
}

/// A family and, by `scale`, `memory_per_cpu` or `variants`, and `sizes`, its types.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FamilyRow {
    pub generation: String,
    pub level: FamilyLevel,
    pub category: String,
    pub architecture: Architecture,
    pub processor: String,
    pub clock_ghz: f64,
    pub turbo_ghz: f64,
    pub threads_per_core: u32,
    pub io_optimized: bool,
    pub jumbo_frames: bool,
    pub interface_trunking: bool,
    pub hot_attach: bool,
    pub hot_detach: bool,
    pub nvme: NvmeSupport,
    pub multi_attach: bool,
    pub boot_modes: Vec<BootMode>,
    pub disk_categories: Vec<String>,
    /// Name of the scale its sizes are taken from.
    pub scale: Option<String>,
    /// GiB of memory for each processor.
    pub memory_per_cpu: Option<f64>,
    /// Variant (`c1m2` in `ecs.u1-c1m2.large`) to GiB of memory for each processor.
    pub variants: BTreeMap<String, f64>,
    pub sizes: Vec<String>,
    /// Size to GiB of memory, where it is not the ratio.
    pub memory: BTreeMap<String, f64>,
    /// Size to local disks.
    pub local_storage: BTreeMap<String, LocalStorage>,
}

impl Default for FamilyRow {
    fn default() -> Self {
        Self {
            generation: "ecs-6".to_owned(),
            level: FamilyLevel::EnterpriseLevel,
            category: "General-purpose".to_owned(),
            architecture: Architecture::X86,
            processor: String::new(),
            clock_ghz: 2.5,
            turbo_ghz: 0.0,
            threads_per_core: 2,
            io_optimized: true,
            jumbo_frames: false,
            interface_trunking: false,
            hot_attach: true,
            hot_detach: true,
            nvme: NvmeSupport::Unsupported,
            multi_attach: false,
            boot_modes: vec![BootMode::Bios, BootMode::Uefi],
            disk_categories: cloud_disks(),
            scale: None,
            memory_per_cpu: None,
            variants: BTreeMap::new(),
            sizes: Vec::new(),
            memory: BTreeMap::new(),
            local_storage: BTreeMap::new(),
        }
    }
}

/// A type declared by itself. Columns that are not given come from its family or from [`TYPICAL`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TypeRow {
    /// When not given: the id up to its last dot, cut at the first dash.
    pub family: Option<String>,
    pub cpu: Option<u32>,
    pub memory: Option<f64>,
    pub gbps: Option<f64>,
    pub kpps: Option<u32>,
    pub queues: Option<u32>,
    pub interfaces: Option<u32>,
    pub ipv4: Option<u32>,
    pub ipv6: Option<u32>,
    pub disks: Option<u32>,
    pub hot_attach: Option<bool>,
    pub hot_detach: Option<bool>,
    pub nvme: Option<NvmeSupport>,
    pub multi_attach: Option<bool>,
    pub local_storage: Option<LocalStorage>,
    pub credits: Option<Credits>,
    pub gpu: Option<Gpu>,
}

/// Figures of a type that gives none of its own; those of a small type of the sixth generation.
pub(super) const TYPICAL: ScaleRow = ScaleRow {
    cpu: 0,
    gbps: 1.0,
    kpps: 300,
    queues: 2,
    interfaces: 2,
    ipv4: 6,
    ipv6: 1,
    disks: 17,
};

/// Images of one system that differ in their date only.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesRow {
    pub ids: Vec<String>,
    /// Name and version of the system, such as `Ubuntu  22.04`.
    pub name: String,
    /// Made from `name`, architecture and boot mode when not given.
    pub os_name: Option<String>,
    /// Made from `name`, architecture and boot mode when not given.
    pub os_name_en: Option<String>,
    #[serde(default)]
    pub os_type: OsType,
    #[serde(default)]
    pub architecture: Architecture,
    pub platform: String,
    /// GiB.
    #[serde(default = "twenty")]
    pub size: u32,
    #[serde(default)]
    pub boot_mode: BootMode,
    /// `acs:<name of the series>` when not given; empty means none.
    pub image_family: Option<String>,
    #[serde(default)]
    pub description: String,
    /// Taken from the date in the id when not given.
    pub creation_time: Option<String>,
    #[serde(default = "yes")]
    pub nvme: bool,
    #[serde(default = "yes")]
    pub cloud_init: bool,
    #[serde(default = "yes")]
    pub login_as_non_root: bool,
}

/// The categories that are sold and taken unless a row says otherwise.
pub(super) fn cloud_disks() -> Vec<String> {
    Category::CREATABLE_WORDS.map(str::to_owned).to_vec()
}

fn twenty() -> u32 {
    20
}

fn yes() -> bool {
    true
}
