//! Lookups of snapshots and of the disks made from them, for several groups of actions.

use domain::{DiskSnapshot, SnapshotId, SnapshotStatus};

use super::prelude::*;
use crate::store::{EntityReads, Filter, ListPage};

/// Whether a snapshot of this disk is being made.
pub(super) fn is_being_kept(tx: &dyn ReadTx, disk: &Disk) -> Result<bool, StoreError> {
    let mut filter = of_disk(disk);
    filter.columns.push(("status", SnapshotStatus::Progressing.as_str().to_owned()));
    Ok(!first(tx, &filter)?.entries.is_empty())
}

/// How many snapshots of this disk there are.
pub(super) fn count(tx: &dyn ReadTx, disk: &Disk) -> Result<u64, StoreError> {
    Ok(first(tx, &of_disk(disk))?.total.unwrap_or(0))
}

fn of_disk(disk: &Disk) -> Filter<DiskSnapshot> {
    let mut filter = Filter::all(disk.account.clone(), &disk.region);
    filter.terms.push(("disk", disk.id.to_string()));
    filter
}

fn first(
    tx: &dyn ReadTx,
    filter: &Filter<DiskSnapshot>,
) -> Result<ListPage<DiskSnapshot>, StoreError> {
    tx.list(filter, &Page::Numbered { number: 1, size: 1 })
}

/// The disks that were made from a snapshot, newest first, as many as are on one page.
pub(super) fn disks_made_from(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    snapshot: &SnapshotId,
) -> Result<ListPage<Disk>, StoreError> {
    let mut filter = Filter::<Disk>::all(call.caller.account.clone(), region);
    filter.terms.push(("source_snapshot", snapshot.to_string()));
    tx.list(&filter, &Page::Numbered { number: 1, size: 100 })
}
