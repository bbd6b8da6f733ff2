//! Read-only controls: health, metrics, operations, differences, calls.

use std::collections::{HashMap, HashSet};

use axum::Extension;
use axum::extract::{Query, State};
use domain::{DiskId, InstanceId};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminError, AdminState, ControlResult, Initialized, Json};
use crate::catalog::times::with_seconds;
use crate::gateway::metrics::HypervisorCounts;
use crate::operations::Selection;
use crate::service::Services;
use crate::store::{OperationRow, StoreError};

/// Calls that are shown.
const CALLS: usize = 1_000;

/// The process runs: what a supervisor restarts it by. Says nothing of the store or the machines.
pub(crate) async fn live() -> Json {
    Json(json!({ "status": "ok" }))
}

/// Whether the server takes calls, and what it is.
pub(crate) async fn health(State(state): State<AdminState>) -> ControlResult {
    let services = &state.gateway.services;
    if !services.runner.is_ready() {
        let hint = "Try again in a moment.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let error = "the server is starting: it is still looking for its machines";
        return Err(AdminError { status, ..AdminError::bad(error, hint) });
    }
    if let Some(cause) = services.store.stopped() {
        let hint = "Look at the disk and the server's log, then start the server again.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let error = format!("the store takes no more writes: {cause}");
        return Err(AdminError { status, ..AdminError::bad(error, hint) });
    }
    services.store.read(|tx| tx.access_keys().map(drop)).await?;
    Ok(Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "operations_in_flight": services.runner.in_flight(),
    })))
}

/// Whether the server takes calls and has what it is to begin with.
pub(crate) async fn ready(
    Extension(initialized): Extension<Initialized>,
    state: State<AdminState>,
) -> ControlResult {
    let well = health(state).await?;
    if initialized.is_set() {
        return Ok(well);
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let error = "the programs of --init still run";
    Err(AdminError { status, ..AdminError::bad(error, "Try again in a moment.") })
}

/// Metrics.
pub(crate) async fn metrics(
    State(state): State<AdminState>,
) -> ([(http::HeaderName, &'static str); 1], String) {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let hypervisor = state.hypervisor.as_ref();
    let counts = HypervisorCounts {
        damaged_disks: hypervisor.damaged().await.ok().map(|damaged| damaged.len()),
        paused_machines: hypervisor.paused().len(),
        plugged_again: hypervisor.plugged_again(),
    };
    let text = state.gateway.metrics.text(&state.gateway.services, &counts);
    ([(CONTENT_TYPE, kind)], text)
}

/// A filter of operations.
#[derive(Debug, Deserialize)]
pub(crate) struct OperationFilter {
    disk: Option<String>,
    instance: Option<String>,
}

impl OperationFilter {
    fn selection(&self) -> Selection {
        Selection {
            disk: self.disk.as_deref().map(DiskId::from),
            instance: self.instance.as_deref().map(InstanceId::from),
        }
    }
}

/// Operations in flight, with what they wait for; and those given up lately, with the reason.
pub(crate) async fn operations(
    State(state): State<AdminState>,
    Query(wanted): Query<OperationFilter>,
) -> ControlResult {
    let services = &state.gateway.services;
    let selection = wanted.selection();
    // Those that make the disk, too, as the other controls select them.
    let in_flight: HashSet<_> =
        services.runner.select(&selection).into_iter().map(|one| one.id).collect();
    let is_wanted = |row: &OperationRow| {
        in_flight.contains(&row.id)
            || selection.includes(row.instance.as_ref(), row.disk.as_ref(), &[])
    };
    let shown = operations_of(services, is_wanted).await?;
    let now = with_seconds(services.clock.now());
    Ok(Json(json!({ "now": now, "operations": shown })))
}

/// The operations that are wanted, as people see them: those in flight, then those given up.
pub(super) async fn operations_of(
    services: &Services,
    wanted: impl Fn(&OperationRow) -> bool,
) -> Result<Vec<Value>, StoreError> {
    let (saved, given_up) = services
        .store
        .read(|tx| Ok::<_, StoreError>((tx.operations()?, tx.failed_operations()?)))
        .await?;
    let waiting = services.runner.in_flight_rows().into_iter();
    let mut in_flight: HashMap<_, _> = waiting.map(|row| (row.id, row)).collect();
    let present = |row: OperationRow| in_flight.remove(&row.id).unwrap_or(row);
    let saved = saved.into_iter().map(present).map(|row| (row, false));
    let all = saved.chain(given_up.into_iter().map(|row| (row, true)));
    let wanted = all.filter(|(row, _)| wanted(row));
    Ok(wanted.map(|(row, given_up)| shown(services, &row, given_up)).collect())
}

fn shown(services: &Services, row: &OperationRow, given_up: bool) -> Value {
    let now = services.clock.now();
    let left = services.runner.time_left(row.id).filter(|_| !given_up);
    let next_at = left.map(|left| with_seconds(now.plus_ms(left.next_in_ms)));
    let deadline_at = left.map(|left| match left.gives_up_in_ms {
        Some(left_ms) => with_seconds(now.plus_ms(left_ms)),
        None => "stands still".to_owned(),
    });
    json!({
        "id": row.id,
        "kind": row.kind,
        "account": row.account,
        "disk": row.disk,
        "instance": row.instance,
        "phase": row.phase,
        "tries": row.tries,
        "last_event": row.last_event,
        "created_at": with_seconds(row.created_at),
        "next_at": next_at,
        "deadline_at": deadline_at,
        "given_up": given_up,
    })
}

/// Where store and hypervisor disagree.
pub(crate) async fn differences(State(state): State<AdminState>) -> ControlResult {
    Ok(Json(json!({ "differences": state.differences().await? })))
}

/// The latest writes.
pub(crate) async fn calls(State(state): State<AdminState>) -> ControlResult {
    let found = state.gateway.services.store.read(|tx| tx.calls(CALLS)).await?;
    Ok(Json(json!({ "calls": found })))
}
