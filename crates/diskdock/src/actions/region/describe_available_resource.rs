//! `DescribeAvailableResource`: what can be bought where.

use domain::inventory::{InstanceType, Inventory, Zone};

use super::language::SpotStrategy;
use super::sold;
use super::type_filter::Bound;
use crate::actions::prelude::*;

/// Tells what can be bought in which zone.
pub(crate) struct DescribeAvailableResource;

params!(
    /// Parameters of DescribeAvailableResource.
    pub(crate) struct Params {
        /// The region.
        #[malformed = REGION_NOT_IN_RECORDS]
        region_id: RegionId,
        /// The kind of resource to look for.
        #[missing = MISSING_DESTINATION]
        #[malformed = DESTINATION_NOT_VALID]
        destination_resource: Destination,
        /// Only this zone.
        zone_id: Option<ZoneId>,
        /// Only what goes with this instance type. Not together with `Cores` and `Memory`.
        #[example = "ecs.g6.large"]
        #[names = "type"]
        instance_type: Option<Text<1, 64>>,
        /// Only instance types with so many virtual processors.
        cores: Option<Bound>,
        /// Only instance types with so many GiB of memory.
        memory: Option<f64>,
        /// Only what goes with system disks of this category.
        #[example = "cloud_essd"]
        system_disk_category: Option<Text<1, 64>>,
        /// Only what goes with data disks of this category.
        #[example = "cloud_essd"]
        data_disk_category: Option<Text<1, 64>>,
        /// Only instance types that are (or are not) I/O optimised.
        #[malformed = IO_OPTIMIZED_NOT_VALID]
        io_optimized: Option<IoOptimized>,
        /// Only what goes with this kind of network. There is no classic network here.
        #[malformed = NETWORK_CATEGORY_NOT_VALID]
        network_category: Option<NetworkCategory>,
        /// The kind of resource to buy.
        #[malformed = RESOURCE_TYPE_FOR_RESOURCES]
        resource_type: Ignored<Option<SoughtResource>>,
        /// How it would be paid for. Everything can be had either way.
        #[malformed = CHARGE_TYPE_FOR_RESOURCES]
        instance_charge_type: Ignored<Option<ChargeType>>,
        /// How a spot instance would bid. Everything can be had every way.
        #[malformed = SPOT_STRATEGY_FOR_RESOURCES]
        spot_strategy: Ignored<Option<SpotStrategy>>,
        /// Protected hours of a spot instance.
        spot_duration: Ignored<Option<Integer<0, 6>>>,
        /// A dedicated host. There are none here.
        dedicated_host_id: Option<Text<1, 64>>,
        /// Whether to look at the region or at zones.
        #[malformed = SCOPE_NOT_VALID]
        scope: Ignored<Option<ResourceScope>>,
    }
);

choice!(
    /// Kinds of resource to look for.
    pub(crate) enum Destination {
        Zone = "Zone",
        IoOptimized = "IoOptimized",
        InstanceType = "InstanceType",
        Network = "Network",
        DedicatedHost = "ddh",
        SystemDisk = "SystemDisk",
        DataDisk = "DataDisk",
    }
);

choice!(
    /// Whether instances are I/O optimised.
    pub(crate) enum IoOptimized {
        Optimized = "optimized",
        None = "none",
    }
);

choice!(
    /// Kinds of network.
    pub(crate) enum NetworkCategory {
        Vpc = "vpc",
        Classic = "classic",
    }
);

choice!(
    /// Kinds of resource to buy.
    pub(crate) enum SoughtResource {
        Instance = "instance",
        Disk = "disk",
        ReservedInstance = "reservedinstance",
        DedicatedHost = "ddh",
    }
);

choice!(
    /// Where to look.
    pub(crate) enum ResourceScope in any case {
        Region = "Region",
        Zone = "Zone",
    }
);

reply!(
    /// Reply of DescribeAvailableResource.
    pub(crate) struct Reply {
        /// Zones that have what is asked for.
        available_zones: AvailableZones,
    }
);

reply!(
    /// Zones.
    pub(crate) struct AvailableZones {
        /// One zone each.
        available_zone: Vec<AvailableZone>,
    }
);

reply!(
    /// One zone.
    pub(crate) struct AvailableZone {
        /// Its region.
        region_id: String,
        /// The zone's id.
        zone_id: String,
        /// `Available`.
        status: &'static str,
        /// `WithStock`.
        status_category: &'static str,
        /// Its resources.
        available_resources: AvailableResources,
    }
);

reply!(
    /// The resources of a zone.
    pub(crate) struct AvailableResources {
        /// One kind of resource each.
        available_resource: Vec<AvailableResource>,
    }
);

reply!(
    /// One kind of resource.
    pub(crate) struct AvailableResource {
        /// `InstanceType`, `SystemDisk` and so on, as it was asked for.
        #[wire = "Type"]
        kind: &'static str,
        /// The resources of the kind.
        supported_resources: SupportedResources,
    }
);

reply!(
    /// The resources of one kind.
    pub(crate) struct SupportedResources {
        /// One resource each.
        supported_resource: Vec<SupportedResource>,
    }
);

reply!(
    /// One resource.
    pub(crate) struct SupportedResource {
        /// An instance type, a disk category and so on.
        value: String,
        /// `Available`.
        status: &'static str,
        /// `WithStock`.
        status_category: &'static str,
        /// The smallest disk, for disk categories.
        min: Option<u32>,
        /// The largest disk, for disk categories.
        max: Option<u32>,
        /// `GiB`, for disk categories.
        unit: Option<&'static str>,
    }
);

const AVAILABLE: &str = "Available";
const WITH_STOCK: &str = "WithStock";

impl Query for DescribeAvailableResource {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeAvailableResource";
    const SUMMARY: &'static str = "Tells what can be bought in which zone.";
    const DETAILS: &'static str = "\
Stock never runs out: whatever a zone sells is Available. Zones that have nothing of what is asked \
for are left out.";
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_IN_RECORDS, &TYPE_AND_SIZE, &DEDICATED_HOST_NOT_FOUND];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_IN_RECORDS)?;
        if params.instance_type.is_some() && (params.cores.is_some() || params.memory.is_some()) {
            return Err((&TYPE_AND_SIZE).into());
        }
        if params.dedicated_host_id.is_some() {
            return Err((&DEDICATED_HOST_NOT_FOUND).into());
        }
        let wanted = |zone: &&Zone| params.zone_id.as_ref().is_none_or(|asked| asked.0 == zone.id);
        let found =
            region.zones.iter().filter(wanted).filter_map(|zone| in_zone(inventory, params, zone));
        Ok(Reply { available_zones: AvailableZones { available_zone: found.collect() } })
    }
}

/// The resources of the requested kind in the zone; none if there are none.
fn in_zone(inventory: &Inventory, params: &Params, zone: &Zone) -> Option<AvailableZone> {
    let suits = suits(params, zone) && suitable_types(inventory, params, zone).next().is_some();
    let found = if suits { resources(inventory, params, zone) } else { Vec::new() };
    let zone_itself = params.destination_resource == Destination::Zone;
    let available_resource = match found.is_empty() {
        true if zone_itself && suits => Vec::new(),
        true => return None,
        false => vec![AvailableResource {
            kind: kind(params.destination_resource),
            supported_resources: SupportedResources { supported_resource: found },
        }],
    };
    Some(AvailableZone {
        region_id: zone.region_id.clone(),
        zone_id: zone.id.clone(),
        status: AVAILABLE,
        status_category: WITH_STOCK,
        available_resources: AvailableResources { available_resource },
    })
}

/// Whether the zone itself has what goes with the filters.
fn suits(params: &Params, zone: &Zone) -> bool {
    let system = params.system_disk_category.as_ref();
    let data = params.data_disk_category.as_ref();
    params.network_category != Some(NetworkCategory::Classic)
        && system.is_none_or(|Text(word)| sold::system_categories(zone).any(|sold| sold == word))
        && data.is_none_or(|Text(word)| sold::data_categories(zone).any(|sold| sold == word))
}

/// Types sold in the zone that go with the filters.
fn suitable_types<'a>(
    inventory: &'a Inventory,
    params: &'a Params,
    zone: &'a Zone,
) -> impl Iterator<Item = &'a InstanceType> {
    sold::types(inventory, zone).filter(move |one| {
        let wanted = params.instance_type.as_ref().is_none_or(|Text(id)| *id == one.id);
        let cores = params.cores.is_none_or(|Integer(cores)| cores == i64::from(one.cpu));
        let memory = params.memory.is_none_or(|gib| (gib - one.memory_gib).abs() < 0.01);
        wanted && cores && memory && family_suits(inventory, params, one)
    })
}

fn family_suits(inventory: &Inventory, params: &Params, one: &InstanceType) -> bool {
    let Some(family) = inventory.family(&one.family) else { return false };
    let asked = [params.system_disk_category.as_ref(), params.data_disk_category.as_ref()];
    let takes = asked.into_iter().flatten().all(|Text(word)| family.takes_category(word));
    let optimized = match params.io_optimized {
        None => true,
        Some(IoOptimized::Optimized) => family.io_optimized,
        Some(IoOptimized::None) => !family.io_optimized,
    };
    takes && optimized
}

fn resources(inventory: &Inventory, params: &Params, zone: &Zone) -> Vec<SupportedResource> {
    match params.destination_resource {
        Destination::Zone | Destination::DedicatedHost => Vec::new(),
        Destination::IoOptimized => io_optimized(inventory, params, zone),
        Destination::Network => vec![SupportedResource::plain("vpc")],
        Destination::InstanceType => suitable_types(inventory, params, zone)
            .map(|one| SupportedResource::plain(&one.id))
            .collect(),
        Destination::SystemDisk => {
            disks(inventory, params, zone, sold::system_categories(zone), sold::system_sizes)
        }
        Destination::DataDisk => {
            disks(inventory, params, zone, sold::data_categories(zone), sold::data_sizes)
        }
    }
}

fn io_optimized(inventory: &Inventory, params: &Params, zone: &Zone) -> Vec<SupportedResource> {
    let any = |fast: bool| {
        suitable_types(inventory, params, zone)
            .filter_map(|one| inventory.family(&one.family))
            .any(|family| family.io_optimized == fast)
    };
    let words = [("optimized", any(true)), ("none", any(false))];
    words.into_iter().filter(|word| word.1).map(|word| SupportedResource::plain(word.0)).collect()
}

/// Categories that at least one suitable type takes, with their sizes.
fn disks<'a>(
    inventory: &Inventory,
    params: &Params,
    zone: &Zone,
    categories: impl Iterator<Item = &'a str>,
    sizes: fn(&str) -> Option<(u32, u32)>,
) -> Vec<SupportedResource> {
    let taken = |word: &&str| {
        suitable_types(inventory, params, zone)
            .filter_map(|one| inventory.family(&one.family))
            .any(|family| family.takes_category(word))
    };
    let disk = |word: &str| {
        let range = sizes(word);
        SupportedResource {
            min: range.map(|range| range.0),
            max: range.map(|range| range.1),
            unit: Some("GiB"),
            ..SupportedResource::plain(word)
        }
    };
    categories.filter(taken).map(disk).collect()
}

fn kind(destination: Destination) -> &'static str {
    match destination {
        Destination::Zone => "Zone",
        Destination::IoOptimized => "IoOptimized",
        Destination::InstanceType => "InstanceType",
        Destination::Network => "Network",
        Destination::DedicatedHost => "ddh",
        Destination::SystemDisk => "SystemDisk",
        Destination::DataDisk => "DataDisk",
    }
}

impl SupportedResource {
    fn plain(value: &str) -> SupportedResource {
        SupportedResource {
            value: value.to_owned(),
            status: AVAILABLE,
            status_category: WITH_STOCK,
            min: None,
            max: None,
            unit: None,
        }
    }
}
