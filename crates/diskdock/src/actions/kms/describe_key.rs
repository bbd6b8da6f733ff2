//! `DescribeKey`: one key.

use super::lookup::{self, KeyName};
use super::view::ShownKmsKey;
use crate::actions::prelude::*;

/// Shows a key.
pub(crate) struct DescribeKey;

params!(
    /// Parameters of DescribeKey.
    pub(crate) struct Params {
        /// The key.
        key_id: KeyName,
    }
);

reply!(
    /// Reply of DescribeKey.
    pub(crate) struct Reply {
        /// The key.
        key_metadata: ShownKmsKey,
    }
);

impl Query for DescribeKey {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeKey";
    const SUMMARY: &'static str = "Shows a key, in whatever region it lies.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&KMS_KEY_NOT_FOUND, &KMS_ALIAS_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let key = lookup::key(tx, call, &params.key_id)?;
        Ok(Reply { key_metadata: ShownKmsKey::of(&key) })
    }
}
