//! `ApplyAutoSnapshotPolicy`: give disks an automatic snapshot policy.

use domain::{SnapshotPolicy, SnapshotPolicyId};

use super::{disks, params};
use crate::actions::prelude::*;

/// Gives disks a policy.
pub(crate) struct ApplyAutoSnapshotPolicy;

params!(
    /// Parameters of ApplyAutoSnapshotPolicy.
    pub(crate) struct Params {
        /// The region of policy and disks.
        #[wire = "regionId"]
        region_id: RegionId,
        /// The policy to have.
        #[wire = "autoSnapshotPolicyId"]
        policy_id: SnapshotPolicyId,
        /// The disks, up to 100. A policy that one has is replaced.
        #[wire = "diskIds"]
        #[malformed = POLICY_DISK_IDS_NOT_VALID]
        disk_ids: JsonList<DiskId, 100>,
    }
);

/// The policy and the disks.
pub(crate) struct Facts {
    policy: SnapshotPolicy,
    disks: Vec<Disk>,
}

impl Facts {
    /// Local and elastic ephemeral disks have no snapshots.
    fn can_have_snapshots(disk: &Disk) -> bool {
        !disk.category.is_local() && !disk.category.is_elastic_ephemeral()
    }
}

impl Action for ApplyAutoSnapshotPolicy {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ApplyAutoSnapshotPolicy";
    const SUMMARY: &'static str = "Gives disks an automatic snapshot policy.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &POLICY_REGION_NOT_VALID,
        &POLICY_NOT_FOUND,
        &POLICY_NOT_IN_REGION,
        &POLICY_DISK_NOT_FOUND,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("a disk is named",                             |f| !f.disks.is_empty(), &POLICY_DISK_IDS_NOT_VALID),
        must("not all disks are local or elastic ephemeral", |f| f.disks.iter().any(Facts::can_have_snapshots), &NO_SNAPSHOTS_OF_CATEGORY),
        must("no disk is local or elastic ephemeral",       |f| f.disks.iter().all(Facts::can_have_snapshots), &NO_SNAPSHOTS_OF_SOME),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        params::check_region(call, &params.region_id)?;
        let policy = params::find(tx, call, &params.region_id, &params.policy_id)?;
        let missing = &POLICY_DISK_NOT_FOUND;
        let disks = disks::named(tx, call, &params.region_id, &params.disk_ids.0, missing)?;
        Ok(Facts { policy, disks })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let Facts { policy, disks } = facts;
        disks.into_iter().fold(Effect::reply(()), |effect, mut disk| {
            policy.id.as_str().clone_into(&mut disk.auto_snapshot_policy);
            effect.save(disk)
        })
    }
}
