//! The disks of a policy.

use domain::SnapshotPolicy;

use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Disks that are read at a time.
const BATCH_SIZE: u32 = 500;

fn of(policy: &SnapshotPolicy) -> Filter<Disk> {
    let mut filter = Filter::<Disk>::all(policy.account.clone(), &policy.region);
    filter.terms.push(("policy", policy.id.to_string()));
    filter
}

/// How many disks a policy has.
pub(super) fn count(tx: &dyn ReadTx, policy: &SnapshotPolicy) -> Result<u64, StoreError> {
    let found = tx.list(&of(policy), &Page::Numbered { number: 1, size: 1 })?;
    Ok(found.total.unwrap_or(0))
}

/// All disks of a policy.
pub(super) fn all(tx: &dyn ReadTx, policy: &SnapshotPolicy) -> Result<Vec<Disk>, StoreError> {
    let (filter, mut disks, mut after) = (of(policy), Vec::new(), None);
    loop {
        let page = tx.list(&filter, &Page::After { after, most: BATCH_SIZE })?;
        disks.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(disks);
        }
    }
}

/// The caller's disks of these ids in the policy's region; an error if one is not there.
pub(super) fn named(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &RegionId,
    ids: &[DiskId],
    missing: &'static ErrorCode,
) -> Result<Vec<Disk>, ActionError> {
    let mut disks: Vec<Disk> = Vec::new();
    for id in ids {
        let found = call.disk(tx, id)?.filter(|disk| disk.region == region.0).ok_or(missing)?;
        if disks.iter().all(|known| known.id != found.id) {
            disks.push(found);
        }
    }
    Ok(disks)
}
