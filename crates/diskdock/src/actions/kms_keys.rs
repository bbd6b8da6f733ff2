//! The keys that disks and snapshots name, as far as KMS knows them. An id of any other key is
//! only shown. The rule is `KeyUse::of`.

use domain::kms::{KeyUse, KmsKeyId};
use domain::{AccountId, DiskSnapshot};

use crate::actions::prelude::*;
use crate::store::EntityReads;

/// Whether the key of this id can be used by what the account has in this region; with an empty id
/// there is none.
pub(crate) fn key_use(
    tx: &dyn ReadTx,
    account: &AccountId,
    region: &str,
    id: &str,
    now: Moment,
) -> Result<KeyUse, StoreError> {
    if id.is_empty() {
        return Ok(KeyUse::Usable);
    }
    let found = tx.look_at(&KmsKeyId::from(id.to_owned()))?;
    Ok(KeyUse::of(found.as_deref(), account, region, now))
}

/// Whether the key of a disk can be used.
pub(crate) fn use_of_disk(tx: &dyn ReadTx, disk: &Disk, now: Moment) -> Result<KeyUse, StoreError> {
    key_use(tx, &disk.account, &disk.region, &disk.kms_key_id, now)
}

/// Whether the key of a snapshot can be used.
pub(crate) fn use_of_snapshot(
    tx: &dyn ReadTx,
    snapshot: &DiskSnapshot,
    now: Moment,
) -> Result<KeyUse, StoreError> {
    key_use(tx, &snapshot.account, &snapshot.region, &snapshot.kms_key_id, now)
}
