//! How far snapshots had come when their copies ended.
//!
//! The end of a copy is in the store a little later. Without this, `Progress` of DescribeSnapshots
//! would fall back to 0% in between.

use std::collections::VecDeque;

use domain::SnapshotId;

/// Ends that are remembered; the store has long had those before them.
const REMEMBERED: usize = 1_024;

/// The last percents of the snapshots whose copies ended last.
#[derive(Default)]
pub(super) struct LastPercents(VecDeque<(SnapshotId, u8)>);

impl LastPercents {
    pub(super) fn keep(&mut self, snapshot: &SnapshotId, percent: u8) {
        self.0.truncate(REMEMBERED - 1);
        self.0.push_front((snapshot.clone(), percent));
    }

    pub(super) fn of(&self, snapshot: &SnapshotId) -> Option<u8> {
        self.0.iter().find(|(known, _)| known == snapshot).map(|(_, percent)| *percent)
    }
}
