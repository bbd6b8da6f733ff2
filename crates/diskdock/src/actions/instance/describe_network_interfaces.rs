//! `DescribeNetworkInterfaces`: the network interfaces of instances.

use serde::Serializer;

use super::interface_item::*;
use crate::actions::derived;
use crate::actions::paging::Paging;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;
use crate::catalog::{ReplyShape, ReplyValue};

/// Lists network interfaces that match all given filters.
pub(crate) struct DescribeNetworkInterfaces;

params!(
    /// Parameters of DescribeNetworkInterfaces.
    pub(crate) struct Params {
        /// The region of the interfaces.
        region_id: RegionId,
        /// Only the interfaces of this instance.
        instance_id: Option<InstanceId>,
        /// Only these interfaces.
        network_interface_id: Each<Text<1, 64>>,
        /// Only interfaces of this name. None has one here.
        network_interface_name: Option<Text<1, 128>>,
        /// Only `Primary` or `Secondary` interfaces. All are primary here.
        #[wire = "Type"]
        kind: Option<InterfaceType>,
        /// Only interfaces in this status. All are `InUse` here.
        status: Option<InterfaceStatus>,
        /// Only interfaces in this VPC.
        #[offers = "vpc"]
        vpc_id: Option<Text<1, 64>>,
        /// Only interfaces in this vSwitch.
        #[wire = "VSwitchId"]
        #[offers = "vswitch"]
        v_switch_id: Option<Text<1, 64>>,
        /// Only secondary interfaces in this security group. There are none here; DescribeInstances
        /// finds instances by their groups.
        #[offers = "security group"]
        security_group_id: Option<Text<1, 64>>,
        /// Only the interface with this primary private address.
        primary_ip_address: Option<Text<1, 64>>,
        /// Only interfaces with one of these private addresses.
        private_ip_address: Each<Text<1, 64>>,
        /// Only interfaces with one of these IPv6 addresses. There are none here.
        ipv6_address: Each<Text<1, 64>>,
        /// Only interfaces of this resource group. None is in one here.
        resource_group_id: Option<Text<1, 64>>,
        /// Only interfaces that belong (or do not belong) to a cloud service. None does here.
        service_managed: Option<bool>,
        /// Only interfaces with all these tags. None has any here.
        tag: Groups<InterfaceTag>,
        /// Where the page before ended; with it, PageNumber and PageSize do not count.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page when NextToken is used: 10 to 500.
        max_results: Option<Clamped<10, 500>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

params!(
    /// A tag to look for.
    pub(crate) struct InterfaceTag {
        /// The key.
        key: Option<Text<1, 128>>,
        /// The value; any value if left out.
        value: Option<Text<0, 128>>,
    }
);

choice!(
    /// Kinds of interface.
    pub(crate) enum InterfaceType {
        Primary = "Primary",
        Secondary = "Secondary",
    }
);

choice!(
    /// Statuses of an interface.
    pub(crate) enum InterfaceStatus {
        Available = "Available",
        Attaching = "Attaching",
        InUse = "InUse",
        Detaching = "Detaching",
        Deleting = "Deleting",
    }
);

reply!(
    /// Reply of DescribeNetworkInterfaces.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many interfaces match. Not meaningful with NextToken.
        total_count: u64,
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The interfaces.
        network_interface_sets: InterfaceSets,
    }
);

reply!(
    /// The interfaces of a page.
    pub(crate) struct InterfaceSets {
        /// The entries.
        network_interface_set: Vec<PrimaryInterface>,
    }
);

/// The primary interface of an instance in a reply.
#[derive(Clone, Debug)]
pub(crate) struct PrimaryInterface(Instance);

impl ReplyValue for PrimaryInterface {
    const SHAPE: ReplyShape = InterfaceSet::SHAPE;
}

impl Serialize for PrimaryInterface {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.item().serialize(out)
    }
}

/// The id of an instance's primary interface.
fn interface_id(instance: &Instance) -> String {
    derived::id("eni-", "", &[instance.id.as_str()])
}

impl PrimaryInterface {
    fn item(&self) -> InterfaceSet<'_> {
        let instance = &self.0;
        let network = &instance.network;
        let address = PrivateIpOfSet {
            private_ip_address: &network.private_ip,
            private_dns_name: "",
            primary: true,
            associated_public_ip: NO_PUBLIC_ADDRESS,
        };
        InterfaceSet {
            network_interface_id: interface_id(instance),
            instance_id: instance.id.as_str(),
            owner_id: instance.account.as_str(),
            creation_time: with_seconds(instance.created_at),
            zone_id: &instance.zone,
            vpc_id: &network.vpc,
            v_switch_id: &network.vswitch,
            mac_address: derived::mac(instance.id.as_str()),
            private_ip_address: &network.private_ip,
            private_ip_sets: PrivateIpsOfSet { private_ip_set: vec![address] },
            security_group_ids: SecurityGroupsOfSet {
                security_group_id: network.security_groups.iter().map(String::as_str).collect(),
            },
            attachment: AttachmentOfSet {
                device_index: 0,
                instance_id: instance.id.as_str(),
                network_card_index: 0,
                trunk_network_interface_id: "",
            },
            ..EMPTY_INTERFACE
        }
    }
}

impl Query for DescribeNetworkInterfaces {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeNetworkInterfaces";
    const SUMMARY: &'static str = "Lists network interfaces that match all given filters.";
    const DETAILS: &'static str =
        "Each instance has one interface, the primary one that it was made with.";
    const ABOUT: About = About::Other("eni/*");
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_MALFORMED];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_MALFORMED)?;
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        )?;
        let found = tx.instances(&filter(call, params), &paging.page)?;
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            next_token: paging.next_token(found.next),
            network_interface_sets: InterfaceSets {
                network_interface_set: found.entries.into_iter().map(PrimaryInterface).collect(),
            },
        })
    }
}

/// The instances whose interface is wanted.
fn filter(call: &Call<'_>, params: &Params) -> InstanceFilter {
    let mut filter = InstanceFilter::all(call.caller.account.clone(), &params.region_id.0);
    filter.ids = params.instance_id.clone().map(|id| vec![id]);
    let wanted = params.network_interface_id.0.clone();
    if !wanted.is_empty() {
        filter.also.push(Box::new(move |instance| {
            let id = interface_id(instance);
            wanted.iter().any(|one| one.0 == id)
        }));
    }
    let mut text = |wanted: &Option<Text<1, 64>>, field: fn(&Instance) -> &str| {
        let Some(Text(wanted)) = wanted.clone() else { return };
        filter.also.push(Box::new(move |instance| field(instance) == wanted));
    };
    text(&params.vpc_id, |instance| &instance.network.vpc);
    text(&params.v_switch_id, |instance| &instance.network.vswitch);
    text(&params.primary_ip_address, |instance| &instance.network.private_ip);
    let addresses = params.private_ip_address.0.clone();
    if !addresses.is_empty() {
        filter.also.push(Box::new(move |instance| {
            addresses.iter().any(|address| address.0 == instance.network.private_ip)
        }));
    }
    if asks_for_what_is_not_here(params) {
        filter.ids = Some(Vec::new());
    }
    filter
}

fn asks_for_what_is_not_here(params: &Params) -> bool {
    let is_named = params.network_interface_name.is_some() || !params.tag.0.is_empty();
    let is_grouped = params.security_group_id.is_some() || params.resource_group_id.is_some();
    let is_secondary = params.kind == Some(InterfaceType::Secondary);
    let is_idle = params.status.is_some_and(|status| status != InterfaceStatus::InUse);
    let is_managed = params.service_managed == Some(true);
    let has_ipv6 = !params.ipv6_address.0.is_empty();
    is_named || is_grouped || is_secondary || is_idle || is_managed || has_ipv6
}
