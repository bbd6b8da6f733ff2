//! Instances that are not as their callers may expect: locked, paused, or out of reach.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use domain::{Instance, InstanceId};
use serde_json::{Value, json};

use super::{AdminState, ControlResult, Json};
use crate::hypervisor::Hypervisor;
use crate::store::{EntityReads, ReadTx, StoreError};

/// Instances that are read at once.
const AT_ONCE: u32 = 1_000;
/// Instances that are looked at, at most.
const LOOKED_AT: usize = 20_000;
/// Instances that are shown, at most.
const SHOWN: usize = 200;

/// The machines that stand still or cannot be reached.
pub(super) struct MachineStates {
    paused: HashMap<InstanceId, String>,
    lost: HashSet<InstanceId>,
}

impl MachineStates {
    /// As the driver knows them now.
    pub(super) fn of(hypervisor: &dyn Hypervisor) -> MachineStates {
        MachineStates {
            paused: hypervisor.paused().into_iter().collect(),
            lost: hypervisor.lost().into_iter().collect(),
        }
    }

    /// Why the machine of an instance stands still, if it does.
    pub(super) fn paused(&self, instance: &InstanceId) -> Option<&str> {
        self.paused.get(instance).map(String::as_str)
    }

    /// Whether the machine of an instance cannot be reached.
    pub(super) fn is_lost(&self, instance: &InstanceId) -> bool {
        self.lost.contains(instance)
    }

    /// The marks of an instance, if it has any.
    fn marks(&self, instance: &Instance) -> Option<Value> {
        let Instance { id, locks, .. } = instance;
        let (paused, lost) = (self.paused(id), self.is_lost(id));
        let is_marked = !locks.is_empty() || paused.is_some() || lost;
        is_marked.then(|| json!({ "id": id, "locks": locks, "paused": paused, "lost": lost }))
    }
}

/// Those instances, by id, and whether there may be more than were looked at or are shown.
pub(crate) async fn marked(State(state): State<AdminState>) -> ControlResult {
    let machines = MachineStates::of(state.hypervisor.as_ref());
    let read = move |tx: &dyn ReadTx| find(tx, &machines);
    let (found, more) = state.gateway.services.store.read(read).await?;
    Ok(Json(json!({ "instances": found, "more": more })))
}

fn find(tx: &dyn ReadTx, machines: &MachineStates) -> Result<(Vec<Value>, bool), StoreError> {
    let (mut found, mut after, mut looked_at) = (Vec::new(), None::<InstanceId>, 0);
    loop {
        let page = tx.walk::<Instance>(after.as_ref(), AT_ONCE)?;
        found.extend(page.iter().filter_map(|instance| machines.marks(instance)));
        looked_at += page.len();
        let is_last = page.len() < AT_ONCE as usize;
        if is_last || looked_at >= LOOKED_AT || found.len() > SHOWN {
            let more = !is_last || found.len() > SHOWN;
            found.truncate(SHOWN);
            return Ok((found, more));
        }
        after = page.last().map(|instance| instance.id.clone());
    }
}
