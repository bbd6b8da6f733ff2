//! The keys that disks and snapshots name, as far as KMS knows them. An id of any other key is
//! only shown.

use domain::kms::KmsKeyId;

use crate::actions::prelude::*;

/// Whether what is encrypted can be used with the key that it names, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyUse {
    /// It can, or KMS knows no such key.
    Usable,
    /// The key is to be deleted.
    Disabled,
    /// The key was deleted, or lies in another region.
    Gone,
}

impl KeyUse {
    /// Whether the key of this id can be used by what lies in this region; with an empty id there
    /// is none.
    pub(crate) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        region: &str,
        id: &str,
    ) -> Result<KeyUse, StoreError> {
        if id.is_empty() {
            return Ok(KeyUse::Usable);
        }
        let found = call.look_at(tx, &KmsKeyId::from(id.to_owned()))?;
        Ok(match found {
            Some(key) if key.region != region || !key.exists(call.now) => KeyUse::Gone,
            Some(key) if key.deleted_at.is_some() => KeyUse::Disabled,
            Some(_) | None => KeyUse::Usable,
        })
    }

    /// Whether there is such a key, or nothing is known of it.
    pub(crate) fn is_there(self) -> bool {
        self != KeyUse::Gone
    }

    /// Whether it is not to be deleted.
    pub(crate) fn is_enabled(self) -> bool {
        self != KeyUse::Disabled
    }
}
