//! What a new instance needs before it can run: the bytes of its disks, and a hypervisor that
//! knows it.

use crate::actions::instance::launch::make::Made;
use crate::actions::prelude::*;
use crate::hypervisor::{DiskSpec, MachineSpec, Sight};

/// A machine that is to be introduced to the hypervisor. All steps bear repeating.
#[derive(Debug, Serialize, Deserialize)]
pub struct Build {
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
    pub fn of(made: &Made, machine: MachineSpec) -> Build {
        let unmade = made.disks.iter().filter(|disk| !disk.created);
        Build {
            machine,
            disks: made.disks.iter().map(|disk| (disk.id.clone(), disk.generation)).collect(),
            making: unmade.map(DiskSpec::of).collect(),
            introduced: false,
            existing: false,
        }
    }

    /// The build of an instance that may not have been introduced yet.
    pub fn of_existing(machine: MachineSpec, disks: Vec<(DiskId, u64)>) -> Build {
        Build { machine, disks, making: Vec::new(), introduced: false, existing: true }
    }

    /// The instance.
    pub fn instance(&self) -> &InstanceId {
        &self.machine.instance
    }

    /// What the machine is made of.
    pub fn machine(&self) -> &MachineSpec {
        &self.machine
    }

    /// The step it is at, in a word.
    pub fn phase(&self) -> &'static str {
        if self.making.is_empty() { "introduce" } else { "create" }
    }

    /// Takes one step; Done when the hypervisor knows the machine and all its bytes are there.
    pub async fn advance(&mut self, hands: &Hands<'_>) -> Result<Progress, Trouble> {
        let progress = self.make_bytes(hands).await?;
        if progress != Progress::Done || self.introduced {
            return Ok(progress);
        }
        // A machine that is known already may be running: it must not be introduced as off. One
        // that is off and about to start has no disk in transit, so that the books are right.
        let known = hands.hypervisor.sight(self.instance()).await?;
        if known.is_none_or(|known| self.existing && !known.running) {
            let sight = Sight { running: false, disks: self.disks.clone() };
            hands.hypervisor.adopt(self.instance(), sight).await?;
        }
        self.introduced = true;
        Ok(Progress::Done)
    }

    /// One look at every disk in the making, so that all are made at the same time.
    async fn make_bytes(&mut self, hands: &Hands<'_>) -> Result<Progress, Trouble> {
        let mut progress = Progress::Done;
        for disk in self.making.clone() {
            match Progress::from(hands.hypervisor.create(&disk, hands.now).await?) {
                Progress::Done => self.making.retain(|unmade| *unmade != disk),
                waits_or_refused => progress = waits_or_refused,
            }
            if matches!(progress, Progress::Refused(_)) {
                break;
            }
        }
        Ok(progress)
    }

    /// Writes down which disks there are now. A disk whose bytes could not be made is gone, and
    /// the instance does without it: nobody can have written to it.
    pub fn finish(&self, ending: &Ending, books: &mut dyn Books) -> Stored<()> {
        for (id, _) in &self.disks {
            let Some(mut disk) = books.disk(id)? else { continue };
            if disk.created {
                continue;
            }
            let failed =
                *ending != Ending::Done && self.making.iter().any(|unmade| unmade.disk == *id);
            if failed {
                books.remove_disk(id)?;
                self.do_without(id, books)?;
            } else if disk.created().is_ok() {
                books.save_disk(&disk)?;
            }
        }
        Ok(())
    }

    fn do_without(&self, disk: &DiskId, books: &mut dyn Books) -> Stored<()> {
        let Some(mut instance) = books.instance(self.instance())? else { return Ok(()) };
        if instance.system_disk.as_ref() != Some(disk) {
            return Ok(());
        }
        instance.system_disk = None;
        books.save_instance(&instance)
    }
}
