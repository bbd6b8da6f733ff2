//! Which instance types DescribeInstanceTypes lists.

use domain::inventory::{Architecture, FamilyLevel, InstanceFamily, InstanceType, NvmeSupport};

use super::describe_instance_types::{CpuArchitecture, Level, LocalCategory, NvmeFilter, Params};
use crate::catalog::{Integer, Text};

/// A bound on a count.
pub(super) type Bound = Integer<0, 1_000_000_000>;

/// A bound on a figure with a fraction.
pub(crate) type Figure = f64;

/// Whether the type matches all filters.
pub(super) fn matches(params: &Params, one: &InstanceType, family: &InstanceFamily) -> bool {
    names_match(params, one, family)
        && processor_matches(params, one, family)
        && graphics_match(params, one)
        && storage_matches(params, one)
        && credits_match(params, one)
        && network_matches(params, one)
}

fn names_match(params: &Params, one: &InstanceType, family: &InstanceFamily) -> bool {
    among(&params.instance_types.0, &one.id)
        && is(params.instance_type_family.as_ref(), &one.family)
        && among(&params.instance_type_families.0, &one.family)
        && params.instance_family_level.is_none_or(|level| is_level(level, family.level))
        && is(params.instance_category.as_ref(), &family.category)
        && among(&params.instance_categories.0, &family.category)
}

fn processor_matches(params: &Params, one: &InstanceType, family: &InstanceFamily) -> bool {
    let kinds = &params.cpu_architectures.0;
    params.cpu_architecture.is_none_or(|kind| is_architecture(kind, one.architecture))
        && (kinds.is_empty() || kinds.iter().any(|kind| is_architecture(*kind, one.architecture)))
        && is(params.physical_processor_model.as_ref(), &family.processor)
        && among(&params.physical_processor_models.0, &family.processor)
        && at_least(params.minimum_cpu_core_count, one.cpu)
        && at_most(params.maximum_cpu_core_count, one.cpu)
        && between(params.minimum_memory_size, params.maximum_memory_size, one.memory_gib)
        && between(
            params.minimum_cpu_speed_frequency,
            params.maximum_cpu_speed_frequency,
            family.clock_ghz,
        )
        && between(
            params.minimum_cpu_turbo_frequency,
            params.maximum_cpu_turbo_frequency,
            family.turbo_ghz,
        )
}

fn graphics_match(params: &Params, one: &InstanceType) -> bool {
    let (model, amount) = match &one.gpu {
        Some(gpu) => (gpu.model.as_str(), gpu.amount),
        None => ("", 0),
    };
    is(params.gpu_spec.as_ref(), model)
        && among(&params.gpu_specs.0, model)
        && at_least(params.minimum_gpu_amount, amount)
        && at_most(params.maximum_gpu_amount, amount)
}

fn storage_matches(params: &Params, one: &InstanceType) -> bool {
    let (category, amount, capacity) = match &one.local_storage {
        Some(local) => (local.category.as_str(), local.amount, local.capacity_gib),
        None => ("", 0, 0),
    };
    let categories = &params.local_storage_categories.0;
    params.local_storage_category.is_none_or(|wanted| is_category(wanted, category))
        && (categories.is_empty() || categories.iter().any(|one| is_category(*one, category)))
        && at_least(params.minimum_local_storage_amount, amount)
        && at_least(params.minimum_local_storage_capacity, capacity)
        && at_least(params.minimum_disk_quantity, one.disk_quantity)
        && params.nvme_support.is_none_or(|wanted| is_support(wanted, one.nvme_support))
}

fn credits_match(params: &Params, one: &InstanceType) -> bool {
    let (initial, baseline) = one.credits.map_or((0, 0), |have| (have.initial, have.baseline));
    at_least(params.minimum_initial_credit, initial)
        && at_least(params.minimum_baseline_credit, baseline)
}

fn network_matches(params: &Params, one: &InstanceType) -> bool {
    let network = &one.network;
    [
        (params.minimum_instance_bandwidth_rx, network.bandwidth_kbps),
        (params.minimum_instance_bandwidth_tx, network.bandwidth_kbps),
        (params.minimum_instance_pps_rx, network.packets_per_second),
        (params.minimum_instance_pps_tx, network.packets_per_second),
        (params.minimum_eni_quantity, network.interfaces),
        (params.minimum_eni_private_ip_address_quantity, network.ipv4_per_interface),
        (params.minimum_eni_ipv6_address_quantity, network.ipv6_per_interface),
        (params.minimum_primary_eni_queue_number, network.queues_per_interface),
        (params.minimum_secondary_eni_queue_number, network.queues_per_interface),
        (params.minimum_eri_quantity, 0),
        (params.minimum_queue_pair_number, 0),
    ]
    .into_iter()
    .all(|(bound, value)| at_least(bound, value))
}

fn is<const MIN: usize, const MAX: usize>(wanted: Option<&Text<MIN, MAX>>, value: &str) -> bool {
    wanted.is_none_or(|Text(wanted)| wanted == value)
}

/// Whether a value is among the wanted ones; an empty list matches everything.
fn among<const MIN: usize, const MAX: usize>(wanted: &[Text<MIN, MAX>], value: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|Text(wanted)| wanted == value)
}

fn at_least(bound: Option<Bound>, value: u32) -> bool {
    bound.is_none_or(|Integer(least)| i64::from(value) >= least)
}

fn at_most(bound: Option<Bound>, value: u32) -> bool {
    bound.is_none_or(|Integer(most)| i64::from(value) <= most)
}

fn between(least: Option<Figure>, most: Option<Figure>, value: f64) -> bool {
    least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
}

fn is_level(wanted: Level, level: FamilyLevel) -> bool {
    match wanted {
        Level::Entry => level == FamilyLevel::EntryLevel,
        Level::Enterprise => level == FamilyLevel::EnterpriseLevel,
        Level::CreditEntry => level == FamilyLevel::CreditEntryLevel,
    }
}

fn is_architecture(wanted: CpuArchitecture, architecture: Architecture) -> bool {
    match wanted {
        CpuArchitecture::X86 => architecture == Architecture::X86,
        CpuArchitecture::Arm => architecture == Architecture::Arm,
    }
}

fn is_category(wanted: LocalCategory, category: &str) -> bool {
    match wanted {
        LocalCategory::Hdd => category == "local_hdd_pro",
        LocalCategory::Ssd => category == "local_ssd_pro",
    }
}

fn is_support(wanted: NvmeFilter, support: NvmeSupport) -> bool {
    match wanted {
        NvmeFilter::Required => support == NvmeSupport::Required,
        NvmeFilter::Supported => support == NvmeSupport::Supported,
        NvmeFilter::Unsupported => support == NvmeSupport::Unsupported,
    }
}
