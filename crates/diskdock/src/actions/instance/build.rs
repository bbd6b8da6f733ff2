//! The build of a machine: the bytes of its disks are made, and the hypervisor is told of it.

use crate::actions::instance::launch::make::Made;
use crate::actions::instance::power_facts::is_on_fenced_host;
use crate::actions::prelude::*;
use crate::hypervisor::{DiskSpec, MachineSpec, ObservedState};

/// A machine that is to be introduced to the hypervisor. All steps bear repeating.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Build {
    machine: MachineSpec,
    /// The disks that the machine is built with, and their attachments.
    disks: Vec<(DiskId, u64)>,
    /// Disks whose bytes are still to be made.
    making: Vec<DiskSpec>,
    introduced: bool,
    /// The instance is older than this operation. Its machine may be known without all of its
    /// disks, if the making of the instance was given up before it was introduced.
    #[serde(default)]
    existing: bool,
}

impl Build {
    /// The build of an instance that was just made.
    pub(crate) fn of(made: &Made, machine: MachineSpec) -> Build {
        let unmade = made.disks.iter().filter(|disk| !disk.is_created());
        Build {
            machine,
            disks: made.disks.iter().map(|disk| (disk.id.clone(), disk.generation)).collect(),
            making: unmade.map(DiskSpec::of).collect(),
            introduced: false,
            existing: false,
        }
    }

    /// The build of an instance that may not have been introduced yet, and whose host may be
    /// another one than before. Of the `unmade` disks it is unknown whether they have bytes.
    pub(crate) fn of_existing(
        machine: MachineSpec,
        disks: Vec<(DiskId, u64)>,
        unmade: Vec<DiskSpec>,
    ) -> Build {
        Build { machine, disks, making: unmade, introduced: false, existing: true }
    }

    /// The instance.
    pub(crate) fn instance(&self) -> &InstanceId {
        &self.machine.instance
    }

    /// The parts of the machine.
    pub(crate) fn machine(&self) -> &MachineSpec {
        &self.machine
    }

    /// The step it is at, in a word.
    pub(crate) fn phase(&self) -> &'static str {
        if self.making.is_empty() { "introduce" } else { "create" }
    }

    /// Disks whose bytes are still to be made.
    pub(crate) fn making(&self) -> Vec<DiskId> {
        self.making.iter().map(|disk| disk.disk.clone()).collect()
    }

    /// Takes one step; Done when the hypervisor knows the machine and all its bytes are there.
    pub(crate) async fn advance(
        &mut self,
        context: &StepContext<'_>,
    ) -> Result<Progress, TransientError> {
        let progress = self.make_bytes(context).await?;
        if progress != Progress::Done || self.introduced {
            return Ok(progress);
        }
        // A machine that is known already may be running: it must not be introduced as off. One
        // that is off and about to start has no disk in transit, so that the store is right.
        let known = context.hypervisor.observe(self.instance()).await?;
        if known.is_none_or(|known| self.existing && !known.running) {
            let expected = ObservedState { disks: self.disks.clone(), ..ObservedState::default() };
            context.hypervisor.adopt(self.instance(), expected).await?;
        }
        self.introduced = true;
        Ok(Progress::Done)
    }

    /// One look at every disk in the making, so that all are made at the same time.
    async fn make_bytes(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let mut progress = Progress::Done;
        for disk in self.making.clone() {
            match context.hypervisor.create(&disk, context.now).await? {
                Progress::Done => self.making.retain(|unmade| *unmade != disk),
                waits_or_refused => progress = waits_or_refused,
            }
            if matches!(progress, Progress::Failed(_)) {
                break;
            }
        }
        Ok(progress)
    }

    /// Writes down which disks there are now. A disk whose bytes could not be made is gone, and
    /// the instance does without it: no guest can have written to it. That cannot be said of a host
    /// that was lost: there the disk stays, and its bytes are made where it is used next, unless
    /// they are there.
    pub(crate) fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        let failed = *outcome != Outcome::Done;
        let is_lost = failed && is_on_fenced_host(&*tx, self.instance())?;
        for (id, _) in &self.disks {
            let Some(disk) = tx.disk(id)? else { continue };
            let is_made = !self.making.iter().any(|unmade| unmade.disk == *id);
            let mut now = disk.clone();
            let is_new = now.created().is_ok();
            if is_new && failed && !is_made && !is_lost {
                tx.remove_disk(id)?;
                self.do_without(id, tx)?;
                continue;
            }
            now.unmade = !is_made && (now.unmade || is_lost);
            if now != disk {
                tx.save_disk(&now)?;
            }
        }
        Ok(())
    }

    fn do_without(&self, disk: &DiskId, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        let Some(mut instance) = tx.instance(self.instance())? else { return Ok(()) };
        if instance.system_disk.as_ref() != Some(disk) {
            return Ok(());
        }
        instance.system_disk = None;
        tx.save_instance(&instance)
    }
}
