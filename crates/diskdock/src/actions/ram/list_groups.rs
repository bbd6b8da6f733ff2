//! `ListGroups`: the groups of the account.

use domain::ram::RamGroup;

use super::group_view::RamGroupItem;
use super::lookup::{self, PageParams};
use crate::actions::paging::token;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Lists the groups of the account.
pub(crate) struct ListGroups;

reply!(
    /// Reply of ListGroups.
    pub(crate) struct Reply {
        /// The groups.
        groups: GroupPage,
        /// Whether there are more.
        is_truncated: bool,
        /// Where the page ended, if there are more.
        marker: Option<String>,
    }
);

reply!(
    /// The groups of a page.
    pub(crate) struct GroupPage {
        /// The entries.
        group: Vec<RamGroupItem>,
    }
);

impl Query for ListGroups {
    type Params = PageParams;
    type Reply = Reply;

    const NAME: &'static str = "ListGroups";
    const SUMMARY: &'static str = "Lists the groups of the account, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&NEXT_TOKEN_NOT_VALID];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &PageParams) -> Result<Reply, ActionError> {
        let page = lookup::page(&params.marker, params.max_items)?;
        let filter = Filter::<RamGroup>::all(call.caller.account.clone(), "");
        let found = tx.list(&filter, &page)?;
        Ok(Reply {
            groups: GroupPage { group: found.entries.iter().map(RamGroupItem::of).collect() },
            is_truncated: found.next.is_some(),
            marker: found.next.map(|next| token(Some(next))),
        })
    }
}
