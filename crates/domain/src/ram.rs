//! Access to an account: its users and roles, the policies that they have, and documents that say
//! what a policy allows.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind};
use crate::ids::AccountId;
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

ids!(
    /// A user of an account: digits.
    RamUserId,
    /// A role of an account: digits.
    RamRoleId,
    /// A policy of an account: `<account>/<name>`. Only the name is on the wire.
    RamPolicyId,
);

impl RamPolicyId {
    /// The policy of this name in an account.
    pub fn of(account: &AccountId, name: &str) -> RamPolicyId {
        RamPolicyId::from(format!("{account}/{name}"))
    }
}

string_enum!(
    /// The owner: the service (System) or the account (Custom).
    PolicyType {
        /// The service's own.
        System = "System",
        /// One that the account has made.
        Custom = "Custom",
    }
);

/// A policy that a user has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedPolicy {
    /// The owner.
    pub policy_type: PolicyType,
    /// Its name.
    pub name: String,
    /// Since when.
    pub attached_at: Moment,
}

/// A user of an account, who signs with keys of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RamUser {
    /// Digits.
    pub id: RamUserId,
    /// The account.
    pub account: AccountId,
    /// Unique in the account, in any case of letters.
    pub name: String,
    /// Name for people, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Mail address, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Phone, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mobile_phone: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comments: String,
    /// All that says what the user may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<AttachedPolicy>,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A role of an account, which others assume for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RamRole {
    /// Digits.
    pub id: RamRoleId,
    /// The account.
    pub account: AccountId,
    /// Unique in the account, in any case of letters.
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The document that says who may assume it, a JSON text.
    pub trust: String,
    /// The longest that it can be assumed for, in seconds.
    pub longest_session_s: u32,
    /// Whether people may assume it on the vendor's console. Shown; nothing here asks for it.
    #[serde(default)]
    pub console_login: bool,
    /// All that says what it may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<AttachedPolicy>,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A policy that an account has made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RamPolicy {
    /// `<account>/<name>`.
    pub id: RamPolicyId,
    /// The account.
    pub account: AccountId,
    /// Unique in the account.
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The document, a JSON text.
    pub document: String,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// The policy of this type and name among those that somebody has.
fn find<'a>(
    policies: &'a [AttachedPolicy],
    policy_type: PolicyType,
    name: &str,
) -> Option<&'a AttachedPolicy> {
    policies.iter().find(|one| one.policy_type == policy_type && one.name == name)
}

impl RamUser {
    /// The policy of this type and name that the user has.
    pub fn attached(&self, policy_type: PolicyType, name: &str) -> Option<&AttachedPolicy> {
        find(&self.policies, policy_type, name)
    }
}

impl RamRole {
    /// The policy of this type and name that the role has.
    pub fn attached(&self, policy_type: PolicyType, name: &str) -> Option<&AttachedPolicy> {
        find(&self.policies, policy_type, name)
    }
}

impl EntityId for RamUserId {
    type Entity = RamUser;
}

impl EntityId for RamRoleId {
    type Entity = RamRole;
}

impl EntityId for RamPolicyId {
    type Entity = RamPolicy;
}

/// The accessors of [`Entity`] of what belongs to an account in all regions.
macro_rules! of_account {
    ($id:ty) => {
        type Id = $id;

        fn id(&self) -> &$id {
            &self.id
        }

        fn account(&self) -> &AccountId {
            &self.account
        }

        fn region(&self) -> &str {
            ""
        }

        fn created_at(&self) -> Moment {
            self.created_at
        }

        fn resource_group(&self) -> &str {
            ""
        }

        fn columns(&self) -> Vec<&str> {
            Vec::new()
        }

        fn unknown_fields(&self) -> Vec<&UnknownFields> {
            vec![&self.unknown]
        }
    };
}

impl Entity for RamUser {
    of_account!(RamUserId);

    const KIND: EntityKind =
        EntityKind { name: "user", plural: "ram_users", id_prefix: "", columns: &[] };

    fn tags(&self) -> &[Tag] {
        &[]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }
}

impl Entity for RamRole {
    of_account!(RamRoleId);

    const KIND: EntityKind =
        EntityKind { name: "role", plural: "ram_roles", id_prefix: "", columns: &[] };

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn tags_mut(&mut self) -> Option<&mut Vec<Tag>> {
        Some(&mut self.tags)
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }
}

impl Entity for RamPolicy {
    of_account!(RamPolicyId);

    const KIND: EntityKind =
        EntityKind { name: "policy", plural: "ram_policies", id_prefix: "", columns: &[] };

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn tags_mut(&mut self) -> Option<&mut Vec<Tag>> {
        Some(&mut self.tags)
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }
}
