//! `CreateLoginProfile`: let a user log on to the console of the cloud.

use domain::ram::{LoginProfile, RamUser};

use super::login_profile::ShownProfile;
use super::lookup;
use crate::actions::prelude::*;
use crate::catalog::{Shape, Value};

/// Lets a user log on.
pub(crate) struct CreateLoginProfile;

params!(
    /// Parameters of CreateLoginProfile.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
        /// The password. It is checked and not kept: there is no console here.
        #[malformed = CONSOLE_PASSWORD_TOO_WEAK]
        password: ConsolePassword,
        /// Whether the password has to be changed with the first logon; false if left out.
        password_reset_required: Option<bool>,
        /// Whether a second factor is asked for; false if left out.
        #[wire = "MFABindRequired"]
        mfa_bind_required: Option<bool>,
    }
);

/// A password of the console: 8 to 128 characters, the strength that accounts ask for at first.
#[derive(Clone, Debug)]
pub(crate) struct ConsolePassword;

impl Value for ConsolePassword {
    const SHAPE: Shape = Shape::Text { min: 8, max: 128, rule: "" };
    const EXAMPLE: &'static str = "Example-1234";

    fn parse(text: &str) -> Option<Self> {
        (8..=128).contains(&text.chars().count()).then_some(ConsolePassword)
    }
}

reply!(
    /// Reply of CreateLoginProfile.
    pub(crate) struct Reply {
        /// The profile.
        login_profile: ShownProfile,
    }
);

/// The user.
pub(crate) struct Facts {
    user: RamUser,
}

impl Action for CreateLoginProfile {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateLoginProfile";
    const SUMMARY: &'static str = "Lets a user log on to the console of the cloud.";
    const DETAILS: &'static str = "\
There is no such console here: the profile is kept, so that programs that make and delete users find \
it, and its password is not.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the user has no login profile", |f| f.user.login_profile.is_none(), &LOGIN_PROFILE_EXISTS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        Ok(Facts { user: lookup::user(tx, call, &params.user_name.0)? })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let mut user = facts.user;
        let profile = LoginProfile {
            created_at: call.now,
            password_reset_required: params.password_reset_required == Some(true),
            mfa_bind_required: params.mfa_bind_required == Some(true),
        };
        let login_profile = ShownProfile::of(&user, &profile);
        user.login_profile = Some(profile);
        Effect::reply(Reply { login_profile }).save(user)
    }
}
