//! `CancelAutoSnapshotPolicy`: take the automatic snapshot policy off disks.

use domain::SnapshotPolicyId;

use super::{disks, params};
use crate::actions::prelude::*;

/// Takes the policy off disks.
pub(crate) struct CancelAutoSnapshotPolicy;

params!(
    /// Parameters of CancelAutoSnapshotPolicy.
    pub(crate) struct Params {
        /// The region of the disks.
        #[wire = "regionId"]
        region_id: RegionId,
        /// The disks, up to 100. One that has no policy stays as it is.
        #[wire = "diskIds"]
        #[malformed = POLICY_DISK_IDS_NOT_VALID]
        disk_ids: JsonList<DiskId, 100>,
        /// Only this policy is taken off; left out, any.
        #[wire = "autoSnapshotPolicyId"]
        policy_id: Option<SnapshotPolicyId>,
    }
);

/// The disks, and the policy that they are to lose.
pub(crate) struct Facts {
    disks: Vec<Disk>,
    policy: Option<SnapshotPolicyId>,
}

impl Action for CancelAutoSnapshotPolicy {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "CancelAutoSnapshotPolicy";
    const SUMMARY: &'static str = "Takes the automatic snapshot policy off disks.";
    const DETAILS: &'static str = "Snapshots that it has made stay until their days are over.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("autoSnapshotPolicyId", TypedSdk::OLDEST)];
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_REGION_NOT_VALID, &POLICY_DISKS_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<Facts>] =
        &[must("a disk is named", |f| !f.disks.is_empty(), &POLICY_DISK_IDS_NOT_VALID)];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        params::check_region(call, &params.region_id)?;
        let missing = &POLICY_DISKS_NOT_FOUND;
        let disks = disks::named(tx, call, &params.region_id, &params.disk_ids.0, missing)?;
        Ok(Facts { disks, policy: params.policy_id.clone() })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let Facts { disks, policy } = facts;
        let loses = |disk: &Disk| {
            let has = disk.auto_snapshot_policy.as_str();
            !has.is_empty() && policy.as_ref().is_none_or(|policy| policy.as_str() == has)
        };
        let changed = disks.into_iter().filter(loses);
        changed.fold(Effect::reply(()), |effect, mut disk| {
            disk.auto_snapshot_policy.clear();
            effect.save(disk)
        })
    }
}
