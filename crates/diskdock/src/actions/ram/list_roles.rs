//! `ListRoles`: the roles of the account.

use domain::ram::RamRole;

use super::lookup;
use super::role_view::RoleItem;
use super::tags_text::TagsText;
use crate::actions::paging::token;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Lists the roles of the account.
pub(crate) struct ListRoles;

params!(
    /// Parameters of ListRoles.
    pub(crate) struct Params {
        /// Where the page before ended.
        #[malformed = NEXT_TOKEN_NOT_VALID]
        marker: Option<Text<1, 128>>,
        /// Entries on a page; 100 if left out.
        max_items: Option<Integer<1, 1000>>,
        /// Only roles with all of these tags: a JSON array of structures with Key and Value.
        tag: Option<TagsText>,
    }
);

reply!(
    /// Reply of ListRoles.
    pub(crate) struct Reply {
        /// The roles.
        roles: Roles,
        /// Whether there are more.
        is_truncated: bool,
        /// Where the page ended, if there are more.
        marker: Option<String>,
    }
);

reply!(
    /// The roles of a page.
    pub(crate) struct Roles {
        /// The entries.
        role: Vec<RoleItem>,
    }
);

impl Query for ListRoles {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListRoles";
    const SUMMARY: &'static str = "Lists the roles of the account, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&NEXT_TOKEN_NOT_VALID];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let page = lookup::page(&params.marker, params.max_items)?;
        let mut filter = Filter::<RamRole>::all(call.caller.account.clone(), "");
        let tags = params.tag.as_ref().map(|tags| tags.0.clone()).unwrap_or_default();
        filter.also.push(Box::new(move |role| tags.iter().all(|tag| role.tags.contains(tag))));
        let found = tx.list(&filter, &page)?;
        Ok(Reply {
            roles: Roles { role: found.entries.iter().map(RoleItem::of).collect() },
            is_truncated: found.next.is_some(),
            marker: found.next.map(|next| token(Some(next))),
        })
    }
}
