//! `CreateSnapshot`: copy the content that a disk has now.

use domain::kms::KeyUse;
use domain::limits::SNAPSHOTS_PER_DISK;
use domain::tag::mark_consistent;
use domain::{DiskSnapshot, SnapshotCategory, SnapshotId};

use super::resource::SNAPSHOT;
use crate::actions::kms_keys::use_of_disk;
use crate::actions::paging::new_tags;
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::catalog::{Environment, Needs, SnapshotName, first_broken};
use crate::store::{EntityReads, EntityWrites};

/// Makes a snapshot of a disk.
pub(crate) struct CreateSnapshot;

params!(
    /// Parameters of CreateSnapshot.
    pub(crate) struct Params {
        /// The disk. It must be In_use, or Available after it was attached at least once.
        #[fits = ["Available", "In_use"]]
        disk_id: DiskId,
        /// Display name.
        snapshot_name: Option<SnapshotName>,
        /// Free text.
        description: Option<Description>,
        /// Days after which it is deleted; left out, it is kept until it is deleted.
        #[malformed = RETENTION_MALFORMED]
        retention_days: Option<Integer<1, 65536>>,
        /// The retired category. Not together with `InstantAccess`.
        #[malformed = SNAPSHOT_CATEGORY_MALFORMED]
        category: Option<CategoryWord>,
        /// The retired switch for instant access, which is shown and has no further effect.
        instant_access: Option<bool>,
        /// Days of instant access to show.
        #[malformed = INSTANT_ACCESS_DAYS_MALFORMED]
        instant_access_retention_days: Option<Integer<1, 65535>>,
        /// The resource group to show; that of the disk if left out.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags, up to 20.
        tag: Groups<TagParam>,
        /// Not offered to the public.
        storage_location_arn: Ignored<Option<Text<0, 256>>>,
        /// Makes a repeated request have its effect once.
        #[malformed = SNAPSHOT_TOKEN_MALFORMED]
        client_token: Option<ClientToken>,
    }
);

choice!(
    /// Categories of snapshots, as requests spell them.
    pub(crate) enum CategoryWord in any case {
        Standard = "Standard",
        Flash = "Flash",
    }
);

impl CategoryWord {
    /// The category.
    pub(super) fn category(self) -> SnapshotCategory {
        match self {
            CategoryWord::Standard => SnapshotCategory::Standard,
            CategoryWord::Flash => SnapshotCategory::Flash,
        }
    }
}

reply!(
    /// Reply of CreateSnapshot.
    pub(crate) struct Reply {
        /// The new snapshot.
        snapshot_id: String,
    }
);

/// The disk that the request names, the instances that have it, and its other snapshots.
pub(crate) struct Facts {
    disk: Disk,
    instances: Vec<Instance>,
    tags: Vec<Tag>,
    /// Whether both Category and InstantAccess are given.
    contradicts: bool,
    /// Whether another snapshot of the disk is being made.
    has_snapshot_in_progress: bool,
    /// How many snapshots of it there are.
    snapshots: u64,
    /// Whether it can have one although it was never attached.
    may_be_new: bool,
    /// Whether it can have one although several instances have it.
    may_be_shared: bool,
    /// The key of the disk.
    key: KeyUse,
}

impl Facts {
    /// The facts of a disk, for a request that says nothing besides.
    fn of(
        tx: &dyn ReadTx,
        environment: &Environment,
        disk: Disk,
        now: Moment,
    ) -> Result<Facts, StoreError> {
        let mut instances = Vec::new();
        for at in &disk.attachments {
            instances.extend(tx.instance(&at.instance)?);
        }
        Ok(Facts {
            tags: Vec::new(),
            contradicts: false,
            has_snapshot_in_progress: snapshot_lookups::has_snapshot_in_progress(tx, &disk)?,
            snapshots: snapshot_lookups::count(tx, &disk)?,
            may_be_new: environment.can_snapshot_new_disks,
            may_be_shared: environment.can_snapshot_shared_disks,
            key: use_of_disk(tx, &disk, now)?,
            disk,
            instances,
        })
    }

    fn has_stable_status(&self) -> bool {
        self.disk.has_stable_status() && self.disk.activity.is_none()
    }

    fn has_snapshots(&self) -> bool {
        !self.disk.category.is_local() && !self.disk.category.is_elastic_ephemeral()
    }

    fn all(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        self.instances.iter().all(holds)
    }
}

/// progressing, accomplished; or failed.
static TRANSITION: Transition = Transition {
    resource: &SNAPSHOT,
    begins: &[Edge::into("progressing", "CreateSnapshot")],
    ends: &[
        Edge::between("progressing", "accomplished", "made"),
        Edge::between("progressing", "failed", "refused"),
    ],
    settles: Some(Settling::new(Ids::Replied("SnapshotId"), Goal::Status("accomplished"))),
};

impl Action for CreateSnapshot {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateSnapshot";
    const SUMMARY: &'static str = "Makes a snapshot of a disk.";
    const DETAILS: &'static str = "\
The answer says only that the snapshot was accepted: it is progressing. Disks can be made from it \
when DescribeSnapshots shows it as accomplished. It lives on when its disk is released.\n\n\
It holds all that a guest saw acknowledged before the request, as after a power cut. With real \
machines it fails if the virtual machine ends, or the disk is damaged, before all is copied; and a \
multi-attach disk can have one only while one instance at most has it, since no two virtual machines \
stop writing at the same moment.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb {
        only: &[("was_attached", "true")],
        asks: Asks::Text("Name"),
        said: "A snapshot of {id} as it is now.",
        ..Verb::new("Snapshot", "disk", &[("DiskId", Given::Id), ("SnapshotName", Given::Answer)])
    }];
    const NEEDS: Needs = Needs::Snapshots;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&SNAPSHOT_DISK_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH, &TAG_DUPLICATE];
    const TOKEN_MISMATCH: &'static ErrorCode = &SNAPSHOT_TOKEN_MISMATCH;

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("not both Category and InstantAccess are given",           |f| !f.contradicts, &CATEGORY_AND_INSTANT_ACCESS),
        must("the disk is neither local nor elastic ephemeral",         |f| f.has_snapshots(), &NO_SNAPSHOTS_OF_CATEGORY),
        must("no other snapshot of the disk is being made",             |f| !f.has_snapshot_in_progress, &SNAPSHOT_UNDER_WAY),
        must("the disk is Available or In_use, and nothing else is being done to it", |f| f.has_stable_status(), &DISK_STATUS),
        must("the disk was attached at least once",                     |f| !f.disk.unmade && (f.may_be_new || f.disk.attached_at.is_some()), &NEVER_ATTACHED),
        must("the key of the disk is not deleted",                      |f| f.key.is_there(), &SNAPSHOT_KEY_NOT_FOUND),
        must("the key of the disk is Enabled",                          |f| f.key.is_enabled(), &KEY_DISABLED),
        must("no instance that has it is locked for security",          |f| f.all(|i| !i.is_locked_for(LockReason::Security)), &INSTANCE_OF_DISK_LOCKED),
        must("every instance that has it is Running or Stopped",        |f| f.all(Instance::has_stable_status), &INSTANCE_STATUS_FOR_ATTACH),
        must("with real machines, one instance at most has the disk",  |f| f.may_be_shared || !f.disk.is_shared(), &SNAPSHOT_OF_SHARED_DISK),
        must("the disk has fewer than 256 snapshots",                   |f| f.snapshots < SNAPSHOTS_PER_DISK, &SNAPSHOT_QUOTA),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let disk = call.disk(tx, &params.disk_id)?.ok_or(&SNAPSHOT_DISK_NOT_FOUND)?;
        Ok(Facts {
            tags: new_tags(&params.tag.0)?,
            contradicts: params.category.is_some() && params.instant_access == Some(true),
            ..Facts::of(tx, call.environment, disk, call.now)?
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let snapshot = new_snapshot(call, params, &facts);
        let taking = TakingSnapshot::of(&snapshot);
        let reply = Reply { snapshot_id: snapshot.id.to_string() };
        Effect::reply(reply).save(snapshot).start(taking)
    }
}

/// The rule that keeps this disk from being snapshotted now, if one does.
pub(in crate::actions) fn broken_rule(
    tx: &dyn ReadTx,
    environment: &Environment,
    disk: &Disk,
    now: Moment,
) -> Result<Option<&'static str>, StoreError> {
    let facts = Facts::of(tx, environment, disk.clone(), now)?;
    Ok(first_broken(CreateSnapshot::PRECONDITIONS, &facts).map(|rule| rule.sentence))
}

fn new_snapshot(call: &Call<'_>, params: &Params, facts: &Facts) -> DiskSnapshot {
    let disk = &facts.disk;
    let days = |days: i64| u32::try_from(days).ok();
    let group = params.resource_group_id.as_ref().map(|group| &group.0);
    let mut snapshot = DiskSnapshot::of(disk, call.new_id(&disk.region), call.now);
    snapshot.category = params.category.map_or(SnapshotCategory::Standard, CategoryWord::category);
    snapshot.name = params.snapshot_name.as_ref().map(|name| name.0.clone()).unwrap_or_default();
    snapshot.description =
        params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default();
    snapshot.tags.clone_from(&facts.tags);
    group.unwrap_or(&disk.resource_group).clone_into(&mut snapshot.resource_group);
    snapshot.instant_access = params.instant_access.unwrap_or(false);
    snapshot.instant_access_days =
        params.instant_access_retention_days.and_then(|Integer(n)| days(n));
    snapshot.retention_days = params.retention_days.and_then(|Integer(n)| days(n));
    snapshot
}

/// Copies the content of the disk; then the snapshot is accomplished.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TakingSnapshot {
    snapshot: SnapshotId,
    disk: DiskId,
    /// The host that makes its bytes, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    host: String,
    /// The file systems of the guest stood still at its moment.
    #[serde(default)]
    frozen: bool,
}

impl TakingSnapshot {
    /// Makes this snapshot, which is progressing.
    pub(crate) fn of(of: &DiskSnapshot) -> TakingSnapshot {
        let (snapshot, disk) = (of.id.clone(), of.disk.clone());
        TakingSnapshot { snapshot, disk, host: of.host.clone(), frozen: false }
    }
}

impl Operation for TakingSnapshot {
    const KIND: &'static str = "snapshot.create";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_disk(&self.disk)
    }

    fn phase(&self) -> &'static str {
        "snapshot"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let hypervisor = context.hypervisor;
        let progress = hypervisor.take_snapshot(&self.snapshot, &self.disk, context.now).await;
        self.frozen |= hypervisor.was_frozen(&self.snapshot);
        progress
    }

    /// A snapshot that was deleted meanwhile stays so. Its bytes so far, or those of one that
    /// failed, are thrown away.
    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        let Some(mut snapshot) = tx.get(&self.snapshot)? else {
            return tx.discard_snapshot(&self.snapshot, &self.host);
        };
        let ended = match outcome {
            Outcome::Done => {
                if self.frozen {
                    mark_consistent(&mut snapshot.tags);
                }
                snapshot.accomplished(now)
            }
            Outcome::Failed(_) => {
                tx.discard_snapshot(&self.snapshot, &self.host)?;
                snapshot.failed(now)
            }
        };
        if ended.is_ok() { tx.save(&snapshot) } else { Ok(()) }
    }
}
