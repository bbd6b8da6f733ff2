//! The disks of a policy.

use domain::SnapshotPolicy;

use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

fn of(policy: &SnapshotPolicy) -> Filter<Disk> {
    Filter::with_term(policy.account.clone(), &policy.region, ("policy", policy.id.as_str()))
}

/// How many disks a policy has.
pub(super) fn count(tx: &dyn ReadTx, policy: &SnapshotPolicy) -> Result<u64, StoreError> {
    tx.count(&of(policy))
}

/// All disks of a policy.
pub(super) fn all(tx: &dyn ReadTx, policy: &SnapshotPolicy) -> Result<Vec<Disk>, StoreError> {
    tx.all(&of(policy))
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
