//! `DescribeRegions`: list regions.

use super::language::DisplayLanguage;
use crate::actions::prelude::*;

/// Lists regions.
pub(crate) struct DescribeRegions;

params!(
    /// Parameters of DescribeRegions.
    pub(crate) struct Params {
        /// The language of LocalName: `zh-CN` and `zh-TW` give Chinese, all others English.
        #[malformed = ACCEPT_LANGUAGE_UNKNOWN]
        accept_language: Option<DisplayLanguage>,
        /// How an instance would be paid for. Every region takes every way.
        #[malformed = CHARGE_TYPE_FOR_REGIONS]
        instance_charge_type: Ignored<Option<AnyChargeType>>,
        /// The kind of resource to buy. Every region sells all kinds.
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: Ignored<Option<RegionResourceType>>,
    }
);

choice!(
    /// Ways to pay, spot instances included.
    pub(crate) enum AnyChargeType {
        PostPaid = "PostPaid",
        PrePaid = "PrePaid",
        SpotWithPriceLimit = "SpotWithPriceLimit",
        SpotAsPriceGo = "SpotAsPriceGo",
    }
);

choice!(
    /// Kinds of resource that a region sells.
    pub(crate) enum RegionResourceType {
        Instance = "instance",
        Disk = "disk",
        ReservedInstance = "reservedinstance",
        StorageCapacityUnit = "scu",
    }
);

reply!(
    /// Reply of DescribeRegions.
    pub(crate) struct Reply {
        /// The regions.
        regions: Regions,
    }
);

reply!(
    /// All regions.
    pub(crate) struct Regions {
        /// One region each.
        region: Vec<RegionItem>,
    }
);

reply!(
    /// One region.
    pub(crate) struct RegionItem {
        /// The region's id.
        region_id: String,
        /// Its name for people.
        local_name: String,
        /// The vendor's host name for it. Clients that look an endpoint up in this list leave
        /// this server; give them the endpoint instead.
        region_endpoint: String,
        /// `available`: resources can be had there.
        status: &'static str,
    }
);

impl Query for DescribeRegions {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeRegions";
    const SUMMARY: &'static str = "Lists regions.";
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let item = |region: &domain::inventory::Region| RegionItem {
            region_id: region.id.clone(),
            local_name: DisplayLanguage::pick(
                params.accept_language,
                &region.local_name,
                &region.local_name_en,
            ),
            region_endpoint: region.endpoint.clone(),
            status: "available",
        };
        let region = call.environment.inventory.regions().iter().map(item).collect();
        Ok(Reply { regions: Regions { region } })
    }
}
