//! The performance of a disk, from its category and size, by the vendor's published formulas.

use crate::category::{Category, PerformanceLevel};

/// Operations a second that can be provisioned for a disk, whatever its size.
const PROVISIONED_IOPS: u32 = 50_000;

/// Operations and megabytes a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Operations a second that can be provisioned for a `cloud_auto` disk of this size beyond what it
/// has anyway: 1000 for each GiB less the baseline, up to 50000; none up to 3 GiB.
pub fn provisionable_iops(size_gib: u32) -> u32 {
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
}
