//! `DeleteDisk`: release a disk.

use super::resource::DISK;
use crate::actions::prelude::*;

/// Releases a disk.
pub(crate) struct DeleteDisk;

params!(
    /// Parameters of DeleteDisk.
    pub(crate) struct Params {
        /// The disk to release. It must be Available.
        disk_id: DiskId,
    }
);

/// Available, gone.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[Edge::out_of("Available", "DeleteDisk")],
    ends: &[],
    settles: None,
};

impl Action for DeleteDisk {
    type Params = Params;
    type Facts = Disk;
    type Reply = ();

    const NAME: &'static str = "DeleteDisk";
    const SUMMARY: &'static str = "Releases a pay-as-you-go data disk.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOOKUPS: &'static [&'static ErrorCode] = &[&DISK_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Disk>] = &[
        must("the disk is no longer Creating",                     |disk| disk.status() != DiskStatus::Creating, &DISK_INITIALIZING),
        must("the disk is a data disk",                            |disk| disk.kind == DiskKind::Data, &DISK_IS_SYSTEM),
        must("the disk is Available",                              |disk| disk.status() == DiskStatus::Available, &DISK_STATUS),
        must("no resize or change of spec of the disk is under way", |disk| disk.activity.is_none(), &DISK_STATUS),
        must("the disk is portable",                               |disk| disk.portable, &DISK_NOT_PORTABLE),
        must("the disk is not protected as a former system disk",  |disk| !disk.delete_protected, &DISK_DELETE_PROTECTED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, ask: &Params) -> Result<Disk, Stop> {
        Ok(call.disk(tx, &ask.disk_id)?.ok_or(&DISK_NOT_FOUND)?)
    }

    fn effect(_: &Call<'_>, _: &Params, disk: Disk) -> Effect<()> {
        Effect::reply(()).remove(&disk.id)
    }
}
