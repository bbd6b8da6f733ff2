//! `DeleteAutoSnapshotPolicy`: delete a policy, and take it off its disks.

use domain::{SnapshotPolicy, SnapshotPolicyId};

use super::{disks, params};
use crate::actions::prelude::*;

/// Deletes a policy.
pub(crate) struct DeleteAutoSnapshotPolicy;

params!(
    /// Parameters of DeleteAutoSnapshotPolicy.
    pub(crate) struct Params {
        /// The region of the policy.
        #[wire = "regionId"]
        region_id: RegionId,
        /// The policy to delete.
        #[wire = "autoSnapshotPolicyId"]
        policy_id: SnapshotPolicyId,
    }
);

/// The policy and its disks.
pub(crate) struct Facts {
    policy: SnapshotPolicy,
    disks: Vec<Disk>,
}

impl Action for DeleteAutoSnapshotPolicy {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteAutoSnapshotPolicy";
    const SUMMARY: &'static str = "Deletes a snapshot policy; its disks have none any more.";
    const DETAILS: &'static str = "Snapshots that it has made stay until their days are over.";
    const CAUTION: &'static str = "No more snapshots are made of its disks. Give them another policy first if they are to be kept up.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&POLICY_NOT_FOUND, &POLICY_NOT_IN_REGION];

    /// None: a policy can go at any time.
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let policy = params::find(tx, call, &params.region_id, &params.policy_id)?;
        Ok(Facts { disks: disks::all(tx, &policy)?, policy })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let effect = Effect::reply(()).remove(&facts.policy.id);
        facts.disks.into_iter().fold(effect, |effect, mut disk| {
            disk.auto_snapshot_policy.clear();
            effect.save(disk)
        })
    }
}
