//! The whole state: reset, export, import.

use axum::extract::State;
use bytes::Bytes;
use serde_json::json;

use super::{Answer, Desk, Problem, Told};
use crate::store::{Books, Snapshot, SnapshotFault};

/// Forgets everything but the keys.
pub async fn reset(State(desk): State<Desk>) -> Answer {
    desk.gateway.services.store.write(|books| books.wipe()).await?;
    forget(&desk);
    Ok(Told(json!({ "reset": true })))
}

fn forget(desk: &Desk) {
    desk.gateway.services.runner.forget_all();
    desk.gateway.faults.clear();
    desk.gateway.services.clock.reset();
    desk.simulated.clear();
}

/// Everything but keys, tokens and the record of calls.
pub async fn export(State(desk): State<Desk>) -> Answer {
    let snapshot = desk.gateway.services.store.read(|books| books.snapshot())??;
    Ok(Told(serde_json::to_value(snapshot).expect("the state is plain data")))
}

/// Puts an export in the place of everything but the keys.
pub async fn import(State(desk): State<Desk>, body: Bytes) -> Answer {
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
    let now = services.clock.now();
    for row in snapshot.operations.iter_mut().filter(|row| row.deadline_at <= now) {
        // Its time ran out while it lay in a file: it has it anew.
        row.deadline_at = now.plus_ms(row.deadline_at.since_ms(row.created_at));
    }
    let replace = move |books: &mut dyn Books| {
        books.wipe()?;
        books.load_snapshot(&snapshot)
    };
    services.runner.forget_all();
    services.store.write(replace).await?;
    desk.simulated.clear();
    crate::operations::reconcile(&services.store, desk.simulated.as_ref(), now).await?;
    services.runner.claim().await?;
    Ok(Told(json!({ "imported": counts })))
}
