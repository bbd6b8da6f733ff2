//! `CreateAutoSnapshotPolicy`: make an automatic snapshot policy.

use domain::SnapshotPolicy;
use domain::limits::SNAPSHOT_POLICIES;

use super::params::{
    self, CopyEncryption, Hours, PolicyName, Retention, TargetTag, Weekdays, check_region,
};
use crate::actions::paging::new_plain_tags;
use crate::actions::prelude::*;
use crate::catalog::{Needs, PlainTag, SnapshotName};
use crate::store::{EntityReads, Filter};

/// Makes a policy.
pub(crate) struct CreateAutoSnapshotPolicy;

params!(
    /// Parameters of CreateAutoSnapshotPolicy.
    pub(crate) struct Params {
        /// The region of the policy and its disks.
        #[wire = "regionId"]
        region_id: RegionId,
        /// Display name.
        #[wire = "autoSnapshotPolicyName"]
        #[malformed = POLICY_NAME_MALFORMED]
        name: Option<PolicyName>,
        /// Hours of the day at which snapshots are made, in UTC+8.
        #[wire = "timePoints"]
        #[malformed = POLICY_HOURS_NOT_VALID]
        #[example = "1"]
        time_points: Hours,
        /// Days of the week at which snapshots are made: 1 is Monday, 7 is Sunday.
        #[wire = "repeatWeekdays"]
        #[malformed = POLICY_WEEKDAYS_NOT_VALID]
        #[example = "1"]
        repeat_weekdays: Weekdays,
        /// Days that the snapshots are kept; -1 for ever.
        #[wire = "retentionDays"]
        #[malformed = POLICY_RETENTION_NOT_VALID]
        retention_days: Retention,
        /// Disks have a policy by ApplyAutoSnapshotPolicy here, and by no tag of their instances.
        association_type: Option<Association>,
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
        /// The resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags, up to 20.
        tag: Groups<PlainTag>,
        /// Not offered to the public.
        storage_location_arn: Ignored<Option<Text<0, 256>>>,
    }
);

choice!(
    /// How a policy finds its disks.
    pub(crate) enum Association {
        Disk = "AssociatedWithDisk",
    }
);

reply!(
    /// Reply of CreateAutoSnapshotPolicy.
    pub(crate) struct Reply {
        /// The new policy.
        auto_snapshot_policy_id: String,
    }
);

/// The request, and how many policies there are.
pub(crate) struct Facts {
    params: Params,
    tags: Vec<Tag>,
    policies: u64,
}

impl Action for CreateAutoSnapshotPolicy {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateAutoSnapshotPolicy";
    const SUMMARY: &'static str = "Makes an automatic snapshot policy.";
    const DETAILS: &'static str = "\
Disks get it by ApplyAutoSnapshotPolicy. At every hour of its schedule, by the clock of the server \
and in UTC+8, a snapshot is made of each of its disks that can have one; others are passed over and \
named in the log. Each hour is carried out once; of several that were missed, while the server was \
down or its clock was set forward, only the last. The snapshots are deleted when their days are over.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const NEEDS: Needs = Needs::Snapshots;
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("CopyEncryptionConfiguration.Arn.AssumeRoleFor"),
        SdkParam::lacking("AssociationType", TypedSdk::OLDER),
        SdkParam::lacking("TargetTags", TypedSdk::OLDER),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_REGION_NOT_VALID, &TAG_COUNT, &TAG_MISMATCH, &TAG_DUPLICATE];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("timePoints names an hour",                     |f| !f.params.time_points.0.is_empty(), &POLICY_HOURS_NOT_VALID),
        must("repeatWeekdays names a day",                   |f| !f.params.repeat_weekdays.0.is_empty(), &POLICY_WEEKDAYS_NOT_VALID),
        must("retentionDays is not 0",                       |f| params::is_retention(f.params.retention_days), &POLICY_RETENTION_NOT_VALID),
        must("no copies in other regions are asked for",     |f| f.params.enable_cross_region_copy != Some(true), &POLICY_COPIES_NOT_HERE),
        must("the region has fewer than 100 policies",       |f| f.policies < SNAPSHOT_POLICIES, &POLICY_QUOTA),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        check_region(call, &params.region_id)?;
        let all = Filter::<SnapshotPolicy>::all(call.caller.account.clone(), &params.region_id.0);
        let policies = tx.count(&all)?;
        Ok(Facts { params: params.clone(), tags: new_plain_tags(&params.tag.0)?, policies })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let group = params.resource_group_id.as_ref();
        let policy = SnapshotPolicy {
            id: call.new_id(&params.region_id.0),
            account: call.caller.account.clone(),
            region: params.region_id.0.clone(),
            name: params.name.as_ref().map(|SnapshotName(name)| name.clone()).unwrap_or_default(),
            hours: params::numbers(&params.time_points.0),
            weekdays: params::numbers(&params.repeat_weekdays.0),
            retention_days: params::days(params.retention_days),
            tags: facts.tags,
            resource_group: group.map(|group| group.0.clone()).unwrap_or_default(),
            created_at: call.now,
            done_until: call.now,
            unknown: domain::UnknownFields::default(),
        };
        Effect::reply(Reply { auto_snapshot_policy_id: policy.id.to_string() }).save(policy)
    }
}
