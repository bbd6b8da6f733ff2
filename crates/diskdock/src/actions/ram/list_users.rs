//! `ListUsers`: the users of the account.

use domain::ram::RamUser;

use super::lookup::{self, PageParams};
use super::view::UserItem;
use crate::actions::paging::token;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Lists the users of the account.
pub(crate) struct ListUsers;

reply!(
    /// Reply of ListUsers.
    pub(crate) struct Reply {
        /// The users.
        users: Users,
        /// Whether there are more.
        is_truncated: bool,
        /// Where the page ended, if there are more.
        marker: Option<String>,
    }
);

reply!(
    /// The users of a page.
    pub(crate) struct Users {
        /// The entries.
        user: Vec<UserItem>,
    }
);

impl Query for ListUsers {
    type Params = PageParams;
    type Reply = Reply;

    const NAME: &'static str = "ListUsers";
    const SUMMARY: &'static str = "Lists the users of the account, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&NEXT_TOKEN_NOT_VALID];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &PageParams) -> Result<Reply, ActionError> {
        let page = lookup::page(&params.marker, params.max_items)?;
        let filter = Filter::<RamUser>::all(call.caller.account.clone(), "");
        let found = tx.list(&filter, &page)?;
        Ok(Reply {
            users: Users { user: found.entries.iter().map(UserItem::of).collect() },
            is_truncated: found.next.is_some(),
            marker: found.next.map(|next| token(Some(next))),
        })
    }
}
