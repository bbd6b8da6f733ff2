//! `StartInstance`: turn an instance on.

use super::build::Build;
use super::power_facts::{self, PowerFacts, Requested, is_on_fenced_host};
use super::resource::INSTANCE;
use crate::actions::prelude::*;

/// Turns an instance on.
pub(crate) struct StartInstance;

params!(
    /// Parameters of StartInstance.
    pub(crate) struct Params {
        /// The instance to start. It must be Stopped.
        instance_id: InstanceId,
        /// Whether broken local disks are made anew. None break here.
        init_local_disk: Ignored<Option<bool>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

/// Stopped, Starting, Running.
pub(crate) static TRANSITION: Transition = Transition {
    resource: &INSTANCE,
    begins: &[Edge::between("Stopped", "Starting", "StartInstance")],
    ends: &[Edge::between("Starting", "Running", "booted")],
    settles: Some(Settling::new(Ids::Requested("InstanceId"), Goal::Status("Running"))),
};

impl Action for StartInstance {
    type Params = Params;
    type Facts = PowerFacts;
    type Reply = ();

    const NAME: &'static str = "StartInstance";
    const SUMMARY: &'static str = "Starts an instance.";
    const DETAILS: &'static str = "\
The instance is Starting, then Running. No disk of it may be Attaching, Detaching or ReIniting: \
a disk that is on its way off must not be there again when the guest boots.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb::new("Start", "instance", &[("InstanceId", Given::Id)])];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<PowerFacts>] = RULES;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<PowerFacts, ActionError> {
        power_facts::find(tx, call, &params.instance_id, Requested::default())
    }

    fn effect(_: &Call<'_>, _: &Params, facts: PowerFacts) -> Effect<()> {
        start(Effect::reply(()), facts)
    }
}

/// Preconditions of a start.
#[rustfmt::skip]
pub(crate) const RULES: &[Precondition<PowerFacts>] = &[
    must("the instance is not locked for security",       |m| !m.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_POWER),
    must("the instance has no overdue payment",           |m| !m.instance.is_locked_for(LockReason::Financial), &INSTANCE_IN_ARREARS),
    must("the instance is Stopped",                       |m| m.can_start(), &INSTANCE_STATUS),
    must("the instance has a system disk",                |m| m.instance.system_disk.is_some(), &INSTANCE_WITHOUT_SYSTEM_DISK),
    must("no key of its disks is deleted",                |m| m.keys.is_there(), &INSTANCE_KEY_NOT_FOUND),
    must("the keys of its disks are Enabled",             |m| m.keys.is_enabled(), &KEY_DISABLED),
    must("none of its disks is Attaching, Detaching or ReIniting", |m| m.disks_are_still(), &INSTANCE_DISK_IN_TRANSIT),
];

/// Starts an instance for which the rules hold.
pub(crate) fn start<R>(effect: Effect<R>, facts: PowerFacts) -> Effect<R> {
    let (instance, starting) = Starting::of_stopped(facts);
    effect.save(instance).start(starting)
}

/// Turns the machine on; then the instance is Running.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Starting {
    build: Build,
    built: bool,
    /// Why the start came to nothing: the machine may run all the same, so it is stopped before
    /// the instance is called Stopped.
    #[serde(default, rename = "taking_back")]
    compensating: Option<String>,
    /// The machine is off again after a start that came to nothing.
    #[serde(default)]
    powered_off: bool,
}

impl Starting {
    /// The start of a Stopped instance for which the rules hold; the instance is to be saved as
    /// Starting.
    pub(crate) fn of_stopped(facts: PowerFacts) -> (Instance, Starting) {
        let disks = facts.attached.iter().map(|at| (at.disk.clone(), at.generation)).collect();
        let mut instance = facts.instance;
        instance.start().expect("a Stopped instance can be started");
        instance.stopped_mode = domain::instance::StoppedMode::NotApplicable;
        let build = Build::of_existing(facts.spec, disks, facts.unmade);
        (instance, Starting::of(build))
    }

    /// Builds the machine as far as it is not there yet, and turns it on.
    pub(crate) fn of(build: Build) -> Starting {
        Starting { build, built: false, compensating: None, powered_off: false }
    }
}

impl Operation for Starting {
    const KIND: &'static str = "instance.start";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_instance(self.build.instance())
    }

    fn phase(&self) -> &'static str {
        match (&self.compensating, self.built) {
            (Some(_), _) => "compensate",
            (None, true) => "start",
            (None, false) => self.build.phase(),
        }
    }

    fn making(&self) -> Vec<DiskId> {
        self.build.making()
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        if let Some(reason) = &self.compensating {
            let progress =
                context.hypervisor.stop(self.build.instance(), true, context.now).await?;
            self.powered_off = progress == Progress::Done;
            return Ok(if self.powered_off { Progress::Failed(reason.clone()) } else { progress });
        }
        if !self.built {
            let progress = self.build.advance(context).await?;
            if progress != Progress::Done {
                return Ok(progress);
            }
            self.built = true;
        }
        context.hypervisor.start(self.build.machine(), context.now).await
    }

    /// A machine that was never started need not be stopped.
    fn compensate(&mut self, reason: &str) -> bool {
        let first = self.built && self.compensating.is_none();
        self.compensating.get_or_insert_with(|| reason.to_owned());
        first
    }

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        self.build.finish(outcome, tx)?;
        let is_lost = *outcome != Outcome::Done && is_on_fenced_host(&*tx, self.build.instance())?;
        power_facts::finish_transition(tx, self.build.instance(), |instance| match outcome {
            Outcome::Done => instance.started(now),
            Outcome::Failed(_) if instance.status != InstanceStatus::Starting => {
                Err(domain::IllegalTransition)
            }
            Outcome::Failed(_) if self.powered_off || !self.built => {
                instance.stopped()?;
                instance.interrupted = is_lost;
                Ok(())
            }
            // It is unknown whether the guest runs, so it counts as Running until it is seen off.
            Outcome::Failed(_) => instance.started(now),
        })
    }
}
