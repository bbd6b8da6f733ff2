//! Deletes tasks that ended long ago, snapshots whose retention has ended, temporary keys that are
//! refused by now, and keys of KMS that were to be deleted.

use domain::entity::Entity;
use domain::kms::KmsKey;
use domain::{CustomImage, Disk, DiskSnapshot, Moment, Task};

use crate::store::{
    AccessKey, EntityReads, EntityWrites, Filter, ReadTx, Store, StoreError, WriteTx,
};

/// How long a task is kept after its end, in seconds: clients ask after it while it is under way,
/// and soon after.
const TASKS_KEPT_S: i64 = 7 * 24 * 3_600;
/// Resources that are looked at, and removed, at a time.
const BATCH_SIZE: u32 = 500;

/// Removes what has had its time by `now`.
pub(super) async fn remove_expired(store: &Store, now: Moment) -> Result<(), StoreError> {
    let before = now.plus_s(-TASKS_KEPT_S);
    let has_ended = move |task: &Task| task.finished_at.is_some_and(|ended| ended < before);
    remove(store, has_ended, |_, _| Ok(false)).await?;
    let has_expired = move |one: &DiskSnapshot| one.expires_at().is_some_and(|end| end <= now);
    remove(store, has_expired, is_needed).await?;
    let is_gone = move |key: &KmsKey| !key.exists(now);
    remove(store, is_gone, is_named).await?;
    remove_expired_keys(store, now).await
}

/// Removes the temporary keys whose session has ended.
async fn remove_expired_keys(store: &Store, now: Moment) -> Result<(), StoreError> {
    let has_ended = move |key: &AccessKey| {
        key.session.as_ref().is_some_and(|session| session.expires_at <= now)
    };
    if !store.read(|tx| tx.access_keys()).await?.iter().any(has_ended) {
        return Ok(());
    }
    let remove = move |tx: &mut dyn WriteTx| {
        let keys = tx.access_keys()?;
        let ended = keys.iter().filter(|key| has_ended(key));
        ended.map(|key| key.id.clone()).try_for_each(|id| tx.remove_access_key(&id))
    };
    store.write(remove).await
}

/// Whether a disk is being made from a snapshot, which stays until that is there; or a custom image
/// needs it.
fn is_needed(tx: &dyn ReadTx, snapshot: &DiskSnapshot) -> Result<bool, StoreError> {
    let (account, region) = (&snapshot.account, &snapshot.region);
    let source = ("source_snapshot", snapshot.id.as_str());
    let mut made = Filter::<Disk>::with_term(account.clone(), region, source);
    made.also.push(Box::new(|disk| !disk.is_created()));
    let of_image = ("snapshot", snapshot.id.as_str());
    let images = Filter::<CustomImage>::with_term(account.clone(), region, of_image);
    Ok(tx.newest(&made)?.is_some() || tx.newest(&images)?.is_some())
}

/// Whether a disk or snapshot of its region names a key. One that is gone is remembered so long:
/// what it was the key of cannot be used any more.
fn is_named(tx: &dyn ReadTx, key: &KmsKey) -> Result<bool, StoreError> {
    let mut disks = Filter::<Disk>::all(key.account.clone(), &key.region);
    let id = key.id.to_string();
    disks.also.push(Box::new(move |disk| disk.kms_key_id == id));
    let mut snapshots = Filter::<DiskSnapshot>::all(key.account.clone(), &key.region);
    let id = key.id.to_string();
    snapshots.also.push(Box::new(move |snapshot| snapshot.kms_key_id == id));
    Ok(tx.newest(&disks)?.is_some() || tx.newest(&snapshots)?.is_some())
}

/// Removes every resource of a kind that has expired. It is looked at again in the transaction
/// that removes it.
async fn remove<T: Entity>(
    store: &Store,
    has_expired: impl Fn(&T) -> bool + Copy + Send + 'static,
    is_needed: fn(&dyn ReadTx, &T) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut after: Option<T::Id> = None;
    loop {
        let from = after.take();
        let page = store.read(move |tx| tx.walk::<T>(from.as_ref(), BATCH_SIZE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id().clone());
        let expired: Vec<_> =
            page.iter().filter(|one| has_expired(one)).map(|one| one.id().clone()).collect();
        if expired.is_empty() {
            continue;
        }
        let remove = move |tx: &mut dyn WriteTx| {
            for id in &expired {
                if let Some(one) = tx.get(id)?.filter(|one| has_expired(one))
                    && !is_needed(tx, &one)?
                {
                    tx.remove(id)?;
                }
            }
            Ok(())
        };
        store.write(remove).await?;
    }
}
