//! A security group: the rules by which instances may be reached, and may reach others.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::AccountId;
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

ids!(
    /// A security group, `sg-…`.
    SecurityGroupId,
);

string_enum!(
    /// The way of the traffic that a rule is about.
    RuleDirection {
        /// Into instances of the group.
        Ingress = "ingress",
        /// Out of them.
        Egress = "egress",
    }
);

string_enum!(
    /// The kind of a group.
    SecurityGroupType {
        /// For all instances.
        Normal = "normal",
        /// For many instances in one VPC; its instances cannot reach one another.
        Enterprise = "enterprise",
    }
);

/// The other end of the traffic that a rule is about, and the traffic itself. Two rules that agree
/// in it are the same rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// `TCP`, `UDP`, `ICMP`, `ICMPv6`, `GRE` or `ALL`.
    pub protocol: String,
    /// Ports of the instances in the group: `22/22`.
    pub ports: String,
    /// Ports of the other end, or empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub other_ports: String,
    /// IPv4 addresses of the other end, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cidr: String,
    /// IPv6 addresses of the other end, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ipv6_cidr: String,
    /// The security group of the other end, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The prefix list of the other end, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix_list: String,
    /// IPv4 addresses of the instances in the group, or empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub own_cidr: String,
    /// IPv6 addresses of the instances in the group, or empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub own_ipv6_cidr: String,
    /// The side of the network: `intranet` in a VPC.
    pub nic: String,
    /// Whether the traffic is let through; otherwise it is dropped.
    pub accepts: bool,
    /// 1 to 100; lower is stronger.
    pub priority: u32,
}

/// A rule of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityRule {
    /// `sgr-…`.
    pub id: String,
    /// The way of the traffic.
    pub direction: RuleDirection,
    /// The traffic.
    pub traffic: Traffic,
    /// The account of the other end's group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_owner: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// When it was added.
    pub created_at: Moment,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: SecurityGroupId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// Its VPC; empty in the classic network.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vpc: String,
    /// Its kind.
    pub kind: SecurityGroupType,
    /// Whether instances in the group reach one another.
    pub inner_accepts: bool,
    /// Its rules, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<SecurityRule>,
    /// Display name, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// When the request was accepted.
    pub created_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl SecurityGroup {
    /// Whether one of its rules names another group as the other end.
    pub fn refers_to(&self, other: &SecurityGroupId) -> bool {
        self.rules.iter().any(|rule| rule.traffic.group == other.as_str())
    }

    /// Whether a rule about this traffic is there.
    pub fn has_rule(&self, direction: RuleDirection, traffic: &Traffic) -> bool {
        self.rules.iter().any(|rule| rule.direction == direction && rule.traffic == *traffic)
    }
}

impl EntityId for SecurityGroupId {
    type Entity = SecurityGroup;
}

impl Entity for SecurityGroup {
    common_fields!(SecurityGroupId);

    const KIND: EntityKind = EntityKind {
        name: "security group",
        plural: "security_groups",
        id_prefix: "sg-",
        by_name: false,
        columns: &[],
    };

    fn columns(&self) -> Vec<&str> {
        Vec::new()
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name), ("vpc", &self.vpc)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}
