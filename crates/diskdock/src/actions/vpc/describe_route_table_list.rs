//! `DescribeRouteTableList`: the route table that every VPC has from the start.

use domain::{Vpc, VpcId};

use super::view::{NetworkTags, VSwitchIds, owner, route_table_id, router_id};
use crate::actions::network_lookups::vswitches_of;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::PlainTagFilter;
use crate::catalog::times::with_seconds;
use crate::store::{EntityReads, Filter};

/// Lists route tables: one for each VPC.
pub(crate) struct DescribeRouteTableList;

params!(
    /// Parameters of DescribeRouteTableList.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Only tables of this VPC.
        vpc_id: Option<VpcId>,
        /// Only this table.
        route_table_id: Option<Text<1, 64>>,
        /// Only tables of this name. None has one here.
        route_table_name: Option<Text<1, 128>>,
        /// Only tables of this type. All are `System` here.
        route_table_type: Option<RouteTableType>,
        /// Only tables of this router.
        router_id: Option<Text<1, 64>>,
        /// Only tables of this kind of router. All are of a `VRouter` here.
        router_type: Option<RouterType>,
        /// Only tables of VPCs in this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only tables with all these tags. None has any here.
        tag: Groups<PlainTagFilter>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 50>>,
    }
);

choice!(
    /// Types of route table.
    pub(crate) enum RouteTableType {
        System = "System",
        Custom = "Custom",
    }
);

choice!(
    /// Kinds of router.
    pub(crate) enum RouterType {
        VRouter = "VRouter",
        BorderRouter = "VBR",
    }
);

reply!(
    /// Reply of DescribeRouteTableList.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many tables match.
        total_count: u64,
        /// The tables.
        router_table_list: RouterTables,
    }
);

reply!(
    /// The tables of a page.
    pub(crate) struct RouterTables {
        /// The entries.
        router_table_list_type: Vec<RouterTable>,
    }
);

reply!(
    /// A route table.
    pub(crate) struct RouterTable {
        /// Its id.
        route_table_id: String,
        /// Its name.
        route_table_name: &'static str,
        /// `System`.
        route_table_type: &'static str,
        /// Free text.
        description: &'static str,
        /// Its VPC.
        vpc_id: String,
        /// Its router.
        router_id: String,
        /// `VRouter`.
        router_type: &'static str,
        /// `VSwitch`: it routes for vSwitches.
        associate_type: &'static str,
        /// The vSwitches that use it.
        v_switch_ids: VSwitchIds,
        /// Gateways that use it. There are none here.
        gateway_ids: GatewayIds,
        /// Whether routes of other networks are taken.
        route_propagation_enable: bool,
        /// `Pending` or `Available`, as its VPC is.
        status: &'static str,
        /// When it was created.
        creation_time: String,
        /// The account.
        owner_id: i64,
        /// The resource group.
        resource_group_id: String,
        /// Its tags.
        tags: NetworkTags,
    }
);

reply!(
    /// Gateways.
    pub(crate) struct GatewayIds {
        /// One id each.
        gateway_ids: Vec<String>,
    }
);

impl Query for DescribeRouteTableList {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeRouteTableList";
    const SUMMARY: &'static str = "Lists route tables: the one that each VPC has from the start.";
    const ABOUT: About = About::Other("routetable/*");
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.list(&filter(call, params)?, &paging.page)?;
        let mut tables = Vec::with_capacity(found.entries.len());
        for vpc in found.entries {
            let inside = vswitches_of(tx, call, &vpc)?;
            tables.push(table(vpc, inside.into_iter().map(|one| one.id.to_string()).collect()));
        }
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            router_table_list: RouterTables { router_table_list_type: tables },
        })
    }
}

/// The VPCs whose table is wanted.
fn filter(call: &Call<'_>, params: &Params) -> Result<Filter<Vpc>, ActionError> {
    let mut filter = Filter::all(call.caller.account.clone(), &params.region_id.0);
    filter.ids = params.vpc_id.clone().map(|id| vec![id]);
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    if let Some(Text(table)) = params.route_table_id.clone() {
        filter.also.push(Box::new(move |vpc: &Vpc| route_table_id(vpc.id.as_str()) == table));
    }
    if let Some(Text(router)) = params.router_id.clone() {
        filter.also.push(Box::new(move |vpc: &Vpc| router_id(vpc.id.as_str()) == router));
    }
    let is_tagged = !paging::plain_tags(&params.tag.0)?.is_empty();
    let is_custom = params.route_table_type == Some(RouteTableType::Custom);
    let is_elsewhere = params.router_type == Some(RouterType::BorderRouter);
    if is_tagged || is_custom || is_elsewhere || params.route_table_name.is_some() {
        filter.ids = Some(Vec::new());
    }
    Ok(filter)
}

fn table(vpc: Vpc, inside: Vec<String>) -> RouterTable {
    let id = vpc.id.as_str();
    RouterTable {
        route_table_id: route_table_id(id),
        route_table_name: "",
        route_table_type: "System",
        description: "",
        router_id: router_id(id),
        router_type: "VRouter",
        associate_type: "VSwitch",
        v_switch_ids: VSwitchIds { v_switch_id: inside },
        gateway_ids: GatewayIds { gateway_ids: Vec::new() },
        route_propagation_enable: true,
        status: vpc.status.as_str(),
        creation_time: with_seconds(vpc.created_at),
        owner_id: owner(vpc.account.as_str()),
        vpc_id: vpc.id.to_string(),
        resource_group_id: vpc.resource_group,
        tags: NetworkTags::of(&[]),
    }
}
