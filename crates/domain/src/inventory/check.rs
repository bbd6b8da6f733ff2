//! The rules the tables of an inventory must keep.

use std::fmt;

use super::{DISK_CATEGORIES, Image, InstanceFamily, InstanceType, OfferTables, Region, Zone};

/// A rule broken by one entry of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryError {
    /// The entry, by its place in the tables: `instance_types.ecs.g6.large`.
    pub entry: String,
    /// The fault, and the remedy.
    pub advice: String,
}

impl InventoryError {
    /// A fault of the entry `id` in the table `table`.
    pub fn new(table: &str, id: &str, advice: impl Into<String>) -> Self {
        let entry = if id.is_empty() { table.to_owned() } else { format!("{table}.{id}") };
        Self { entry, advice: advice.into() }
    }
}

impl fmt::Display for InventoryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.entry, self.advice)
    }
}

impl std::error::Error for InventoryError {}

type CheckResult = Result<(), InventoryError>;

/// Checks tables that are sorted by id.
pub(super) fn tables(tables: &OfferTables) -> CheckResult {
    not_empty("regions", tables.regions.is_empty())?;
    not_empty("instance_types", tables.instance_types.is_empty())?;
    not_empty("images", tables.images.is_empty())?;
    unique("regions", tables.regions.iter().map(|region| region.id.as_str()))?;
    unique("families", tables.families.iter().map(|family| family.id.as_str()))?;
    unique("instance_types", tables.instance_types.iter().map(|each| each.id.as_str()))?;
    unique("images", tables.images.iter().map(|image| image.id.as_str()))?;
    tables.regions.iter().try_for_each(|each| region(each, &tables.families))?;
    tables.families.iter().try_for_each(family)?;
    tables.instance_types.iter().try_for_each(|each| instance_type(each, &tables.families))?;
    tables.images.iter().try_for_each(image)
}

fn not_empty(table: &str, empty: bool) -> CheckResult {
    let advice = "there is none; declare at least one, or leave `replace` off";
    require(!empty, table, "", || advice.to_owned())
}

fn unique<'a>(table: &str, sorted: impl Iterator<Item = &'a str>) -> CheckResult {
    let mut previous = "";
    for id in sorted {
        require(id != previous, table, id, || "is declared twice; keep one".to_owned())?;
        previous = id;
    }
    Ok(())
}

fn region(region: &Region, families: &[InstanceFamily]) -> CheckResult {
    let id = region.id.as_str();
    require(is_lower_id(id), "regions", id, || "an id is made of a-z, 0-9 and -".to_owned())?;
    require(is_hint(&region.id_hint), "regions", id, || {
        let hint = &region.id_hint;
        format!("id_hint {hint:?} must be three characters of a-z and 0-9, such as \"bp1\"")
    })?;
    require(!region.zones.is_empty(), "regions", id, || {
        format!("has no zone; add one, such as [zones.{id}-a]")
    })?;
    unique("zones", region.zones.iter().map(|zone| zone.id.as_str()))?;
    region.zones.iter().try_for_each(|each| zone(each, id, families))
}

fn zone(zone: &Zone, region_id: &str, families: &[InstanceFamily]) -> CheckResult {
    let id = zone.id.as_str();
    let named_after = id.strip_prefix(region_id).is_some_and(|rest| !rest.is_empty());
    require(zone.region_id == region_id && named_after && is_lower_id(id), "zones", id, || {
        format!("the id of a zone of {region_id} must begin with {region_id}")
    })?;
    categories("zones", id, &zone.disk_categories)?;
    for family in &zone.instance_families {
        require(has_family(families, family), "zones", id, || {
            format!("sells the family {family}, which is not declared; add it or take it off")
        })?;
    }
    Ok(())
}

fn family(family: &InstanceFamily) -> CheckResult {
    let id = family.id.as_str();
    let well_formed = id.len() > 4 && id.starts_with("ecs.") && is_lower_id(&id[4..]);
    require(well_formed, "families", id, || "the id must have the form ecs.<name>".to_owned())?;
    categories("families", id, &family.disk_categories)
}

fn instance_type(each: &InstanceType, families: &[InstanceFamily]) -> CheckResult {
    let (table, id) = ("instance_types", each.id.as_str());
    require(has_family(families, &each.family), table, id, || {
        let family = &each.family;
        format!("its family {family} is not declared; add [families.\"{family}\"] or correct it")
    })?;
    require(is_type_id(id, &each.family), table, id, || {
        let family = &each.family;
        format!("the id must have the form {family}.<size> or {family}-<variant>.<size>")
    })?;
    let local = each.local_storage.as_ref().is_none_or(|storage| storage.category.is_local());
    require(local, table, id, || {
        "the category of local_storage must be local, such as local_ssd_pro".to_owned()
    })?;
    require(each.cpu > 0, table, id, || "cpu must be at least 1".to_owned())?;
    require(each.memory_gib > 0.0 && each.memory_gib.is_finite(), table, id, || {
        "memory must be a number of GiB above 0".to_owned()
    })?;
    require(each.disk_quantity > 0, table, id, || {
        "disks counts the system disk, so it must be at least 1".to_owned()
    })
}

fn image(image: &Image) -> CheckResult {
    let id = image.id.as_str();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    require(!id.is_empty() && id.bytes().all(allowed), "images", id, || {
        "an id is made of letters, digits, dots, dashes and underscores".to_owned()
    })?;
    require(image.size_gib > 0, "images", id, || "size must be at least 1 GiB".to_owned())
}

fn categories(table: &str, id: &str, categories: &[String]) -> CheckResult {
    for category in categories {
        require(DISK_CATEGORIES.contains(&category.as_str()), table, id, || {
            format!("{category:?} is no disk category; use some of {}", DISK_CATEGORIES.join(", "))
        })?;
    }
    Ok(())
}

fn has_family(sorted: &[InstanceFamily], id: &str) -> bool {
    sorted.binary_search_by(|family| family.id.as_str().cmp(id)).is_ok()
}

fn is_type_id(id: &str, family: &str) -> bool {
    let size = id.strip_prefix(family).map(|rest| rest.split_at_checked(1));
    matches!(size, Some(Some(("." | "-", name))) if !name.is_empty() && is_type_name(name))
}

fn is_type_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
}

fn is_lower_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !id.is_empty() && id.bytes().all(allowed)
}

fn is_hint(hint: &str) -> bool {
    hint.len() == 3 && hint.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn require(kept: bool, table: &str, id: &str, advice: impl FnOnce() -> String) -> CheckResult {
    if kept { Ok(()) } else { Err(InventoryError::new(table, id, advice())) }
}
