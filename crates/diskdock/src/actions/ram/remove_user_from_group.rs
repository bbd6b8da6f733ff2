//! `RemoveUserFromGroup`: take a user out of a group.

use super::membership::{GroupMembership, GroupMembershipParams};
use crate::actions::prelude::*;

/// Takes a user out of a group.
pub(crate) struct RemoveUserFromGroup;

impl Action for RemoveUserFromGroup {
    type Params = GroupMembershipParams;
    type Facts = GroupMembership;
    type Reply = ();

    const NAME: &'static str = "RemoveUserFromGroup";
    const SUMMARY: &'static str = "Takes a user out of a group.";
    const DETAILS: &'static str =
        "Calls that only the policies of the group allow are refused from the next one on.";
    const CAUTION: &'static str =
        "Calls of the user that only policies of the group allow are refused from the next one on.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<GroupMembership>] = &[
        must("the user is in the group", |f| f.exists(), &USER_NOT_IN_GROUP),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &GroupMembershipParams,
    ) -> Result<GroupMembership, ActionError> {
        GroupMembership::load(tx, call, params)
    }

    fn effect(_: &Call<'_>, _: &GroupMembershipParams, facts: GroupMembership) -> Effect<()> {
        let GroupMembership { group, mut user } = facts;
        user.groups.retain(|joined| joined.group != group.id);
        Effect::reply(()).save(user)
    }
}
