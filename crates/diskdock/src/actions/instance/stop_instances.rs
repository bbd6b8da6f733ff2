//! `StopInstances`: turn instances off.

use super::batch::{Batch, BatchEntry, BatchOptimization, BatchReply, Named, respond};
use super::power_facts::{self, PowerFacts, Requested};
use super::stop_instance::{RULES, StopMode, stop};
use crate::actions::prelude::*;

/// Turns instances off.
pub(crate) struct StopInstances;

params!(
    /// Parameters of StopInstances.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances, up to 100.
        #[missing = NO_INSTANCE_IDS]
        #[malformed = INSTANCE_IDS_MALFORMED]
        instance_id: AtLeastOne<InstanceId>,
        /// Cut the power instead of asking the guests to shut down.
        force_stop: Option<bool>,
        /// Whether compute is paid for while they are off. `Not-applicable`, which
        /// DescribeInstances shows, asks for nothing.
        stopped_mode: Option<StopMode>,
        /// `AllTogether`: all are stopped or none. `SuccessFirst`: those that can be are.
        batch_optimization: Option<BatchOptimization>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

impl Batch for StopInstances {
    type Params = Params;
    type Facts = PowerFacts;
    type Reply = BatchReply;

    const NAME: &'static str = "StopInstances";
    const SUMMARY: &'static str = "Stops up to 100 instances.";
    const DETAILS: &'static str = "\
The rules of StopInstance hold for every instance. All together, the first that cannot be stopped \
refuses the whole request; otherwise it is named in the reply with its error.";
    const RISK: Risk = Risk::TakesAway;
    const CAUTION: &'static str = "\
The guests stop working. With ForceStop their power is cut: what they have not written yet is \
lost.";
    const TRANSITION: &'static Transition = &super::stop_instance::TRANSITION;
    const RULES: &'static [Precondition<PowerFacts>] = RULES;

    fn named(params: &Params) -> Named<'_> {
        let optimization = params.batch_optimization;
        Named { region: &params.region_id, ids: &params.instance_id, optimization }
    }

    fn facts(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
        instance: Instance,
    ) -> Result<PowerFacts, ActionError> {
        let stop_charging = params.stopped_mode == Some(StopMode::StopCharging);
        let requested = Requested { stop_charging, hibernate: false };
        power_facts::facts(tx, call, instance, requested)
    }

    fn effect(params: &Params, entries: Vec<BatchEntry<PowerFacts>>) -> Effect<BatchReply> {
        let force = params.force_stop == Some(true);
        let act = |effect, facts| stop(effect, facts, force);
        respond(entries, InstanceStatus::Stopping, act)
    }
}
