//! Follows changes of machines that no operation made: a guest that releases a disk late or
//! switches itself off, a process that ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::InstanceId;
use tokio::sync::Notify;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::jobs::Selection;
use super::{Difference, Runner, reconcile_one};
use crate::clock::Clock;
use crate::hypervisor::{Hypervisor, MachineEvent};
use crate::store::Store;

/// Follows changes, and reconciles the instances that they concern.
#[derive(Clone)]
pub struct ChangeFollower {
    /// Where instances are remembered.
    pub store: Arc<Store>,
    /// The time.
    pub clock: Arc<Clock>,
    /// Where they run.
    pub hypervisor: Arc<dyn Hypervisor>,
    /// The operations that wait for them.
    pub runner: Arc<Runner>,
    /// Is told when so much happened that everything has to be reconciled.
    pub all_may_differ: Arc<Notify>,
}

impl ChangeFollower {
    /// Follows changes for as long as the driver lives. Operations that wait for a machine look
    /// again at once, and the store follows changes without an operation. A machine that is slow
    /// to observe keeps no other waiting.
    pub async fn follow(self, mut changes: broadcast::Receiver<MachineEvent>) {
        let pending = Pending::default();
        loop {
            match changes.recv().await {
                Ok(MachineEvent { instance, disk }) => {
                    let concerned = Selection { disk, instance: Some(instance.clone()) };
                    self.runner.wake(&concerned);
                    if pending.begin(&instance) {
                        tokio::spawn(self.clone().reconcile(pending.clone(), instance));
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    self.runner.wake(&Selection::default());
                    self.all_may_differ.notify_one();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Operations that wait for the machine come first: what happened most often ends one, and the
    /// two would wait for each other at the machine.
    async fn reconcile(self, pending: Pending, instance: InstanceId) {
        let concerned = Selection { disk: None, instance: Some(instance.clone()) };
        while pending.goes_on(&instance) {
            self.runner.until_advanced(&concerned).await;
            let now = self.clock.now();
            match reconcile_one(&self.store, self.hypervisor.as_ref(), &instance, now).await {
                Ok(found) => report(found),
                Err(error) if error.is_outage() => {}
                Err(error) => {
                    tracing::error!(%error, "cannot reconcile a machine after an event");
                }
            }
        }
    }
}

/// Writes differences to the log.
pub(super) fn report(differences: Vec<Difference>) {
    for found in differences {
        let instance = found.instance.as_ref().map_or("", InstanceId::as_str);
        tracing::warn!(instance, what = found.what, "store and hypervisor disagree");
    }
}

/// The instances that are being reconciled: each once, and once more if something happened since
/// that began.
#[derive(Clone, Default)]
struct Pending(Arc<Mutex<HashMap<InstanceId, bool>>>);

impl Pending {
    /// True if it has to begin; one that is under way will be followed by another.
    fn begin(&self, instance: &InstanceId) -> bool {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pending.insert(instance.clone(), true).is_none()
    }

    /// True if another has to follow, which then is the one under way.
    fn goes_on(&self, instance: &InstanceId) -> bool {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match pending.get_mut(instance) {
            Some(again) if *again => {
                *again = false;
                true
            }
            Some(_) | None => {
                pending.remove(instance);
                false
            }
        }
    }
}
