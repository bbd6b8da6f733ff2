//! An instance type as clients see it.

use domain::inventory::{BootMode, InstanceFamily, InstanceType};

use crate::catalog::reply;

reply!(
    /// One instance type.
    pub(crate) struct TypeItem {
        /// The type's id.
        instance_type_id: String,
        /// Its family.
        instance_type_family: String,
        /// `EntryLevel`, `EnterpriseLevel` or `CreditEntryLevel`.
        instance_family_level: &'static str,
        /// The purpose, such as `General-purpose`.
        instance_category: String,
        /// `X86` or `ARM`.
        cpu_architecture: &'static str,
        /// Virtual processors.
        cpu_core_count: u32,
        /// How these lie on the physical ones.
        cpu_options: CpuOptions,
        /// The processor's name.
        physical_processor_model: String,
        /// GHz.
        cpu_speed_frequency: f64,
        /// GHz at full turbo; 0 without turbo.
        cpu_turbo_frequency: f64,
        /// Memory in GiB.
        memory_size: f64,
        /// Cloud disks that an instance can hold, the system disk included.
        disk_quantity: u32,
        /// `required`, `supported` or `unsupported`.
        nvme_support: &'static str,
        /// The category of its local disks; empty without any.
        local_storage_category: String,
        /// How many local disks it has.
        local_storage_amount: u32,
        /// GiB of one local disk.
        local_storage_capacity: u32,
        /// Processor credits at the start, for burstable types.
        initial_credit: u32,
        /// Baseline of the processors in percent, for burstable types.
        baseline_credit: u32,
        /// Graphics processors.
        #[wire = "GPUAmount"]
        gpu_amount: u32,
        /// Their model; empty without any.
        #[wire = "GPUSpec"]
        gpu_spec: String,
        /// Memory of one graphics processor in GiB.
        #[wire = "GPUMemorySize"]
        gpu_memory_size: f64,
        /// kbit/s into the instance.
        instance_bandwidth_rx: u32,
        /// kbit/s out of the instance.
        instance_bandwidth_tx: u32,
        /// Packets a second into the instance.
        instance_pps_rx: u32,
        /// Packets a second out of the instance.
        instance_pps_tx: u32,
        /// Network interfaces that it can hold.
        eni_quantity: u32,
        /// The same, trunked ones included.
        eni_total_quantity: u32,
        /// Private IPv4 addresses of one interface.
        eni_private_ip_address_quantity: u32,
        /// IPv6 addresses of one interface.
        eni_ipv6_address_quantity: u32,
        /// Whether interfaces can be trunked.
        eni_trunk_supported: bool,
        /// Queues of the primary interface.
        primary_eni_queue_number: u32,
        /// Queues of a secondary interface.
        secondary_eni_queue_number: u32,
        /// Queues of an interface at most.
        maximum_queue_number_per_eni: u32,
        /// Queues of all interfaces together.
        total_eni_queue_quantity: u32,
        /// RDMA interfaces.
        eri_quantity: u32,
        /// RDMA queue pairs of an interface.
        queue_pair_number: u32,
        /// Network cards.
        network_card_quantity: u32,
        /// These cards.
        network_cards: NetworkCards,
        /// How bandwidth can be weighted; not at all here.
        network_info: NetworkInfo,
        /// Network features beyond the usual; none here.
        enhanced_network: EnhancedNetwork,
        /// Whether traffic inside the VPC is encrypted.
        network_encryption_support: bool,
        /// Whether jumbo frames can be sent.
        jumbo_frame_support: bool,
        /// Ways to boot.
        supported_boot_modes: BootModes,
        /// Protection while it boots.
        security_options: SecurityOptions,
        /// Clocks.
        clock: ClockSupport,
        /// Further attributes; none here.
        attributes: TypeAttributes,
    }
);

reply!(
    /// How virtual processors lie on the physical ones.
    pub(crate) struct CpuOptions {
        /// Physical cores.
        core: u32,
        /// The number of cores is a multiple of this.
        core_factor: u32,
        /// Virtual processors of one core.
        threads_per_core: u32,
        /// Whether that number can be changed.
        hyper_threading_adjustable: bool,
        /// Whether guests can run guests.
        nested_virtualization_support: &'static str,
        /// Topologies that can be chosen; none here.
        supported_topology_types: TopologyTypes,
    }
);

reply!(
    /// Topologies.
    pub(crate) struct TopologyTypes {
        /// One topology each.
        supported_topology_type: Vec<String>,
    }
);

reply!(
    /// Network cards.
    pub(crate) struct NetworkCards {
        /// One card each.
        network_card_info: Vec<NetworkCard>,
    }
);

reply!(
    /// One network card.
    pub(crate) struct NetworkCard {
        /// Its number, from 0.
        network_card_index: u32,
    }
);

reply!(
    /// About the network.
    pub(crate) struct NetworkInfo {
        /// How bandwidth can be weighted.
        bandwidth_weighting: BandwidthWeighting,
    }
);

reply!(
    /// Ways to weight bandwidth.
    pub(crate) struct BandwidthWeighting {
        /// The ways.
        weighting_infos: WeightingInfos,
    }
);

reply!(
    /// Ways to weight bandwidth.
    pub(crate) struct WeightingInfos {
        /// One way each.
        weighting_info: Vec<WeightingInfo>,
    }
);

reply!(
    /// One way to weight bandwidth.
    pub(crate) struct WeightingInfo {
        /// Its name.
        name: String,
        /// Share of the disks.
        ebs_bandwidth: u64,
        /// Share of the disks in a burst.
        ebs_burst_bandwidth: u64,
        /// Share of the network.
        vpc_bandwidth: u64,
        /// Share of the network in a burst.
        vpc_burst_bandwidth: u64,
    }
);

reply!(
    /// Network features beyond the usual.
    pub(crate) struct EnhancedNetwork {
        /// The vendor's Express protocol.
        express_support: bool,
        /// Scaling on the receiving side.
        rss_support: bool,
        /// Virtual functions.
        sriov_support: bool,
        /// Queues of a virtual function.
        vf_queue_number_per_eni: u32,
    }
);

reply!(
    /// Ways to boot.
    pub(crate) struct BootModes {
        /// `BIOS` or `UEFI`.
        supported_boot_mode: Vec<&'static str>,
    }
);

reply!(
    /// Protection while it boots.
    pub(crate) struct SecurityOptions {
        /// Secure boot.
        secure_boot_support: &'static str,
    }
);

reply!(
    /// Clocks.
    pub(crate) struct ClockSupport {
        /// Whether the host's precise clock can be read.
        ptp_support: &'static str,
    }
);

reply!(
    /// Further attributes.
    pub(crate) struct TypeAttributes {
        /// One attribute each.
        attribute: Vec<Attribute>,
    }
);

reply!(
    /// One attribute.
    pub(crate) struct Attribute {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    }
);

/// How the API says that a type lacks something.
const UNSUPPORTED: &str = "unsupported";

impl TypeItem {
    /// The type, of its family, as clients see it.
    pub(crate) fn of(one: &InstanceType, family: &InstanceFamily) -> TypeItem {
        let (network, local, gpu) = (&one.network, one.local_storage.as_ref(), one.gpu.as_ref());
        TypeItem {
            instance_type_id: one.id.clone(),
            instance_type_family: one.family.clone(),
            instance_family_level: family.level.as_str(),
            instance_category: family.category.clone(),
            cpu_architecture: one.architecture.as_type_str(),
            cpu_core_count: one.cpu,
            cpu_options: CpuOptions::of(one),
            physical_processor_model: family.processor.clone(),
            cpu_speed_frequency: family.clock_ghz,
            cpu_turbo_frequency: family.turbo_ghz,
            memory_size: one.memory_gib,
            disk_quantity: one.disk_quantity,
            nvme_support: one.nvme_support.as_str(),
            local_storage_category: local.map_or("", |local| local.category.as_str()).to_owned(),
            local_storage_amount: local.map_or(0, |local| local.amount),
            local_storage_capacity: local.map_or(0, |local| local.capacity_gib),
            initial_credit: one.credits.map_or(0, |credits| credits.initial),
            baseline_credit: one.credits.map_or(0, |credits| credits.baseline),
            gpu_amount: gpu.map_or(0, |gpu| gpu.amount),
            gpu_spec: gpu.map(|gpu| gpu.model.clone()).unwrap_or_default(),
            gpu_memory_size: gpu.map_or(0.0, |gpu| gpu.memory_gib),
            instance_bandwidth_rx: network.bandwidth_kbps,
            instance_bandwidth_tx: network.bandwidth_kbps,
            instance_pps_rx: network.packets_per_second,
            instance_pps_tx: network.packets_per_second,
            eni_quantity: network.interfaces,
            eni_total_quantity: network.interfaces,
            eni_private_ip_address_quantity: network.ipv4_per_interface,
            eni_ipv6_address_quantity: network.ipv6_per_interface,
            eni_trunk_supported: family.interface_trunking,
            primary_eni_queue_number: network.queues_per_interface,
            secondary_eni_queue_number: network.queues_per_interface,
            maximum_queue_number_per_eni: network.queues_per_interface,
            total_eni_queue_quantity: network.total_queues(),
            eri_quantity: 0,
            queue_pair_number: 0,
            network_card_quantity: 1,
            network_cards: NetworkCards {
                network_card_info: vec![NetworkCard { network_card_index: 0 }],
            },
            network_info: NetworkInfo::plain(),
            enhanced_network: EnhancedNetwork::plain(),
            network_encryption_support: false,
            jumbo_frame_support: family.jumbo_frames,
            supported_boot_modes: BootModes::of(family),
            security_options: SecurityOptions { secure_boot_support: UNSUPPORTED },
            clock: ClockSupport { ptp_support: UNSUPPORTED },
            attributes: TypeAttributes { attribute: Vec::new() },
        }
    }
}

impl CpuOptions {
    fn of(one: &InstanceType) -> CpuOptions {
        CpuOptions {
            core: one.cores(),
            core_factor: 1,
            threads_per_core: one.threads_per_core,
            hyper_threading_adjustable: one.threads_per_core > 1,
            nested_virtualization_support: UNSUPPORTED,
            supported_topology_types: TopologyTypes { supported_topology_type: Vec::new() },
        }
    }
}

impl NetworkInfo {
    fn plain() -> NetworkInfo {
        let weighting_infos = WeightingInfos { weighting_info: Vec::new() };
        NetworkInfo { bandwidth_weighting: BandwidthWeighting { weighting_infos } }
    }
}

impl EnhancedNetwork {
    fn plain() -> EnhancedNetwork {
        EnhancedNetwork {
            express_support: false,
            rss_support: false,
            sriov_support: false,
            vf_queue_number_per_eni: 0,
        }
    }
}

impl BootModes {
    fn of(family: &InstanceFamily) -> BootModes {
        let modes = family.boot_modes.iter().copied().map(BootMode::as_str);
        BootModes { supported_boot_mode: modes.collect() }
    }
}
