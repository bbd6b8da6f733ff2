//! The hosts: what they have and what is used of it, whether they are heard of; and the word of an
//! operator on them.

use axum::extract::{Path, State};
use domain::host::{HostAdmission, HostStorage};
use domain::{Host, HostState, OperationId};
use serde_json::{Value, json};

use super::{AdminError, AdminState, ControlResult, Json};
use crate::service::placement::used;
use crate::store::{HostRecord, OperationRow, WriteTx, owner_of_host};

/// Before the first operation.
const FIRST: OperationId = OperationId(i64::MIN);
/// Operations that are counted where a host has some left.
const LISTED: u32 = 1_000;
/// Operations that are named of these.
const NAMED: usize = 3;

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
        let mut why = obstacle(&found);
        if why.is_none() {
            let owner = owner_of_host(&wanted);
            why = work_left(&found.host, &tx.operations_of(&owner, FIRST, LISTED)?);
        }
        if why.is_none() {
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
fn obstacle(found: &HostRecord) -> Option<(String, &'static str)> {
    let (why, hint) = if found.placed.is_empty() {
        match Host::state(&found.host, found.heard_ms_ago) {
            HostState::Silent | HostState::Fenced => return None,
            HostState::Fencing => {
                ("is being fenced", "Repeat `diskdock hosts fence` until it has ended.")
            }
            HostState::Up | HostState::Drained => {
                ("is still heard of", "Stop its `diskdock host` and wait half a minute.")
            }
        }
    } else {
        ("has instances", "Release them first; disks stay in its directory.")
    };
    Some((why.to_owned(), hint))
}

/// Why a host cannot be forgotten before the operations have ended that wait for it, which only it
/// carries out, and the remedy.
fn work_left(host: &Host, left: &[OperationRow]) -> Option<(String, &'static str)> {
    if left.is_empty() {
        return None;
    }
    let named = left.iter().take(NAMED).map(|one| match (&one.disk, &one.instance) {
        (Some(disk), _) => format!("{} of {disk}", one.kind),
        (None, Some(instance)) => format!("{} of {instance}", one.kind),
        (None, None) => one.kind.clone(),
    });
    let many = match left.len() as u32 {
        LISTED => format!("{LISTED} or more"),
        few => few.to_string(),
    };
    let more = if left.len() > NAMED { " and others" } else { "" };
    let named = named.collect::<Vec<_>>().join(", ");
    let why = format!("has {many} operations left: {named}{more}");
    let hint = match (host.is_fenced(), &host.storage) {
        (true, _) => "Run `diskdock hosts fence` again: its process ends them.",
        (false, HostStorage::Rbd) => {
            "Start the host again, or fence it with `diskdock hosts fence`: then they end."
        }
        (false, HostStorage::Directory) => "Start the host again: it ends them.",
    };
    Some((why, hint))
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

pub(super) fn unknown(name: &str) -> AdminError {
    AdminError::not_found(format!("there is no host {name}"), "`diskdock hosts` lists them.")
}
