//! `CreateImage`: make a custom image of an instance, or of snapshots.

use domain::custom_image::{GuestSystem, name_devices};
use domain::inventory::{Architecture, BootMode};
use domain::kms::KeyUse;
use domain::limits::IMAGES_PER_REGION;
use domain::{CustomImage, DiskSnapshot, ImageId, ImageStatus, SnapshotId};

use super::image_source::{DiskOfImage, ImageSource, MappedDisk};
use super::resource::IMAGE;
use crate::actions::paging::new_tags;
use crate::actions::prelude::*;
use crate::actions::snapshot_batch::SnapshotBatch;
use crate::catalog::{ImageName, Needs};
use crate::store::{EntityReads, EntityWrites, Filter};

/// Makes a custom image.
pub(crate) struct CreateImage;

params!(
    /// Parameters of CreateImage.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// The instance whose disks become the image. Stronger than DiskDeviceMapping and
        /// SnapshotId, which then do not count.
        #[fits = ["Running", "Stopped"]]
        instance_id: Option<InstanceId>,
        /// The disks of the image, one of them the system disk. Stronger than SnapshotId.
        disk_device_mapping: Groups<DiskMapping>,
        /// The snapshot of a system disk that becomes the image.
        #[fits = ["accomplished"]]
        snapshot_id: Option<SnapshotId>,
        /// Display name, unique among the custom images of the region; the id if left out.
        image_name: Option<ImageName>,
        /// The family of the image.
        #[malformed = IMAGE_FAMILY_MALFORMED]
        image_family: Option<ImageName>,
        /// The version of the image to show.
        #[malformed = IMAGE_VERSION_MALFORMED]
        image_version: Option<Text<0, 40>>,
        /// Free text.
        #[malformed = IMAGE_DESCRIPTION_MALFORMED]
        description: Option<Description>,
        /// The processors that the system is for; those of the image it comes from if left out.
        #[malformed = NEW_IMAGE_ARCHITECTURE_MALFORMED]
        architecture: Option<ArchitectureWord>,
        /// The distribution; that of the image it comes from if left out.
        #[malformed = IMAGE_PLATFORM_MALFORMED]
        #[example = "Debian"]
        platform: Option<Text<1, 64>>,
        /// How the system boots; as the image it comes from if left out.
        #[malformed = IMAGE_BOOT_MODE]
        boot_mode: Option<BootModeWord>,
        /// Whether the image is checked. There is no check here.
        detection_strategy: Ignored<Option<Text<0, 64>>>,
        /// Features of the system. The image keeps those of the one it comes from.
        features: Ignored<Group<NewFeatures>>,
        /// Secure boot. There is none here.
        secure_boot_options: Ignored<Group<NewSecureBoot>>,
        /// The resource group to show.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags, up to 20.
        tag: Groups<TagParam>,
        /// Only check the request.
        dry_run: Option<bool>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

params!(
    /// A disk of a new image.
    pub(crate) struct DiskMapping {
        /// The snapshot that it begins with; left out for an empty data disk.
        #[fits = ["accomplished"]]
        snapshot_id: Option<SnapshotId>,
        /// GiB, at least those of the snapshot, which it has if this is left out.
        #[malformed = IMAGE_SIZE_NOT_SUPPORTED]
        size: Option<Integer<5, 32768>>,
        /// The device name; the first free one if left out.
        #[malformed = IMAGE_DEVICE_MALFORMED]
        #[example = "/dev/xvdb"]
        device: Option<Text<1, 64>>,
        /// `system` or `data`; what the disk of the snapshot was if left out.
        disk_type: Option<DiskTypeWord>,
    }
);

params!(
    /// Features of the system of a new image.
    pub(crate) struct NewFeatures {
        /// `v1` or `v2` of the metadata service.
        imds_support: Option<Text<0, 16>>,
    }
);

params!(
    /// Secure boot of a new image.
    pub(crate) struct NewSecureBoot {
        /// `supported` or `unsupported`.
        secure_boot_support: Option<Text<0, 16>>,
    }
);

choice!(
    /// Processors that a system can be for.
    pub(crate) enum ArchitectureWord {
        X86 = "x86_64",
        Arm = "arm64",
    }
);

choice!(
    /// Ways to boot.
    pub(crate) enum BootModeWord {
        Bios = "BIOS",
        Uefi = "UEFI",
        UefiPreferred = "UEFI-Preferred",
    }
);

choice!(
    /// Roles of a disk in an image.
    pub(crate) enum DiskTypeWord {
        System = "system",
        Data = "data",
    }
);

reply!(
    /// Reply of CreateImage.
    pub(crate) struct Reply {
        /// The new image.
        image_id: String,
    }
);

/// The source of the image, and what is there already.
pub(crate) struct Facts {
    source: ImageSource,
    system: GuestSystem,
    /// The imported or public image that it comes from in the end, or empty.
    base: String,
    /// Whether machines can be started as that image says, or need no such thing.
    has_base: bool,
    is_name_taken: bool,
    /// How many custom images there are.
    images: u64,
    tags: Vec<Tag>,
    /// Whether Platform and Architecture are given.
    system_is_described: bool,
    /// Whether a disk can have a snapshot although several instances have it.
    may_be_shared: bool,
    /// The keys of disks or snapshots: the one that can be used least.
    keys: KeyUse,
}

/// Creating, Available; or CreateFailed.
static TRANSITION: Transition = Transition {
    resource: &IMAGE,
    begins: &[Edge::into("Creating", "CreateImage")],
    ends: &[
        Edge::between("Creating", "Available", "made"),
        Edge::between("Creating", "CreateFailed", "refused"),
    ],
    settles: None,
};

impl Action for CreateImage {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateImage";
    const SUMMARY: &'static str = "Makes a custom image of an instance, or of snapshots.";
    const DETAILS: &'static str = "\
The image is Creating, and Available when all its snapshots are there: those that are named, or those \
that are made of all cloud disks of the instance at one moment. DescribeImages shows it before that \
only if Status asks for Creating. Its snapshots stay while it exists.\n\n\
Instances made from it have a system disk with the content of its system snapshot, and a data disk for \
each further one. With real machines a system disk is a copy of the snapshot, and its machine starts \
as the imported image says that the system once came from.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const NEEDS: Needs = Needs::Snapshots;
    const TOKEN_MISMATCH: &'static ErrorCode = &IMAGE_TOKEN_MISMATCH;
    const SDK: &'static [SdkParam] = &[
        SdkParam::lacking("Features", TypedSdk::OLDEST),
        SdkParam::lacking("SecureBootOptions", TypedSdk::OLDER),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &INSTANCE_NOT_FOUND,
        &SNAPSHOT_NOT_FOUND,
        &TAG_COUNT,
        &TAG_MISMATCH,
        &TAG_DUPLICATE,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("InstanceId, DiskDeviceMapping or SnapshotId is given",   |f| !matches!(f.source, ImageSource::Nothing), &IMAGE_OF_NOTHING),
        must("no other custom image of the region has the name",       |f| !f.is_name_taken, &IMAGE_NAME_TAKEN),
        must("the instance is not locked for security",                |f| f.source.instance(|i| !i.is_locked_for(LockReason::Security)), &IMAGE_INSTANCE_LOCKED),
        must("the instance is Running or Stopped",                     |f| f.source.instance(Instance::has_stable_status), &IMAGE_INSTANCE_STATUS),
        must("the instance has a system disk",                         |f| f.source.instance(|i| i.system_disk.is_some()), &INSTANCE_WITHOUT_SYSTEM_DISK),
        must("no snapshot of its disks is being made",                 |f| f.source.all_attached(|one| !one.has_snapshot_in_progress), &SNAPSHOT_UNDER_WAY),
        must("its disks are In_use, and nothing else is being done to them", |f| f.source.all_attached(DiskOfImage::is_still), &DISK_STATUS),
        must("with real machines, no other instance has one of its disks", |f| f.may_be_shared || f.source.all_attached(|one| !one.disk.is_shared()), &IMAGE_SHARED_DISK),
        must("each of its disks has fewer than 256 snapshots",         |f| f.source.all_attached(DiskOfImage::has_room), &SNAPSHOT_QUOTA),
        must("SnapshotId is that of a system disk",                    |f| f.source.all_mapped(MappedDisk::is_what_was_meant), &IMAGE_SNAPSHOT_UNFIT),
        must("the snapshots are accomplished",                         |f| f.source.all_mapped(MappedDisk::is_ready), &IMAGE_SNAPSHOT_NOT_READY),
        must("there is a snapshot for the system disk",                |f| f.source.systems() > 0, &IMAGE_WITHOUT_SYSTEM_SNAPSHOT),
        must("there is one system disk only",                          |f| f.source.systems() < 2, &IMAGE_WITH_SEVERAL_SYSTEMS),
        must("the snapshot of a data disk becomes the system disk only with Platform and Architecture", |f| f.system_is_described || f.source.all_mapped(MappedDisk::keeps_its_kind), &IMAGE_SNAPSHOT_UNFIT),
        must("device names are /dev/xvda for the system disk and /dev/xvdb to /dev/xvdz for others", |f| f.source.all_mapped(MappedDisk::device_fits), &IMAGE_DEVICE_MALFORMED),
        must("no device name is given twice",                          |f| f.source.devices_differ(), &IMAGE_DEVICE_IN_USE),
        must("there are at most 16 data disks",                        |f| f.source.disks_fit(), &IMAGE_DEVICE_MALFORMED),
        must("sizes are not below those of the snapshots, and not beyond what disks can have", |f| f.source.all_mapped(MappedDisk::size_fits), &IMAGE_SIZE_NOT_SUPPORTED),
        must("the processors can boot as BootMode says",               |f| f.system.boots(), &IMAGE_BOOT_MODE),
        must("no key of its disks or snapshots is deleted",            |f| f.keys.is_there(), &KEY_NOT_FOUND),
        must("the keys of its disks or snapshots are Enabled",         |f| f.keys.is_enabled(), &KEY_DISABLED),
        must("with real machines, the imported image that the system came from is there", |f| f.has_base, &IMAGE_SNAPSHOT_UNFIT),
        must("there are fewer than 100 custom images in the region",   |f| f.images < IMAGES_PER_REGION, &IMAGE_QUOTA),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let source = ImageSource::of(tx, call, params)?;
        let (system, base) = source.system(tx, call, params)?;
        let is_name_taken = match &params.image_name {
            Some(ImageName(name)) => is_name_taken(tx, call, &region.id, name)?,
            None => false,
        };
        let account = call.caller.account.clone();
        Ok(Facts {
            has_base: call.environment.is_simulated || inventory.image(&base).is_some(),
            keys: source.keys(tx, call.now)?,
            source,
            system,
            base,
            is_name_taken,
            images: tx.count(&Filter::<CustomImage>::all(account, &region.id))?,
            tags: new_tags(&params.tag.0)?,
            system_is_described: params.platform.is_some() && params.architecture.is_some(),
            may_be_shared: call.environment.can_snapshot_shared_disks,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, mut facts: Facts) -> Effect<Reply> {
        let id: ImageId = call.new_id(&params.region_id.0);
        let name = params.image_name.as_ref().map_or_else(|| id.to_string(), |name| name.0.clone());
        let snapshots = facts.source.add_snapshots(call, &name);
        let image = new_image(call, params, &facts, id, name);
        let batch = SnapshotBatch::new(&snapshots);
        let making = MakingImage { image: image.id.clone(), batch };
        let effect = Effect::reply(Reply { image_id: image.id.to_string() });
        let save = |effect: Effect<Reply>, snapshot: DiskSnapshot| effect.save(snapshot);
        snapshots.into_iter().fold(effect.save(image), save).start(making)
    }
}

fn is_name_taken(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    name: &str,
) -> Result<bool, StoreError> {
    let account = call.caller.account.clone();
    let named = Filter::<CustomImage>::with_term(account, region, ("name", name));
    Ok(tx.newest(&named)?.is_some())
}

fn new_image(
    call: &Call<'_>,
    params: &Params,
    facts: &Facts,
    id: ImageId,
    name: String,
) -> CustomImage {
    let mut disks = facts.source.disks();
    name_devices(&mut disks);
    disks.sort_by(|a, b| a.device.cmp(&b.device));
    let text = |given: Option<&String>| given.cloned().unwrap_or_default();
    CustomImage {
        id,
        account: call.caller.account.clone(),
        region: params.region_id.0.clone(),
        name,
        family: text(params.image_family.as_ref().map(|family| &family.0)),
        version: text(params.image_version.as_ref().map(|version| &version.0)),
        description: text(params.description.as_ref().map(|text| &text.0)),
        status: ImageStatus::Creating,
        deprecated: false,
        system: facts.system.clone(),
        disks,
        base: facts.base.clone(),
        tags: facts.tags.clone(),
        resource_group: text(params.resource_group_id.as_ref().map(|group| &group.0)),
        created_at: call.now,
        unknown: domain::UnknownFields::default(),
    }
}

impl From<ArchitectureWord> for Architecture {
    fn from(word: ArchitectureWord) -> Architecture {
        match word {
            ArchitectureWord::X86 => Architecture::X86,
            ArchitectureWord::Arm => Architecture::Arm,
        }
    }
}

impl From<BootModeWord> for BootMode {
    fn from(word: BootModeWord) -> BootMode {
        match word {
            BootModeWord::Bios => BootMode::Bios,
            BootModeWord::Uefi => BootMode::Uefi,
            BootModeWord::UefiPreferred => BootMode::UefiPreferred,
        }
    }
}

/// Makes the snapshots of an image that are not there yet; then it is Available.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MakingImage {
    image: ImageId,
    #[serde(flatten)]
    batch: SnapshotBatch,
}

impl Operation for MakingImage {
    const KIND: &'static str = "image.create";
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

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        self.batch.finish(outcome, tx, now)?;
        let Some(mut image) = tx.get(&self.image)? else { return Ok(()) };
        let ended = match outcome {
            Outcome::Done => image.available(),
            Outcome::Failed(_) => image.failed(),
        };
        if ended.is_ok() { tx.save(&image) } else { Ok(()) }
    }
}
