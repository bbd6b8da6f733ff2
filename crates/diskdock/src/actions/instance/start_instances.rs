//! `StartInstances`: turn instances on.

use super::power::{Batch, BatchAsk, BatchOptimization, BatchReply, Requested};
use super::start_instance::{RULES, start};
use crate::actions::prelude::*;

/// Turns instances on.
pub struct StartInstances;

params!(
    /// Parameters of StartInstances.
    pub struct Params {
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

impl Action for StartInstances {
    type Params = Params;
    type Facts = Batch;
    type Reply = BatchReply;

    const NAME: &'static str = "StartInstances";
    const SUMMARY: &'static str = "Starts up to 100 instances.";
    const DETAILS: &'static str = "\
The rules of StartInstance hold for every instance. All together, the first that cannot be started \
refuses the whole request; otherwise it is named in the reply with its error.";
    const ASYNCHRONOUS: bool = true;
    const LOOKUPS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &TOO_MANY_INSTANCE_IDS,
        &INSTANCE_IDS_NOT_FOUND,
        &INSTANCE_LOCKED_FOR_POWER,
        &INSTANCE_IN_ARREARS,
        &INSTANCE_STATUS,
        &INSTANCE_WITHOUT_SYSTEM_DISK,
        &INSTANCE_DISK_IN_TRANSIT,
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

    fn effect(_: &Call<'_>, _: &Params, batch: Batch) -> Effect<BatchReply> {
        batch.carry_out(InstanceStatus::Starting, start)
    }
}
