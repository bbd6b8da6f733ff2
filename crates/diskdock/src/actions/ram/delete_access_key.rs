//! `DeleteAccessKey`: remove a key for good.

use super::lookup::KeyOwner;
use crate::actions::prelude::*;

/// Removes a key.
pub(crate) struct DeleteAccessKey;

params!(
    /// Parameters of DeleteAccessKey.
    pub(crate) struct Params {
        /// The key.
        #[example = "LTAI5tReaders0000000000"]
        user_access_key_id: Text<1, 128>,
        /// The user; the caller, if left out.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Option<Text<1, 64>>,
    }
);

/// The id of the key, which is there.
pub(crate) struct Facts {
    key: String,
}

impl Action for DeleteAccessKey {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteAccessKey";
    const SUMMARY: &'static str = "Removes a key: calls that it signs are refused at once.";
    const CAUTION: &'static str =
        "Programs that use the key are refused from then on. Give them another one first.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &USER_KEY_NOT_FOUND];
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let name = params.user_name.as_ref().map(|name| name.0.as_str());
        let owner = KeyOwner::of(tx, call, name)?;
        Ok(Facts { key: owner.key(tx, call, &params.user_access_key_id.0)?.id })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).change(StoreChange::RemoveAccessKey(facts.key))
    }
}
