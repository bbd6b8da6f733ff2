//! `CreateVSwitch`: give a part of a VPC's addresses to a zone.

use domain::{NetworkStatus, UnknownFields, VSwitch, VSwitchId, Vpc, VpcId};
use ipnet::Ipv4Net;

use super::making::making;
use super::resource::VSWITCH;
use crate::actions::cidr;
use crate::actions::network_lookups::vswitches_of;
use crate::actions::paging::new_plain_tags;
use crate::actions::prelude::*;
use crate::catalog::{PlainTag, Unlinked};
use crate::store::{EntityReads, EntityWrites};

/// Makes a vSwitch.
pub(crate) struct CreateVSwitch;

params!(
    /// Parameters of CreateVSwitch.
    pub(crate) struct Params {
        /// The VPC. It must be Available.
        #[fits = ["Available"]]
        vpc_id: VpcId,
        /// The zone.
        zone_id: ZoneId,
        /// Its addresses: a part of those of the VPC that no other vSwitch has, with a mask of 16
        /// to 29 bits.
        #[example = "192.168.1.0/24"]
        cidr_block: Text<1, 64>,
        /// Display name.
        #[malformed = VSWITCH_NAME_MALFORMED]
        v_switch_name: Option<Unlinked<1, 128>>,
        /// Free text.
        #[malformed = VSWITCH_DESCRIPTION_MALFORMED]
        description: Option<Unlinked<1, 256>>,
        /// The region of the VPC.
        region_id: Option<RegionId>,
        /// Tags, up to 20.
        tag: Groups<PlainTag>,
        /// A mask for addresses that the service chooses. CidrBlock says them all the same.
        #[example = "24"]
        cidr_mask: Ignored<Option<Integer<16, 29>>>,
        /// The last bits of an IPv6 range. There are none here, so it is refused.
        ipv6_cidr_block: Option<Integer<0, 255>>,
        /// The mask of the IPv6 range.
        ipv6_cidr_mask: Ignored<Option<Integer<0, 128>>>,
        /// The IPv6 range of the VPC.
        vpc_ipv6_cidr_block: Ignored<Option<Text<0, 64>>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

reply!(
    /// Reply of CreateVSwitch.
    pub(crate) struct Reply {
        /// The new vSwitch.
        v_switch_id: String,
    }
);

/// The VPC with its other vSwitches, and the wanted range, which lies in the VPC.
pub(crate) struct Facts {
    vpc: Vpc,
    others: Vec<VSwitch>,
    range: Ipv4Net,
    tags: Vec<Tag>,
    wants_ipv6: bool,
}

impl Facts {
    fn is_free(&self) -> bool {
        self.others.iter().all(|other| !cidr::texts_overlap(&other.cidr_block, &self.range))
    }
}

/// Pending, Available.
static TRANSITION: Transition = Transition {
    resource: &VSWITCH,
    begins: &[Edge::into("Pending", "CreateVSwitch")],
    ends: &[Edge::between("Pending", "Available", "made")],
    settles: None,
};

impl Action for CreateVSwitch {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateVSwitch";
    const SUMMARY: &'static str = "Makes a vSwitch: a part of a VPC in one zone.";
    const DETAILS: &'static str = "\
Instances that are launched with its id get the addresses of the vSwitch. Its first address and its last \
three are the service's own.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &VPC_NOT_FOUND,
        &ZONE_NOT_FOUND,
        &VSWITCH_RANGE_NOT_VALID,
        &VSWITCH_OUTSIDE_VPC,
        &TAG_COUNT,
        &TAG_MISMATCH,
        &TAG_DUPLICATE,
    ];
    const TOKEN_MISMATCH: &'static ErrorCode = &VSWITCH_TOKEN_MISMATCH;

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the VPC is Available",                        |f| f.vpc.is_available(), &VPC_STATUS),
        must("no IPv6 addresses are asked for",             |f| !f.wants_ipv6, &VSWITCH_IPV6_NOT_HERE),
        must("the mask has 16 to 29 bits",                  |f| cidr::has_vswitch_length(&f.range), &VSWITCH_MASK),
        must("no other vSwitch of the VPC has an address of it", |f| f.is_free(), &VSWITCH_OVERLAPS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = super::region(call, &params.region_id)?;
        let found = call.find(tx, &params.vpc_id)?;
        let vpc: Vpc =
            found.filter(|vpc| super::is_in(region, &vpc.region)).ok_or(&VPC_NOT_FOUND)?;
        let zone = call.environment.inventory.zone(&params.zone_id.0);
        zone.filter(|zone| zone.region_id == vpc.region).ok_or(&ZONE_NOT_FOUND)?;
        let range = cidr::strict(&params.cidr_block.0).ok_or(&VSWITCH_RANGE_NOT_VALID)?;
        if !cidr::lies_in(&range, &vpc.cidr_block) {
            return Err(Refusal::about(&VSWITCH_OUTSIDE_VPC, &params.cidr_block.0).into());
        }
        Ok(Facts {
            others: vswitches_of(tx, call, &vpc)?,
            tags: new_plain_tags(&params.tag.0)?,
            wants_ipv6: params.ipv6_cidr_block.is_some(),
            range,
            vpc,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let Facts { vpc, tags, range, .. } = facts;
        let id: VSwitchId = call.new_id(&vpc.region);
        let vswitch = VSwitch {
            account: vpc.account,
            region: vpc.region,
            zone: params.zone_id.0.clone(),
            vpc: vpc.id,
            cidr_block: range.to_string(),
            status: NetworkStatus::Pending,
            name: params.v_switch_name.as_ref().map(|name| name.0.clone()).unwrap_or_default(),
            description: params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            tags,
            resource_group: vpc.resource_group,
            created_at: call.now,
            unknown: UnknownFields::default(),
            id: id.clone(),
        };
        let reply = Reply { v_switch_id: id.to_string() };
        Effect::reply(reply).save(vswitch).start(MakingVSwitch { vswitch: id })
    }
}

making!(
    /// Makes a vSwitch; then it is Available.
    MakingVSwitch { vswitch: VSwitchId }, "vswitch.create"
);
