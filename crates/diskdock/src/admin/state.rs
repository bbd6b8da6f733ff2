//! The whole state: reset, export, import.

use axum::extract::State;
use bytes::Bytes;
use serde_json::json;

use super::{Answer, Desk, Problem, Told};
use crate::actions::OPERATIONS;
use crate::actions::dispatch::Services;
use crate::operations::{SERVER, Strangers, reconcile};
use crate::store::{Books, OperationRow, Snapshot, SnapshotFault};

/// Forgets everything but the keys.
pub async fn reset(State(desk): State<Desk>) -> Answer {
    desk.simulated()?;
    let forgets = desk.clone();
    desk.gateway
        .services
        .store
        .write_then(|books| books.wipe(), move |()| forget(&forgets))
        .await?;
    desk.gateway.faults.clear();
    desk.gateway.services.clock.reset();
    Ok(Told(json!({ "reset": true })))
}

/// What was under way belongs to books that are no more. Called right after the commit, before
/// any other write can start something new.
fn forget(desk: &Desk) {
    desk.gateway.services.runner.forget_all();
    if let Some(simulated) = &desk.simulated {
        simulated.clear();
    }
}

/// Everything but keys, tokens and the record of calls.
pub async fn export(State(desk): State<Desk>) -> Answer {
    let snapshot = desk.gateway.services.store.read(|books| books.snapshot())??;
    Ok(Told(serde_json::to_value(snapshot).expect("the state is plain data")))
}

/// Puts an export in the place of everything but the keys.
pub async fn import(State(desk): State<Desk>, body: Bytes) -> Answer {
    let simulated = desk.simulated()?;
    let hint = "Send what an export gave.";
    let mut snapshot: Snapshot =
        serde_json::from_slice(&body).map_err(|error| Problem::bad(error, hint))?;
    snapshot.check().map_err(|SnapshotFault(fault)| Problem::bad(fault, hint))?;
    let counts = json!({
        "disks": snapshot.disks.len(),
        "instances": snapshot.instances.len(),
        "operations": snapshot.operations.len(),
    });
    let services = &desk.gateway.services;
    for row in &mut snapshot.operations {
        take_in(row, services).map_err(|fault| Problem::bad(fault, hint))?;
    }
    let replace = move |books: &mut dyn Books| {
        books.wipe()?;
        books.load_snapshot(&snapshot)
    };
    let forgets = desk.clone();
    services.store.write_then(replace, move |()| forget(&forgets)).await?;
    let now = services.clock.now();
    reconcile(&services.store, simulated, Strangers::TakeIn, now).await?;
    services.runner.claim().await?;
    Ok(Told(json!({ "imported": counts })))
}

/// An operation of an export goes on here: under a number of its own, so that nothing that is
/// still in hand can end it, and in our lease.
fn take_in(row: &mut OperationRow, services: &Services) -> Result<(), String> {
    let kind = OPERATIONS.iter().find(|kind| kind.name == row.kind);
    let kind = kind.ok_or_else(|| format!("there is no operation {:?}", row.kind))?;
    (kind.restore)(&row.state).map_err(|fault| format!("operation {}: {fault}", row.id.0))?;
    let now = services.clock.now();
    row.id = services.world.ids.operation(now);
    SERVER.clone_into(&mut row.lease_owner);
    if row.deadline_at <= now {
        // Its time ran out while it lay in a file: it has it anew.
        row.deadline_at = now.plus_ms(row.deadline_at.since_ms(row.created_at));
    }
    Ok(())
}
