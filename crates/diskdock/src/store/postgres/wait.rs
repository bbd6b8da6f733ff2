//! Waiting for the database from a thread of any kind, within a bound.
//!
//! A transaction is synchronous and the protocol is not. Connections are driven by a runtime: one
//! that the engine has for all of them, so that the thread that asks sleeps until it is woken, also
//! if it belongs to another runtime; or one that the asking thread turns itself, where each
//! hand-over to another thread would be felt.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};

/// Drives a connection.
pub(super) enum ConnectionDriver {
    /// A runtime with a thread of its own.
    Shared(Handle),
    /// A runtime that runs while its thread waits, which must be no thread of another runtime.
    Own(Runtime),
}

/// Wakes a thread that sleeps.
struct WakesThread(Thread);

impl Wake for WakesThread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl ConnectionDriver {
    /// The result of a future; none if it takes longer than this.
    pub(super) fn wait<T>(&self, most: Duration, future: impl Future<Output = T>) -> Option<T> {
        match self {
            ConnectionDriver::Shared(runtime) => wait_for(runtime, most, future),
            ConnectionDriver::Own(runtime) => {
                let _timers = runtime.enter();
                runtime.block_on(tokio::time::timeout(most, future)).ok()
            }
        }
    }
}

fn wait_for<T>(runtime: &Handle, most: Duration, future: impl Future<Output = T>) -> Option<T> {
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
