//! The inventory: regions with their zones, instance types, images.
//!
//! The tables here are plain facts without behaviour. Where they come from (a built-in table, an
//! operator's file) is decided elsewhere; [`Inventory::new`] only makes sure that they hang
//! together, so that a lookup can never lead to a zone without region or a type without family.

mod check;
mod image;
mod instance_type;
mod region;

use serde::{Deserialize, Serialize};

pub use check::InventoryError;
pub use image::{BootMode, Image, OsType};
pub use instance_type::{
    Architecture, Credits, FamilyLevel, Gpu, InstanceFamily, InstanceType, LocalStorage,
    NetworkPerformance, NvmeSupport,
};
pub use region::{DISK_CATEGORIES, Region, Zone};

/// The unchecked content of an [`Inventory`], as it is written to and read from files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferTables {
    /// Regions, each with its zones.
    pub regions: Vec<Region>,
    /// Instance families.
    pub families: Vec<InstanceFamily>,
    /// Instance types; each names one of the families.
    pub instance_types: Vec<InstanceType>,
    /// Images.
    pub images: Vec<Image>,
}

/// All regions, zones, types and images on offer, sorted by id and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "OfferTables", into = "OfferTables")]
pub struct Inventory {
    tables: OfferTables,
    /// Positions of a zone (region, zone within it), sorted by zone id.
    zones: Vec<(usize, usize)>,
}

impl Inventory {
    /// Sorts and checks the tables.
    pub fn new(mut tables: OfferTables) -> Result<Self, InventoryError> {
        tables.regions.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for region in &mut tables.regions {
            region.zones.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        }
        tables.families.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        tables.instance_types.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        tables.images.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        check::tables(&tables)?;
        let zones = zone_positions(&tables.regions);
        Ok(Self { tables, zones })
    }

    /// The same with these images in the place of all others; there may be none. Their ids must
    /// differ.
    pub fn with_images(&self, mut images: Vec<Image>) -> Inventory {
        images.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Inventory {
            tables: OfferTables { images, ..self.tables.clone() },
            zones: self.zones.clone(),
        }
    }

    /// The same with these regions only, and their zones. An id that is no region is an
    /// error, and so is an empty list.
    pub fn with_only_regions(&self, ids: &[String]) -> Result<Inventory, InventoryError> {
        if let Some(id) = ids.iter().find(|id| self.region(id).is_none()) {
            let known: Vec<&str> = self.regions().iter().map(|region| region.id.as_str()).collect();
            let advice = format!("is not there; there are {}", known.join(", "));
            return Err(InventoryError::new("regions", id, advice));
        }
        let mut tables = self.tables.clone();
        tables.regions.retain(|region| ids.contains(&region.id));
        Inventory::new(tables)
    }

    /// All regions, sorted by id.
    pub fn regions(&self) -> &[Region] {
        &self.tables.regions
    }

    /// All zones of all regions, sorted by id.
    pub fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().map(|position| self.zone_at(*position))
    }

    /// All instance families, sorted by id.
    pub fn families(&self) -> &[InstanceFamily] {
        &self.tables.families
    }

    /// All instance types, sorted by id.
    pub fn instance_types(&self) -> &[InstanceType] {
        &self.tables.instance_types
    }

    /// All images, sorted by id.
    pub fn images(&self) -> &[Image] {
        &self.tables.images
    }

    /// The region with this id.
    pub fn region(&self, id: &str) -> Option<&Region> {
        find(&self.tables.regions, id, |region| &region.id)
    }

    /// The zone with this id, of whatever region.
    pub fn zone(&self, id: &str) -> Option<&Zone> {
        let found = self.zones.binary_search_by(|at| self.zone_at(*at).id.as_str().cmp(id));
        found.ok().map(|index| self.zone_at(self.zones[index]))
    }

    /// The instance family with this id, such as `ecs.g6`.
    pub fn family(&self, id: &str) -> Option<&InstanceFamily> {
        find(&self.tables.families, id, |family| &family.id)
    }

    /// The instance type with this id, such as `ecs.g6.large`.
    pub fn instance_type(&self, id: &str) -> Option<&InstanceType> {
        find(&self.tables.instance_types, id, |instance_type| &instance_type.id)
    }

    /// The image with this id.
    pub fn image(&self, id: &str) -> Option<&Image> {
        find(&self.tables.images, id, |image| &image.id)
    }

    /// Whether instances of this type can be had in this zone.
    pub fn sells(&self, zone: &Zone, instance_type: &InstanceType) -> bool {
        zone.sells_family(&instance_type.family)
    }

    fn zone_at(&self, (region, zone): (usize, usize)) -> &Zone {
        &self.tables.regions[region].zones[zone]
    }
}

impl TryFrom<OfferTables> for Inventory {
    type Error = InventoryError;

    fn try_from(tables: OfferTables) -> Result<Self, InventoryError> {
        Self::new(tables)
    }
}

impl From<Inventory> for OfferTables {
    fn from(inventory: Inventory) -> Self {
        inventory.tables
    }
}

fn zone_positions(regions: &[Region]) -> Vec<(usize, usize)> {
    let mut positions: Vec<_> = regions
        .iter()
        .enumerate()
        .flat_map(|(index, region)| (0..region.zones.len()).map(move |zone| (index, zone)))
        .collect();
    positions.sort_unstable_by_key(|(region, zone)| &regions[*region].zones[*zone].id);
    positions
}

fn find<'a, T>(sorted: &'a [T], id: &str, id_of: impl Fn(&T) -> &String) -> Option<&'a T> {
    sorted.binary_search_by(|item| id_of(item).as_str().cmp(id)).ok().map(|index| &sorted[index])
}

#[cfg(test)]
mod tests;
