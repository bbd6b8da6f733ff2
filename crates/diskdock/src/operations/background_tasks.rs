//! The background tasks of a server: it observes its machines, resumes the operations in flight,
//! renews its lease, reconciles and cleans up until it is stopped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::change_follower::{ChangeFollower, report};
use super::disk_damages::mark_damaged_disks;
use super::expiry::remove_expired;
use super::maintenance::PeriodicTask;
use super::server_lease::RENEWED_EVERY;
use super::{MissingInHypervisor, Runner, discard_volumes, orphans, reconcile};
use crate::clock::expiry::RetentionClock;
use crate::clock::{self, Clock};
use crate::hypervisor::Hypervisor;
use crate::store::{Store, StoreError};

/// How long the server rests between two comparisons of store and hypervisor.
const RECONCILED_EVERY: Duration = Duration::from_secs(20);
/// How long it rests between two looks for damaged disks.
const DAMAGES_MARKED_EVERY: Duration = Duration::from_secs(5);
/// How long it rests between two looks for silent servers.
const TAKEN_OVER_EVERY: Duration = Duration::from_secs(20);
/// How long it rests between two clearings of what is no longer needed.
const CLEARED_EVERY: Duration = Duration::from_secs(20);
/// How long it rests between two looks for tasks, snapshots and temporary keys that have expired.
const EXPIRED_EVERY: Duration = Duration::from_secs(300);
/// How long ClientTokens are remembered, in seconds.
const TOKENS_KEPT_S: i64 = 24 * 3_600;
/// How long a start that failed rests before it is tried again.
pub(super) const START_AGAIN: Duration = Duration::from_secs(1);

/// The background work of a server: recovery, its lease, maintenance, following changes.
pub struct BackgroundTasks {
    store: Arc<Store>,
    clock: Arc<Clock>,
    hypervisor: Arc<dyn Hypervisor>,
    runner: Arc<Runner>,
    /// Is told when so much happened that everything has to be reconciled.
    all_may_differ: Arc<Notify>,
    tasks: Vec<Arc<PeriodicTask>>,
}

impl BackgroundTasks {
    /// The background tasks of a server made of these parts, and `others`.
    pub fn new(
        store: &Arc<Store>,
        clock: &Arc<Clock>,
        hypervisor: &Arc<dyn Hypervisor>,
        runner: &Arc<Runner>,
        others: Vec<PeriodicTask>,
    ) -> BackgroundTasks {
        let all_may_differ = Arc::<Notify>::default();
        let (renewing, taking_over) = (Arc::clone(runner), Arc::clone(runner));
        let (reconciled, driver) = (Arc::clone(store), Arc::clone(hypervisor));
        let (forgetting, expiring) = (Arc::clone(store), Arc::clone(store));
        let (marked, asked) = (Arc::clone(store), Arc::clone(hypervisor));
        let (reconcile_clock, damage_clock) = (Arc::clone(clock), Arc::clone(clock));
        let retention = Arc::new(RetentionClock::of(clock));
        let token_retention = Arc::clone(&retention);
        let own = [
            PeriodicTask::new("renew the lease", RENEWED_EVERY, move || {
                let runner = Arc::clone(&renewing);
                async move { runner.renew_lease_and_age().await }
            }),
            PeriodicTask::new("take over from silent servers", TAKEN_OVER_EVERY, move || {
                let runner = Arc::clone(&taking_over);
                async move { runner.take_over().await.map(drop) }
            }),
            PeriodicTask::new("reconcile", RECONCILED_EVERY, move || {
                let (store, driver) = (Arc::clone(&reconciled), Arc::clone(&driver));
                let now = reconcile_clock.now();
                async move {
                    let if_missing = MissingInHypervisor::Report;
                    report(reconcile(&store, driver.as_ref(), if_missing, now).await?);
                    discard_volumes(&store, driver.as_ref()).await.map(drop)
                }
            })
            .also_after(&all_may_differ),
            PeriodicTask::new("mark damaged disks", DAMAGES_MARKED_EVERY, move || {
                let (store, driver) = (Arc::clone(&marked), Arc::clone(&asked));
                let now = damage_clock.now();
                async move { mark_damaged_disks(&store, driver.as_ref(), now).await }
            }),
            PeriodicTask::new("forget old tokens", CLEARED_EVERY, move || {
                let store = Arc::clone(&forgetting);
                let now = token_retention.read();
                async move {
                    let Some(now) = now else { return Ok(()) };
                    let before = now.plus_s(-TOKENS_KEPT_S);
                    store.write(move |tx| tx.delete_tokens(before)).await
                }
            }),
            PeriodicTask::new("remove what has expired", EXPIRED_EVERY, move || {
                let (store, now) = (Arc::clone(&expiring), retention.read());
                async move {
                    match now {
                        Some(now) => remove_expired(&store, now).await,
                        None => Ok(()),
                    }
                }
            })
            .also_after(&clock.advanced()),
        ];
        BackgroundTasks {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            hypervisor: Arc::clone(hypervisor),
            runner: Arc::clone(runner),
            all_may_differ,
            tasks: own.into_iter().chain(others).map(Arc::new).collect(),
        }
    }

    /// Tells the hypervisor of the instances that it does not know, resumes the operations in
    /// flight, and marks the server as ready.
    pub async fn recover(&self) -> Result<(), StoreError> {
        let (store, driver) = (&self.store, self.hypervisor.as_ref());
        let now = self.clock.now();
        report(reconcile(store, driver, MissingInHypervisor::Adopt, now).await?);
        report(orphans(store, driver).await?);
        mark_damaged_disks(store, driver, now).await?;
        discard_volumes(store, driver).await?;
        self.runner.renew_lease().await?;
        let recovered = self.runner.recover().await?;
        if recovered > 0 {
            tracing::info!(recovered, "operations resumed");
        }
        self.runner.set_ready();
        Ok(())
    }

    /// Does all tasks once, one after the other.
    pub async fn run_maintenance(&self) {
        for task in &self.tasks {
            task.run().await;
        }
    }

    /// Does the task of this name once. False if there is none.
    pub async fn run_task(&self, name: &str) -> bool {
        let Some(task) = self.tasks.iter().find(|task| task.name() == name) else { return false };
        task.run().await;
        true
    }

    /// Follows changes of machines.
    pub fn change_follower(&self) -> ChangeFollower {
        ChangeFollower {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            hypervisor: Arc::clone(&self.hypervisor),
            runner: Arc::clone(&self.runner),
            all_may_differ: Arc::clone(&self.all_may_differ),
        }
    }

    /// Recovers, says when that is done, and carries operations out until this is dropped.
    pub async fn run(&self, ready: impl FnOnce()) {
        let changes = self.hypervisor.changes();
        for task in &self.tasks {
            task.run_at_start().await;
        }
        while let Err(error) = self.recover().await {
            if !error.is_outage() {
                tracing::error!(%error, "cannot recover; trying again");
            }
            tokio::time::sleep(START_AGAIN).await;
        }
        ready();
        let mut tasks = JoinSet::new();
        tasks.spawn(beat(Arc::clone(&self.clock)));
        tasks.spawn(Arc::clone(&self.runner).run());
        tasks.spawn(self.change_follower().follow(changes));
        for task in &self.tasks {
            tasks.spawn(Arc::clone(task).repeat());
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// Reads the clock regularly, since a long time between two readings is not counted as uptime.
pub(super) async fn beat(clock: Arc<Clock>) {
    loop {
        tokio::time::sleep(clock::BEAT).await;
        clock.uptime();
    }
}
