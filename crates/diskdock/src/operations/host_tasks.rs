//! The background tasks of a host: it is heard of, takes the operations that wait for it, and
//! compares its machines with the store. Everything else is done by the servers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::background_tasks::{START_AGAIN, beat};
use super::change_follower::{ChangeFollower, report};
use super::disk_damages::mark_damaged_disks;
use super::maintenance::PeriodicTask;
use super::reconcile::reconcile_host;
use super::{MissingInHypervisor, Runner, discard_volumes, orphans};
use crate::clock::Clock;
use crate::hypervisor::Hypervisor;
use crate::store::{HostTerm, Store, StoreError};

/// How often a host is heard of: it counts as silent after three times that. All hosts together are
/// a load on the database, also when nothing happens.
const HEARD_OF_EVERY: Duration = Duration::from_secs(10);
/// How long a host rests between two looks for work: the longest delay of a wake-up that is lost.
const LOOKS_EVERY: Duration = Duration::from_secs(2);
/// How long it rests between two comparisons of store and machines. A machine that changes is
/// compared at once.
const RECONCILED_EVERY: Duration = Duration::from_secs(30);
/// How long it rests between two looks for damaged disks.
const DAMAGES_MARKED_EVERY: Duration = Duration::from_secs(5);

/// The background work of a host.
pub struct HostTasks {
    store: Arc<Store>,
    clock: Arc<Clock>,
    hypervisor: Arc<dyn Hypervisor>,
    runner: Arc<Runner>,
    term: HostTerm,
    all_may_differ: Arc<Notify>,
    /// Is notified when the term of this process is over.
    is_over: Arc<Notify>,
    tasks: Vec<Arc<PeriodicTask>>,
}

impl HostTasks {
    /// The background tasks of a host that works in this term, and `others`. The store refuses its
    /// writes when the term is over.
    pub fn new(
        store: &Arc<Store>,
        clock: &Arc<Clock>,
        hypervisor: &Arc<dyn Hypervisor>,
        runner: &Arc<Runner>,
        term: HostTerm,
        others: Vec<PeriodicTask>,
    ) -> HostTasks {
        let (all_may_differ, is_over) = (Arc::<Notify>::default(), Arc::<Notify>::default());
        let (heard, over) = (Arc::clone(runner), Arc::clone(&is_over));
        let taking = Arc::clone(runner);
        let (reconciled, driver) = (Arc::clone(store), Arc::clone(hypervisor));
        let (marked, asked) = (Arc::clone(store), Arc::clone(hypervisor));
        let (reconcile_clock, damage_clock) = (Arc::clone(clock), Arc::clone(clock));
        let host = term.host.clone();
        let tasks = [
            PeriodicTask::new("be heard of", HEARD_OF_EVERY, move || {
                let (runner, over) = (Arc::clone(&heard), Arc::clone(&over));
                async move {
                    let heard = runner.renew_lease().await;
                    if matches!(heard, Err(StoreError::LeaseLost)) {
                        over.notify_one();
                    }
                    heard
                }
            }),
            PeriodicTask::new("look for work", LOOKS_EVERY, move || {
                let runner = Arc::clone(&taking);
                async move { runner.take_work().await.map(drop) }
            })
            .also_after(&store.new_work()),
            PeriodicTask::new("reconcile", RECONCILED_EVERY, move || {
                let (store, driver) = (Arc::clone(&reconciled), Arc::clone(&driver));
                let (host, now) = (host.clone(), reconcile_clock.now());
                async move {
                    let if_missing = MissingInHypervisor::Report;
                    report(reconcile_host(&store, &*driver, &host, if_missing, now).await?);
                    discard_volumes(&store, &*driver).await.map(drop)
                }
            })
            .also_after(&all_may_differ),
            PeriodicTask::new("mark damaged disks", DAMAGES_MARKED_EVERY, move || {
                let (store, driver) = (Arc::clone(&marked), Arc::clone(&asked));
                let now = damage_clock.now();
                async move { mark_damaged_disks(&store, driver.as_ref(), now).await }
            }),
        ];
        HostTasks {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            hypervisor: Arc::clone(hypervisor),
            runner: Arc::clone(runner),
            term,
            all_may_differ,
            is_over,
            tasks: tasks.into_iter().chain(others).map(Arc::new).collect(),
        }
    }

    /// Tells the hypervisor of the host's instances that it does not know, and resumes the host's
    /// operations.
    pub async fn recover(&self) -> Result<(), StoreError> {
        let (driver, now) = (self.hypervisor.as_ref(), self.clock.now());
        let adopt = MissingInHypervisor::Adopt;
        report(reconcile_host(&self.store, driver, &self.term.host, adopt, now).await?);
        report(orphans(&self.store, driver).await?);
        mark_damaged_disks(&self.store, driver, now).await?;
        discard_volumes(&self.store, driver).await?;
        self.runner.renew_lease().await?;
        let recovered = self.runner.recover().await?;
        if recovered > 0 {
            tracing::info!(recovered, "operations resumed");
        }
        self.runner.take_work().await?;
        self.runner.set_ready();
        Ok(())
    }

    /// Does all tasks once, one after the other.
    pub async fn run_maintenance(&self) {
        for task in &self.tasks {
            task.run().await;
        }
    }

    /// Recovers, says when that is done, and works until the term is over: the host has registered
    /// again, was fenced or removed. Then no operation takes another step.
    pub async fn run(&self, ready: impl FnOnce()) {
        self.until_over(ready).await;
        self.runner.close();
    }

    async fn until_over(&self, ready: impl FnOnce()) {
        let changes = self.hypervisor.changes();
        for task in &self.tasks {
            task.run_at_start().await;
        }
        loop {
            match self.recover().await {
                Ok(()) => break,
                Err(StoreError::LeaseLost) => return,
                Err(error) if error.is_outage() => {}
                Err(error) => tracing::error!(%error, "cannot recover; trying again"),
            }
            tokio::time::sleep(START_AGAIN).await;
        }
        ready();
        let follower = ChangeFollower {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            hypervisor: Arc::clone(&self.hypervisor),
            runner: Arc::clone(&self.runner),
            all_may_differ: Arc::clone(&self.all_may_differ),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(beat(Arc::clone(&self.clock)));
        tasks.spawn(Arc::clone(&self.runner).run());
        tasks.spawn(follower.follow(changes));
        for task in &self.tasks {
            tasks.spawn(Arc::clone(task).repeat());
        }
        self.is_over.notified().await;
    }
}
