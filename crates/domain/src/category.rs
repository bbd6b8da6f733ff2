//! Disk categories and performance levels, and the sizes that each allows.

use serde::{Deserialize, Serialize};

use crate::string_enum::string_enum;

string_enum!(
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
    /// The categories that can be created on their own: all but local disks.
    pub const CREATABLE: [Category; 9] = [
        Category::Cloud,
        Category::CloudEfficiency,
        Category::CloudSsd,
        Category::CloudEssd,
        Category::CloudAuto,
        Category::CloudEssdEntry,
        Category::CloudRegionalDiskAuto,
        Category::ElasticEphemeralDiskStandard,
        Category::ElasticEphemeralDiskPremium,
    ];

    /// The literals of [`Category::CREATABLE`].
    pub const CREATABLE_WORDS: [&'static str; 9] = {
        let mut words = [""; 9];
        let mut at = 0;
        while at < words.len() {
            words[at] = Category::CREATABLE[at].as_str();
            at += 1;
        }
        words
    };

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

    /// The level of a disk of this category: only `cloud_essd` has one, PL1 unless asked otherwise.
    pub fn level(self, asked: Option<PerformanceLevel>) -> Option<PerformanceLevel> {
        (self == Category::CloudEssd).then(|| asked.unwrap_or(PerformanceLevel::Pl1))
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

string_enum!(
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

#[cfg(test)]
mod tests {
    use super::Category;

    #[test]
    fn creatable_categories_are_all_but_the_local_ones() {
        let all = Category::WORDS.iter().filter_map(|word| Category::from_word(word));
        let creatable: Vec<_> = all.filter(|category| !category.is_local()).collect();
        assert_eq!(creatable, Category::CREATABLE);
    }
}
