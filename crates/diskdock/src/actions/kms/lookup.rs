//! Lookups of keys.

use domain::kms::{KmsKey, KmsKeyId};

use crate::actions::prelude::*;
use crate::catalog::{Shape, Value};

/// An id of a key, its ARN, or an alias.
#[derive(Clone, Debug)]
pub(crate) struct KeyName(pub String);

impl Value for KeyName {
    const SHAPE: Shape = Shape::Text { min: 1, max: 256, rule: "an id, an ARN or an alias" };
    const EXAMPLE: &'static str = "key-bp1a2b3c4d5e6f7g8h9i0";
    const NAMES: Option<&'static str> = Some("key");
    const MALFORMED: &'static ErrorCode = &KMS_PARAMETER_NOT_VALID;

    fn parse(text: &str) -> Option<Self> {
        (1..=256).contains(&text.chars().count()).then(|| KeyName(text.to_owned()))
    }
}

/// The key of this name. There are no aliases here.
pub(super) fn key(tx: &dyn ReadTx, call: &Call<'_>, name: &KeyName) -> Result<KmsKey, ActionError> {
    if name.0.starts_with("alias/") {
        return Err((&KMS_ALIAS_NOT_FOUND).into());
    }
    let found = call.find(tx, &KmsKeyId::named_by(&name.0))?;
    Ok(found.filter(|key| key.exists(call.now)).ok_or(&KMS_KEY_NOT_FOUND)?)
}
