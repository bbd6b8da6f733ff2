//! `DescribeSnapshots`: list snapshots.

use std::collections::HashSet;

use domain::{CustomImage, DiskSnapshot, SnapshotId, SnapshotOrigin, SnapshotStatus};

use super::create_snapshot::CategoryWord;
use super::view::{SnapshotItem, SnapshotUse, item};
use crate::actions::creation_filter::creation_filter;
use crate::actions::image_lookups;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups::disks_made_from;
use crate::catalog::Expected;
use crate::store::{EntityReads, Filter};

/// Lists snapshots that match all given filters.
pub(crate) struct DescribeSnapshots;

params!(
    /// Parameters of DescribeSnapshots.
    pub(crate) struct Params {
        /// The region whose snapshots are listed. Left out, that of the first named snapshot or of
        /// the disk, else the first one that has any.
        #[malformed = REGION_NOT_FOUND]
        region_id: Expected<RegionId>,
        /// Only these snapshots, up to 100. An empty list matches nothing; ids that do not exist
        /// are passed over.
        #[common = true]
        snapshot_ids: Option<JsonList<SnapshotId, 200>>,
        /// Only snapshots of this disk, which may be gone.
        #[common = true]
        disk_id: Option<DiskId>,
        /// Only snapshots of disks that are on this instance.
        #[common = true]
        instance_id: Option<InstanceId>,
        /// Only snapshots of this chain.
        snapshot_link_id: Option<Text<1, 64>>,
        /// Only snapshots of this name. `*` at either end stands for anything.
        #[common = true]
        snapshot_name: Option<Text<1, 128>>,
        /// Only snapshots in this status.
        #[malformed = INSTANCE_STATUS_UNKNOWN]
        #[common = true]
        status: Option<StatusWord>,
        /// Only snapshots that a policy (`auto`) or a request (`user`) has made.
        #[malformed = SNAPSHOT_TYPE_NOT_FOUND]
        snapshot_type: Option<TypeWord>,
        /// Only snapshots of system disks or of data disks.
        #[malformed = SOURCE_DISK_TYPE_NOT_VALID]
        source_disk_type: Option<KindWord>,
        /// Only snapshots that were used so, or not at all.
        #[malformed = SNAPSHOT_USAGE_NOT_VALID]
        usage: Option<UsageWord>,
        /// Only snapshots of this category.
        #[malformed = SNAPSHOT_CATEGORY_MALFORMED]
        category: Option<CategoryWord>,
        /// Only encrypted (or unencrypted) snapshots.
        encrypted: Option<bool>,
        /// Only snapshots with this key.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<1, 128>>,
        /// Only snapshots of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only snapshots with all these tags.
        tag: Groups<TagFilter>,
        /// Only snapshots created in a span: `CreationStartTime` and `CreationEndTime`.
        filter: Groups<SnapshotCreationFilter>,
        /// Where the page before ended; with it, PageNumber and PageSize do not count.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page when NextToken is used: 10 to 100.
        #[example = "10"]
        max_results: Option<Clamped<10, 100>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

creation_filter!(
    SnapshotCreationFilter,
    SNAPSHOT_FILTER_KEY_UNKNOWN,
    SNAPSHOT_FILTER_VALUE_NOT_VALID
);

choice!(
    /// Statuses that can be asked for.
    pub(crate) enum StatusWord {
        Progressing = "progressing",
        Accomplished = "accomplished",
        Failed = "failed",
        All = "all",
    }
);

choice!(
    /// Makers that can be asked for.
    pub(crate) enum TypeWord {
        Auto = "auto",
        User = "user",
        All = "all",
    }
);

choice!(
    /// Kinds of disk that can be asked for, in either spelling.
    pub(crate) enum KindWord in any case {
        System = "system",
        Data = "data",
    }
);

choice!(
    /// Uses that can be asked for.
    pub(crate) enum UsageWord {
        Image = "image",
        Disk = "disk",
        ImageDisk = "image_disk",
        None = "none",
    }
);

reply!(
    /// Reply of DescribeSnapshots.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many snapshots match. Not meaningful with NextToken.
        total_count: u64,
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The snapshots.
        snapshots: SnapshotList,
    }
);

reply!(
    /// The snapshots of a page.
    pub(crate) struct SnapshotList {
        /// One snapshot each.
        snapshot: Vec<SnapshotItem>,
    }
);

impl Query for DescribeSnapshots {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeSnapshots";
    const SUMMARY: &'static str = "Lists snapshots that match all given filters, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &SNAPSHOT_IDS_EXCEEDED,
        &SNAPSHOT_LINK_NOT_FOUND,
        &TAG_MISMATCH,
        &TAG_COUNT,
        &NEXT_TOKEN_NOT_VALID,
    ];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = region(tx, call, params)?;
        call.environment.inventory.region(&region).ok_or(&REGION_NOT_FOUND)?;
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        )?;
        let found = tx.list(&filter(tx, call, params, &region)?, &paging.page)?;
        let mut snapshot = Vec::with_capacity(found.entries.len());
        for one in &found.entries {
            let by_disk = !disks_made_from(tx, call, &region, &one.id)?.entries.is_empty();
            let by_image = image_lookups::needs(tx, &one.account, &one.region, &one.id)?;
            snapshot.push(item(call, one, SnapshotUse { by_disk, by_image }));
        }
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            next_token: paging.next_token(found.next),
            snapshots: SnapshotList { snapshot },
        })
    }
}

/// The region that is asked for, or that of what is asked for.
fn region(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<String, StoreError> {
    if let Expected(Some(RegionId(region))) = &params.region_id {
        return Ok(region.clone());
    }
    for id in params.snapshot_ids.iter().flat_map(|ids| &ids.0) {
        if let Some(found) = call.find(tx, id)? {
            return Ok(found.region);
        }
    }
    if let Some(id) = &params.disk_id
        && let Some(disk) = call.disk(tx, id)?
    {
        return Ok(disk.region);
    }
    let regions = call.environment.inventory.regions();
    for region in regions {
        let all = Filter::<DiskSnapshot>::all(call.caller.account.clone(), &region.id);
        if !tx.list(&all, &Page::After { after: None, most: 1 })?.entries.is_empty() {
            return Ok(region.id.clone());
        }
    }
    Ok(regions.first().map(|region| region.id.clone()).unwrap_or_default())
}

fn filter(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
    region: &str,
) -> Result<Filter<DiskSnapshot>, ActionError> {
    let mut filter = Filter::all(call.caller.account.clone(), region);
    if let Some(JsonList(ids)) = &params.snapshot_ids {
        // The list is read beyond its limit so that exceeding it has an answer of its own.
        if ids.len() > domain::limits::IDS_PER_LIST {
            return Err((&SNAPSHOT_IDS_EXCEEDED).into());
        }
        filter.ids = Some(ids.clone());
    }
    filter.tags = paging::tags(&params.tag.0)?;
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    filter.created = SnapshotCreationFilter::span(&params.filter.0)?;
    restrict_words(&mut filter, params);
    if let Some(Text(name)) = params.snapshot_name.clone() {
        filter.restrict_name(name);
    }
    restrict_source(&mut filter, tx, params, region)?;
    Ok(filter)
}

fn restrict_words(filter: &mut Filter<DiskSnapshot>, params: &Params) {
    let status = params.status.and_then(|word| match word {
        StatusWord::Progressing => Some(SnapshotStatus::Progressing),
        StatusWord::Accomplished => Some(SnapshotStatus::Accomplished),
        StatusWord::Failed => Some(SnapshotStatus::Failed),
        StatusWord::All => None,
    });
    filter.columns.extend(status.map(|status| ("status", status.as_str().to_owned())));
    let origin = params.snapshot_type.and_then(|word| match word {
        TypeWord::Auto => Some(SnapshotOrigin::Auto),
        TypeWord::User => Some(SnapshotOrigin::User),
        TypeWord::All => None,
    });
    filter.columns.extend(origin.map(|origin| ("origin", origin.as_str().to_owned())));
    if let Some(word) = params.source_disk_type {
        let kind = match word {
            KindWord::System => DiskKind::System,
            KindWord::Data => DiskKind::Data,
        };
        filter.also.push(Box::new(move |one| one.disk_kind == kind));
    }
    if let Some(category) = params.category.map(CategoryWord::category) {
        filter.also.push(Box::new(move |one| one.category == category));
    }
    if let Some(encrypted) = params.encrypted {
        filter.also.push(Box::new(move |one| one.encrypted == encrypted));
    }
    if let Some(Text(key)) = params.kms_key_id.clone() {
        filter.also.push(Box::new(move |one| one.kms_key_id == key));
    }
}

/// Restricts to a disk, a chain, an instance or a use.
fn restrict_source(
    filter: &mut Filter<DiskSnapshot>,
    tx: &dyn ReadTx,
    params: &Params,
    region: &str,
) -> Result<(), ActionError> {
    filter.terms.extend(params.disk_id.as_ref().map(|disk| ("disk", disk.to_string())));
    if let Some(Text(link)) = &params.snapshot_link_id {
        let disk = link.strip_prefix("sl-").ok_or(&SNAPSHOT_LINK_NOT_FOUND)?;
        filter.terms.push(("disk", format!("d-{disk}")));
        let mut chain = Filter::<DiskSnapshot>::all(filter.account.clone(), region);
        chain.terms.push(("disk", format!("d-{disk}")));
        if tx.newest(&chain)?.is_none() {
            return Err((&SNAPSHOT_LINK_NOT_FOUND).into());
        }
    }
    if let Some(instance) = &params.instance_id {
        let on: HashSet<DiskId> = tx.attached(instance)?.iter().map(|at| at.disk.clone()).collect();
        filter.also.push(Box::new(move |one| on.contains(&one.disk)));
    }
    if let Some(usage) = params.usage {
        let of_disks = used_by_disks(tx, filter, region)?;
        let of_images = used_by_images(tx, filter, region)?;
        filter.also.push(Box::new(move |one| {
            let by_disk = of_disks.contains(one.id.as_str());
            let by_image = of_images.contains(one.id.as_str());
            SnapshotUse { by_disk, by_image }.as_str() == usage.as_str()
        }));
    }
    Ok(())
}

/// The snapshots that disks were made from.
fn used_by_disks(
    tx: &dyn ReadTx,
    filter: &Filter<DiskSnapshot>,
    region: &str,
) -> Result<HashSet<String>, StoreError> {
    let mut disks = Filter::<Disk>::all(filter.account.clone(), region);
    disks.also.push(Box::new(|disk| !disk.source_snapshot.is_empty()));
    let mut used = HashSet::new();
    tx.visit(&disks, |disk| {
        used.insert(disk.source_snapshot);
    })?;
    Ok(used)
}

/// The snapshots that custom images need.
fn used_by_images(
    tx: &dyn ReadTx,
    filter: &Filter<DiskSnapshot>,
    region: &str,
) -> Result<HashSet<String>, StoreError> {
    let images = Filter::<CustomImage>::all(filter.account.clone(), region);
    let mut used = HashSet::new();
    tx.visit(&images, |image| {
        used.extend(
            image.disks.into_iter().filter_map(|disk| disk.snapshot).map(|id| id.to_string()),
        );
    })?;
    Ok(used)
}
