//! `DescribeSecurityGroups`: list security groups.

use domain::security_group::SecurityGroupType;
use domain::{SecurityGroup, SecurityGroupId};

use super::create_security_group::GroupTypeWord;
use crate::actions::network_lookups::count;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;
use crate::store::{EntityReads, Filter};

/// Instances in one normal group, and in one enterprise group, at most (documentation of security
/// groups).
const INSTANCES_AT_MOST: [u64; 2] = [6_000, 65_536];

/// Lists security groups that match all given filters.
pub(crate) struct DescribeSecurityGroups;

params!(
    /// Parameters of DescribeSecurityGroups.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Only this group.
        security_group_id: Option<SecurityGroupId>,
        /// Only these groups, up to 100; with them, SecurityGroupId does not count.
        security_group_ids: Option<JsonList<SecurityGroupId>>,
        /// Only groups of this name; `*` at either end stands for anything.
        security_group_name: Option<Text<1, 128>>,
        /// Only groups of this type.
        #[malformed = SECURITY_GROUP_TYPE_FILTER]
        security_group_type: Option<GroupTypeWord>,
        /// Only groups of this VPC.
        #[offers = "vpc"]
        vpc_id: Option<Text<1, 64>>,
        /// Only groups with a VPC, or only without.
        network_type: Option<GroupNetwork>,
        /// Only groups of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only groups with all these tags.
        tag: Groups<TagFilter>,
        /// Only groups that belong (or do not belong) to a cloud service. None does here.
        service_managed: Option<bool>,
        /// Whether names are searched. `*` does that.
        fuzzy_query: Ignored<Option<bool>>,
        /// Whether instances are counted. They always are.
        is_query_ecs_count: Ignored<Option<bool>>,
        /// Where the page begins; given by the page before.
        #[malformed = SECURITY_GROUP_TOKEN]
        next_token: Option<Text<1, 128>>,
        /// Entries on a page when NextToken is used.
        max_results: Option<Clamped<1, 100>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

choice!(
    /// Networks of groups.
    pub(crate) enum GroupNetwork {
        Vpc = "vpc",
        Classic = "classic",
    }
);

reply!(
    /// Reply of DescribeSecurityGroups.
    pub(crate) struct Reply {
        /// The region.
        region_id: String,
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many groups match. Not meaningful with NextToken.
        total_count: u64,
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The groups.
        security_groups: GroupPage,
    }
);

reply!(
    /// The groups of a page.
    pub(crate) struct GroupPage {
        /// The entries.
        security_group: Vec<SecurityGroupItem>,
    }
);

reply!(
    /// A security group.
    pub(crate) struct SecurityGroupItem {
        /// Its id.
        security_group_id: String,
        /// Display name.
        security_group_name: String,
        /// Free text.
        description: String,
        /// Its VPC; empty without one.
        vpc_id: String,
        /// `normal` or `enterprise`.
        security_group_type: &'static str,
        /// How many instances are in it.
        ecs_count: u64,
        /// How many more can be.
        available_instance_amount: u64,
        /// How many rules it has.
        rule_count: usize,
        /// How many of them name a group.
        group_to_group_rule_count: usize,
        /// When it was created.
        creation_time: String,
        /// The resource group.
        resource_group_id: String,
        /// Whether it belongs to a cloud service: never here.
        service_managed: bool,
        /// The cloud service; 0 for none.
        #[wire = "ServiceID"]
        service_id: i64,
        /// Its tags.
        tags: GroupTagSet,
    }
);

reply!(
    /// Tags of a group.
    pub(crate) struct GroupTagSet {
        /// One for each key.
        tag: Vec<GroupTagPair>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct GroupTagPair {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for DescribeSecurityGroups {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeSecurityGroups";
    const SUMMARY: &'static str =
        "Lists security groups that match all given filters, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &SECURITY_GROUP_TOKEN, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        );
        let paging = paging.map_err(|_| &SECURITY_GROUP_TOKEN)?;
        let found = tx.list(&filter(call, params)?, &paging.page)?;
        let mut items = Vec::with_capacity(found.entries.len());
        for group in found.entries {
            let term = ("security_group", group.id.as_str());
            let instances = count::<Instance>(tx, call, &params.region_id.0, term)?;
            items.push(item(group, instances));
        }
        Ok(Reply {
            region_id: params.region_id.0.clone(),
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            next_token: paging.next_token(found.next),
            security_groups: GroupPage { security_group: items },
        })
    }
}

fn filter(call: &Call<'_>, params: &Params) -> Result<Filter<SecurityGroup>, ActionError> {
    let mut filter = Filter::all(call.caller.account.clone(), &params.region_id.0);
    filter.ids = match (&params.security_group_ids, &params.security_group_id) {
        (Some(JsonList(ids)), _) => Some(ids.clone()),
        (None, Some(id)) => Some(vec![id.clone()]),
        (None, None) => None,
    };
    filter.tags = paging::tags(&params.tag.0)?;
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    filter.terms.extend(params.vpc_id.as_ref().map(|vpc| ("vpc", vpc.0.clone())));
    if let Some(Text(name)) = params.security_group_name.clone() {
        filter.restrict_name(name);
    }
    if let Some(kind) = params.security_group_type.map(GroupTypeWord::kind) {
        filter.also.push(Box::new(move |group: &SecurityGroup| group.kind == kind));
    }
    if let Some(network) = params.network_type {
        let has_vpc = network == GroupNetwork::Vpc;
        filter.also.push(Box::new(move |group: &SecurityGroup| group.vpc.is_empty() != has_vpc));
    }
    if params.service_managed == Some(true) {
        filter.ids = Some(Vec::new());
    }
    Ok(filter)
}

fn item(group: SecurityGroup, instances: u64) -> SecurityGroupItem {
    let most = match group.kind {
        SecurityGroupType::Normal => INSTANCES_AT_MOST[0],
        SecurityGroupType::Enterprise => INSTANCES_AT_MOST[1],
    };
    let pair = |tag: Tag| GroupTagPair { tag_key: tag.key, tag_value: tag.value };
    let named = group.rules.iter().filter(|rule| !rule.traffic.group.is_empty());
    SecurityGroupItem {
        security_group_id: group.id.to_string(),
        security_group_type: group.kind.as_str(),
        ecs_count: instances,
        available_instance_amount: most.saturating_sub(instances),
        rule_count: group.rules.len(),
        group_to_group_rule_count: named.count(),
        creation_time: with_seconds(group.created_at),
        security_group_name: group.name,
        description: group.description,
        vpc_id: group.vpc,
        resource_group_id: group.resource_group,
        service_managed: false,
        service_id: 0,
        tags: GroupTagSet { tag: group.tags.into_iter().map(pair).collect() },
    }
}
