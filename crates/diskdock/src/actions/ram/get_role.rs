//! `GetRole`: one role.

use super::lookup;
use super::role_view::ShownRole;
use crate::actions::prelude::*;

/// Shows a role.
pub(crate) struct GetRole;

params!(
    /// Parameters of GetRole.
    pub(crate) struct Params {
        /// The role.
        #[malformed = ROLE_NAME_LENGTH]
        #[example = "operators"]
        #[names = "role"]
        role_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of GetRole.
    pub(crate) struct Reply {
        /// The role.
        role: ShownRole,
    }
);

impl Query for GetRole {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetRole";
    const SUMMARY: &'static str = "Shows a role.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let role = lookup::role(tx, call, &params.role_name.0)?;
        Ok(Reply { role: ShownRole::of(&role) })
    }
}
