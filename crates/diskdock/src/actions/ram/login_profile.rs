//! Login profiles as replies show them.

use domain::ram::{LoginProfile, RamUser};

use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

reply!(
    /// That a user can log on to the console.
    pub(crate) struct ShownProfile {
        /// The user.
        user_name: String,
        /// When it was made.
        create_date: String,
        /// Whether the password has to be changed with the first logon.
        password_reset_required: bool,
        /// Whether a second factor is asked for.
        #[wire = "MFABindRequired"]
        mfa_bind_required: bool,
    }
);

impl ShownProfile {
    pub(super) fn of(user: &RamUser, profile: &LoginProfile) -> ShownProfile {
        ShownProfile {
            user_name: user.name.clone(),
            create_date: with_seconds(profile.created_at),
            password_reset_required: profile.password_reset_required,
            mfa_bind_required: profile.mfa_bind_required,
        }
    }
}
