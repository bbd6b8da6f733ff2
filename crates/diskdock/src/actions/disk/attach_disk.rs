//! `AttachDisk`: give a disk to an instance.

use std::sync::Arc;

use domain::disk::{self, SYSTEM_DEVICE};
use domain::kms::KeyUse;
use domain::limits::{ATTACHING_PER_INSTANCE, ATTACHMENTS_PER_DISK, DEVICE_NAMES};

use super::plugging::Plugging;
use super::resource::DISK;
use crate::actions::kms_keys::use_of_disk;
use crate::actions::login::{NewLogin, Password};
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::catalog::{Shape, Value};
use crate::store::{AttachedDisk, AttachedDisks, EntityReads};

/// Attaches a disk to an instance.
pub(crate) struct AttachDisk;

params!(
    /// Parameters of AttachDisk.
    pub(crate) struct Params {
        /// The instance that gets the disk. It must be in the zone of the disk.
        #[fits = ["Running", "Stopped"]]
        instance_id: InstanceId,
        /// The disk to attach. It must be Available.
        disk_id: DiskId,
        /// The device name to show, `/dev/xvdb` to `/dev/xvdz`. Left out, the first free one is
        /// taken. `/dev/xvda` is the system disk's.
        device: Option<AnyDevice>,
        /// Whether the disk is released together with the instance. Must be true for an elastic
        /// ephemeral disk, and must not be for a multi-attach disk.
        delete_with_instance: Option<bool>,
        /// Attach it as the system disk, as `Device=/dev/xvda` with a password or key pair does.
        /// Only a disk that was the system disk of this very instance can be, while the instance
        /// is Stopped and has none.
        bootable: Option<bool>,
        /// The login password that goes with a system disk. Only its hash is kept, which makes it
        /// root's in the guest when that next starts.
        password: Option<Password>,
        /// The key pair that goes with a system disk.
        #[offers = "key pair"]
        key_pair_name: Option<Text<1, 128>>,
        /// Take a regional disk away from an instance of another zone that is lost. It has to be
        /// Stopped, as it is after `diskdock admin instances fence`: a disk that a guest may still
        /// write to is never taken away from it here.
        force: Option<bool>,
    }
);

/// The device name of a data disk: `/dev/xvdb` to `/dev/xvdz`, or `/dev/xvdaa` to `/dev/xvdzz`.
#[derive(Clone, Debug)]
pub(crate) struct Device(pub String);

impl Value for Device {
    const SHAPE: Shape = Shape::Text { min: 9, max: 10, rule: "/dev/xvdb to /dev/xvdzz" };
    const EXAMPLE: &'static str = "/dev/xvdb";
    const MALFORMED: &'static ErrorCode = &DEVICE_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let letters = text.strip_prefix("/dev/xvd")?;
        let letters_only = letters.bytes().all(|byte| byte.is_ascii_lowercase());
        let fits = letters_only && (letters.len() == 2 || (letters.len() == 1 && letters != "a"));
        fits.then(|| Device(text.to_owned()))
    }
}

/// The device name of a data disk, or that of a system disk.
#[derive(Clone, Debug)]
pub(crate) struct AnyDevice(pub String);

impl Value for AnyDevice {
    const SHAPE: Shape = Shape::Text { min: 9, max: 10, rule: "/dev/xvda to /dev/xvdzz" };
    const EXAMPLE: &'static str = Device::EXAMPLE;
    const MALFORMED: &'static ErrorCode = Device::MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let fits = text == SYSTEM_DEVICE || <Device as Value>::parse(text).is_some();
        fits.then(|| AnyDevice(text.to_owned()))
    }
}

/// The disk and the instance that the request names. Both exist.
pub(crate) struct Facts {
    params: Params,
    disk: Arc<Disk>,
    instance: Arc<Instance>,
    /// With Force, the instance that has the disk now.
    holder: Option<Arc<Instance>>,
    /// Disks that are attached to the instance, attaching or detaching.
    attached: AttachedDisks,
    /// How many of these are not local.
    cloud_disks: usize,
    /// Abilities of the instance's type.
    abilities: Abilities,
    /// Whether a snapshot is being made that wants the disk to stay with the instance that has it.
    has_snapshot_in_progress_elsewhere: bool,
    /// Whether another host has a snapshot of the free disk to make, which would hold what the
    /// guest has written by then.
    has_snapshot_on_another_host: bool,
    /// The login that comes with a system disk.
    login: NewLogin,
    /// The key of the disk.
    key: KeyUse,
}

struct Abilities {
    hot_attach: bool,
    takes_category: bool,
    multi_attach: bool,
    disk_quantity: usize,
}

impl Facts {
    fn is_forced(&self) -> bool {
        self.params.force == Some(true)
    }

    /// Whether the disk is taken away from an instance that cannot write to it any more.
    fn takes_over(&self) -> bool {
        self.holder.is_some() && self.holder_is_off() && self.disk.held_once().is_some()
    }

    fn holder_is_off(&self) -> bool {
        self.holder.as_ref().is_none_or(|holder| holder.status == InstanceStatus::Stopped)
    }

    fn is_free(&self) -> bool {
        match self.disk.status() {
            DiskStatus::Available => true,
            DiskStatus::InUse | DiskStatus::Detaching if self.takes_over() => true,
            DiskStatus::InUse | DiskStatus::Attaching => {
                self.disk.multi_attach && self.disk.on(&self.instance.id).is_none()
            }
            DiskStatus::Creating | DiskStatus::Detaching | DiskStatus::ReIniting => false,
        }
    }

    /// Whether the disk is to be the system disk.
    fn is_bootable(&self) -> bool {
        self.params.bootable == Some(true) || (self.wants_system_device() && self.has_login())
    }

    fn wants_system_device(&self) -> bool {
        self.params.device.as_ref().is_some_and(|device| device.0 == SYSTEM_DEVICE)
    }

    fn is_stopped(&self) -> bool {
        self.instance.status == InstanceStatus::Stopped
    }

    fn same_place(&self) -> bool {
        let regional = self.disk.category == Category::CloudRegionalDiskAuto;
        self.disk.zone == self.instance.zone
            || (regional && self.disk.region == self.instance.region)
    }

    fn device_is_free(&self) -> bool {
        let wanted = self.params.device.as_ref().map(|device| &device.0);
        wanted.is_none_or(|wanted| self.attached.iter().all(|at| at.device != *wanted))
    }

    fn attaching(&self) -> usize {
        self.attached.iter().filter(|at| at.phase == Phase::Attaching).count()
    }

    /// A disk that was this instance's system disk, and an instance that has none now.
    fn returns_to_former_instance(&self) -> bool {
        self.disk.origin.as_ref() == Some(&self.instance.id) && self.instance.system_disk.is_none()
    }

    fn has_login(&self) -> bool {
        self.params.password.is_some() || self.params.key_pair_name.is_some()
    }

    fn is_ephemeral(&self) -> bool {
        self.disk.category.is_elastic_ephemeral()
    }

    fn is_regional(&self) -> bool {
        self.disk.category == Category::CloudRegionalDiskAuto
    }
}

/// Available, Attaching, In_use; or Available again.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[Edge::between("Available", "Attaching", "AttachDisk")],
    ends: &[
        Edge::between("Attaching", "Available", "refused"),
        Edge::between("Attaching", "In_use", "attached"),
    ],
    settles: Some(Settling::new(Ids::Requested("DiskId"), Goal::Status("In_use"))),
};

impl Action for AttachDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "AttachDisk";
    const SUMMARY: &'static str = "Attaches a disk to an instance.";
    const DETAILS: &'static str = "\
The answer says only that the attach was accepted: the disk becomes Attaching, and In_use when the \
guest has it.\n\n\
With real machines a multi-attach disk really is on all its instances: each of them sees at once \
what the others write. A file system that only one machine may mount is damaged by a second one \
that mounts it too, here as on the cloud.\n\n\
With Force, a regional disk is taken over from an instance of another zone that cannot write to it any \
more: one that is Stopped, as a lost one is after `diskdock admin instances fence`.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const VERBS: &'static [Verb] = &[Verb {
        place: Place::Enters,
        ..Verb::new("Attach", "disk", &[("DiskId", Given::Id), ("InstanceId", Given::Holder)])
    }];
    const CALLS_A_MINUTE: Option<u32> = Some(500);
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&INSTANCE_NOT_FOUND, &DISK_NOT_FOUND, &KEY_PAIR_UNKNOWN];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("Force is used for regional disks only",                   |f| !f.is_forced() || f.is_regional(), &FORCE_CATEGORY),
        must("Force is used for pay-as-you-go disks only",              |f| !f.is_forced() || f.disk.charge_type == ChargeType::PostPaid, &FORCE_PREPAID),
        must("Force is not used for multi-attach disks",                |f| !f.is_forced() || !f.disk.multi_attach, &FORCE_MULTI_ATTACH),
        must("with Force, the instance that has the disk is in another zone", |f| f.holder.as_ref().is_none_or(|holder| holder.zone != f.instance.zone), &FORCE_SAME_ZONE),
        must("with Force, the instance that has the disk is Stopped",   |f| f.holder_is_off(), &DISK_STATUS_UNSUPPORTED),
        must("the disk is Available, or a multi-attach disk that the instance does not have", |f| f.is_free(), &DISK_MUST_BE_AVAILABLE),
        must("no resize of the disk is under way",                      |f| !f.disk.is_resizing(), &DISK_GROWING),
        must("with real machines, no snapshot of a disk that another instance has is being made", |f| !f.has_snapshot_in_progress_elsewhere, &DISK_GROWING),
        must("no snapshot of the disk is being made by another host than that of the instance", |f| !f.has_snapshot_on_another_host, &DISK_GROWING),
        must("the disk is on fewer than 16 instances",                  |f| f.disk.attachments.len() < ATTACHMENTS_PER_DISK, &ATTACHMENTS_EXCEEDED),
        must("the disk is portable",                                    |f| f.disk.portable, &DISK_NOT_PORTABLE),
        must("the disk has no overdue payment",                         |f| !f.disk.locks.contains(&LockReason::Financial), &DISK_IN_ARREARS),
        must("the key of the disk is not deleted",                      |f| f.key.is_there(), &DISK_KEY_NOT_FOUND),
        must("the key of the disk is Enabled",                          |f| f.key.is_enabled(), &KEY_DISABLED),
        must("the instance is not locked for security",                 |f| !f.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_SECURITY),
        must("the instance has no overdue payment",                     |f| !f.instance.is_locked_for(LockReason::Financial), &INSTANCE_IN_ARREARS),
        must("disk and instance are in the same zone",                  |f| f.same_place(), &NOT_IN_SAME_ZONE),
        must("the instance is Running or Stopped",                      |f| f.instance.has_stable_status(), &INSTANCE_STATUS_FOR_ATTACH),
        must("/dev/xvda is for a disk that is attached as system disk", |f| !f.wants_system_device() || f.is_bootable(), &DEVICE_MALFORMED),
        must("a multi-attach disk is not attached as system disk",      |f| !f.is_bootable() || !f.disk.multi_attach, &MULTI_ATTACH_AS_SYSTEM),
        must("a disk attached as system disk was one",                  |f| !f.is_bootable() || f.disk.delete_protected, &DISK_NOT_BOOTABLE),
        must("a system disk goes back to its own instance, which has none", |f| !f.is_bootable() || f.returns_to_former_instance(), &NOT_ORIGIN_INSTANCE),
        must("the instance is Stopped, for a system disk",              |f| !f.is_bootable() || f.is_stopped(), &INSTANCE_STATUS_FOR_ATTACH),
        must("a system disk comes with Password or KeyPairName",        |f| !f.is_bootable() || f.has_login(), &LOGIN_NEEDED),
        must("a Running instance is of a type that can hot-attach",     |f| f.is_stopped() || f.abilities.hot_attach, &HOT_ATTACH_UNSUPPORTED),
        must("the instance's type takes the disk's category",           |f| f.abilities.takes_category, &CATEGORY_UNSUPPORTED_BY_TYPE),
        must("the instance's type takes multi-attach disks, for one",   |f| !f.disk.multi_attach || f.abilities.multi_attach, &MULTI_ATTACH_UNSUPPORTED_BY_TYPE),
        must("DeleteWithInstance is not true for a multi-attach disk",  |f| !f.disk.multi_attach || f.params.delete_with_instance != Some(true), &MULTI_ATTACH_DELETE_WITH_INSTANCE),
        must("DeleteWithInstance is true for an elastic ephemeral disk", |f| !f.is_ephemeral() || f.params.delete_with_instance == Some(true), &EPHEMERAL_DELETE_WITH_INSTANCE),
        must("an elastic ephemeral disk goes back to its own instance", |f| !f.is_ephemeral() || f.disk.origin.as_ref().is_none_or(|origin| *origin == f.instance.id), &EPHEMERAL_ELSEWHERE),
        must("the device name is free on the instance",                 |f| f.device_is_free(), &DEVICE_IN_USE),
        must("the instance holds fewer cloud disks than its type allows", |f| f.cloud_disks < f.abilities.disk_quantity, &DISKS_EXCEEDED),
        must("fewer than 32 disks are being attached to the instance",  |f| f.attaching() < ATTACHING_PER_INSTANCE, &DISKS_ATTACHING_EXCEEDED),
    ];

    const COMPUTES: fn(&Params) -> Option<&dyn Computes> =
        |params| Password::computes(params.password.as_ref());

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let instance = call.look_at(tx, &params.instance_id)?.ok_or(&INSTANCE_NOT_FOUND)?;
        let disk = call.look_at(tx, &params.disk_id)?.ok_or(&DISK_NOT_FOUND)?;
        let held = disk.held_once().filter(|_| params.force == Some(true));
        let holder = match held {
            Some(at) => call.look_at(tx, &at.instance)?,
            None => None,
        };
        let attached = tx.attached(&instance.id)?;
        let cloud_disks = count_cloud_disks(tx, call, &instance, &attached)?;
        let abilities = abilities(call, &instance, &disk);
        let has_snapshot_in_progress_elsewhere = !call.environment.can_snapshot_shared_disks
            && !disk.attachments.is_empty()
            && snapshot_lookups::has_snapshot_in_progress(tx, &disk)?;
        let is_of_another_host = disk.attachments.is_empty()
            && !disk.host.is_empty()
            && !instance.host.is_empty()
            && disk.host != instance.host;
        let has_snapshot_on_another_host =
            is_of_another_host && snapshot_lookups::has_snapshot_in_progress(tx, &disk)?;
        let (pair, password) = (params.key_pair_name.as_ref(), params.password.as_ref());
        let login = NewLogin::of(tx, call, &instance.region, pair, password)?;
        Ok(Facts {
            params: params.clone(),
            key: use_of_disk(tx, &disk, call.now)?,
            login,
            disk,
            instance,
            holder,
            attached,
            cloud_disks,
            abilities,
            has_snapshot_in_progress_elsewhere,
            has_snapshot_on_another_host,
        })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let bootable = facts.is_bootable();
        let device = match &facts.params.device {
            _ if bootable => SYSTEM_DEVICE.to_owned(),
            Some(AnyDevice(name)) => name.clone(),
            None => first_free_device(&facts.attached),
        };
        let takes_over = facts.takes_over();
        let Facts { disk, instance, params, login, .. } = facts;
        let mut disk = Arc::unwrap_or_clone(disk);
        let (taken, generation) = if takes_over {
            let taken = disk.take_over(instance.id.clone(), device, call.now);
            let (taken, generation) = taken.expect("a disk that is held once can be taken over");
            (Some(taken), generation)
        } else {
            let begun = disk.begin_attach(instance.id.clone(), device, call.now);
            (None, begun.expect("an Available disk can be attached"))
        };
        disk.delete_with_instance = params.delete_with_instance.unwrap_or(bootable);
        let (of, of_disk) = (instance.id.clone(), disk.id.clone());
        let attachment = AttachmentId { instance: of, disk: of_disk, generation };
        let login = if bootable { login } else { NewLogin::default() };
        let plugging = Plugging::new(attachment, &disk, bootable).making_bytes(&disk);
        let plugging = plugging.taking_over(taken);
        Effect::reply(()).save(disk).start(plugging.with_login(login))
    }
}

/// Abilities of the instance's type. A type that the inventory no longer has can do everything.
fn abilities(call: &Call<'_>, instance: &Instance, disk: &Disk) -> Abilities {
    let inventory = &call.environment.inventory;
    let Some(found) = inventory.instance_type(&instance.instance_type) else {
        return Abilities {
            hot_attach: true,
            takes_category: true,
            multi_attach: true,
            disk_quantity: DEVICE_NAMES,
        };
    };
    let family = inventory.family(&found.family);
    Abilities {
        hot_attach: found.hot_attach,
        takes_category: family.is_none_or(|f| f.takes_category(disk.category.as_str())),
        multi_attach: found.multi_attach,
        disk_quantity: found.disk_quantity as usize,
    }
}

/// How many of these disks of an instance are not local. Only the types that come with local disks
/// make it necessary to look at the disks.
pub(crate) fn count_cloud_disks(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    instance: &Instance,
    attached: &[Arc<AttachedDisk>],
) -> Result<usize, StoreError> {
    let found = call.environment.inventory.instance_type(&instance.instance_type);
    if found.is_some_and(|found| found.local_storage.is_none()) {
        return Ok(attached.len());
    }
    attached.iter().try_fold(0, |count, at| {
        let disk = tx.look_at(&at.disk)?;
        Ok(count + usize::from(disk.is_none_or(|disk| !disk.category.is_local())))
    })
}

/// The first device name that no disk of the instance has. An instance holds fewer disks than
/// there are names.
pub(crate) fn first_free_device(attached: &[Arc<AttachedDisk>]) -> String {
    let free = disk::first_free_device(|name| attached.iter().any(|at| at.device == name));
    free.expect("more names than disks on an instance")
}
