//! `ResetDisk`: give a disk the content of one of its snapshots.

use domain::kms::KeyUse;
use domain::{DiskSnapshot, SnapshotId};

use super::resource::DISK;
use super::set_back::{self, SettingBack};
use crate::actions::kms_keys::{use_of_disk, use_of_snapshot};
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::catalog::Needs;
use crate::hypervisor::DiskContent;

/// Gives a disk the content of one of its snapshots.
pub(crate) struct ResetDisk;

params!(
    /// Parameters of ResetDisk.
    pub(crate) struct Params {
        /// The disk. It must be In_use with its instance Stopped, or Available.
        #[fits = ["Available", "In_use"]]
        disk_id: DiskId,
        /// A snapshot of this very disk, which must be accomplished.
        #[fits = ["accomplished"]]
        snapshot_id: SnapshotId,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

/// The disk and the snapshot that the request names, and the instances that have the disk.
pub(crate) struct Facts {
    disk: Disk,
    snapshot: DiskSnapshot,
    instances: Vec<Instance>,
    /// Whether a snapshot of the disk is being made.
    has_snapshot_in_progress: bool,
    /// The key of the disk or of the snapshot: the one that can be used less.
    keys: KeyUse,
    now: Moment,
}

impl Facts {
    fn all(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        self.instances.iter().all(holds)
    }

    fn has_stable_status(&self) -> bool {
        self.disk.has_stable_status()
    }
}

/// In_use or Available, ReIniting, as before.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[
        Edge::between("Available", "ReIniting", "ResetDisk"),
        Edge::between("In_use", "ReIniting", "ResetDisk"),
    ],
    ends: &[
        Edge::between("ReIniting", "Available", "set back"),
        Edge::between("ReIniting", "In_use", "set back"),
    ],
    settles: Some(Settling::new(Ids::Requested("DiskId"), Goal::Unseen)),
};

impl Action for ResetDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ResetDisk";
    const SUMMARY: &'static str = "Gives a disk the content of one of its snapshots.";
    const DETAILS: &'static str = "\
The disk is ReIniting, and then again what it was: Available or In_use. Everything written to it since \
the snapshot is lost; its size stays.\n\n\
With real machines the new content is made beside the old one and takes its place as a whole: \
whatever fails meanwhile, the disk has one of the two.";
    const CAUTION: &'static str = "\
Everything written to the disk since the snapshot is lost. Take a snapshot first if any of it \
is needed.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const NEEDS: Needs = Needs::Snapshots;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&DISK_NOT_FOUND, &SNAPSHOT_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the disk is neither local nor elastic ephemeral",    |f| set_back::takes_content(&f.disk), &CATEGORY_NOT_FOR_THIS),
        must("the snapshot is one of the disk",                    |f| f.snapshot.disk == f.disk.id, &SNAPSHOT_OF_OTHER_DISK),
        must("an encrypted snapshot is of an encrypted disk",      |f| f.disk.encrypted || !f.snapshot.encrypted, &SNAPSHOT_ENCRYPTED_DISK_NOT),
        must("the snapshot is accomplished",                       |f| f.snapshot.is_accomplished(), &SNAPSHOT_NOT_READY),
        must("the disk is not being set back already",             |f| !f.disk.is_reiniting(), &DISK_RESET_IN_PROGRESS),
        must("no snapshot of the disk is being made",              |f| !f.has_snapshot_in_progress, &DISK_HAS_UNFINISHED_SNAPSHOT),
        must("the disk is Available or In_use",                    |f| f.has_stable_status(), &DISK_STATUS),
        must("no resize or change of spec of the disk is under way", |f| f.disk.activity.is_none(), &RESET_CONFLICT),
        must("the keys of disk and snapshot are not deleted",      |f| f.keys.is_there(), &KEY_NOT_FOUND),
        must("the keys of disk and snapshot are Enabled",          |f| f.keys.is_enabled(), &KEY_DISABLED),
        must("no instance that has it is locked for security",     |f| f.all(|i| !i.is_locked_for(LockReason::Security)), &INSTANCE_LOCKED_FOR_SECURITY),
        must("no instance that has it is expired or in arrears",   |f| f.all(|i| set_back::is_in_good_standing(i, f.now)), &INSTANCE_IN_ARREARS),
        must("every instance that has it is Stopped",              |f| f.all(|i| i.status == InstanceStatus::Stopped), &INSTANCE_STATUS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let disk = call.disk(tx, &params.disk_id)?.ok_or(&DISK_NOT_FOUND)?;
        let snapshot = call.find(tx, &params.snapshot_id)?.ok_or(&SNAPSHOT_NOT_FOUND)?;
        let mut instances = Vec::new();
        for at in &disk.attachments {
            instances.extend(call.instance(tx, &at.instance)?);
        }
        let has_snapshot_in_progress = snapshot_lookups::has_snapshot_in_progress(tx, &disk)?;
        let now = call.now;
        let keys = use_of_disk(tx, &disk, now)?.max(use_of_snapshot(tx, &snapshot, now)?);
        Ok(Facts { disk, snapshot, instances, has_snapshot_in_progress, keys, now })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let Facts { mut disk, snapshot, .. } = facts;
        disk.reinit().expect("a disk that stands still can be set back");
        let setting_back = SettingBack::new(&disk, DiskContent::Snapshot(snapshot.id), None);
        Effect::reply(()).save(disk).start(setting_back)
    }
}
