//! A user and a group that a request names, and the users that are in a group.

use domain::ram::{RamGroup, RamGroupId, RamUser};

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

/// A user and a group.
pub(crate) struct GroupMembership {
    pub(super) group: RamGroup,
    pub(super) user: RamUser,
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
        Ok(GroupMembership { group, user })
    }

    /// Whether the user is in the group.
    pub(super) fn exists(&self) -> bool {
        self.user.groups.iter().any(|joined| joined.group == self.group.id)
    }

    /// Whether the user is in as many groups as a user can be in.
    pub(super) fn is_full(&self) -> bool {
        self.user.groups.len() >= GROUPS
    }
}

/// The users that are in a group.
pub(super) fn users_in(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    group: &RamGroupId,
) -> Result<Vec<RamUser>, StoreError> {
    tx.all(&Filter::with_term(call.caller.account.clone(), "", ("group", group.as_str())))
}
