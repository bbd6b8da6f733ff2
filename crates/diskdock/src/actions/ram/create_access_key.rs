//! `CreateAccessKey`: give a user a key, or the account another one.

use super::lookup::KeyOwner;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;
use crate::store::{AccessKey, new_key};

/// Keys of a user, and those that the account itself can make, at most.
const KEYS: usize = 2;

/// Makes an access key.
pub(crate) struct CreateAccessKey;

params!(
    /// Parameters of CreateAccessKey.
    pub(crate) struct Params {
        /// The user; the caller, if left out.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Option<Text<1, 64>>,
    }
);

reply!(
    /// Reply of CreateAccessKey.
    pub(crate) struct Reply {
        /// The new key.
        access_key: NewKey,
    }
);

reply!(
    /// A key with its secret.
    pub(crate) struct NewKey {
        /// Its id.
        access_key_id: String,
        /// Its secret, which is shown this once.
        access_key_secret: String,
        /// `Active`.
        status: &'static str,
        /// When it was made.
        create_date: String,
    }
);

/// The owner of the new key, and how many there are.
pub(crate) struct Facts {
    owner: KeyOwner,
    keys: usize,
}

impl Action for CreateAccessKey {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateAccessKey";
    const SUMMARY: &'static str = "Gives a user a key, and shows its secret this once.";
    const DETAILS: &'static str = "\
The key signs calls at once; what they may do is said by the user's policies. A key of the account itself, \
which is made without UserName by one, may do everything.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("a user has fewer than two keys", |f| f.owner.user_id().is_none() || f.keys < KEYS, &USER_KEY_LIMIT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let name = params.user_name.as_ref().map(|name| name.0.as_str());
        let owner = KeyOwner::of(tx, call, name)?;
        Ok(Facts { keys: owner.keys(tx, call)?.len(), owner })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<Reply> {
        let made = new_key(call.caller.account.clone(), call.now);
        let key = AccessKey { user: facts.owner.user_id().cloned(), ..made };
        let access_key = NewKey {
            access_key_id: key.id.clone(),
            access_key_secret: key.secret.clone(),
            status: "Active",
            create_date: with_seconds(key.created_at),
        };
        Effect::reply(Reply { access_key }).change(StoreChange::SaveAccessKey(Box::new(key)))
    }
}
