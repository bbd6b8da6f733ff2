//! What a server does again and again: chores, each in a task of its own, so that none waits for
//! another.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

/// The work of a chore; an error is for the log.
type Work = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Something that is done again and again.
pub struct Chore {
    /// What it does, for the log.
    name: &'static str,
    /// How long it rests after it was done.
    rest: Duration,
    /// Is told when it has to be done before its time.
    early: Arc<Notify>,
    /// Whether it is done before the server recovers, too.
    at_start: bool,
    work: Box<dyn Fn() -> Work + Send + Sync>,
}

impl Chore {
    /// A chore that rests so long after it was done.
    pub fn new<F, E>(
        name: &'static str,
        rest: Duration,
        work: impl Fn() -> F + Send + Sync + 'static,
    ) -> Chore
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let work = move || -> Work {
            let done = work();
            Box::pin(async move { done.await.map_err(|error| error.to_string()) })
        };
        Chore { name, rest, early: Arc::default(), at_start: false, work: Box::new(work) }
    }

    /// The same chore, done early whenever this is notified.
    pub fn also_after(mut self, early: &Arc<Notify>) -> Chore {
        self.early = Arc::clone(early);
        self
    }

    /// The same chore, done before the server recovers, too.
    pub fn also_at_start(mut self) -> Chore {
        self.at_start = true;
        self
    }

    /// Does it once, if it has to be done before the server recovers.
    pub(super) async fn once_at_start(&self) {
        if self.at_start {
            self.once().await;
        }
    }

    /// Does it once. A failure is in the log; it is done again in its time.
    pub async fn once(&self) {
        if let Err(error) = (self.work)().await {
            tracing::error!(error, chore = self.name, "maintenance failed");
        }
    }

    /// Rests and does it, for ever. The rest begins when the work has ended, so that slow work is
    /// never followed by a burst.
    pub(super) async fn repeat(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.rest) => {}
                () = self.early.notified() => {}
            }
            self.once().await;
        }
    }
}
