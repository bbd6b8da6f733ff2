//! `DescribeVpcAttribute`: one VPC in detail.

use domain::{SecurityGroup, Vpc, VpcId};

use super::view::{
    Ipv6CidrBlocks, NetworkTags, SecondaryCidrBlocks, UserCidrs, VSwitchIds, VpcItem,
};
use crate::actions::network_lookups::{count, vswitches_of};
use crate::actions::prelude::*;

/// Shows one VPC in detail.
pub(crate) struct DescribeVpcAttribute;

params!(
    /// Parameters of DescribeVpcAttribute.
    pub(crate) struct Params {
        /// The VPC.
        vpc_id: VpcId,
        /// The region of the VPC.
        region_id: RegionId,
        /// Whether it is the default one.
        is_default: Ignored<Option<bool>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

reply!(
    /// Reply of DescribeVpcAttribute.
    pub(crate) struct Reply {
        /// Its id.
        vpc_id: String,
        /// The region.
        region_id: String,
        /// `Pending` or `Available`.
        status: &'static str,
        /// Display name.
        vpc_name: String,
        /// Free text.
        description: String,
        /// Its addresses.
        cidr_block: String,
        /// Further ranges. There are none here.
        secondary_cidr_blocks: SecondaryCidrBlocks,
        /// Further ranges that its owner uses.
        user_cidrs: UserCidrs,
        /// Whether it has IPv6 addresses: never here.
        enabled_ipv6: bool,
        /// Its IPv6 addresses.
        ipv6_cidr_block: &'static str,
        /// All its IPv6 addresses.
        ipv6_cidr_blocks: Ipv6CidrBlocks,
        /// When it was created.
        creation_time: String,
        /// The account.
        owner_id: i64,
        /// Whether it is the default VPC: never here.
        is_default: bool,
        /// The resource group.
        resource_group_id: String,
        /// Its router.
        v_router_id: String,
        /// Its vSwitches.
        v_switch_ids: VSwitchIds,
        /// How many things of other kinds are in it.
        cloud_resources: CloudResources,
        /// Networks of networks that it is in. There are none here.
        associated_cens: AssociatedCens,
        /// Where its routes come from. There is nothing here.
        associated_propagation_sources: PropagationSources,
        /// Whether it is linked with the classic network: never here.
        classic_link_enabled: bool,
        /// Its gateway. There is none here.
        ipv4_gateway_id: &'static str,
        /// Whether it can have a gateway.
        support_ipv4_gateway: bool,
        /// Its DHCP options. There are none here.
        dhcp_options_set_id: &'static str,
        /// Their status.
        dhcp_options_set_status: &'static str,
        /// Whether instances have names in a DNS.
        dns_hostname_status: &'static str,
        /// Its tags.
        tags: NetworkTags,
    }
);

reply!(
    /// Counts of the things in a VPC.
    pub(crate) struct CloudResources {
        /// One kind each.
        cloud_resource_set_type: Vec<ResourceCount>,
    }
);

reply!(
    /// A count of things of one kind.
    pub(crate) struct ResourceCount {
        /// The kind.
        resource_type: &'static str,
        /// How many.
        resource_count: u64,
    }
);

reply!(
    /// Networks of networks.
    pub(crate) struct AssociatedCens {
        /// The entries.
        associated_cen: Vec<AssociatedCen>,
    }
);

reply!(
    /// A network of networks.
    pub(crate) struct AssociatedCen {
        /// Its id.
        cen_id: String,
        /// Its owner.
        cen_owner_id: i64,
        /// Its status.
        cen_status: String,
    }
);

reply!(
    /// Sources of routes.
    pub(crate) struct PropagationSources {
        /// The entries.
        associated_propagation_sources: Vec<PropagationSource>,
    }
);

reply!(
    /// A source of routes.
    pub(crate) struct PropagationSource {
        /// Whether its routes are taken.
        route_propagated: bool,
        /// Its id.
        source_instance_id: String,
        /// Its owner.
        source_owner_id: i64,
        /// Its kind.
        source_type: String,
        /// Its status.
        status: String,
    }
);

impl Query for DescribeVpcAttribute {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeVpcAttribute";
    const SUMMARY: &'static str = "Shows one VPC in detail.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &VPC_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let found = call.find(tx, &params.vpc_id)?;
        let vpc: Vpc = found.filter(|vpc| vpc.region == *region).ok_or(&VPC_NOT_FOUND)?;
        let inside: Vec<String> =
            vswitches_of(tx, call, &vpc)?.into_iter().map(|one| one.id.to_string()).collect();
        let groups = count::<SecurityGroup>(tx, call, region, ("vpc", vpc.id.as_str()))?;
        Ok(reply(&vpc, inside, groups))
    }
}

fn reply(vpc: &Vpc, inside: Vec<String>, groups: u64) -> Reply {
    let of_kind = |resource_type, resource_count| ResourceCount { resource_type, resource_count };
    let counts = [
        of_kind("VRouter", 1),
        of_kind("RouteTable", 1),
        of_kind("VSwitch", inside.len() as u64),
        of_kind("SecurityGroup", groups),
    ];
    let item = VpcItem::of(vpc, inside);
    Reply {
        vpc_id: item.vpc_id,
        region_id: item.region_id,
        status: item.status,
        vpc_name: item.vpc_name,
        description: item.description,
        cidr_block: item.cidr_block,
        secondary_cidr_blocks: item.secondary_cidr_blocks,
        user_cidrs: item.user_cidrs,
        enabled_ipv6: item.enabled_ipv6,
        ipv6_cidr_block: item.ipv6_cidr_block,
        ipv6_cidr_blocks: item.ipv6_cidr_blocks,
        creation_time: item.creation_time,
        owner_id: item.owner_id,
        is_default: item.is_default,
        resource_group_id: item.resource_group_id,
        v_router_id: item.v_router_id,
        v_switch_ids: item.v_switch_ids,
        cloud_resources: CloudResources {
            cloud_resource_set_type: counts.into_iter().filter(|c| c.resource_count > 0).collect(),
        },
        associated_cens: AssociatedCens { associated_cen: Vec::new() },
        associated_propagation_sources: PropagationSources {
            associated_propagation_sources: Vec::new(),
        },
        classic_link_enabled: false,
        ipv4_gateway_id: "",
        support_ipv4_gateway: false,
        dhcp_options_set_id: item.dhcp_options_set_id,
        dhcp_options_set_status: item.dhcp_options_set_status,
        dns_hostname_status: item.dns_hostname_status,
        tags: item.tags,
    }
}
