//! Counts writes, for programs that wait for a change of the store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// The number of writes of this process that have become durable.
#[derive(Default)]
pub(crate) struct Changes {
    number: AtomicU64,
    changed: Notify,
}

impl Changes {
    /// The number now. A read of the store that begins after this sees all these writes.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// A write is durable, and reads see it.
    pub(super) fn add(&self) {
        self.number.fetch_add(1, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Waits until the number is another than this one, but not longer than `most`. Writes of other
    /// servers over the same store do not count.
    pub(crate) async fn after(&self, number: u64, most: Duration) -> u64 {
        let other = async {
            loop {
                // Made before the number is read, so that no write falls in between.
                let changed = self.changed.notified();
                if self.number() != number {
                    return;
                }
                changed.await;
            }
        };
        let _ = timeout(most, other).await;
        self.number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn after_returns_at_a_change_or_in_time() {
        let changes = Changes::default();
        assert_eq!(changes.after(7, LONG).await, 0, "the number of an earlier process");
        let (seen, ()) = tokio::join!(changes.after(0, LONG), async { changes.add() });
        assert_eq!(seen, 1);
        let began = tokio::time::Instant::now();
        assert_eq!(changes.after(1, LONG).await, 1);
        assert_eq!(began.elapsed(), LONG);
    }
}
