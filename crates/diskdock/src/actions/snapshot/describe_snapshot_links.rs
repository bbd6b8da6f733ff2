//! `DescribeSnapshotLinks`: list the chains of snapshots, one for each disk that has any.

use std::collections::{HashMap, HashSet};

use domain::DiskSnapshot;

use super::view::link_of;
use crate::actions::paging::Paging;
use crate::actions::prelude::*;
use crate::store::{Cursor, EntityReads, Filter};

/// Lists chains of snapshots.
pub(crate) struct DescribeSnapshotLinks;

params!(
    /// Parameters of DescribeSnapshotLinks.
    pub(crate) struct Params {
        /// The region whose chains are listed.
        #[malformed = LINKS_REGION_NOT_VALID]
        region_id: RegionId,
        /// Only chains of disks that are on this instance.
        instance_id: Option<InstanceId>,
        /// Only chains of these disks, up to 100.
        #[malformed = LINKS_DISK_IDS_NOT_VALID]
        disk_ids: Option<JsonList<DiskId, 100>>,
        /// Only these chains, up to 100.
        #[malformed = LINKS_IDS_NOT_VALID]
        #[example = "sl-bp1000q5zb2k8w4tn6yr"]
        snapshot_link_ids: Option<JsonList<Text<1, 64>, 100>>,
        /// Where the page before ended; with it, PageNumber and PageSize do not count.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page when NextToken is used: 10 to 100.
        #[example = "10"]
        max_results: Option<Clamped<10, 100>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

reply!(
    /// Reply of DescribeSnapshotLinks.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many chains match.
        total_count: u32,
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The chains.
        snapshot_links: SnapshotLinks,
    }
);

reply!(
    /// The chains of a page.
    pub(crate) struct SnapshotLinks {
        /// One chain each.
        snapshot_link: Vec<SnapshotLink>,
    }
);

reply!(
    /// One chain: the snapshots of a disk.
    pub(crate) struct SnapshotLink {
        /// The chain's id.
        snapshot_link_id: String,
        /// Region.
        region_id: String,
        /// The disk, which may be gone.
        source_disk_id: String,
        /// Its display name, if it is there.
        source_disk_name: String,
        /// GiB that it has, or had when the newest snapshot was made.
        source_disk_size: u32,
        /// `system` or `data`.
        source_disk_type: &'static str,
        /// The instance that has the disk.
        instance_id: String,
        /// The display name of that instance.
        instance_name: String,
        /// The category of the newest snapshot.
        category: &'static str,
        /// Whether a snapshot of it has instant access.
        instant_access: bool,
        /// How many snapshots it has.
        total_count: u32,
        /// Their size in bytes: that of the disk for each, since nothing is stored.
        total_size: i64,
    }
);

impl Query for DescribeSnapshotLinks {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeSnapshotLinks";
    const SUMMARY: &'static str = "Lists chains of snapshots: one for each disk that has any.";
    const SDK: &'static [SdkParam] = &[
        SdkParam::lacking("MaxResults", TypedSdk::OLDEST),
        SdkParam::lacking("NextToken", TypedSdk::OLDEST),
    ];
    const ABOUT: About = About::Kind("disk");
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&LINKS_REGION_NOT_VALID, &LINKS_INSTANCE_NOT_FOUND, &NEXT_TOKEN_NOT_VALID];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&LINKS_REGION_NOT_VALID)?;
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        )?;
        let chains = chains(tx, call, params)?;
        let (begin, end) = bounds(&paging.page, &chains);
        let links = chains[begin..end].iter().map(|chain| link(tx, call, chain));
        let snapshot_link = links.collect::<Result<Vec<_>, StoreError>>()?;
        let next = (end < chains.len()).then(|| cursor(&chains[end - 1]));
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: u32::try_from(chains.len()).unwrap_or(u32::MAX),
            next_token: paging.next_token(next),
            snapshot_links: SnapshotLinks { snapshot_link },
        })
    }
}

/// The snapshots of one disk: the newest, and the sums over all.
struct Chain {
    newest: DiskSnapshot,
    count: u32,
    bytes: i64,
    instant_access: bool,
}

/// The chains that are wanted, the one with the newest snapshot first.
fn chains(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Vec<Chain>, ActionError> {
    let on: Option<HashSet<DiskId>> = match &params.instance_id {
        Some(id) => {
            let instance = call.instance(tx, id)?.ok_or(&LINKS_INSTANCE_NOT_FOUND)?;
            Some(tx.attached(&instance.id)?.iter().map(|at| at.disk.clone()).collect())
        }
        None => None,
    };
    let is_wanted = |one: &DiskSnapshot| {
        on.as_ref().is_none_or(|on| on.contains(&one.disk))
            && params.disk_ids.as_ref().is_none_or(|ids| ids.0.contains(&one.disk))
            && params.snapshot_link_ids.as_ref().is_none_or(|links| {
                let link = link_of(one);
                links.0.iter().any(|wanted| wanted.0 == link)
            })
    };
    let (mut chains, mut known) = (Vec::<Chain>::new(), HashMap::<DiskId, usize>::new());
    let all = Filter::all(call.caller.account.clone(), &params.region_id.0);
    tx.visit(&all, |one: DiskSnapshot| {
        if !is_wanted(&one) {
            return;
        }
        let (bytes, access) = (one.size_bytes(), one.instant_access);
        let at = *known.entry(one.disk.clone()).or_insert_with(|| {
            chains.push(Chain { newest: one, count: 0, bytes: 0, instant_access: false });
            chains.len() - 1
        });
        let chain = &mut chains[at];
        chain.count += 1;
        chain.bytes += bytes;
        chain.instant_access |= access;
    })?;
    Ok(chains)
}

/// The place of a chain in the list: that of its newest snapshot.
fn cursor(chain: &Chain) -> Cursor {
    Cursor { created_at: chain.newest.created_at, id: chain.newest.id.as_str().into() }
}

/// The part of the list that is on the page.
fn bounds(page: &Page, chains: &[Chain]) -> (usize, usize) {
    let (begin, most) = match page {
        Page::Numbered { number, size } => {
            ((*number as usize - 1).saturating_mul(*size as usize), *size as usize)
        }
        Page::After { after: None, most } => (0, *most as usize),
        Page::After { after: Some(after), most } => {
            let is_later = |chain: &Chain| cursor(chain) < *after;
            (chains.iter().position(is_later).unwrap_or(chains.len()), *most as usize)
        }
    };
    let begin = begin.min(chains.len());
    (begin, begin.saturating_add(most).min(chains.len()))
}

fn link(tx: &dyn ReadTx, call: &Call<'_>, chain: &Chain) -> Result<SnapshotLink, StoreError> {
    let newest = &chain.newest;
    let disk = call.disk(tx, &newest.disk)?.filter(|disk| disk.region == newest.region);
    let on = disk.as_ref().and_then(Disk::sole_attachment).map(|at| at.instance.clone());
    let instance = match &on {
        Some(id) => call.instance(tx, id)?,
        None => None,
    };
    Ok(SnapshotLink {
        snapshot_link_id: link_of(newest),
        region_id: newest.region.clone(),
        source_disk_id: newest.disk.to_string(),
        source_disk_name: disk.as_ref().map(|disk| disk.name.clone()).unwrap_or_default(),
        source_disk_size: disk.as_ref().map_or(newest.size_gib, |disk| disk.size_gib),
        source_disk_type: disk.as_ref().map_or(newest.disk_kind, |disk| disk.kind).as_str(),
        instance_id: on.map(|id| id.to_string()).unwrap_or_default(),
        instance_name: instance.map(|instance| instance.name).unwrap_or_default(),
        category: newest.category.as_str(),
        instant_access: chain.instant_access,
        total_count: chain.count,
        total_size: chain.bytes,
    })
}
