//! `RebootInstances`: turn instances off and on again.

use super::batch::{Batch, BatchEntry, BatchOptimization, BatchReply, Named, respond};
use super::power_facts::{self, PowerFacts, Requested};
use super::reboot_instance::{RULES, reboot};
use crate::actions::prelude::*;

/// Turns instances off and on again.
pub(crate) struct RebootInstances;

params!(
    /// Parameters of RebootInstances.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances, up to 100.
        #[missing = NO_INSTANCE_IDS]
        #[malformed = INSTANCE_IDS_MALFORMED]
        instance_id: AtLeastOne<InstanceId>,
        /// Cut the power instead of asking the guests to reboot.
        force_reboot: Option<bool>,
        /// `AllTogether`: all are rebooted or none. `SuccessFirst`: those that can be are.
        batch_optimization: Option<BatchOptimization>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

impl Batch for RebootInstances {
    type Params = Params;
    type Facts = PowerFacts;
    type Reply = BatchReply;

    const NAME: &'static str = "RebootInstances";
    const SUMMARY: &'static str = "Reboots up to 100 instances.";
    const DETAILS: &'static str = "\
The rules of RebootInstance hold for every instance. All together, the first that cannot be \
rebooted refuses the whole request; otherwise it is named in the reply with its error.";
    const RISK: Risk = Risk::TakesAway;
    const CAUTION: &'static str = "\
The guests stop working meanwhile. With ForceReboot their power is cut: what they have not \
written yet is lost.";
    const TRANSITION: &'static Transition = &super::reboot_instance::TRANSITION;
    const RULES: &'static [Precondition<PowerFacts>] = RULES;

    fn named(params: &Params) -> Named<'_> {
        let optimization = params.batch_optimization;
        Named { region: &params.region_id, ids: &params.instance_id, optimization }
    }

    fn facts(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        _: &Params,
        instance: Instance,
    ) -> Result<PowerFacts, ActionError> {
        power_facts::facts(tx, call, instance, Requested::default())
    }

    fn effect(params: &Params, entries: Vec<BatchEntry<PowerFacts>>) -> Effect<BatchReply> {
        let force = params.force_reboot == Some(true);
        let act = |effect, facts| reboot(effect, facts, force);
        respond(entries, InstanceStatus::Starting, act)
    }
}
