//! A user and a group that a request names, and the groups that a user is in.

use domain::ram::{RamGroup, RamUser, RamUserId};

use super::lookup;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Groups that a user can be in.
const GROUPS: usize = 10;

params!(
    /// A user and a group.
    pub(crate) struct GroupMembershipParams {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
        /// The group.
        #[malformed = GROUP_NAME_LENGTH]
        #[example = "operators"]
        #[names = "group"]
        group_name: Text<1, 64>,
    }
);

/// A user, a group, and how many groups the user is in.
pub(crate) struct GroupMembership {
    pub(super) group: RamGroup,
    pub(super) user: RamUser,
    groups: usize,
}

impl GroupMembership {
    /// The user and the group that a request names.
    pub(super) fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &GroupMembershipParams,
    ) -> Result<GroupMembership, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        let group = lookup::group(tx, call, &params.group_name.0)?;
        let groups = groups_of(tx, call, &user.id)?.len();
        Ok(GroupMembership { group, user, groups })
    }

    /// Whether the user is in the group.
    pub(super) fn exists(&self) -> bool {
        self.group.member(&self.user.id).is_some()
    }

    /// Whether the user is in as many groups as a user can be in.
    pub(super) fn is_full(&self) -> bool {
        self.groups >= GROUPS
    }
}

/// The groups that a user is in.
pub(super) fn groups_of(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    user: &RamUserId,
) -> Result<Vec<RamGroup>, StoreError> {
    tx.all(&Filter::with_term(call.caller.account.clone(), "member", user.as_str()))
}
