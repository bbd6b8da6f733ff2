//! `disk.create`: the bytes of a new disk.

use crate::actions::prelude::*;
use crate::hypervisor::DiskSpec;

/// Makes the bytes of a disk; then it is Available.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CreatingDisk {
    disk: DiskSpec,
}

impl CreatingDisk {
    /// Makes the bytes of a new disk.
    pub(super) fn of(disk: &Disk) -> CreatingDisk {
        CreatingDisk { disk: DiskSpec::of_new(disk) }
    }
}

impl Operation for CreatingDisk {
    const KIND: &'static str = "disk.create";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_disk(&self.disk.disk)
    }

    fn phase(&self) -> &'static str {
        "create"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        context.hypervisor.create(&self.disk, context.now).await
    }

    /// A disk whose bytes could not be made is removed: no guest can have written to it.
    fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx, _: Moment) -> Result<(), StoreError> {
        let Some(mut disk) = tx.disk(&self.disk.disk)? else { return Ok(()) };
        match outcome {
            Outcome::Done if disk.created().is_ok() => tx.save_disk(&disk),
            Outcome::Done => Ok(()),
            Outcome::Failed(_) if disk.is_created() => Ok(()),
            Outcome::Failed(_) => tx.remove_disk(&disk.id),
        }
    }
}
