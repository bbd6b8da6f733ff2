//! Forgets tasks that ended long ago: clients ask after a task while it is under way, and soon
//! after.

use domain::{Moment, Task};

use crate::store::{EntityReads, EntityWrites, Store, StoreError};

/// How long a task is kept after its end, in seconds.
const KEPT_S: i64 = 7 * 24 * 3_600;
/// Tasks that are looked at, and forgotten, at a time.
const AT_A_TIME: u32 = 500;

/// Forgets tasks that ended long before `now`.
pub(super) async fn forget_old_tasks(store: &Store, now: Moment) -> Result<(), StoreError> {
    let before = now.plus_s(-KEPT_S);
    let mut after = None;
    loop {
        let from = after.take();
        let page = store.read(move |tx| tx.walk::<Task>(from.as_ref(), AT_A_TIME)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id.clone());
        let is_old = |task: &&Task| task.finished_at.is_some_and(|ended| ended < before);
        let old: Vec<_> = page.iter().filter(is_old).map(|task| task.id.clone()).collect();
        if !old.is_empty() {
            store.write(move |tx| old.iter().try_for_each(|id| tx.remove(id))).await?;
        }
    }
}
