//! `StopInstance`: turn an instance off.

use domain::instance::StoppedMode;

use super::power_facts::{self, PowerFacts, Requested};
use super::resource::INSTANCE;
use crate::actions::prelude::*;
use crate::catalog::joined;

/// Turns an instance off.
pub(crate) struct StopInstance;

params!(
    /// Parameters of StopInstance.
    pub(crate) struct Params {
        /// The instance to stop. It must be Running.
        instance_id: InstanceId,
        /// Cut the power instead of asking the guest to shut down.
        force_stop: Option<bool>,
        /// Whether compute is paid for while it is off. `Not-applicable`, which DescribeInstances
        /// shows, asks for nothing.
        stopped_mode: Option<StopMode>,
        /// Whether the guest hibernates. It cannot here, so true is refused.
        hibernate: Option<bool>,
        /// Without effect in the API of today.
        confirm_stop: Ignored<Option<bool>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

choice!(
    /// Whether compute is paid for while an instance is off.
    pub(crate) enum StopMode {
        StopCharging = "StopCharging",
        KeepCharging = "KeepCharging",
        NotApplicable = "Not-applicable",
    }
);

/// Running, Stopping, Stopped; or Running again.
pub(crate) static TRANSITION: Transition = Transition {
    resource: &INSTANCE,
    begins: &[Edge::between("Running", "Stopping", "StopInstance")],
    ends: &[
        Edge::between("Stopping", "Running", "refused"),
        Edge::between("Stopping", "Stopped", "off"),
    ],
    settles: Some(Settling::new(Ids::Requested("InstanceId"), Goal::Status("Stopped"))),
};

impl Action for StopInstance {
    type Params = Params;
    type Facts = PowerFacts;
    type Reply = ();

    const NAME: &'static str = "StopInstance";
    const SUMMARY: &'static str = "Stops an instance.";
    const DETAILS: &'static str = "\
The instance is Stopping, then Stopped. A guest that does not shut down keeps it Running when the \
deadline passes; ForceStop cuts its power. Disks that are Attaching or Detaching go on: a disk is \
Available only when the hypervisor has taken it off, whether the guest is on or not.";
    const CAUTION: &'static str = "\
The guest stops working. With ForceStop its power is cut: what it has not written yet is lost.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb::new("Stop", "instance", &[("InstanceId", Given::Id)])];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<PowerFacts>] = &RULES_OF_ONE;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<PowerFacts, ActionError> {
        let requested = Requested {
            stop_charging: params.stopped_mode == Some(StopMode::StopCharging),
            hibernate: params.hibernate == Some(true),
        };
        power_facts::find(tx, call, &params.instance_id, requested)
    }

    fn effect(_: &Call<'_>, params: &Params, facts: PowerFacts) -> Effect<()> {
        stop(Effect::reply(()), facts, params.force_stop == Some(true))
    }
}

/// Preconditions of StopInstance, the one action that can ask for hibernation.
const RULES_OF_ONE: [Precondition<PowerFacts>; RULES.len() + 1] = joined(
    &[must(
        "the instance is not to hibernate",
        |m| !m.requested.hibernate,
        &HIBERNATION_NOT_ENABLED,
    )],
    RULES,
);

/// Preconditions of a stop.
#[rustfmt::skip]
pub(crate) const RULES: &[Precondition<PowerFacts>] = &[
    must("the instance is not locked for security",           |m| !m.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_POWER),
    must("the instance has no overdue payment",               |m| !m.instance.is_locked_for(LockReason::Financial), &INSTANCE_IN_ARREARS),
    must("the instance is Running",                           |m| m.is_running(), &INSTANCE_STATUS),
    must("StopCharging is not for a subscription",            |m| !m.requested.stop_charging || m.instance.charge_type == ChargeType::PostPaid, &STOP_CHARGING_PREPAID),
    must("StopCharging is not for a spot instance",           |m| !m.requested.stop_charging || m.instance.spot_strategy == "NoSpot", &STOP_CHARGING_SPOT),
    must("StopCharging is not for a type with local disks",   |m| !m.requested.stop_charging || !m.has_local_disks, &STOP_CHARGING_LOCAL_DISKS),
];

/// Stops an instance for which the rules hold.
pub(crate) fn stop<R>(effect: Effect<R>, facts: PowerFacts, force: bool) -> Effect<R> {
    let PowerFacts { mut instance, requested, .. } = facts;
    instance.stop().expect("a Running instance can be stopped");
    instance.stopped_mode = match instance.charge_type {
        ChargeType::PrePaid => StoppedMode::NotApplicable,
        ChargeType::PostPaid if requested.stop_charging => StoppedMode::StopCharging,
        ChargeType::PostPaid => StoppedMode::KeepCharging,
    };
    let stopping = Stopping { instance: instance.id.clone(), force };
    effect.save(instance).start(stopping)
}

/// Turns the machine off; then the instance is Stopped.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stopping {
    instance: InstanceId,
    force: bool,
}

impl Operation for Stopping {
    const KIND: &'static str = "instance.stop";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_instance(&self.instance)
    }

    fn phase(&self) -> &'static str {
        "stop"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        context.hypervisor.stop(&self.instance, self.force, context.now).await
    }

    fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx, _: Moment) -> Result<(), StoreError> {
        power_facts::finish_transition(tx, &self.instance, |instance| match outcome {
            Outcome::Done if instance.status == InstanceStatus::Stopping => instance.stopped(),
            Outcome::Done => Err(domain::IllegalTransition),
            Outcome::Failed(_) => {
                instance.stop_failed()?;
                instance.stopped_mode = StoppedMode::NotApplicable;
                Ok(())
            }
        })
    }
}
