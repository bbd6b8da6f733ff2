//! `GetLoginProfile`: how a user logs on to the console.

use super::login_profile::ShownProfile;
use super::lookup;
use crate::actions::prelude::*;

/// Shows a login profile.
pub(crate) struct GetLoginProfile;

params!(
    /// Parameters of GetLoginProfile.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of GetLoginProfile.
    pub(crate) struct Reply {
        /// The profile.
        login_profile: ShownProfile,
    }
);

impl Query for GetLoginProfile {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetLoginProfile";
    const SUMMARY: &'static str = "Shows how a user logs on to the console.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &LOGIN_PROFILE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        let profile = user.login_profile.as_ref().ok_or(&LOGIN_PROFILE_NOT_FOUND)?;
        Ok(Reply { login_profile: ShownProfile::of(&user, profile) })
    }
}
