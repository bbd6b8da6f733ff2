//! `DescribeZones`: list the zones of a region.

use domain::inventory::{Inventory, Zone};

use super::language::{DisplayLanguage, SpotStrategy};
use super::sold;
use crate::actions::prelude::*;

/// Lists the zones of a region.
pub(crate) struct DescribeZones;

params!(
    /// Parameters of DescribeZones.
    pub(crate) struct Params {
        /// The region.
        #[malformed = REGION_NOT_FOUND]
        region_id: RegionId,
        /// The language of LocalName: `zh-CN` and `zh-TW` give Chinese, all others English.
        #[malformed = ACCEPT_LANGUAGE_UNKNOWN]
        accept_language: Option<DisplayLanguage>,
        /// How an instance would be paid for. Every zone takes every way.
        #[malformed = CHARGE_TYPE_FOR_ZONES]
        instance_charge_type: Ignored<Option<ChargeType>>,
        /// How a spot instance would bid. Every zone takes every way.
        #[malformed = SPOT_STRATEGY_NOT_VALID]
        spot_strategy: Ignored<Option<SpotStrategy>>,
        /// False leaves the lists of types and categories empty.
        verbose: Option<bool>,
    }
);

reply!(
    /// Reply of DescribeZones.
    pub(crate) struct Reply {
        /// The zones.
        zones: Zones,
    }
);

reply!(
    /// Zones of a region.
    pub(crate) struct Zones {
        /// One zone each.
        zone: Vec<ZoneItem>,
    }
);

reply!(
    /// One zone.
    #[derive(Default)]
    pub(crate) struct ZoneItem {
        /// The zone's id.
        zone_id: String,
        /// Its name for people.
        local_name: String,
        /// `AvailabilityZone`.
        zone_type: &'static str,
        /// Kinds of resource that can be made there.
        available_resource_creation: ResourceCreation,
        /// Disk categories sold there.
        available_disk_categories: DiskCategories,
        /// Instance types sold there.
        available_instance_types: InstanceTypes,
        /// Resources that can be combined.
        available_resources: Resources,
        /// Shared storage; there is none.
        available_volume_categories: VolumeCategories,
        /// Types of dedicated host; there are none.
        available_dedicated_host_types: DedicatedHostTypes,
        /// Generations of dedicated host; there are none.
        dedicated_host_generations: DedicatedHostGenerations,
    }
);

/// Declares wrappers around a list of words.
macro_rules! word_lists {
    ($($(#[doc = $doc:literal])* $name:ident { $field:ident $(= $wire:literal)? })*) => {$(
        reply!(
            $(#[doc = $doc])*
            #[derive(Default)]
            pub(crate) struct $name {
                /// One word each.
                $(#[wire = $wire])?
                $field: Vec<String>,
            }
        );

        impl<S: Into<String>> FromIterator<S> for $name {
            fn from_iter<I: IntoIterator<Item = S>>(words: I) -> Self {
                $name { $field: words.into_iter().map(Into::into).collect() }
            }
        }
    )*};
}

word_lists! {
    /// Kinds of resource.
    ResourceCreation { resource_types }
    /// Disk categories.
    DiskCategories { disk_categories }
    /// Instance types.
    InstanceTypes { instance_types }
    /// Shared storage.
    VolumeCategories { volume_categories }
    /// Types of dedicated host.
    DedicatedHostTypes { dedicated_host_type }
    /// Generations of dedicated host.
    DedicatedHostGenerations { dedicated_host_generation }
    /// Categories of data disks.
    DataDiskCategories { data_disk_category = "supportedDataDiskCategory" }
    /// Categories of system disks.
    SystemDiskCategories { system_disk_category = "supportedSystemDiskCategory" }
    /// Generations of instance types.
    InstanceGenerations { instance_generation = "supportedInstanceGeneration" }
    /// Instance families.
    InstanceTypeFamilies { instance_type_family = "supportedInstanceTypeFamily" }
    /// Instance types.
    SupportedInstanceTypes { instance_type = "supportedInstanceType" }
    /// Kinds of network.
    NetworkTypes { network_category = "supportedNetworkCategory" }
}

reply!(
    /// Resources that can be combined.
    #[derive(Default)]
    pub(crate) struct Resources {
        /// One combination each.
        resources_info: Vec<ResourcesInfo>,
    }
);

reply!(
    /// Everything of one line can be combined.
    pub(crate) struct ResourcesInfo {
        /// Whether the instances are I/O optimised.
        io_optimized: bool,
        /// Categories of their system disks.
        system_disk_categories: SystemDiskCategories,
        /// Categories of their data disks.
        data_disk_categories: DataDiskCategories,
        /// Their generations.
        instance_generations: InstanceGenerations,
        /// Their families.
        instance_type_families: InstanceTypeFamilies,
        /// Their types.
        instance_types: SupportedInstanceTypes,
        /// Kinds of network that they can be in.
        network_types: NetworkTypes,
    }
);

/// Kinds of resource that every zone can make.
const CREATED: [&str; 4] = ["VSwitch", "IoOptimized", "Instance", "Disk"];

impl Query for DescribeZones {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeZones";
    const SUMMARY: &'static str = "Lists the zones of a region and what each of them sells.";
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let item = |zone: &Zone| {
            let brief = brief(zone, params.accept_language);
            if params.verbose == Some(false) { brief } else { detailed(inventory, zone, brief) }
        };
        Ok(Reply { zones: Zones { zone: region.zones.iter().map(item).collect() } })
    }
}

fn brief(zone: &Zone, language: Option<DisplayLanguage>) -> ZoneItem {
    ZoneItem {
        zone_id: zone.id.clone(),
        local_name: DisplayLanguage::pick(language, &zone.local_name, &zone.local_name_en),
        zone_type: "AvailabilityZone",
        ..ZoneItem::default()
    }
}

fn detailed(inventory: &Inventory, zone: &Zone, brief: ZoneItem) -> ZoneItem {
    let infos = [true, false].into_iter().filter_map(|fast| resources_info(inventory, zone, fast));
    ZoneItem {
        available_resource_creation: CREATED.into_iter().collect(),
        available_disk_categories: zone.disk_categories.iter().cloned().collect(),
        available_instance_types: sold::types(inventory, zone)
            .map(|one| &one.id)
            .cloned()
            .collect(),
        available_resources: Resources { resources_info: infos.collect() },
        ..brief
    }
}

/// Resources that families that are I/O optimised (or not) can be combined with; none without
/// families.
fn resources_info(inventory: &Inventory, zone: &Zone, io_optimized: bool) -> Option<ResourcesInfo> {
    let families: Vec<_> =
        sold::families(inventory, zone).filter(|f| f.io_optimized == io_optimized).collect();
    let taken = |word: &&str| families.iter().any(|family| family.takes_category(word));
    let mut generations: Vec<_> = families.iter().map(|family| family.generation.clone()).collect();
    generations.sort_unstable();
    generations.dedup();
    let types = sold::types(inventory, zone)
        .filter(|one| families.iter().any(|family| family.id == one.family));
    (!families.is_empty()).then(|| ResourcesInfo {
        io_optimized,
        system_disk_categories: sold::system_categories(zone).filter(taken).collect(),
        data_disk_categories: sold::data_categories(zone).filter(taken).collect(),
        instance_generations: generations.into_iter().collect(),
        instance_type_families: families.iter().map(|family| family.id.clone()).collect(),
        instance_types: types.map(|one| one.id.clone()).collect(),
        network_types: ["vpc"].into_iter().collect(),
    })
}
