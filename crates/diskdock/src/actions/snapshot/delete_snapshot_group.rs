//! `DeleteSnapshotGroup`: delete a snapshot group with its snapshots.

use domain::{DiskSnapshot, SnapshotGroup, SnapshotGroupId};

use super::resource::SNAPSHOT_GROUP;
use crate::actions::image_lookups;
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups::{self, disks_made_from};

/// Deletes a snapshot group.
pub(crate) struct DeleteSnapshotGroup;

params!(
    /// Parameters of DeleteSnapshotGroup.
    pub(crate) struct Params {
        /// The region of the group.
        #[malformed = REGION_NOT_IN_RECORDS]
        region_id: RegionId,
        /// The group to delete, in whatever status.
        snapshot_group_id: SnapshotGroupId,
    }
);

reply!(
    /// Reply of DeleteSnapshotGroup.
    pub(crate) struct Reply {
        /// The end of each snapshot.
        operation_progress_set: ProgressSet,
    }
);

reply!(
    /// The end of each snapshot.
    pub(crate) struct ProgressSet {
        /// The entries.
        operation_progress: Vec<OperationProgress>,
    }
);

reply!(
    /// The end of a snapshot.
    pub(crate) struct OperationProgress {
        /// `Success`.
        operation_status: &'static str,
        /// Empty.
        error_code: &'static str,
        /// Empty.
        error_msg: &'static str,
        /// Which snapshot.
        related_item_set: RelatedItems,
    }
);

reply!(
    /// The resources that it is about.
    pub(crate) struct RelatedItems {
        /// One item.
        related_item: Vec<RelatedItem>,
    }
);

reply!(
    /// A resource by its kind and id.
    pub(crate) struct RelatedItem {
        /// `SnapshotId`.
        name: &'static str,
        /// The id.
        value: String,
    }
);

/// The group, its snapshots, and whether disks or custom images were made from one of them.
pub(crate) struct Facts {
    group: SnapshotGroup,
    snapshots: Vec<DiskSnapshot>,
    is_used: bool,
    is_in_image: bool,
}

/// Whatever it is, gone.
static TRANSITION: Transition = Transition {
    resource: &SNAPSHOT_GROUP,
    begins: &[
        Edge::out_of("progressing", "DeleteSnapshotGroup"),
        Edge::out_of("accomplished", "DeleteSnapshotGroup"),
        Edge::out_of("failed", "DeleteSnapshotGroup"),
    ],
    ends: &[],
    settles: None,
};

impl Action for DeleteSnapshotGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "DeleteSnapshotGroup";
    const SUMMARY: &'static str = "Deletes a snapshot group with its snapshots.";
    const CAUTION: &'static str = "The snapshots of the group are gone for good, with the group.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_IN_RECORDS, &SNAPSHOT_GROUP_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no custom image needs a snapshot of the group",  |f| !f.is_in_image, &SNAPSHOT_OF_IMAGE),
        must("no disk was made from a snapshot of the group",  |f| !f.is_used, &GROUP_SNAPSHOT_IN_USE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_IN_RECORDS)?;
        let found = call.find(tx, &params.snapshot_group_id)?;
        let group = found.filter(|group: &SnapshotGroup| group.region == params.region_id.0);
        let group = group.ok_or(&SNAPSHOT_GROUP_NOT_FOUND)?;
        let snapshots = snapshot_lookups::of_group(tx, &group)?;
        let (mut is_used, mut is_in_image) = (false, false);
        for one in &snapshots {
            is_used |= !disks_made_from(tx, call, &one.region, &one.id)?.entries.is_empty();
            is_in_image |= image_lookups::needs(tx, &one.account, &one.region, &one.id)?;
        }
        Ok(Facts { group, snapshots, is_used, is_in_image })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<Reply> {
        let operation_progress = facts.snapshots.iter().map(deleted).collect();
        let reply = Reply { operation_progress_set: ProgressSet { operation_progress } };
        let effect = Effect::reply(reply).remove(&facts.group.id);
        facts.snapshots.iter().fold(effect, |effect, one| effect.remove(&one.id))
    }
}

fn deleted(snapshot: &DiskSnapshot) -> OperationProgress {
    let item = RelatedItem { name: "SnapshotId", value: snapshot.id.to_string() };
    OperationProgress {
        operation_status: "Success",
        error_code: "",
        error_msg: "",
        related_item_set: RelatedItems { related_item: vec![item] },
    }
}
