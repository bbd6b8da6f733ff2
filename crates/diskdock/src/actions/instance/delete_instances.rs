//! `DeleteInstances`: release instances.

use super::delete_instance::{self, Facts, RULES, release};
use super::power::{self, Requested, batch_ids};
use crate::actions::prelude::*;
use crate::catalog::first_broken;

/// Releases instances.
pub struct DeleteInstances;

params!(
    /// Parameters of DeleteInstances.
    pub struct Params {
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

impl Action for DeleteInstances {
    type Params = Params;
    type Facts = Vec<Facts>;
    type Reply = ();

    const NAME: &'static str = "DeleteInstances";
    const SUMMARY: &'static str = "Releases up to 100 pay-as-you-go instances, all or none.";
    const DETAILS: &'static str = "The rules of DeleteInstance hold for every instance.";
    const ASYNCHRONOUS: bool = true;
    const LOOKUPS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &NO_INSTANCE_IDS,
        &TOO_MANY_INSTANCE_IDS,
        &INSTANCE_IDS_NOT_FOUND,
        &INSTANCE_LOCKED_FOR_POWER,
        &DELETION_PROTECTED,
        &INSTANCE_CHARGE_TYPE,
        &INSTANCE_INITIALIZING,
        &INSTANCE_STATUS,
    ];
    const PRECONDITIONS: &'static [Precondition<Vec<Facts>>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, ask: &Params) -> Result<Vec<Facts>, Stop> {
        let terminate = ask.terminate_subscription == Some(true);
        let mut all = Vec::new();
        for id in batch_ids(call, &ask.region_id, &ask.instance_id)? {
            let found = call.instance(tx, &id)?.filter(|one| one.region == ask.region_id.0);
            found.ok_or(&INSTANCE_IDS_NOT_FOUND)?;
            let machine = power::find(tx, call, &id, Requested::default())?;
            let facts =
                delete_instance::Facts::of(call, machine, ask.force == Some(true), terminate);
            if let Some(error) = first_broken(RULES, &facts) {
                return Err(error.into());
            }
            all.push(facts);
        }
        Ok(all)
    }

    fn effect(_: &Call<'_>, ask: &Params, all: Vec<Facts>) -> Effect<()> {
        let force_stop = ask.force_stop.unwrap_or(true);
        all.into_iter().fold(Effect::reply(()), |effect, one| release(effect, one, force_stop))
    }
}
