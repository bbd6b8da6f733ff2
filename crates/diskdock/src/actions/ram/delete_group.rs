//! `DeleteGroup`: delete a group that has neither users nor policies.

use domain::ram::RamGroup;

use super::lookup;
use crate::actions::prelude::*;

/// Deletes a group.
pub(crate) struct DeleteGroup;

params!(
    /// Parameters of DeleteGroup.
    pub(crate) struct Params {
        /// The group.
        #[malformed = GROUP_NAME_LENGTH]
        #[example = "operators"]
        #[names = "group"]
        group_name: Text<1, 64>,
    }
);

impl Action for DeleteGroup {
    type Params = Params;
    type Facts = RamGroup;
    type Reply = ();

    const NAME: &'static str = "DeleteGroup";
    const SUMMARY: &'static str = "Deletes a group that has neither users nor policies.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<RamGroup>] = &[
        must("no user is in the group",   |group| group.members.is_empty(), &GROUP_HAS_USERS),
        must("the group has no policies", |group| group.policies.is_empty(), &GROUP_HAS_POLICIES),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<RamGroup, ActionError> {
        lookup::group(tx, call, &params.group_name.0)
    }

    fn effect(_: &Call<'_>, _: &Params, group: RamGroup) -> Effect<()> {
        Effect::reply(()).remove(&group.id)
    }
}
