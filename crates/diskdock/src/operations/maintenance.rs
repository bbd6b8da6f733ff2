//! The recurring work of a server: chores, each in a task of its own, so that none waits for
//! another.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::turn::unless_panics;

/// The work of a chore; an error is for the log.
type Work = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// A recurring piece of work.
pub struct Chore {
    /// Its name, for the log.
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
    pub(crate) fn new<F, E>(
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
    pub(crate) fn also_after(mut self, early: &Arc<Notify>) -> Chore {
        self.early = Arc::clone(early);
        self
    }

    /// The same chore, done before the server recovers, too.
    pub(crate) fn also_at_start(mut self) -> Chore {
        self.at_start = true;
        self
    }

    /// Does it once, if it has to be done before the server recovers.
    pub(super) async fn once_at_start(&self) {
        if self.at_start {
            self.once().await;
        }
    }

    /// Does it once. A failure is in the log, a panic too; it is done again in its time.
    pub(crate) async fn once(&self) {
        match unless_panics((self.work)()).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::error!(error, chore = self.name, "maintenance failed"),
            None => tracing::error!(chore = self.name, "maintenance panicked"),
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;

    /// When work began, in seconds after the test did.
    type Began = Arc<Mutex<Vec<u64>>>;

    /// A chore that takes so long, in a task of its own.
    fn slow_chore(takes: Duration) -> (Arc<Notify>, Began) {
        let (early, began) = (Arc::<Notify>::default(), Began::default());
        let (noted, first) = (Arc::clone(&began), Instant::now());
        let chore = Chore::new("take long", Duration::from_secs(20), move || {
            noted
                .lock()
                .unwrap_or_else(|broken| broken.into_inner())
                .push(first.elapsed().as_secs());
            async move {
                tokio::time::sleep(takes).await;
                Ok::<_, String>(())
            }
        });
        tokio::spawn(Arc::new(chore.also_after(&early)).repeat());
        (early, began)
    }

    fn seen(began: &Began) -> Vec<u64> {
        began.lock().unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    #[tokio::test(start_paused = true)]
    async fn long_chore_rests_before_its_next_run() {
        let (_, began) = slow_chore(Duration::from_secs(300));
        tokio::time::sleep(Duration::from_secs(1_000)).await;
        assert_eq!(seen(&began), [20, 340, 660, 980]);
    }

    #[tokio::test(start_paused = true)]
    async fn chore_requested_early_several_times_runs_once() {
        let (early, began) = slow_chore(Duration::from_secs(300));
        tokio::time::sleep(Duration::from_secs(5)).await;
        early.notify_one();
        tokio::time::sleep(Duration::from_secs(5)).await;
        (0..10).for_each(|_| early.notify_one());
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(seen(&began), [5, 305, 625], "once more after that, and then in their time");
    }

    #[tokio::test(start_paused = true)]
    async fn chore_that_panics_runs_again_after_its_period() {
        let began = Began::default();
        let noted = Arc::clone(&began);
        let chore = Chore::new("panic", Duration::from_secs(20), move || {
            noted.lock().unwrap_or_else(|broken| broken.into_inner()).push(0);
            async { if true { panic!("on purpose") } else { Ok::<_, String>(()) } }
        });
        tokio::spawn(Arc::new(chore).repeat());
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert_eq!(seen(&began).len(), 2);
    }
}
