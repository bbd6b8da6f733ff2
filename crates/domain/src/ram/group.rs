//! Groups of users.

use serde::{Deserialize, Serialize};

use super::{AttachedPolicies, PolicyHolder, RamGroupId, RamUserId};
use crate::entity::{Entity, EntityId, EntityKind};
use crate::ids::AccountId;
use crate::moment::Moment;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

/// A group of users of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RamGroup {
    /// `g-…`.
    pub id: RamGroupId,
    /// The account.
    pub account: AccountId,
    /// Unique in the account.
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comments: String,
    /// Its users, in the order in which they joined it. Each is there once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<GroupMember>,
    /// All that says what its users may do, besides their own policies.
    #[serde(default, skip_serializing_if = "AttachedPolicies::is_empty")]
    pub policies: AttachedPolicies,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A user in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// The user.
    pub user: RamUserId,
    /// Since when.
    pub joined_at: Moment,
}

impl RamGroup {
    /// The entry of a user, if the user is in the group.
    pub fn member(&self, user: &RamUserId) -> Option<&GroupMember> {
        self.members.iter().find(|member| member.user == *user)
    }
}

holds_policies!(RamGroup);

impl EntityId for RamGroupId {
    type Entity = RamGroup;
}

impl Entity for RamGroup {
    of_account!(RamGroupId);

    const KIND: EntityKind =
        EntityKind { name: "group", plural: "ram_groups", id_prefix: "g-", columns: &[] };

    fn tags(&self) -> &[Tag] {
        &[]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        let members = self.members.iter().map(|member| ("member", member.user.as_str()));
        members.chain([("name", self.name.as_str())]).collect()
    }
}
