//! `DeleteSnapshot`: delete a snapshot, or give up one that is being made.

use domain::{DiskSnapshot, SnapshotId};

use super::resource::SNAPSHOT;
use crate::actions::image_lookups;
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups::disks_made_from;

/// Deletes a snapshot.
pub(crate) struct DeleteSnapshot;

params!(
    /// Parameters of DeleteSnapshot.
    pub(crate) struct Params {
        /// The snapshot to delete, in whatever status.
        snapshot_id: SnapshotId,
        /// Deletes it even if disks were made from it. They can not be set back to it any more.
        force: Option<bool>,
    }
);

/// The snapshot, the disks that were made from it, and whether a custom image needs it.
pub(crate) struct Facts {
    snapshot: DiskSnapshot,
    disks: Vec<Disk>,
    is_in_image: bool,
    force: bool,
}

/// Whatever it is, gone.
static TRANSITION: Transition = Transition {
    resource: &SNAPSHOT,
    begins: &[
        Edge::out_of("progressing", "DeleteSnapshot"),
        Edge::out_of("accomplished", "DeleteSnapshot"),
        Edge::out_of("failed", "DeleteSnapshot"),
    ],
    ends: &[],
    settles: None,
};

impl Action for DeleteSnapshot {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteSnapshot";
    const SUMMARY: &'static str = "Deletes a snapshot, or gives up one that is still being made.";
    const CAUTION: &'static str =
        "The snapshot is gone for good: no disk can be made of it or set back to it any more.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&SNAPSHOT_TO_DELETE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no custom image needs the snapshot",                    |f| !f.is_in_image, &SNAPSHOT_OF_IMAGE),
        must("no disk is being made from the snapshot",               |f| f.disks.iter().all(Disk::is_created), &SNAPSHOT_FEEDS_DISK),
        must("no disk was made from the snapshot, or Force is true",  |f| f.force || f.disks.is_empty(), &SNAPSHOT_IN_USE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let found = call.find(tx, &params.snapshot_id)?;
        let snapshot: DiskSnapshot = found.ok_or(&SNAPSHOT_TO_DELETE_NOT_FOUND)?;
        let disks = disks_made_from(tx, call, &snapshot.region, &snapshot.id)?.entries;
        let is_in_image =
            image_lookups::needs(tx, &snapshot.account, &snapshot.region, &snapshot.id)?;
        Ok(Facts { snapshot, disks, is_in_image, force: params.force.unwrap_or(false) })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.snapshot.id)
    }
}
