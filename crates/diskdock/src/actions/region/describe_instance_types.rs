//! `DescribeInstanceTypes`: list instance types.

use super::type_filter::{Bound, Figure, matches};
use super::type_view::TypeItem;
use crate::actions::paging;
use crate::actions::prelude::*;
use crate::store::Cursor;
use domain::inventory::Inventory;

/// Lists instance types that match all given filters.
pub(crate) struct DescribeInstanceTypes;

params!(
    /// Parameters of DescribeInstanceTypes.
    pub(crate) struct Params {
        /// Only these types.
        #[names = "type"]
        instance_types: Each<Text<1, 64>>,
        /// Only types of this family.
        instance_type_family: Option<Text<1, 64>>,
        /// Only types of these families.
        instance_type_families: Each<Text<1, 64>>,
        /// Only types of families at this level.
        instance_family_level: Option<Level>,
        /// Only types of this category, such as `General-purpose`.
        #[example = "General-purpose"]
        instance_category: Option<Text<1, 64>>,
        /// Only types of these categories.
        #[example = "General-purpose"]
        instance_categories: Each<Text<1, 64>>,
        /// Only types with processors of this kind.
        cpu_architecture: Option<CpuArchitecture>,
        /// Only types with processors of these kinds.
        cpu_architectures: Each<CpuArchitecture>,
        /// Only types with this processor.
        physical_processor_model: Option<Text<1, 128>>,
        /// Only types with these processors.
        physical_processor_models: Each<Text<1, 128>>,
        /// At least so many virtual processors.
        minimum_cpu_core_count: Option<Bound>,
        /// At most so many virtual processors.
        maximum_cpu_core_count: Option<Bound>,
        /// At least so many GHz.
        minimum_cpu_speed_frequency: Option<Figure>,
        /// At most so many GHz.
        maximum_cpu_speed_frequency: Option<Figure>,
        /// At least so many GHz at full turbo.
        minimum_cpu_turbo_frequency: Option<Figure>,
        /// At most so many GHz at full turbo.
        maximum_cpu_turbo_frequency: Option<Figure>,
        /// At least so many GiB of memory.
        minimum_memory_size: Option<Figure>,
        /// At most so many GiB of memory.
        maximum_memory_size: Option<Figure>,
        /// Only types with this graphics processor.
        #[wire = "GPUSpec"]
        gpu_spec: Option<Text<1, 128>>,
        /// Only types with these graphics processors.
        gpu_specs: Each<Text<1, 128>>,
        /// At least so many graphics processors.
        #[wire = "MinimumGPUAmount"]
        minimum_gpu_amount: Option<Bound>,
        /// At most so many graphics processors.
        #[wire = "MaximumGPUAmount"]
        maximum_gpu_amount: Option<Bound>,
        /// Only types with local disks of this category.
        local_storage_category: Option<LocalCategory>,
        /// Only types with local disks of these categories.
        local_storage_categories: Each<LocalCategory>,
        /// At least so many local disks.
        minimum_local_storage_amount: Option<Bound>,
        /// Local disks of at least so many GiB.
        minimum_local_storage_capacity: Option<Bound>,
        /// At least so many cloud disks, the system disk included.
        minimum_disk_quantity: Option<Bound>,
        /// Only types with this relation to NVMe.
        nvme_support: Option<NvmeFilter>,
        /// At least so many processor credits at the start.
        minimum_initial_credit: Option<Bound>,
        /// At least this baseline of processor credits.
        minimum_baseline_credit: Option<Bound>,
        /// At least so many kbit/s into the instance.
        minimum_instance_bandwidth_rx: Option<Bound>,
        /// At least so many kbit/s out of the instance.
        minimum_instance_bandwidth_tx: Option<Bound>,
        /// At least so many packets a second into the instance.
        minimum_instance_pps_rx: Option<Bound>,
        /// At least so many packets a second out of the instance.
        minimum_instance_pps_tx: Option<Bound>,
        /// At least so many network interfaces.
        minimum_eni_quantity: Option<Bound>,
        /// At least so many private IPv4 addresses on an interface.
        minimum_eni_private_ip_address_quantity: Option<Bound>,
        /// At least so many IPv6 addresses on an interface.
        minimum_eni_ipv6_address_quantity: Option<Bound>,
        /// At least so many queues of the primary interface.
        minimum_primary_eni_queue_number: Option<Bound>,
        /// At least so many queues of a secondary interface.
        minimum_secondary_eni_queue_number: Option<Bound>,
        /// At least so many RDMA interfaces. No type has any.
        minimum_eri_quantity: Option<Bound>,
        /// At least so many RDMA queue pairs. No type has any.
        minimum_queue_pair_number: Option<Bound>,
        /// Further groups of attributes to answer with. There are none here.
        additional_attributes: Ignored<Each<Text<1, 64>>>,
        /// Where the page before ended.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page; 100 if left out.
        max_results: Option<Clamped<1, 100>>,
    }
);

choice!(
    /// Levels that can be asked for.
    pub(crate) enum Level {
        Entry = "EntryLevel",
        Enterprise = "EnterpriseLevel",
        CreditEntry = "CreditEntryLevel",
    }
);

choice!(
    /// Kinds of processor that can be asked for.
    pub(crate) enum CpuArchitecture {
        X86 = "X86",
        Arm = "ARM",
    }
);

choice!(
    /// Categories of local disks that can be asked for.
    pub(crate) enum LocalCategory {
        Hdd = "local_hdd_pro",
        Ssd = "local_ssd_pro",
    }
);

choice!(
    /// Relations to NVMe that can be asked for.
    pub(crate) enum NvmeFilter {
        Required = "required",
        Supported = "supported",
        Unsupported = "unsupported",
    }
);

reply!(
    /// Reply of DescribeInstanceTypes.
    pub(crate) struct Reply {
        /// The types.
        instance_types: InstanceTypes,
        /// Where the next page begins; empty on the last one.
        next_token: String,
    }
);

reply!(
    /// The instance types of a page.
    pub(crate) struct InstanceTypes {
        /// One type each.
        instance_type: Vec<TypeItem>,
    }
);

/// Entries on a page unless the caller says otherwise.
const PAGE: usize = 100;

impl Query for DescribeInstanceTypes {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceTypes";
    const SUMMARY: &'static str = "Lists instance types that match all given filters.";
    const DETAILS: &'static str = "\
The list is the same in every region. Which types a zone sells is the answer of \
DescribeAvailableResource.";
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("MinimumLocalStorageCapacity"),
        SdkParam::long("MinimumInstancePpsRx"),
        SdkParam::long("MinimumInstancePpsTx"),
        SdkParam::long("MaxResults"),
        SdkParam::lacking("AdditionalAttributes", TypedSdk::OLDEST),
    ];
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&NEXT_TOKEN_NOT_VALID];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        let after = match &params.next_token {
            Some(Text(token)) => position_after(inventory, &paging::parse_token(token)?)?,
            None => 0,
        };
        let most = params.max_results.and_then(|most| usize::try_from(most.0).ok()).unwrap_or(PAGE);
        let mut found = inventory.instance_types().iter().skip(after).filter_map(|one| {
            let family = inventory.family(&one.family)?;
            matches(params, one, family).then_some((one, family))
        });
        let page: Vec<_> = found.by_ref().take(most).collect();
        let next = found.next().and(page.last()).map(|(last, _)| cursor(&last.id));
        let instance_type = page.iter().map(|(one, family)| TypeItem::of(one, family)).collect();
        Ok(Reply {
            instance_types: InstanceTypes { instance_type },
            next_token: paging::token(next),
        })
    }
}

/// Types are in the order of the inventory, and none was created at any time.
fn cursor(id: &str) -> Cursor {
    Cursor { created_at: Moment::default(), id: id.into() }
}

fn position_after(inventory: &Inventory, after: &Cursor) -> Result<usize, Refusal> {
    let last = inventory.instance_types().iter().position(|one| cursor(&one.id) == *after);
    last.map(|at| at + 1).ok_or_else(|| Refusal::from(&NEXT_TOKEN_NOT_VALID))
}
