//! `ResizeDisk`: make a disk larger.
//!
//! The store has the new size from the reply on. The bytes follow by the operation at the end
//! of this file; until it has ended, the disk is neither resized again nor moved nor deleted.

use domain::kms::KeyUse;

use super::resource::DISK;
use crate::actions::kms_keys::use_of_disk;
use crate::actions::order;
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::hypervisor::{DiskLimit, DiskSpec};

/// Makes a disk larger.
pub(crate) struct ResizeDisk;

params!(
    /// Parameters of ResizeDisk.
    pub(crate) struct Params {
        /// The disk that is to grow. It must be Available or In_use.
        disk_id: DiskId,
        /// GiB. It must be more than the disk has, and what the category allows.
        new_size: Integer<1, 2_147_483_647>,
        /// `online` wants every instance that has the disk to be Running; `offline` does not.
        #[wire = "Type"]
        #[malformed = RESIZE_TYPE_UNKNOWN]
        resize_type: Option<ResizeType>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

choice!(
    /// When the guest sees the new size.
    pub(crate) enum ResizeType {
        Offline = "offline",
        Online = "online",
    }
);

reply!(
    /// Reply of ResizeDisk.
    pub(crate) struct Reply {
        /// The order's number, for a subscription disk.
        order_id: String,
    }
);

/// The disk that the request names, and the instances that have it. All exist.
pub(crate) struct Facts {
    /// Whether a snapshot of the disk is being made.
    has_snapshot_in_progress: bool,
    /// The key of the disk.
    key: KeyUse,
    disk: Disk,
    instances: Vec<Instance>,
    /// GiB.
    new_size: i64,
    online: bool,
    now: Moment,
}

impl Facts {
    fn has_stable_status(&self) -> bool {
        self.disk.has_stable_status()
    }

    fn all(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        self.instances.iter().all(holds)
    }

    fn owes_nothing(&self, instance: &Instance) -> bool {
        let expired = instance.expires_at.is_some_and(|end| end <= self.now);
        !expired && !instance.is_locked_for(LockReason::Financial)
    }

    /// GiB that the category allows, smallest and largest.
    fn allowed(&self) -> (i64, i64) {
        let Disk { category, performance_level: level, .. } = self.disk;
        let of_data = category.data_sizes(level);
        let sizes = match self.disk.kind {
            DiskKind::System => category.system_sizes(level).unwrap_or(of_data),
            DiskKind::Data => of_data,
        };
        (i64::from(sizes.0), i64::from(sizes.1))
    }

    /// A disk that no instance has cannot grow under a running guest.
    fn runs_everywhere(&self) -> bool {
        let running = |instance: &Instance| instance.status == InstanceStatus::Running;
        !self.instances.is_empty() && self.all(running)
    }
}

/// Its status stays what it is while the bytes grow.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[
        Edge::between("Available", "Available", "ResizeDisk"),
        Edge::between("In_use", "In_use", "ResizeDisk"),
    ],
    ends: &[],
    settles: Some(Settling::new(Ids::Requested("DiskId"), Goal::Unseen)),
};

impl Action for ResizeDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "ResizeDisk";
    const SUMMARY: &'static str = "Makes a disk larger.";
    const DETAILS: &'static str = "\
DescribeDisks shows the new size at once. Partitions and file systems stay as they are: the guest \
has to enlarge them itself.\n\n\
On the real cloud `offline`, which is what is meant if Type is left out, takes effect when the \
instance starts the next time. Here the bytes grow at once either way, and a guest that runs sees \
the new size; the two types differ only in what they want of the instance.\n\n\
Until the bytes are there, which takes moments, the disk is not resized again \
(`LastOrderProcessing`), attached, detached or deleted. If they cannot be had, the disk goes back to \
its former size, and `diskdock admin operations` shows the reason.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb {
        holder_statuses: &["Running"],
        asks: Asks::SizeAbove("size"),
        said: "{id} has {size} GiB. It can only grow.",
        ..Verb::new(
            "Resize",
            "disk",
            &[
                ("DiskId", Given::Id),
                ("NewSize", Given::Answer),
                ("Type", Given::ByStatus("In_use", "online", "offline")),
            ],
        )
    }];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&DISK_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the disk is Available or In_use",                        |f| f.has_stable_status(), &DISK_STATUS),
        must("no resize or change of spec of the disk is under way",   |f| f.disk.activity.is_none(), &LAST_ORDER_PROCESSING),
        must("no snapshot of the disk is being made",                   |f| !f.has_snapshot_in_progress, &DISK_CREATING_SNAPSHOT),
        must("the disk is not a local disk",                           |f| !f.disk.category.is_local(), &DISK_TYPE_UNSUPPORTED),
        must("the disk is not a detached system disk",                 |f| !f.disk.delete_protected, &DISK_IS_DETACHED_SYSTEM),
        must("the disk has no overdue payment",                        |f| !f.disk.locks.contains(&LockReason::Financial), &DISK_IN_ARREARS),
        must("the key of the disk is not deleted",                     |f| f.key.is_there(), &KEY_NOT_FOUND),
        must("the key of the disk is Enabled",                         |f| f.key.is_enabled(), &KEY_DISABLED),
        must("no instance that has it is locked for security",         |f| f.all(|i| !i.is_locked_for(LockReason::Security)), &INSTANCE_LOCKED_FOR_SECURITY),
        must("no instance that has it is expired or in arrears",       |f| f.all(|i| f.owes_nothing(i)), &INSTANCE_IN_ARREARS),
        must("the new size is not smaller than the category allows",   |f| f.new_size >= f.allowed().0, &NEW_SIZE_TOO_SMALL),
        must("the new size is larger than the size",                   |f| f.new_size > i64::from(f.disk.size_gib), &NEW_SIZE_NOT_LARGER),
        must("the new size is not larger than the category allows",    |f| f.new_size <= f.allowed().1, &NEW_SIZE_TOO_LARGE),
        must("every instance that has it is Running or Stopped",       |f| f.all(Instance::has_stable_status), &INSTANCE_STATUS),
        must("a multi-attach disk is resized offline",                 |f| !f.online || !f.disk.multi_attach, &MULTI_ATTACH_ONLINE),
        must("for online, an instance has it, and is Running",         |f| !f.online || f.runs_everywhere(), &NOT_RUNNING_FOR_ONLINE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let disk = call.disk(tx, &params.disk_id)?.ok_or(&DISK_NOT_FOUND)?;
        let mut instances = Vec::new();
        for at in &disk.attachments {
            instances.extend(call.instance(tx, &at.instance)?);
        }
        let online = params.resize_type == Some(ResizeType::Online);
        let has_snapshot_in_progress = snapshot_lookups::has_snapshot_in_progress(tx, &disk)?;
        Ok(Facts {
            has_snapshot_in_progress,
            key: use_of_disk(tx, &disk, call.now)?,
            disk,
            instances,
            new_size: params.new_size.0,
            online,
            now: call.now,
        })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<Reply> {
        let Facts { mut disk, instances, new_size, .. } = facts;
        let size_gib = u32::try_from(new_size).expect("a category allows no more than that");
        disk.resize(size_gib).expect("a disk that stands still can become larger");
        let on = instances.into_iter().map(|instance| instance.id).collect();
        let limit = Some(DiskLimit::of(&disk));
        let resizing = Resizing { disk: DiskSpec::of(&disk), on, limit };
        let order_id = order::number_for(call, disk.charge_type);
        Effect::reply(Reply { order_id }).save(disk).start(resizing)
    }
}

/// Makes the bytes of a disk as large as the store has it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Resizing {
    disk: DiskSpec,
    /// The instances that have it. It stays on them until this has ended, unless one is released.
    on: Vec<InstanceId>,
    /// The most that a guest gets out of the larger disk; none in an operation of an earlier
    /// version.
    #[serde(default)]
    limit: Option<DiskLimit>,
}

impl Operation for Resizing {
    const KIND: &'static str = "disk.resize";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    /// No instance: what is cancelled at the end is the resize, and nothing else on one.
    fn subject(&self) -> Subject {
        Subject::of_disk(&self.disk.disk)
    }

    fn phase(&self) -> &'static str {
        "resize"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let progress = context.hypervisor.resize(&self.disk, &self.on, context.now).await?;
        if progress == Progress::Done {
            context.limit_disks(&self.on, self.limit.as_slice()).await?;
        }
        Ok(progress)
    }

    fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx, _: Moment) -> Result<(), StoreError> {
        let Some(mut disk) = tx.disk(&self.disk.disk)? else { return Ok(()) };
        let moved = match outcome {
            Outcome::Done => disk.resized(self.disk.size_gib),
            Outcome::Failed(_) => disk.resize_failed(self.disk.size_gib),
        };
        match moved {
            Ok(()) => tx.save_disk(&disk),
            Err(domain::IllegalTransition) => Ok(()),
        }
    }
}
