//! `GetGroup`: one group.

use super::group_view::RamGroupItem;
use super::lookup;
use crate::actions::prelude::*;

/// Shows a group.
pub(crate) struct GetGroup;

params!(
    /// Parameters of GetGroup.
    pub(crate) struct Params {
        /// The group.
        #[malformed = GROUP_NAME_LENGTH]
        #[example = "operators"]
        #[names = "group"]
        group_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of GetGroup.
    pub(crate) struct Reply {
        /// The group.
        group: RamGroupItem,
    }
);

impl Query for GetGroup {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetGroup";
    const SUMMARY: &'static str = "Shows a group.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let group = lookup::group(tx, call, &params.group_name.0)?;
        Ok(Reply { group: RamGroupItem::of(&group) })
    }
}
