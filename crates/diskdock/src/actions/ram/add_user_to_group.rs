//! `AddUserToGroup`: put a user into a group.

use domain::ram::GroupOfUser;

use super::membership::{GroupMembership, GroupMembershipParams};
use crate::actions::prelude::*;

/// Puts a user into a group.
pub(crate) struct AddUserToGroup;

impl Action for AddUserToGroup {
    type Params = GroupMembershipParams;
    type Facts = GroupMembership;
    type Reply = ();

    const NAME: &'static str = "AddUserToGroup";
    const SUMMARY: &'static str = "Puts a user into a group.";
    const DETAILS: &'static str =
        "The user may do what the policies of the group allow, from the next call on.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<GroupMembership>] = &[
        must("the user is not in the group",           |f| !f.exists(), &USER_IN_GROUP_ALREADY),
        must("the user is in fewer than 10 groups",    |f| !f.is_full(), &USER_GROUP_LIMIT),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &GroupMembershipParams,
    ) -> Result<GroupMembership, ActionError> {
        GroupMembership::load(tx, call, params)
    }

    fn effect(call: &Call<'_>, _: &GroupMembershipParams, facts: GroupMembership) -> Effect<()> {
        let GroupMembership { group, mut user } = facts;
        user.groups.push(GroupOfUser { group: group.id, joined_at: call.now });
        Effect::reply(()).save(user)
    }
}
