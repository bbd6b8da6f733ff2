//! `DeleteUser`: delete a user who has neither keys nor policies.

use domain::ram::RamUser;

use super::lookup::{self, KeyOwner};
use crate::actions::prelude::*;

/// Deletes a user.
pub(crate) struct DeleteUser;

params!(
    /// Parameters of DeleteUser.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

/// The user, and whether it has keys.
pub(crate) struct Facts {
    user: RamUser,
    has_keys: bool,
}

impl Action for DeleteUser {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteUser";
    const SUMMARY: &'static str =
        "Deletes a user who has neither keys nor policies nor a login profile, and is in no group.";
    const CAUTION: &'static str =
        "The user is gone for good; one of the same name that is made later is another one.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the user has no keys",     |f| !f.has_keys, &USER_HAS_KEYS),
        must("the user has no policies", |f| f.user.policies.is_empty(), &USER_HAS_POLICIES),
        must("the user is in no group",  |f| f.user.groups.is_empty(), &USER_IS_IN_GROUP),
        must("the user has no login profile", |f| f.user.login_profile.is_none(), &USER_HAS_LOGIN_PROFILE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        let has_keys = !KeyOwner::User(Box::new(user.clone())).keys(tx, call)?.is_empty();
        Ok(Facts { user, has_keys })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.user.id)
    }
}
