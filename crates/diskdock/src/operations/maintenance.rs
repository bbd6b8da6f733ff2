//! The recurring work of a server: each periodic task runs on its own, so that none waits for
//! another.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::run_job::catch_panic;
use crate::store::StoreError;

/// The work of a task; an error is for the log, unless there is nothing to say of it.
type Work = Pin<Box<dyn Future<Output = Result<(), Option<String>>> + Send>>;

/// A recurring piece of work.
pub struct PeriodicTask {
    /// Its name, for the log.
    name: &'static str,
    /// The time from the end of one run to the beginning of the next.
    interval: Duration,
    /// Notified when a run is wanted before the interval has passed.
    trigger: Arc<Notify>,
    /// Whether it runs before the server recovers, too.
    at_start: bool,
    work: Box<dyn Fn() -> Work + Send + Sync>,
}

impl PeriodicTask {
    /// Its name, for the log.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// A task that runs again this long after its last run has ended.
    pub(crate) fn new<F, E>(
        name: &'static str,
        interval: Duration,
        work: impl Fn() -> F + Send + Sync + 'static,
    ) -> PeriodicTask
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display + 'static,
    {
        let work = move || -> Work {
            let done = work();
            Box::pin(async move { done.await.map_err(|error| worth_saying(&error)) })
        };
        PeriodicTask {
            name,
            interval,
            trigger: Arc::default(),
            at_start: false,
            work: Box::new(work),
        }
    }

    /// The same task, run early whenever this is notified.
    pub(crate) fn also_after(mut self, trigger: &Arc<Notify>) -> PeriodicTask {
        self.trigger = Arc::clone(trigger);
        self
    }

    /// The same task, run before the server recovers, too.
    pub(crate) fn also_at_start(mut self) -> PeriodicTask {
        self.at_start = true;
        self
    }

    /// Runs it, if it is to run before the server recovers.
    pub(super) async fn run_at_start(&self) {
        if self.at_start {
            self.run().await;
        }
    }

    /// Does it once. A failure is in the log, a panic too; it is done again in its time.
    pub(crate) async fn run(&self) {
        match catch_panic((self.work)()).await {
            Some(Ok(()) | Err(None)) => {}
            Some(Err(Some(error))) => {
                tracing::error!(error, task = self.name, "maintenance failed")
            }
            None => tracing::error!(task = self.name, "maintenance panicked"),
        }
    }

    /// Rests and does it, for ever. The rest begins when the work has ended, so that slow work is
    /// never followed by a burst.
    pub(super) async fn repeat(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = self.trigger.notified() => {}
            }
            self.run().await;
        }
    }
}

/// The text of an error; none of a store that is away, which says so once itself.
fn worth_saying<E: std::fmt::Display + 'static>(error: &E) -> Option<String> {
    let any: &dyn Any = error;
    let is_outage = any.downcast_ref().is_some_and(StoreError::is_outage);
    (!is_outage).then(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;

    /// When work began, in seconds after the test did.
    type Began = Arc<Mutex<Vec<u64>>>;

    /// A task that takes so long, in a task of its own.
    fn slow_task(takes: Duration) -> (Arc<Notify>, Began) {
        let (trigger, began) = (Arc::<Notify>::default(), Began::default());
        let (noted, first) = (Arc::clone(&began), Instant::now());
        let task = PeriodicTask::new("take long", Duration::from_secs(20), move || {
            noted
                .lock()
                .unwrap_or_else(|broken| broken.into_inner())
                .push(first.elapsed().as_secs());
            async move {
                tokio::time::sleep(takes).await;
                Ok::<_, String>(())
            }
        });
        tokio::spawn(Arc::new(task.also_after(&trigger)).repeat());
        (trigger, began)
    }

    fn seen(began: &Began) -> Vec<u64> {
        began.lock().unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    #[tokio::test(start_paused = true)]
    async fn long_task_runs_again_one_interval_after_its_end() {
        let (_, began) = slow_task(Duration::from_secs(300));
        tokio::time::sleep(Duration::from_secs(1_000)).await;
        assert_eq!(seen(&began), [20, 340, 660, 980]);
    }

    #[tokio::test(start_paused = true)]
    async fn task_triggered_several_times_runs_once() {
        let (trigger, began) = slow_task(Duration::from_secs(300));
        tokio::time::sleep(Duration::from_secs(5)).await;
        trigger.notify_one();
        tokio::time::sleep(Duration::from_secs(5)).await;
        (0..10).for_each(|_| trigger.notify_one());
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(seen(&began), [5, 305, 625], "once more after that, and then in their time");
    }

    #[tokio::test(start_paused = true)]
    async fn task_that_panics_runs_again_after_its_interval() {
        let began = Began::default();
        let noted = Arc::clone(&began);
        let task = PeriodicTask::new("panic", Duration::from_secs(20), move || {
            noted.lock().unwrap_or_else(|broken| broken.into_inner()).push(0);
            async { if true { panic!("on purpose") } else { Ok::<_, String>(()) } }
        });
        tokio::spawn(Arc::new(task).repeat());
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert_eq!(seen(&began).len(), 2);
    }
}
