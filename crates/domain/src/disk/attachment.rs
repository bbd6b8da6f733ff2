//! The attachments of a disk, and their transitions. With its last attachment gone, a disk becomes
//! Available.

use serde::{Deserialize, Serialize};

use super::{Disk, DiskKind, DiskStatus};
use crate::ids::InstanceId;
use crate::moment::Moment;
use crate::tag::{self, Tag};
use crate::unknown::UnknownFields;
use crate::vocabulary::{ChargeType, Illegal};

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
    pub fn attach(
        &mut self,
        instance: InstanceId,
        device: String,
        now: Moment,
    ) -> Result<u64, Illegal> {
        let free = if self.multi_attach {
            self.status() != DiskStatus::Detaching && self.on(&instance).is_none()
        } else {
            self.attachments.is_empty()
        };
        if !self.is_created() || self.is_reiniting() || !free {
            return Err(Illegal);
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

    /// Attaching → In_use.
    pub fn attached(&mut self, instance: &InstanceId, generation: u64) -> Result<(), Illegal> {
        self.attachment_to(instance, generation, |phase| matches!(phase, Phase::Attaching))?
            .phase = Phase::Attached;
        Ok(())
    }

    /// Attaching → Available: the attach failed.
    pub fn attach_failed(&mut self, instance: &InstanceId, generation: u64) -> Result<(), Illegal> {
        self.attachment_to(instance, generation, |phase| matches!(phase, Phase::Attaching))?;
        self.remove_attachment(instance);
        Ok(())
    }

    /// In_use → Detaching. Gives the generation of the attachment that is to end.
    pub fn detach(
        &mut self,
        instance: &InstanceId,
        delete_with_instance: bool,
    ) -> Result<u64, Illegal> {
        if self.is_reiniting() {
            return Err(Illegal);
        }
        let found = self.attachments.iter_mut().find(|at| at.instance == *instance);
        let attachment = found.filter(|at| at.phase == Phase::Attached).ok_or(Illegal)?;
        attachment.phase = Phase::Detaching { delete_with_instance };
        Ok(attachment.generation)
    }

    /// Detaching → Available (or In_use, if other instances still have it).
    ///
    /// A system disk becomes a data disk that remembers its instance and is protected from
    /// release while that instance exists.
    pub fn detached(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        now: Moment,
    ) -> Result<(), Illegal> {
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

    /// Detaching → In_use: the guest did not release the disk.
    pub fn detach_failed(&mut self, instance: &InstanceId, generation: u64) -> Result<(), Illegal> {
        let detaching = |phase: &Phase| matches!(phase, Phase::Detaching { .. });
        self.attachment_to(instance, generation, detaching)?.phase = Phase::Attached;
        Ok(())
    }

    /// In_use → Available (or In_use, if other instances still have it): the guest of this instance
    /// has released a data disk without a detach in progress, as after one that timed out.
    pub fn released_by_guest(
        &mut self,
        instance: &InstanceId,
        generation: u64,
        now: Moment,
    ) -> Result<(), Illegal> {
        self.attachment_to(instance, generation, |phase| matches!(phase, Phase::Attached))?;
        if self.kind == DiskKind::System {
            return Err(Illegal);
        }
        self.detach(instance, false)?;
        self.detached(instance, generation, now)
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
    ) -> Result<&mut Attachment, Illegal> {
        let found = self.attachments.iter_mut().find(|at| at.instance == *instance);
        found.filter(|at| at.generation == generation && wanted(&at.phase)).ok_or(Illegal)
    }
}
