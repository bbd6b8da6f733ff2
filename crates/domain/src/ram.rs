//! Access to an account: its users, groups and roles, the policies that they have, and documents
//! that say what a policy allows.

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
    /// A group of users of an account: `g-…`.
    RamGroupId,
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

/// A policy that a user, a role or a group has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedPolicy {
    /// The owner.
    pub policy_type: PolicyType,
    /// Its name.
    pub name: String,
    /// Since when.
    pub attached_at: Moment,
}

/// The policies that a user, a role or a group has. Each is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttachedPolicies(Vec<AttachedPolicy>);

impl AttachedPolicies {
    /// Policies of a user, a role or a group, at most.
    pub const MOST: usize = 20;

    /// Whether none is attached.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no other can be attached.
    pub fn is_full(&self) -> bool {
        self.0.len() >= Self::MOST
    }

    /// In the order in which they were attached.
    pub fn iter(&self) -> std::slice::Iter<'_, AttachedPolicy> {
        self.0.iter()
    }

    /// Whether the policy of this type and name is attached.
    pub fn contains(&self, policy_type: PolicyType, name: &str) -> bool {
        self.iter().any(|one| one.is(policy_type, name))
    }

    /// Attaches a policy. Changes nothing if it is attached.
    pub fn attach(&mut self, policy_type: PolicyType, name: &str, attached_at: Moment) {
        if !self.contains(policy_type, name) {
            self.0.push(AttachedPolicy { policy_type, name: name.to_owned(), attached_at });
        }
    }

    /// Detaches a policy, if it is attached.
    pub fn detach(&mut self, policy_type: PolicyType, name: &str) {
        self.0.retain(|one| !one.is(policy_type, name));
    }
}

impl AttachedPolicy {
    /// Whether it is the policy of this type and name.
    pub fn is(&self, policy_type: PolicyType, name: &str) -> bool {
        self.policy_type == policy_type && self.name == name
    }
}

impl<'a> IntoIterator for &'a AttachedPolicies {
    type Item = &'a AttachedPolicy;
    type IntoIter = std::slice::Iter<'a, AttachedPolicy>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A user, a role or a group: policies say what it, or its users, may do.
pub trait PolicyHolder: Entity {
    /// The policies that it has.
    fn policies(&self) -> &AttachedPolicies;
    /// The same, to be changed.
    fn policies_mut(&mut self) -> &mut AttachedPolicies;
}

/// How a user logs on to the console of the cloud. No password is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginProfile {
    /// When it was made.
    pub created_at: Moment,
    /// Whether the password has to be changed with the first logon.
    pub password_reset_required: bool,
    /// Whether a second factor is asked for.
    pub mfa_bind_required: bool,
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
    /// The groups that it is in, in the order in which it joined them. Each is there once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupOfUser>,
    /// All that says what the user may do, besides the policies of its groups.
    #[serde(default, skip_serializing_if = "AttachedPolicies::is_empty")]
    pub policies: AttachedPolicies,
    /// Whether and how it logs on to the console of the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_profile: Option<LoginProfile>,
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
    #[serde(default, skip_serializing_if = "AttachedPolicies::is_empty")]
    pub policies: AttachedPolicies,
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
    /// The document that counts, a JSON text.
    pub document: String,
    /// The number of the version that it is.
    #[serde(default = "first_version")]
    pub default_version: u32,
    /// When that version was made; with the policy itself if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_made_at: Option<Moment>,
    /// The other versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_versions: Vec<PolicyVersion>,
    /// The highest number that a further version ever had; 0 if there never was one.
    #[serde(default)]
    pub last_version: u32,
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

fn first_version() -> u32 {
    1
}

impl RamPolicy {
    /// A policy with one version and no tags.
    pub fn new(
        id: RamPolicyId,
        account: AccountId,
        name: String,
        document: String,
        now: Moment,
    ) -> RamPolicy {
        RamPolicy {
            id,
            account,
            name,
            description: String::new(),
            document,
            default_version: 1,
            document_made_at: None,
            other_versions: Vec::new(),
            last_version: 0,
            tags: Vec::new(),
            created_at: now,
            updated_at: now,
            unknown: UnknownFields::default(),
        }
    }
}

/// [`PolicyHolder`] by the field of that name.
macro_rules! holds_policies {
    ($holder:ty) => {
        impl PolicyHolder for $holder {
            fn policies(&self) -> &AttachedPolicies {
                &self.policies
            }

            fn policies_mut(&mut self) -> &mut AttachedPolicies {
                &mut self.policies
            }
        }
    };
}

holds_policies!(RamUser);
holds_policies!(RamRole);

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

    const KIND: EntityKind = EntityKind::by_name("user", "ram_users", "");

    fn tags(&self) -> &[Tag] {
        &[]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        let groups = self.groups.iter().map(|joined| ("group", joined.group.as_str()));
        groups.chain([("name", self.name.as_str())]).collect()
    }
}

impl Entity for RamRole {
    of_account!(RamRoleId);

    const KIND: EntityKind = EntityKind::by_name("role", "ram_roles", "");

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

    const KIND: EntityKind = EntityKind::by_name("policy", "ram_policies", "");

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

// Behind the macros, which it needs.
mod group;
mod version;

pub use version::{POLICY_VERSIONS, PolicyVersion, version_id, version_number};

pub use group::{GroupOfUser, RamGroup};
