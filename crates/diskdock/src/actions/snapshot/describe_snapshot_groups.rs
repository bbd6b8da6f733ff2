//! `DescribeSnapshotGroups`: list snapshot groups with their snapshots.

use domain::{DiskSnapshot, SnapshotGroup, SnapshotGroupId, SnapshotStatus};

use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::catalog::PlainTagFilter;
use crate::catalog::times::with_seconds;
use crate::store::{EntityReads, Filter};

/// Entries on a page unless the caller says otherwise.
const MAX_RESULTS: u32 = 10;

/// Lists snapshot groups that match all given filters.
pub(crate) struct DescribeSnapshotGroups;

params!(
    /// Parameters of DescribeSnapshotGroups.
    pub(crate) struct Params {
        /// The region whose groups are listed.
        #[malformed = REGION_NOT_IN_RECORDS]
        region_id: RegionId,
        /// Only these groups, up to 10; ids that do not exist are passed over.
        snapshot_group_id: Each<SnapshotGroupId>,
        /// Only groups of this name.
        name: Option<Text<1, 128>>,
        /// Only groups of this instance.
        instance_id: Option<InstanceId>,
        /// Only groups in one of these statuses.
        status: Each<SnapshotGroupStatusWord>,
        /// Only groups of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only groups with all these tags.
        tag: Groups<PlainTagFilter>,
        /// Further parts of the reply. There are none here.
        additional_attributes: Ignored<Each<Text<0, 64>>>,
        /// Where the page before ended.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page.
        max_results: Option<Integer<1, 100>>,
    }
);

choice!(
    /// Statuses that can be asked for.
    pub(crate) enum SnapshotGroupStatusWord {
        Progressing = "progressing",
        Accomplished = "accomplished",
        Failed = "failed",
    }
);

reply!(
    /// Reply of DescribeSnapshotGroups.
    pub(crate) struct Reply {
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The groups.
        snapshot_groups: SnapshotGroups,
    }
);

reply!(
    /// The groups of a page.
    pub(crate) struct SnapshotGroups {
        /// One group each.
        snapshot_group: Vec<SnapshotGroupItem>,
    }
);

reply!(
    /// One group.
    pub(crate) struct SnapshotGroupItem {
        /// The group's id.
        snapshot_group_id: String,
        /// Display name.
        name: String,
        /// Free text.
        description: String,
        /// The instance of the disks, if it was named.
        instance_id: String,
        /// `progressing`, `accomplished` or `failed`.
        status: &'static str,
        /// How far it is, in words of the vendor. Always empty here.
        progress_status: &'static str,
        /// The resource group.
        resource_group_id: String,
        /// When it was created.
        creation_time: String,
        /// Its tags.
        tags: GroupTags,
        /// Its snapshots.
        snapshots: GroupSnapshots,
    }
);

reply!(
    /// Tags.
    pub(crate) struct GroupTags {
        /// One for each key.
        tag: Vec<GroupTag>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct GroupTag {
        /// The key.
        key: String,
        /// The value.
        value: String,
    }
);

reply!(
    /// The snapshots of a group.
    pub(crate) struct GroupSnapshots {
        /// The entries.
        snapshot: Vec<GroupSnapshot>,
    }
);

reply!(
    /// One snapshot of a group.
    pub(crate) struct GroupSnapshot {
        /// The snapshot's id.
        snapshot_id: String,
        /// The disk it was made of.
        source_disk_id: String,
        /// `system` or `data`.
        source_disk_type: &'static str,
        /// How far it is, with a percent sign.
        progress: &'static str,
        /// Whether disks can be made from it.
        available: bool,
        /// The retired switch for instant access.
        instant_access: bool,
        /// Days of instant access.
        instant_access_retention_days: Option<u32>,
        /// Its tags.
        tags: GroupTags,
    }
);

impl Query for DescribeSnapshotGroups {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeSnapshotGroups";
    const SUMMARY: &'static str = "Lists snapshot groups that match all given filters.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_IN_RECORDS, &TAG_MISMATCH, &TAG_COUNT, &NEXT_TOKEN_NOT_VALID];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_IN_RECORDS)?;
        let most = params.max_results.and_then(|most| u32::try_from(most.0).ok());
        let paging = Paging::by_token(&params.next_token, most.unwrap_or(MAX_RESULTS))?;
        let found = tx.list(&filter(call, params)?, &paging.page)?;
        let items = found.entries.iter().map(|group| {
            let snapshots = snapshot_lookups::of_group(tx, group)?;
            Ok(item(group, &snapshots))
        });
        let snapshot_group = items.collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Reply {
            next_token: paging.next_token(found.next),
            snapshot_groups: SnapshotGroups { snapshot_group },
        })
    }
}

fn filter(call: &Call<'_>, params: &Params) -> Result<Filter<SnapshotGroup>, Refusal> {
    let mut filter = Filter::all(call.caller.account.clone(), &params.region_id.0);
    let ids = &params.snapshot_group_id.0;
    filter.ids = (!ids.is_empty()).then(|| ids.clone());
    filter.tags = paging::plain_tags(&params.tag.0)?;
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    filter.terms.extend(params.instance_id.as_ref().map(|id| ("instance", id.to_string())));
    if let Some(Text(name)) = params.name.clone() {
        filter.restrict_name(name);
    }
    let wanted: Vec<_> = params.status.0.iter().map(|word| status(*word)).collect();
    if !wanted.is_empty() {
        filter.also.push(Box::new(move |group: &SnapshotGroup| wanted.contains(&group.status)));
    }
    Ok(filter)
}

fn status(word: SnapshotGroupStatusWord) -> SnapshotStatus {
    match word {
        SnapshotGroupStatusWord::Progressing => SnapshotStatus::Progressing,
        SnapshotGroupStatusWord::Accomplished => SnapshotStatus::Accomplished,
        SnapshotGroupStatusWord::Failed => SnapshotStatus::Failed,
    }
}

fn tags(tags: &[Tag]) -> GroupTags {
    let tag = |tag: &Tag| GroupTag { key: tag.key.clone(), value: tag.value.clone() };
    GroupTags { tag: tags.iter().map(tag).collect() }
}

fn item(group: &SnapshotGroup, snapshots: &[DiskSnapshot]) -> SnapshotGroupItem {
    SnapshotGroupItem {
        snapshot_group_id: group.id.to_string(),
        name: group.name.clone(),
        description: group.description.clone(),
        instance_id: group.instance.as_ref().map(ToString::to_string).unwrap_or_default(),
        status: group.status.as_str(),
        progress_status: "",
        resource_group_id: group.resource_group.clone(),
        creation_time: with_seconds(group.created_at),
        tags: tags(&group.tags),
        snapshots: GroupSnapshots { snapshot: snapshots.iter().map(member).collect() },
    }
}

fn member(snapshot: &DiskSnapshot) -> GroupSnapshot {
    GroupSnapshot {
        snapshot_id: snapshot.id.to_string(),
        source_disk_id: snapshot.disk.to_string(),
        source_disk_type: snapshot.disk_kind.as_str(),
        progress: if snapshot.is_accomplished() { "100%" } else { "0%" },
        available: snapshot.is_accomplished(),
        instant_access: snapshot.instant_access,
        instant_access_retention_days: snapshot.instant_access_days,
        tags: tags(&snapshot.tags),
    }
}
