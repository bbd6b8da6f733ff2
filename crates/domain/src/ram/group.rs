//! Groups of users. A user knows its groups, so that a call of the user finds their policies by
//! their ids.

use serde::{Deserialize, Serialize};

use super::{AttachedPolicies, PolicyHolder, RamGroupId};
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

/// A group that a user is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOfUser {
    /// The group.
    pub group: RamGroupId,
    /// Since when.
    pub joined_at: Moment,
}

holds_policies!(RamGroup);

impl EntityId for RamGroupId {
    type Entity = RamGroup;
}

impl Entity for RamGroup {
    of_account!(RamGroupId);

    const KIND: EntityKind = EntityKind::by_name("group", "ram_groups", "g-");

    fn tags(&self) -> &[Tag] {
        &[]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }
}
