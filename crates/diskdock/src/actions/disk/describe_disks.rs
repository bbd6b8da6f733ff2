//! `DescribeDisks`: list disks.

use domain::SnapshotId;

use super::view::DiskView;
use crate::actions::creation_filter::creation_filter;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups::disks_made_from;
use crate::catalog::{Completion, Environment};

/// Lists disks that match all given filters.
pub(crate) struct DescribeDisks;

params!(
    /// Parameters of DescribeDisks.
    pub(crate) struct Params {
        /// The region whose disks are listed.
        #[missing = MISSING_REGION]
        #[malformed = REGION_NOT_VALID]
        region_id: RegionId,
        /// Only these disks, up to 100. An empty list matches nothing; ids that do not exist are
        /// passed over.
        #[malformed = DISK_IDS_NOT_VALID]
        #[common = true]
        disk_ids: Option<JsonList<DiskId, 200>>,
        /// Only disks on this instance, from In_use through Detaching.
        #[common = true]
        instance_id: Option<InstanceId>,
        /// Only disks in this zone.
        zone_id: Option<ZoneId>,
        /// Only disks in this status.
        #[malformed = DISK_STATUS_UNKNOWN]
        #[common = true]
        status: Option<StatusFilter>,
        /// Only system disks or only data disks.
        #[malformed = DISK_TYPE_UNKNOWN]
        disk_type: Option<KindFilter>,
        /// Only disks of this category; `all` for any.
        #[malformed = DISK_CATEGORY_UNKNOWN]
        category: Option<CategoryFilter>,
        /// Only disks of this performance level.
        performance_level: Option<PerformanceLevel>,
        /// Only disks that are paid for so.
        #[malformed = DISK_CHARGE_TYPE_UNKNOWN]
        disk_charge_type: Option<ChargeType>,
        /// Only disks of this name. `*` at either end stands for anything.
        #[common = true]
        disk_name: Option<Text<1, 128>>,
        /// Only disks with all these tags.
        tag: Groups<TagFilter>,
        /// Only disks with this Portable attribute.
        portable: Option<bool>,
        /// Only disks with this DeleteWithInstance attribute.
        delete_with_instance: Option<bool>,
        /// Only disks with this DeleteAutoSnapshot attribute.
        delete_auto_snapshot: Option<bool>,
        /// Only disks with this EnableAutoSnapshot attribute.
        enable_auto_snapshot: Option<bool>,
        /// Only disks with (or without) an automatic snapshot policy.
        enable_automated_snapshot_policy: Option<bool>,
        /// Only disks of this automatic snapshot policy.
        #[offers = "snapshot policy"]
        auto_snapshot_policy_id: Option<Text<1, 64>>,
        /// Only encrypted (or unencrypted) disks.
        encrypted: Option<bool>,
        /// Only disks that were encrypted with this key.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<1, 128>>,
        /// Only disks that were made from this snapshot.
        snapshot_id: Option<SnapshotId>,
        /// Only disks of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only disks with this multi-attach setting.
        #[malformed = MULTI_ATTACH_NOT_VALID]
        multi_attach: Option<MultiAttachFilter>,
        /// Only (or without) Shared Block Storage, which there is none of.
        enable_shared: Option<bool>,
        /// Only disks locked for this reason, themselves or through their instance.
        #[malformed = LOCK_REASON_UNKNOWN]
        lock_reason: Option<LockFilter>,
        /// Only disks created in a span: `CreationStartTime` and `CreationEndTime`.
        filter: Groups<DiskCreationFilter>,
        /// Attributes to add to the reply: `Placement`, and `UsedBytes`, which the vendor does not
        /// have: the bytes of the host's storage that real disks take. `IOPS` is always there.
        additional_attributes: Each<Text<1, 64>>,
        /// Where the page before ended; with it, PageNumber and PageSize do not count.
        #[common = true]
        next_token: Option<Text<1, 128>>,
        /// Entries on a page when NextToken is used: 10 to 500.
        #[common = true]
        max_results: Option<Clamped<10, 500>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

creation_filter!(DiskCreationFilter, FILTER_KEY_UNKNOWN, FILTER_VALUE_NOT_VALID);

choice!(
    /// Statuses that can be asked for.
    pub(crate) enum StatusFilter {
        All = "All",
        Available = "Available",
        Attaching = "Attaching",
        InUse = "In_use",
        Detaching = "Detaching",
        Creating = "Creating",
        ReIniting = "ReIniting",
    }
);

choice!(
    /// Kinds that can be asked for.
    pub(crate) enum KindFilter {
        All = "all",
        System = "system",
        Data = "data",
    }
);

choice!(
    /// Multi-attach settings that can be asked for.
    pub(crate) enum MultiAttachFilter {
        Disabled = "Disabled",
        Enabled = "Enabled",
        LegacyShared = "LegacyShared",
    }
);

choice!(
    /// Locks that can be asked for.
    pub(crate) enum LockFilter {
        Financial = "financial",
        Security = "security",
    }
);

/// A category, or any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CategoryFilter(Option<Category>);

impl crate::catalog::Value for CategoryFilter {
    const SHAPE: crate::catalog::Shape = <Category as crate::catalog::Value>::SHAPE;
    const EXAMPLE: &'static str = "cloud_essd";

    fn parse(text: &str) -> Option<Self> {
        let any = text.eq_ignore_ascii_case("all").then_some(CategoryFilter(None));
        any.or_else(|| Category::from_word(text).map(|one| CategoryFilter(Some(one))))
    }
}

reply!(
    /// Reply of DescribeDisks.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many disks match. Not meaningful with NextToken.
        total_count: u64,
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The disks.
        disks: DiskList,
    }
);

reply!(
    /// The disks of a page.
    pub(crate) struct DiskList {
        /// One disk each.
        disk: Vec<DiskView>,
    }
);

impl Query for DescribeDisks {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeDisks";
    const SUMMARY: &'static str = "Lists disks that match all given filters, newest first.";
    const SDK: &'static [SdkParam] =
        &[SdkParam::lacking("PerformanceLevel", TypedSdk::ALL_BUT_PYTHON)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_VALID,
        &ZONE_NOT_IN_RECORDS,
        &SNAPSHOT_UNKNOWN,
        &DISK_IDS_EXCEEDED,
        &TAG_MISMATCH,
        &TAG_COUNT,
        &NEXT_TOKEN_NOT_VALID,
    ];

    const COMPLETE: Option<Completion<Params, Reply>> = Some(add_used_bytes);
    const IS_COMPLETED: fn(&Params) -> bool = |params| asks_for(params, "UsedBytes");

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_VALID)?;
        if let Some(ZoneId(zone)) = &params.zone_id {
            call.environment.inventory.zone(zone).ok_or(&ZONE_NOT_IN_RECORDS)?;
        }
        if let Some(snapshot) = &params.snapshot_id {
            let is_known = call.find(tx, snapshot)?.is_some()
                || !disks_made_from(tx, call, region, snapshot)?.entries.is_empty();
            is_known.then_some(()).ok_or(&SNAPSHOT_UNKNOWN)?;
        }
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        )?;
        let filter = filter(call, params)?;
        let found = tx.disks(&filter, &paging.page)?;
        let with_placement = asks_for(params, "Placement");
        let mut disk = Vec::with_capacity(found.entries.len());
        for one in found.entries {
            let locks = locks_of_instance(tx, call, &one)?;
            disk.push(DiskView { disk: one, locks, with_placement, used_bytes: None });
        }
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            next_token: paging.next_token(found.next),
            disks: DiskList { disk },
        })
    }
}

/// Whether this attribute is to be in the reply.
fn asks_for(params: &Params, attribute: &str) -> bool {
    params.additional_attributes.0.iter().any(|Text(name)| name == attribute)
}

fn add_used_bytes(
    environment: &Environment,
    _: &Params,
    mut reply: Reply,
) -> Result<Reply, ActionError> {
    for view in &mut reply.disks.disk {
        view.used_bytes = (environment.used_bytes)(&view.disk.id);
    }
    Ok(reply)
}

/// Locks that a disk has through its instance: only while it is In_use.
fn locks_of_instance(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    disk: &Disk,
) -> Result<Vec<LockReason>, ActionError> {
    if disk.status() != DiskStatus::InUse {
        return Ok(Vec::new());
    }
    let mut reasons: Vec<LockReason> = Vec::new();
    for at in &disk.attachments {
        let instance = call.look_at(tx, &at.instance)?;
        let shown = |reason: &LockReason| {
            matches!(reason, LockReason::Financial | LockReason::Security)
                && !disk.locks.contains(reason)
        };
        reasons.extend(instance.iter().flat_map(|found| &found.locks).filter(|r| shown(r)));
    }
    Ok(reasons)
}

fn filter(call: &Call<'_>, params: &Params) -> Result<DiskFilter, ActionError> {
    let mut filter = DiskFilter::all(call.caller.account.clone(), &params.region_id.0);
    if let Some(JsonList(ids)) = &params.disk_ids {
        // The list is read beyond its limit so that exceeding it has an answer of its own.
        if ids.len() > domain::limits::IDS_PER_LIST {
            return Err((&DISK_IDS_EXCEEDED).into());
        }
        filter.ids = Some(ids.clone());
    }
    filter.instance.clone_from(&params.instance_id);
    filter.zone = params.zone_id.as_ref().map(|zone| zone.0.clone());
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    filter.name = params.disk_name.as_ref().map(|name| name.0.clone());
    filter.category = params.category.and_then(|category| category.0);
    filter.charge_type = params.disk_charge_type;
    filter.kind = match params.disk_type {
        None | Some(KindFilter::All) => None,
        Some(KindFilter::System) => Some(DiskKind::System),
        Some(KindFilter::Data) => Some(DiskKind::Data),
    };
    filter.lock = params.lock_reason.map(|reason| match reason {
        LockFilter::Financial => LockReason::Financial,
        LockFilter::Security => LockReason::Security,
    });
    filter.tags = paging::tags(&params.tag.0)?;
    // `All` is no status, so it restricts nothing.
    filter.status = params.status.and_then(|status| DiskStatus::from_word(status.as_str()));
    restrict_attributes(&mut filter, params);
    restrict_texts(&mut filter, params);
    filter.created = DiskCreationFilter::span(&params.filter.0)?;
    Ok(filter)
}

fn restrict_attributes(filter: &mut DiskFilter, params: &Params) {
    let mut flag = |wanted: Option<bool>, on: fn(&Disk) -> bool, off: fn(&Disk) -> bool| {
        filter.also.extend(wanted.map(|wanted| if wanted { on } else { off }));
    };
    flag(params.portable, |disk| disk.portable, |disk| !disk.portable);
    flag(params.encrypted, |disk| disk.encrypted, |disk| !disk.encrypted);
    flag(params.delete_with_instance, |d| d.delete_with_instance, |d| !d.delete_with_instance);
    flag(params.delete_auto_snapshot, |d| d.delete_auto_snapshot, |d| !d.delete_auto_snapshot);
    flag(params.enable_auto_snapshot, |d| d.enable_auto_snapshot, |d| !d.enable_auto_snapshot);
    let has_policy: fn(&Disk) -> bool = |disk| !disk.auto_snapshot_policy.is_empty();
    let has_none: fn(&Disk) -> bool = |disk| disk.auto_snapshot_policy.is_empty();
    flag(params.enable_automated_snapshot_policy, has_policy, has_none);
    flag(params.enable_shared, |_| false, |_| true);
    match params.multi_attach {
        None => {}
        Some(MultiAttachFilter::Enabled) => filter.also.push(|disk| disk.multi_attach),
        Some(MultiAttachFilter::Disabled) => filter.also.push(|disk| !disk.multi_attach),
        Some(MultiAttachFilter::LegacyShared) => filter.also.push(|_| false),
    }
}

fn restrict_texts(filter: &mut DiskFilter, params: &Params) {
    let mut text = |wanted: Option<&str>, field: fn(&Disk) -> &str| {
        filter.texts.extend(wanted.map(|wanted| (field, wanted.to_owned())));
    };
    let snapshot = params.snapshot_id.as_ref().map(SnapshotId::as_str);
    text(snapshot, |disk| &disk.source_snapshot);
    let policy = params.auto_snapshot_policy_id.as_ref().map(|policy| policy.0.as_str());
    text(policy, |disk| &disk.auto_snapshot_policy);
    text(params.kms_key_id.as_ref().map(|key| key.0.as_str()), |disk| &disk.kms_key_id);
    let level = params.performance_level.map(PerformanceLevel::as_str);
    text(level, |disk| disk.performance_level.map_or("", PerformanceLevel::as_str));
}
