//! `DeleteDisk`: release a disk.

use domain::DiskSnapshot;

use super::resource::DISK;
use crate::actions::prelude::*;
use crate::actions::{image_lookups, snapshot_lookups};

/// Releases a disk.
pub(crate) struct DeleteDisk;

params!(
    /// Parameters of DeleteDisk.
    pub(crate) struct Params {
        /// The disk to release. It must be Available.
        disk_id: DiskId,
    }
);

/// The disk that the request names, which exists.
pub(crate) struct Facts {
    disk: Disk,
    /// Whether a snapshot of it is being made.
    has_snapshot_in_progress: bool,
    /// The snapshots that go with it.
    automatic: Vec<DiskSnapshot>,
}

/// Available, gone.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[Edge::out_of("Available", "DeleteDisk")],
    ends: &[],
    settles: None,
};

impl Action for DeleteDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteDisk";
    const SUMMARY: &'static str = "Releases a pay-as-you-go data disk.";
    const DETAILS: &'static str = "\
Snapshots of the disk stay; those of a policy go with it if its DeleteAutoSnapshot is true and no \
custom image needs them.";
    const CAUTION: &'static str = "\
The disk is gone for good, with all that is on it. Take a snapshot first if any of it is \
needed.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb {
        place: Place::Free,
        said: "{id} is deleted.",
        ..Verb::new("Delete", "disk", &[("DiskId", Given::Id)])
    }];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&DISK_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the disk is no longer Creating",                     |f| f.disk.status() != DiskStatus::Creating, &DISK_INITIALIZING),
        must("the disk is a data disk",                            |f| f.disk.kind == DiskKind::Data, &DISK_IS_SYSTEM),
        must("the disk is Available",                              |f| f.disk.status() == DiskStatus::Available, &DISK_STATUS),
        must("no resize or change of spec of the disk is under way", |f| f.disk.activity.is_none(), &DISK_STATUS),
        must("the disk is portable",                               |f| f.disk.portable, &DISK_NOT_PORTABLE),
        must("the disk is not protected as a former system disk",  |f| !f.disk.delete_protected, &DISK_DELETE_PROTECTED),
        must("no snapshot of the disk is being made",              |f| !f.has_snapshot_in_progress, &DISK_CREATING_SNAPSHOT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let disk = call.disk(tx, &params.disk_id)?.ok_or(&DISK_NOT_FOUND)?;
        let automatic = image_lookups::snapshots_deleted_with(tx, &disk)?;
        Ok(Facts {
            has_snapshot_in_progress: snapshot_lookups::has_snapshot_in_progress(tx, &disk)?,
            automatic,
            disk,
        })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let effect = Effect::reply(()).remove(&facts.disk.id);
        facts.automatic.iter().fold(effect, |effect, one| effect.remove(&one.id))
    }
}
