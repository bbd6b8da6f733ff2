//! The shape of a network interface in a reply.

use crate::actions::prelude::*;

reply!(
    /// One network interface.
    pub(crate) struct InterfaceSet<'a> {
        /// Its id.
        network_interface_id: String,
        /// Its name.
        network_interface_name: &'static str,
        /// Free text.
        description: &'static str,
        /// `Primary`.
        #[wire = "Type"]
        kind: &'static str,
        /// `InUse`.
        status: &'static str,
        /// The instance.
        instance_id: &'a str,
        /// The account.
        owner_id: &'a str,
        /// When its instance was created.
        creation_time: String,
        /// Zone.
        zone_id: &'a str,
        /// The VPC.
        vpc_id: &'a str,
        /// The vSwitch.
        #[wire = "VSwitchId"]
        v_switch_id: &'a str,
        /// The hardware address.
        mac_address: String,
        /// The primary private address.
        private_ip_address: &'a str,
        /// All private addresses.
        private_ip_sets: PrivateIpsOfSet<'a>,
        /// IPv4 prefixes. There are none here.
        ipv4_prefix_sets: Ipv4PrefixesOfSet,
        /// IPv6 prefixes. There are none here.
        ipv6_prefix_sets: Ipv6PrefixesOfSet,
        /// IPv6 addresses. There are none here.
        ipv6_sets: Ipv6OfSet,
        /// The elastic address. There is none here.
        associated_public_ip: PublicIpOfSet,
        /// Its security groups.
        security_group_ids: SecurityGroupsOfSet<'a>,
        /// Where it is attached.
        attachment: AttachmentOfSet<'a>,
        /// Whether it goes with its instance.
        delete_on_release: bool,
        /// `Standard`.
        network_interface_traffic_mode: &'static str,
        /// Queues.
        queue_number: u32,
        /// Pairs of queues for RDMA. There are none here.
        queue_pair_number: u32,
        /// The resource group. There is none here.
        resource_group_id: &'static str,
        /// The cloud service that it belongs to; only with one.
        #[wire = "ServiceID"]
        service_id: Option<u64>,
        /// Whether it belongs to a cloud service.
        service_managed: bool,
        /// Whether packets of other addresses are dropped.
        source_dest_check: bool,
        /// Its tags. There are none here.
        tags: TagsOfSet,
    }
);

reply!(
    /// Private addresses of an interface.
    pub(crate) struct PrivateIpsOfSet<'a> {
        /// The entries.
        private_ip_set: Vec<PrivateIpOfSet<'a>>,
    }
);

reply!(
    /// A private address.
    pub(crate) struct PrivateIpOfSet<'a> {
        /// The address.
        private_ip_address: &'a str,
        /// The name in the private DNS.
        private_dns_name: &'static str,
        /// Whether it is the primary one.
        primary: bool,
        /// The elastic address that leads to it.
        associated_public_ip: PublicIpOfSet,
    }
);

reply!(
    /// An elastic address.
    pub(crate) struct PublicIpOfSet {
        /// Its id.
        allocation_id: &'static str,
        /// The address.
        public_ip_address: &'static str,
    }
);

reply!(
    /// IPv4 prefixes.
    pub(crate) struct Ipv4PrefixesOfSet {
        /// The entries.
        ipv4_prefix_set: Vec<Ipv4PrefixOfSet>,
    }
);

reply!(
    /// An IPv4 prefix.
    pub(crate) struct Ipv4PrefixOfSet {
        /// The prefix.
        ipv4_prefix: String,
    }
);

reply!(
    /// IPv6 prefixes.
    pub(crate) struct Ipv6PrefixesOfSet {
        /// The entries.
        ipv6_prefix_set: Vec<Ipv6PrefixOfSet>,
    }
);

reply!(
    /// An IPv6 prefix.
    pub(crate) struct Ipv6PrefixOfSet {
        /// The prefix.
        ipv6_prefix: String,
    }
);

reply!(
    /// IPv6 addresses.
    pub(crate) struct Ipv6OfSet {
        /// The entries.
        ipv6_set: Vec<Ipv6AddressOfSet>,
    }
);

reply!(
    /// An IPv6 address.
    pub(crate) struct Ipv6AddressOfSet {
        /// The address.
        ipv6_address: String,
        /// Whether it is the primary one.
        primary: bool,
    }
);

reply!(
    /// Security groups.
    pub(crate) struct SecurityGroupsOfSet<'a> {
        /// The entries.
        security_group_id: Vec<&'a str>,
    }
);

reply!(
    /// Where an interface is attached.
    pub(crate) struct AttachmentOfSet<'a> {
        /// Its number on the instance.
        device_index: u32,
        /// The instance.
        instance_id: &'a str,
        /// The network card.
        network_card_index: u32,
        /// The trunk interface.
        trunk_network_interface_id: &'static str,
    }
);

reply!(
    /// Tags of an interface.
    pub(crate) struct TagsOfSet {
        /// One for each key.
        tag: Vec<TagOfSet>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct TagOfSet {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

/// No elastic address.
pub(crate) const NO_PUBLIC_ADDRESS: PublicIpOfSet =
    PublicIpOfSet { allocation_id: "", public_ip_address: "" };

/// An interface of nothing. Fields that it gives a value are the same for every interface.
pub(crate) const EMPTY_INTERFACE: InterfaceSet<'static> = InterfaceSet {
    network_interface_id: String::new(),
    network_interface_name: "",
    description: "",
    kind: "Primary",
    status: "InUse",
    instance_id: "",
    owner_id: "",
    creation_time: String::new(),
    zone_id: "",
    vpc_id: "",
    v_switch_id: "",
    mac_address: String::new(),
    private_ip_address: "",
    private_ip_sets: PrivateIpsOfSet { private_ip_set: Vec::new() },
    ipv4_prefix_sets: Ipv4PrefixesOfSet { ipv4_prefix_set: Vec::new() },
    ipv6_prefix_sets: Ipv6PrefixesOfSet { ipv6_prefix_set: Vec::new() },
    ipv6_sets: Ipv6OfSet { ipv6_set: Vec::new() },
    associated_public_ip: NO_PUBLIC_ADDRESS,
    security_group_ids: SecurityGroupsOfSet { security_group_id: Vec::new() },
    attachment: AttachmentOfSet {
        device_index: 0,
        instance_id: "",
        network_card_index: 0,
        trunk_network_interface_id: "",
    },
    delete_on_release: true,
    network_interface_traffic_mode: "Standard",
    queue_number: 1,
    queue_pair_number: 0,
    resource_group_id: "",
    service_id: None,
    service_managed: false,
    source_dest_check: false,
    tags: TagsOfSet { tag: Vec::new() },
};
