//! `ModifyAutoSnapshotPolicyEx`: change name, schedule or retention of a policy.

use domain::{SnapshotPolicy, SnapshotPolicyId};

use super::params::{
    self, CopyEncryption, Hours, PolicyName, Retention, TargetTag, Weekdays, check_region,
};
use crate::actions::prelude::*;
use crate::catalog::SnapshotName;

/// Changes a policy.
pub(crate) struct ModifyAutoSnapshotPolicyEx;

params!(
    /// Parameters of ModifyAutoSnapshotPolicyEx.
    pub(crate) struct Params {
        /// The region of the policy.
        #[wire = "regionId"]
        region_id: RegionId,
        /// The policy to change.
        #[wire = "autoSnapshotPolicyId"]
        policy_id: SnapshotPolicyId,
        /// The new display name.
        #[wire = "autoSnapshotPolicyName"]
        #[malformed = POLICY_NAME_MALFORMED]
        name: Option<PolicyName>,
        /// Hours of the day from now on, in UTC+8.
        #[wire = "timePoints"]
        #[malformed = POLICY_HOURS_NOT_VALID]
        #[example = "1"]
        time_points: Option<Hours>,
        /// Days of the week from now on: 1 is Monday, 7 is Sunday.
        #[wire = "repeatWeekdays"]
        #[malformed = POLICY_WEEKDAYS_NOT_VALID]
        #[example = "1"]
        repeat_weekdays: Option<Weekdays>,
        /// Days that snapshots made from now on are kept; -1 for ever.
        #[wire = "retentionDays"]
        #[malformed = POLICY_RETENTION_NOT_VALID]
        retention_days: Option<Retention>,
        /// Without effect while disks are named themselves.
        target_tags: Ignored<Groups<TargetTag>>,
        /// Copies in other regions are not made: true is refused.
        enable_cross_region_copy: Option<bool>,
        /// Without effect while there are no copies.
        target_copy_regions: Ignored<Option<Text<0, 256>>>,
        /// Without effect while there are no copies.
        #[malformed = POLICY_COPY_RETENTION_NOT_VALID]
        copied_snapshots_retention_days: Ignored<Option<Integer<-1, 65535>>>,
        /// Without effect while there are no copies.
        copy_encryption_configuration: Ignored<Group<CopyEncryption>>,
    }
);

/// The policy, and what is to change.
pub(crate) struct Facts {
    params: Params,
    policy: SnapshotPolicy,
}

impl Action for ModifyAutoSnapshotPolicyEx {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifyAutoSnapshotPolicyEx";
    const SUMMARY: &'static str = "Changes name, schedule or retention of a snapshot policy.";
    const DETAILS: &'static str = "\
Attributes that are left out stay. A schedule counts from now on: an hour that has passed is not made up for.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("CopyEncryptionConfiguration.Arn.AssumeRoleFor"),
        SdkParam::lacking("TargetTags", TypedSdk::OLDER),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_REGION_NOT_VALID, &POLICY_NOT_FOUND, &POLICY_NOT_IN_REGION];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("timePoints names an hour",                     |f| f.params.time_points.as_ref().is_none_or(|hours| !hours.0.is_empty()), &POLICY_HOURS_NOT_VALID),
        must("repeatWeekdays names a day",                   |f| f.params.repeat_weekdays.as_ref().is_none_or(|days| !days.0.is_empty()), &POLICY_WEEKDAYS_NOT_VALID),
        must("retentionDays is not 0",                       |f| f.params.retention_days.is_none_or(params::is_retention), &POLICY_RETENTION_NOT_VALID),
        must("no copies in other regions are asked for",     |f| f.params.enable_cross_region_copy != Some(true), &POLICY_COPIES_NOT_HERE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        check_region(call, &params.region_id)?;
        let policy = params::find(tx, call, &params.region_id, &params.policy_id)?;
        Ok(Facts { params: params.clone(), policy })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let mut policy = facts.policy;
        if let Some(SnapshotName(name)) = &params.name {
            policy.name.clone_from(name);
        }
        if let Some(hours) = &params.time_points {
            policy.hours = params::numbers(&hours.0);
            policy.carried_out(call.now, call.now);
        }
        if let Some(days) = &params.repeat_weekdays {
            policy.weekdays = params::numbers(&days.0);
            policy.carried_out(call.now, call.now);
        }
        if let Some(days) = params.retention_days {
            policy.retention_days = params::days(days);
        }
        Effect::reply(()).save(policy)
    }
}
