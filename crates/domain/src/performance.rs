//! The performance of a disk, from its category and size, by the vendor's published formulas.

use serde::{Deserialize, Serialize};

use crate::category::{Category, PerformanceLevel};
use crate::disk::Specification;

/// Operations a second that can be provisioned for a disk, whatever its size.
const PROVISIONED_IOPS: u32 = 50_000;

/// Kilobytes a second that come with each provisioned operation a second, and those of a megabyte.
const PROVISIONED_KB: u32 = 16;
const KB_PER_MB: u32 = 1_024;

/// The most that a bursting disk gives: in all, and operations a second for each GiB.
const BURST: Performance = Performance { iops: 1_000_000, throughput: 4_000 };
const BURST_IOPS_PER_GIB: u32 = 1_000;

/// Operations and megabytes a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Read and write operations a second.
    pub iops: u32,
    /// Megabytes a second.
    pub throughput: u32,
}

/// The performance of a disk of this category, level and size (GiB).
pub fn of(category: Category, level: Option<PerformanceLevel>, size_gib: u32) -> Performance {
    use Category as C;
    use PerformanceLevel as P;
    match category {
        C::CloudEssd => match level.unwrap_or(P::Pl1) {
            P::Pl0 => grow(size_gib, (1800, 12, 10_000), (100, 250, 180)),
            P::Pl1 => grow(size_gib, (1800, 50, 50_000), (120, 500, 350)),
            P::Pl2 => grow(size_gib, (1800, 50, 100_000), (120, 500, 750)),
            P::Pl3 => grow(size_gib, (1800, 50, 1_000_000), (120, 500, 4000)),
        },
        C::CloudSsd => grow(size_gib, (1800, 30, 25_000), (120, 500, 300)),
        C::CloudEfficiency => grow(size_gib, (1800, 8, 5000), (100, 150, 140)),
        C::CloudAuto | C::CloudRegionalDiskAuto => {
            let grown = grow(size_gib, (1800, 50, 50_000), (120, 500, 350));
            Performance { iops: grown.iops.max(3000), ..grown }
        }
        C::CloudEssdEntry => grow(size_gib, (1800, 8, 6000), (100, 150, 150)),
        C::Cloud => Performance { iops: 300, throughput: 30 },
        C::ElasticEphemeralDiskStandard => Performance { iops: 20_000, throughput: 200 },
        C::ElasticEphemeralDiskPremium => Performance { iops: 100_000, throughput: 800 },
        C::LocalSsdPro | C::EphemeralSsd => Performance { iops: 40_000, throughput: 400 },
        C::LocalHddPro | C::Ephemeral => Performance { iops: 300, throughput: 190 },
    }
}

/// The performance of a disk of this specification and size (GiB): that of its category, and what
/// was provisioned, of which each operation a second comes with 16 KB a second.
pub fn of_specification(of_disk: &Specification, size_gib: u32) -> Performance {
    let has = of(of_disk.category, of_disk.performance_level, size_gib);
    let provisioned = of_disk.provisioned_iops.unwrap_or(0);
    Performance {
        iops: has.iops.saturating_add(provisioned),
        throughput: has.throughput + provisioned.saturating_mul(PROVISIONED_KB) / KB_PER_MB,
    }
}

/// The most that a guest gets out of such a disk at any time. A `cloud_auto` disk that may burst
/// gives 1000 operations a second for each GiB, up to 1000000, and 4000 megabytes a second.
pub fn limit(of_disk: &Specification, size_gib: u32, may_burst: bool) -> Performance {
    let has = of_specification(of_disk, size_gib);
    if !may_burst || of_disk.category != Category::CloudAuto {
        return has;
    }
    let bursts = size_gib.saturating_mul(BURST_IOPS_PER_GIB).min(BURST.iops);
    Performance { iops: has.iops.max(bursts), throughput: has.throughput.max(BURST.throughput) }
}

/// Whether so many operations a second can be provisioned for a `cloud_auto` disk of this size.
pub fn iops_fit(wanted: Option<u32>, size_gib: u32) -> bool {
    wanted.is_none_or(|wanted| wanted <= provisionable_iops(size_gib))
}

/// Operations a second that can be provisioned for a `cloud_auto` disk of this size beyond what it
/// has anyway: 1000 for each GiB less the baseline, up to 50000; none up to 3 GiB.
fn provisionable_iops(size_gib: u32) -> u32 {
    let baseline = of(Category::CloudAuto, None, size_gib).iops;
    size_gib.saturating_mul(1_000).saturating_sub(baseline).min(PROVISIONED_IOPS)
}

/// `base + per_gib · size` up to a cap; throughput steps are in thousandths.
fn grow(size_gib: u32, iops: (u64, u64, u64), throughput: (u64, u64, u64)) -> Performance {
    let size = u64::from(size_gib);
    let capped = |value: u64, cap: u64| u32::try_from(value.min(cap)).unwrap_or(u32::MAX);
    Performance {
        iops: capped(iops.0 + iops.1 * size, iops.2),
        throughput: capped(throughput.0 + throughput.1 * size / 1000, throughput.2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn performance_of_an_ultra_disk_is_the_recorded_one() {
        let figures = of(Category::CloudEfficiency, None, 20);
        assert_eq!(figures, Performance { iops: 1960, throughput: 103 });
    }

    #[test]
    fn provisionable_iops_are_those_beyond_the_baseline() {
        let expected = [
            (1, 0),
            (3, 0),
            (4, 1_000),
            (24, 21_000),
            (25, 21_950),
            (56, 50_000),
            (65_536, 50_000),
        ];
        for (size_gib, iops) in expected {
            assert_eq!(provisionable_iops(size_gib), iops, "{size_gib} GiB");
        }
    }

    fn specification(category: Category, provisioned_iops: Option<u32>) -> Specification {
        Specification { category, performance_level: None, provisioned_iops }
    }

    #[test]
    fn limit_is_what_the_category_and_the_provision_give() {
        let expected = [
            (Category::CloudEssd, None, 20, false, (2_800, 130)),
            (Category::Cloud, None, 2_000, false, (300, 30)),
            (Category::CloudAuto, None, 40, false, (3_800, 140)),
            (Category::CloudAuto, Some(1_024), 40, false, (4_824, 156)),
            (Category::CloudAuto, Some(50_000), 32_768, false, (100_000, 1_131)),
        ];
        for (category, provisioned, size_gib, bursts, (iops, throughput)) in expected {
            let found = limit(&specification(category, provisioned), size_gib, bursts);
            assert_eq!(found, Performance { iops, throughput }, "{category:?} {size_gib} GiB");
        }
    }

    #[test]
    fn limit_of_a_bursting_disk_is_higher_for_cloud_auto_only() {
        let auto = specification(Category::CloudAuto, None);
        let iops = [4, 40, 2_000, 65_536].map(|size_gib| limit(&auto, size_gib, true).iops);
        assert_eq!(iops, [4_000, 40_000, 1_000_000, 1_000_000]);
        assert_eq!(limit(&auto, 1, true), Performance { iops: 3_000, throughput: 4_000 });
        let ssd = specification(Category::CloudSsd, None);
        assert_eq!(limit(&ssd, 100, true), limit(&ssd, 100, false));
    }
}
