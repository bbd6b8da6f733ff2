//! A VPC and a vSwitch as clients see them, and what belongs to them from the start.

use domain::{Tag, VSwitch, Vpc};

use crate::actions::derived;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// The router that a VPC has from the start.
pub(super) fn router_id(vpc: &str) -> String {
    derived::id("vrt-", hint(vpc), &[vpc])
}

/// The route table of the system that a VPC has from the start.
pub(super) fn route_table_id(vpc: &str) -> String {
    derived::id("vtb-", hint(vpc), &[vpc])
}

/// The characters of an id that hint at its region.
fn hint(id: &str) -> &str {
    let (_, bare) = id.split_once('-').unwrap_or(("", id));
    bare.get(..3).unwrap_or_default()
}

/// The account as the number that it is on the real cloud.
pub(super) fn owner(account: &str) -> i64 {
    account.parse().unwrap_or(0)
}

reply!(
    /// Tags of a network.
    pub(crate) struct NetworkTags {
        /// One for each key.
        tag: Vec<NetworkTag>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct NetworkTag {
        /// The key.
        key: String,
        /// The value.
        value: String,
    }
);

impl NetworkTags {
    /// These tags.
    pub(super) fn of(tags: &[Tag]) -> NetworkTags {
        let tag = |tag: &Tag| NetworkTag { key: tag.key.clone(), value: tag.value.clone() };
        NetworkTags { tag: tags.iter().map(tag).collect() }
    }
}

reply!(
    /// The vSwitches of a VPC.
    pub(crate) struct VSwitchIds {
        /// One id each.
        v_switch_id: Vec<String>,
    }
);

reply!(
    /// Further ranges that the owner of a VPC uses.
    pub(crate) struct UserCidrs {
        /// The entries.
        user_cidr: Vec<String>,
    }
);

reply!(
    /// Further ranges of a VPC. There are none here.
    pub(crate) struct SecondaryCidrBlocks {
        /// The entries.
        secondary_cidr_block: Vec<String>,
    }
);

reply!(
    /// IPv6 ranges. There are none here.
    pub(crate) struct Ipv6CidrBlocks {
        /// The entries.
        ipv6_cidr_block: Vec<Ipv6CidrBlock>,
    }
);

reply!(
    /// An IPv6 range.
    pub(crate) struct Ipv6CidrBlock {
        /// The range.
        ipv6_cidr_block: String,
        /// Its carrier.
        ipv6_isp: String,
    }
);

reply!(
    /// Route tables of a VPC.
    pub(crate) struct RouterTableIds {
        /// One id each.
        router_table_ids: Vec<String>,
    }
);

reply!(
    /// NAT gateways of a VPC. There are none here.
    pub(crate) struct NatGatewayIds {
        /// One id each.
        nat_gateway_ids: Vec<String>,
    }
);

reply!(
    /// One VPC in a list.
    pub(crate) struct VpcItem {
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
        /// Its route tables.
        router_table_ids: RouterTableIds,
        /// Its vSwitches.
        v_switch_ids: VSwitchIds,
        /// Its NAT gateways.
        nat_gateway_ids: NatGatewayIds,
        /// Its DHCP options. There are none here.
        dhcp_options_set_id: &'static str,
        /// Their status.
        dhcp_options_set_status: &'static str,
        /// Whether instances have names in a DNS.
        dns_hostname_status: &'static str,
        /// Whether it is in a network of networks; only if it is.
        cen_status: Option<String>,
        /// Its tags.
        tags: NetworkTags,
    }
);

impl VpcItem {
    /// The item of a VPC with these vSwitches.
    pub(super) fn of(vpc: &Vpc, v_switches: Vec<String>) -> VpcItem {
        let id = vpc.id.as_str();
        VpcItem {
            vpc_id: id.to_owned(),
            region_id: vpc.region.clone(),
            status: vpc.status.as_str(),
            vpc_name: vpc.name.clone(),
            description: vpc.description.clone(),
            cidr_block: vpc.cidr_block.clone(),
            secondary_cidr_blocks: SecondaryCidrBlocks { secondary_cidr_block: Vec::new() },
            user_cidrs: UserCidrs { user_cidr: vpc.user_cidrs.clone() },
            enabled_ipv6: false,
            ipv6_cidr_block: "",
            ipv6_cidr_blocks: Ipv6CidrBlocks { ipv6_cidr_block: Vec::new() },
            creation_time: with_seconds(vpc.created_at),
            owner_id: owner(vpc.account.as_str()),
            is_default: false,
            resource_group_id: vpc.resource_group.clone(),
            v_router_id: router_id(id),
            router_table_ids: RouterTableIds { router_table_ids: vec![route_table_id(id)] },
            v_switch_ids: VSwitchIds { v_switch_id: v_switches },
            nat_gateway_ids: NatGatewayIds { nat_gateway_ids: Vec::new() },
            dhcp_options_set_id: "",
            dhcp_options_set_status: "",
            dns_hostname_status: "DISABLED",
            cen_status: None,
            tags: NetworkTags::of(&vpc.tags),
        }
    }
}

reply!(
    /// The route table of a vSwitch.
    pub(crate) struct RouteTable {
        /// Its id.
        route_table_id: String,
        /// `System`.
        route_table_type: &'static str,
    }
);

reply!(
    /// One vSwitch.
    pub(crate) struct VSwitchItem {
        /// Its id.
        v_switch_id: String,
        /// Its VPC.
        vpc_id: String,
        /// The zone.
        zone_id: String,
        /// `Pending` or `Available`.
        status: &'static str,
        /// Display name.
        v_switch_name: String,
        /// Free text.
        description: String,
        /// Its addresses.
        cidr_block: String,
        /// How many of them are free.
        available_ip_address_count: i64,
        /// Whether it has IPv6 addresses: never here.
        enabled_ipv6: bool,
        /// Its IPv6 addresses.
        ipv6_cidr_block: &'static str,
        /// When it was created.
        creation_time: String,
        /// The account.
        owner_id: i64,
        /// Whether it is the default one of its zone: never here.
        is_default: bool,
        /// The resource group.
        resource_group_id: String,
        /// Its route table.
        route_table: RouteTable,
        /// Its access list. There is none here.
        network_acl_id: &'static str,
        /// Whether it is shared with other accounts; empty, since it is not.
        share_type: &'static str,
        /// Its tags.
        tags: NetworkTags,
    }
);

impl VSwitchItem {
    /// The item of a vSwitch with so many free addresses.
    pub(super) fn of(vswitch: &VSwitch, free: u32) -> VSwitchItem {
        VSwitchItem {
            v_switch_id: vswitch.id.to_string(),
            vpc_id: vswitch.vpc.to_string(),
            zone_id: vswitch.zone.clone(),
            status: vswitch.status.as_str(),
            v_switch_name: vswitch.name.clone(),
            description: vswitch.description.clone(),
            cidr_block: vswitch.cidr_block.clone(),
            available_ip_address_count: i64::from(free),
            enabled_ipv6: false,
            ipv6_cidr_block: "",
            creation_time: with_seconds(vswitch.created_at),
            owner_id: owner(vswitch.account.as_str()),
            is_default: false,
            resource_group_id: vswitch.resource_group.clone(),
            route_table: RouteTable {
                route_table_id: route_table_id(vswitch.vpc.as_str()),
                route_table_type: "System",
            },
            network_acl_id: "",
            share_type: "",
            tags: NetworkTags::of(&vswitch.tags),
        }
    }
}
