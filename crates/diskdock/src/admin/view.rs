//! What there is to see: health, metrics, operations, differences, calls.

use std::collections::HashMap;

use axum::extract::{Query, State};
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminState, Answer, Json};
use crate::catalog::times::with_seconds;
use crate::service::Services;
use crate::store::{OperationRow, StoreError};

/// Calls that are shown.
const CALLS: usize = 1_000;

/// Whether the server answers, and what it is.
pub async fn health(State(state): State<AdminState>) -> Answer {
    let services = &state.gateway.services;
    services.store.read(|tx| tx.access_keys().map(drop))??;
    Ok(Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "operations_in_flight": services.runner.in_flight(),
    })))
}

/// Numbers worth watching.
pub async fn metrics(
    State(state): State<AdminState>,
) -> ([(http::HeaderName, &'static str); 1], String) {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let damaged = state.hypervisor.damaged().await.map(|damaged| damaged.len());
    let text = state.gateway.metrics.text(&state.gateway.services, damaged.ok());
    ([(CONTENT_TYPE, kind)], text)
}

/// Which operations are wanted.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    disk: Option<String>,
    instance: Option<String>,
}

impl Wanted {
    fn matches(&self, row: &OperationRow) -> bool {
        let is = |wanted: &Option<String>, has: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| has == Some(wanted))
        };
        is(&self.disk, row.disk.as_ref().map(|id| id.as_str()))
            && is(&self.instance, row.instance.as_ref().map(|id| id.as_str()))
    }
}

/// Operations in flight, with what they wait for; and those given up lately, with the reason.
pub async fn operations(State(state): State<AdminState>, Query(wanted): Query<Wanted>) -> Answer {
    let shown = operations_of(&state.gateway.services, |row| wanted.matches(row))?;
    let now = with_seconds(state.gateway.services.clock.now());
    Ok(Json(json!({ "now": now, "operations": shown })))
}

/// The operations that are wanted, as people see them: those in flight, then those given up.
pub(super) fn operations_of(
    services: &Services,
    wanted: impl Fn(&OperationRow) -> bool,
) -> Result<Vec<Value>, StoreError> {
    let (saved, given_up) = services
        .store
        .read(|tx| Ok::<_, StoreError>((tx.operations()?, tx.abandoned_operations()?)))??;
    let waiting = services.runner.in_flight_rows().into_iter();
    let mut board: HashMap<_, _> = waiting.map(|row| (row.id, row)).collect();
    let present = |row: OperationRow| board.remove(&row.id).unwrap_or(row);
    let in_flight = saved.into_iter().map(present).map(|row| (row, false));
    let all = in_flight.chain(given_up.into_iter().map(|row| (row, true)));
    let wanted = all.filter(|(row, _)| wanted(row));
    Ok(wanted.map(|(row, given_up)| shown(&row, given_up)).collect())
}

fn shown(row: &OperationRow, given_up: bool) -> Value {
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
        "next_at": with_seconds(row.next_at),
        "deadline_at": deadline(row),
        "given_up": given_up,
    })
}

fn deadline(row: &OperationRow) -> String {
    match row.standing_since {
        Some(_) => "stands still".to_owned(),
        None => with_seconds(row.deadline_at),
    }
}

/// Where store and hypervisor disagree.
pub async fn differences(State(state): State<AdminState>) -> Answer {
    Ok(Json(json!({ "differences": state.differences().await? })))
}

/// The latest calls that changed something.
pub async fn calls(State(state): State<AdminState>) -> Answer {
    let found = state.gateway.services.store.read(|tx| tx.calls(CALLS))??;
    Ok(Json(json!({ "calls": found })))
}
