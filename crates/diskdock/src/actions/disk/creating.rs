//! `disk.create`: the bytes of a new disk.

use domain::DiskSnapshot;

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

/// Decides where the bytes of a new disk are to be, where hosts have disks: those of a snapshot are
/// copied at once on its host, so that neither waits for the other; those of an empty disk that no
/// instance gets yet are made by its first attach, on the host of that.
pub(super) fn place_bytes(disk: &mut Disk, snapshot: Option<&DiskSnapshot>, has_instance: bool) {
    match snapshot {
        Some(snapshot) if !snapshot.host.is_empty() => disk.host.clone_from(&snapshot.host),
        Some(_) | None if has_instance => {}
        Some(_) | None => {
            disk.unmade = true;
            disk.activity = None;
        }
    }
}
