//! Regions and zones.

use serde::{Deserialize, Serialize};

/// Every disk category that DescribeZones can list: those of [`Category`](crate::Category), and two
/// of the finance cloud, which no disk here is of.
pub const DISK_CATEGORIES: &[&str] = &[
    "cloud",
    "cloud_auto",
    "cloud_efficiency",
    "cloud_essd",
    "cloud_essd_entry",
    "cloud_essd_xc0",
    "cloud_essd_xc1",
    "cloud_regional_disk_auto",
    "cloud_ssd",
    "elastic_ephemeral_disk_premium",
    "elastic_ephemeral_disk_standard",
    "ephemeral",
    "ephemeral_ssd",
    "local_hdd_pro",
    "local_ssd_pro",
];

/// A region (DescribeRegions).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// `RegionId`, such as `cn-hangzhou`.
    pub id: String,
    /// `LocalName` in Chinese, the language of the API unless a caller asks for another.
    pub local_name: String,
    /// `LocalName` in English.
    pub local_name_en: String,
    /// `RegionEndpoint`, a host name.
    pub endpoint: String,
    /// The three characters with which resource ids of this region begin, such as `bp1`.
    pub id_hint: String,
    /// Its zones, sorted by id.
    pub zones: Vec<Zone>,
}

/// A zone (DescribeZones).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// `ZoneId`, such as `cn-hangzhou-h`.
    pub id: String,
    /// Id of the region it lies in.
    pub region_id: String,
    /// `LocalName` in Chinese.
    pub local_name: String,
    /// `LocalName` in English.
    pub local_name_en: String,
    /// Disk categories sold here; each one of [`DISK_CATEGORIES`].
    pub disk_categories: Vec<String>,
    /// Instance families sold here; empty means all.
    pub instance_families: Vec<String>,
}

impl Zone {
    /// Whether disks of this category are sold here.
    pub fn sells_category(&self, category: &str) -> bool {
        self.disk_categories.iter().any(|sold| sold == category)
    }

    /// Whether types of this family are sold here.
    pub fn sells_family(&self, family: &str) -> bool {
        self.instance_families.is_empty()
            || self.instance_families.iter().any(|sold| sold == family)
    }
}
