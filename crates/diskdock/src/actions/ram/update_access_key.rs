//! `UpdateAccessKey`: refuse a key from now on, or accept it again.

use super::lookup::KeyOwner;
use crate::actions::prelude::*;
use crate::store::{AccessKey, KeyStatus};

/// Refuses a key, or accepts it again.
pub(crate) struct UpdateAccessKey;

choice!(
    /// Whether a key can sign calls.
    pub(crate) enum KeyStatusWord {
        Active = "Active",
        Inactive = "Inactive",
    }
);

params!(
    /// Parameters of UpdateAccessKey.
    pub(crate) struct Params {
        /// The key.
        #[example = "LTAI5tReaders0000000000"]
        user_access_key_id: Text<1, 128>,
        /// Whether it can sign calls.
        status: KeyStatusWord,
        /// The user; the caller, if left out.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Option<Text<1, 64>>,
    }
);

/// The key.
pub(crate) struct Facts {
    key: AccessKey,
}

impl Action for UpdateAccessKey {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "UpdateAccessKey";
    const SUMMARY: &'static str = "Refuses a key from now on, or accepts it again.";
    const CAUTION: &'static str =
        "With Inactive, programs that use the key are refused until it is Active again.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &USER_KEY_NOT_FOUND];
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let name = params.user_name.as_ref().map(|name| name.0.as_str());
        let owner = KeyOwner::of(tx, call, name)?;
        Ok(Facts { key: owner.key(tx, call, &params.user_access_key_id.0)? })
    }

    fn effect(_: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let status = match params.status {
            KeyStatusWord::Active => KeyStatus::Active,
            KeyStatusWord::Inactive => KeyStatus::Inactive,
        };
        let key = AccessKey { status, ..facts.key };
        Effect::reply(()).change(StoreChange::SaveAccessKey(Box::new(key)))
    }
}
