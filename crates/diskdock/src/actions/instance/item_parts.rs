//! The parts of an instance in a reply.

use crate::actions::prelude::*;

reply!(
    /// How the processors are laid out.
    pub(crate) struct CpuOptionsItem {
        /// Physical cores.
        core_count: u32,
        /// Threads on a core.
        threads_per_core: u32,
        /// NUMA nodes.
        numa: &'static str,
        /// How threads lie on cores.
        topology_type: &'static str,
        /// Virtualisation inside the guest.
        nested_virtualization: &'static str,
        /// Turbo mode.
        turbo_mode: &'static str,
        /// VISST.
        #[wire = "EnableVISST"]
        enable_visst: bool,
        /// VRDT.
        #[wire = "EnableVRDT"]
        enable_vrdt: bool,
    }
);

reply!(
    /// How the image is used.
    pub(crate) struct ImageOptionsItem {
        /// Whether login is as a user without rights.
        login_as_non_root: bool,
        /// Whether the operating system has the NVMe driver.
        #[wire = "CurrentOSNVMeSupported"]
        current_os_nvme_supported: bool,
    }
);

reply!(
    /// Where an instance is in the VPC.
    pub(crate) struct VpcAttributes<'a> {
        /// The VPC.
        vpc_id: &'a str,
        /// The vSwitch.
        #[wire = "VSwitchId"]
        v_switch_id: &'a str,
        /// The private addresses.
        private_ip_address: AddressList<'a>,
        /// The address behind NAT.
        nat_ip_address: &'static str,
    }
);

reply!(
    /// Addresses.
    pub(crate) struct AddressList<'a> {
        /// The entries.
        ip_address: Vec<&'a str>,
    }
);

reply!(
    /// Network interfaces.
    pub(crate) struct NetworkInterfaces<'a> {
        /// The entries.
        network_interface: Vec<InterfaceItem<'a>>,
    }
);

reply!(
    /// A network interface.
    pub(crate) struct InterfaceItem<'a> {
        /// Its id.
        network_interface_id: String,
        /// `Primary`.
        #[wire = "Type"]
        kind: &'static str,
        /// The hardware address.
        mac_address: String,
        /// The primary private address.
        primary_ip_address: &'a str,
        /// All private addresses.
        private_ip_sets: PrivateIpSets<'a>,
        /// IPv4 prefixes. There are none here.
        ipv4_prefix_sets: Ipv4PrefixSets,
        /// IPv6 prefixes. There are none here.
        ipv6_prefix_sets: Ipv6PrefixSets,
        /// IPv6 addresses. There are none here.
        ipv6_sets: Ipv6Sets,
    }
);

reply!(
    /// Private addresses of an interface.
    pub(crate) struct PrivateIpSets<'a> {
        /// The entries.
        private_ip_set: Vec<PrivateIp<'a>>,
    }
);

reply!(
    /// A private address.
    pub(crate) struct PrivateIp<'a> {
        /// The address.
        private_ip_address: &'a str,
        /// The name in the private DNS.
        private_dns_name: &'static str,
        /// Whether it is the primary one.
        primary: bool,
    }
);

reply!(
    /// IPv4 prefixes.
    pub(crate) struct Ipv4PrefixSets {
        /// The entries.
        ipv4_prefix_set: Vec<Ipv4PrefixItem>,
    }
);

reply!(
    /// An IPv4 prefix.
    pub(crate) struct Ipv4PrefixItem {
        /// The prefix.
        ipv4_prefix: String,
    }
);

reply!(
    /// IPv6 prefixes.
    pub(crate) struct Ipv6PrefixSets {
        /// The entries.
        ipv6_prefix_set: Vec<Ipv6PrefixItem>,
    }
);

reply!(
    /// An IPv6 prefix.
    pub(crate) struct Ipv6PrefixItem {
        /// The prefix.
        ipv6_prefix: String,
    }
);

reply!(
    /// IPv6 addresses.
    pub(crate) struct Ipv6Sets {
        /// The entries.
        ipv6_set: Vec<Ipv6Item>,
    }
);

reply!(
    /// An IPv6 address.
    pub(crate) struct Ipv6Item {
        /// The address.
        ipv6_address: String,
        /// Whether it is the primary one.
        primary: bool,
    }
);

reply!(
    /// Security groups.
    pub(crate) struct SecurityGroupIds<'a> {
        /// The entries.
        security_group_id: Vec<&'a str>,
    }
);

reply!(
    /// An elastic address.
    pub(crate) struct EipAddress {
        /// Its id.
        allocation_id: &'static str,
        /// The address.
        ip_address: &'static str,
        /// Megabits a second.
        bandwidth: u32,
        /// How it is paid for.
        internet_charge_type: &'static str,
        /// Whether it can be taken off.
        is_support_unassociate: bool,
    }
);

reply!(
    /// Locks of an instance.
    pub(crate) struct InstanceLocks {
        /// One for each reason.
        lock_reason: Vec<InstanceLock>,
    }
);

reply!(
    /// One lock.
    pub(crate) struct InstanceLock {
        /// The reason.
        lock_reason: &'static str,
        /// The reason in words.
        lock_msg: String,
    }
);

reply!(
    /// Tags of an instance.
    pub(crate) struct InstanceTags<'a> {
        /// One for each key.
        tag: Vec<InstanceTag<'a>>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct InstanceTag<'a> {
        /// The key.
        tag_key: &'a str,
        /// The value.
        tag_value: &'a str,
    }
);

reply!(
    /// Further properties.
    pub(crate) struct AdditionalInfo {
        /// High density.
        enable_high_density_mode: bool,
        /// The managed host.
        managed_host_id: &'static str,
        /// The serial number of the node.
        node_serial_number: &'static str,
    }
);

reply!(
    /// Precision time.
    pub(crate) struct ClockItem {
        /// `enabled` or `disabled`.
        ptp_status: &'static str,
    }
);

reply!(
    /// A dedicated host.
    pub(crate) struct DedicatedHost {
        /// Its id.
        dedicated_host_id: &'static str,
        /// Its name.
        dedicated_host_name: &'static str,
        /// Its cluster.
        dedicated_host_cluster_id: &'static str,
    }
);

reply!(
    /// Whether an instance runs on a dedicated host.
    pub(crate) struct DedicatedInstance {
        /// Whether it stays there.
        affinity: &'static str,
        /// Whether it runs there.
        tenancy: &'static str,
    }
);

reply!(
    /// Reserved capacity.
    pub(crate) struct CapacityReservation {
        /// The reservation.
        capacity_reservation_id: &'static str,
        /// How it is chosen.
        capacity_reservation_preference: &'static str,
    }
);

reply!(
    /// Hibernation.
    pub(crate) struct HibernationItem {
        /// Whether the instance is prepared for it.
        configured: bool,
    }
);

reply!(
    /// Access to instance metadata.
    pub(crate) struct MetadataOptions {
        /// Whether there is any.
        http_endpoint: &'static str,
        /// Whether it wants a token.
        http_tokens: &'static str,
        /// How far answers travel.
        http_put_response_hop_limit: u32,
        /// Whether tags are shown.
        instance_metadata_tags: &'static str,
    }
);

reply!(
    /// Names in the private DNS.
    pub(crate) struct PrivateDnsName {
        /// An IPv6 record for the name that is made of the id.
        #[wire = "EnableInstanceIdDnsAAAARecord"]
        enable_instance_id_dns_aaaa_record: bool,
        /// An IPv4 record for the name that is made of the id.
        #[wire = "EnableInstanceIdDnsARecord"]
        enable_instance_id_dns_a_record: bool,
        /// An IPv4 record for the name that is made of the address.
        #[wire = "EnableIpDnsARecord"]
        enable_ip_dns_a_record: bool,
        /// A record from the address to the name.
        enable_ip_dns_ptr_record: bool,
        /// How the name is made.
        hostname_type: &'static str,
    }
);

reply!(
    /// Confidential computing and trust.
    pub(crate) struct SecurityItem {
        /// Whether only signed systems boot.
        enable_secure_boot: bool,
    }
);
