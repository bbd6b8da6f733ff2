//! `DeleteInstances`: release instances.

use super::batch::{Batch, BatchEntry, BatchOptimization, Named};
use super::delete_instance::{Facts, RULES, release};
use super::power_facts::{self, Requested};
use crate::actions::prelude::*;

/// Releases instances.
pub(crate) struct DeleteInstances;

params!(
    /// Parameters of DeleteInstances.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances, up to 100. All are released or none.
        #[missing = NO_INSTANCE_IDS]
        #[malformed = INSTANCE_IDS_MALFORMED]
        instance_id: AtLeastOne<InstanceId>,
        /// Release them even while they are Running.
        force: Option<bool>,
        /// Whether `Force` cuts the power instead of asking the guests to shut down; true if left
        /// out.
        force_stop: Option<bool>,
        /// Release subscriptions that have ended.
        terminate_subscription: Option<bool>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

impl Batch for DeleteInstances {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteInstances";
    const SUMMARY: &'static str = "Releases up to 100 pay-as-you-go instances, all or none.";
    const DETAILS: &'static str = "The rules of DeleteInstance hold for every instance.";
    const RISK: Risk = Risk::TakesAway;
    const CAUTION: &'static str = "\
The instances are gone for good, and so are their disks with DeleteWithInstance.";
    const TRANSITION: &'static Transition = &super::delete_instance::TRANSITION;
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("ForceStop", TypedSdk::OLDEST)];
    const RULES: &'static [Precondition<Facts>] = RULES;

    fn named(params: &Params) -> Named<'_> {
        let optimization = Some(BatchOptimization::AllTogether);
        Named { region: &params.region_id, ids: &params.instance_id, optimization }
    }

    fn facts(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
        instance: Instance,
    ) -> Result<Facts, ActionError> {
        let found = power_facts::facts(tx, call, instance, Requested::default())?;
        let terminate = params.terminate_subscription == Some(true);
        Ok(Facts::of(call, found, params.force == Some(true), terminate))
    }

    fn effect(params: &Params, entries: Vec<BatchEntry<Facts>>) -> Effect<()> {
        let force_stop = params.force_stop.unwrap_or(true);
        entries.into_iter().fold(Effect::reply(()), |effect, entry| match entry {
            BatchEntry::Accepted { facts, .. } => release(effect, *facts, force_stop),
            BatchEntry::Refused { .. } => effect,
        })
    }
}
