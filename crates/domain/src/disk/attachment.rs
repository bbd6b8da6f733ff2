//! The attachments of a disk, and their transitions. With its last attachment gone, a disk becomes
//! Available.

use serde::{Deserialize, Serialize};

use super::{Disk, DiskKind, DiskStatus};
use crate::ids::InstanceId;
use crate::moment::Moment;
use crate::tag::{self, Tag};
use crate::unknown::UnknownFields;
use crate::vocabulary::{ChargeType, IllegalTransition};

/// The phase of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The guest does not have the device yet.
    Attaching,
    /// The guest has the device.
    Attached,
    /// The guest was asked to release the device, or will be.
    Detaching {
        /// `DeleteWithInstance` after the detach.
        delete_with_instance: bool,
    },
}

/// A disk on an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The instance that has it.
    pub instance: InstanceId,
    /// The device name that clients see, such as `/dev/xvdb`.
    pub device: String,
    /// When the attach was accepted.
    pub attached_at: Moment,
    /// Which attachment of the disk this is, counted from 1 over its whole life.
    pub generation: u64,
    /// Its phase.
    pub phase: Phase,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Disk {
    /// Available → Attaching; or, with multi-attach, one more instance. Gives the generation.
    pub fn begin_attach(
        &mut self,
        instance: InstanceId,
        device: String,
        now: Moment,
    ) -> Result<u64, IllegalTransition> {
        let free = if self.multi_attach {
            self.status() != DiskStatus::Detaching && self.on(&instance).is_none()
        } else {
            self.attachments.is_empty()
        };
        if !self.is_created() || self.is_reiniting() || !free {
            return Err(IllegalTransition);
        }
        self.generation += 1;
        self.attached_at = Some(now);
        let phase = Phase::Attaching;
        let generation = self.generation;
        let (attached_at, unknown) = (now, UnknownFields::default());
        let at = Attachment { instance, device, attached_at, generation, phase, unknown };
        self.attachments.push(at);
        Ok(generation)
    }

    /// Available or Creating → In_use: the guest of an instance has the disk already, by an
    /// attachment that is not known here, because an older state was put back. A disk that a guest
    /// has was made. A later attachment gets a later generation than this one.
    pub fn found_attached(
        &mut self,
        instance: InstanceId,
        device: String,
        generation: u64,
        now: Moment,
    ) -> Result<(), IllegalTransition> {
        let latest = self.generation.max(generation);
        if self.attachments.is_empty() && !self.is_created() {
            self.created()?;
        }
        self.begin_attach(instance, device, now)?;
        self.generation = latest;
        if let Some(at) = self.attachments.last_mut() {
            (at.generation, at.phase) = (generation, Phase::Attached);
        }
        Ok(())
    }

    /// In_use or Detaching → Attaching elsewhere: the one instance that has a data disk cannot
    /// write to it any more. Gives that attachment, and the generation of the new one.
    pub fn take_over(
        &mut self,
        instance: InstanceId,
        device: String,
        now: Moment,
    ) -> Result<(Attachment, u64), IllegalTransition> {
        let taken = self.held_once().cloned().ok_or(IllegalTransition)?;
        self.remove_attachment(&taken.instance);
        match self.begin_attach(instance, device, now) {
            Ok(generation) => Ok((taken, generation)),
            Err(illegal) => {
                self.attachments.push(taken);
                Err(illegal)
            }
        }
    }

    /// The attachment that another instance can take over: the only one of a data disk.
    pub fn held_once(&self) -> Option<&Attachment> {
        let [only] = &self.attachments[..] else { return None };
        let is_held = only.phase != Phase::Attaching;
        (is_held && !self.multi_attach && self.kind == DiskKind::Data).then_some(only)
    }

    /// Attaching → In_use where it was: the disk could not be taken over.
    pub fn give_back(
        &mut self,
        taken: Attachment,
        instance: &InstanceId,
        generation: u64,
    ) -> Result<(), IllegalTransition> {
        self.fail_attach(instance, generation)?;
        self.attachments.push(Attachment { phase: Phase::Attached, ..taken });
        Ok(())
    }

    /// Attaching → In_use.
    pub fn finish_attach(
        &mut self,
        instance: &InstanceId,
        generation: u64,
    ) -> Result<(), IllegalTransition> {
        self.attachment_to(instance, generation, |phase| matches!(phase, Phase::Attaching))?
            .phase = Phase::Attached;
        Ok(())
    }

    /// Attaching → Available: the attach failed.
    pub fn fail_attach(
        &mut self,
        instance: &InstanceId,
        generation: u64,
    ) -> Result<(), IllegalTransition> {
        self.attachment_to(instance, generation, |phase| matches!(phase, Phase::Attaching))?;
        self.remove_attachment(instance);
        Ok(())
    }

    /// In_use → Detaching. Gives the generation of the attachment that is to end.
    pub fn begin_detach(
        &mut self,
        instance: &InstanceId,
        delete_with_instance: bool,
    ) -> Result<u64, IllegalTransition> {
        if self.is_reiniting() {
            return Err(IllegalTransition);
        }
        let found = self.attachments.iter_mut().find(|at| at.instance == *instance);
        let attachment = found.filter(|at| at.phase == Phase::Attached).ok_or(IllegalTransition)?;
        attachment.phase = Phase::Detaching { delete_with_instance };
        Ok(attachment.generation)
    }

    /// Detaching → Available (or In_use, if other instances still have it).
    ///
    /// A system disk becomes a data disk that remembers its instance and is protected from
    /// release while that instance exists.
    pub fn finish_detach(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        now: Moment,
    ) -> Result<(), IllegalTransition> {
        let detaching = |phase: &Phase| matches!(phase, Phase::Detaching { .. });
        let phase = self.attachment_to(instance, generation, detaching)?.phase;
        if let Phase::Detaching { delete_with_instance } = phase {
            self.delete_with_instance = delete_with_instance;
        }
        self.remove_attachment(instance);
        self.detached_at = Some(now);
        if self.kind == DiskKind::System {
            self.leave_as_former_system_disk(instance);
        }
        if self.category.is_elastic_ephemeral() {
            self.origin = Some(instance.clone());
        }
        Ok(())
    }

    fn leave_as_former_system_disk(&mut self, instance: &InstanceId) {
        self.kind = DiskKind::Data;
        self.origin = Some(instance.clone());
        self.delete_protected = true;
        let paid = match self.charge_type {
            ChargeType::PrePaid => "Prepaid",
            ChargeType::PostPaid => "AfterPay",
        };
        tag::set(&mut self.tags, Tag::new("acs:ecs:sourceInstanceId", instance.as_str()));
        tag::set(&mut self.tags, Tag::new("acs:ecs:diskDeleteProtection", "true"));
        tag::set(&mut self.tags, Tag::new("acs:ecs:diskPayType", paid));
    }

    /// Changes `DeleteWithInstance`, also for after a detach that is under way.
    pub fn set_delete_with_instance(&mut self, wanted: bool) {
        self.delete_with_instance = wanted;
        for at in &mut self.attachments {
            if let Phase::Detaching { delete_with_instance } = &mut at.phase {
                *delete_with_instance = wanted;
            }
        }
    }

    /// Detaching → In_use: the guest did not release the disk.
    pub fn fail_detach(
        &mut self,
        instance: &InstanceId,
        generation: u64,
    ) -> Result<(), IllegalTransition> {
        let detaching = |phase: &Phase| matches!(phase, Phase::Detaching { .. });
        self.attachment_to(instance, generation, detaching)?.phase = Phase::Attached;
        Ok(())
    }

    /// In_use → Available (or In_use, if other instances still have it): the guest of this instance
    /// has released a data disk without a detach in progress, as after one that timed out.
    pub fn detached_by_guest(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        now: Moment,
    ) -> Result<(), IllegalTransition> {
        self.attachment_to(instance, generation, |phase| matches!(phase, Phase::Attached))?;
        if self.kind == DiskKind::System {
            return Err(IllegalTransition);
        }
        self.begin_detach(instance, false)?;
        self.finish_detach(instance, generation, now)
    }

    /// The instance is gone, and with it the attachment, whatever its phase.
    pub fn detached_by_instance_deletion(&mut self, instance: &InstanceId, now: Moment) {
        if self.on(instance).is_none() {
            return;
        }
        self.remove_attachment(instance);
        self.detached_at = Some(now);
        self.delete_with_instance = false;
        self.delete_protected = false;
        self.kind = DiskKind::Data;
    }

    /// Removes an attachment. With its last attachment removed the disk is Available: nothing else
    /// makes an attached disk Available.
    fn remove_attachment(&mut self, instance: &InstanceId) {
        self.attachments.retain(|at| at.instance != *instance);
    }

    fn attachment_to(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        wanted: impl Fn(&Phase) -> bool,
    ) -> Result<&mut Attachment, IllegalTransition> {
        let found = self.attachments.iter_mut().find(|at| at.instance == *instance);
        found.filter(|at| at.generation == generation && wanted(&at.phase)).ok_or(IllegalTransition)
    }
}
