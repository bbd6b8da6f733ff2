//! Worlds: list, create, delete; and the controls of one, below its name.

use std::convert::Infallible;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{StatusCode, Uri};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminError, AdminState, ControlResult, Json, controls, not_here, view};
use crate::assembly::worlds::{World, WorldFault, WorldOrder};
use crate::catalog::times::with_seconds;
use crate::gateway::keys::GivenKey;

impl From<WorldFault> for AdminError {
    fn from(fault: WorldFault) -> AdminError {
        let (status, hint) = match fault {
            WorldFault::Store(fault) => return fault.into(),
            WorldFault::Name(_) => (StatusCode::BAD_REQUEST, "Name it like test-1."),
            WorldFault::Taken(_) => (StatusCode::CONFLICT, "Choose another name or key."),
            WorldFault::Unknown(_) => (StatusCode::NOT_FOUND, "See `diskdock world list`."),
            WorldFault::Own => (StatusCode::CONFLICT, "`diskdock admin reset` empties it."),
            WorldFault::Full => (StatusCode::CONFLICT, "Delete those that are no longer used."),
            WorldFault::RealMachines => {
                (StatusCode::CONFLICT, "Start another server with --hypervisor simulated for that.")
            }
            WorldFault::MainInDatabase => {
                let hint = "Make an empty world (leave \"from\" out), and import an export of the \
                            main one: diskdock admin --world NAME import.";
                (StatusCode::CONFLICT, hint)
            }
            WorldFault::Files(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "See whether the data directory has room.")
            }
        };
        AdminError { status, ..AdminError::bad(fault, hint) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewWorldRequest {
    name: Option<String>,
    from: Option<String>,
    /// ID:SECRET
    key: Option<String>,
}

/// All worlds but the main one, without their secrets.
pub(crate) async fn list(State(state): State<AdminState>) -> ControlResult {
    let shown: Vec<_> = state.worlds.all().iter().map(|world| summary(world)).collect();
    Ok(Json(json!({ "worlds": shown })))
}

/// One world, with the secret of its key.
pub(crate) async fn show(
    State(state): State<AdminState>,
    Path(name): Path<String>,
) -> ControlResult {
    Ok(Json(with_secret(&*state.worlds.find(&name)?)))
}

/// Makes a world, empty or as a copy of another one.
pub(crate) async fn create(State(state): State<AdminState>, body: Bytes) -> ControlResult {
    let hint = "Send {\"name\": \"test-1\", \"from\": \"main\"}; both can be left out.";
    let body = if body.is_empty() { &b"{}"[..] } else { &body };
    let wanted: NewWorldRequest =
        serde_json::from_slice(body).map_err(|error| AdminError::bad(error, hint))?;
    let key = wanted.key.as_deref().map(str::parse::<GivenKey>).transpose();
    let key = key.map_err(|error| AdminError::bad(error, hint))?;
    let number = state.gateway.services.environment.ids.random();
    let name = wanted.name.unwrap_or_else(|| format!("world-{number:016x}"));
    let world = state.worlds.create(WorldOrder { name, from: wanted.from, key }).await?;
    Ok(Json(with_secret(&world)))
}

/// Deletes a world.
pub(crate) async fn remove(
    State(state): State<AdminState>,
    Path(name): Path<String>,
) -> ControlResult {
    state.worlds.delete(&name).await?;
    Ok(Json(json!({ "deleted": name })))
}

fn summary(world: &World) -> Value {
    json!({
        "name": world.name,
        "from": world.from,
        "created_at": with_seconds(world.created_at),
        "access_key_id": world.key.id,
        "account": world.key.account,
    })
}

fn with_secret(world: &World) -> Value {
    let mut reply = summary(world);
    reply["access_key_secret"] = world.key.secret.as_str().into();
    reply
}

/// A control of another world: what is below its name is what the main one has.
pub(crate) async fn enter(State(state): State<AdminState>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some((name, control)) = split(&parts.uri) else {
        return not_here(parts.uri).await.into_response();
    };
    let world = match state.worlds.find(&name) {
        Ok(world) => world,
        Err(fault) => return AdminError::from(fault).into_response(),
    };
    // What the outer path held is not for the inner routes.
    (parts.uri, parts.extensions) = (control, Default::default());
    // A world in memory has no directory of its own.
    let inner = AdminState {
        directory: state.directory.clone(),
        ..AdminState::of(&world.assembly, &state.transfers)
    };
    let routes =
        controls(&inner).route("/health", get(view::health)).fallback(not_here).with_state(inner);
    let reply = TowerToHyperService::new(routes).call(Request::from_parts(parts, body)).await;
    reply.unwrap_or_else(|never: Infallible| match never {})
}

/// The name of the world, and the address of the control in it.
fn split(uri: &Uri) -> Option<(String, Uri)> {
    let (name, control) =
        uri.path_and_query()?.as_str().strip_prefix("/worlds/")?.split_once('/')?;
    Some((name.to_owned(), format!("/{control}").parse().ok()?))
}
