//! `ListAccessKeys`: the keys of a user, or of the account itself.

use super::lookup::KeyOwner;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;
use crate::store::{AccessKey, KeyStatus};

/// Lists keys, without their secrets.
pub(crate) struct ListAccessKeys;

params!(
    /// Parameters of ListAccessKeys.
    pub(crate) struct Params {
        /// The user; the caller, if left out.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Option<Text<1, 64>>,
    }
);

reply!(
    /// Reply of ListAccessKeys.
    pub(crate) struct Reply {
        /// The keys.
        access_keys: Keys,
    }
);

reply!(
    /// The keys.
    pub(crate) struct Keys {
        /// The entries.
        access_key: Vec<KeyItem>,
    }
);

reply!(
    /// A key.
    pub(crate) struct KeyItem {
        /// Its id.
        access_key_id: String,
        /// `Active` or `Inactive`.
        status: &'static str,
        /// When it was made.
        create_date: String,
    }
);

impl Query for ListAccessKeys {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListAccessKeys";
    const SUMMARY: &'static str =
        "Lists the keys of a user or of the account itself, without their secrets.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let name = params.user_name.as_ref().map(|name| name.0.as_str());
        let keys = KeyOwner::of(tx, call, name)?.keys(tx, call)?;
        Ok(Reply { access_keys: Keys { access_key: keys.iter().map(item).collect() } })
    }
}

fn item(key: &AccessKey) -> KeyItem {
    let status = match key.status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    };
    let create_date = with_seconds(key.created_at);
    KeyItem { access_key_id: key.id.clone(), status, create_date }
}
