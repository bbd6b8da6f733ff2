//! `DescribeInstanceAttribute`: the attributes of one instance.

use serde::Serializer;

use super::item_parts::*;
use super::view::InstanceView;
use crate::actions::prelude::*;
use crate::catalog::{ReplyShape, ReplyValue};

/// Shows the attributes of one instance.
pub(crate) struct DescribeInstanceAttribute;

params!(
    /// Parameters of DescribeInstanceAttribute.
    pub(crate) struct Params {
        /// The instance.
        instance_id: InstanceId,
    }
);

reply!(
    /// Reply of DescribeInstanceAttribute.
    pub(crate) struct AttributeItem<'a> {
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
        /// Virtual processors.
        cpu: u32,
        /// MiB.
        memory: u64,
        /// `optimized` or `none`.
        io_optimized: &'static str,
        /// `Standard` or `Unlimited` for burstable types, else empty.
        credit_specification: &'a str,
        /// The image it was made from.
        image_id: &'a str,
        /// The serial number of the machine.
        serial_number: String,
        /// `PostPaid` or `PrePaid`.
        instance_charge_type: &'static str,
        /// When it was created.
        creation_time: String,
        /// When a subscription ends; far in the future for pay-as-you-go.
        expired_time: String,
        /// `KeepCharging`, `StopCharging` or `Not-applicable`.
        stopped_mode: &'static str,
        /// `vpc`.
        instance_network_type: &'static str,
        /// Where it is in the VPC.
        vpc_attributes: VpcAttributes<'a>,
        /// Its security groups.
        security_group_ids: SecurityGroupIds<'a>,
        /// The elastic address. There is none here.
        eip_address: Eip,
        /// A placeholder, for an instance with public bandwidth.
        public_ip_address: AddressList<'a>,
        /// Addresses in the classic network. There are none here.
        inner_ip_address: AddressList<'a>,
        /// How public bandwidth is paid for.
        internet_charge_type: &'a str,
        /// Megabits a second out of the instance.
        internet_max_bandwidth_out: u32,
        /// Megabits a second into the instance.
        internet_max_bandwidth_in: u32,
        /// A virtual LAN of the old days.
        vlan_id: &'static str,
        /// Jumbo frames. There are none here.
        enable_jumbo_frame: bool,
        /// Encryption of the network. There is none here.
        enable_network_encryption: bool,
        /// Both of these, and how bandwidth is divided.
        network_options: NetworkOptions,
        /// The dedicated host. There is none here.
        dedicated_host_attribute: DedicatedHostName,
        /// Confidential computing and trust.
        security_options: SecurityItem,
        /// Why operations on it are refused.
        operation_locks: LockReasons,
    }
);

reply!(
    /// An elastic address.
    pub(crate) struct Eip {
        /// Its id.
        allocation_id: &'static str,
        /// The address.
        ip_address: &'static str,
        /// Megabits a second.
        bandwidth: u32,
        /// How it is paid for.
        internet_charge_type: &'static str,
    }
);

reply!(
    /// Options of the network.
    pub(crate) struct NetworkOptions {
        /// How bandwidth is divided.
        bandwidth_weighting: &'static str,
        /// Jumbo frames.
        enable_jumbo_frame: bool,
        /// Encryption of the network.
        enable_network_encryption: bool,
    }
);

reply!(
    /// A dedicated host.
    pub(crate) struct DedicatedHostName {
        /// Its id.
        dedicated_host_id: &'static str,
        /// Its name.
        dedicated_host_name: &'static str,
    }
);

reply!(
    /// Locks of an instance.
    pub(crate) struct LockReasons {
        /// One for each reason.
        lock_reason: Vec<LockReasonItem>,
    }
);

reply!(
    /// One lock.
    pub(crate) struct LockReasonItem {
        /// The reason.
        lock_reason: &'static str,
    }
);

/// The attributes of an instance in a reply.
#[derive(Debug)]
pub(crate) struct Attributes(InstanceView);

impl ReplyValue for Attributes {
    const SHAPE: ReplyShape = AttributeItem::SHAPE;
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.item().serialize(out)
    }
}

impl Attributes {
    fn item(&self) -> AttributeItem<'_> {
        let full = self.0.item();
        let lock = |lock: &InstanceLock| LockReasonItem { lock_reason: lock.lock_reason };
        AttributeItem {
            instance_id: full.instance_id,
            instance_name: full.instance_name,
            description: full.description,
            host_name: full.host_name,
            status: full.status,
            region_id: full.region_id,
            zone_id: full.zone_id,
            cluster_id: full.cluster_id,
            instance_type: full.instance_type,
            cpu: full.cpu,
            memory: full.memory,
            io_optimized: if full.io_optimized { "optimized" } else { "none" },
            credit_specification: full.credit_specification,
            image_id: full.image_id,
            serial_number: full.serial_number,
            instance_charge_type: full.instance_charge_type,
            creation_time: full.creation_time,
            expired_time: full.expired_time,
            stopped_mode: full.stopped_mode,
            instance_network_type: full.instance_network_type,
            vpc_attributes: full.vpc_attributes,
            security_group_ids: full.security_group_ids,
            public_ip_address: full.public_ip_address,
            inner_ip_address: full.inner_ip_address,
            eip_address: NO_EIP,
            internet_charge_type: full.internet_charge_type,
            internet_max_bandwidth_out: full.internet_max_bandwidth_out,
            internet_max_bandwidth_in: full.internet_max_bandwidth_in,
            vlan_id: full.vlan_id,
            enable_jumbo_frame: false,
            enable_network_encryption: false,
            network_options: PLAIN_NETWORK,
            dedicated_host_attribute: NO_HOST,
            security_options: full.security_options,
            operation_locks: LockReasons {
                lock_reason: full.operation_locks.lock_reason.iter().map(lock).collect(),
            },
        }
    }
}

const NO_EIP: Eip =
    Eip { allocation_id: "", ip_address: "", bandwidth: 0, internet_charge_type: "" };
const PLAIN_NETWORK: NetworkOptions = NetworkOptions {
    bandwidth_weighting: "",
    enable_jumbo_frame: false,
    enable_network_encryption: false,
};
const NO_HOST: DedicatedHostName =
    DedicatedHostName { dedicated_host_id: "", dedicated_host_name: "" };

impl Query for DescribeInstanceAttribute {
    type Params = Params;
    type Reply = Attributes;

    const NAME: &'static str = "DescribeInstanceAttribute";
    const SUMMARY: &'static str = "Shows the attributes of one instance, of whatever region.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND];

    fn answer(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
    ) -> Result<Attributes, ActionError> {
        let instance = call.instance(tx, &params.instance_id)?.ok_or(&INSTANCE_NOT_FOUND)?;
        Ok(Attributes(InstanceView::of(tx, call, instance)?))
    }
}
