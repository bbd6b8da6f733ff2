//! `CreateDisk`: make a data disk.

use domain::disk::StorageSet;
use domain::kms::KeyUse;
use domain::limits::DEVICE_NAMES;
use domain::{DiskSnapshot, SnapshotId, performance};

use super::creating::{CreatingDisk, place_bytes};
use super::resource::{ADD_TO_INSTANCE, DISK};
use crate::actions::disk::attach_disk::{count_cloud_disks, first_free_device};
use crate::actions::disk::plugging::Plugging;
use crate::actions::kms_keys::{key_use, use_of_snapshot};
use crate::actions::paging::new_tags;
use crate::actions::prelude::*;
use crate::actions::{derived, order};
use crate::catalog::{Case, Shape, StorageAbilities, Value};
use crate::store::AttachedDisks;

/// Makes a data disk.
pub(crate) struct CreateDisk;

params!(
    /// Parameters of CreateDisk.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// The zone of a pay-as-you-go disk. Not together with `InstanceId`; a regional disk
        /// needs none.
        #[common = true]
        zone_id: Option<ZoneId>,
        /// A subscription instance: the disk becomes a subscription disk, is attached to it and
        /// goes with it.
        #[common = true]
        instance_id: Option<InstanceId>,
        /// GiB. The limits depend on the category and the level.
        #[malformed = SIZE_NOT_SUPPORTED]
        #[common = true]
        size: Option<Integer<1, 65536>>,
        /// Disk category.
        #[malformed = CATEGORY_MALFORMED]
        #[common = true]
        disk_category: Option<NewCategory>,
        /// Level of a `cloud_essd` disk; PL1 if left out.
        #[malformed = LEVEL_MALFORMED]
        performance_level: Option<PerformanceLevel>,
        /// Display name.
        #[common = true]
        disk_name: Option<DiskName>,
        /// Free text.
        description: Option<Description>,
        /// Tags, up to 20.
        #[common = true]
        tag: Groups<TagParam>,
        /// Whether it can be attached to several instances. ESSD categories only.
        #[malformed = MULTI_ATTACH_NOT_VALID]
        multi_attach: Option<MultiAttach>,
        /// Encrypt the disk. With real machines no byte of it is stored in plain, with a key of its
        /// own; a simulated one is only shown as encrypted.
        encrypted: Option<bool>,
        /// The key of KMS, which has to be Enabled; needs `Encrypted`. An id that KMS here does not
        /// know is only shown. Left out, an encrypted disk shows the account's service key.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<1, 128>>,
        /// Burst performance of `cloud_auto`, from 4 GiB.
        bursting_enabled: Option<bool>,
        /// Bought operations a second of `cloud_auto`.
        #[malformed = IOPS_EXCEEDED]
        provisioned_iops: Option<Integer<0, 50000>>,
        /// The snapshot to make it from, of a disk of any category. Without `Size`, the new disk
        /// has the size that the disk of the snapshot had.
        #[common = true]
        snapshot_id: Option<SnapshotId>,
        /// The resource group to show.
        resource_group_id: Option<Text<1, 64>>,
        /// The storage set to show.
        storage_set_id: Option<Text<1, 64>>,
        /// The number of partitions of the storage set.
        storage_set_partition_number: Option<Integer<2, 2000>>,
        /// A dedicated block storage cluster. There are none here.
        storage_cluster_id: Ignored<Option<Text<1, 64>>>,
        /// Not offered to the public.
        advanced_features: Ignored<Option<Text<0, 4096>>>,
        /// Not offered to the public.
        encrypt_algorithm: Ignored<Option<Text<0, 64>>>,
        /// Not offered to the public.
        arn: Ignored<Groups<Arn>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

params!(
    /// A role for role chaining.
    pub(crate) struct Arn {
        /// The account.
        assume_role_for: Option<Integer<0, 9_223_372_036_854_775_807>>,
        /// The type of the role.
        role_type: Option<Text<0, 64>>,
        /// The role.
        rolearn: Option<Text<0, 256>>,
    }
);

choice!(
    /// Whether a disk can be attached to several instances.
    pub(crate) enum MultiAttach {
        Disabled = "Disabled",
        Enabled = "Enabled",
    }
);

/// A category that can be created on its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewCategory(pub Category);

impl Value for NewCategory {
    const SHAPE: Shape = Shape::Choice(&Category::CREATABLE_WORDS, Case::Exact);
    const EXAMPLE: &'static str = "cloud_essd";

    fn parse(text: &str) -> Option<Self> {
        Category::from_word(text).filter(|category| !category.is_local()).map(NewCategory)
    }
}

reply!(
    /// Reply of CreateDisk.
    pub(crate) struct Reply {
        /// The new disk.
        disk_id: String,
        /// The order of a subscription disk, else empty.
        order_id: String,
    }
);

/// The request with its defaults, and the zone and instance that it names.
pub(crate) struct Facts {
    params: Params,
    category: Category,
    level: Option<PerformanceLevel>,
    size_gib: Option<u32>,
    snapshot: Option<DiskSnapshot>,
    tags: Vec<Tag>,
    zone: Option<String>,
    zone_sells: bool,
    instance: Option<Instance>,
    attached: AttachedDisks,
    /// How many of these are not local.
    cloud_disks: usize,
    /// How many disks the instance can hold.
    disk_quantity: usize,
    /// The key that the disk names or that of its snapshot: the one that can be used less.
    keys: KeyUse,
    /// Whether an encrypted disk can be on several instances.
    may_share_encrypted: bool,
    /// The abilities of the storage.
    storage: StorageAbilities,
}

impl Facts {
    fn holds_fewer_disks_than_allowed(&self) -> bool {
        self.cloud_disks < self.disk_quantity
    }

    fn is_multi_attach(&self) -> bool {
        self.params.multi_attach == Some(MultiAttach::Enabled)
    }

    fn bursts(&self) -> bool {
        self.params.bursting_enabled == Some(true)
    }

    /// A disk from an encrypted snapshot is encrypted unless the request says otherwise.
    fn is_encrypted(&self) -> bool {
        let by_default = self.snapshot.as_ref().is_some_and(|snapshot| snapshot.encrypted);
        self.params.encrypted.unwrap_or(by_default)
    }

    /// Whether this holds for the snapshot, if there is one.
    fn of_snapshot(&self, holds: impl Fn(&DiskSnapshot) -> bool) -> bool {
        self.snapshot.as_ref().is_none_or(holds)
    }

    /// Within what the category allows at any level.
    fn size_fits_category(&self) -> bool {
        let (min, max) = self.category.data_sizes(Some(PerformanceLevel::Pl0));
        self.size_gib.is_none_or(|size| (min..=max).contains(&size))
    }

    fn size_fits_level(&self) -> bool {
        let (min, max) = self.category.data_sizes(self.level);
        self.size_gib.is_none_or(|size| (min..=max).contains(&size))
    }

    fn iops_fit(&self) -> bool {
        let wanted = self.params.provisioned_iops.map(|Integer(wanted)| wanted);
        let wanted = wanted.map(|wanted| u32::try_from(wanted).unwrap_or(u32::MAX));
        performance::iops_fit(wanted, self.size_gib.unwrap_or(0))
    }
}

/// Creating, Available; made for an instance, it is attached at once.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[Edge::into("Creating", "CreateDisk")],
    ends: &[Edge::between("Creating", "Available", "made")],
    settles: Some(Settling {
        goal_with: Some(("InstanceId", Goal::Status("In_use"))),
        ..Settling::new(Ids::Replied("DiskId"), Goal::Status("Available"))
    }),
};

impl Action for CreateDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateDisk";
    const SUMMARY: &'static str = "Creates a data disk.";
    const DETAILS: &'static str = "\
A pay-as-you-go disk in a zone; or, with `InstanceId`, a subscription disk that is attached to that \
subscription instance. Unless the pace says otherwise, a new disk is Available at once.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[ADD_TO_INSTANCE];
    const SDK: &'static [SdkParam] =
        &[SdkParam::long("ProvisionedIops"), SdkParam::long("Arn.AssumeRoleFor")];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &ZONE_NOT_FOUND,
        &INSTANCE_NOT_FOUND,
        &TAG_COUNT,
        &TAG_MISMATCH,
        &TAG_DUPLICATE,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("not both ZoneId and InstanceId are given",            |f| f.params.zone_id.is_none() || f.instance.is_none(), &ZONE_AND_INSTANCE),
        must("ZoneId is given, unless InstanceId is or the disk is regional", |f| f.zone.is_some(), &MISSING_ZONE),
        must("Size or SnapshotId is given",                         |f| f.size_gib.is_some() || f.params.snapshot_id.is_some(), &SIZE_OR_SNAPSHOT),
        must("the snapshot exists",                                 |f| f.params.snapshot_id.is_none() || f.snapshot.is_some(), &SNAPSHOT_NOT_FOUND),
        must("the snapshot is accomplished",                        |f| f.of_snapshot(DiskSnapshot::is_accomplished), &SNAPSHOT_NOT_READY),
        must("no elastic ephemeral disk is made from a snapshot",   |f| f.snapshot.is_none() || !f.category.is_elastic_ephemeral(), &EPHEMERAL_FROM_SNAPSHOT),
        must("Encrypted is not false for an encrypted snapshot",    |f| f.of_snapshot(|snapshot| !snapshot.encrypted || f.is_encrypted()), &SNAPSHOT_ENCRYPTED),
        must("the size is not smaller than that of the snapshot",   |f| f.of_snapshot(|snapshot| f.size_gib.is_none_or(|size| size >= snapshot.size_gib)), &SMALLER_THAN_SNAPSHOT),
        must("the size is one that the category allows",            |f| f.size_fits_category(), &SIZE_NOT_SUPPORTED),
        must("the size is one that the performance level allows",   |f| f.size_fits_level(), &LEVEL_SIZE_MISMATCH),
        must("the zone sells the category",                         |f| f.zone_sells, &CATEGORY_NOT_SOLD),
        must("the instance is a subscription one",                  |f| f.instance.as_ref().is_none_or(|i| i.charge_type == ChargeType::PrePaid), &INSTANCE_NOT_SUBSCRIPTION),
        must("the instance is Running or Stopped",                  |f| f.instance.as_ref().is_none_or(Instance::has_stable_status), &INSTANCE_STATUS),
        must("the instance holds fewer cloud disks than its type allows", |f| f.instance.is_none() || f.holds_fewer_disks_than_allowed(), &DISKS_EXCEEDED),
        must("a multi-attach disk is made without InstanceId",      |f| !f.is_multi_attach() || f.instance.is_none(), &MULTI_ATTACH_AND_INSTANCE),
        must("a multi-attach disk is of an ESSD category",          |f| !f.is_multi_attach() || f.category.is_essd(), &MULTI_ATTACH_CATEGORY),
        must("KMSKeyId comes with Encrypted=true",                  |f| f.params.kms_key_id.is_none() || f.is_encrypted(), &KMS_WITHOUT_ENCRYPTED),
        must("the keys of disk and snapshot are not deleted",       |f| f.keys.is_there(), &KEY_NOT_FOUND),
        must("the keys of disk and snapshot are Enabled",           |f| f.keys.is_enabled(), &KEY_DISABLED),
        must("with real machines, a multi-attach disk is not encrypted", |f| f.may_share_encrypted || !f.is_multi_attach() || !f.is_encrypted(), &ENCRYPTED_NOT_SUPPORTED),
        must("the storage can encrypt disks, which Ceph RBD cannot yet", |f| f.storage.encrypts || !f.is_encrypted(), &ENCRYPTED_NOT_SUPPORTED),
        must("the storage can give a disk to several instances, which Ceph RBD cannot yet", |f| f.storage.shares || !f.is_multi_attach(), &MULTI_ATTACH_NOT_VALID),
        must("ProvisionedIops is for cloud_auto",                   |f| f.params.provisioned_iops.is_none() || f.category == Category::CloudAuto, &IOPS_CATEGORY),
        must("ProvisionedIops is within what the size allows",      |f| f.iops_fit(), &IOPS_EXCEEDED),
        must("BurstingEnabled is for cloud_auto",                   |f| !f.bursts() || f.category == Category::CloudAuto, &BURSTING_CATEGORY),
        must("a multi-attach disk does not burst",                  |f| !f.bursts() || !f.is_multi_attach(), &BURSTING_MULTI_ATTACH),
        must("a bursting disk is larger than 3 GiB",                |f| !f.bursts() || f.size_gib.is_none_or(|size| size > 3), &BURSTING_SIZE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let category = params.disk_category.map_or(Category::Cloud, |category| category.0);
        let instance = match &params.instance_id {
            Some(id) => Some(call.instance(tx, id)?.ok_or(&INSTANCE_NOT_FOUND)?),
            None => None,
        };
        let (attached, cloud_disks) = match &instance {
            Some(instance) => {
                let attached = tx.attached(&instance.id)?;
                let count = count_cloud_disks(tx, call, instance, &attached)?;
                (attached, count)
            }
            None => (Vec::new(), 0),
        };
        let regional = category == Category::CloudRegionalDiskAuto;
        let sold_in = region.zones.iter().find(|zone| zone.sells_category(category.as_str()));
        let by_default = sold_in.filter(|_| regional).map(|zone| zone.id.as_str());
        let of_instance = instance.as_ref().map(|instance| instance.zone.as_str());
        let asked = params.zone_id.as_ref().map(|zone| zone.0.as_str());
        let zone = asked.or(of_instance).or(by_default);
        if let Some(zone) = zone {
            let found = inventory.zone(zone).filter(|found| found.region_id == region.id);
            found.ok_or(&ZONE_NOT_FOUND)?;
        }
        let sells = |zone: &str| {
            inventory.zone(zone).is_some_and(|zone| zone.sells_category(category.as_str()))
        };
        let snapshot: Option<DiskSnapshot> = match &params.snapshot_id {
            Some(id) => call.find(tx, id)?.filter(|found| found.region == region.id),
            None => None,
        };
        let named = params.kms_key_id.as_ref().map_or("", |key| key.0.as_str());
        let mut keys = key_use(tx, &call.caller.account, &region.id, named, call.now)?;
        if let Some(snapshot) = &snapshot {
            keys = keys.max(use_of_snapshot(tx, snapshot, call.now)?);
        }
        let asked_gib = params.size.and_then(|size| u32::try_from(size.0).ok());
        let its_type = instance.as_ref().and_then(|i| inventory.instance_type(&i.instance_type));
        Ok(Facts {
            disk_quantity: its_type.map_or(DEVICE_NAMES, |found| found.disk_quantity as usize),
            category,
            keys,
            may_share_encrypted: call.environment.is_simulated,
            storage: call.environment.storage,
            level: category.level(params.performance_level),
            size_gib: asked_gib.or(snapshot.as_ref().map(|snapshot| snapshot.size_gib)),
            snapshot,
            tags: new_tags(&params.tag.0)?,
            zone_sells: zone.is_none_or(sells),
            zone: zone.map(str::to_owned),
            params: params.clone(),
            instance,
            attached,
            cloud_disks,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let mut disk = new_disk(call, params, &facts);
        let disk_id = disk.id.to_string();
        let mut effect = Effect::reply(Reply { disk_id, order_id: String::new() });
        if let Some(instance) = &facts.instance {
            disk.charge_type = ChargeType::PrePaid;
            effect.reply.order_id = order::number(call);
            disk.portable = false;
            disk.delete_with_instance = true;
            disk.expires_at = instance.expires_at;
            let activity = disk.activity.take();
            let device = first_free_device(&facts.attached);
            let generation = disk
                .begin_attach(instance.id.clone(), device, call.now)
                .expect("a new disk can be attached");
            let attachment =
                AttachmentId { instance: instance.id.clone(), disk: disk.id.clone(), generation };
            disk.activity = activity;
            effect = effect.start(Plugging::of_new(attachment, &disk));
        } else if !disk.is_created() {
            effect = effect.start(CreatingDisk::of(&disk));
        }
        effect.save(disk)
    }
}

fn new_disk(call: &Call<'_>, params: &Params, facts: &Facts) -> Disk {
    let text = |given: &Option<Text<1, 64>>| given.as_ref().map(|t| t.0.clone());
    let mut disk = Disk::new(
        call.new_id(&params.region_id.0),
        call.caller.account.clone(),
        facts.category,
        facts.size_gib.expect("the preconditions want a size"),
        call.now,
    );
    disk.region.clone_from(&params.region_id.0);
    disk.zone = facts.zone.clone().expect("the preconditions want a zone");
    disk.performance_level = facts.level;
    disk.name = params.disk_name.as_ref().map(|name| name.0.clone()).unwrap_or_default();
    disk.description = params.description.as_ref().map(|d| d.0.clone()).unwrap_or_default();
    disk.tags.clone_from(&facts.tags);
    disk.encrypted = facts.is_encrypted();
    let key_of_snapshot = facts.snapshot.as_ref().map(|snapshot| &snapshot.kms_key_id);
    disk.kms_key_id = match (&params.kms_key_id, key_of_snapshot) {
        (Some(Text(key)), _) => key.clone(),
        (None, Some(key)) if disk.encrypted && !key.is_empty() => key.clone(),
        (None, _) if disk.encrypted => derived::service_key(disk.account.as_str(), &disk.region),
        (None, _) => String::new(),
    };
    if let Some(snapshot) = &facts.snapshot {
        snapshot.id.as_str().clone_into(&mut disk.source_snapshot);
    }
    disk.bursting_enabled = facts.bursts();
    disk.provisioned_iops = params.provisioned_iops.and_then(|iops| u32::try_from(iops.0).ok());
    disk.multi_attach = facts.is_multi_attach();
    disk.resource_group = text(&params.resource_group_id).unwrap_or_default();
    disk.storage_set = text(&params.storage_set_id).map(|id| {
        let partition = params.storage_set_partition_number.map_or(2, |number| number.0);
        StorageSet { id, partition: u32::try_from(partition).unwrap_or(2) }
    });
    disk.activity = call.environment.activity_of_new_disk();
    if call.environment.on_hosts {
        place_bytes(&mut disk, facts.snapshot.as_ref(), facts.instance.is_some());
    }
    disk
}
