//! `DescribeSnapshotsUsage`: how many snapshots there are, and how large they are.

use domain::DiskSnapshot;

use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Counts the snapshots of a region.
pub(crate) struct DescribeSnapshotsUsage;

params!(
    /// Parameters of DescribeSnapshotsUsage.
    pub(crate) struct Params {
        /// The region whose snapshots are counted.
        region_id: RegionId,
    }
);

reply!(
    /// Reply of DescribeSnapshotsUsage.
    pub(crate) struct Reply {
        /// How many there are.
        snapshot_count: u32,
        /// Their size in bytes: that of the disks, since nothing is stored.
        snapshot_size: i64,
    }
);

impl Query for DescribeSnapshotsUsage {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeSnapshotsUsage";
    const SUMMARY: &'static str = "Tells number and total size of the snapshots of a region.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USAGE_REGION_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&USAGE_REGION_NOT_FOUND)?;
        let mut reply = Reply { snapshot_count: 0, snapshot_size: 0 };
        let all = Filter::all(call.caller.account.clone(), region);
        tx.visit(&all, |one: DiskSnapshot| {
            reply.snapshot_count += 1;
            reply.snapshot_size += one.size_bytes();
        })?;
        Ok(reply)
    }
}
