//! Lookups of snapshots and of the disks made from them, for several groups of actions.

use domain::{DiskSnapshot, SnapshotGroup, SnapshotId, SnapshotOrigin, SnapshotStatus};

use super::prelude::*;
use crate::store::{EntityReads, Filter, ListPage};

/// Whether a snapshot of this disk is being made.
pub(super) fn has_snapshot_in_progress(tx: &dyn ReadTx, disk: &Disk) -> Result<bool, StoreError> {
    let mut filter = of_disk(disk);
    filter.columns.push(("status", SnapshotStatus::Progressing.as_str().to_owned()));
    Ok(tx.newest(&filter)?.is_some())
}

/// Whether a policy has made a snapshot of this disk since a moment. One that was made while the
/// clock was ahead of now does not count.
pub(super) fn has_automatic_since(
    tx: &dyn ReadTx,
    disk: &Disk,
    since: Moment,
    now: Moment,
) -> Result<bool, StoreError> {
    let mut filter = of_disk(disk);
    filter.columns.push(("origin", SnapshotOrigin::Auto.as_str().to_owned()));
    filter.created.0 = Some(since);
    filter.also.push(Box::new(move |one| !one.created_at.is_of_wrong_clock(now)));
    Ok(tx.newest(&filter)?.is_some())
}

/// The snapshots of this disk that policies have made.
pub(super) fn automatic(tx: &dyn ReadTx, disk: &Disk) -> Result<Vec<DiskSnapshot>, StoreError> {
    let mut filter = of_disk(disk);
    filter.columns.push(("origin", SnapshotOrigin::Auto.as_str().to_owned()));
    tx.all(&filter)
}

/// Whether one of the snapshots of this disk has instant access.
pub(super) fn has_instant_access(tx: &dyn ReadTx, disk: &Disk) -> Result<bool, StoreError> {
    let mut filter = of_disk(disk);
    filter.also.push(Box::new(|one| one.instant_access));
    Ok(tx.newest(&filter)?.is_some())
}

/// How many snapshots of this disk there are.
pub(super) fn count(tx: &dyn ReadTx, disk: &Disk) -> Result<u64, StoreError> {
    tx.count(&of_disk(disk))
}

/// Whether a snapshot of the disk of this one is being copied to a region.
pub(super) fn is_being_copied(
    tx: &dyn ReadTx,
    snapshot: &DiskSnapshot,
    to: &str,
) -> Result<bool, StoreError> {
    let of_disk = ("disk", snapshot.disk.as_str());
    let mut filter = Filter::<DiskSnapshot>::with_term(snapshot.account.clone(), to, of_disk);
    filter.columns.push(("status", SnapshotStatus::Progressing.as_str().to_owned()));
    filter.also.push(Box::new(|one| one.copied_from.is_some()));
    Ok(tx.newest(&filter)?.is_some())
}

/// The snapshots of a group, newest first.
pub(super) fn of_group(
    tx: &dyn ReadTx,
    group: &SnapshotGroup,
) -> Result<Vec<DiskSnapshot>, StoreError> {
    let of_group = ("group", group.id.as_str());
    tx.all(&Filter::with_term(group.account.clone(), &group.region, of_group))
}

fn of_disk(disk: &Disk) -> Filter<DiskSnapshot> {
    Filter::with_term(disk.account.clone(), &disk.region, ("disk", disk.id.as_str()))
}

/// The disks that were made from a snapshot, newest first, as many as are on one page.
pub(super) fn disks_made_from(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    snapshot: &SnapshotId,
) -> Result<ListPage<Disk>, StoreError> {
    let made = ("source_snapshot", snapshot.as_str());
    let filter = Filter::with_term(call.caller.account.clone(), region, made);
    tx.list(&filter, &Page::Numbered { number: 1, size: 100 })
}
