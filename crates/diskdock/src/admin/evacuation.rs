//! The evacuation of a host that is fenced: its instances get other hosts, some at each request.

use axum::extract::{Path, State};
use bytes::Bytes;
use domain::InstanceId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::hosts::unknown;
use super::{AdminError, AdminState, ControlResult, Json};
use crate::catalog::ActionError;
use crate::service::evacuation::{Evacuation, MoveEnd, Obstacle};
use crate::store::StoreError;

/// Instances that are moved at a request, each in a transaction of its own.
const BATCH: u32 = 16;
/// Instances whose moves are foreseen at a request.
const FORESEEN: u32 = 100_000;

/// The request of an operator.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvacuationWanted {
    /// The only host to go to.
    to: Option<String>,
    /// Nothing is moved.
    #[serde(default)]
    dry_run: bool,
    /// The last instance of the request before.
    after: Option<String>,
}

/// Moves the next instances of a host, and says what became of each.
pub(crate) async fn evacuate(
    State(state): State<AdminState>,
    Path(name): Path<String>,
    body: Bytes,
) -> ControlResult {
    let body = if body.is_empty() { &b"{}"[..] } else { &body };
    let wanted: EvacuationWanted = serde_json::from_slice(body)
        .map_err(|error| AdminError::bad(error, "Send {\"to\": \"host-b\"}, or {}."))?;
    let evacuation = Evacuation { from: name.clone(), to: wanted.to };
    let services = &state.gateway.services;
    let (looked, after) = (evacuation.clone(), wanted.after.map(InstanceId::from));
    let most = if wanted.dry_run { FORESEEN } else { BATCH };
    let read = move |tx: &dyn crate::store::ReadTx| -> Result<_, StoreError> {
        let obstacle = looked.obstacle(tx)?;
        Ok((obstacle, tx.instances_on(&looked.from, after.as_ref(), most)?))
    };
    let (obstacle, ids) = services.store.read(read).await?;
    if let Some(obstacle) = obstacle {
        return Err(refusal(obstacle, &evacuation));
    }
    let next = ids.last().filter(|_| ids.len() == most as usize).cloned();
    let moved = if wanted.dry_run {
        let environment = services.environment.current();
        let foresee =
            move |tx: &dyn crate::store::ReadTx| evacuation.foresee(tx, &environment, &ids);
        services.store.read(foresee).await.map_err(broken)?
    } else {
        let mut moved = Vec::new();
        for id in ids {
            match evacuation.move_one(services, &id).await.map_err(broken)? {
                Ok(one) => moved.push((id, one)),
                Err(obstacle) => return Err(refusal(obstacle, &evacuation)),
            }
        }
        moved
    };
    let shown: Vec<_> = moved.iter().filter_map(|(id, one)| shown(id, one)).collect();
    Ok(Json(json!({ "name": name, "instances": shown, "after": next })))
}

fn shown(id: &InstanceId, moved: &MoveEnd) -> Option<Value> {
    match moved {
        MoveEnd::To { host, starts, not_started } => Some(json!({
            "instance": id, "moved": true, "host": host, "starts": starts,
            "not_started": not_started,
        })),
        MoveEnd::Stays(why) => Some(json!({ "instance": id, "moved": false, "why": why })),
        MoveEnd::Gone => None,
    }
}

fn broken(error: ActionError) -> AdminError {
    match error {
        ActionError::Failed(fault) => fault.into(),
        ActionError::Refused(refusal) => AdminError::conflict(refusal.message, "Repeat it."),
        ActionError::Broken(words) => StoreError::Engine(words).into(),
    }
}

fn refusal(obstacle: Obstacle, evacuation: &Evacuation) -> AdminError {
    let name = &evacuation.from;
    match obstacle {
        Obstacle::Unknown => unknown(name),
        Obstacle::Directory => {
            let error = format!(
                "{name} keeps its disks in a directory: no other host has them, and nothing keeps \
                 its guests from writing to them"
            );
            AdminError::conflict(error, "Bring the host back: its instances go on there.")
        }
        Obstacle::NotFenced => {
            let error = format!("{name} is not fenced: its guests may write to their disks");
            AdminError::conflict(error, "Run `diskdock hosts fence` first; see docs/scale.md.")
        }
        Obstacle::Target => {
            let to = evacuation.to.as_deref().unwrap_or_default();
            let error = format!("there is no other host {to}");
            AdminError::bad(error, "`diskdock hosts` lists them.")
        }
    }
}
