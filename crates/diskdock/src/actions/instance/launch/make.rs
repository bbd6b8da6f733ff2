//! Makes instances and their disks from a plan.

use domain::UnknownFields;
use domain::disk::{SYSTEM_DEVICE, first_free_device};
use domain::instance::{InstanceNetwork, StoppedMode};
use jiff::Span;

use super::disk_plan::DiskPlan;
use super::params::{CreditSpecification, InternetChargeType, Ipv4, PeriodUnit};
use super::plan::LaunchPlan;
use crate::actions::prelude::*;
use crate::actions::{derived, order};

/// An instance with its disks, before it is saved. It is Pending, and its disks are on it.
pub(crate) struct Made {
    /// The instance.
    pub instance: Instance,
    /// Its disks, the system disk first.
    pub disks: Vec<Disk>,
}

/// Makes the `index`-th instance of a plan, from 0.
pub(crate) fn make(call: &Call<'_>, plan: &LaunchPlan, index: u32) -> Made {
    let id = call.environment.ids.of::<InstanceId>(&plan.hint, call.now);
    let mut instance = blank(call, plan, id);
    let params = &plan.params;
    if let Some(names) = &plan.names {
        instance.name = names.name(index, plan.amount, plan.unique_suffix);
    }
    if let Some(name) = plan.host_names.get(index as usize) {
        instance.host_name = name.replace("${instance_id}", instance.id.as_str());
    }
    instance.description = params.description.as_ref().map(|d| d.0.clone()).unwrap_or_default();
    instance.charge_type = plan.charge_type();
    instance.expires_at = expiry(plan, call.now);
    instance.deletion_protection = params.deletion_protection.unwrap_or(false);
    instance.tags.clone_from(&plan.tags);
    instance.network = network(call, plan, index);
    instance.key_pair =
        params.key_pair_name.as_ref().map(|name| name.0.clone()).unwrap_or_default();
    instance.public_key.clone_from(&plan.public_key);
    instance.password_hash.clone_from(&plan.password_hash);
    instance.ram_role =
        params.ram_role_name.as_ref().map(|role| role.0.clone()).unwrap_or_default();
    instance.resource_group =
        params.resource_group_id.as_ref().map(|group| group.0.clone()).unwrap_or_default();
    instance.spot_strategy = plan.spot_strategy().as_str().to_owned();
    instance.credit_specification = credits(plan).to_owned();
    instance.auto_release_at = plan.auto_release_at;
    let disks = disks(call, plan, &instance);
    instance.system_disk = disks.first().map(|disk| disk.id.clone());
    Made { instance, disks }
}

fn blank(call: &Call<'_>, plan: &LaunchPlan, id: InstanceId) -> Instance {
    let bare = id.as_str().trim_start_matches("i-");
    Instance {
        account: call.caller.account.clone(),
        region: plan.params.region_id.0.clone(),
        zone: plan.zone.clone().expect("the rules want a zone"),
        instance_type: plan.instance_type.id.clone(),
        image: plan.image.id.clone(),
        base_image: plan.base_image.clone(),
        name: id.to_string(),
        description: String::new(),
        host_name: format!("iZ{bare}Z"),
        charge_type: ChargeType::PostPaid,
        expires_at: None,
        status: InstanceStatus::Pending,
        stopped_mode: StoppedMode::NotApplicable,
        locks: Vec::new(),
        deletion_protection: false,
        host: String::new(),
        tags: Vec::new(),
        system_disk: None,
        network: InstanceNetwork::default(),
        key_pair: String::new(),
        public_key: String::new(),
        password_hash: String::new(),
        ram_role: String::new(),
        resource_group: String::new(),
        spot_strategy: String::new(),
        credit_specification: String::new(),
        auto_release_at: None,
        created_at: call.now,
        started_at: None,
        releasing: false,
        interrupted: false,
        unknown: UnknownFields::default(),
        id,
    }
}

/// Burstable types are Standard unless the request says otherwise; others have no such thing.
fn credits(plan: &LaunchPlan) -> &'static str {
    let asked = plan.params.credit_specification.unwrap_or(CreditSpecification::Standard);
    if plan.instance_type.credits.is_some() { asked.as_str() } else { "" }
}

/// The end of a subscription that begins now.
fn expiry(plan: &LaunchPlan, now: Moment) -> Option<Moment> {
    if !plan.is_prepaid() {
        return None;
    }
    let Integer(period) = plan.params.period?;
    let span = match plan.params.period_unit.unwrap_or(PeriodUnit::Month) {
        PeriodUnit::Week => Span::new().weeks(period),
        PeriodUnit::Month => Span::new().months(period),
    };
    order::end_of_period(now, span)
}

fn network(call: &Call<'_>, plan: &LaunchPlan, index: u32) -> InstanceNetwork {
    let params = &plan.params;
    let account = call.caller.account.as_str();
    let region = &params.region_id.0;
    let zone = plan.zone.as_deref().unwrap_or_default();
    let invent = |prefix: &str, of: &[&str]| derived::id(prefix, &plan.hint, of);
    let (vswitch, vpc) = match (&plan.network.vswitch, &params.v_switch_id) {
        (Some(kept), _) => (kept.id.to_string(), kept.vpc.to_string()),
        (None, Some(given)) => (given.0.clone(), invent("vpc-", &[account, &given.0])),
        (None, None) => (invent("vsw-", &[account, zone]), invent("vpc-", &[account, region])),
    };
    let security_groups = if plan.security_groups.is_empty() {
        vec![invent("sg-", &[account, region])]
    } else {
        plan.security_groups.clone()
    };
    let kept = plan.network.addresses.get(index as usize);
    let private_ip = match (kept, params.private_ip_address) {
        (Some(address), _) => *address,
        (None, Some(Ipv4(first))) => derived::address_after(first, index),
        (None, None) => derived::address(call.environment.ids.random()),
    };
    let out = params.internet_max_bandwidth_out.map_or(0, |out| out.0);
    let into = params.internet_max_bandwidth_in.map_or(out.max(10), |into| into.0);
    let paid = params.internet_charge_type.unwrap_or(InternetChargeType::PayByTraffic);
    InstanceNetwork {
        vswitch,
        vpc,
        security_groups,
        private_ip: private_ip.to_string(),
        internet_max_bandwidth_out: u32::try_from(out).unwrap_or(0),
        internet_max_bandwidth_in: u32::try_from(into).unwrap_or(0),
        internet_charge_type: paid.as_str().to_owned(),
        unknown: UnknownFields::default(),
    }
}

fn disks(call: &Call<'_>, plan: &LaunchPlan, instance: &Instance) -> Vec<Disk> {
    let mut system = disk(call, plan, &plan.system, instance, SYSTEM_DEVICE);
    system.kind = DiskKind::System;
    system.image.clone_from(&plan.image.id);
    let mut disks = vec![system];
    let mut taken: Vec<String> = plan.data.iter().filter_map(|d| d.device.clone()).collect();
    for one in &plan.data {
        let device = one.device.clone().unwrap_or_else(|| free_device(&taken));
        taken.push(device.clone());
        let mut disk = disk(call, plan, one, instance, &device);
        // A subscription data disk lives and dies with its instance.
        disk.portable = disk.charge_type == ChargeType::PostPaid;
        disks.push(disk);
    }
    for one in &plan.local {
        let device = free_device(&taken);
        taken.push(device.clone());
        let mut disk = disk(call, plan, one, instance, &device);
        disk.portable = false;
        disks.push(disk);
    }
    disks
}

fn free_device(taken: &[String]) -> String {
    let free = first_free_device(|name| taken.iter().any(|one| one == name));
    free.expect("more names than disks on an instance")
}

/// A disk that is on its instance from the beginning.
fn disk(
    call: &Call<'_>,
    plan: &LaunchPlan,
    one: &DiskPlan,
    instance: &Instance,
    device: &str,
) -> Disk {
    let size = one.size_gib.expect("the rules want a size");
    let id = call.environment.ids.of::<DiskId>(&plan.hint, call.now);
    let mut disk = Disk::new(id, instance.account.clone(), one.category, size, call.now);
    disk.region.clone_from(&instance.region);
    disk.zone.clone_from(&instance.zone);
    disk.performance_level = one.level;
    disk.name.clone_from(&one.name);
    disk.description.clone_from(&one.description);
    disk.encrypted = one.encrypted;
    disk.kms_key_id = if one.kms_key.is_empty() && one.encrypted {
        derived::service_key(disk.account.as_str(), &disk.region)
    } else {
        one.kms_key.clone()
    };
    if let Some(snapshot) = &one.snapshot {
        snapshot.id.as_str().clone_into(&mut disk.source_snapshot);
    }
    if let Some(policy) = &one.policy {
        policy.as_str().clone_into(&mut disk.auto_snapshot_policy);
    }
    disk.bursting_enabled = one.bursts;
    disk.provisioned_iops = one.iops;
    disk.delete_with_instance = one.delete_with_instance;
    disk.resource_group.clone_from(&instance.resource_group);
    if instance.charge_type == ChargeType::PrePaid {
        disk.charge_type = ChargeType::PrePaid;
        disk.expires_at = instance.expires_at;
    }
    disk.begin_attach(instance.id.clone(), device.to_owned(), call.now)
        .and_then(|generation| disk.finish_attach(&instance.id, generation))
        .expect("a new disk can be attached");
    disk.activity = call.environment.activity_of_new_disk();
    disk
}
