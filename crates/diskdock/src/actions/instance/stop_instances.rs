//! `StopInstances`: turn instances off.

use super::power::{Batch, BatchAsk, BatchOptimization, BatchReply, Requested};
use super::stop_instance::{Mode, RULES, stop};
use crate::actions::prelude::*;

/// Turns instances off.
pub struct StopInstances;

params!(
    /// Parameters of StopInstances.
    pub struct Params {
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
        stopped_mode: Option<Mode>,
        /// `AllTogether`: all are stopped or none. `SuccessFirst`: those that can be are.
        batch_optimization: Option<BatchOptimization>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

impl Action for StopInstances {
    type Params = Params;
    type Facts = Batch;
    type Reply = BatchReply;

    const NAME: &'static str = "StopInstances";
    const SUMMARY: &'static str = "Stops up to 100 instances.";
    const DETAILS: &'static str = "\
The rules of StopInstance hold for every instance. All together, the first that cannot be stopped \
refuses the whole request; otherwise it is named in the reply with its error.";
    const ASYNCHRONOUS: bool = true;
    const LOOKUPS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &TOO_MANY_INSTANCE_IDS,
        &INSTANCE_IDS_NOT_FOUND,
        &INSTANCE_LOCKED_FOR_POWER,
        &INSTANCE_IN_ARREARS,
        &INSTANCE_STATUS,
        &STOP_CHARGING_PREPAID,
        &STOP_CHARGING_SPOT,
        &STOP_CHARGING_LOCAL_DISKS,
    ];
    const PRECONDITIONS: &'static [Precondition<Batch>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, ask: &Params) -> Result<Batch, Stop> {
        let stop_charging = ask.stopped_mode == Some(Mode::StopCharging);
        let asked = BatchAsk {
            region: &ask.region_id,
            ids: &ask.instance_id,
            optimization: ask.batch_optimization,
            requested: Requested { stop_charging, hibernate: false },
        };
        Batch::load(tx, call, &asked, RULES)
    }

    fn effect(_: &Call<'_>, ask: &Params, batch: Batch) -> Effect<BatchReply> {
        let force = ask.force_stop == Some(true);
        batch.carry_out(InstanceStatus::Stopping, |effect, machine| stop(effect, machine, force))
    }
}
