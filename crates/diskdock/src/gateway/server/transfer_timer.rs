//! Time that a client has while the server waits for it.
//!
//! Waiting uses it up and every byte that moves gives some of it back, so a slow client is served
//! for as long as it keeps up the slowest acceptable pace, and one that trickles is not.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Bytes that give back a second: the slowest acceptable pace.
const BYTES_PER_SECOND: u64 = 8 * 1024;

/// Time that is left for waiting.
pub(super) struct TransferTimer {
    full: Duration,
    left: Duration,
    waiting_since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl TransferTimer {
    pub(super) fn new(full: Duration) -> TransferTimer {
        TransferTimer { full, left: full, waiting_since: None, alarm: None }
    }

    /// To be called whenever there is nothing to do but wait; ready when time has run out.
    pub(super) fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let left = self.left;
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            match &mut self.alarm {
                Some(alarm) => alarm.as_mut().reset(now + left),
                None => self.alarm = Some(Box::pin(sleep_until(now + left))),
            }
        }
        match &mut self.alarm {
            Some(alarm) => alarm.as_mut().poll(context),
            None => Poll::Pending,
        }
    }

    /// So many bytes have moved, and waiting is over for now.
    pub(super) fn progressed(&mut self, bytes: usize) {
        let Some(since) = self.waiting_since.take() else { return };
        let back = Duration::from_millis(bytes as u64 * 1_000 / BYTES_PER_SECOND);
        self.left = self.left.saturating_sub(since.elapsed()).saturating_add(back).min(self.full);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const FULL: Duration = Duration::from_secs(30);

    async fn waits(timer: &mut TransferTimer, time: Duration) -> bool {
        let expired = poll_fn(|context| timer.poll_expired(context));
        tokio::time::timeout(time, expired).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn poll_expired_is_ready_after_the_full_time() {
        let mut timer = TransferTimer::new(FULL);
        assert!(waits(&mut timer, FULL - Duration::from_millis(2)).await);
        assert!(!waits(&mut timer, Duration::from_millis(10)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn progressed_does_not_pay_for_a_trickle() {
        let mut timer = TransferTimer::new(FULL);
        let mut seconds = 0;
        while waits(&mut timer, Duration::from_secs(1)).await {
            timer.progressed(1);
            seconds += 1;
        }
        assert_eq!(seconds, 29);
    }

    #[tokio::test(start_paused = true)]
    async fn progressed_pays_for_a_steady_pace() {
        let mut timer = TransferTimer::new(FULL);
        for _ in 0..600 {
            assert!(waits(&mut timer, Duration::from_secs(1)).await);
            timer.progressed(8 * 1024);
        }
    }
}
