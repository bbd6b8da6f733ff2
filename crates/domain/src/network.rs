//! Networks: VPCs, and the vSwitches that divide their addresses.
//!
//! ```text
//!  Pending --made--> Available
//! ```

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::AccountId;
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;
use crate::vocabulary::IllegalTransition;

ids!(
    /// A VPC, `vpc-…`.
    VpcId,
    /// A vSwitch, `vsw-…`.
    VSwitchId,
);

string_enum!(
    /// Where a VPC or a vSwitch is.
    NetworkStatus {
        /// Being made.
        Pending = "Pending",
        /// There.
        Available = "Available",
    }
);

/// A network of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: VpcId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// Its addresses: `192.168.0.0/16`.
    pub cidr_block: String,
    /// Further ranges that its owner uses, which nothing depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_cidrs: Vec<String>,
    /// Where it is.
    pub status: NetworkStatus,
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

/// A part of a VPC in one zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VSwitch {
    /// `vsw-…`.
    pub id: VSwitchId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// The zone it lies in.
    pub zone: String,
    /// Its VPC.
    pub vpc: VpcId,
    /// Its addresses, a part of those of the VPC.
    pub cidr_block: String,
    /// Where it is.
    pub status: NetworkStatus,
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

impl NetworkStatus {
    /// Pending → Available.
    fn made(&mut self) -> Result<(), IllegalTransition> {
        if *self != NetworkStatus::Pending {
            return Err(IllegalTransition);
        }
        *self = NetworkStatus::Available;
        Ok(())
    }
}

impl Vpc {
    /// Pending → Available.
    pub fn made(&mut self) -> Result<(), IllegalTransition> {
        self.status.made()
    }

    /// Whether it can be used.
    pub fn is_available(&self) -> bool {
        self.status == NetworkStatus::Available
    }
}

impl VSwitch {
    /// Pending → Available.
    pub fn made(&mut self) -> Result<(), IllegalTransition> {
        self.status.made()
    }

    /// Whether it can be used.
    pub fn is_available(&self) -> bool {
        self.status == NetworkStatus::Available
    }
}

impl EntityId for VpcId {
    type Entity = Vpc;
}

impl Entity for Vpc {
    common_fields!(VpcId);

    const KIND: EntityKind = EntityKind {
        name: "vpc",
        plural: "vpcs",
        id_prefix: "vpc-",
        by_name: false,
        columns: &["status"],
    };

    fn columns(&self) -> Vec<&str> {
        vec![self.status.as_str()]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}

impl EntityId for VSwitchId {
    type Entity = VSwitch;
}

impl Entity for VSwitch {
    common_fields!(VSwitchId);

    const KIND: EntityKind = EntityKind {
        name: "vswitch",
        plural: "vswitches",
        id_prefix: "vsw-",
        by_name: false,
        columns: &["status", "zone"],
    };

    fn columns(&self) -> Vec<&str> {
        vec![self.status.as_str(), &self.zone]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name), ("vpc", self.vpc.as_str())]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}
