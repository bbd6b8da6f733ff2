//! The use that guests make of a disk, minute by minute, and the rates that follow from it.

/// Seconds of a minute.
const MINUTE_S: i64 = 60;

/// Counts of what was done with a disk, in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// Operations that read.
    pub reads: u64,
    /// Operations that wrote.
    pub writes: u64,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
    /// Nanoseconds that all the reads took together.
    pub read_ns: u64,
    /// Nanoseconds that all the writes took together.
    pub write_ns: u64,
}

impl DiskUse {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: DiskUse) -> DiskUse {
        self.each(other, u64::saturating_add)
    }

    /// The part that came since these counts were `earlier`; all of them, if counting began anew.
    #[must_use]
    pub fn since(self, earlier: DiskUse) -> DiskUse {
        let (now, before) = (self.fields(), earlier.fields());
        if now.iter().zip(before).any(|(now, before)| *now < before) {
            return self;
        }
        self.each(earlier, u64::saturating_sub)
    }

    fn fields(self) -> [u64; 6] {
        let DiskUse { reads, writes, read_bytes, written_bytes, read_ns, write_ns } = self;
        [reads, writes, read_bytes, written_bytes, read_ns, write_ns]
    }

    fn each(self, other: DiskUse, of: fn(u64, u64) -> u64) -> DiskUse {
        DiskUse {
            reads: of(self.reads, other.reads),
            writes: of(self.writes, other.writes),
            read_bytes: of(self.read_bytes, other.read_bytes),
            written_bytes: of(self.written_bytes, other.written_bytes),
            read_ns: of(self.read_ns, other.read_ns),
            write_ns: of(self.write_ns, other.write_ns),
        }
    }
}

/// The use of a disk in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinuteOfUse {
    /// The minute, counted from the epoch.
    pub minute: i64,
    /// The counts.
    pub of_disk: DiskUse,
}

/// Rates over some time, rounded down, as the API shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskRates {
    /// Bytes read each second.
    pub bps_read: u32,
    /// Bytes written each second.
    pub bps_write: u32,
    /// Bytes each second in all.
    pub bps_total: u32,
    /// Reads each second.
    pub iops_read: u32,
    /// Writes each second.
    pub iops_write: u32,
    /// Operations each second in all.
    pub iops_total: u32,
    /// Microseconds that a read took.
    pub latency_read: u32,
    /// Microseconds that a write took.
    pub latency_write: u32,
}

/// The rates over the `period_s` seconds before a moment, in seconds since the epoch. Both are
/// whole minutes; what nobody counted is nothing.
pub fn rates(minutes: &[MinuteOfUse], end_s: i64, period_s: i64) -> DiskRates {
    let (first, end) = ((end_s - period_s).div_euclid(MINUTE_S), end_s.div_euclid(MINUTE_S));
    let within = minutes.iter().filter(|one| (first..end).contains(&one.minute));
    let all = within.fold(DiskUse::default(), |all, one| all.plus(one.of_disk));
    let seconds = u64::try_from(period_s).unwrap_or(0);
    let each_second = |count: u64| shown(count.checked_div(seconds));
    DiskRates {
        bps_read: each_second(all.read_bytes),
        bps_write: each_second(all.written_bytes),
        bps_total: each_second(all.read_bytes.saturating_add(all.written_bytes)),
        iops_read: each_second(all.reads),
        iops_write: each_second(all.writes),
        iops_total: each_second(all.reads.saturating_add(all.writes)),
        latency_read: shown((all.read_ns / 1_000).checked_div(all.reads)),
        latency_write: shown((all.write_ns / 1_000).checked_div(all.writes)),
    }
}

/// A value of the API, which is an `int32` there.
fn shown(value: Option<u64>) -> u32 {
    let most = u64::from(i32::MAX.unsigned_abs());
    value.map_or(0, |value| u32::try_from(value.min(most)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USE: DiskUse = DiskUse {
        reads: 60,
        writes: 120,
        read_bytes: 6_000,
        written_bytes: 1_200_000,
        read_ns: 60_000_000,
        write_ns: 600_000_000,
    };

    #[test]
    fn rates_are_those_of_the_period_before_the_moment() {
        let minutes = [9, 10, 11].map(|minute| MinuteOfUse { minute, of_disk: USE });
        let found = rates(&minutes, 11 * 60, 60);
        let expected = DiskRates {
            bps_read: 100,
            bps_write: 20_000,
            bps_total: 20_100,
            iops_read: 1,
            iops_write: 2,
            iops_total: 3,
            latency_read: 1_000,
            latency_write: 5_000,
        };
        assert_eq!(found, expected);
        assert_eq!(rates(&minutes, 12 * 60, 600).iops_total, 0, "540 in 600 seconds");
        assert_eq!(rates(&minutes, 12 * 60, 600).bps_write, 6_000);
        assert_eq!(rates(&minutes, 9 * 60, 60), DiskRates::default());
    }

    #[test]
    fn rates_fit_into_the_numbers_of_the_api() {
        let of_disk = DiskUse { written_bytes: u64::MAX, read_bytes: 1, ..USE };
        let found = rates(&[MinuteOfUse { minute: 0, of_disk }], 60, 60);
        assert_eq!((found.bps_write, found.bps_total), (2_147_483_647, 2_147_483_647));
    }

    #[test]
    fn since_counts_all_when_counting_began_anew() {
        let half = DiskUse { reads: 30, ..USE };
        assert_eq!(USE.since(half), DiskUse { reads: 30, ..DiskUse::default() });
        assert_eq!(half.since(USE), half);
    }
}
