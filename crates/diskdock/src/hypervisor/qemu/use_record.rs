//! The use that guests made of their disks in the latest minutes, out of QEMU's counts; in memory
//! only.
//!
//! QEMU counts for a device from the moment that it is plugged in. A look adds what came since the
//! look before to the minute that it falls into. Nothing is known of the time before the first look
//! at a machine. Minutes in which nothing was done take no room.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::usage::{DiskUse, MinuteOfUse};
use domain::{DiskId, InstanceId, Moment};

/// Minutes that are kept of a disk: as many points as a reply of DescribeDiskMonitorData may have.
const MINUTES: usize = 400;
/// Disks of which they are kept, so that the memory for it is bounded: a disk takes 22 KiB at most.
const DISKS: usize = 1_024;
/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// A device: a disk in one of its attachments, at an instance.
type CountedDevice = (InstanceId, DiskId, u64);

/// The use of disks.
#[derive(Debug, Default)]
pub(super) struct UseRecord {
    /// The counts of each device at the latest look.
    counts: HashMap<CountedDevice, DiskUse>,
    /// The instances that were looked at the latest time.
    looked_at: HashSet<InstanceId>,
    minutes: HashMap<DiskId, VecDeque<MinuteOfUse>>,
}

impl UseRecord {
    /// Takes note of the counts of an instance's devices.
    pub(super) fn note(
        &mut self,
        instance: &InstanceId,
        counts: Vec<(DiskId, u64, DiskUse)>,
        now: Moment,
    ) {
        let is_first = self.looked_at.insert(instance.clone());
        for (disk, generation, count) in counts {
            let device = (instance.clone(), disk.clone(), generation);
            // A device that came after the look before has done all of it since.
            let unknown = if is_first { count } else { DiskUse::default() };
            let before = self.counts.insert(device, count).unwrap_or(unknown);
            self.add(disk, count.since(before), now.0.div_euclid(MINUTE_MS));
        }
    }

    fn add(&mut self, disk: DiskId, came: DiskUse, minute: i64) {
        let is_full = self.minutes.len() >= DISKS && !self.minutes.contains_key(&disk);
        if came == DiskUse::default() || is_full {
            return;
        }
        let minutes = self.minutes.entry(disk).or_default();
        // A clock that was set back begins nothing anew: what is later is forgotten.
        while minutes.back().is_some_and(|last| last.minute > minute) {
            minutes.pop_back();
        }
        match minutes.back_mut().filter(|last| last.minute == minute) {
            Some(last) => last.of_disk = last.of_disk.plus(came),
            None => minutes.push_back(MinuteOfUse { minute, of_disk: came }),
        }
        if minutes.len() > MINUTES {
            minutes.pop_front();
        }
    }

    /// Forgets machines that are not on any more, and minutes that are too long ago.
    pub(super) fn forget_old(&mut self, on: &HashSet<InstanceId>, now: Moment) {
        self.looked_at.retain(|instance| on.contains(instance));
        self.counts.retain(|(instance, ..), _| on.contains(instance));
        let oldest = now.0.div_euclid(MINUTE_MS) - i64::try_from(MINUTES).unwrap_or(i64::MAX);
        self.minutes.retain(|_, minutes| {
            while minutes.front().is_some_and(|first| first.minute < oldest) {
                minutes.pop_front();
            }
            !minutes.is_empty()
        });
    }

    /// The use of a disk, oldest first.
    pub(super) fn of(&self, disk: &DiskId) -> Vec<MinuteOfUse> {
        self.minutes.get(disk).map(|minutes| minutes.iter().copied().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(writes: u64) -> DiskUse {
        DiskUse { writes, ..DiskUse::default() }
    }

    fn note(record: &mut UseRecord, disks: &[(&str, u64, u64)], minute: i64) {
        let counts = disks
            .iter()
            .map(|(disk, generation, count)| (DiskId::from(*disk), *generation, writes(*count)));
        record.note(&"i-1".into(), counts.collect(), Moment(minute * MINUTE_MS + 1));
    }

    fn found(record: &UseRecord, disk: &str) -> Vec<(i64, u64)> {
        let minutes = record.of(&disk.into());
        minutes.into_iter().map(|one| (one.minute, one.of_disk.writes)).collect()
    }

    #[test]
    fn note_adds_what_came_since_the_look_before() {
        let mut record = UseRecord::default();
        note(&mut record, &[("d-old", 1, 500)], 7);
        assert_eq!(found(&record, "d-old"), [], "when that was is not known");
        note(&mut record, &[("d-old", 1, 510), ("d-new", 1, 3)], 7);
        note(&mut record, &[("d-old", 1, 515), ("d-new", 1, 3)], 7);
        note(&mut record, &[("d-old", 2, 4), ("d-new", 1, 4)], 8);
        assert_eq!(found(&record, "d-old"), [(7, 15), (8, 4)]);
        assert_eq!(found(&record, "d-new"), [(7, 3), (8, 1)]);
    }

    #[test]
    fn note_adds_up_what_the_guests_of_a_shared_disk_do() {
        let mut record = UseRecord::default();
        let look = |record: &mut UseRecord, instance: &str, generation: u64, count: u64| {
            let counts = vec![(DiskId::from("d-1"), generation, writes(count))];
            record.note(&instance.into(), counts, Moment(7 * MINUTE_MS));
        };
        for (first, second) in [(10, 100), (12, 130)] {
            look(&mut record, "i-1", 1, first);
            look(&mut record, "i-2", 2, second);
        }
        assert_eq!(found(&record, "d-1"), [(7, 32)]);
    }

    #[test]
    fn forget_old_keeps_what_a_reply_may_show_and_no_more() {
        let mut record = UseRecord::default();
        note(&mut record, &[], 0);
        for minute in 0..500 {
            let count = u64::try_from(minute).unwrap() + 1;
            note(&mut record, &[("d-1", 1, count)], minute);
        }
        assert_eq!(found(&record, "d-1").len(), MINUTES);
        record.forget_old(&HashSet::from(["i-1".into()]), Moment(600 * MINUTE_MS));
        assert_eq!(found(&record, "d-1").first(), Some(&(200, 1)));
        record.forget_old(&HashSet::new(), Moment(1_000 * MINUTE_MS));
        assert_eq!(found(&record, "d-1"), []);
        assert!(
            record.counts.is_empty() && record.looked_at.is_empty() && record.minutes.is_empty()
        );
    }

    #[test]
    fn note_takes_no_more_disks_than_there_is_room_for() {
        let mut record = UseRecord::default();
        note(&mut record, &[], 0);
        for number in 0..=DISKS {
            note(&mut record, &[(&format!("d-{number}"), 1, 1)], 0);
        }
        assert_eq!(record.minutes.len(), DISKS);
    }
}
