//! `DescribeDiskMonitorData`: how much a disk was read and written. The points are there, at the
//! times at which the disk was attached; with real machines their values are QEMU's counts of the
//! latest hours, and 0 otherwise.

use domain::usage::{MinuteOfUse, rates};

use crate::actions::prelude::*;
use crate::catalog::Time;
use crate::catalog::times::with_seconds;

/// Points in a reply, at most (documentation of DescribeDiskMonitorData).
const POINTS: i64 = 400;
/// Seconds that data is kept: 30 days.
const KEPT_S: i64 = 30 * 24 * 3_600;
/// Seconds between two points.
const PERIODS: [i64; 3] = [60, 600, 3_600];

/// Lists measurements of a disk.
pub(crate) struct DescribeDiskMonitorData;

params!(
    /// Parameters of DescribeDiskMonitorData.
    pub(crate) struct Params {
        /// The disk.
        disk_id: DiskId,
        /// The first moment, not more than 30 days ago.
        #[malformed = MONITOR_START_MALFORMED]
        start_time: Time,
        /// The last moment.
        #[malformed = MONITOR_END_MALFORMED]
        end_time: Time,
        /// Seconds between two points: 60, 600 or 3600; 60 if left out.
        #[malformed = MONITOR_PERIOD_NOT_VALID]
        #[example = "60"]
        period: Option<Integer<60, 3600>>,
    }
);

reply!(
    /// Reply of DescribeDiskMonitorData.
    pub(crate) struct Reply {
        /// How many points there are.
        total_count: u32,
        /// The points.
        monitor_data: MonitorData,
    }
);

reply!(
    /// The points.
    pub(crate) struct MonitorData {
        /// The entries.
        disk_monitor_data: Vec<MonitorPoint>,
    }
);

reply!(
    /// One point: what was done in the period before its time.
    pub(crate) struct MonitorPoint {
        /// The disk.
        disk_id: String,
        /// When.
        time_stamp: String,
        /// Bytes a second that were read.
        #[wire = "BPSRead"]
        bps_read: u32,
        /// Bytes a second that were written.
        #[wire = "BPSWrite"]
        bps_write: u32,
        /// Bytes a second in all.
        #[wire = "BPSTotal"]
        bps_total: u32,
        /// Reads a second.
        #[wire = "IOPSRead"]
        iops_read: u32,
        /// Writes a second.
        #[wire = "IOPSWrite"]
        iops_write: u32,
        /// Operations a second in all.
        #[wire = "IOPSTotal"]
        iops_total: u32,
        /// Microseconds that a read takes.
        latency_read: u32,
        /// Microseconds that a write takes.
        latency_write: u32,
    }
);

impl Query for DescribeDiskMonitorData {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeDiskMonitorData";
    const SUMMARY: &'static str = "Lists measurements of a disk.";
    const DETAILS: &'static str = "\
There is a point for each period in which the disk was on an instance the last time, as on the \
cloud. With real machines its values are what QEMU counted in the period before its time, looked at \
every few seconds. The latest 400 minutes are kept, in memory, of 1,024 disks: what came before, or \
before the server was started, is 0. With simulated instances every value is 0.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &MONITOR_DISK_NOT_FOUND,
        &MONITOR_PERIOD_NOT_VALID,
        &MONITOR_START_TOO_EARLY,
        &MONITOR_END_BEFORE_START,
        &MONITOR_TOO_MUCH,
    ];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let disk = call.disk(tx, &params.disk_id)?.ok_or(&MONITOR_DISK_NOT_FOUND)?;
        let period_s = params.period.map_or(PERIODS[0], |period| period.0);
        let (Time(start), Time(end)) = (params.start_time, params.end_time);
        if !PERIODS.contains(&period_s) {
            return Err((&MONITOR_PERIOD_NOT_VALID).into());
        }
        if start < call.now.plus_s(-KEPT_S) {
            return Err((&MONITOR_START_TOO_EARLY).into());
        }
        if end < start {
            return Err((&MONITOR_END_BEFORE_START).into());
        }
        if (end.seconds() - start.seconds()) / period_s > POINTS {
            return Err((&MONITOR_TOO_MUCH).into());
        }
        let times = times(&disk, (start, end), period_s, call.now);
        let minutes = (call.environment.use_of_disk)(&disk.id);
        let points: Vec<MonitorPoint> =
            times.into_iter().map(|at| point(&disk, at, period_s, &minutes)).collect();
        Ok(Reply {
            total_count: u32::try_from(points.len()).unwrap_or(u32::MAX),
            monitor_data: MonitorData { disk_monitor_data: points },
        })
    }
}

/// The whole minutes of a span, a period apart, at which the disk was on an instance the last time;
/// a multi-attach disk, since the first of the instances that have it.
fn times(disk: &Disk, span: (Moment, Moment), period_s: i64, now: Moment) -> Vec<Moment> {
    let first = disk.attachments.iter().map(|at| at.attached_at).min();
    let Some(attached) = first.or(disk.attached_at) else { return Vec::new() };
    let is_on = !disk.attachments.is_empty();
    let left = if is_on { now } else { disk.detached_at.unwrap_or(attached) };
    let minute = 60;
    let first = (span.0.seconds() + minute - 1).div_euclid(minute) * minute;
    let all = (0..=POINTS).map(|n| Moment((first + n * period_s) * 1_000));
    all.take_while(|at| *at <= span.1).filter(|at| (attached..=left).contains(at)).collect()
}

fn point(disk: &Disk, at: Moment, period_s: i64, minutes: &[MinuteOfUse]) -> MonitorPoint {
    let found = rates(minutes, at.seconds(), period_s);
    MonitorPoint {
        disk_id: disk.id.to_string(),
        time_stamp: with_seconds(at),
        bps_read: found.bps_read,
        bps_write: found.bps_write,
        bps_total: found.bps_total,
        iops_read: found.iops_read,
        iops_write: found.iops_write,
        iops_total: found.iops_total,
        latency_read: found.latency_read,
        latency_write: found.latency_write,
    }
}
