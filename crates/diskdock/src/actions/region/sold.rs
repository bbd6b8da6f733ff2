//! Instance types, families and disk categories that a zone sells.

use domain::Category;
use domain::inventory::{InstanceFamily, InstanceType, Inventory, Zone};

/// Instance types sold in a zone.
pub(crate) fn types<'a>(
    inventory: &'a Inventory,
    zone: &'a Zone,
) -> impl Iterator<Item = &'a InstanceType> {
    inventory.instance_types().iter().filter(|one| inventory.sells(zone, one))
}

/// Instance families sold in a zone.
pub(crate) fn families<'a>(
    inventory: &'a Inventory,
    zone: &'a Zone,
) -> impl Iterator<Item = &'a InstanceFamily> {
    inventory.families().iter().filter(|family| zone.sells_family(&family.id))
}

/// Categories of data disks sold in a zone. Local disks come with their instance only.
pub(crate) fn data_categories(zone: &Zone) -> impl Iterator<Item = &str> {
    let on_its_own = |word: &&str| Category::from_word(word).is_none_or(|known| !known.is_local());
    zone.disk_categories.iter().map(String::as_str).filter(on_its_own)
}

/// Categories of system disks sold in a zone.
pub(crate) fn system_categories(zone: &Zone) -> impl Iterator<Item = &str> {
    zone.disk_categories.iter().map(String::as_str).filter(|word| system_sizes(word).is_some())
}

/// Smallest and largest data disk of a category in GiB.
pub(crate) fn data_sizes(word: &str) -> Option<(u32, u32)> {
    Category::from_word(word).map(|category| category.data_sizes(None))
}

/// Smallest and largest system disk of a category in GiB; none where it cannot be one.
pub(crate) fn system_sizes(word: &str) -> Option<(u32, u32)> {
    Category::from_word(word).and_then(|category| category.system_sizes(None))
}
