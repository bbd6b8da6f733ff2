//! `GetUser`: one user.

use super::lookup;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Shows a user.
pub(crate) struct GetUser;

params!(
    /// Parameters of GetUser.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of GetUser.
    pub(crate) struct Reply {
        /// The user.
        user: ShownUser,
    }
);

reply!(
    /// A user.
    pub(crate) struct ShownUser {
        /// Its id.
        user_id: String,
        /// Its name.
        user_name: String,
        /// Its name for people.
        display_name: String,
        /// Its mail address.
        email: String,
        /// Its phone.
        mobile_phone: String,
        /// Free text.
        comments: String,
        /// When it was made.
        create_date: String,
        /// When it was last changed.
        update_date: String,
        /// When it last logged on to a console: never here.
        last_login_date: &'static str,
    }
);

impl Query for GetUser {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetUser";
    const SUMMARY: &'static str = "Shows a user.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        let user = ShownUser {
            user_id: user.id.to_string(),
            create_date: with_seconds(user.created_at),
            update_date: with_seconds(user.updated_at),
            last_login_date: "",
            user_name: user.name,
            display_name: user.display_name,
            email: user.email,
            mobile_phone: user.mobile_phone,
            comments: user.comments,
        };
        Ok(Reply { user })
    }
}
