//! `ReplaceSystemDisk`: give a Stopped instance a new system disk, made from an image.

use domain::SnapshotId;
use domain::disk::SYSTEM_DEVICE;
use domain::inventory::{Image, OsType};
use domain::kms::KeyUse;

use super::create_disk::Arn;
use super::reinit_disk::SecurityStrategy;
use super::resource::DISK;
use super::set_back;
use crate::actions::image_lookups::FoundImage;
use crate::actions::kms_keys::{key_use, use_of_snapshot};
use crate::actions::login::{NewLogin, Password};
use crate::actions::prelude::*;
use crate::actions::{derived, image_lookups, snapshot_lookups};
use crate::catalog::Needs;
use crate::hypervisor::DiskSpec;

/// GiB of a new system disk if nothing else says so (documentation of ReplaceSystemDisk).
const DEFAULT_GIB: u32 = 40;

/// Replaces the system disk of an instance.
pub(crate) struct ReplaceSystemDisk;

params!(
    /// Parameters of ReplaceSystemDisk.
    pub(crate) struct Params {
        /// The instance. It must be Stopped.
        #[fits = ["Stopped"]]
        instance_id: InstanceId,
        /// The image of the new disk.
        #[names = "image"]
        image_id: Option<Text<1, 128>>,
        /// A data disk to become the system disk. There is no such thing here, so it is refused.
        disk_id: Option<Text<1, 64>>,
        /// The new disk.
        system_disk: Group<NewSystemDisk>,
        /// Encrypt the new disk, as CreateDisk does.
        encrypted: Option<bool>,
        /// The key of KMS, which has to be Enabled; needs `Encrypted`.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<1, 128>>,
        /// Not offered to the public.
        encrypt_algorithm: Ignored<Option<Text<0, 64>>>,
        /// The login password of the new system. Only its hash is kept, which makes it root's in
        /// the guest when that next starts. Left out, it is the one of the system before.
        #[malformed = PASSWORD_MALFORMED]
        password: Option<Password>,
        /// Whether the password of the image counts: then the guest is given none.
        password_inherit: Option<bool>,
        /// The key pair of the instance from now on.
        #[offers = "key pair"]
        key_pair_name: Option<Text<1, 128>>,
        /// Whether the guest gets the vendor's agent. There is none here.
        security_enhancement_strategy: Ignored<Option<SecurityStrategy>>,
        /// Whether the vendor configures the guest.
        use_additional_service: Ignored<Option<bool>>,
        /// The image tells it.
        architecture: Ignored<Option<Text<0, 64>>>,
        /// The image tells it.
        platform: Ignored<Option<Text<0, 64>>>,
        /// Not offered to the public.
        arn: Ignored<Groups<Arn>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

params!(
    /// The new system disk.
    pub(crate) struct NewSystemDisk {
        /// GiB, not less than the old disk or the image has. Left out, it is the largest of these
        /// and 40.
        #[malformed = REPLACEMENT_SIZE_NOT_VALID]
        #[example = "40"]
        size: Option<Integer<1, 65536>>,
    }
);

reply!(
    /// Reply of ReplaceSystemDisk.
    pub(crate) struct Reply {
        /// The new system disk.
        disk_id: String,
    }
);

/// The further facts of a custom image; of any other, those that are not in the way.
struct CustomImageFacts {
    is_available: bool,
    has_data_disks: bool,
    /// The snapshot that the new disk begins with, instead of the image.
    snapshot: Option<SnapshotId>,
    is_encrypted: bool,
    base: String,
}

/// The instance that the request names, its system disk, and the image.
pub(crate) struct Facts {
    params: Params,
    instance: Instance,
    old: Option<Disk>,
    image: Option<Image>,
    custom: CustomImageFacts,
    /// Whether the image is of the architecture of the instance's type.
    architecture_fits: bool,
    /// Whether a snapshot of the old disk is being made.
    has_snapshot_in_progress: bool,
    /// The login of the new system, as far as it is another.
    login: NewLogin,
    /// The key that the new disk names or that of its image's snapshot: the one of less use.
    keys: KeyUse,
    now: Moment,
}

impl Facts {
    fn image_gib(&self) -> u32 {
        self.image.as_ref().map_or(0, |image| image.size_gib)
    }

    fn old_gib(&self) -> u32 {
        self.old.as_ref().map_or(0, |disk| disk.size_gib)
    }

    /// GiB of the new disk.
    fn size(&self) -> u32 {
        let asked = self.params.system_disk.0.size.and_then(|size| u32::try_from(size.0).ok());
        asked.unwrap_or_else(|| DEFAULT_GIB.max(self.image_gib()).max(self.old_gib()))
    }

    /// GiB that the category allows, smallest and largest.
    fn range(&self) -> (u32, u32) {
        let of = |disk: &Disk| disk.category.system_sizes(disk.performance_level);
        self.old.as_ref().and_then(of).unwrap_or((0, u32::MAX))
    }

    fn has_stable_status(&self) -> bool {
        self.old
            .as_ref()
            .is_some_and(|disk| disk.status() == DiskStatus::InUse && disk.activity.is_none())
    }

    fn is_windows(&self) -> bool {
        self.image.as_ref().is_some_and(|image| image.os_type == OsType::Windows)
    }

    fn stays_plain(&self) -> bool {
        self.params.encrypted != Some(true)
    }
}

/// The new disk is Creating, then In_use; the old one is Detaching, then gone.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[Edge::into("Creating", "ReplaceSystemDisk")],
    ends: &[Edge::between("Creating", "In_use", "replaced")],
    settles: Some(Settling::new(Ids::Replied("DiskId"), Goal::Status("In_use"))),
};

impl Action for ReplaceSystemDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "ReplaceSystemDisk";
    const SUMMARY: &'static str = "Gives an instance a new system disk, made from an image.";
    const DETAILS: &'static str = "\
The new disk has an id of its own, and category and charge type of the old one, which is Detaching \
until the new one is In_use, and then gone with all that was on it; its snapshots stay. If the new \
disk cannot be made, the old one is In_use again. The instance is not started meanwhile.";
    const CAUTION: &'static str = "The present system disk is deleted, with all that is on it.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const NEEDS: Needs = Needs::Snapshots;
    const SDK: &'static [SdkParam] = &[SdkParam::long("Arn.AssumeRoleFor")];
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&INSTANCE_NOT_FOUND, &IMAGE_NOT_FOUND, &KEY_PAIR_UNKNOWN];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("DiskId is left out",                                  |f| f.params.disk_id.is_none(), &DISK_FOR_SYSTEM_DISK),
        must("ImageId is given",                                    |f| f.image.is_some(), &MISSING_IMAGE_FOR_DISK),
        must("the image is Available",                              |f| f.custom.is_available, &IMAGE_NOT_AVAILABLE),
        must("the image is one of a system disk alone",             |f| !f.custom.has_data_disks, &IMAGE_WITH_DATA_DISKS),
        must("Password is left out with PasswordInherit=true",      |f| f.params.password.is_none() || f.params.password_inherit != Some(true), &PASSWORD_AND_INHERIT),
        must("the instance is not locked for security",             |f| !f.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_SECURITY),
        must("the instance is neither expired nor in arrears",      |f| set_back::is_in_good_standing(&f.instance, f.now), &INSTANCE_IN_ARREARS),
        must("the instance is not being created",                   |f| f.instance.status != InstanceStatus::Pending, &INSTANCE_CREATING),
        must("the instance is Stopped",                             |f| f.instance.status == InstanceStatus::Stopped, &INSTANCE_STATUS),
        must("the instance has a system disk",                      |f| f.old.is_some(), &NO_SYSTEM_DISK),
        must("no snapshot of the system disk is being made",        |f| !f.has_snapshot_in_progress, &DISK_CREATING_SNAPSHOT),
        must("the system disk is In_use, and nothing else is being done to it", |f| f.has_stable_status(), &DISK_STATUS),
        must("the image is of the architecture of the type",        |f| f.architecture_fits, &INSTANCE_TYPE_ARCHITECTURE),
        must("a key pair is not for Windows",                       |f| f.params.key_pair_name.is_none() || !f.is_windows(), &KEY_PAIR_WINDOWS_DISK),
        must("KMSKeyId comes with Encrypted=true",                  |f| f.params.kms_key_id.is_none() || !f.stays_plain(), &KMS_WITHOUT_ENCRYPTION),
        must("the keys of disk and image are not deleted",          |f| f.keys.is_there(), &INSTANCE_KEY_NOT_FOUND),
        must("the keys of disk and image are Enabled",              |f| f.keys.is_enabled(), &KEY_DISABLED),
        must("the new disk is not smaller than the image",          |f| f.size() >= f.image_gib(), &SYSTEM_SIZE_BELOW_IMAGE),
        must("the new disk is smaller neither than the old one nor than the category allows", |f| f.size() >= f.old_gib().max(f.range().0), &SYSTEM_SIZE_BELOW_MIN),
        must("the new disk is not larger than the category allows", |f| f.size() <= f.range().1, &NEW_SYSTEM_SIZE_ABOVE_MAX),
    ];

    const COMPUTES: fn(&Params) -> Option<&dyn Computes> =
        |params| Password::computes(params.password.as_ref());

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let instance = call.instance(tx, &params.instance_id)?.ok_or(&INSTANCE_NOT_FOUND)?;
        let inventory = &call.environment.inventory;
        let found = match &params.image_id {
            Some(Text(id)) => {
                let found = image_lookups::find_in(tx, call, &instance.region, id)?;
                Some(found.ok_or(&IMAGE_NOT_FOUND)?)
            }
            None => None,
        };
        let custom = custom_facts(found.as_ref());
        let image = found.map(|found| found.image.into_owned());
        let old = match &instance.system_disk {
            Some(id) => tx.disk(id)?,
            None => None,
        };
        let its_type = inventory.instance_type(&instance.instance_type);
        let architecture_fits = match (&image, its_type) {
            (Some(image), Some(its_type)) => image.architecture == its_type.architecture,
            (None, _) | (_, None) => true,
        };
        let has_snapshot_in_progress = match &old {
            Some(disk) => snapshot_lookups::has_snapshot_in_progress(tx, disk)?,
            None => false,
        };
        let (pair, password) = (params.key_pair_name.as_ref(), params.password.as_ref());
        let login = NewLogin::of(tx, call, &instance.region, pair, password)?;
        let named = params.kms_key_id.as_ref().map_or("", |key| key.0.as_str());
        let mut keys = key_use(tx, &instance.account, &instance.region, named, call.now)?;
        if let Some(id) = &custom.snapshot
            && let Some(snapshot) = call.find(tx, id)?
        {
            keys = keys.max(use_of_snapshot(tx, &snapshot, call.now)?);
        }
        let (params, now) = (params.clone(), call.now);
        Ok(Facts {
            login,
            keys,
            params,
            instance,
            old,
            image,
            custom,
            architecture_fits,
            has_snapshot_in_progress,
            now,
        })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<Reply> {
        let (new, generation) = new_disk(call, &facts);
        let Facts { instance, old, params, custom, login, .. } = facts;
        let mut old = old.expect("the rules want a system disk");
        let left = old.begin_detach(&instance.id, true).expect("a disk that is In_use can leave");
        let attachment = |disk: &Disk, generation: u64| AttachmentId {
            instance: instance.id.clone(),
            disk: disk.id.clone(),
            generation,
        };
        let replacing = Replacing {
            old: attachment(&old, left),
            new: attachment(&new, generation),
            spec: DiskSpec::of(&new),
            base_image: custom.base,
            login: match params.password_inherit {
                Some(true) => login.inheriting_password(),
                Some(false) | None => login,
            },
        };
        let effect = Effect::reply(Reply { disk_id: new.id.to_string() });
        effect.save(old).save(new).start(replacing)
    }
}

fn custom_facts(found: Option<&FoundImage<'_>>) -> CustomImageFacts {
    let custom = found.and_then(|found| found.custom.as_ref());
    CustomImageFacts {
        is_available: found.is_none_or(FoundImage::is_available),
        has_data_disks: custom.is_some_and(|custom| custom.data_disks().next().is_some()),
        snapshot: found.and_then(FoundImage::system_snapshot).cloned(),
        is_encrypted: found.is_some_and(FoundImage::is_encrypted),
        base: found.map(FoundImage::base).unwrap_or_default().to_owned(),
    }
}

/// The new disk, which is on its way to the instance, and the generation of its attachment.
fn new_disk(call: &Call<'_>, facts: &Facts) -> (Disk, u64) {
    let old = facts.old.as_ref().expect("the rules want a system disk");
    let image = facts.image.as_ref().expect("the rules want an image");
    let id = call.new_id::<DiskId>(&old.region);
    let mut disk = Disk::new(id, old.account.clone(), old.category, facts.size(), call.now);
    disk.kind = DiskKind::System;
    disk.region.clone_from(&old.region);
    disk.zone.clone_from(&old.zone);
    disk.performance_level = old.performance_level;
    disk.bursting_enabled = old.bursting_enabled;
    disk.provisioned_iops = old.provisioned_iops;
    disk.charge_type = old.charge_type;
    disk.expires_at = old.expires_at;
    disk.portable = old.portable;
    disk.delete_with_instance = old.delete_with_instance;
    disk.resource_group.clone_from(&old.resource_group);
    disk.image.clone_from(&image.id);
    if let Some(snapshot) = &facts.custom.snapshot {
        snapshot.as_str().clone_into(&mut disk.source_snapshot);
    }
    disk.encrypted = facts.params.encrypted == Some(true) || facts.custom.is_encrypted;
    if disk.encrypted {
        let key = facts.params.kms_key_id.as_ref().map(|key| key.0.clone());
        let service_key = || derived::service_key(disk.account.as_str(), &disk.region);
        disk.kms_key_id = key.unwrap_or_else(service_key);
    }
    let generation = disk
        .begin_attach(facts.instance.id.clone(), SYSTEM_DEVICE.to_owned(), call.now)
        .expect("a new disk can be attached");
    disk.activity = Some(domain::Activity::Creating);
    (disk, generation)
}

/// Gives the machine its new system disk; then the old one is gone.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Replacing {
    old: AttachmentId,
    new: AttachmentId,
    spec: DiskSpec,
    /// The image that a custom one comes from, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    base_image: String,
    /// The login that comes with the new disk.
    #[serde(default, skip_serializing_if = "NewLogin::is_none")]
    login: NewLogin,
}

impl Replacing {
    /// The machine has the new disk. Where the instance is gone meanwhile, so are its disks.
    fn replaced(&self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        if let Some(mut disk) = tx.disk(&self.new.disk)?
            && disk.created().is_ok()
            && disk.finish_attach(&self.new.instance, self.new.generation).is_ok()
        {
            tx.save_disk(&disk)?;
            if let Some(mut instance) = tx.instance(&self.new.instance)? {
                instance.system_disk = Some(disk.id.clone());
                instance.image.clone_from(&disk.image);
                instance.base_image.clone_from(&self.base_image);
                self.login.give(&mut instance);
                tx.save_instance(&instance)?;
            }
            tx.remove_disk(&self.old.disk)?;
        }
        Ok(())
    }

    /// The machine has the old disk as before.
    fn stays(&self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        if let Some(disk) = tx.disk(&self.new.disk)?
            && !disk.is_created()
        {
            tx.remove_disk(&disk.id)?;
        }
        let Some(mut old) = tx.disk(&self.old.disk)? else { return Ok(()) };
        let stays = old.fail_detach(&self.old.instance, self.old.generation);
        if stays.is_ok() { tx.save_disk(&old) } else { Ok(()) }
    }
}

impl Operation for Replacing {
    const KIND: &'static str = "disk.replace";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    /// No instance: what is cancelled at the end is the new disk, and nothing else on one.
    fn subject(&self) -> Subject {
        Subject::of_disk(&self.new.disk)
    }

    fn phase(&self) -> &'static str {
        "replace"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let Replacing { old, new, spec, .. } = self;
        context.hypervisor.replace_system_disk(old, new, spec, context.now).await
    }

    fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx, _: Moment) -> Result<(), StoreError> {
        match outcome {
            Outcome::Done => self.replaced(tx),
            Outcome::Failed(_) => self.stays(tx),
        }
    }
}
