//! Begins the runs of jobs that are due.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::task::yield_now;

use super::Runner;

/// Runs that another thread may take, for as few as these: they end sooner beside each other.
const FEW: usize = 2;
/// Runs that begin in a row before others get their turn.
const RUNS_IN_A_ROW: usize = 64;

impl Runner {
    /// Begins a run of each job that is due.
    pub(super) async fn begin_due(self: &Arc<Self>) {
        let due = self.take_due();
        let are_few = due.len() <= FEW;
        for (number, job) in due.into_iter().enumerate() {
            if number % RUNS_IN_A_ROW == RUNS_IN_A_ROW - 1 {
                yield_now().await;
            }
            let runner = Arc::clone(self);
            let run = async move { runner.run_job(job).await };
            if are_few {
                tokio::spawn(run);
            } else {
                begin(Box::pin(run)).await;
            }
        }
    }
}

/// Begins a run, and leaves it to a task of its own if it has to wait: most runs are over before
/// that task would have begun.
async fn begin(mut run: Pin<Box<dyn Future<Output = ()> + Send>>) {
    let begun = poll_fn(|context| {
        let poll = AssertUnwindSafe(|| run.as_mut().poll(context));
        // A run that panicked has said so, as a task of its own would have.
        Poll::Ready(catch_unwind(poll).unwrap_or(Poll::Ready(())))
    });
    if begun.await.is_pending() {
        tokio::spawn(run);
    }
}
