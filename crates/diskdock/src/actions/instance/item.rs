//! The shape of an instance in a reply.

use super::item_parts::*;
use crate::actions::prelude::*;

reply!(
    /// One instance.
    pub(crate) struct InstanceItem<'a> {
        /// The instance's id.
        instance_id: &'a str,
        /// Display name.
        instance_name: &'a str,
        /// Free text.
        description: &'a str,
        /// The name inside the guest.
        host_name: &'a str,
        /// `Pending`, `Starting`, `Running`, `Stopping` or `Stopped`.
        status: &'static str,
        /// Region.
        region_id: &'a str,
        /// Zone.
        zone_id: &'a str,
        /// A cluster of the old days.
        cluster_id: &'static str,
        /// The type.
        instance_type: &'a str,
        /// Its family.
        instance_type_family: &'a str,
        /// Virtual processors.
        cpu: u32,
        /// MiB.
        memory: u64,
        /// How the processors are laid out.
        cpu_options: CpuOptionsItem,
        /// Graphics processors.
        #[wire = "GPUAmount"]
        gpu_amount: u32,
        /// Their model.
        #[wire = "GPUSpec"]
        gpu_spec: &'a str,
        /// Local disks.
        local_storage_amount: u32,
        /// GiB of one local disk.
        local_storage_capacity: u64,
        /// The image it was made from.
        image_id: &'a str,
        /// How the image is used.
        image_options: ImageOptionsItem,
        /// The operating system, in Chinese.
        #[wire = "OSName"]
        os_name: &'a str,
        /// The operating system.
        #[wire = "OSNameEn"]
        os_name_en: &'a str,
        /// `linux` or `windows`.
        #[wire = "OSType"]
        os_type: &'static str,
        /// `PostPaid` or `PrePaid`.
        instance_charge_type: &'static str,
        /// When it was created.
        creation_time: String,
        /// The last start; empty if there was none.
        start_time: String,
        /// When a subscription ends; far in the future for pay-as-you-go.
        expired_time: String,
        /// When it is to be released by itself; empty if never.
        auto_release_time: String,
        /// The billing cycle.
        sale_cycle: &'static str,
        /// `KeepCharging`, `StopCharging` or `Not-applicable`.
        stopped_mode: &'static str,
        /// `NoSpot`, `SpotWithPriceLimit` or `SpotAsPriceGo`.
        spot_strategy: &'a str,
        /// Hours for which a spot instance is safe.
        spot_duration: u32,
        /// The highest bid.
        spot_price_limit: f64,
        /// The treatment of a reclaimed spot instance.
        spot_interruption_behavior: &'static str,
        /// `Standard` or `Unlimited` for burstable types, else empty.
        credit_specification: &'a str,
        /// Protected from release.
        deletion_protection: bool,
        /// Whether it can be recycled.
        recyclable: bool,
        /// Whether it can take disks: it has no lock.
        device_available: bool,
        /// Whether it is I/O optimised.
        io_optimized: bool,
        /// The key pair.
        key_pair_name: &'a str,
        /// The resource group.
        resource_group_id: &'a str,
        /// The serial number of the machine.
        serial_number: String,
        /// `vpc`.
        instance_network_type: &'static str,
        /// Where it is in the VPC.
        vpc_attributes: VpcAttributes<'a>,
        /// Its network interface.
        network_interfaces: NetworkInterfaces<'a>,
        /// Its security groups.
        security_group_ids: SecurityGroupIds<'a>,
        // Before the public address: Ansible's footmark reads members in their order.
        /// The elastic address. There is none here.
        eip_address: EipAddress,
        /// A placeholder, for an instance with public bandwidth.
        public_ip_address: AddressList<'a>,
        /// Addresses in the classic network. There are none here.
        inner_ip_address: AddressList<'a>,
        /// RDMA addresses. There are none here.
        rdma_ip_address: AddressList<'a>,
        /// How public bandwidth is paid for.
        internet_charge_type: &'a str,
        /// Megabits a second out of the instance.
        internet_max_bandwidth_out: u32,
        /// Megabits a second into the instance.
        internet_max_bandwidth_in: u32,
        /// A virtual LAN of the old days.
        vlan_id: &'static str,
        /// The carrier.
        #[wire = "ISP"]
        isp: &'static str,
        /// Why operations on it are refused.
        operation_locks: InstanceLocks,
        /// Its tags.
        tags: InstanceTags<'a>,
        /// Further properties.
        additional_info: AdditionalInfo,
        /// Precision time.
        clock_options: ClockItem,
        /// The dedicated host. There is none here.
        dedicated_host_attribute: DedicatedHost,
        /// Whether it runs on a dedicated host.
        dedicated_instance_attribute: DedicatedInstance,
        /// The deployment set. There is none here.
        deployment_set_id: &'static str,
        /// The group of the deployment set; only with one.
        deployment_set_group_no: Option<u32>,
        /// Reserved capacity. There is none here.
        ecs_capacity_reservation_attr: CapacityReservation,
        /// NVS. Not offered here.
        #[wire = "EnableNVS"]
        enable_nvs: bool,
        /// Hibernation.
        hibernation_options: HibernationItem,
        /// The cluster for supercomputing. There is none here.
        hpc_cluster_id: &'static str,
        /// Access to instance metadata.
        metadata_options: MetadataOptions,
        /// Names in the private DNS.
        private_dns_name_options: PrivateDnsName,
        /// Confidential computing and trust.
        security_options: SecurityItem,
    }
);
