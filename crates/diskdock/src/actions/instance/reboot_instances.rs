//! `RebootInstances`: turn instances off and on again.

use super::power::{Batch, BatchAsk, BatchOptimization, BatchReply, Requested};
use super::reboot_instance::{RULES, reboot};
use crate::actions::prelude::*;

/// Turns instances off and on again.
pub struct RebootInstances;

params!(
    /// Parameters of RebootInstances.
    pub struct Params {
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

impl Action for RebootInstances {
    type Params = Params;
    type Facts = Batch;
    type Reply = BatchReply;

    const NAME: &'static str = "RebootInstances";
    const SUMMARY: &'static str = "Reboots up to 100 instances.";
    const DETAILS: &'static str = "\
The rules of RebootInstance hold for every instance. All together, the first that cannot be \
rebooted refuses the whole request; otherwise it is named in the reply with its error.";
    const ASYNCHRONOUS: bool = true;
    const LOOKUPS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &TOO_MANY_INSTANCE_IDS,
        &INSTANCE_IDS_NOT_FOUND,
        &INSTANCE_LOCKED_FOR_POWER,
        &INSTANCE_IN_ARREARS,
        &INSTANCE_STATUS,
    ];
    const PRECONDITIONS: &'static [Precondition<Batch>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, ask: &Params) -> Result<Batch, Stop> {
        let asked = BatchAsk {
            region: &ask.region_id,
            ids: &ask.instance_id,
            optimization: ask.batch_optimization,
            requested: Requested::default(),
        };
        Batch::load(tx, call, &asked, RULES)
    }

    fn effect(_: &Call<'_>, ask: &Params, batch: Batch) -> Effect<BatchReply> {
        let force = ask.force_reboot == Some(true);
        batch.carry_out(InstanceStatus::Starting, |effect, machine| reboot(effect, machine, force))
    }
}
