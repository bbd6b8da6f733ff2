//! `DescribeSecurityGroupAttribute`: a group with its rules.

use domain::SecurityGroupId;
use domain::security_group::{RuleDirection, SecurityRule};

use super::rule_params::NicType;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Shows a security group with its rules.
pub(crate) struct DescribeSecurityGroupAttribute;

/// Rules on a page unless the caller says otherwise.
const RULES: usize = 500;

params!(
    /// Parameters of DescribeSecurityGroupAttribute.
    pub(crate) struct Params {
        /// The group.
        security_group_id: SecurityGroupId,
        /// The region of the group.
        region_id: RegionId,
        /// Only rules for incoming traffic, or only for outgoing.
        direction: Option<DirectionWord>,
        /// Only rules for this side of the network, of a group without VPC.
        #[malformed = NIC_TYPE_NOT_VALID]
        nic_type: Option<NicType>,
        /// Show automatic snapshot policies of the group. There are none here.
        attribute: Ignored<Option<Text<0, 64>>>,
        /// Where the page begins; given by the page before.
        #[example = "500"]
        next_token: Option<Text<1, 128>>,
        /// Rules on a page: 10 to 1000.
        max_results: Option<Clamped<10, 1000>>,
    }
);

choice!(
    /// Ways of traffic.
    pub(crate) enum DirectionWord {
        All = "all",
        Ingress = "ingress",
        Egress = "egress",
    }
);

reply!(
    /// Reply of DescribeSecurityGroupAttribute.
    pub(crate) struct Reply {
        /// The group.
        security_group_id: String,
        /// The region.
        region_id: String,
        /// Display name.
        security_group_name: String,
        /// Free text.
        description: String,
        /// Its VPC; empty without one.
        vpc_id: String,
        /// `Accept` if its instances reach one another, else `Drop`.
        inner_access_policy: &'static str,
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The rules, the strongest first.
        permissions: Permissions,
        /// Automatic snapshot policies. There are none here.
        snapshot_policy_ids: PolicyIds,
    }
);

reply!(
    /// The rules of a page.
    pub(crate) struct Permissions {
        /// The entries.
        permission: Vec<Permission>,
    }
);

reply!(
    /// Automatic snapshot policies.
    pub(crate) struct PolicyIds {
        /// One id each.
        snapshot_policy_id: Vec<String>,
    }
);

reply!(
    /// A rule.
    #[derive(Default)]
    pub(crate) struct Permission {
        /// Its id.
        security_group_rule_id: String,
        /// `ingress` or `egress`.
        direction: &'static str,
        /// The protocol.
        ip_protocol: String,
        /// Ports of the instances in the group.
        port_range: String,
        /// Ports where the traffic begins.
        source_port_range: String,
        /// A list of ports. There are none here.
        port_range_list_id: &'static str,
        /// Its name.
        port_range_list_name: &'static str,
        /// IPv4 addresses where the traffic begins.
        source_cidr_ip: String,
        /// IPv6 addresses where the traffic begins.
        ipv6_source_cidr_ip: String,
        /// The group where the traffic begins.
        source_group_id: String,
        /// Its name.
        source_group_name: String,
        /// Its account.
        source_group_owner_account: String,
        /// A list of ranges where the traffic begins.
        source_prefix_list_id: String,
        /// Its name.
        source_prefix_list_name: &'static str,
        /// IPv4 addresses where the traffic ends.
        dest_cidr_ip: String,
        /// IPv6 addresses where the traffic ends.
        ipv6_dest_cidr_ip: String,
        /// The group where the traffic ends.
        dest_group_id: String,
        /// Its name.
        dest_group_name: String,
        /// Its account.
        dest_group_owner_account: String,
        /// A list of ranges where the traffic ends.
        dest_prefix_list_id: String,
        /// Its name.
        dest_prefix_list_name: &'static str,
        /// `internet` or `intranet`.
        nic_type: String,
        /// `Accept` or `Drop`.
        policy: &'static str,
        /// 1 to 100, lower is stronger.
        priority: String,
        /// Free text.
        description: String,
        /// When it was added.
        create_time: String,
    }
);

impl Query for DescribeSecurityGroupAttribute {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeSecurityGroupAttribute";
    const SUMMARY: &'static str = "Shows a security group with its rules.";
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("Attribute", TypedSdk::OLDER)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &SECURITY_GROUP_NOT_FOUND, &NEXT_TOKEN_NOT_VALID];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let group = super::find(tx, call, &params.region_id, &params.security_group_id)?;
        let begin: usize = match &params.next_token {
            Some(Text(token)) => token.parse().map_err(|_| &NEXT_TOKEN_NOT_VALID)?,
            None => 0,
        };
        let most =
            params.max_results.map_or(RULES, |most| usize::try_from(most.0).unwrap_or(RULES));
        let has_vpc = !group.vpc.is_empty();
        let mut rules: Vec<_> =
            group.rules.iter().filter(|rule| is_wanted(rule, params, has_vpc)).collect();
        rules.sort_by_key(|rule| rule.traffic.priority);
        let end = begin.saturating_add(most);
        let next_token = if end < rules.len() { end.to_string() } else { String::new() };
        let page = rules.iter().skip(begin).take(most);
        Ok(Reply {
            permissions: Permissions { permission: page.map(|rule| permission(rule)).collect() },
            security_group_id: group.id.to_string(),
            region_id: group.region,
            security_group_name: group.name,
            description: group.description,
            vpc_id: group.vpc,
            inner_access_policy: if group.inner_accepts { "Accept" } else { "Drop" },
            next_token,
            snapshot_policy_ids: PolicyIds { snapshot_policy_id: Vec::new() },
        })
    }
}

fn is_wanted(rule: &SecurityRule, params: &Params, has_vpc: bool) -> bool {
    let is_of_way = match params.direction {
        None | Some(DirectionWord::All) => true,
        Some(DirectionWord::Ingress) => rule.direction == RuleDirection::Ingress,
        Some(DirectionWord::Egress) => rule.direction == RuleDirection::Egress,
    };
    let is_of_side = match params.nic_type {
        None => true,
        Some(NicType::Internet) => has_vpc || rule.traffic.nic == "internet",
        Some(NicType::Intranet) => rule.traffic.nic == "intranet",
    };
    is_of_way && is_of_side
}

fn permission(rule: &SecurityRule) -> Permission {
    let traffic = rule.traffic.clone();
    let shown = Permission {
        security_group_rule_id: rule.id.clone(),
        direction: rule.direction.as_str(),
        ip_protocol: traffic.protocol,
        port_range: traffic.ports,
        source_port_range: traffic.other_ports,
        nic_type: traffic.nic,
        policy: if traffic.accepts { "Accept" } else { "Drop" },
        priority: traffic.priority.to_string(),
        description: rule.description.clone(),
        create_time: with_seconds(rule.created_at),
        ..Permission::default()
    };
    match rule.direction {
        RuleDirection::Ingress => Permission {
            source_cidr_ip: traffic.cidr,
            ipv6_source_cidr_ip: traffic.ipv6_cidr,
            source_group_id: traffic.group,
            source_group_owner_account: rule.group_owner.clone(),
            dest_cidr_ip: traffic.own_cidr,
            ipv6_dest_cidr_ip: traffic.own_ipv6_cidr,
            ..shown
        },
        RuleDirection::Egress => Permission {
            dest_cidr_ip: traffic.cidr,
            ipv6_dest_cidr_ip: traffic.ipv6_cidr,
            dest_group_id: traffic.group,
            dest_group_owner_account: rule.group_owner.clone(),
            source_cidr_ip: traffic.own_cidr,
            ipv6_source_cidr_ip: traffic.own_ipv6_cidr,
            ..shown
        },
    }
}
