//! `disk.attach`: what is left to do of an attach once the disk is Attaching.

use std::sync::Arc;

use domain::disk::Attachment;

use crate::actions::instance::power_facts::is_on_fenced_host;
use crate::actions::login::NewLogin;
use crate::actions::prelude::*;
use crate::hypervisor::{DiskLimit, DiskSpec};

/// Plugs the disk into the guest; then it is In_use.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plugging {
    #[serde(rename = "slot")]
    attachment: AttachmentId,
    /// Its bytes are still to be made.
    #[serde(default)]
    making: Option<DiskSpec>,
    /// The disk is made for this attachment, and goes if that comes to nothing.
    #[serde(default)]
    is_new: bool,
    /// The disk becomes the system disk.
    #[serde(default)]
    bootable: bool,
    /// Why the attach came to nothing: the guest may take the device all the same, so it is taken
    /// away before the disk is called Available.
    #[serde(default, rename = "taking_back")]
    compensating: Option<String>,
    /// Another instance has it, whose guest cannot write any more: its driver has yet to let it go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taking_over: Option<Attachment>,
    /// The guest can not have the device any more.
    #[serde(default, rename = "taken_back")]
    compensated: bool,
    /// The most that the guest gets out of the disk; none in an operation of an earlier version.
    #[serde(default)]
    limit: Option<DiskLimit>,
    /// Other machines may have the disk at the same time.
    #[serde(default)]
    shared: bool,
    /// The login that comes with a system disk.
    #[serde(default, skip_serializing_if = "NewLogin::is_none")]
    login: NewLogin,
}

impl Plugging {
    /// Plugs a disk in; as the system disk if it is `bootable`.
    pub(super) fn new(attachment: AttachmentId, disk: &Disk, bootable: bool) -> Plugging {
        Plugging {
            attachment,
            making: None,
            is_new: false,
            bootable,
            compensating: None,
            taking_over: None,
            compensated: false,
            limit: Some(DiskLimit::of(disk)),
            shared: disk.multi_attach,
            login: NewLogin::default(),
        }
    }

    /// The same with a login that the instance gets together with the disk.
    pub(super) fn with_login(self, login: NewLogin) -> Plugging {
        Plugging { login, ..self }
    }

    /// The same with a disk that is taken over, if this is the attachment that it had.
    pub(super) fn taking_over(self, taken: Option<Attachment>) -> Plugging {
        Plugging { taking_over: taken, ..self }
    }

    /// The same with a disk whose bytes are made first, if they are not there yet.
    pub(super) fn making_bytes(self, disk: &Disk) -> Plugging {
        Plugging { making: disk.unmade.then(|| DiskSpec::of_new(disk)), ..self }
    }

    /// Makes a new data disk and plugs it in.
    pub(super) fn of_new(attachment: AttachmentId, disk: &Disk) -> Plugging {
        let making = Some(DiskSpec::of_new(disk));
        Plugging { making, is_new: true, ..Plugging::new(attachment, disk, false) }
    }

    /// Removes a disk that was made for the instance and did not get there: one that belongs to an
    /// instance without being on it can be neither attached nor deleted. No guest wrote to it.
    fn remove_new(&self, tx: &mut dyn WriteTx, disk: &Disk) -> Result<(), StoreError> {
        let AttachmentId { instance, generation, .. } = &self.attachment;
        let is_ours = disk.on(instance).is_some_and(|at| at.generation == *generation);
        if is_ours { tx.remove_disk(&disk.id) } else { Ok(()) }
    }

    /// Takes one step towards having the disk at the guest.
    async fn give(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        if let Some(disk) = &self.making {
            let made = context.hypervisor.create(disk, context.now).await?;
            if made != Progress::Done {
                return Ok(made);
            }
            self.making = None;
        }
        if let Some(taken) = &self.taking_over {
            let (instance, disk) = (taken.instance.clone(), self.attachment.disk.clone());
            let old = AttachmentId { instance, disk, generation: taken.generation };
            let released = context.hypervisor.unplug(&old, context.now).await?;
            if released != Progress::Done {
                return Ok(released);
            }
            self.taking_over = None;
        }
        let progress = context.hypervisor.plug(&self.attachment, self.shared, context.now).await?;
        if progress == Progress::Done {
            let limits = self.limit.as_slice();
            context.hypervisor.limit_disks(&self.attachment.instance, limits).await?;
        }
        Ok(progress)
    }
}

impl Operation for Plugging {
    const KIND: &'static str = "disk.attach";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_attachment(&self.attachment)
    }

    fn phase(&self) -> &'static str {
        match (&self.compensating, &self.making) {
            (Some(_), _) => "compensate",
            (None, Some(_)) => "create",
            (None, None) if self.taking_over.is_some() => "take over",
            (None, None) => "plug",
        }
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let Some(reason) = &self.compensating else { return self.give(context).await };
        let progress = context.hypervisor.unplug(&self.attachment, context.now).await?;
        self.compensated = progress == Progress::Done;
        Ok(if self.compensated { Progress::Failed(reason.clone()) } else { progress })
    }

    fn compensate(&mut self, reason: &str) -> bool {
        let first = self.compensating.is_none();
        self.compensating.get_or_insert_with(|| reason.to_owned());
        first
    }

    fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx, _: Moment) -> Result<(), StoreError> {
        let AttachmentId { instance, disk, generation } = &self.attachment;
        let Some(mut disk) = tx.disk(disk)? else { return Ok(()) };
        let failed = *outcome != Outcome::Done;
        let came_to_nothing = self.compensated || self.making.is_some();
        let is_lost = failed && is_on_fenced_host(&*tx, instance)?;
        if failed && self.is_new && came_to_nothing && !is_lost {
            return self.remove_new(tx, &disk);
        }
        if self.is_new {
            // One that was made at once is no longer Creating.
            disk.created().ok();
            // A lost host may have made it, and its guest may have written to it.
            disk.unmade |= is_lost && self.making.is_some();
        }
        let are_made = disk.unmade && self.making.is_none();
        disk.unmade &= !are_made;
        let moved = match outcome {
            Outcome::Done => disk.finish_attach(instance, *generation),
            // It belongs to the instance, and goes with that.
            Outcome::Failed(_) if is_lost && self.is_new && !disk.portable => {
                disk.finish_attach(instance, *generation)
            }
            Outcome::Failed(_) if self.compensated => {
                let holder = match &self.taking_over {
                    Some(taken) => tx.instance(&taken.instance)?.map(|_| taken.clone()),
                    None => None,
                };
                match holder {
                    Some(taken) => disk.give_back(taken, instance, *generation),
                    None => disk.fail_attach(instance, *generation),
                }
            }
            // It is unknown whether the guest has the device, so it counts as attached.
            Outcome::Failed(_) => disk.finish_attach(instance, *generation),
        };
        if moved.is_err() {
            return if are_made { tx.save_disk(&disk) } else { Ok(()) };
        }
        if self.bootable && *outcome == Outcome::Done {
            disk.kind = DiskKind::System;
            disk.delete_protected = false;
            if let Some(mut instance) = tx.instance(instance)? {
                instance.system_disk = Some(disk.id.clone());
                self.login.give(&mut instance);
                tx.save_instance(&instance)?;
            }
        }
        tx.save_resource(Arc::new(disk))
    }
}
