//! Waiting for the database from a thread of any kind, within a bound.
//!
//! A transaction is synchronous and the protocol is not. The connections are driven by a runtime of
//! the engine's own; the thread that asks sleeps until it is woken, also if it belongs to another
//! runtime.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::Handle;

/// Wakes a thread that sleeps.
struct WakesThread(Thread);

impl Wake for WakesThread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The result of a future; none if it takes longer than this.
pub(super) fn wait<T>(
    runtime: &Handle,
    most: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let _timers = runtime.enter();
    let mut future = pin!(tokio::time::timeout(most, future));
    let waker = Waker::from(Arc::new(WakesThread(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(ended) => return ended.ok(),
            Poll::Pending => thread::park(),
        }
    }
}
