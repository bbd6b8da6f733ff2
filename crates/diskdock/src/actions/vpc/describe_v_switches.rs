//! `DescribeVSwitches`: list vSwitches.

use domain::{VSwitch, VSwitchId, Vpc, VpcId};

use super::view::{VSwitchItem, route_table_id};
use crate::actions::network_lookups::free_addresses;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::PlainTagFilter;
use crate::store::{EntityReads, Filter};

/// Lists vSwitches that match all given filters.
pub(crate) struct DescribeVSwitches;

params!(
    /// Parameters of DescribeVSwitches.
    pub(crate) struct Params {
        /// The region. This or `VpcId` is needed.
        region_id: Option<RegionId>,
        /// Only vSwitches of this VPC.
        vpc_id: Option<VpcId>,
        /// Only this vSwitch.
        v_switch_id: Option<VSwitchId>,
        /// Only vSwitches in this zone.
        zone_id: Option<ZoneId>,
        /// Only vSwitches of this name.
        v_switch_name: Option<Text<1, 128>>,
        /// Only default vSwitches, or only others. None is a default one here.
        is_default: Option<bool>,
        /// Only vSwitches with IPv6 addresses, or only without. None has any here.
        enable_ipv6: Option<bool>,
        /// Only vSwitches that use this route table.
        route_table_id: Option<Text<1, 64>>,
        /// Only vSwitches of this account.
        v_switch_owner_id: Option<Integer<0, 9_223_372_036_854_775_807>>,
        /// Only vSwitches of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only vSwitches with all these tags.
        tag: Groups<PlainTagFilter>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 50>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

reply!(
    /// Reply of DescribeVSwitches.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many vSwitches match.
        total_count: u64,
        /// The vSwitches.
        v_switches: VSwitchPage,
    }
);

reply!(
    /// The vSwitches of a page.
    pub(crate) struct VSwitchPage {
        /// The entries.
        v_switch: Vec<VSwitchItem>,
    }
);

impl Query for DescribeVSwitches {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeVSwitches";
    const SUMMARY: &'static str = "Lists vSwitches that match all given filters, newest first.";
    const SDK: &'static [SdkParam] = &[SdkParam::long("VSwitchOwnerId")];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &VSWITCH_PLACE_MISSING, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let paging = Paging::numbered(params.page_number, params.page_size);
        let filter = filter(tx, call, params)?;
        let found = tx.list(&filter, &paging.page)?;
        let mut items = Vec::with_capacity(found.entries.len());
        for vswitch in &found.entries {
            items.push(VSwitchItem::of(vswitch, free_addresses(tx, call, vswitch)?));
        }
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            v_switches: VSwitchPage { v_switch: items },
        })
    }
}

/// The region that is asked for, or that of the VPC; none if the VPC is not there.
fn region(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
) -> Result<Option<String>, ActionError> {
    if let Some(region) = super::region(call, &params.region_id)? {
        return Ok(Some(region.to_owned()));
    }
    let vpc = params.vpc_id.as_ref().ok_or(&VSWITCH_PLACE_MISSING)?;
    Ok(call.find(tx, vpc)?.map(|vpc: Vpc| vpc.region))
}

fn filter(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
) -> Result<Filter<VSwitch>, ActionError> {
    let region = region(tx, call, params)?;
    let is_nowhere = region.is_none();
    let mut filter =
        Filter::all(call.caller.account.clone(), region.as_deref().unwrap_or_default());
    filter.ids = params.v_switch_id.clone().map(|id| vec![id]);
    filter.terms.extend(params.vpc_id.as_ref().map(|vpc| ("vpc", vpc.to_string())));
    filter.terms.extend(params.v_switch_name.as_ref().map(|name| ("name", name.0.clone())));
    filter.columns.extend(params.zone_id.as_ref().map(|zone| ("zone", zone.0.clone())));
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    filter.tags = paging::plain_tags(&params.tag.0)?;
    if let Some(Text(table)) = params.route_table_id.clone() {
        filter
            .also
            .push(Box::new(move |vswitch: &VSwitch| route_table_id(vswitch.vpc.as_str()) == table));
    }
    let owner = super::view::owner(call.caller.account.as_str());
    let is_of_another = params.v_switch_owner_id.is_some_and(|asked| asked.0 != owner);
    let is_special = params.is_default == Some(true) || params.enable_ipv6 == Some(true);
    if is_nowhere || is_of_another || is_special {
        filter.ids = Some(Vec::new());
    }
    Ok(filter)
}
