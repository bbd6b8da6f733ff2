//! `StartInstances`: turn instances on.

use super::batch::{Batch, BatchEntry, BatchOptimization, BatchReply, Named, respond};
use super::power_facts::{self, PowerFacts, Requested};
use super::start_instance::{RULES, start};
use crate::actions::prelude::*;

/// Turns instances on.
pub(crate) struct StartInstances;

params!(
    /// Parameters of StartInstances.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances, up to 100.
        #[missing = NO_INSTANCE_IDS]
        #[malformed = INSTANCE_IDS_MALFORMED]
        instance_id: AtLeastOne<InstanceId>,
        /// `AllTogether`: all are started or none. `SuccessFirst`: those that can be are.
        batch_optimization: Option<BatchOptimization>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

impl Batch for StartInstances {
    type Params = Params;
    type Facts = PowerFacts;
    type Reply = BatchReply;

    const NAME: &'static str = "StartInstances";
    const SUMMARY: &'static str = "Starts up to 100 instances.";
    const DETAILS: &'static str = "\
The rules of StartInstance hold for every instance. All together, the first that cannot be started \
refuses the whole request; otherwise it is named in the reply with its error.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: &'static Transition = &super::start_instance::TRANSITION;
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

    fn effect(_: &Params, entries: Vec<BatchEntry<PowerFacts>>) -> Effect<BatchReply> {
        respond(entries, InstanceStatus::Starting, start)
    }
}
