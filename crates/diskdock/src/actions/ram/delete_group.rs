//! `DeleteGroup`: delete a group that has neither users nor policies.

use domain::ram::RamGroup;

use super::lookup;
use super::membership::users_in;
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

/// The group, and whether a user is in it.
pub(crate) struct Facts {
    group: RamGroup,
    has_users: bool,
}

impl Action for DeleteGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteGroup";
    const SUMMARY: &'static str = "Deletes a group that has neither users nor policies.";
    const CAUTION: &'static str =
        "The group is gone for good; one of the same name that is made later is another one.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no user is in the group",   |f| !f.has_users, &GROUP_HAS_USERS),
        must("the group has no policies", |f| f.group.policies.is_empty(), &GROUP_HAS_POLICIES),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let group = lookup::group(tx, call, &params.group_name.0)?;
        let has_users = !users_in(tx, call, &group.id)?.is_empty();
        Ok(Facts { group, has_users })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.group.id)
    }
}
