//! `DeleteRole`: delete a role that has no policies.

use domain::ram::RamRole;

use super::lookup;
use crate::actions::prelude::*;

/// Deletes a role.
pub(crate) struct DeleteRole;

params!(
    /// Parameters of DeleteRole.
    pub(crate) struct Params {
        /// The role.
        #[malformed = ROLE_NAME_LENGTH]
        #[example = "operators"]
        #[names = "role"]
        role_name: Text<1, 64>,
    }
);

impl Action for DeleteRole {
    type Params = Params;
    type Facts = RamRole;
    type Reply = ();

    const NAME: &'static str = "DeleteRole";
    const SUMMARY: &'static str = "Deletes a role that has no policies.";
    const CAUTION: &'static str = "The role is gone for good: its temporary keys are refused, and it cannot be assumed any more.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<RamRole>] = &[
        must("the role has no policies", |role| role.policies.is_empty(), &ROLE_HAS_POLICIES),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<RamRole, ActionError> {
        lookup::role(tx, call, &params.role_name.0)
    }

    fn effect(_: &Call<'_>, _: &Params, role: RamRole) -> Effect<()> {
        Effect::reply(()).remove(&role.id)
    }
}
