//! `CreateVpc`: make a network of its own.

use domain::limits::VPCS_PER_REGION;
use domain::{NetworkStatus, UnknownFields, Vpc, VpcId};

use super::making::making;
use super::resource::VPC;
use super::view::{route_table_id, router_id};
use crate::actions::cidr;
use crate::actions::paging::new_plain_tags;
use crate::actions::prelude::*;
use crate::catalog::{CommaList, PlainTag, Unlinked};
use crate::store::{EntityReads, EntityWrites, Filter};

/// The addresses of a VPC that is asked for none (documentation of CreateVpc).
const DEFAULT_RANGE: &str = "172.16.0.0/12";
/// User ranges of a VPC, at most.
const USER_RANGES: usize = 3;

/// Makes a VPC.
pub(crate) struct CreateVpc;

params!(
    /// Parameters of CreateVpc.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Its addresses, with a mask of 8 to 28 bits; 172.16.0.0/12 if left out.
        #[malformed = VPC_RANGE_NOT_VALID]
        #[example = "192.168.0.0/16"]
        cidr_block: Option<Text<1, 64>>,
        /// Display name.
        #[malformed = VPC_NAME_MALFORMED]
        vpc_name: Option<Unlinked<1, 128>>,
        /// Free text.
        #[malformed = VPC_DESCRIPTION_MALFORMED]
        description: Option<Unlinked<1, 256>>,
        /// The resource group to show.
        resource_group_id: Option<Text<1, 64>>,
        /// Further ranges that you use, up to three. They are shown; nothing depends on them.
        #[malformed = USER_RANGE_NOT_VALID]
        #[example = "203.0.113.0/24"]
        user_cidr: Option<CommaList<Text<1, 64>>>,
        /// Tags, up to 20.
        tag: Groups<PlainTag>,
        /// IPv6 addresses. There are none here, so true is refused.
        enable_ipv6: Option<bool>,
        /// An IPv6 range. There are none here.
        ipv6_cidr_block: Ignored<Option<Text<0, 64>>>,
        /// The carrier of the IPv6 range.
        ipv6_isp: Ignored<Option<Text<0, 64>>>,
        /// The mask of a range out of a pool. There are no pools, so it is refused.
        ipv4_cidr_mask: Option<Integer<0, 32>>,
        /// A pool of addresses. There are none here, so it is refused.
        ipv4_ipam_pool_id: Option<Text<1, 64>>,
        /// The mask of an IPv6 range out of a pool.
        ipv6_cidr_mask: Ignored<Option<Integer<0, 128>>>,
        /// A pool of IPv6 addresses.
        ipv6_ipam_pool_id: Ignored<Option<Text<0, 64>>>,
        /// Names in a DNS for instances. There are none here.
        enable_dns_hostname: Ignored<Option<bool>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

reply!(
    /// Reply of CreateVpc.
    pub(crate) struct Reply {
        /// The new VPC.
        vpc_id: String,
        /// Its router.
        v_router_id: String,
        /// Its route table.
        route_table_id: String,
        /// The resource group.
        resource_group_id: String,
    }
);

/// The wanted ranges, and how many VPCs there are.
pub(crate) struct Facts {
    params: Params,
    tags: Vec<Tag>,
    vpcs: u64,
}

impl Facts {
    fn range(&self) -> &str {
        self.params.cidr_block.as_ref().map_or(DEFAULT_RANGE, |range| &range.0)
    }

    fn user_ranges(&self) -> &[Text<1, 64>] {
        self.params.user_cidr.as_ref().map_or(&[], |ranges| &ranges.0)
    }

    fn all_user_ranges(&self, holds: impl Fn(ipnet::Ipv4Net) -> bool) -> bool {
        self.user_ranges().iter().all(|range| cidr::strict(&range.0).is_some_and(&holds))
    }

    fn wants_pool(&self) -> bool {
        self.params.ipv4_cidr_mask.is_some() || self.params.ipv4_ipam_pool_id.is_some()
    }
}

/// Pending, Available.
static TRANSITION: Transition = Transition {
    resource: &VPC,
    begins: &[Edge::into("Pending", "CreateVpc")],
    ends: &[Edge::between("Pending", "Available", "made")],
    settles: None,
};

impl Action for CreateVpc {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateVpc";
    const SUMMARY: &'static str = "Makes a VPC, with a router and a route table.";
    const DETAILS: &'static str = "\
A VPC is kept, checked and shown; no packet runs through it. It is Pending at first: vSwitches can be \
made in it when DescribeVpcAttribute shows it as Available.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH, &TAG_DUPLICATE];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the addresses are not to come from a pool",      |f| !f.wants_pool(), &ADDRESS_POOLS_NOT_HERE),
        must("EnableIpv6 is not true",                         |f| f.params.enable_ipv6 != Some(true), &IPV6_NOT_HERE),
        must("the range is one that a VPC may have",           |f| cidr::of_vpc(f.range()).is_some(), &VPC_RANGE_NOT_VALID),
        must("at most three user ranges are named",            |f| f.user_ranges().len() <= USER_RANGES, &USER_RANGES_EXCEEDED),
        must("the user ranges are ranges",                     |f| f.all_user_ranges(|_| true), &USER_RANGE_NOT_VALID),
        must("no user range overlaps 100.64.0.0/10",           |f| f.all_user_ranges(|r| !cidr::overlaps_shared(&r)), &USER_RANGE_OVERLAPS),
        must("the account has fewer than ten VPCs in the region", |f| f.vpcs < VPCS_PER_REGION, &VPC_QUOTA),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let all = Filter::<Vpc>::all(call.caller.account.clone(), &region.id);
        Ok(Facts {
            params: params.clone(),
            tags: new_plain_tags(&params.tag.0)?,
            vpcs: tx.count(&all)?,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let id: VpcId = call.new_id(&params.region_id.0);
        let group = params.resource_group_id.as_ref().map(|group| group.0.clone());
        let vpc = Vpc {
            account: call.caller.account.clone(),
            region: params.region_id.0.clone(),
            cidr_block: facts.range().to_owned(),
            user_cidrs: facts.user_ranges().iter().map(|range| range.0.clone()).collect(),
            status: NetworkStatus::Pending,
            name: params.vpc_name.as_ref().map(|name| name.0.clone()).unwrap_or_default(),
            description: params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            tags: facts.tags,
            resource_group: group.unwrap_or_default(),
            created_at: call.now,
            unknown: UnknownFields::default(),
            id: id.clone(),
        };
        let reply = Reply {
            vpc_id: id.to_string(),
            v_router_id: router_id(id.as_str()),
            route_table_id: route_table_id(id.as_str()),
            resource_group_id: vpc.resource_group.clone(),
        };
        Effect::reply(reply).save(vpc).start(MakingVpc { vpc: id })
    }
}

making!(
    /// Makes a VPC; then it is Available.
    MakingVpc { vpc: VpcId }, "vpc.create"
);
