//! `ListPoliciesForRole`: what a role may do.

use super::list_policies_for_user::{Reply, shown};
use super::lookup;
use crate::actions::prelude::*;

/// Lists the policies of a role.
pub(crate) struct ListPoliciesForRole;

params!(
    /// Parameters of ListPoliciesForRole.
    pub(crate) struct Params {
        /// The role.
        #[malformed = ROLE_NAME_LENGTH]
        #[example = "operators"]
        #[names = "role"]
        role_name: Text<1, 64>,
    }
);

impl Query for ListPoliciesForRole {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListPoliciesForRole";
    const SUMMARY: &'static str = "Lists the policies of a role.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let role = lookup::role(tx, call, &params.role_name.0)?;
        shown(tx, call, &role.policies)
    }
}
