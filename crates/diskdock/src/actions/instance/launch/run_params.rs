//! Parameters that only RunInstances has.

use super::disk_params::{RunDataDisk, RunSystemDisk};
use super::names::HostName;
use super::params::Ipv4;
use crate::actions::prelude::*;
use crate::catalog::Time;

params!(
    /// Parameters that only RunInstances has.
    pub(crate) struct RunOnly {
        /// The system disk.
        #[common = true]
        system_disk: Group<RunSystemDisk>,
        /// Data disks, up to 16.
        #[common = true]
        data_disk: Groups<RunDataDisk>,
        /// How many instances, 1 to 100; 1 if left out.
        #[malformed = AMOUNT_MALFORMED]
        #[common = true]
        amount: Option<Integer<1, 100>>,
        /// The fewest that will do. All or none are made here, so that it must only not be more
        /// than `Amount`.
        #[malformed = MIN_AMOUNT_MALFORMED]
        min_amount: Option<Integer<1, 100>>,
        /// Number the names of several instances: 001, 002, ….
        unique_suffix: Option<bool>,
        /// One name inside the guest for each instance; not together with `HostName`.
        #[malformed = HOST_NAME_MALFORMED]
        host_names: Each<HostName>,
        /// Security groups to show; not together with `SecurityGroupId`.
        #[offers = "security group"]
        security_group_ids: Each<Text<1, 64>>,
        /// Network interfaces. Where the primary one lies counts as if it were said directly.
        network_interface: Groups<NetworkInterface>,
        /// When the instances are to be released by themselves. The time is shown; they stay.
        #[malformed = AUTO_RELEASE_MALFORMED]
        auto_release_time: Option<Time>,
        /// A launch template. There are none here.
        launch_template_id: Option<Text<1, 64>>,
        /// A launch template by its name. There are none here.
        launch_template_name: Option<Text<1, 128>>,
        /// A version of the launch template.
        launch_template_version: Ignored<Option<Integer<0, 1_000_000>>>,
        /// Whether an order is paid at once; must not be false for pay-as-you-go.
        auto_pay: Option<bool>,
        /// Confidential computing and trust. Options that would promise secrecy are refused.
        security_options: Group<SecurityOptions>,
        /// How the processors are laid out.
        cpu_options: Ignored<Group<CpuOptions>>,
        /// Where dedicated hosts are taken from.
        scheduler_options: Ignored<Group<SchedulerOptions>>,
        /// Precision time.
        clock_options: Ignored<Group<ClockOptions>>,
        /// How the image is used.
        image_options: Ignored<Group<ImageOptions>>,
        /// IPv6 addresses. There is no network here.
        ipv6_address: Ignored<Each<Text<0, 64>>>,
        /// How many IPv6 addresses.
        ipv6_address_count: Ignored<Option<Integer<1, 10>>>,
        /// A carrier.
        isp: Ignored<Option<Text<0, 64>>>,
        /// Queues of the primary interface.
        network_interface_queue_number: Ignored<Option<Integer<1, 1024>>>,
        /// Properties of the network.
        network_options: Ignored<Group<NetworkOptions>>,
        /// Names in the private DNS. There is none here.
        private_dns_name_options: Ignored<Group<PrivateDnsNameOptions>>,
    }
);

params!(
    /// A network interface.
    pub(crate) struct NetworkInterface {
        /// `Primary` or `Secondary`. Only the primary one counts here.
        instance_type: Option<InterfaceKind>,
        /// The vSwitch to show.
        #[wire = "VSwitchId"]
        #[offers = "vswitch"]
        v_switch_id: Option<Text<1, 64>>,
        /// The security group to show.
        #[offers = "security group"]
        security_group_id: Option<Text<1, 64>>,
        /// The security groups to show.
        #[offers = "security group"]
        security_group_ids: Each<Text<1, 64>>,
        /// The private address to show.
        #[malformed = PRIVATE_IP_MALFORMED]
        primary_ip_address: Option<Ipv4>,
        /// An interface that exists. There are none here.
        network_interface_id: Option<Text<1, 64>>,
        /// Whether it goes with the instance.
        delete_on_release: Ignored<Option<bool>>,
        /// Free text.
        description: Ignored<Option<Text<0, 256>>>,
        /// IPv6 addresses.
        ipv6_address: Ignored<Each<Text<0, 64>>>,
        /// How many IPv6 addresses.
        ipv6_address_count: Ignored<Option<Integer<1, 10>>>,
        /// Which network card.
        network_card_index: Ignored<Option<Integer<0, 1024>>>,
        /// Display name.
        network_interface_name: Ignored<Option<Text<0, 128>>>,
        /// `Standard` or `HighPerformance`.
        network_interface_traffic_mode: Ignored<Option<Text<0, 32>>>,
        /// Queues.
        queue_number: Ignored<Option<Integer<1, 1024>>>,
        /// Queue pairs.
        queue_pair_number: Ignored<Option<Integer<0, 1024>>>,
        /// Length of the receive queue.
        rx_queue_size: Ignored<Option<Integer<0, 65536>>>,
        /// How many further private addresses.
        secondary_private_ip_address_count: Ignored<Option<Integer<1, 49>>>,
        /// Whether addresses of packets are checked.
        source_dest_check: Ignored<Option<bool>>,
        /// Length of the transmit queue.
        tx_queue_size: Ignored<Option<Integer<0, 65536>>>,
    }
);

choice!(
    /// Which interface of an instance.
    pub(crate) enum InterfaceKind {
        Primary = "Primary",
        Secondary = "Secondary",
    }
);

params!(
    /// Confidential computing and trust.
    pub(crate) struct SecurityOptions {
        /// `Enclave`. Not offered here.
        confidential_computing_mode: Option<Text<1, 64>>,
        /// `vTPM`. Not offered here.
        trusted_system_mode: Option<Text<1, 64>>,
        /// Whether only signed systems boot.
        enable_secure_boot: Ignored<Option<bool>>,
    }
);

params!(
    /// How the processors are laid out.
    pub(crate) struct CpuOptions {
        /// Physical cores.
        core: Option<Integer<1, 1024>>,
        /// NUMA nodes.
        numa: Option<Text<0, 64>>,
        /// Threads on a core.
        threads_per_core: Option<Integer<1, 8>>,
        /// How threads lie on cores.
        topology_type: Option<Text<0, 64>>,
        /// Virtualisation inside the guest.
        nested_virtualization: Option<Text<0, 64>>,
    }
);

params!(
    /// Where dedicated hosts are taken from.
    pub(crate) struct SchedulerOptions {
        /// The cluster.
        dedicated_host_cluster_id: Option<Text<0, 64>>,
    }
);

params!(
    /// Precision time.
    pub(crate) struct ClockOptions {
        /// `enabled` or `disabled`.
        ptp_status: Option<Text<0, 16>>,
    }
);

params!(
    /// How the image is used.
    pub(crate) struct ImageOptions {
        /// Log in as a user without rights.
        login_as_non_root: Option<bool>,
    }
);

params!(
    /// Properties of the network.
    pub(crate) struct NetworkOptions {
        /// Weight of network against storage.
        bandwidth_weighting: Option<Text<0, 64>>,
        /// Large frames.
        enable_jumbo_frame: Option<bool>,
        /// Encrypted traffic.
        enable_network_encryption: Option<bool>,
    }
);

params!(
    /// Names in the private DNS.
    pub(crate) struct PrivateDnsNameOptions {
        /// An IPv6 record for the name that is made of the id.
        #[wire = "EnableInstanceIdDnsAAAARecord"]
        enable_instance_id_dns_aaaa_record: Option<bool>,
        /// An IPv4 record for the name that is made of the id.
        #[wire = "EnableInstanceIdDnsARecord"]
        enable_instance_id_dns_a_record: Option<bool>,
        /// An IPv4 record for the name that is made of the address.
        #[wire = "EnableIpDnsARecord"]
        enable_ip_dns_a_record: Option<bool>,
        /// A record from the address to the name.
        enable_ip_dns_ptr_record: Option<bool>,
        /// `Custom`, `IpBased` or `InstanceIdBased`.
        hostname_type: Option<Text<0, 64>>,
    }
);
