//! `UpdateUser`: change the name and the particulars of a user.

use domain::ram::RamUser;

use super::lookup;
use super::view::UserItem;
use crate::actions::prelude::*;

/// Changes a user.
pub(crate) struct UpdateUser;

params!(
    /// Parameters of UpdateUser.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
        /// Another name.
        #[malformed = NEW_USER_NAME_LENGTH]
        #[example = "bob"]
        new_user_name: Option<Text<1, 64>>,
        /// Another name for people.
        #[malformed = NEW_DISPLAY_NAME_LENGTH]
        new_display_name: Option<Text<0, 128>>,
        /// Another phone.
        #[malformed = NEW_MOBILE_PHONE_FORMAT]
        #[example = "86-18600000000"]
        new_mobile_phone: Option<Text<0, 64>>,
        /// Another mail address.
        #[malformed = NEW_EMAIL_FORMAT]
        #[example = "bob@example.com"]
        new_email: Option<Text<0, 254>>,
        /// Other free text.
        #[malformed = NEW_COMMENTS_LENGTH]
        new_comments: Option<Text<0, 128>>,
    }
);

reply!(
    /// Reply of UpdateUser.
    pub(crate) struct Reply {
        /// The user as it is now.
        user: UserItem,
    }
);

/// The user, and whether another has the new name.
pub(crate) struct Facts {
    user: RamUser,
    is_taken: bool,
}

impl Action for UpdateUser {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "UpdateUser";
    const SUMMARY: &'static str = "Changes the name and the particulars of a user.";
    const DETAILS: &'static str =
        "Properties that are left out stay as they are. Keys and policies stay the user's.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &NEW_USER_NAME_CHARACTERS];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no other user has the new name", |f| !f.is_taken, &USER_EXISTS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        let Some(name) = &params.new_user_name else { return Ok(Facts { user, is_taken: false }) };
        if !lookup::is_user_name(&name.0) {
            return Err((&NEW_USER_NAME_CHARACTERS).into());
        }
        let has_name = lookup::called::<RamUser>(tx, call, &name.0)?;
        let is_taken = has_name.is_some_and(|other| other.id != user.id);
        Ok(Facts { user, is_taken })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let mut user = facts.user;
        let new = params.new_user_name.as_ref().map(|text| &text.0);
        replace(&mut user.name, new);
        replace(&mut user.display_name, params.new_display_name.as_ref().map(|text| &text.0));
        replace(&mut user.mobile_phone, params.new_mobile_phone.as_ref().map(|text| &text.0));
        replace(&mut user.email, params.new_email.as_ref().map(|text| &text.0));
        replace(&mut user.comments, params.new_comments.as_ref().map(|text| &text.0));
        user.updated_at = call.now;
        Effect::reply(Reply { user: UserItem::of(&user) }).save(user)
    }
}

fn replace(text: &mut String, new: Option<&String>) {
    if let Some(new) = new {
        text.clone_from(new);
    }
}
