//! Parameters that describe rules of a group: one rule by itself, or a list.

use crate::actions::prelude::*;
use crate::catalog::{Unlinked, joined_params};

params!(
    /// The part of a rule that is the same for both ways of traffic.
    pub(crate) struct RuleBase {
        /// `TCP`, `UDP`, `ICMP`, `ICMPv6`, `GRE` or `ALL`, in any case.
        #[malformed = PROTOCOL_NOT_VALID]
        ip_protocol: Option<Protocol>,
        /// Ports of the instances in the group, such as `22/22`; `-1/-1` for protocols without.
        #[example = "22/22"]
        port_range: Option<Text<1, 32>>,
        /// Ports where the traffic begins; all if left out.
        #[example = "1/65535"]
        source_port_range: Option<Text<1, 32>>,
        /// IPv4 addresses where the traffic begins.
        #[example = "10.0.0.0/8"]
        source_cidr_ip: Option<Text<1, 64>>,
        /// IPv6 addresses where the traffic begins.
        #[example = "2001:db8::/32"]
        ipv6_source_cidr_ip: Option<Text<1, 64>>,
        /// IPv4 addresses where the traffic ends.
        #[example = "10.0.0.0/8"]
        dest_cidr_ip: Option<Text<1, 64>>,
        /// IPv6 addresses where the traffic ends.
        #[example = "2001:db8::/32"]
        ipv6_dest_cidr_ip: Option<Text<1, 64>>,
        /// The side of the network, of a group without VPC.
        #[malformed = NIC_TYPE_NOT_VALID]
        nic_type: Option<NicType>,
        /// `accept`, or `drop`; accept if left out.
        #[malformed = POLICY_NOT_VALID]
        policy: Option<RulePolicy>,
        /// 1 to 100, lower is stronger; 1 if left out.
        #[example = "1"]
        priority: Option<Text<1, 10>>,
        /// Free text.
        #[malformed = RULE_DESCRIPTION_MALFORMED]
        description: Option<Unlinked<1, 512>>,
    }
);

params!(
    /// The other end of incoming traffic.
    pub(crate) struct IngressEnd {
        /// The security group where the traffic begins.
        #[names = "security group"]
        source_group_id: Option<Text<1, 64>>,
        /// The account of that group, by its name. The group is then not looked up.
        source_group_owner_account: Option<Text<1, 64>>,
        /// The account of that group, by its number. The group is then not looked up.
        source_group_owner_id: Option<Integer<0, 9_223_372_036_854_775_807>>,
        /// A list of ranges. There are none here.
        source_prefix_list_id: Option<Text<1, 64>>,
    }
);

params!(
    /// The other end of outgoing traffic.
    pub(crate) struct EgressEnd {
        /// The security group where the traffic ends.
        #[names = "security group"]
        dest_group_id: Option<Text<1, 64>>,
        /// The account of that group, by its name. The group is then not looked up.
        dest_group_owner_account: Option<Text<1, 64>>,
        /// The account of that group, by its number. The group is then not looked up.
        dest_group_owner_id: Option<Integer<0, 9_223_372_036_854_775_807>>,
        /// A list of ranges. There are none here.
        dest_prefix_list_id: Option<Text<1, 64>>,
    }
);

params!(
    /// The part of a rule that only lists have.
    pub(crate) struct PortList {
        /// A list of ports. There are none here, and PortRange wins.
        port_range_list_id: Ignored<Option<Text<0, 64>>>,
    }
);

joined_params!(
    /// A rule for incoming traffic.
    pub(crate) struct IngressRule {
        /// The traffic.
        base: RuleBase,
        /// Its other end.
        end: IngressEnd,
    }
);

joined_params!(
    /// A rule for outgoing traffic.
    pub(crate) struct EgressRule {
        /// The traffic.
        base: RuleBase,
        /// Its other end.
        end: EgressEnd,
    }
);

joined_params!(
    /// A rule for incoming traffic, in a list.
    pub(crate) struct IngressPermission {
        /// The rule.
        rule: IngressRule,
        /// Its ports as a list.
        list: PortList,
    }
);

joined_params!(
    /// A rule for outgoing traffic, in a list.
    pub(crate) struct EgressPermission {
        /// The rule.
        rule: EgressRule,
        /// Its ports as a list.
        list: PortList,
    }
);

/// Declares the parameters that name rules of one way of traffic: a list of them, one by itself,
/// and ids.
macro_rules! rules_of_way {
    ($way:ident, $rule:ident, $permission:ident) => {
        pub(crate) mod $way {
            use super::super::rule_change::{Descriptions, NamedRules, RuleTarget};
            use super::{$permission, $rule};
            use crate::actions::prelude::*;
            use crate::catalog::joined_params;

            params!(
                /// A list of rules.
                pub(crate) struct RuleList {
                    /// The rules. Not together with one that is described by itself.
                    permissions: Groups<$permission>,
                }
            );

            impl RuleList {
                /// The rules of the list, beside one by itself.
                pub(crate) fn with<'a>(&'a self, alone: &'a $rule) -> Descriptions<'a, $rule> {
                    let listed = self.permissions.0.iter().map(|one| &one.rule).collect();
                    Descriptions { listed, alone }
                }
            }

            joined_params!(
                /// The group and a list of rules.
                pub(crate) struct RulesOfGroup {
                    /// The group.
                    target: RuleTarget,
                    /// The list.
                    list: RuleList,
                }
            );

            joined_params!(
                /// One rule by itself, and rules by their ids.
                pub(crate) struct RuleOrIds {
                    /// One rule by itself.
                    rule: $rule,
                    /// Rules by their ids.
                    named: NamedRules,
                }
            );
        }
    };
}

rules_of_way!(ingress, IngressRule, IngressPermission);
rules_of_way!(egress, EgressRule, EgressPermission);

choice!(
    /// Protocols of rules.
    pub(crate) enum Protocol in any case {
        Tcp = "TCP",
        Udp = "UDP",
        Icmp = "ICMP",
        Icmp6 = "ICMPv6",
        Gre = "GRE",
        All = "ALL",
    }
);

choice!(
    /// Sides of the network.
    pub(crate) enum NicType {
        Internet = "internet",
        Intranet = "intranet",
    }
);

choice!(
    /// The treatment of traffic.
    pub(crate) enum RulePolicy in any case {
        Accept = "accept",
        Drop = "drop",
    }
);
