//! Resolves the rows of a file to the tables of an inventory.

use std::collections::{BTreeMap, BTreeSet};

use domain::inventory::{
    Architecture, BootMode, Image, InstanceFamily, InstanceType, InventoryError, LocalStorage,
    NetworkPerformance, OfferTables, Region, Zone,
};

use super::table::{
    FamilyRow, RegionRow, ScaleRow, SeriesRow, TYPICAL, Table, TypeRow, ZoneRow, cloud_disks,
};

/// kbit/s in a Gbit/s, as the API counts them: 1 Gbit/s is reported as 1024000.
const KBPS_PER_GBPS: f64 = 1_024_000.0;

/// Fills in everything a row may leave out.
pub(super) fn resolve(table: Table) -> Result<OfferTables, InventoryError> {
    let mut instance_types = Vec::new();
    for (id, row) in &table.families {
        for each in sized_types(id, row, &table.scales)? {
            if !table.instance_types.contains_key(&each.id) {
                instance_types.push(each);
            }
        }
    }
    for (id, row) in table.instance_types {
        instance_types.push(single_type(id, row, &table.families)?);
    }
    Ok(OfferTables {
        regions: regions(table.regions, table.zones)?,
        families: table.families.into_iter().map(|(id, row)| family(id, row)).collect(),
        instance_types,
        images: images(table.images)?,
    })
}

fn regions(
    rows: BTreeMap<String, RegionRow>,
    zones: BTreeMap<String, ZoneRow>,
) -> Result<Vec<Region>, InventoryError> {
    let mut regions: BTreeMap<_, _> =
        rows.into_iter().map(|(id, row)| (id.clone(), region(id, row))).collect();
    for (id, row) in zones {
        let Some(region) = regions.get_mut(&row.region) else {
            let name = &row.region;
            let advice = format!("its region {name} is not declared; add [regions.{name}]");
            return Err(InventoryError::new("zones", &id, advice));
        };
        region.zones.push(zone(id, row));
    }
    Ok(regions.into_values().collect())
}

fn region(id: String, row: RegionRow) -> Region {
    Region {
        local_name_en: row.local_name_en.unwrap_or_else(|| row.local_name.clone()),
        local_name: row.local_name,
        endpoint: row.endpoint.unwrap_or_else(|| format!("ecs.{id}.aliyuncs.com")),
        id_hint: row.id_hint,
        zones: Vec::new(),
        id,
    }
}

fn zone(id: String, row: ZoneRow) -> Zone {
    let local_name = row.local_name.unwrap_or_else(|| id.clone());
    Zone {
        id,
        region_id: row.region,
        local_name_en: row.local_name_en.unwrap_or_else(|| local_name.clone()),
        local_name,
        disk_categories: row.disk_categories.unwrap_or_else(cloud_disks),
        instance_families: row.instance_families,
    }
}

fn family(id: String, row: FamilyRow) -> InstanceFamily {
    InstanceFamily {
        id,
        generation: row.generation,
        level: row.level,
        category: row.category,
        processor: row.processor,
        clock_ghz: row.clock_ghz,
        turbo_ghz: row.turbo_ghz,
        io_optimized: row.io_optimized,
        jumbo_frames: row.jumbo_frames,
        interface_trunking: row.interface_trunking,
        boot_modes: row.boot_modes,
        disk_categories: row.disk_categories,
    }
}

/// The types which a family makes from its sizes, for each of its variants.
fn sized_types(
    id: &str,
    row: &FamilyRow,
    scales: &BTreeMap<String, BTreeMap<String, ScaleRow>>,
) -> Result<Vec<InstanceType>, InventoryError> {
    let fault = |advice: String| InventoryError::new("families", id, advice);
    if row.sizes.is_empty() {
        return Ok(Vec::new());
    }
    let name = row.scale.as_deref().unwrap_or_default();
    let scale = scales.get(name).ok_or_else(|| {
        fault(format!("sizes need a scale, and {name:?} is none; add [scales.<name>]"))
    })?;
    let mut types = Vec::with_capacity(row.sizes.len() * row.variants.len().max(1));
    for (prefix, memory_per_cpu) in prefixes(id, row)? {
        for size in &row.sizes {
            let figures = scale.get(size).ok_or_else(|| {
                fault(format!("size {size:?} is not in the scale {name:?}; add it there"))
            })?;
            let memory =
                row.memory.get(size).copied().unwrap_or(f64::from(figures.cpu) * memory_per_cpu);
            let storage = row.local_storage.get(size).cloned();
            types.push(instance_type(
                format!("{prefix}.{size}"),
                id,
                row,
                figures,
                memory,
                storage,
            ));
        }
    }
    Ok(types)
}

/// Prefixes of the type ids of a family, with the memory for each processor.
fn prefixes(id: &str, row: &FamilyRow) -> Result<Vec<(String, f64)>, InventoryError> {
    match (row.memory_per_cpu, row.variants.is_empty()) {
        (Some(ratio), true) => Ok(vec![(id.to_owned(), ratio)]),
        (None, false) => {
            Ok(row.variants.iter().map(|(name, ratio)| (format!("{id}-{name}"), *ratio)).collect())
        }
        _ => {
            let advice = "sizes need the memory: give either memory_per_cpu or variants";
            Err(InventoryError::new("families", id, advice))
        }
    }
}

fn instance_type(
    id: String,
    family: &str,
    row: &FamilyRow,
    figures: &ScaleRow,
    memory_gib: f64,
    local_storage: Option<LocalStorage>,
) -> InstanceType {
    InstanceType {
        id,
        family: family.to_owned(),
        architecture: row.architecture,
        cpu: figures.cpu,
        threads_per_core: row.threads_per_core,
        memory_gib,
        hot_attach: row.hot_attach,
        hot_detach: row.hot_detach,
        nvme_support: row.nvme,
        multi_attach: row.multi_attach,
        disk_quantity: figures.disks,
        network: network(figures),
        local_storage,
        credits: None,
        gpu: None,
    }
}

fn network(figures: &ScaleRow) -> NetworkPerformance {
    NetworkPerformance {
        // Float to integer saturates; a figure out of range ends at the nearest limit.
        bandwidth_kbps: (figures.gbps * KBPS_PER_GBPS).round() as u32,
        packets_per_second: figures.kpps.saturating_mul(1000),
        queues_per_interface: figures.queues,
        interfaces: figures.interfaces,
        ipv4_per_interface: figures.ipv4,
        ipv6_per_interface: figures.ipv6,
    }
}

/// A type declared by itself.
fn single_type(
    id: String,
    row: TypeRow,
    families: &BTreeMap<String, FamilyRow>,
) -> Result<InstanceType, InventoryError> {
    let fault = |advice: String| InventoryError::new("instance_types", &id, advice);
    let family_id = row.family.clone().unwrap_or_else(|| family_in(&id).to_owned());
    let family = families.get(&family_id).ok_or_else(|| {
        fault(format!(
            "its family {family_id} is not declared; add [families.\"{family_id}\"] or give \
             family"
        ))
    })?;
    let missing = |field: &str| fault(format!("{field} is missing; add it, such as {field} = 4"));
    let cpu = row.cpu.ok_or_else(|| missing("cpu"))?;
    let memory = row.memory.ok_or_else(|| missing("memory"))?;
    let figures = figures(cpu, &row);
    let made = instance_type(id, &family_id, family, &figures, memory, row.local_storage);
    Ok(InstanceType {
        hot_attach: row.hot_attach.unwrap_or(made.hot_attach),
        hot_detach: row.hot_detach.unwrap_or(made.hot_detach),
        nvme_support: row.nvme.unwrap_or(made.nvme_support),
        multi_attach: row.multi_attach.unwrap_or(made.multi_attach),
        credits: row.credits,
        gpu: row.gpu,
        ..made
    })
}

fn figures(cpu: u32, row: &TypeRow) -> ScaleRow {
    ScaleRow {
        cpu,
        gbps: row.gbps.unwrap_or(TYPICAL.gbps),
        kpps: row.kpps.unwrap_or(TYPICAL.kpps),
        queues: row.queues.unwrap_or(TYPICAL.queues),
        interfaces: row.interfaces.unwrap_or(TYPICAL.interfaces),
        ipv4: row.ipv4.unwrap_or(TYPICAL.ipv4),
        ipv6: row.ipv6.unwrap_or(TYPICAL.ipv6),
        disks: row.disks.unwrap_or(TYPICAL.disks),
    }
}

/// `ecs.t6` in `ecs.t6-c1m1.large`.
fn family_in(type_id: &str) -> &str {
    let without_size = type_id.rsplit_once('.').map_or(type_id, |(head, _)| head);
    without_size.split_once('-').map_or(without_size, |(head, _)| head)
}

fn images(rows: BTreeMap<String, SeriesRow>) -> Result<Vec<Image>, InventoryError> {
    let mut images = Vec::with_capacity(rows.values().map(|row| row.ids.len()).sum());
    let mut seen = BTreeSet::new();
    for (series, mut row) in rows {
        for id in std::mem::take(&mut row.ids) {
            if !seen.insert(id.clone()) {
                let advice = format!("{id} is listed twice; keep one");
                return Err(InventoryError::new("images", &series, advice));
            }
            images.push(image(id, &series, &row)?);
        }
    }
    Ok(images)
}

fn image(id: String, series: &str, row: &SeriesRow) -> Result<Image, InventoryError> {
    let creation_time = row.creation_time.clone().or_else(|| date_in(&id)).ok_or_else(|| {
        let advice = format!("{id} does not end in a date like _20240926.vhd; give creation_time");
        InventoryError::new("images", series, advice)
    })?;
    Ok(Image {
        id,
        own_name: None,
        os_name: row.os_name.clone().unwrap_or_else(|| system_name(row, &CHINESE)),
        os_name_en: row.os_name_en.clone().unwrap_or_else(|| system_name(row, &ENGLISH)),
        os_type: row.os_type,
        architecture: row.architecture,
        platform: row.platform.clone(),
        size_gib: row.size,
        creation_time,
        image_family: row.image_family.clone().unwrap_or_else(|| format!("acs:{series}")),
        boot_mode: row.boot_mode,
        description: row.description.clone(),
        nvme_support: row.nvme,
        cloud_init: row.cloud_init,
        login_as_non_root: row.login_as_non_root,
    })
}

/// Additions of a language to the name of a system: for 64 bit, ARM and UEFI.
type Additions = [&'static str; 3];
const CHINESE: Additions = [" 64位", " ARM版", " UEFI版"];
const ENGLISH: Additions = [" 64 bit", " ARM Edition", " UEFI Edition"];

fn system_name(row: &SeriesRow, [bits, arm, uefi]: &Additions) -> String {
    let edition = match (row.architecture, row.boot_mode) {
        (Architecture::Arm, _) => arm,
        (Architecture::X86, BootMode::Uefi) => uefi,
        (Architecture::X86, BootMode::Bios | BootMode::UefiPreferred) => "",
    };
    format!("{}{bits}{edition}", row.name)
}

/// Midnight of the day with which the id ends: `…_20240926.vhd`.
fn date_in(id: &str) -> Option<String> {
    let (_, day) = id.strip_suffix(".vhd")?.rsplit_once('_')?;
    let valid = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    let (month, date) = (day.get(4..6)?, day.get(6..8)?);
    let real = ("01"..="12").contains(&month) && ("01"..="31").contains(&date);
    (valid && real).then(|| format!("{}-{month}-{date}T00:00:00Z", &day[..4]))
}
