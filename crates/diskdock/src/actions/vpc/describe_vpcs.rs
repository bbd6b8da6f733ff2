//! `DescribeVpcs`: list VPCs.

use domain::{Vpc, VpcId};

use super::view::VpcItem;
use crate::actions::network_lookups::vswitches_of;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::{CommaList, PlainTagFilter};
use crate::store::{EntityReads, Filter};

/// Ids in a request, at most.
const IDS_AT_MOST: usize = 20;

/// Lists VPCs that match all given filters.
pub(crate) struct DescribeVpcs;

params!(
    /// Parameters of DescribeVpcs.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Only these VPCs, up to 20.
        vpc_id: Option<CommaList<VpcId>>,
        /// Only VPCs of this name.
        vpc_name: Option<Text<1, 128>>,
        /// Only default VPCs, or only others. None is the default one here.
        is_default: Option<bool>,
        /// Only VPCs with IPv6 addresses, or only without. None has any here.
        enable_ipv6: Option<bool>,
        /// Only VPCs with these DHCP options. None has any here.
        dhcp_options_set_id: Option<Text<1, 64>>,
        /// Only VPCs of this account.
        vpc_owner_id: Option<Integer<0, 9_223_372_036_854_775_807>>,
        /// Only VPCs of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only VPCs with all these tags.
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
    /// Reply of DescribeVpcs.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many VPCs match.
        total_count: u64,
        /// The VPCs.
        vpcs: VpcPage,
    }
);

reply!(
    /// The VPCs of a page.
    pub(crate) struct VpcPage {
        /// The entries.
        vpc: Vec<VpcItem>,
    }
);

impl Query for DescribeVpcs {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeVpcs";
    const SUMMARY: &'static str = "Lists VPCs that match all given filters, newest first.";
    const SDK: &'static [SdkParam] = &[SdkParam::long("VpcOwnerId")];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &VPC_IDS_EXCEEDED, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.list(&filter(call, params)?, &paging.page)?;
        let mut items = Vec::with_capacity(found.entries.len());
        for vpc in &found.entries {
            let inside = vswitches_of(tx, call, vpc)?;
            items
                .push(VpcItem::of(vpc, inside.into_iter().map(|one| one.id.to_string()).collect()));
        }
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            vpcs: VpcPage { vpc: items },
        })
    }
}

fn filter(call: &Call<'_>, params: &Params) -> Result<Filter<Vpc>, ActionError> {
    let mut filter = Filter::all(call.caller.account.clone(), &params.region_id.0);
    if let Some(CommaList(ids)) = &params.vpc_id {
        if ids.len() > IDS_AT_MOST {
            return Err((&VPC_IDS_EXCEEDED).into());
        }
        filter.ids = Some(ids.clone());
    }
    if let Some(Text(name)) = &params.vpc_name {
        filter.terms.push(("name", name.clone()));
    }
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    filter.tags = paging::plain_tags(&params.tag.0)?;
    let owner = super::view::owner(call.caller.account.as_str());
    let is_of_another = params.vpc_owner_id.is_some_and(|asked| asked.0 != owner);
    let is_special = params.is_default == Some(true) || params.enable_ipv6 == Some(true);
    if is_of_another || is_special || params.dhcp_options_set_id.is_some() {
        filter.ids = Some(Vec::new());
    }
    Ok(filter)
}
