//! `ListUsersForGroup`: the users that are in a group.

use super::lookup;
use super::membership::users_in;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Lists the users that are in a group.
pub(crate) struct ListUsersForGroup;

params!(
    /// Parameters of ListUsersForGroup.
    pub(crate) struct Params {
        /// The group.
        #[malformed = GROUP_NAME_LENGTH]
        #[example = "operators"]
        #[names = "group"]
        group_name: Text<1, 64>,
        /// Where the page before ended. All users are on one page here.
        marker: Ignored<Option<Text<0, 128>>>,
        /// Entries on a page. All users are on one page here.
        max_items: Ignored<Option<Integer<1, 1000>>>,
    }
);

reply!(
    /// Reply of ListUsersForGroup.
    pub(crate) struct Reply {
        /// The users.
        users: Members,
        /// `false`: there is one page.
        is_truncated: bool,
        /// Where the page ended, if there are more: never here.
        marker: Option<String>,
    }
);

reply!(
    /// The users of a group.
    pub(crate) struct Members {
        /// The entries.
        user: Vec<MemberItem>,
    }
);

reply!(
    /// A user of a group.
    pub(crate) struct MemberItem {
        /// Its name.
        user_name: String,
        /// Its name for people.
        display_name: String,
        /// Since when it is in the group.
        join_date: String,
    }
);

impl Query for ListUsersForGroup {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListUsersForGroup";
    const SUMMARY: &'static str = "Lists the users that are in a group.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let group = lookup::group(tx, call, &params.group_name.0)?;
        let users = users_in(tx, call, &group.id)?;
        let items = users.into_iter().filter_map(|user| {
            let joined = user.groups.iter().find(|joined| joined.group == group.id)?;
            let join_date = with_seconds(joined.joined_at);
            Some(MemberItem { user_name: user.name, display_name: user.display_name, join_date })
        });
        let users = Members { user: items.collect() };
        Ok(Reply { users, is_truncated: false, marker: None })
    }
}
