//! The whole state: reset, export, import.

use axum::extract::State;
use bytes::Bytes;
use serde_json::json;

use super::{AdminError, AdminState, Answer, Json};
use crate::actions::OPERATIONS;
use crate::operations::{SERVER, UnknownInstances, reconcile};
use crate::service::Services;
use crate::store::{OperationRow, Snapshot, SnapshotFault, WriteTx};

/// Forgets everything but the keys.
pub async fn reset(State(state): State<AdminState>) -> Answer {
    state.simulated()?;
    let forgets = state.clone();
    state.gateway.services.store.write_then(|tx| tx.wipe(), move |()| forget(&forgets)).await?;
    state.gateway.faults.clear();
    state.gateway.services.clock.reset();
    Ok(Json(json!({ "reset": true })))
}

/// What was under way belongs to store that are no more. Called right after the commit, before
/// any other write can start something new.
fn forget(state: &AdminState) {
    state.gateway.services.runner.forget_all();
    if let Some(simulated) = &state.simulated {
        simulated.clear();
    }
}

/// Everything but keys, tokens and the record of calls.
pub async fn export(State(state): State<AdminState>) -> Answer {
    let snapshot = state.gateway.services.store.read(|tx| tx.snapshot())??;
    Ok(Json(serde_json::to_value(snapshot).expect("the state is plain data")))
}

/// Puts an export in the place of everything but the keys.
pub async fn import(State(state): State<AdminState>, body: Bytes) -> Answer {
    let simulated = state.simulated()?;
    let hint = "Send what an export gave.";
    let mut snapshot: Snapshot =
        serde_json::from_slice(&body).map_err(|error| AdminError::bad(error, hint))?;
    snapshot.check().map_err(|SnapshotFault(fault)| AdminError::bad(fault, hint))?;
    let counts = json!({
        "disks": snapshot.disks.len(),
        "instances": snapshot.instances.len(),
        "operations": snapshot.operations.len(),
    });
    let services = &state.gateway.services;
    for row in &mut snapshot.operations {
        enqueue(row, services).map_err(|fault| AdminError::bad(fault, hint))?;
    }
    let replace = move |tx: &mut dyn WriteTx| {
        tx.wipe()?;
        tx.load_snapshot(&snapshot)
    };
    let forgets = state.clone();
    services.store.write_then(replace, move |()| forget(&forgets)).await?;
    let now = services.clock.now();
    reconcile(&services.store, simulated, UnknownInstances::TakeIn, now).await?;
    services.runner.claim().await?;
    Ok(Json(json!({ "imported": counts })))
}

/// An operation of an export goes on here: under a number of its own, so that nothing that is
/// still in hand can end it, and in our lease.
fn enqueue(row: &mut OperationRow, services: &Services) -> Result<(), String> {
    let kind = OPERATIONS.iter().find(|kind| kind.name == row.kind);
    let kind = kind.ok_or_else(|| format!("there is no operation {:?}", row.kind))?;
    (kind.restore)(&row.state).map_err(|fault| format!("operation {}: {fault}", row.id.0))?;
    let now = services.clock.now();
    row.id = services.environment.ids.operation(now);
    SERVER.clone_into(&mut row.lease_owner);
    if row.deadline_at <= now {
        // Its time ran out while it lay in a file: it has it anew.
        row.deadline_at = now.plus_ms(row.deadline_at.since_ms(row.created_at));
    }
    Ok(())
}
