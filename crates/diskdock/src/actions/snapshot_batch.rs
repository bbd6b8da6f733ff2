//! Several snapshots that are made at the same moment, for groups of them and for images.

use domain::tag::mark_consistent;
use domain::{DiskSnapshot, SnapshotId};

use super::prelude::*;
use crate::store::{EntityReads, EntityWrites};

/// The progress of several snapshots.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SnapshotBatch {
    snapshots: Vec<SnapshotId>,
    /// Snapshots that are still to be made, with their disks.
    to_do: Vec<(SnapshotId, DiskId)>,
    /// Snapshots at whose moment the file systems of the guest stood still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    frozen: Vec<SnapshotId>,
    /// The first of the disks, by which an operator finds this.
    disk: Option<DiskId>,
    /// The host that makes their bytes, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    host: String,
}

impl SnapshotBatch {
    /// Makes these snapshots, which are progressing, of their disks. One host has all of them.
    pub(super) fn new(snapshots: &[DiskSnapshot]) -> SnapshotBatch {
        let to_do: Vec<_> =
            snapshots.iter().map(|one| (one.id.clone(), one.disk.clone())).collect();
        SnapshotBatch {
            host: snapshots.first().map(|one| one.host.clone()).unwrap_or_default(),
            snapshots: to_do.iter().map(|(snapshot, _)| snapshot.clone()).collect(),
            frozen: Vec::new(),
            disk: to_do.first().map(|(_, disk)| disk.clone()),
            to_do,
        }
    }

    /// The subject: the first of the disks.
    pub(super) fn subject(&self) -> Subject {
        Subject { disk: self.disk.clone(), ..Subject::default() }
    }

    /// Disks whose content is still to be copied.
    pub(super) fn making(&self) -> Vec<DiskId> {
        self.to_do.iter().map(|(_, disk)| disk.clone()).collect()
    }

    /// Takes one step; Done when all are made, or at once if there are none.
    pub(super) async fn advance(
        &mut self,
        context: &StepContext<'_>,
    ) -> Result<Progress, TransientError> {
        if self.to_do.is_empty() {
            return Ok(Progress::Done);
        }
        let some_are_done = self.to_do.len() < self.snapshots.len();
        let results =
            context.hypervisor.take_snapshots(&self.to_do, some_are_done, context.now).await?;
        for (snapshot, _) in &self.to_do {
            if context.hypervisor.was_frozen(snapshot) && !self.frozen.contains(snapshot) {
                self.frozen.push(snapshot.clone());
            }
        }
        let mut progress = Progress::Done;
        for ((snapshot, _), result) in self.to_do.clone().into_iter().zip(results) {
            match result {
                Progress::Done => self.to_do.retain(|(to_do, _)| *to_do != snapshot),
                failed @ Progress::Failed(_) => return Ok(failed),
                waits => progress = waits,
            }
        }
        Ok(progress)
    }

    /// Whether the file systems of the guest stood still for all of them.
    pub(super) fn is_consistent(&self) -> bool {
        self.snapshots.iter().all(|snapshot| self.frozen.contains(snapshot))
    }

    /// Ends the snapshots. One that was deleted meanwhile stays so; what there is of its bytes
    /// then, or of one that failed, is thrown away.
    pub(super) fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        for id in &self.snapshots {
            let Some(mut snapshot) = tx.get(id)? else {
                tx.discard_snapshot(id, &self.host)?;
                continue;
            };
            let ended = match outcome {
                Outcome::Done => {
                    if self.frozen.contains(id) {
                        mark_consistent(&mut snapshot.tags);
                    }
                    snapshot.accomplished(now)
                }
                Outcome::Failed(_) => {
                    tx.discard_snapshot(id, &self.host)?;
                    snapshot.failed(now)
                }
            };
            if ended.is_ok() {
                tx.save(&snapshot)?;
            }
        }
        Ok(())
    }
}
