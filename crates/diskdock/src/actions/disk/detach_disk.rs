//! `DetachDisk`: take a disk off an instance.
//!
//! The request marks the disk Detaching and returns. The guest may need time to let go, so the
//! unplugging itself is the operation at the end of this file.

use std::sync::Arc;

use domain::limits::DETACHING_PER_INSTANCE;
use domain::tag;

use super::resource::DISK;
use crate::actions::image_lookups;
use crate::actions::prelude::*;

/// Takes a disk off an instance.
pub(crate) struct DetachDisk;

params!(
    /// Parameters of DetachDisk.
    pub(crate) struct Params {
        /// The instance that the disk is attached to. For a disk on several instances, it says
        /// which attachment is meant.
        #[fits = ["Running", "Stopped"]]
        instance_id: InstanceId,
        /// The disk to detach. It must be In_use on the instance.
        disk_id: DiskId,
        /// Whether the disk is to be released together with its instance from now on. Left out,
        /// it is false for a data disk and true for a system disk. Must be true for an elastic
        /// ephemeral disk, and must not be sent for a multi-attach disk.
        delete_with_instance: Option<bool>,
    }
);

/// The disk and the instance that the request names. Both exist.
pub(crate) struct Facts {
    disk: Arc<Disk>,
    instance: Arc<Instance>,
    /// Whether the instance's type can let go of a disk while it runs.
    hot_detach: bool,
    /// Whether the image that the instance was made from is still there.
    image_exists: bool,
    /// How many disks are leaving the instance already.
    detaching: usize,
    /// DeleteWithInstance as requested.
    delete_with_instance: Option<bool>,
}

impl Facts {
    /// The phase of the disk's attachment to this instance, if there is one.
    fn phase(&self) -> Option<Phase> {
        self.disk.on(&self.instance.id).map(|at| at.phase)
    }

    fn is_detaching(&self) -> bool {
        matches!(self.phase(), Some(Phase::Detaching { .. }))
    }

    /// In_use; a multi-attach disk that another instance is busy with counts as In_use here.
    fn is_in_use(&self) -> bool {
        self.disk.status() == DiskStatus::InUse
            || (self.phase() == Some(Phase::Attached) && !self.disk.is_reiniting())
    }

    fn is_system_disk(&self) -> bool {
        self.disk.kind == DiskKind::System
    }

    fn is_stopped(&self) -> bool {
        self.instance.status == InstanceStatus::Stopped
    }

    fn is_locked(&self) -> bool {
        self.instance.is_locked_for(LockReason::Security)
    }

    fn is_ephemeral(&self) -> bool {
        self.disk.category.is_elastic_ephemeral()
    }
}

/// In_use, Detaching, Available; or In_use again.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[Edge::between("In_use", "Detaching", "DetachDisk")],
    ends: &[
        Edge::between("Detaching", "In_use", "refused"),
        Edge::between("Detaching", "Available", "detached"),
    ],
    settles: Some(Settling {
        taken_from: Some("InstanceId"),
        ..Settling::new(Ids::Requested("DiskId"), Goal::Status("Available"))
    }),
};

impl Action for DetachDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DetachDisk";
    const SUMMARY: &'static str = "Detaches a disk from an instance.";
    const DETAILS: &'static str = "\
The answer says only that the detach was accepted: the disk becomes Detaching. It becomes Available \
when the guest has let go of the device, which takes about a minute on the real cloud. A guest that \
does not let go keeps the disk: it goes back to In_use when the deadline passes, and `diskdock admin \
operations` shows the reason.\n\n\
A system disk can be detached while its instance is Stopped. It becomes a data disk.";
    const CAUTION: &'static str = "\
Unmount the disk in the guest first: what the guest has not written yet is lost, and a file \
system in use may not survive.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb {
        place: Place::Leaves,
        only: &[("portable", "true"), ("kind", "data")],
        said: "{id} leaves {holder}.",
        ..Verb::new("Detach", "disk", &[("DiskId", Given::Id), ("InstanceId", Given::Holder)])
    }];
    const CALLS_A_MINUTE: Option<u32> = Some(500);
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND, &DISK_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the disk is not being detached from the instance already", |f| !f.is_detaching(), &DISK_DETACHING_FROM_THIS),
        must("the disk is not Available",                                |f| f.disk.status() != DiskStatus::Available, &DISK_ALREADY_DETACHED),
        must("the disk is In_use",                                       |f| f.is_in_use(), &DISK_STATUS),
        must("no resize of the disk is under way",                       |f| !f.disk.is_resizing(), &DISK_GROWING),
        must("the disk is portable",                                     |f| f.disk.portable, &DISK_NOT_PORTABLE),
        must("the instance is not locked for security",                  |f| !f.is_locked(), &INSTANCE_LOCKED_FOR_SECURITY),
        must("the disk is on the instance",                              |f| f.phase() == Some(Phase::Attached), &DISK_NOT_ON_INSTANCE),
        must("for a system disk, the instance's image still exists",     |f| !f.is_system_disk() || f.image_exists, &SYSTEM_DISK_IMAGE_GONE),
        must("the instance is Running or Stopped",                       |f| f.instance.has_stable_status(), &INSTANCE_STATUS),
        must("for a system disk, the instance is Stopped",               |f| !f.is_system_disk() || f.is_stopped(), &INSTANCE_STATUS),
        must("a Running instance is of a type that can hot-detach",      |f| f.is_stopped() || f.hot_detach, &HOT_DETACH_UNSUPPORTED),
        must("DeleteWithInstance is not true for a multi-attach disk",   |f| !f.disk.multi_attach || f.delete_with_instance != Some(true), &MULTI_ATTACH_DELETE_WITH_INSTANCE),
        must("DeleteWithInstance is true for an elastic ephemeral disk", |f| !f.is_ephemeral() || f.delete_with_instance == Some(true), &EPHEMERAL_DELETE_WITH_INSTANCE),
        must("fewer than 5 disks are leaving the instance",              |f| f.detaching < DETACHING_PER_INSTANCE, &DISKS_DETACHING_EXCEEDED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let instance = call.look_at(tx, &params.instance_id)?.ok_or(&INSTANCE_NOT_FOUND)?;
        let disk = call.look_at(tx, &params.disk_id)?.ok_or(&DISK_NOT_FOUND)?;
        let inventory = &call.environment.inventory;
        let attached = tx.attached(&instance.id)?;
        let leaving = |phase: &Phase| matches!(phase, Phase::Detaching { .. });
        Ok(Facts {
            hot_detach: inventory
                .instance_type(&instance.instance_type)
                .is_none_or(|t| t.hot_detach),
            image_exists: image_lookups::facts(tx, call, &instance.image)?.is_some(),
            detaching: attached.iter().filter(|at| leaving(&at.phase)).count(),
            delete_with_instance: params.delete_with_instance,
            disk,
            instance,
        })
    }

    fn effect(_: &Call<'_>, params: &Params, Facts { disk, instance, .. }: Facts) -> Effect<()> {
        let mut disk = Arc::unwrap_or_clone(disk);
        let by_default = disk.kind == DiskKind::System;
        let afterwards = params.delete_with_instance.unwrap_or(by_default);
        let generation =
            disk.begin_detach(&instance.id, afterwards).expect("a disk in use on it can leave it");
        let (instance, of_disk) = (instance.id.clone(), disk.id.clone());
        let attachment = AttachmentId { instance, disk: of_disk, generation };
        Effect::reply(()).save(disk).start(Unplugging { attachment })
    }
}

/// Takes the disk away from the guest and makes its bytes durable; then the disk is Available.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unplugging {
    #[serde(rename = "slot")]
    attachment: AttachmentId,
}

impl Operation for Unplugging {
    const KIND: &'static str = "disk.detach";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_attachment(&self.attachment)
    }

    fn phase(&self) -> &'static str {
        "unplug"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        context.hypervisor.unplug(&self.attachment, context.now).await
    }

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        let AttachmentId { instance, disk, generation } = &self.attachment;
        let Some(mut disk) = tx.disk(disk)? else { return Ok(()) };
        let was_system_disk = disk.kind == DiskKind::System;
        let moved = match outcome {
            Outcome::Done => disk.finish_detach(instance, *generation, now),
            Outcome::Failed(_) => disk.fail_detach(instance, *generation),
        };
        if moved.is_err() {
            return Ok(());
        }
        let id = disk.id.clone();
        tx.save_resource(Arc::new(disk))?;
        if was_system_disk && *outcome == Outcome::Done {
            leave_without_system_disk(tx, instance, &id)?;
        }
        Ok(())
    }
}

/// Takes the system disk off the instance, which keeps the disk's id in a tag.
fn leave_without_system_disk(
    tx: &mut dyn WriteTx,
    instance: &InstanceId,
    disk: &DiskId,
) -> Result<(), StoreError> {
    let Some(mut instance) = tx.instance(instance)? else { return Ok(()) };
    instance.system_disk = None;
    tag::set(&mut instance.tags, Tag::new("acs:ecs:sourceSystemDiskId", disk.as_str()));
    tx.save_instance(&instance)
}
