//! The selection of the zone of a launch, and of its disks as zone and instance type offer them.

use domain::inventory::{Image, InstanceFamily, InstanceType, Inventory, Region, Zone};

use super::disk_params::{
    AskedDisks, DataDiskOfRun, DataDiskParams, SystemDiskOfRun, SystemDiskParams,
};
use super::disk_plan::DiskPlan;
use super::params::Launch;
use crate::actions::prelude::*;

/// The category of a system disk that the request gives none, whatever the instance type.
const SYSTEM_CATEGORY: Category = Category::CloudEfficiency;

/// The inventory as one launch sees it.
pub(crate) struct ZoneSelection<'a> {
    /// All there is.
    pub inventory: &'a Inventory,
    /// The region.
    pub region: &'a Region,
    /// The instance type.
    pub instance_type: &'a InstanceType,
    /// The family of the type.
    pub family: Option<&'a InstanceFamily>,
}

impl<'a> ZoneSelection<'a> {
    /// The zone asked for, or that of the vSwitch; or the first that sells everything, or at least
    /// the type.
    pub(super) fn zone(
        &self,
        params: &Launch,
        disks: &AskedDisks<'_>,
        of_vswitch: Option<&str>,
    ) -> Result<Option<&'a Zone>, &'static ErrorCode> {
        let asked = params.zone_id.as_ref().map(|zone| zone.0.as_str());
        if let Some(id) = asked.or(of_vswitch) {
            let found = self.inventory.zone(id).filter(|zone| zone.region_id == self.region.id);
            return found.map(Some).ok_or(&INSTANCE_ZONE_NOT_FOUND);
        }
        let system = disks.system.0.category.unwrap_or(SYSTEM_CATEGORY);
        let data = disks.data.iter().map(|(disk, _)| self.data_category(disk.category));
        let categories: Vec<Category> = std::iter::once(system).chain(data).collect();
        let sells_type = |zone: &&Zone| self.inventory.sells(zone, self.instance_type);
        let sells_all = |zone: &&Zone| categories.iter().all(|c| zone.sells_category(c.as_str()));
        let zones = || self.region.zones.iter().filter(sells_type);
        Ok(zones().find(sells_all).or_else(|| zones().next()))
    }

    fn takes(&self, category: Category) -> bool {
        self.family.is_none_or(|family| family.takes_category(category.as_str()))
    }

    /// The category of a data disk: what is asked for, or what goes with the type.
    fn data_category(&self, asked: Option<Category>) -> Category {
        let optimized = self.family.is_none_or(|family| family.io_optimized);
        let by_default = if optimized { Category::CloudEfficiency } else { Category::Cloud };
        asked.unwrap_or(by_default)
    }

    fn blank(&self, zone: Option<&Zone>, category: Category) -> DiskPlan {
        DiskPlan {
            category,
            level: None,
            size_gib: None,
            least_gib: 0,
            name: String::new(),
            description: String::new(),
            encrypted: false,
            kms_key: String::new(),
            bursts: false,
            iops: None,
            delete_with_instance: true,
            device: None,
            policy: None,
            snapshot_id: None,
            snapshot: None,
            plain_asked: false,
            zone_sells: zone.is_some_and(|zone| zone.sells_category(category.as_str())),
            type_takes: self.takes(category),
        }
    }

    /// The system disk that is asked for, with its defaults.
    pub(crate) fn system_disk(
        &self,
        zone: Option<&Zone>,
        (params, run): (&SystemDiskParams, Option<&SystemDiskOfRun>),
        image: &Image,
    ) -> DiskPlan {
        let plan = self.blank(zone, params.category.unwrap_or(SYSTEM_CATEGORY));
        let level = plan.category.level(params.performance_level);
        let smallest = plan.category.system_sizes(level).map_or(0, |(smallest, _)| smallest);
        let by_default = image.size_gib.max(40).max(smallest);
        DiskPlan {
            level,
            size_gib: params.size.and_then(count).or(Some(by_default)),
            name: params.disk_name.as_ref().map(|name| name.0.clone()).unwrap_or_default(),
            description: params.description.as_ref().map(|d| d.0.clone()).unwrap_or_default(),
            encrypted: run.and_then(|run| run.encrypted).unwrap_or(false),
            kms_key: text_of(run.and_then(|run| run.kms_key_id.as_ref())),
            bursts: run.and_then(|run| run.bursting_enabled).unwrap_or(false),
            iops: run.and_then(|run| run.provisioned_iops).and_then(count),
            policy: run.and_then(|run| run.auto_snapshot_policy_id.clone()),
            ..plan
        }
    }

    /// The local disks of the type, which come with it in every zone.
    pub(crate) fn local_disks(&self) -> Vec<DiskPlan> {
        let Some(storage) = &self.instance_type.local_storage else { return Vec::new() };
        let size_gib = Some(storage.capacity_gib);
        let disk = |_| DiskPlan { size_gib, ..self.blank(None, storage.category) };
        (0..storage.amount).map(disk).collect()
    }

    /// A data disk of the image, with its defaults.
    pub(super) fn default_data_disk(&self, zone: Option<&Zone>) -> DiskPlan {
        let plan = self.blank(zone, self.data_category(None));
        DiskPlan { level: plan.category.level(None), ..plan }
    }

    /// A data disk that is asked for, with its defaults.
    pub(crate) fn data_disk(
        &self,
        zone: Option<&Zone>,
        params: &DataDiskParams,
        run: Option<&DataDiskOfRun>,
    ) -> DiskPlan {
        let plan = self.blank(zone, self.data_category(params.category));
        DiskPlan {
            level: plan.category.level(params.performance_level),
            size_gib: params.size.and_then(count),
            name: params.disk_name.as_ref().map(|name| name.0.clone()).unwrap_or_default(),
            description: params.description.as_ref().map(|d| d.0.clone()).unwrap_or_default(),
            encrypted: params.encrypted.unwrap_or(false),
            kms_key: text_of(params.kms_key_id.as_ref()),
            bursts: run.and_then(|run| run.bursting_enabled).unwrap_or(false),
            iops: run.and_then(|run| run.provisioned_iops).and_then(count),
            policy: run.and_then(|run| run.auto_snapshot_policy_id.clone()),
            delete_with_instance: params.delete_with_instance.unwrap_or(true),
            device: params.device.as_ref().map(|device| device.0.clone()),
            snapshot_id: params.snapshot_id.clone(),
            plain_asked: params.encrypted == Some(false),
            ..plan
        }
    }
}

fn count<const MIN: i64, const MAX: i64>(given: Integer<MIN, MAX>) -> Option<u32> {
    u32::try_from(given.0).ok()
}

fn text_of<const MIN: usize, const MAX: usize>(given: Option<&Text<MIN, MAX>>) -> String {
    given.map(|text| text.0.clone()).unwrap_or_default()
}
