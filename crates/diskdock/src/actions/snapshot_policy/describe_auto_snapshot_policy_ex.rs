//! `DescribeAutoSnapshotPolicyEx`: list automatic snapshot policies.

use domain::{SnapshotPolicy, SnapshotPolicyId};

use super::disks;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::PlainTagFilter;
use crate::catalog::times::without_seconds;
use crate::store::{EntityReads, Filter};

/// Lists policies that match all given filters.
pub(crate) struct DescribeAutoSnapshotPolicyEx;

params!(
    /// Parameters of DescribeAutoSnapshotPolicyEx.
    pub(crate) struct Params {
        /// The region whose policies are listed.
        #[malformed = TASK_REGION_NOT_FOUND]
        region_id: RegionId,
        /// Only this policy.
        auto_snapshot_policy_id: Option<SnapshotPolicyId>,
        /// Only policies of this name.
        auto_snapshot_policy_name: Option<Text<1, 128>>,
        /// Only policies of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only policies with all these tags.
        tag: Groups<PlainTagFilter>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

reply!(
    /// Reply of DescribeAutoSnapshotPolicyEx.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many policies match.
        total_count: u64,
        /// The policies.
        auto_snapshot_policies: Policies,
    }
);

reply!(
    /// The policies of a page.
    pub(crate) struct Policies {
        /// One policy each.
        auto_snapshot_policy: Vec<PolicyItem>,
    }
);

reply!(
    /// One policy.
    pub(crate) struct PolicyItem {
        /// The policy's id.
        auto_snapshot_policy_id: String,
        /// Display name.
        auto_snapshot_policy_name: String,
        /// Region.
        region_id: String,
        /// `Normal`.
        status: &'static str,
        /// `Custom`.
        #[wire = "Type"]
        kind: &'static str,
        /// Hours of the day, in UTC+8, as a JSON list.
        time_points: String,
        /// Days of the week, 1 for Monday, as a JSON list.
        repeat_weekdays: String,
        /// Days that snapshots are kept; -1 for ever.
        retention_days: i64,
        /// How many disks have it.
        disk_nums: u64,
        /// How many extended volumes have it. There are none here.
        volume_nums: u32,
        /// `AssociatedWithDisk`.
        association_type: &'static str,
        /// Tags that select instances. There are none here.
        target_tags: TargetTags,
        /// Whether copies in another region are made.
        enable_cross_region_copy: bool,
        /// The regions of copies, as a JSON list.
        target_copy_regions: &'static str,
        /// Days that copies are kept; -1 for ever.
        copied_snapshots_retention_days: i64,
        /// How copies are encrypted.
        copy_encryption_configuration: CopyEncryptionItem,
        /// The resource group.
        resource_group_id: String,
        /// When it was created.
        creation_time: String,
        /// Its tags.
        tags: PolicyTags,
    }
);

reply!(
    /// Tags that select instances.
    pub(crate) struct TargetTags {
        /// None.
        target_tag: Vec<PolicyTag>,
    }
);

reply!(
    /// How copies are encrypted.
    pub(crate) struct CopyEncryptionItem {
        /// Whether they are.
        encrypted: bool,
        /// The key.
        #[wire = "KMSKeyId"]
        kms_key_id: &'static str,
    }
);

reply!(
    /// Tags.
    pub(crate) struct PolicyTags {
        /// One for each key.
        tag: Vec<PolicyTag>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct PolicyTag {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for DescribeAutoSnapshotPolicyEx {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeAutoSnapshotPolicyEx";
    const SUMMARY: &'static str = "Lists automatic snapshot policies, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&TASK_REGION_NOT_FOUND, &TAG_MISMATCH, &TAG_COUNT];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&TASK_REGION_NOT_FOUND)?;
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.list(&filter(call, params)?, &paging.page)?;
        let items = found.entries.iter().map(|policy| Ok(item(policy, disks::count(tx, policy)?)));
        let auto_snapshot_policy = items.collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            auto_snapshot_policies: Policies { auto_snapshot_policy },
        })
    }
}

fn filter(call: &Call<'_>, params: &Params) -> Result<Filter<SnapshotPolicy>, Refusal> {
    let mut filter = Filter::all(call.caller.account.clone(), &params.region_id.0);
    filter.ids = params.auto_snapshot_policy_id.as_ref().map(|id| vec![id.clone()]);
    filter.tags = paging::plain_tags(&params.tag.0)?;
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    let name = params.auto_snapshot_policy_name.as_ref();
    filter.terms.extend(name.map(|name| ("name", name.0.clone())));
    Ok(filter)
}

/// Numbers as the API writes them: a JSON list of texts.
fn listed(numbers: &[u8]) -> String {
    let texts: Vec<String> = numbers.iter().map(|number| format!("\"{number}\"")).collect();
    format!("[{}]", texts.join(","))
}

fn item(policy: &SnapshotPolicy, disk_nums: u64) -> PolicyItem {
    let tag = |tag: &Tag| PolicyTag { tag_key: tag.key.clone(), tag_value: tag.value.clone() };
    PolicyItem {
        auto_snapshot_policy_id: policy.id.to_string(),
        auto_snapshot_policy_name: policy.name.clone(),
        region_id: policy.region.clone(),
        status: "Normal",
        kind: "Custom",
        time_points: listed(&policy.hours),
        repeat_weekdays: listed(&policy.weekdays),
        retention_days: policy.retention_days.map_or(-1, i64::from),
        disk_nums,
        volume_nums: 0,
        association_type: "AssociatedWithDisk",
        target_tags: TargetTags { target_tag: Vec::new() },
        enable_cross_region_copy: false,
        target_copy_regions: "[]",
        copied_snapshots_retention_days: -1,
        copy_encryption_configuration: CopyEncryptionItem { encrypted: false, kms_key_id: "" },
        resource_group_id: policy.resource_group.clone(),
        creation_time: without_seconds(policy.created_at),
        tags: PolicyTags { tag: policy.tags.iter().map(tag).collect() },
    }
}
