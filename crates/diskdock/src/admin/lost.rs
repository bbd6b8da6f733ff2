//! Machines that cannot be reached: lost and found where they are simulated, and fenced.

use std::time::Duration;

use axum::extract::{Path, State};
use domain::InstanceId;
use serde_json::json;

use super::disks::or_refusal;
use super::pause::find as find_instance;
use super::{AdminError, AdminState, ControlResult, Json};
use crate::hypervisor::Progress;
use crate::operations::{Selection, reconcile_one};

/// Looks at a machine that is being fenced, at most, and the longest wait between two.
const LOOKS: usize = 100;
const LONGEST_WAIT: Duration = Duration::from_millis(200);
const HINT: &str = "End its QEMU on the host, then try again.";

/// A machine cannot be reached any more.
pub(crate) async fn lose(State(state): State<AdminState>, Path(id): Path<String>) -> ControlResult {
    set_lost(&state, &id, true)
}

/// A lost machine can be reached again.
pub(crate) async fn find(State(state): State<AdminState>, Path(id): Path<String>) -> ControlResult {
    set_lost(&state, &id, false)
}

fn set_lost(state: &AdminState, id: &str, lost: bool) -> ControlResult {
    let instance = InstanceId::from(id);
    if !state.simulated()?.set_lost(&instance, lost) {
        return Err(AdminError::not_found(format!("no instance {id} is on"), "Start it first."));
    }
    look_again(state, instance);
    Ok(Json(json!({ "instance": id, "lost": lost })))
}

/// Makes sure that the guest of an instance writes no more; the instance is Stopped then.
pub(crate) async fn fence(
    State(state): State<AdminState>,
    Path(id): Path<String>,
) -> ControlResult {
    let instance = find_instance(&state, &id).await?;
    let services = &state.gateway.services;
    let driver = state.hypervisor.as_ref();
    let mut progress = driver.fence(&instance, services.clock.uptime()).await?;
    for _ in 1..LOOKS {
        let Progress::RetryAfter { after_ms, .. } = &progress else { break };
        let wait = Duration::from_millis(after_ms.unsigned_abs()).min(LONGEST_WAIT);
        tokio::time::sleep(wait).await;
        progress = driver.fence(&instance, services.clock.uptime()).await?;
    }
    or_refusal(progress, &instance, HINT)?;
    tracing::info!(%instance, "fenced by an operator");
    let now = services.clock.now();
    let found = reconcile_one(&services.store, driver, &instance, now).await?;
    look_again(&state, instance);
    Ok(Json(json!({ "instance": id, "fenced": true, "differences": found })))
}

/// Operations of the instance are looked at once more.
fn look_again(state: &AdminState, instance: InstanceId) {
    let selection = Selection { instance: Some(instance), disk: None };
    state.gateway.services.runner.wake(&selection);
}
