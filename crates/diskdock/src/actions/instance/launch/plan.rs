//! The plan of a launch: the request with its defaults, and its preconditions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::SnapshotPolicy;
use domain::inventory::{Image, InstanceType, OsType};
use domain::kms::KeyUse;
use domain::limits::DATA_DISKS_PER_REQUEST;

use super::disk_params::AskedDisks;
use super::disk_plan::DiskPlan;
use super::image;
use super::names::{Sequence, fits_windows};
use super::network::{self, NetworkPlan};
use super::params::{Launch, PeriodUnit};
use super::selection::ZoneSelection;
use crate::actions::image_lookups::FoundImage;
use crate::actions::instance::machine_spec::may_forward;
use crate::actions::key_pair::named as key_pair;
use crate::actions::kms_keys::{key_use, use_of_snapshot};
use crate::actions::login::Password;
use crate::actions::order;
use crate::actions::paging::new_tags;
use crate::actions::prelude::*;
use crate::actions::region::language::SpotStrategy;
use crate::catalog::joined;

/// Bytes of user data before encoding (documentation of RunInstances).
pub(crate) const USER_DATA_BYTES: usize = 32 * 1024;

/// The plan of a launch. Region, type and image exist.
pub(crate) struct LaunchPlan {
    /// The request.
    pub params: Launch,
    /// How many instances.
    pub amount: u32,
    /// Three characters that ids of the region begin with.
    pub hint: String,
    /// The zone; none if no zone of the region sells type and disks.
    pub zone: Option<String>,
    /// Whether that zone sells the type.
    pub zone_sells_type: bool,
    /// The type.
    pub instance_type: InstanceType,
    /// The image.
    pub image: Image,
    /// Whether disks can be made from it.
    pub image_is_available: bool,
    /// The image that a custom one comes from in the end, or empty.
    pub base_image: String,
    /// The system disk.
    pub system: DiskPlan,
    /// The data disks that are asked for.
    pub data: Vec<DiskPlan>,
    /// The local disks that come with the type.
    pub local: Vec<DiskPlan>,
    /// The keys that the disks name: the one that can be used least.
    pub keys: KeyUse,
    /// Whether the storage can encrypt disks.
    pub encrypts: bool,
    /// Tags of the instance.
    pub tags: Vec<Tag>,
    /// Whether the tags forward only ports that this server gives.
    pub may_forward: bool,
    /// Security groups as given, in whatever parameter.
    pub security_groups: Vec<String>,
    /// Where they lie in the network.
    pub network: NetworkPlan,
    /// The public key of its key pair; empty if it has none that is known here.
    pub public_key: String,
    /// The hash of its password; empty if it has none.
    pub password_hash: String,
    /// Whether a password, if there is one, reaches the guest.
    pub takes_password: bool,
    /// When it is to be released by itself.
    pub auto_release_at: Option<Moment>,
    /// Display names, or none for ids.
    pub names: Option<Sequence>,
    /// Whether names get a number of their own.
    pub unique_suffix: bool,
    /// One name inside the guest for each instance; empty for one that is derived.
    pub host_names: Vec<String>,
}

impl LaunchPlan {
    /// The plan for so many instances. Gives the error of whatever is named and not there.
    pub(crate) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Launch,
        disks: &AskedDisks<'_>,
        amount: u32,
    ) -> Result<LaunchPlan, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let asked_type = params.instance_type.as_ref().ok_or(&MISSING_INSTANCE_TYPE)?;
        let instance_type =
            inventory.instance_type(&asked_type.0).ok_or(&INSTANCE_TYPE_NOT_SUPPORTED)?;
        let image = image::named(tx, call, params)?;
        let selection = ZoneSelection {
            inventory,
            region,
            instance_type,
            family: inventory.family(&instance_type.family),
        };
        let vswitch = network::vswitch(tx, call, params)?;
        let of_vswitch = vswitch.as_ref().map(|vswitch| vswitch.zone.as_str());
        let zone = selection.zone(params, disks, of_vswitch)?;
        let system = selection.system_disk(zone, disks.system, &image.image);
        let system = image::system_disk(tx, call, system, &image)?;
        let data = image::data_disks(tx, call, &selection, zone, &disks.data, &image)?;
        let host_names = params
            .host_name
            .iter()
            .flat_map(|name| (0..amount).map(|index| name.0.name(index, amount, false)));
        let security_groups: Vec<_> =
            params.security_group_id.iter().map(|id| id.0.clone()).collect();
        let mut network = NetworkPlan::of(tx, call, params, vswitch, amount)?;
        network.find_groups(tx, call, &security_groups)?;
        let pair = match &params.key_pair_name {
            Some(Text(name)) => {
                key_pair(tx, call, &region.id, name)?.map(Some).ok_or(&LAUNCH_KEY_PAIR_NOT_FOUND)?
            }
            None => None,
        };
        check_policies(tx, call, &region.id, [&system].into_iter().chain(&data))?;
        let tags = new_tags(&params.tag.0)?;
        Ok(LaunchPlan {
            encrypts: call.environment.storage.encrypts,
            keys: keys_use(tx, call, &region.id, [&system].into_iter().chain(&data))?,
            public_key: pair.map(|pair| pair.public_key).unwrap_or_default(),
            password_hash: params.password.as_ref().map(|one| one.hash(call)).unwrap_or_default(),
            takes_password: takes_password(call, params, &image),
            network,
            amount,
            hint: region.id_hint.clone(),
            zone_sells_type: zone.is_some_and(|zone| inventory.sells(zone, instance_type)),
            zone: zone.map(|zone| zone.id.clone()),
            instance_type: instance_type.clone(),
            image_is_available: image.is_available(),
            base_image: image.base().to_owned(),
            image: image.image.into_owned(),
            system,
            data,
            local: selection.local_disks(),
            may_forward: may_forward(call.environment, &tags),
            tags,
            security_groups,
            auto_release_at: None,
            names: params.instance_name.as_ref().map(|name| name.0.clone()),
            unique_suffix: false,
            host_names: host_names.collect(),
            params: params.clone(),
        })
    }

    /// How it is paid for.
    pub(crate) fn charge_type(&self) -> ChargeType {
        self.params.instance_charge_type.unwrap_or(ChargeType::PostPaid)
    }

    /// Whether it is a subscription.
    pub(crate) fn is_prepaid(&self) -> bool {
        self.charge_type() == ChargeType::PrePaid
    }

    /// How it bids.
    pub(crate) fn spot_strategy(&self) -> SpotStrategy {
        self.params.spot_strategy.unwrap_or(SpotStrategy::NoSpot)
    }

    fn is_spot(&self) -> bool {
        self.spot_strategy() != SpotStrategy::NoSpot
    }

    fn is_windows(&self) -> bool {
        self.image.os_type == OsType::Windows
    }

    fn disks(&self) -> impl Iterator<Item = &DiskPlan> {
        std::iter::once(&self.system).chain(&self.data)
    }

    fn system_range(&self) -> (u32, u32) {
        let sizes = self.system.category.system_sizes(self.system.level);
        sizes.unwrap_or((0, u32::MAX))
    }

    fn system_size(&self) -> u32 {
        self.system.size_gib.unwrap_or(self.image.size_gib)
    }

    fn data_count_fits(&self) -> bool {
        let held = self.instance_type.disk_quantity as usize;
        self.data.len() <= DATA_DISKS_PER_REQUEST && self.data.len() < held
    }

    fn devices_differ(&self) -> bool {
        let named: Vec<&String> = self.data.iter().filter_map(|d| d.device.as_ref()).collect();
        named.iter().enumerate().all(|(at, name)| !named[..at].contains(name))
    }

    fn period_fits(&self) -> bool {
        let Some(Integer(period)) = self.params.period.filter(|_| self.is_prepaid()) else {
            return true;
        };
        match self.params.period_unit.unwrap_or(PeriodUnit::Month) {
            PeriodUnit::Week => (1..=4).contains(&period),
            PeriodUnit::Month => order::sells_months(period),
        }
    }

    fn user_data_bytes(&self) -> Option<Result<usize, base64::DecodeError>> {
        let text = self.params.user_data.as_ref()?;
        Some(STANDARD.decode(&text.0).map(|bytes| bytes.len()))
    }

    fn user_data_decodes(&self) -> bool {
        !matches!(self.user_data_bytes(), Some(Err(_)))
    }

    fn user_data_fits(&self) -> bool {
        !matches!(self.user_data_bytes(), Some(Ok(bytes)) if bytes > USER_DATA_BYTES)
    }

    fn hibernates(&self) -> bool {
        self.params.hibernation_options.0.configured == Some(true)
    }

    fn inherits_password(&self) -> bool {
        self.params.password_inherit == Some(true)
    }
}

/// Checked in this order by every launch, before any others; the first that does not hold is the
/// error.
#[rustfmt::skip]
pub(crate) const RULES: &[Precondition<LaunchPlan>] = &[
    must("a zone of the region sells the instance type",             |p| p.zone_sells_type, &INSTANCE_TYPE_NOT_IN_ZONE),
    must("the image is Available",                                   |p| p.image_is_available && p.system.snapshot_exists(), &IMAGE_NOT_AVAILABLE),
    must("the image is of the architecture of the type",             |p| p.image.architecture == p.instance_type.architecture, &INSTANCE_TYPE_ARCHITECTURE),
    must("the system disk is of a category that can be one",         |p| p.system.category.system_sizes(p.system.level).is_some(), &SYSTEM_CATEGORY_NOT_VALID),
    must("no data disk is of a local category",                      |p| p.data.iter().all(|d| !d.category.is_local()), &DATA_CATEGORY_NOT_VALID),
    must("the zone sells the categories of all disks",               |p| p.disks().all(|d| d.zone_sells), &CATEGORY_NOT_OFFERED),
    must("the type takes the category of the system disk",           |p| p.system.type_takes, &SYSTEM_CATEGORY_NOT_VALID),
    must("the type takes the categories of the data disks",          |p| p.data.iter().all(|d| d.type_takes), &DATA_CATEGORY_NOT_VALID),
    must("the system disk is not smaller than the image",            |p| p.system_size() >= p.image.size_gib, &SYSTEM_SIZE_BELOW_IMAGE),
    must("the system disk is not smaller than the category allows",  |p| p.system_size() >= p.system_range().0, &SYSTEM_SIZE_BELOW_MIN),
    must("the system disk is not larger than the category allows",   |p| p.system_size() <= p.system_range().1, &SYSTEM_SIZE_ABOVE_MAX),
    must("there are at most 16 data disks, and the type holds them", |p| p.data_count_fits(), &DATA_DISKS_EXCEEDED),
    must("the snapshots of data disks exist",                        |p| p.data.iter().all(DiskPlan::snapshot_exists), &DATA_SNAPSHOT_NOT_FOUND),
    must("the snapshots of data disks are accomplished",             |p| p.data.iter().all(DiskPlan::snapshot_is_ready), &SNAPSHOT_NOT_READY),
    must("a disk from an encrypted snapshot is not asked for in plain", |p| p.data.iter().all(DiskPlan::stays_encrypted), &SNAPSHOT_ENCRYPTED),
    must("data disks have a size that the category allows",          |p| p.data.iter().all(DiskPlan::data_size_fits_category), &DATA_SIZE_NOT_VALID),
    must("data disks have a size that the level allows",             |p| p.data.iter().all(DiskPlan::data_size_fits_level), &DATA_LEVEL_SIZE_MISMATCH),
    must("no two data disks are to have the same device name",       |p| p.devices_differ(), &DEVICE_IN_USE),
    must("KMSKeyId comes with Encrypted=true",                       |p| p.disks().all(|d| d.kms_key.is_empty() || d.encrypted), &KMS_WITHOUT_ENCRYPTED),
    must("no key that a disk names is deleted",                      |p| p.keys.is_there(), &KEY_NOT_FOUND),
    must("the keys that disks name are Enabled",                     |p| p.keys.is_enabled(), &KEY_DISABLED),
    must("the storage can encrypt disks, which Ceph RBD cannot yet", |p| p.encrypts || !p.disks().any(|d| d.encrypted), &ENCRYPTED_NOT_SUPPORTED),
    must("the vSwitch is Available",                                 |p| p.network.is_available(), &LAUNCH_VSWITCH_STATUS),
    must("the vSwitch is in the zone",                               |p| p.network.is_in_zone(p.zone.as_deref()), &LAUNCH_VSWITCH_ZONE),
    must("PrivateIpAddress is an address of the vSwitch",            |p| p.network.lies_inside(), &LAUNCH_ADDRESS_OUTSIDE),
    must("PrivateIpAddress is free, and those after it",             |p| p.params.private_ip_address.is_none() || p.network.has_addresses(p.amount), &LAUNCH_ADDRESS_TAKEN),
    must("the vSwitch has an address for every instance",            |p| p.network.has_addresses(p.amount), &LAUNCH_ADDRESSES_EXHAUSTED),
    must("the security groups are of the VPC of the vSwitch",        |p| p.network.groups_fit(), &LAUNCH_GROUP_ELSEWHERE),
    must("the tag diskdock:forward lists ports that this server gives, such as 2222:22", |p| p.may_forward, &TAG_VALUE_MALFORMED),
    must("Password is left out with PasswordInherit=true",           |p| p.params.password.is_none() || !p.inherits_password(), &PASSWORD_AND_INHERIT),
    must("the image has cloud-init, with a password for a virtual machine", |p| p.takes_password, &PASSWORD_NOT_SET),
    must("a key pair is not for Windows",                            |p| p.params.key_pair_name.is_none() || !p.is_windows(), &KEY_PAIR_WINDOWS),
    must("Windows takes the host name",                              |p| !p.is_windows() || p.host_names.iter().all(|n| fits_windows(n)), &HOST_NAME_MALFORMED),
    must("user data is Base64",                                      |p| p.user_data_decodes(), &USER_DATA_NOT_BASE64),
    must("user data has at most 32 KB",                              |p| p.user_data_fits(), &USER_DATA_TOO_LARGE),
    must("a subscription has a period",                              |p| !p.is_prepaid() || p.params.period.is_some(), &PERIOD_MISSING),
    must("the period is one that is sold",                           |p| p.period_fits(), &PERIOD_NOT_VALID),
    must("a spot instance is pay-as-you-go",                         |p| !p.is_spot() || !p.is_prepaid(), &SPOT_PREPAID),
    must("only a plain pay-as-you-go instance is protected",         |p| p.params.deletion_protection != Some(true) || !(p.is_spot() || p.is_prepaid()), &PROTECTION_CHARGE_TYPE),
    must("the instance is not to hibernate",                         |p| !p.hibernates(), &HIBERNATION_UNSUPPORTED),
];

/// Preconditions of RunInstances, whose disks can have more.
pub(crate) const RULES_OF_RUN: [Precondition<LaunchPlan>; RULES.len() + PERFORMANCE.len()] =
    joined(RULES, PERFORMANCE);

/// Preconditions about the performance of disks that is asked for.
#[rustfmt::skip]
const PERFORMANCE: &[Precondition<LaunchPlan>] = &[
    must("ProvisionedIops is for cloud_auto",                        |p| p.disks().all(|d| d.iops.is_none() || d.is_auto()), &IOPS_CATEGORY),
    must("ProvisionedIops is within what the size allows",           |p| p.disks().all(DiskPlan::iops_fit), &IOPS_EXCEEDED),
    must("BurstingEnabled is for cloud_auto",                        |p| p.disks().all(|d| !d.bursts || d.is_auto()), &BURSTING_CATEGORY),
    must("a bursting disk is larger than 3 GiB",                     |p| p.disks().all(DiskPlan::burst_size_fits), &BURSTING_SIZE),
];

/// Whether a password, if there is one, reaches the guest of this image.
fn takes_password(call: &Call<'_>, params: &Launch, image: &FoundImage<'_>) -> bool {
    Password::is_taken(params.password.as_ref(), call, image.image.cloud_init)
}

/// The worst that can be said of the keys of these disks.
fn keys_use<'p>(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    disks: impl Iterator<Item = &'p DiskPlan>,
) -> Result<KeyUse, StoreError> {
    let mut worst = KeyUse::Usable;
    for disk in disks {
        let account = &call.caller.account;
        worst = worst.max(key_use(tx, account, region, &disk.kms_key, call.now)?);
        if let Some(snapshot) = &disk.snapshot {
            worst = worst.max(use_of_snapshot(tx, snapshot, call.now)?);
        }
    }
    Ok(worst)
}

/// Refuses an automatic snapshot policy that is not one of the caller's in the region.
fn check_policies<'p>(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    disks: impl Iterator<Item = &'p DiskPlan>,
) -> Result<(), ActionError> {
    for policy in disks.filter_map(|disk| disk.policy.as_ref()) {
        let found: Option<SnapshotPolicy> = call.find(tx, policy)?;
        let is_here = found.is_some_and(|policy| policy.region == region);
        is_here.then_some(()).ok_or(&LAUNCH_SNAPSHOT_POLICY_NOT_FOUND)?;
    }
    Ok(())
}

/// Errors that making a plan can give.
pub(crate) const LOAD_ERRORS: &[&ErrorCode] = &[
    &REGION_NOT_FOUND,
    &MISSING_INSTANCE_TYPE,
    &INSTANCE_TYPE_NOT_SUPPORTED,
    &MISSING_IMAGE,
    &IMAGE_AND_FAMILY,
    &IMAGE_NOT_FOUND,
    &IMAGE_FAMILY_EMPTY,
    &INSTANCE_ZONE_NOT_FOUND,
    &VSWITCH_NOT_FOUND,
    &LAUNCH_KEY_PAIR_NOT_FOUND,
    &TAG_COUNT,
    &TAG_MISMATCH,
    &TAG_DUPLICATE,
];
