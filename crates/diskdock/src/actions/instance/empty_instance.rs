//! The empty instance of a reply: the value of every field that diskdock does not model.

use super::item::InstanceItem;
use super::item_parts::*;

/// Says nothing about anything. Fields that it gives a value are the same for every instance.
pub(crate) const EMPTY_INSTANCE: InstanceItem<'static> = InstanceItem {
    instance_id: "",
    instance_name: "",
    description: "",
    host_name: "",
    status: "",
    region_id: "",
    zone_id: "",
    cluster_id: "",
    instance_type: "",
    instance_type_family: "",
    cpu: 0,
    memory: 0,
    cpu_options: NO_PROCESSORS,
    gpu_amount: 0,
    gpu_spec: "",
    local_storage_amount: 0,
    local_storage_capacity: 0,
    image_id: "",
    image_options: ImageOptionsItem { login_as_non_root: false, current_os_nvme_supported: false },
    os_name: "",
    os_name_en: "",
    os_type: "",
    instance_charge_type: "",
    creation_time: String::new(),
    start_time: String::new(),
    expired_time: String::new(),
    auto_release_time: String::new(),
    sale_cycle: "",
    stopped_mode: "",
    spot_strategy: "",
    spot_duration: 0,
    spot_price_limit: 0.0,
    spot_interruption_behavior: "",
    credit_specification: "",
    deletion_protection: false,
    recyclable: false,
    device_available: false,
    io_optimized: false,
    key_pair_name: "",
    resource_group_id: "",
    serial_number: String::new(),
    instance_network_type: "",
    vpc_attributes: VpcAttributes {
        vpc_id: "",
        v_switch_id: "",
        private_ip_address: NO_ADDRESSES,
        nat_ip_address: "",
    },
    network_interfaces: NetworkInterfaces { network_interface: Vec::new() },
    security_group_ids: SecurityGroupIds { security_group_id: Vec::new() },
    public_ip_address: NO_ADDRESSES,
    inner_ip_address: NO_ADDRESSES,
    rdma_ip_address: NO_ADDRESSES,
    eip_address: NO_EIP,
    internet_charge_type: "",
    internet_max_bandwidth_out: 0,
    internet_max_bandwidth_in: 0,
    vlan_id: "",
    isp: "",
    operation_locks: InstanceLocks { lock_reason: Vec::new() },
    tags: InstanceTags { tag: Vec::new() },
    additional_info: NO_ADDITIONAL_INFO,
    clock_options: ClockItem { ptp_status: "disabled" },
    dedicated_host_attribute: NO_DEDICATED_HOST,
    dedicated_instance_attribute: DedicatedInstance { affinity: "", tenancy: "default" },
    deployment_set_id: "",
    deployment_set_group_no: None,
    ecs_capacity_reservation_attr: NO_RESERVATION,
    enable_nvs: false,
    hibernation_options: HibernationItem { configured: false },
    hpc_cluster_id: "",
    metadata_options: METADATA,
    private_dns_name_options: PRIVATE_DNS,
    security_options: SecurityItem { enable_secure_boot: false },
};

/// The layout of no processors.
pub(crate) const NO_PROCESSORS: CpuOptionsItem = CpuOptionsItem {
    core_count: 0,
    threads_per_core: 0,
    numa: "",
    topology_type: "",
    nested_virtualization: "",
    turbo_mode: "",
    enable_visst: false,
    enable_vrdt: false,
};

const NO_ADDRESSES: AddressList<'static> = AddressList { ip_address: Vec::new() };

const NO_EIP: EipAddress = EipAddress {
    allocation_id: "",
    ip_address: "",
    bandwidth: 0,
    internet_charge_type: "",
    is_support_unassociate: false,
};

const NO_ADDITIONAL_INFO: AdditionalInfo =
    AdditionalInfo { enable_high_density_mode: false, managed_host_id: "", node_serial_number: "" };

const NO_DEDICATED_HOST: DedicatedHost =
    DedicatedHost { dedicated_host_id: "", dedicated_host_name: "", dedicated_host_cluster_id: "" };

const NO_RESERVATION: CapacityReservation =
    CapacityReservation { capacity_reservation_id: "", capacity_reservation_preference: "" };

const METADATA: MetadataOptions = MetadataOptions {
    http_endpoint: "enabled",
    http_tokens: "optional",
    http_put_response_hop_limit: 0,
    instance_metadata_tags: "",
};

const PRIVATE_DNS: PrivateDnsName = PrivateDnsName {
    enable_instance_id_dns_aaaa_record: false,
    enable_instance_id_dns_a_record: false,
    enable_ip_dns_a_record: false,
    enable_ip_dns_ptr_record: false,
    hostname_type: "Custom",
};
