//! Removes what has had its time: tasks that ended long ago, snapshots that are kept no longer.

use domain::entity::Entity;
use domain::{DiskSnapshot, Moment, Task};

use crate::store::{EntityReads, EntityWrites, Store, StoreError};

/// How long a task is kept after its end, in seconds: clients ask after it while it is under way,
/// and soon after.
const TASKS_KEPT_S: i64 = 7 * 24 * 3_600;
/// Resources that are looked at, and removed, at a time.
const AT_A_TIME: u32 = 500;

/// Removes what has had its time by `now`.
pub(super) async fn remove_expired(store: &Store, now: Moment) -> Result<(), StoreError> {
    let before = now.plus_s(-TASKS_KEPT_S);
    remove(store, move |task: &Task| task.finished_at.is_some_and(|ended| ended < before)).await?;
    remove(store, move |one: &DiskSnapshot| one.expires_at().is_some_and(|end| end <= now)).await
}

/// Removes every resource of a kind that has expired. It is looked at again in the transaction
/// that removes it.
async fn remove<T: Entity>(
    store: &Store,
    has_expired: impl Fn(&T) -> bool + Copy + Send + 'static,
) -> Result<(), StoreError> {
    let mut after: Option<T::Id> = None;
    loop {
        let from = after.take();
        let page = store.read(move |tx| tx.walk::<T>(from.as_ref(), AT_A_TIME)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id().clone());
        let expired: Vec<_> =
            page.iter().filter(|one| has_expired(one)).map(|one| one.id().clone()).collect();
        if expired.is_empty() {
            continue;
        }
        let remove = move |tx: &mut dyn crate::store::WriteTx| {
            for id in &expired {
                if tx.get(id)?.is_some_and(|one| has_expired(&one)) {
                    tx.remove(id)?;
                }
            }
            Ok(())
        };
        store.write(remove).await?;
    }
}
