//! Parameters that RunInstances and CreateInstance have in common.

use crate::actions::disk::create_disk::Arn;
use crate::actions::login::Password;
use crate::actions::prelude::*;
use crate::actions::region::language::SpotStrategy;
use crate::catalog::{Shape, Value};

use super::names::{HostName, SequencedName};

params!(
    /// Parameters of every launch.
    pub(crate) struct Launch {
        /// The region.
        region_id: RegionId,
        /// The zone. Left out, the first one that sells the instance type and the disks is taken.
        #[common = true]
        zone_id: Option<ZoneId>,
        /// The instance type, one of DescribeInstanceTypes.
        #[names = "type"]
        #[common = true]
        instance_type: Option<Text<1, 64>>,
        /// The image, one of DescribeImages.
        #[names = "image"]
        #[common = true]
        image_id: Option<Text<1, 256>>,
        /// Take the newest image of this family; not together with `ImageId`.
        image_family: Option<Text<2, 128>>,
        /// Display name; the instance's id if left out. `name[begin,bits]rest` counts up from
        /// instance to instance, with so many digits.
        #[common = true]
        instance_name: Option<SequencedName>,
        /// Free text.
        description: Option<Description>,
        /// The name inside the guest; counts up like `InstanceName`.
        host_name: Option<HostName>,
        /// The login password. Only its hash is kept, which makes it root's in the guest. With
        /// virtual machines it needs an image with cloud-init.
        #[malformed = PASSWORD_MALFORMED]
        #[common = true]
        password: Option<Password>,
        /// Keep the password of the image; not together with `Password`.
        password_inherit: Option<bool>,
        /// The key pair for login to show. Not for Windows.
        #[offers = "key pair"]
        #[common = true]
        key_pair_name: Option<Text<1, 128>>,
        /// The security group. One that this server made must be of the VPC of the vSwitch; any
        /// other id is only shown, and a placeholder if none is given.
        #[offers = "security group"]
        #[common = true]
        security_group_id: Option<Text<1, 64>>,
        /// The vSwitch. One that this server made gives the VPC, the zone and the address; any
        /// other id is only shown, and a placeholder if none is given.
        #[wire = "VSwitchId"]
        #[offers = "vswitch"]
        #[common = true]
        v_switch_id: Option<Text<1, 64>>,
        /// The private address; further instances get the addresses after it. Left out, one of the
        /// vSwitch is taken, or a placeholder is shown.
        #[malformed = PRIVATE_IP_MALFORMED]
        private_ip_address: Option<Ipv4>,
        /// The public bandwidth billing method to show.
        #[malformed = INTERNET_CHARGE_TYPE_UNKNOWN]
        internet_charge_type: Option<InternetChargeType>,
        /// Megabits a second out of the instance to show. With more than 0, a public address out of
        /// 198.18.0.0/15 is shown, which leads nowhere.
        #[malformed = BANDWIDTH_OUT_MALFORMED]
        internet_max_bandwidth_out: Option<Integer<0, 100>>,
        /// Megabits a second into the instance to show.
        #[malformed = BANDWIDTH_IN_MALFORMED]
        internet_max_bandwidth_in: Option<Integer<0, 1000>>,
        /// Pay-as-you-go or subscription.
        #[malformed = INSTANCE_CHARGE_TYPE_UNKNOWN]
        instance_charge_type: Option<ChargeType>,
        /// Length of a subscription, in `PeriodUnit`.
        #[malformed = PERIOD_NOT_VALID]
        period: Option<Integer<1, 60>>,
        /// Week or month.
        #[malformed = PERIOD_UNIT_NOT_VALID]
        period_unit: Option<PeriodUnit>,
        /// How a spot instance bids. Spot instances are never reclaimed here.
        #[malformed = SPOT_STRATEGY_NOT_VALID]
        spot_strategy: Option<SpotStrategy>,
        /// Refuse the release of the instance. Pay-as-you-go only.
        deletion_protection: Option<bool>,
        /// How a burstable instance spends its credits.
        credit_specification: Option<CreditSpecification>,
        /// User data in Base64, up to 32 KB before encoding.
        user_data: Option<Text<0, 65536>>,
        /// Tags of the instance, up to 20. The value of `diskdock:forward` must be a list of ports.
        #[common = true]
        tag: Groups<TagParam>,
        /// The resource group to show.
        resource_group_id: Option<Text<1, 64>>,
        /// The RAM role to show.
        ram_role_name: Option<Text<1, 64>>,
        /// Prepare the instance for hibernation. It cannot be done here, so true is refused.
        hibernation_options: Group<HibernationOptions>,
        /// Whether a subscription renews itself. Nothing is ever renewed here.
        auto_renew: Ignored<Option<bool>>,
        /// Length of a renewal.
        #[malformed = AUTO_RENEW_PERIOD_NOT_VALID]
        auto_renew_period: Ignored<Option<Integer<1, 60>>>,
        /// Hours for which a spot instance is safe.
        #[malformed = SPOT_DURATION_NOT_VALID]
        spot_duration: Ignored<Option<Integer<0, 6>>>,
        /// The treatment of a reclaimed spot instance.
        spot_interruption_behavior: Ignored<Option<SpotInterruption>>,
        /// The highest bid of a spot instance.
        #[malformed = SPOT_PRICE_LIMIT_NOT_VALID]
        spot_price_limit: Ignored<Option<f64>>,
        /// `none` or `optimized`. The instance type decides.
        io_optimized: Ignored<Option<Text<0, 16>>>,
        /// Whether to install the vendor's security agent.
        security_enhancement_strategy: Ignored<Option<Text<0, 16>>>,
        /// Whether the guest can reach instance metadata.
        http_endpoint: Ignored<Option<Text<0, 16>>>,
        /// How far answers of the metadata server travel.
        http_put_response_hop_limit: Ignored<Option<Integer<1, 64>>>,
        /// Whether instance metadata wants a token.
        http_tokens: Ignored<Option<Text<0, 16>>>,
        /// A dedicated host. There are none here.
        dedicated_host_id: Ignored<Option<Text<0, 64>>>,
        /// Whether the instance stays on its dedicated host.
        affinity: Ignored<Option<Text<0, 16>>>,
        /// Whether the instance runs on a dedicated host.
        tenancy: Ignored<Option<Text<0, 16>>>,
        /// A managed host. There are none here.
        managed_host_id: Ignored<Option<Text<0, 64>>>,
        /// A deployment set. There are none here.
        deployment_set_id: Ignored<Option<Text<0, 64>>>,
        /// A group of the deployment set.
        deployment_set_group_no: Ignored<Option<Integer<1, 7>>>,
        /// A cluster for supercomputing. There are none here.
        hpc_cluster_id: Ignored<Option<Text<0, 64>>>,
        /// Reserved capacity. There is none here.
        private_pool_options: Ignored<Group<PrivatePoolOptions>>,
        /// A storage set. It is not shown for disks that come with an instance.
        storage_set_id: Ignored<Option<Text<0, 64>>>,
        /// The number of partitions of the storage set.
        storage_set_partition_number: Ignored<Option<Integer<1, 2000>>>,
        /// Not offered to the public.
        arn: Ignored<Groups<Arn>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

params!(
    /// Hibernation.
    pub(crate) struct HibernationOptions {
        /// Whether the instance is prepared for it.
        configured: Option<bool>,
    }
);

params!(
    /// Reserved capacity.
    pub(crate) struct PrivatePoolOptions {
        /// The reservation.
        id: Option<Text<0, 64>>,
        /// `Open`, `Target` or `None`.
        match_criteria: Option<Text<0, 16>>,
    }
);

choice!(
    /// The unit of a subscription's length.
    pub(crate) enum PeriodUnit {
        Month = "Month",
        Week = "Week",
    }
);

choice!(
    /// The treatment of a reclaimed spot instance.
    pub(crate) enum SpotInterruption {
        Terminate = "Terminate",
        Stop = "Stop",
    }
);

choice!(
    /// How a burstable instance spends its credits.
    pub(crate) enum CreditSpecification {
        Standard = "Standard",
        Unlimited = "Unlimited",
    }
);

choice!(
    /// How public bandwidth is paid for.
    pub(crate) enum InternetChargeType {
        PayByTraffic = "PayByTraffic",
        PayByBandwidth = "PayByBandwidth",
    }
);

/// An IPv4 address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ipv4(pub std::net::Ipv4Addr);

impl Value for Ipv4 {
    const SHAPE: Shape = Shape::Text { min: 7, max: 15, rule: "an IPv4 address" };
    const EXAMPLE: &'static str = "172.16.0.10";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Ipv4)
    }
}
