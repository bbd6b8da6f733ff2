//! `CreateUser`: make a user without permissions.

use domain::UnknownFields;
use domain::ram::{AttachedPolicies, RamUser, RamUserId};

use super::lookup;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Users of an account, at most.
const USERS: u64 = 1_000;

/// Makes a user.
pub(crate) struct CreateUser;

params!(
    /// Parameters of CreateUser.
    pub(crate) struct Params {
        /// Its name, unique in the account.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        user_name: Text<1, 64>,
        /// Its name for people.
        #[malformed = DISPLAY_NAME_LENGTH]
        display_name: Option<Text<1, 128>>,
        /// Its phone.
        #[malformed = MOBILE_PHONE_FORMAT]
        #[example = "86-18600000000"]
        mobile_phone: Option<Text<1, 64>>,
        /// Its mail address.
        #[malformed = EMAIL_FORMAT]
        #[example = "alice@example.com"]
        email: Option<Text<1, 254>>,
        /// Free text.
        #[malformed = COMMENTS_LENGTH]
        comments: Option<Text<1, 128>>,
    }
);

reply!(
    /// Reply of CreateUser.
    pub(crate) struct Reply {
        /// The new user.
        user: NewUser,
    }
);

reply!(
    /// A user as it was made.
    pub(crate) struct NewUser {
        /// Its id.
        user_id: String,
        /// Its name.
        user_name: String,
        /// Its name for people.
        display_name: String,
        /// Its phone.
        mobile_phone: String,
        /// Its mail address.
        email: String,
        /// Free text.
        comments: String,
        /// When it was made.
        create_date: String,
    }
);

/// Whether the name is taken, and how many users there are.
pub(crate) struct Facts {
    is_taken: bool,
    users: u64,
}

impl Action for CreateUser {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateUser";
    const SUMMARY: &'static str =
        "Makes a user without permissions; policies that are attached give them.";
    const DETAILS: &'static str = "\
CreateAccessKey gives the user a key, AttachPolicyToUser says what calls that are signed with it may do.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no user has the name",                  |f| !f.is_taken, &USER_EXISTS),
        must("the account has fewer than 1000 users", |f| f.users < USERS, &USER_LIMIT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        if !lookup::is_user_name(&params.user_name.0) {
            return Err((&USER_NAME_CHARACTERS).into());
        }
        let is_taken = lookup::called::<RamUser>(tx, call, &params.user_name.0)?.is_some();
        Ok(Facts { is_taken, users: lookup::count::<RamUser>(tx, call)? })
    }

    fn effect(call: &Call<'_>, params: &Params, _: Facts) -> Effect<Reply> {
        let user = RamUser {
            id: new_id(call),
            account: call.caller.account.clone(),
            name: params.user_name.0.clone(),
            display_name: params
                .display_name
                .as_ref()
                .map(|text| text.0.clone())
                .unwrap_or_default(),
            email: params.email.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            mobile_phone: params
                .mobile_phone
                .as_ref()
                .map(|text| text.0.clone())
                .unwrap_or_default(),
            comments: params.comments.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            groups: Vec::new(),
            policies: AttachedPolicies::default(),
            login_profile: None,
            created_at: call.now,
            updated_at: call.now,
            unknown: UnknownFields::default(),
        };
        let shown = NewUser {
            user_id: user.id.to_string(),
            user_name: user.name.clone(),
            display_name: user.display_name.clone(),
            mobile_phone: user.mobile_phone.clone(),
            email: user.email.clone(),
            comments: user.comments.clone(),
            create_date: with_seconds(user.created_at),
        };
        Effect::reply(Reply { user: shown }).save(user)
    }
}

/// Eighteen random digits, the first of them 2, as users have on the real cloud.
fn new_id(call: &Call<'_>) -> RamUserId {
    const BELOW: u64 = 100_000_000_000_000_000;
    format!("2{:017}", call.environment.ids.random() % BELOW).into()
}
