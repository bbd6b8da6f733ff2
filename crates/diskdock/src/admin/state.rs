//! The whole state: reset, export, import.

use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::Limited;
use serde_json::{Value, json};
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};

use super::{AdminError, AdminState, ControlResult, Json};
use crate::actions::OPERATIONS;
use crate::operations::{MissingInHypervisor, reconcile};
use crate::service::Services;
use crate::store::{Export, ExportError, OperationRow, WriteTx};

/// The largest state that can be imported, in bytes.
const STATE: usize = 4 * 1024 * 1024 * 1024;
/// Bytes on their way between the thread that reads or writes the state and the connection.
const PIPE: usize = 64 * 1024;

/// Forgets everything but the keys.
pub(crate) async fn reset(State(state): State<AdminState>) -> ControlResult {
    state.simulated()?;
    let elsewhere = state.clone();
    state
        .gateway
        .services
        .store
        .write_then(|tx| tx.wipe(), move |()| drop_in_flight(&elsewhere))
        .await?;
    state.gateway.faults.clear();
    state.gateway.services.clock.reset();
    Ok(Json(json!({ "reset": true })))
}

/// Drops operations and transitions of the state that was replaced. Called right after the commit,
/// before any other write can start something new.
fn drop_in_flight(state: &AdminState) {
    state.gateway.services.runner.drop_in_flight();
    if let Some(simulated) = &state.simulated {
        simulated.clear();
    }
}

/// The whole store but keys, tokens and the record of calls, written while it is sent.
pub(crate) async fn export(State(state): State<AdminState>) -> Result<Response, AdminError> {
    let place = state.transfer_place()?;
    let store = &state.gateway.services.store;
    let snapshot = store.read(|tx| tx.export()).await?;
    let (reading, writing) = tokio::io::duplex(PIPE);
    let writing = SyncIoBridge::new(writing);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut writing = BufWriter::with_capacity(PIPE, writing);
        let written = serde_json::to_writer(&mut writing, &snapshot).map_err(io::Error::from);
        if let Err(error) = written.and_then(|()| writing.flush()) {
            // The reply ends before its time, which no client takes for a whole export.
            tracing::info!(%error, "the client closed an export early");
        }
    });
    let body = Body::from_stream(ReaderStream::with_capacity(reading, PIPE));
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// Puts an export in the place of everything but the keys. It is read as it comes.
pub(crate) async fn import(State(state): State<AdminState>, body: Body) -> ControlResult {
    state.simulated()?;
    let _place = state.transfer_place()?;
    let snapshot = read_export(body).await?;
    Ok(Json(json!({ "imported": replace(&state, snapshot).await? })))
}

/// Puts a snapshot in the place of everything but the keys. Gives how many there are of each kind.
async fn replace(state: &AdminState, mut snapshot: Export) -> Result<Value, AdminError> {
    let simulated = state.simulated()?;
    let hint = "Send what an export gave.";
    snapshot.check().map_err(|ExportError(fault)| AdminError::bad(fault, hint))?;
    let operations = [("operations", snapshot.operations.len())];
    let counts = snapshot.counts().chain(operations);
    let counts: Value = counts.map(|(what, many)| (what.to_owned(), json!(many))).collect();
    let services = &state.gateway.services;
    for row in &mut snapshot.operations {
        restore_operation(row, services).map_err(|fault| AdminError::bad(fault, hint))?;
    }
    let replace = move |tx: &mut dyn WriteTx| {
        tx.wipe()?;
        tx.load_export(&snapshot)
    };
    let elsewhere = state.clone();
    services.store.write_then(replace, move |()| drop_in_flight(&elsewhere)).await?;
    let now = services.clock.now();
    reconcile(&services.store, simulated, MissingInHypervisor::Adopt, now).await?;
    services.runner.recover().await?;
    Ok(counts)
}

/// Fills a server that was not used yet from the file of an export. False, and nothing is changed,
/// if it has resources already.
pub(super) async fn fill(state: &AdminState, file: Option<&Path>) -> Result<bool, AdminError> {
    let before = state.gateway.services.store.read(|tx| tx.export()).await?;
    if before.counts().any(|(_, many)| many > 0) {
        return Ok(false);
    }
    let Some(file) = file else { return Ok(true) };
    let hint = "Name a file that `diskdock admin export` has written.";
    let cannot = |error: &dyn std::fmt::Display| {
        AdminError::bad(format!("cannot read {}: {error}", file.display()), hint)
    };
    let file = std::fs::File::open(file).map_err(|error| cannot(&error))?;
    let read = on_a_thread(move || serde_json::from_reader(BufReader::new(file))).await?;
    replace(state, read.map_err(|error: serde_json::Error| cannot(&error))?).await?;
    Ok(true)
}

/// Reads an export on a thread of its own, up to the bound.
async fn read_export(body: Body) -> Result<Export, AdminError> {
    let body = Body::new(Limited::new(body, STATE)).into_data_stream();
    let reading = StreamReader::new(body.map_err(io::Error::other));
    let reading = SyncIoBridge::new(reading);
    let read =
        on_a_thread(move || serde_json::from_reader(BufReader::with_capacity(PIPE, reading)));
    read.await?.map_err(|error: serde_json::Error| {
        let hint = "Send what an export gave.";
        let too_large = error.is_io() && error.to_string().contains("length limit exceeded");
        let status =
            if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        AdminError { status, ..AdminError::bad(error, hint) }
    })
}

/// Does what may wait on a thread that may.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AdminError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a control failed");
        AdminError::bad("the control failed", "See the server's log.")
    })
}

/// An operation of an export goes on here: under a number of its own, so that nothing that is
/// still in flight can end it, and in our lease.
fn restore_operation(row: &mut OperationRow, services: &Services) -> Result<(), String> {
    let kind = OPERATIONS.iter().find(|kind| kind.name == row.kind);
    let kind = kind.ok_or_else(|| format!("there is no operation {:?}", row.kind))?;
    (kind.restore)(&row.state).map_err(|fault| format!("operation {}: {fault}", row.id.0))?;
    let now = services.clock.now();
    row.id = services.environment.ids.operation(now);
    services.store.server().clone_into(&mut row.lease_owner);
    row.time_used.until = services.clock.uptime();
    Ok(())
}
