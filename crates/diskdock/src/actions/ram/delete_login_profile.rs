//! `DeleteLoginProfile`: no more logon of a user to the console.

use domain::ram::RamUser;

use super::lookup;
use crate::actions::prelude::*;

/// Deletes a login profile.
pub(crate) struct DeleteLoginProfile;

params!(
    /// Parameters of DeleteLoginProfile.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

/// The user.
pub(crate) struct Facts {
    user: RamUser,
}

impl Action for DeleteLoginProfile {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteLoginProfile";
    const SUMMARY: &'static str = "Ends the logon of a user to the console.";
    const DETAILS: &'static str = "Keys of the user stay.";
    const CAUTION: &'static str =
        "The user has no password any more; a new login profile needs a new one.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the user has a login profile", |f| f.user.login_profile.is_some(), &LOGIN_PROFILE_NOT_FOUND),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        Ok(Facts { user: lookup::user(tx, call, &params.user_name.0)? })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).save(RamUser { login_profile: None, ..facts.user })
    }
}
