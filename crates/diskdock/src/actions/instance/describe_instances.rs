//! `DescribeInstances`: list instances.

use super::launch::params::InternetChargeType;
use super::view::{InstanceView, family_of, is_io_optimized, public_address};
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::{Case, Shape, Time, Value};

/// Lists instances that match all given filters.
pub(crate) struct DescribeInstances;

params!(
    /// Parameters of DescribeInstances.
    pub(crate) struct Params {
        /// The region whose instances are listed.
        region_id: RegionId,
        /// Only these instances, up to 100. An empty list matches nothing; ids that do not exist
        /// are passed over.
        #[common = true]
        instance_ids: Option<JsonList<InstanceId, 100>>,
        /// Only instances of this name. `*` at either end stands for anything.
        #[common = true]
        instance_name: Option<Text<1, 128>>,
        /// Only instances in this status.
        #[malformed = INSTANCE_STATUS_UNKNOWN]
        #[common = true]
        status: Option<InstanceStatus>,
        /// Only instances in this zone.
        #[common = true]
        zone_id: Option<ZoneId>,
        /// Only instances of this type.
        #[names = "type"]
        instance_type: Option<Text<1, 64>>,
        /// Only instances of this family of types.
        instance_type_family: Option<Text<1, 64>>,
        /// Only instances made from this image.
        #[names = "image"]
        image_id: Option<Text<1, 256>>,
        /// Only instances that are paid for so.
        #[malformed = INSTANCE_CHARGE_TYPE_UNKNOWN]
        instance_charge_type: Option<ChargeType>,
        /// Only instances whose public bandwidth is paid for so.
        #[malformed = INTERNET_CHARGE_FILTER_UNKNOWN]
        internet_charge_type: Option<InternetChargeType>,
        /// Only instances in this kind of network. All are in a VPC here.
        #[malformed = NETWORK_TYPE_UNKNOWN]
        instance_network_type: Option<NetworkType>,
        /// Only instances in this VPC.
        #[offers = "vpc"]
        vpc_id: Option<Text<1, 64>>,
        /// Only instances in this vSwitch.
        #[wire = "VSwitchId"]
        #[offers = "vswitch"]
        v_switch_id: Option<Text<1, 64>>,
        /// Only instances in this security group.
        #[offers = "security group"]
        security_group_id: Option<Text<1, 64>>,
        /// Only instances with one of these private addresses.
        private_ip_addresses: Option<JsonList<Text<1, 64>, 100>>,
        /// Only instances with one of these public addresses.
        public_ip_addresses: Option<JsonList<Text<1, 64>, 100>>,
        /// Only instances with one of these elastic addresses. There are none here.
        eip_addresses: Option<JsonList<Text<1, 64>, 100>>,
        /// Only instances with one of these addresses in the classic network. There are none here.
        inner_ip_addresses: Option<JsonList<Text<1, 64>, 100>>,
        /// Only instances with one of these RDMA addresses. There are none here.
        rdma_ip_addresses: Option<JsonList<Text<1, 64>, 100>>,
        /// Only instances with one of these IPv6 addresses. There are none here.
        ipv6_address: Each<Text<1, 64>>,
        /// Only instances of this cluster for supercomputing. There are none here.
        hpc_cluster_id: Option<Text<1, 64>>,
        /// Only instances with this key pair.
        #[offers = "key pair"]
        key_pair_name: Option<Text<1, 128>>,
        /// Only instances of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only instances with all these tags.
        tag: Groups<TagFilter>,
        /// Only instances that are (or are not) I/O optimised.
        io_optimized: Option<bool>,
        /// Only instances that can (or cannot) take disks. Only a locked one cannot here.
        device_available: Option<bool>,
        /// Only instances locked for this reason.
        #[malformed = LOCK_REASON_UNKNOWN]
        lock_reason: Option<LockReason>,
        /// Only instances created or ending in a span.
        filter: Groups<InstanceTimeFilter>,
        /// Whether metadata can be reached. It is `enabled` for all.
        http_endpoint: Option<Text<1, 16>>,
        /// How far answers of the metadata server travel.
        http_put_response_hop_limit: Ignored<Option<Integer<0, 64>>>,
        /// Whether metadata wants a token. It is `optional` for all.
        http_tokens: Option<Text<1, 16>>,
        /// Attributes to add to the reply. All are always there.
        additional_attributes: Ignored<Each<Text<0, 64>>>,
        /// Whether to show the billing cycle. It is always empty.
        need_sale_cycle: Ignored<Option<bool>>,
        /// Where the page before ended; with it, PageNumber and PageSize do not count.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page when NextToken is used: 10 to 100.
        max_results: Option<Clamped<10, 100>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

params!(
    /// A condition on a time.
    pub(crate) struct InstanceTimeFilter {
        /// The key.
        #[malformed = INSTANCE_FILTER_KEY_UNKNOWN]
        key: Option<InstanceTimeKey>,
        /// The time.
        #[malformed = INSTANCE_FILTER_VALUE_NOT_VALID]
        value: Option<Time>,
    }
);

choice!(
    /// Keys of a filter.
    pub(crate) enum InstanceTimeKey {
        CreatedFrom = "CreationStartTime",
        CreatedTo = "CreationEndTime",
        ExpiresFrom = "ExpiredStartTime",
        ExpiresTo = "ExpiredEndTime",
    }
);

choice!(
    /// Kinds of network.
    pub(crate) enum NetworkType {
        Vpc = "vpc",
        Classic = "classic",
    }
);

impl Value for InstanceStatus {
    const SHAPE: Shape = Shape::Choice(InstanceStatus::WORDS, Case::Exact);
    const EXAMPLE: &'static str = "Running";

    fn parse(text: &str) -> Option<Self> {
        InstanceStatus::from_word(text)
    }
}

impl Value for LockReason {
    const SHAPE: Shape = Shape::Choice(LockReason::WORDS, Case::Exact);
    const EXAMPLE: &'static str = "security";

    fn parse(text: &str) -> Option<Self> {
        LockReason::from_word(text)
    }
}

reply!(
    /// Reply of DescribeInstances.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many instances match. Not meaningful with NextToken.
        total_count: u64,
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The instances.
        instances: Instances,
    }
);

reply!(
    /// The instances of a page.
    pub(crate) struct Instances {
        /// One instance each.
        instance: Vec<InstanceView>,
    }
);

impl Query for DescribeInstances {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstances";
    const SUMMARY: &'static str = "Lists instances that match all given filters, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &TAG_MISMATCH,
        &TAG_COUNT,
        &NEXT_TOKEN_NOT_VALID,
        &INSTANCE_FILTER_KEY_UNKNOWN,
        &INSTANCE_FILTER_VALUE_NOT_VALID,
    ];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        )?;
        let found = tx.instances(&filter(call, params)?, &paging.page)?;
        let view = |one| InstanceView::of(tx, call, one);
        let instance = found.entries.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            next_token: paging.next_token(found.next),
            instances: Instances { instance },
        })
    }
}

fn filter(call: &Call<'_>, params: &Params) -> Result<InstanceFilter, ActionError> {
    let account = call.caller.account.clone();
    let mut filter = InstanceFilter::all(account, &params.region_id.0);
    filter.ids = params.instance_ids.as_ref().map(|ids| ids.0.clone());
    filter.tags = paging::tags(&params.tag.0)?;
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    restrict_indexed(&mut filter, params);
    restrict_texts(&mut filter, params);
    restrict_attributes(&mut filter, call, params);
    restrict_network(&mut filter, params);
    for one in &params.filter.0 {
        restrict_time(&mut filter, one)?;
    }
    Ok(filter)
}

/// Filters that the store has columns and an index for.
fn restrict_indexed(filter: &mut InstanceFilter, params: &Params) {
    filter.columns.extend(params.zone_id.iter().map(|zone| ("zone", zone.0.clone())));
    filter.columns.extend(params.status.map(|status| ("status", status.as_str().to_owned())));
    if let Some(Text(name)) = params.instance_name.clone() {
        filter.restrict_name(name);
    }
}

fn restrict_texts(filter: &mut InstanceFilter, params: &Params) {
    let mut text = |wanted: Option<&str>, field: fn(&Instance) -> &str| {
        let Some(wanted) = wanted.map(str::to_owned) else { return };
        filter.also.push(Box::new(move |instance| field(instance) == wanted));
    };
    text(params.instance_type.as_ref().map(|t| t.0.as_str()), |i| &i.instance_type);
    text(params.instance_type_family.as_ref().map(|f| f.0.as_str()), |i| {
        family_of(&i.instance_type)
    });
    text(params.image_id.as_ref().map(|image| image.0.as_str()), |i| &i.image);
    text(params.vpc_id.as_ref().map(|vpc| vpc.0.as_str()), |i| &i.network.vpc);
    text(params.v_switch_id.as_ref().map(|vswitch| vswitch.0.as_str()), |i| &i.network.vswitch);
    text(params.key_pair_name.as_ref().map(|pair| pair.0.as_str()), |i| &i.key_pair);
    let paid = params.internet_charge_type.map(InternetChargeType::as_str);
    text(paid, |i| &i.network.internet_charge_type);
    // These values are the same for all instances here.
    text(params.http_endpoint.as_ref().map(|endpoint| endpoint.0.as_str()), |_| "enabled");
    text(params.http_tokens.as_ref().map(|tokens| tokens.0.as_str()), |_| "optional");
}

fn restrict_attributes(filter: &mut InstanceFilter, call: &Call<'_>, params: &Params) {
    let also = &mut filter.also;
    if let Some(charge_type) = params.instance_charge_type {
        also.push(Box::new(move |instance| instance.charge_type == charge_type));
    }
    if let Some(reason) = params.lock_reason {
        also.push(Box::new(move |instance| instance.is_locked_for(reason)));
    }
    if let Some(available) = params.device_available {
        also.push(Box::new(move |instance| instance.locks.is_empty() == available));
    }
    if let Some(optimized) = params.io_optimized {
        let inventory = &call.environment.inventory;
        let types = inventory.instance_types().iter().map(|found| &found.id);
        let plain: Vec<String> =
            types.filter(|id| !is_io_optimized(inventory, id)).cloned().collect();
        also.push(Box::new(move |instance| plain.contains(&instance.instance_type) != optimized));
    }
}

fn restrict_network(filter: &mut InstanceFilter, params: &Params) {
    let group = params.security_group_id.as_ref();
    filter.terms.extend(group.map(|group| ("security_group", group.0.clone())));
    if let Some(JsonList(addresses)) = params.private_ip_addresses.clone() {
        let has_one = move |instance: &Instance| {
            addresses.iter().any(|address| address.0 == instance.network.private_ip)
        };
        filter.also.push(Box::new(has_one));
    }
    if let Some(JsonList(addresses)) = params.public_ip_addresses.clone() {
        let has_one = move |instance: &Instance| {
            let shown = public_address(instance);
            addresses.iter().any(|address| Some(&address.0) == shown.as_ref())
        };
        filter.also.push(Box::new(has_one));
    }
    if let Some(kind) = params.instance_network_type {
        let is_vpc = kind == NetworkType::Vpc;
        filter.also.push(Box::new(move |instance| instance.network.vpc.is_empty() != is_vpc));
    }
    let nowhere = params.eip_addresses.is_some()
        || params.inner_ip_addresses.is_some()
        || params.rdma_ip_addresses.is_some()
        || params.hpc_cluster_id.is_some()
        || !params.ipv6_address.0.is_empty();
    if nowhere {
        filter.also.push(Box::new(|_| false));
    }
}

fn restrict_time(
    filter: &mut InstanceFilter,
    one: &InstanceTimeFilter,
) -> Result<(), &'static ErrorCode> {
    let key = one.key.ok_or(&INSTANCE_FILTER_KEY_UNKNOWN)?;
    let Time(at) = one.value.ok_or(&INSTANCE_FILTER_VALUE_NOT_VALID)?;
    filter.also.push(match key {
        InstanceTimeKey::CreatedFrom => Box::new(move |instance| instance.created_at >= at),
        InstanceTimeKey::CreatedTo => Box::new(move |instance| instance.created_at <= at),
        InstanceTimeKey::ExpiresFrom => {
            Box::new(move |instance| instance.expires_at.is_none_or(|end| end >= at))
        }
        InstanceTimeKey::ExpiresTo => {
            Box::new(move |instance| instance.expires_at.is_some_and(|end| end <= at))
        }
    });
    Ok(())
}
