//! The hosts: what they have and what is used of it, whether they are heard of; and the word of an
//! operator on them.

use axum::extract::{Path, State};
use domain::host::{HostAdmission, HostStorage};
use domain::{Host, HostState};
use serde_json::{Value, json};

use super::{AdminError, AdminState, ControlResult, Json};
use crate::assembly::fence::hand_discards_over;
use crate::service::placement::used;
use crate::store::{HostRecord, WriteTx};

/// All hosts, by name.
pub(crate) async fn list(State(state): State<AdminState>) -> ControlResult {
    let found = state.gateway.services.store.read(|tx| tx.hosts()).await?;
    let hosts: Vec<_> = found.iter().map(|one| shown(&state, one)).collect();
    Ok(Json(json!({ "hosts": hosts })))
}

fn shown(state: &AdminState, found: &HostRecord) -> Value {
    let HostRecord { host, heard_ms_ago, placed } = found;
    let inventory = &state.gateway.services.environment.current().inventory;
    let instances: u64 = placed.iter().map(|(_, many)| many).sum();
    json!({
        "name": host.name,
        "zone": host.zone,
        "state": host.state(*heard_ms_ago).as_str(),
        "admission": host.admission.as_str(),
        "heard_ms_ago": heard_ms_ago,
        "instances": instances,
        "capacity": host.capacity,
        "allowed": host.allowed(),
        "used": used(inventory, placed),
        "storage": host.storage.as_str(),
        "pool": host.pool,
        "hypervisor": host.hypervisor.as_str(),
        "images": host.images.iter().map(|image| &image.id).collect::<Vec<_>>(),
        "epoch": host.epoch,
        "boot_id": host.boot_id,
        "version": host.version,
    })
}

/// A host gets nothing new, or does again.
pub(crate) async fn admit(
    State(state): State<AdminState>,
    Path((name, verb)): Path<(String, String)>,
) -> ControlResult {
    let admission = match verb.as_str() {
        "drain" => HostAdmission::Drained,
        "undrain" => HostAdmission::Open,
        "fence" => return Err(cannot_be_fenced(&state, &name).await?),
        other => {
            let error = format!("{other} is nothing that can be done with a host");
            return Err(AdminError::not_found(error, "Use drain or undrain."));
        }
    };
    let wanted = name.clone();
    let write = move |tx: &mut dyn WriteTx| {
        let Some(found) = tx.host(&wanted)? else { return Ok(None) };
        let mut found = found;
        if !found.host.is_fenced() {
            found.host.admission = admission;
            tx.save_host(&found.host)?;
        }
        Ok(Some(found))
    };
    let found = state.gateway.services.store.write(write).await?;
    let found = found.ok_or_else(|| unknown(&name))?;
    if found.host.is_fenced() {
        let hint = "It can register again with a new boot, and a new key of the storage.";
        return Err(AdminError::conflict(format!("{name} is fenced"), hint));
    }
    tracing::info!(host = name, admission = admission.as_str(), "an operator has spoken");
    Ok(Json(shown(&state, &found)))
}

/// Forgets a host that has no instances and is not heard of.
pub(crate) async fn remove(
    State(state): State<AdminState>,
    Path(name): Path<String>,
) -> ControlResult {
    let wanted = name.clone();
    let write = move |tx: &mut dyn WriteTx| {
        let Some(found) = tx.host(&wanted)? else { return Ok(None) };
        let why = obstacle(&found);
        if why.is_none() {
            hand_discards_over(tx, &found.host)?;
            tx.remove_host(&wanted)?;
        }
        Ok(Some(why))
    };
    let ended = state.gateway.services.store.write(write).await?;
    match ended {
        None => Err(unknown(&name)),
        Some(Some((why, hint))) => Err(AdminError::conflict(format!("{name} {why}"), hint)),
        Some(None) => {
            tracing::info!(host = name, "forgotten on an operator's word");
            Ok(Json(json!({ "name": name, "removed": true })))
        }
    }
}

/// Why a host cannot be forgotten, and the remedy.
fn obstacle(found: &HostRecord) -> Option<(&'static str, &'static str)> {
    if !found.placed.is_empty() {
        return Some(("has instances", "Release them first; disks stay in its directory."));
    }
    match Host::state(&found.host, found.heard_ms_ago) {
        HostState::Silent | HostState::Fenced => None,
        HostState::Fencing => {
            Some(("is being fenced", "Repeat `diskdock hosts fence` until it has ended."))
        }
        HostState::Up | HostState::Drained => {
            Some(("is still heard of", "Stop its `diskdock host` and wait half a minute."))
        }
    }
}

/// A server fences no host: it has no key of the storage, and a directory refuses nothing.
async fn cannot_be_fenced(state: &AdminState, name: &str) -> Result<AdminError, AdminError> {
    let wanted = name.to_owned();
    let found = state.gateway.services.store.read(move |tx| tx.host(&wanted)).await?;
    let found = found.ok_or_else(|| unknown(name))?;
    Ok(match found.host.storage {
        HostStorage::Directory => {
            let error = format!(
                "{name} keeps its disks in a directory: nothing can keep its guests from writing \
                 to them"
            );
            let hint = "Turn the computer off by hand. Its disks stay where they are.";
            AdminError::conflict(error, hint)
        }
        HostStorage::Rbd => {
            let error = format!("a server has no key of Ceph with which it could fence {name}");
            let hint = "Run `diskdock hosts fence` with --store and --storage; see docs/scale.md.";
            AdminError::conflict(error, hint)
        }
    })
}

fn unknown(name: &str) -> AdminError {
    AdminError::not_found(format!("there is no host {name}"), "`diskdock hosts` lists them.")
}
