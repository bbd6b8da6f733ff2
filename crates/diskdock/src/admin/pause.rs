//! Pauses instances and resumes them.

use axum::extract::{Path, State};
use domain::InstanceId;
use serde_json::json;

use super::controls::no_instance;
use super::disks::or_refusal;
use super::{AdminError, AdminState, ControlResult, Json};
use crate::operations::Selection;

/// The remedy where an instance cannot be paused or resumed.
const HINT: &str = "DescribeInstances shows which are Running, `diskdock admin differences` which \
                    are paused, and why.";

/// Pauses an instance until it is resumed.
pub(crate) async fn pause(
    State(state): State<AdminState>,
    Path(id): Path<String>,
) -> ControlResult {
    let instance = find(&state, &id).await?;
    or_refusal(state.hypervisor.pause(&instance).await?, &instance, HINT)?;
    tracing::info!(%instance, "paused by an operator");
    Ok(answer(&state, instance, true))
}

/// Resumes a paused instance.
pub(crate) async fn resume(
    State(state): State<AdminState>,
    Path(id): Path<String>,
) -> ControlResult {
    let instance = find(&state, &id).await?;
    or_refusal(state.hypervisor.resume(&instance).await?, &instance, HINT)?;
    tracing::info!(%instance, "resumed by an operator");
    Ok(answer(&state, instance, false))
}

/// The id of an instance that is there.
pub(super) async fn find(state: &AdminState, id: &str) -> Result<InstanceId, AdminError> {
    let wanted = InstanceId::from(id);
    let found = state.gateway.services.store.read(move |tx| tx.instance(&wanted)).await?;
    found.map(|instance| instance.id).ok_or_else(|| no_instance(id))
}

/// Operations of the instance are looked at once more: a detach may wait for it.
fn answer(state: &AdminState, instance: InstanceId, paused: bool) -> Json {
    let reply = json!({ "instance": instance, "paused": paused });
    state.gateway.services.runner.wake(&Selection { instance: Some(instance), disk: None });
    Json(reply)
}
