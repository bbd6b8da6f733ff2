//! `DeleteInstance`: release an instance.
//!
//! The request marks the instance as being released and returns. Its disks are freed or released
//! with it only when the hypervisor has turned the machine off and forgotten it, so that no disk
//! is Available while a guest can reach it.

use super::power_facts::{self, PowerFacts, Requested};
use super::resource::INSTANCE;
use crate::actions::image_lookups;
use crate::actions::prelude::*;
use crate::store::EntityWrites;

/// Disks that are looked through at a time for former system disks.
const BATCH_SIZE: u32 = 1_000;

/// Releases an instance.
pub(crate) struct DeleteInstance;

params!(
    /// Parameters of DeleteInstance.
    pub(crate) struct Params {
        /// The instance to release. It must be Stopped.
        instance_id: InstanceId,
        /// Release it even while it is Running.
        force: Option<bool>,
        /// Whether `Force` cuts the power instead of asking the guest to shut down; true if left
        /// out.
        force_stop: Option<bool>,
        /// Release a subscription that has ended.
        terminate_subscription: Option<bool>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

/// An instance that is to be released. It exists.
pub(crate) struct Facts {
    /// The instance with its disks.
    pub power: PowerFacts,
    /// Whether it may be Running.
    pub force: bool,
    /// Whether it is a subscription that cannot be released yet.
    pub subscribed: bool,
}

impl Facts {
    /// The facts about this machine.
    pub(crate) fn of(call: &Call<'_>, power: PowerFacts, force: bool, terminate: bool) -> Facts {
        let instance = &power.instance;
        let over = instance.expires_at.is_some_and(|end| end <= call.now);
        let subscribed = match instance.charge_type {
            ChargeType::PostPaid => false,
            ChargeType::PrePaid => !(over && terminate),
        };
        Facts { power, force, subscribed }
    }

    fn is_initializing(&self) -> bool {
        matches!(self.power.instance.status, InstanceStatus::Pending | InstanceStatus::Starting)
    }

    fn is_deletable(&self) -> bool {
        match self.power.instance.status {
            InstanceStatus::Stopped => true,
            InstanceStatus::Running => self.force,
            InstanceStatus::Pending | InstanceStatus::Starting | InstanceStatus::Stopping => false,
        }
    }
}

/// Stopped, gone.
pub(crate) static TRANSITION: Transition = Transition {
    resource: &INSTANCE,
    begins: &[Edge::out_of("Stopped", "DeleteInstance")],
    ends: &[],
    settles: Some(Settling::new(Ids::Requested("InstanceId"), Goal::Gone)),
};

impl Action for DeleteInstance {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteInstance";
    const SUMMARY: &'static str = "Releases a pay-as-you-go instance.";
    const DETAILS: &'static str = "\
The instance is Stopping until it is off, and then gone. Disks with DeleteWithInstance go with it; \
the others become Available, but never before the machine is off.";
    const CAUTION: &'static str = "\
The instance is gone for good, and so are its disks with DeleteWithInstance.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb {
        said: "{id} is deleted.",
        ..Verb::new("Delete", "instance", &[("InstanceId", Given::Id)])
    }];
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("ForceStop", TypedSdk::OLDEST)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<Facts>] = RULES;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let found = power_facts::find(tx, call, &params.instance_id, Requested::default())?;
        let terminate = params.terminate_subscription == Some(true);
        Ok(Facts::of(call, found, params.force == Some(true), terminate))
    }

    fn effect(_: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        release(Effect::reply(()), facts, params.force_stop.unwrap_or(true))
    }
}

/// Preconditions of a release.
#[rustfmt::skip]
pub(crate) const RULES: &[Precondition<Facts>] = &[
    must("the instance is not locked for security",                      |f| !f.power.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_POWER),
    must("the instance is not protected from release",                   |f| !f.power.instance.deletion_protection, &DELETION_PROTECTED),
    must("a subscription has ended, and TerminateSubscription is true",  |f| !f.subscribed, &INSTANCE_CHARGE_TYPE),
    must("the instance is neither Pending nor Starting",                 |f| !f.is_initializing(), &INSTANCE_INITIALIZING),
    must("the instance is Stopped, or Running with Force=true",          |f| f.is_deletable(), &INSTANCE_STATUS),
    must("none of its disks is Attaching",                               |f| !f.power.has_disk_attaching(), &INSTANCE_STATUS),
];

/// Begins the release of an instance for which the rules hold.
pub(crate) fn release<R>(effect: Effect<R>, facts: Facts, force_stop: bool) -> Effect<R> {
    let mut instance = facts.power.instance;
    let was_running = instance.status == InstanceStatus::Running;
    instance.status = InstanceStatus::Stopping;
    instance.releasing = true;
    let releasing = DeletingInstance {
        instance: instance.id.clone(),
        was_running,
        // A machine that is off has no guest to ask.
        force: force_stop || !was_running,
    };
    effect.save(instance).start(releasing)
}

/// Turns the machine off and forgets it; then the instance is gone and its disks are free.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeletingInstance {
    instance: InstanceId,
    was_running: bool,
    force: bool,
}

impl Operation for DeletingInstance {
    const KIND: &'static str = "instance.release";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_instance(&self.instance)
    }

    fn phase(&self) -> &'static str {
        "stop"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let progress = context.hypervisor.stop(&self.instance, self.force, context.now).await?;
        if progress == Progress::Done {
            context.hypervisor.remove_machine(&self.instance).await?;
        }
        Ok(progress)
    }

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        let Some(instance) = tx.instance(&self.instance)? else { return Ok(()) };
        match outcome {
            Outcome::Done => {
                release_disks(tx, &instance, now)?;
                unprotect_former_system_disks(tx, &instance)?;
                tx.remove_instance(&instance.id)
            }
            Outcome::Failed(_) => self.stays(tx, instance),
        }
    }
}

impl DeletingInstance {
    /// The guest did not shut down: the instance is what it was.
    fn stays(&self, tx: &mut dyn WriteTx, mut instance: Instance) -> Result<(), StoreError> {
        instance.releasing = false;
        let moved = if self.was_running { instance.stop_failed() } else { instance.stopped() };
        if moved.is_ok() { tx.save_instance(&instance) } else { Ok(()) }
    }
}

/// Releases the disks that go with the instance and frees the others. A disk that was being
/// detached stays.
fn release_disks(tx: &mut dyn WriteTx, instance: &Instance, now: Moment) -> Result<(), StoreError> {
    for at in tx.attached(&instance.id)? {
        let Some(mut disk) = tx.disk(&at.disk)? else { continue };
        let goes_along = disk.delete_with_instance || !disk.portable || disk.category.is_local();
        if at.phase == Phase::Attached && goes_along && !disk.multi_attach {
            for snapshot in image_lookups::snapshots_deleted_with(tx, &disk)? {
                tx.remove(&snapshot.id)?;
            }
            tx.remove_disk(&disk.id)?;
        } else {
            disk.detached_by_instance_deletion(&instance.id, now);
            tx.save_disk(&disk)?;
        }
    }
    Ok(())
}

/// Former system disks of the instance are protected only as long as it exists. The tag says that
/// there are some, so that other instances go without a search.
fn unprotect_former_system_disks(
    tx: &mut dyn WriteTx,
    instance: &Instance,
) -> Result<(), StoreError> {
    if instance.tags.iter().all(|tag| tag.key != "acs:ecs:sourceSystemDiskId") {
        return Ok(());
    }
    let mut filter = DiskFilter::all(instance.account.clone(), &instance.region);
    filter.also.push(|disk| disk.delete_protected);
    let origin: fn(&Disk) -> &str = |disk| disk.origin.as_ref().map_or("", InstanceId::as_str);
    filter.texts.push((origin, instance.id.to_string()));
    let found = tx.disks(&filter, &Page::After { after: None, most: BATCH_SIZE })?;
    for disk in found.entries {
        let Some(mut disk) = tx.disk(&disk.id)? else { continue };
        disk.delete_protected = false;
        disk.tags.retain(|tag| tag.key != "acs:ecs:diskDeleteProtection");
        tx.save_disk(&disk)?;
    }
    Ok(())
}
