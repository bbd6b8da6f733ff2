//! `RebootInstance`: turn an instance off and on again.

use super::power_facts::{self, PowerFacts, Requested};
use super::resource::INSTANCE;
use crate::actions::prelude::*;
use crate::hypervisor::MachineSpec;

/// Turns an instance off and on again.
pub(crate) struct RebootInstance;

params!(
    /// Parameters of RebootInstance.
    pub(crate) struct Params {
        /// The instance to reboot. It must be Running.
        instance_id: InstanceId,
        /// Cut the power instead of asking the guest to reboot.
        force_stop: Option<bool>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

/// Running, Starting, Running.
pub(crate) static TRANSITION: Transition = Transition {
    resource: &INSTANCE,
    begins: &[Edge::between("Running", "Starting", "RebootInstance")],
    ends: &[Edge::between("Starting", "Running", "booted")],
    settles: Some(Settling::new(Ids::Requested("InstanceId"), Goal::Status("Running"))),
};

impl Action for RebootInstance {
    type Params = Params;
    type Facts = PowerFacts;
    type Reply = ();

    const NAME: &'static str = "RebootInstance";
    const SUMMARY: &'static str = "Reboots an instance.";
    const DETAILS: &'static str = "The instance is Starting, then Running.";
    const CAUTION: &'static str = "\
The guest stops working meanwhile. With ForceStop its power is cut: what it has not written yet \
is lost.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb::new("Reboot", "instance", &[("InstanceId", Given::Id)])];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<PowerFacts>] = RULES;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<PowerFacts, ActionError> {
        power_facts::find(tx, call, &params.instance_id, Requested::default())
    }

    fn effect(_: &Call<'_>, params: &Params, facts: PowerFacts) -> Effect<()> {
        reboot(Effect::reply(()), facts, params.force_stop == Some(true))
    }
}

/// Preconditions of a reboot.
#[rustfmt::skip]
pub(crate) const RULES: &[Precondition<PowerFacts>] = &[
    must("the instance is not locked for security",     |m| !m.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_POWER),
    must("the instance has no overdue payment",         |m| !m.instance.is_locked_for(LockReason::Financial), &INSTANCE_IN_ARREARS),
    must("the instance is Running",                     |m| m.is_running(), &INSTANCE_STATUS),
    must("no key of its disks is deleted",              |m| m.keys.is_there(), &KEY_NOT_FOUND),
    must("the keys of its disks are Enabled",           |m| m.keys.is_enabled(), &KEY_DISABLED),
];

/// Reboots an instance for which the rules hold.
pub(crate) fn reboot<R>(effect: Effect<R>, facts: PowerFacts, force: bool) -> Effect<R> {
    let PowerFacts { mut instance, spec, .. } = facts;
    instance.start().expect("a Running instance can be rebooted");
    let rebooting =
        Rebooting { machine: spec, force, off: false, compensating: None, powered_off: false };
    effect.save(instance).start(rebooting)
}

/// Turns the machine off and on again; then the instance is Running.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rebooting {
    machine: MachineSpec,
    force: bool,
    /// The power was cut already.
    off: bool,
    /// Why the machine did not come up again: it may run all the same, so it is stopped before
    /// the instance is called Stopped.
    #[serde(default, rename = "taking_back")]
    compensating: Option<String>,
    /// The machine is off again after a start that came to nothing.
    #[serde(default)]
    powered_off: bool,
}

impl Operation for Rebooting {
    const KIND: &'static str = "instance.reboot";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_instance(&self.machine.instance)
    }

    fn phase(&self) -> &'static str {
        match (&self.compensating, self.force, self.off) {
            (Some(_), ..) => "compensate",
            (None, true, false) => "stop",
            (None, true, true) => "start",
            (None, false, _) => "reboot",
        }
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let (hypervisor, now) = (context.hypervisor, context.now);
        if let Some(reason) = &self.compensating {
            let progress = hypervisor.stop(&self.machine.instance, true, now).await?;
            self.powered_off = progress == Progress::Done;
            return Ok(if self.powered_off { Progress::Failed(reason.clone()) } else { progress });
        }
        self.machine.leaving = context.still_leaving(&self.machine).await?;
        if !self.force {
            return hypervisor.reboot(&self.machine, now).await;
        }
        if !self.off {
            let progress = hypervisor.stop(&self.machine.instance, true, now).await?;
            if progress != Progress::Done {
                return Ok(progress);
            }
            self.off = true;
        }
        hypervisor.start(&self.machine, now).await
    }

    /// A guest that was asked to reboot runs on if it did not.
    fn compensate(&mut self, reason: &str) -> bool {
        let first = self.off && self.compensating.is_none();
        self.compensating.get_or_insert_with(|| reason.to_owned());
        first
    }

    /// A guest that did not reboot is still Running, as it was; so is one of which it is unknown
    /// whether it came up again, until it is seen off.
    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        power_facts::finish_transition(tx, &self.machine.instance, |instance| match outcome {
            Outcome::Done => instance.started(now),
            Outcome::Failed(_)
                if self.powered_off && instance.status == InstanceStatus::Starting =>
            {
                instance.stopped()
            }
            Outcome::Failed(_) => instance.started(instance.started_at.unwrap_or(now)),
        })
    }
}
