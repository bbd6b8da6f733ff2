//! `CreateSnapshotGroup`: copy the content that several disks have at the same moment.

use domain::kms::KeyUse;
use domain::limits::{DISKS_PER_SNAPSHOT_GROUP, SNAPSHOT_GROUP_GIB, SNAPSHOTS_PER_DISK};
use domain::tag::mark_consistent;
use domain::{DiskSnapshot, SnapshotGroup, SnapshotGroupId, SnapshotStatus};

use super::resource::SNAPSHOT_GROUP;
use crate::actions::kms_keys::use_of_disk;
use crate::actions::paging::new_plain_tags;
use crate::actions::prelude::*;
use crate::actions::snapshot_batch::SnapshotBatch;
use crate::actions::snapshot_lookups;
use crate::catalog::{Needs, PlainTag};
use crate::store::{EntityReads, EntityWrites};

/// Makes snapshots of several disks.
pub(crate) struct CreateSnapshotGroup;

params!(
    /// Parameters of CreateSnapshotGroup.
    pub(crate) struct Params {
        /// The region of the disks.
        #[malformed = REGION_NOT_FOUND]
        region_id: RegionId,
        /// The instance of the disks. May be left out with DiskId.
        #[fits = ["Running", "Stopped"]]
        instance_id: Option<InstanceId>,
        /// The disks, up to 16 in one zone. Left out, those of the instance.
        disk_id: Each<DiskId>,
        /// Disks of the instance to leave out. Not together with DiskId.
        exclude_disk_id: Each<DiskId>,
        /// Display name of the group and its snapshots.
        #[malformed = GROUP_NAME_NOT_VALID]
        name: Option<InstanceName>,
        /// Free text.
        #[malformed = GROUP_DESCRIPTION_NOT_VALID]
        description: Option<Description>,
        /// The retired switch for instant access, which is shown and has no further effect.
        instant_access: Option<bool>,
        /// Days of instant access to show.
        instant_access_retention_days: Option<Integer<1, 65535>>,
        /// The resource group of the group.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags of the group, up to 20.
        tag: Groups<PlainTag>,
        /// Not offered to the public.
        storage_location_arn: Ignored<Option<Text<0, 256>>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

reply!(
    /// Reply of CreateSnapshotGroup.
    pub(crate) struct Reply {
        /// The new group.
        snapshot_group_id: String,
    }
);

/// A disk of which the group is to have a snapshot.
struct DiskOfGroup {
    disk: Disk,
    /// Whether another snapshot of it is being made.
    has_snapshot_in_progress: bool,
    /// How many snapshots of it there are.
    snapshots: u64,
    /// Whether it can have a snapshot although it was never attached.
    may_be_new: bool,
    /// Its key.
    key: KeyUse,
}

impl DiskOfGroup {
    fn has_stable_status(&self) -> bool {
        self.disk.has_stable_status() && self.disk.activity.is_none()
    }

    fn takes_part(&self) -> bool {
        use Category as C;
        matches!(self.disk.category, C::CloudEssd | C::CloudEssdEntry | C::CloudAuto)
    }
}

/// The disks of which there are to be snapshots, and the instances that have them.
pub(crate) struct Facts {
    params: Params,
    members: Vec<DiskOfGroup>,
    instances: Vec<Instance>,
    tags: Vec<Tag>,
    /// Whether disks of a running instance can have snapshots of the same moment.
    can_be_running: bool,
}

impl Facts {
    fn all(&self, holds: impl Fn(&DiskOfGroup) -> bool) -> bool {
        self.members.iter().all(holds)
    }

    fn every_instance(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        self.instances.iter().all(holds)
    }

    fn names_something(&self) -> bool {
        self.params.instance_id.is_some() || !self.params.disk_id.0.is_empty()
    }

    fn contradicts(&self) -> bool {
        !self.params.disk_id.0.is_empty() && !self.params.exclude_disk_id.0.is_empty()
    }

    fn are_on_the_instance(&self) -> bool {
        let on = |id: &InstanceId| self.all(|one| one.disk.on(id).is_some());
        self.params.instance_id.as_ref().is_none_or(on)
    }

    fn is_in_one_zone(&self) -> bool {
        self.members.windows(2).all(|pair| pair[0].disk.zone == pair[1].disk.zone)
    }

    fn size_gib(&self) -> u64 {
        self.members.iter().map(|one| u64::from(one.disk.size_gib)).sum()
    }
}

/// progressing, accomplished; or failed.
static TRANSITION: Transition = Transition {
    resource: &SNAPSHOT_GROUP,
    begins: &[Edge::into("progressing", "CreateSnapshotGroup")],
    ends: &[
        Edge::between("progressing", "accomplished", "made"),
        Edge::between("progressing", "failed", "refused"),
    ],
    settles: Some(Settling::new(Ids::Replied("SnapshotGroupId"), Goal::Status("accomplished"))),
};

impl Action for CreateSnapshotGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateSnapshotGroup";
    const SUMMARY: &'static str = "Makes snapshots of several disks at the same moment.";
    const DETAILS: &'static str = "\
All disks of an instance, all but some, or disks of one zone. The group is progressing until all its \
snapshots are accomplished; if one fails, all of them do. Disks can be made from each of them.\n\n\
With real machines the disks that one of them has are copied as of one moment, as after a power cut. \
Disks of several machines follow each other within moments.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const NEEDS: Needs = Needs::Snapshots;
    const TOKEN_MISMATCH: &'static ErrorCode = &SNAPSHOT_TOKEN_MISMATCH;
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &INSTANCE_NOT_FOUND,
        &SNAPSHOT_DISK_NOT_FOUND,
        &TAG_DUPLICATE,
        &TAG_MISMATCH,
        &TAG_COUNT,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("not both DiskId and ExcludeDiskId are given",         |f| !f.contradicts(), &GROUP_DISKS_AND_EXCLUDED),
        must("InstanceId or DiskId is given",                       |f| f.names_something(), &GROUP_OF_NOTHING),
        must("the instance has the disks, and one at least",        |f| !f.members.is_empty() && f.are_on_the_instance(), &GROUP_WITHOUT_DISKS),
        must("there are at most 16 disks",                          |f| f.members.len() <= DISKS_PER_SNAPSHOT_GROUP, &GROUP_TOO_MANY_DISKS),
        must("all disks are in one zone",                           |f| f.is_in_one_zone(), &GROUP_IN_SEVERAL_ZONES),
        must("no disk is a multi-attach disk",                      |f| f.all(|one| !one.disk.multi_attach), &MULTI_ATTACH_NOT_HERE),
        must("all disks are ESSDs",                                 |f| f.all(DiskOfGroup::takes_part), &CATEGORY_NOT_FOR_THIS),
        must("the disks have at most 32 TiB together",              |f| f.size_gib() <= SNAPSHOT_GROUP_GIB, &GROUP_TOO_LARGE),
        must("no disk has an overdue payment",                      |f| f.all(|one| !one.disk.locks.contains(&LockReason::Financial)), &GROUP_DISK_IN_ARREARS),
        must("no other snapshot of the disks is being made",        |f| f.all(|one| !one.has_snapshot_in_progress), &SNAPSHOT_UNDER_WAY),
        must("all disks are Available or In_use, and nothing else is being done to them", |f| f.all(DiskOfGroup::has_stable_status), &DISK_STATUS),
        must("every disk was attached at least once",               |f| f.all(|one| one.may_be_new || one.disk.attached_at.is_some()), &NEVER_ATTACHED),
        must("no key of the disks is deleted",                      |f| f.all(|one| one.key.is_there()), &DISK_KEY_NOT_FOUND),
        must("the keys of the disks are Enabled",                   |f| f.all(|one| one.key.is_enabled()), &KEY_DISABLED),
        must("no instance that has them is locked for security",    |f| f.every_instance(|i| !i.is_locked_for(LockReason::Security)), &INSTANCE_OF_DISK_LOCKED),
        must("every instance that has them is Running or Stopped",  |f| f.every_instance(Instance::has_stable_status), &INSTANCE_STATUS_FOR_ATTACH),
        must("the instances are Stopped, unless the storage takes snapshots at one moment, which Ceph RBD does not yet", |f| f.can_be_running || f.every_instance(|i| i.status == InstanceStatus::Stopped), &GROUP_OF_RUNNING),
        must("every disk has fewer than 256 snapshots",             |f| f.all(|one| one.snapshots < SNAPSHOTS_PER_DISK), &SNAPSHOT_QUOTA),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let mut members = Vec::new();
        for id in disks_of_group(tx, call, params)? {
            let disk = call.disk(tx, &id)?.filter(|disk| disk.region == params.region_id.0);
            let disk = disk.ok_or(&SNAPSHOT_DISK_NOT_FOUND)?;
            let has_snapshot_in_progress = snapshot_lookups::has_snapshot_in_progress(tx, &disk)?;
            let snapshots = snapshot_lookups::count(tx, &disk)?;
            let may_be_new = call.environment.can_snapshot_new_disks;
            let key = use_of_disk(tx, &disk, call.now)?;
            members.push(DiskOfGroup {
                disk,
                has_snapshot_in_progress,
                snapshots,
                may_be_new,
                key,
            });
        }
        let mut instances: Vec<Instance> = Vec::new();
        for at in members.iter().flat_map(|one| &one.disk.attachments) {
            if instances.iter().all(|known| known.id != at.instance) {
                instances.extend(call.instance(tx, &at.instance)?);
            }
        }
        Ok(Facts {
            params: params.clone(),
            members,
            instances,
            tags: new_plain_tags(&params.tag.0)?,
            can_be_running: call.environment.storage.snapshots_together,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let group = new_group(call, params, &facts);
        let snapshots: Vec<_> =
            facts.members.iter().map(|one| new_snapshot(call, params, &group, &one.disk)).collect();
        let reply = Reply { snapshot_group_id: group.id.to_string() };
        let batch = SnapshotBatch::new(&snapshots);
        let batch = TakingSnapshotGroup { group: group.id.clone(), batch };
        let mut effect = Effect::reply(reply).save(group);
        for snapshot in snapshots {
            effect = effect.save(snapshot);
        }
        effect.start(batch)
    }
}

/// The disks that are asked for: named ones, each once, or those of the instance.
fn disks_of_group(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
) -> Result<Vec<DiskId>, ActionError> {
    let on = match &params.instance_id {
        Some(id) => {
            let instance = call.instance(tx, id)?.ok_or(&INSTANCE_NOT_FOUND)?;
            tx.attached(&instance.id)?
        }
        None => Vec::new(),
    };
    if params.disk_id.0.is_empty() {
        let disks = on.iter().map(|at| at.disk.clone());
        return Ok(disks.filter(|disk| !params.exclude_disk_id.0.contains(disk)).collect());
    }
    let mut disks: Vec<DiskId> = Vec::new();
    for disk in &params.disk_id.0 {
        if !disks.contains(disk) {
            disks.push(disk.clone());
        }
    }
    Ok(disks)
}

fn new_group(call: &Call<'_>, params: &Params, facts: &Facts) -> SnapshotGroup {
    let region = &params.region_id.0;
    SnapshotGroup {
        id: call.new_id(region),
        account: call.caller.account.clone(),
        region: region.clone(),
        instance: params.instance_id.clone(),
        status: SnapshotStatus::Progressing,
        name: params.name.as_ref().map(|name| name.0.clone()).unwrap_or_default(),
        description: params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
        tags: facts.tags.clone(),
        resource_group: params
            .resource_group_id
            .as_ref()
            .map(|id| id.0.clone())
            .unwrap_or_default(),
        created_at: call.now,
        unknown: domain::UnknownFields::default(),
    }
}

fn new_snapshot(
    call: &Call<'_>,
    params: &Params,
    group: &SnapshotGroup,
    disk: &Disk,
) -> DiskSnapshot {
    let id = call.new_id(&disk.region);
    let mut snapshot = DiskSnapshot::of(disk, id, call.now);
    snapshot.group = Some(group.id.clone());
    snapshot.name.clone_from(&group.name);
    snapshot.description.clone_from(&group.description);
    snapshot.instant_access = params.instant_access.unwrap_or(false);
    let days = params.instant_access_retention_days;
    snapshot.instant_access_days = days.and_then(|days| u32::try_from(days.0).ok());
    snapshot
}

/// Copies the content of all disks; then the group is accomplished.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TakingSnapshotGroup {
    group: SnapshotGroupId,
    #[serde(flatten)]
    batch: SnapshotBatch,
}

impl Operation for TakingSnapshotGroup {
    const KIND: &'static str = "snapshot_group.create";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        self.batch.subject()
    }

    fn phase(&self) -> &'static str {
        "snapshot"
    }

    fn making(&self) -> Vec<DiskId> {
        self.batch.making()
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        self.batch.advance(context).await
    }

    /// A group that was deleted meanwhile stays so.
    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        self.batch.finish(outcome, tx, now)?;
        let Some(mut group) = tx.get(&self.group)? else { return Ok(()) };
        let ended = match outcome {
            Outcome::Done => {
                if self.batch.is_consistent() {
                    mark_consistent(&mut group.tags);
                }
                group.accomplished()
            }
            Outcome::Failed(_) => group.failed(),
        };
        if ended.is_ok() { tx.save(&group) } else { Ok(()) }
    }
}
