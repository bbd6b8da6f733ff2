//! `ListGroupsForUser`: the groups that a user is in.

use super::lookup;
use super::membership::groups_of;
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
    const SUMMARY: &'static str = "Lists the groups that a user is in.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        let groups = groups_of(tx, call, &user.id)?;
        let joined = groups.iter().filter_map(|group| {
            let member = group.member(&user.id)?;
            Some(JoinedGroup {
                group_id: group.id.to_string(),
                group_name: group.name.clone(),
                comments: group.comments.clone(),
                join_date: with_seconds(member.joined_at),
            })
        });
        Ok(Reply { groups: JoinedGroups { group: joined.collect() } })
    }
}
