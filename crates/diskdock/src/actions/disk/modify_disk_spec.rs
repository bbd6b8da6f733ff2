//! `ModifyDiskSpec`: give a disk another category, performance level or provisioned performance.
//!
//! The bytes of a disk stay as they are: category and performance are what its record says, and,
//! with `--throttle-disks documented`, the most that a real guest gets out of it. So a change is
//! accepted wherever CreateDisk accepts the same category.

use domain::disk::Specification;
use domain::kms::KeyUse;
use domain::{Task, TaskAction, TaskId, TaskStatus, performance};

use super::resource::DISK;
use crate::actions::kms_keys::use_of_disk;
use crate::actions::order;
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::hypervisor::DiskLimit;
use crate::store::{EntityReads, EntityWrites};

/// Changes category and performance of a disk.
pub(crate) struct ModifyDiskSpec;

params!(
    /// Parameters of ModifyDiskSpec.
    pub(crate) struct Params {
        /// The disk to change. It must be Available or In_use.
        disk_id: DiskId,
        /// The category to have; left out, it stays.
        #[malformed = CATEGORY_MALFORMED]
        disk_category: Option<SpecCategory>,
        /// The level to have, of `cloud_essd`; PL1 if the disk becomes one and this is left out.
        #[malformed = LEVEL_MALFORMED]
        performance_level: Option<PerformanceLevel>,
        /// Bought operations a second to have, of `cloud_auto`.
        #[malformed = IOPS_EXCEEDED]
        provisioned_iops: Option<Integer<0, 50000>>,
        /// For regional disks, which keep their category here.
        destination_zone_id: Option<ZoneId>,
        /// For disks in dedicated clusters, which there are none of here.
        performance_control_options: Group<PerformanceControlOptions>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

params!(
    /// Limits of a disk in a dedicated cluster.
    pub(crate) struct PerformanceControlOptions {
        /// Operations a second.
        #[wire = "IOPS"]
        #[example = "900"]
        iops: Option<Integer<900, 1_000_000>>,
        /// Megabytes a second.
        #[example = "60"]
        throughput: Option<Integer<60, 4_000>>,
        /// `All` takes the limits away.
        recover: Option<Recover>,
    }
);

choice!(
    /// Which limits to take away.
    pub(crate) enum Recover {
        All = "All",
    }
);

choice!(
    /// Categories that a disk can be changed to.
    pub(crate) enum SpecCategory {
        Essd = "cloud_essd",
        AutoPl = "cloud_auto",
        Ssd = "cloud_ssd",
        Efficiency = "cloud_efficiency",
    }
);

impl SpecCategory {
    fn category(self) -> Category {
        match self {
            SpecCategory::Essd => Category::CloudEssd,
            SpecCategory::AutoPl => Category::CloudAuto,
            SpecCategory::Ssd => Category::CloudSsd,
            SpecCategory::Efficiency => Category::CloudEfficiency,
        }
    }
}

reply!(
    /// Reply of ModifyDiskSpec.
    pub(crate) struct Reply {
        /// The task that makes the change: DescribeTasks shows when it has ended.
        task_id: String,
        /// The order's number, for a subscription disk.
        order_id: String,
    }
);

/// The disk that the request names, what it is to become, and the instances that have it.
pub(crate) struct Facts {
    /// Whether a snapshot of the disk is being made.
    has_snapshot_in_progress: bool,
    /// The key of the disk.
    key: KeyUse,
    params: Params,
    disk: Disk,
    to: Specification,
    instances: Vec<Instance>,
    /// Whether the zone sells the category that the disk is to have.
    zone_sells: bool,
    /// Whether the types of its instances take that category.
    types_take: bool,
    now: Moment,
}

impl Facts {
    fn has_stable_status(&self) -> bool {
        self.disk.has_stable_status()
    }

    /// Basic, regional, elastic ephemeral and local disks stay what they are.
    fn can_change(&self) -> bool {
        use Category as C;
        let from = self.disk.category;
        matches!(
            from,
            C::CloudEssd | C::CloudAuto | C::CloudSsd | C::CloudEfficiency | C::CloudEssdEntry
        )
    }

    fn changes_category(&self) -> bool {
        self.to.category != self.disk.category
    }

    fn has_control_options(&self) -> bool {
        let Group(options) = &self.params.performance_control_options;
        options.iops.is_some() || options.throughput.is_some() || options.recover.is_some()
    }

    fn is_in_good_standing(&self, instance: &Instance) -> bool {
        let expired = instance.expires_at.is_some_and(|end| end <= self.now);
        !expired && !instance.is_locked_for(LockReason::Financial)
    }

    fn all(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        self.instances.iter().all(holds)
    }

    /// GiB that the new category allows at the new level, smallest and largest.
    fn size_fits(&self) -> bool {
        let Specification { category, performance_level: level, .. } = self.to;
        let sizes = match self.disk.kind {
            DiskKind::System => category.system_sizes(level),
            DiskKind::Data => Some(category.data_sizes(level)),
        };
        sizes.is_some_and(|(least, most)| (least..=most).contains(&self.disk.size_gib))
    }

    /// A subscription is not turned into less than was bought.
    fn keeps_what_was_bought(&self) -> bool {
        let size_gib = self.disk.size_gib;
        let iops = |category, level| performance::of(category, level, size_gib).iops;
        let has = iops(self.disk.category, self.disk.performance_level);
        self.disk.charge_type == ChargeType::PostPaid
            || !self.changes_category()
            || iops(self.to.category, self.to.performance_level) >= has
    }

    /// A level of a subscription disk only rises; one of a pay-as-you-go disk may fall, but not to
    /// PL0.
    fn level_may_be_had(&self) -> bool {
        let (Some(has), Some(wanted)) = (self.disk.performance_level, self.to.performance_level)
        else {
            return true;
        };
        let falls = wanted.smallest() < has.smallest();
        !falls || (self.disk.charge_type == ChargeType::PostPaid && wanted != PerformanceLevel::Pl0)
    }

    fn iops_fit(&self) -> bool {
        performance::iops_fit(self.to.provisioned_iops, self.disk.size_gib)
    }
}

/// Its status stays what it is while the change is under way.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[
        Edge::between("Available", "Available", "ModifyDiskSpec"),
        Edge::between("In_use", "In_use", "ModifyDiskSpec"),
    ],
    ends: &[],
    settles: Some(Settling::new(Ids::Requested("DiskId"), Goal::Unseen)),
};

impl Action for ModifyDiskSpec {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "ModifyDiskSpec";
    const SUMMARY: &'static str = "Changes category, level or provisioned performance of a disk.";
    const DETAILS: &'static str = "\
The change is a task: DescribeDisks shows the old category and level until DescribeTasks shows it \
Finished. Until then the disk is attached and detached as ever, and neither changed again, resized \
nor deleted. If the change fails, the disk stays as it was and DescribeTaskAttribute says why.\n\n\
With real machines and `serve --throttle-disks documented`, a running guest is kept to the new \
limits before the task ends. Otherwise no disk is throttled: category and level are what the API \
shows, and a guest gets what its host gives.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("ProvisionedIops"),
        SdkParam::lacking("DestinationZoneId", TypedSdk::OLDEST),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&DISK_NOT_FOUND, &DETACHED_SYSTEM_DISK];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("PerformanceLevel is for cloud_essd",                      |f| f.params.performance_level.is_none() || f.to.category == Category::CloudEssd, &LEVEL_FOR_CATEGORY),
        must("PerformanceControlOptions are left out",                  |f| !f.has_control_options(), &NO_CONTROL_OPTIONS),
        must("DestinationZoneId is left out",                           |f| f.params.destination_zone_id.is_none(), &NO_DESTINATION_ZONE),
        must("the disk is Available or In_use",                         |f| f.has_stable_status(), &DISK_NOT_READY),
        must("no resize or change of spec of the disk is under way",    |f| f.disk.activity.is_none(), &DISK_STATUS),
        must("no snapshot of the disk is being made",                   |f| !f.has_snapshot_in_progress, &DISK_CREATING_SNAPSHOT),
        must("the disk has no overdue payment",                         |f| !f.disk.locks.contains(&LockReason::Financial), &DISK_IN_ARREARS),
        must("the key of the disk is there and Enabled",                |f| f.key == KeyUse::Usable, &SPEC_KEY_DISABLED),
        must("no instance that has it is expired or in arrears",        |f| f.all(|i| f.is_in_good_standing(i)), &INSTANCE_IN_ARREARS),
        must("every instance that has it is Running or Stopped",        |f| f.all(Instance::has_stable_status), &INSTANCE_NOT_STABLE),
        must("the disk is of a category that can be changed",           |f| f.can_change(), &CATEGORY_STAYS),
        must("a multi-attach disk keeps its category",                  |f| !f.disk.multi_attach || !f.changes_category(), &MULTI_ATTACH_NOT_HERE),
        must("the types of its instances take the new category",        |f| f.types_take, &CATEGORY_UNSUPPORTED_BY_TYPE),
        must("the zone sells the new category",                         |f| f.zone_sells, &NEW_CATEGORY_NOT_SOLD),
        must("the size fits the new level of cloud_essd",               |f| f.to.category != Category::CloudEssd || f.size_fits(), &NEW_LEVEL_SIZE_MISMATCH),
        must("the size fits the new category",                          |f| f.size_fits(), &NEW_CATEGORY_NOT_SOLD),
        must("a subscription disk does not become slower",              |f| f.keeps_what_was_bought(), &DOWNGRADE),
        must("the level does not fall below what the charge type allows", |f| f.level_may_be_had(), &LEVEL_TOO_LOW),
        must("ProvisionedIops is for cloud_auto",                       |f| f.params.provisioned_iops.is_none() || f.to.category == Category::CloudAuto, &IOPS_CATEGORY),
        must("ProvisionedIops is within what the size allows",          |f| f.iops_fit(), &IOPS_EXCEEDED),
        must("something changes",                                       |f| f.to != f.disk.specification(), &SPEC_UNCHANGED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let disk = call.disk(tx, &params.disk_id)?.ok_or(&DISK_NOT_FOUND)?;
        if disk.delete_protected {
            return Err(Refusal::about(&DETACHED_SYSTEM_DISK, disk.id.as_str()).into());
        }
        let mut instances = Vec::new();
        for at in &disk.attachments {
            instances.extend(call.instance(tx, &at.instance)?);
        }
        let to = specification(params, &disk);
        let word = to.category.as_str();
        let inventory = &call.environment.inventory;
        let zone = inventory.zone(&disk.zone);
        let takes = |instance: &Instance| {
            let found = inventory.instance_type(&instance.instance_type);
            let family = found.and_then(|found| inventory.family(&found.family));
            family.is_none_or(|family| family.takes_category(word))
        };
        let stays = to.category == disk.category;
        Ok(Facts {
            has_snapshot_in_progress: snapshot_lookups::has_snapshot_in_progress(tx, &disk)?,
            key: use_of_disk(tx, &disk, call.now)?,
            zone_sells: stays || zone.is_none_or(|zone| zone.sells_category(word)),
            types_take: stays || instances.iter().all(takes),
            params: params.clone(),
            disk,
            to,
            instances,
            now: call.now,
        })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<Reply> {
        let Facts { mut disk, to, instances, .. } = facts;
        disk.modify().expect("a disk that nothing is done to can be changed");
        let task = task(call, &disk);
        let order_id = order::number_for(call, disk.charge_type);
        let modifying = Modifying {
            disk: disk.id.clone(),
            task: task.id.clone(),
            limit: Some(DiskLimit::with(&disk, &to)),
            on: instances.into_iter().map(|instance| instance.id).collect(),
            to,
        };
        Effect::reply(Reply { task_id: task.id.to_string(), order_id })
            .save(disk)
            .save(task)
            .start(modifying)
    }
}

/// The disk's new specification. Values that the request omits stay, as far as the category has
/// them.
fn specification(params: &Params, disk: &Disk) -> Specification {
    let category = params.disk_category.map_or(disk.category, SpecCategory::category);
    let asked = params.provisioned_iops.and_then(|iops| u32::try_from(iops.0).ok());
    let iops = asked.or(disk.provisioned_iops).filter(|iops| *iops > 0);
    Specification {
        category,
        performance_level: category.level(params.performance_level.or(disk.performance_level)),
        provisioned_iops: iops.filter(|_| category == Category::CloudAuto),
    }
}

fn task(call: &Call<'_>, disk: &Disk) -> Task {
    Task {
        id: call.new_id(&disk.region),
        account: disk.account.clone(),
        region: disk.region.clone(),
        action: TaskAction::ModifyDiskSpec,
        resource: disk.id.to_string(),
        status: TaskStatus::Processing,
        created_at: call.now,
        finished_at: None,
        reason: String::new(),
        unknown: domain::UnknownFields::default(),
    }
}

/// Gives the disk what it is to become, and ends the task.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Modifying {
    disk: DiskId,
    task: TaskId,
    to: Specification,
    /// The instances that have it.
    #[serde(default)]
    on: Vec<InstanceId>,
    /// The most that their guests get out of it then; none in an operation of an earlier version.
    #[serde(default)]
    limit: Option<DiskLimit>,
}

impl Modifying {
    /// The disk may be gone with its instance meanwhile.
    fn end_on_disk(&self, outcome: &Outcome, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        let Some(mut disk) = tx.disk(&self.disk)? else { return Ok(()) };
        let moved = match outcome {
            Outcome::Done => disk.modified(&self.to),
            Outcome::Failed(_) => disk.modify_failed(),
        };
        if moved.is_ok() { tx.save_disk(&disk) } else { Ok(()) }
    }
}

impl Operation for Modifying {
    const KIND: &'static str = "disk.modify";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    /// No instance: what is cancelled at the end is the change, and nothing else on one.
    fn subject(&self) -> Subject {
        Subject::of_disk(&self.disk)
    }

    fn phase(&self) -> &'static str {
        "modify"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let progress = context.hypervisor.modify(&self.disk, context.now).await?;
        if progress == Progress::Done {
            context.limit_disks(&self.on, self.limit.as_slice()).await?;
        }
        Ok(progress)
    }

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        self.end_on_disk(outcome, tx)?;
        let Some(mut task) = tx.get(&self.task)? else { return Ok(()) };
        let ended = match outcome {
            Outcome::Done => task.finished(now),
            Outcome::Failed(reason) => task.failed(reason, now),
        };
        if ended.is_ok() { tx.save(&task) } else { Ok(()) }
    }
}
