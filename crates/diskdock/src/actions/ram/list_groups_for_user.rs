//! `ListGroupsForUser`: the groups that a user is in.

use super::lookup;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Lists the groups that a user is in.
pub(crate) struct ListGroupsForUser;

params!(
    /// Parameters of ListGroupsForUser.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of ListGroupsForUser.
    pub(crate) struct Reply {
        /// The groups.
        groups: JoinedGroups,
    }
);

reply!(
    /// Groups that a user is in.
    pub(crate) struct JoinedGroups {
        /// The entries.
        group: Vec<JoinedGroup>,
    }
);

reply!(
    /// A group that a user is in.
    pub(crate) struct JoinedGroup {
        /// Its id.
        group_id: String,
        /// Its name.
        group_name: String,
        /// Free text.
        comments: String,
        /// Since when the user is in it.
        join_date: String,
    }
);

impl Query for ListGroupsForUser {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListGroupsForUser";
    const SUMMARY: &'static str =
        "Lists the groups that a user is in, in the order in which it joined them.";
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        let mut joined_groups = Vec::with_capacity(user.groups.len());
        for joined in &user.groups {
            let Some(group) = call.find(tx, &joined.group)? else { continue };
            joined_groups.push(JoinedGroup {
                group_id: group.id.to_string(),
                group_name: group.name,
                comments: group.comments,
                join_date: with_seconds(joined.joined_at),
            });
        }
        Ok(Reply { groups: JoinedGroups { group: joined_groups } })
    }
}
