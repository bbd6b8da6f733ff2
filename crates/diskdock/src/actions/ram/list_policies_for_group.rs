//! `ListPoliciesForGroup`: what the users of a group may do.

use super::list_policies_for_user::{Reply, shown};
use super::lookup;
use crate::actions::prelude::*;

/// Lists the policies of a group.
pub(crate) struct ListPoliciesForGroup;

params!(
    /// Parameters of ListPoliciesForGroup.
    pub(crate) struct Params {
        /// The group.
        #[malformed = GROUP_NAME_LENGTH]
        #[example = "operators"]
        #[names = "group"]
        group_name: Text<1, 64>,
    }
);

impl Query for ListPoliciesForGroup {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListPoliciesForGroup";
    const SUMMARY: &'static str = "Lists the policies of a group.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let group = lookup::group(tx, call, &params.group_name.0)?;
        shown(tx, call, &group.policies)
    }
}
