//! Damaged disks: list, accept, restore.

use axum::extract::{Path, State};
use domain::{DiskId, InstanceId};
use http::StatusCode;
use serde_json::{Value, json};

use super::{AdminError, AdminState, ControlResult, Json};
use crate::hypervisor::{Progress, TransientError};
use crate::operations::{Selection, mark_disk};

/// The disks to which acknowledged writes may be lost, and why.
pub(crate) async fn damaged(State(state): State<AdminState>) -> ControlResult {
    let damaged = state.hypervisor.damaged().await?;
    let damaged: Vec<Value> =
        damaged.into_iter().map(|(disk, why)| json!({ "disk": disk, "why": why })).collect();
    Ok(Json(json!({ "damaged": damaged })))
}

/// Accepts the bytes of a disk as they are.
pub(crate) async fn accept(
    State(state): State<AdminState>,
    Path(id): Path<String>,
) -> ControlResult {
    let (disk, on) = find(&state, &id).await?;
    let progress = state.hypervisor.accept(&disk, &on).await?;
    decided(&state, &disk, progress).await
}

/// Restores a disk from the file that only its virtual machine still has open.
pub(crate) async fn restore(
    State(state): State<AdminState>,
    Path(id): Path<String>,
) -> ControlResult {
    let (disk, on) = find(&state, &id).await?;
    let progress = state.hypervisor.restore(&disk, &on).await?;
    decided(&state, &disk, progress).await
}

/// A disk and the instances that have it.
async fn find(state: &AdminState, id: &str) -> Result<(DiskId, Vec<InstanceId>), AdminError> {
    let id = DiskId::from(id);
    let wanted = id.clone();
    let found = state.gateway.services.store.read(move |tx| tx.disk(&wanted)).await?;
    let disk = found.ok_or_else(|| {
        AdminError::not_found(format!("there is no disk {id}"), "Check the id with DescribeDisks.")
    })?;
    let on = disk.attachments.into_iter().map(|at| at.instance).collect();
    Ok((id, on))
}

/// Writes the decision about a disk into the store before the answer, also one of before that
/// did not get that far.
async fn decided(state: &AdminState, disk: &DiskId, progress: Progress) -> ControlResult {
    let services = &state.gateway.services;
    let (hypervisor, now) = (state.hypervisor.as_ref(), services.clock.now());
    mark_disk(&services.store, hypervisor, disk, now).await??;
    let hint = "See \"Disks whose bytes are not as they should be\" in docs/hosts.md.";
    or_refusal(progress, disk, hint)?;
    let selection = Selection { disk: Some(disk.clone()), instance: None };
    services.runner.wake(&selection);
    Ok(Json(json!({ "disk": disk })))
}

/// A refusal of the driver is an error, with its reason.
pub(super) fn or_refusal(
    progress: Progress,
    subject: &impl std::fmt::Display,
    hint: &str,
) -> Result<(), AdminError> {
    match progress {
        Progress::Done => Ok(()),
        Progress::Failed(reason)
        | Progress::RetryAfter { because: reason, .. }
        | Progress::Suspended { because: reason, .. } => {
            let error = format!("{subject}: {reason}");
            Err(AdminError { status: StatusCode::CONFLICT, ..AdminError::bad(error, hint) })
        }
    }
}

impl From<TransientError> for AdminError {
    fn from(error: TransientError) -> AdminError {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        AdminError { status, ..AdminError::bad(error, "Try again; look into the server's log.") }
    }
}
