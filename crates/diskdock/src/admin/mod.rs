//! The operator's controls under `/_diskdock/`: JSON in, JSON out.
//!
//! On loopback they are open to programs of this machine, never to a web page of another origin.
//! Elsewhere they require the admin token.

mod access;
mod changes;
mod console;
mod controls;
mod disks;
mod evacuation;
mod explain;
mod history;
mod hosts;
mod images;
pub(crate) mod keys;
mod lost;
mod marked;
mod overview;
mod pause;
mod picture;
mod shared;
mod spool;
mod state;
mod view;
pub mod watch;
mod worlds;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Extension, Router};
use http::{StatusCode, Uri};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::assembly::Assembly;
use crate::assembly::worlds::Worlds;
use crate::gateway::SharedGateway;
use crate::hypervisor::{Hypervisor, Simulated};
use crate::inventory::InventorySource;
use crate::operations::{Difference, find_differences, orphans, unresumable};

pub use access::Access;

/// The largest body of a control, in bytes; an import has a bound of its own.
const BODY: usize = 1024 * 1024;

/// The state that the controls share.
#[derive(Clone)]
pub(crate) struct AdminState {
    gateway: SharedGateway,
    hypervisor: Arc<dyn Hypervisor>,
    simulated: Option<Arc<Simulated>>,
    inventory_source: Arc<InventorySource>,
    /// The data directory, where a state is kept on its way in or out.
    directory: PathBuf,
    /// One export or import at a time: each keeps the whole state in a file.
    transfers: Arc<Semaphore>,
    worlds: Arc<Worlds>,
    /// Whether other servers may serve calls beside this one.
    shares_store: bool,
}

impl AdminState {
    /// The state for the controls of a server, or of another world in it.
    fn of(assembly: &Assembly, transfers: &Arc<Semaphore>) -> AdminState {
        AdminState {
            gateway: Arc::clone(&assembly.gateway),
            hypervisor: Arc::clone(&assembly.hypervisor),
            simulated: assembly.simulated.clone(),
            inventory_source: Arc::clone(&assembly.inventory_source),
            directory: assembly.directory.clone(),
            transfers: Arc::clone(transfers),
            worlds: Arc::clone(&assembly.worlds),
            shares_store: assembly.shares_store,
        }
    }

    /// The simulated hypervisor, for the controls that only it has.
    fn simulated(&self) -> Result<&Simulated, AdminError> {
        self.simulated.as_deref().ok_or_else(|| {
            let hint = "Start another server with --hypervisor simulated for that.";
            let error = "this server runs real machines, which cannot be told what happens";
            AdminError { status: StatusCode::CONFLICT, ..AdminError::bad(error, hint) }
        })
    }

    /// The right to export or import, until it is dropped.
    fn transfer_place(&self) -> Result<OwnedSemaphorePermit, AdminError> {
        Arc::clone(&self.transfers).try_acquire_owned().map_err(|_| {
            let error = "another export or import is under way";
            let hint = "Wait until it has ended.";
            AdminError { status: StatusCode::CONFLICT, ..AdminError::bad(error, hint) }
        })
    }

    /// The differences between store and hypervisor. Read-only.
    async fn differences(&self) -> Result<Vec<Difference>, AdminError> {
        let (store, hypervisor) = (&self.gateway.services.store, self.hypervisor.as_ref());
        let mut found = find_differences(store, hypervisor).await?;
        found.extend(orphans(store, hypervisor).await?);
        found.extend(unresumable(store, &self.gateway.services.runner).await?);
        Ok(found)
    }
}

/// The error of a control.
#[derive(Debug)]
pub struct AdminError {
    status: StatusCode,
    /// The message.
    pub error: String,
    /// The remedy.
    pub hint: String,
}

impl AdminError {
    fn bad(error: impl ToString, hint: &str) -> AdminError {
        AdminError {
            status: StatusCode::BAD_REQUEST,
            error: error.to_string(),
            hint: hint.to_owned(),
        }
    }

    fn not_found(error: impl ToString, hint: &str) -> AdminError {
        AdminError { status: StatusCode::NOT_FOUND, ..AdminError::bad(error, hint) }
    }

    fn conflict(error: impl ToString, hint: &str) -> AdminError {
        AdminError { status: StatusCode::CONFLICT, ..AdminError::bad(error, hint) }
    }
}

impl From<crate::store::StoreError> for AdminError {
    fn from(fault: crate::store::StoreError) -> AdminError {
        if fault.is_outage() {
            let (status, hint) = (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.");
            return AdminError { status, ..AdminError::bad("the store is not available", hint) };
        }
        tracing::error!(%fault, "a control failed");
        let hint = "See the server's log.";
        let error = "the store failed";
        AdminError { status: StatusCode::INTERNAL_SERVER_ERROR, ..AdminError::bad(error, hint) }
    }
}

impl axum::response::IntoResponse for AdminError {
    fn into_response(self) -> axum::response::Response {
        let body = json!({ "error": self.error, "hint": self.hint });
        (self.status, [("content-type", "application/json")], body.to_string()).into_response()
    }
}

/// A reply in JSON.
pub struct Json(pub Value);

impl axum::response::IntoResponse for Json {
    fn into_response(self) -> axum::response::Response {
        ([("content-type", "application/json")], self.0.to_string()).into_response()
    }
}

/// The answer of a control.
pub(crate) type ControlResult = Result<Json, AdminError>;

/// Whether the programs of `--init` have ended.
#[derive(Clone, Debug, Default)]
pub struct Initialized(Arc<AtomicBool>);

impl Initialized {
    /// There are none.
    pub fn already() -> Initialized {
        Initialized(Arc::new(AtomicBool::new(true)))
    }

    /// They have.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Fills a server that was not used yet from the file of an export, if there is one, before it
/// serves. False, and nothing is changed, if it has resources already.
pub async fn fill(assembly: &Assembly, file: Option<&Path>) -> Result<bool, AdminError> {
    state::fill(&AdminState::of(assembly, &Arc::new(Semaphore::new(1))), file).await
}

/// The pages beside the API: the controls and the metrics.
pub fn router(assembly: &Assembly, access: Access, initialized: Initialized) -> Router {
    let state = AdminState::of(assembly, &Arc::new(Semaphore::new(1)));
    let worlds = Router::new()
        .route("/worlds", get(worlds::list).post(worlds::create))
        .route("/worlds/{name}", get(worlds::show).delete(worlds::remove))
        .route("/worlds/{name}/{*control}", any(worlds::enter));
    let controls = controls(&state).merge(worlds).with_state(state.clone());
    let guarded = controls.layer(axum::middleware::from_fn_with_state(access, access::check));
    Router::new()
        .nest("/_diskdock", guarded)
        .route("/_diskdock/health", get(view::health))
        .route("/_diskdock/ready", get(view::ready).layer(Extension(initialized)))
        .route("/_diskdock/live", get(view::live))
        .route("/metrics", get(view::metrics))
        .fallback(not_here)
        .with_state(state)
}

/// The controls of one world, without their guard.
fn controls(state: &AdminState) -> Router<AdminState> {
    let controls = Router::new()
        .route("/reset", post(state::reset))
        .route("/state", get(state::export).put(state::import))
        .route("/instances/marked", get(marked::marked))
        .route("/instances/{id}/lock", post(controls::lock))
        .route("/instances/{id}/unlock", post(controls::unlock))
        .route("/operations", get(view::operations))
        .route("/differences", get(view::differences))
        .route("/disks/damaged", get(disks::damaged))
        .route("/disks/{id}/accept", post(disks::accept))
        .route("/disks/{id}/restore", post(disks::restore))
        .route("/calls", get(view::calls))
        .route("/changes", get(changes::changes))
        .route("/history/{id}", get(history::history))
        .route("/console/{id}", get(console::console))
        .route("/images/reload", post(images::reload))
        .route("/explain", post(explain::explain))
        .route("/hosts", get(hosts::list))
        .route("/hosts/{name}", delete(hosts::remove))
        .route("/hosts/{name}/evacuate", post(evacuation::evacuate))
        .route("/hosts/{name}/{verb}", post(hosts::admit))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{id}", delete(keys::remove))
        .route("/keys/{id}/{verb}", post(keys::switch))
        .merge(of_one_server(state))
        .layer(DefaultBodyLimit::max(BODY));
    let gateway = Arc::clone(&state.gateway);
    controls.layer(axum::middleware::from_fn_with_state(gateway, when_ready))
}

/// Controls of what each server has for itself. Reading it is allowed always.
fn of_one_server(state: &AdminState) -> Router<AdminState> {
    let controls = Router::new()
        .route("/instances/{id}/kill", post(controls::kill))
        .route("/instances/{id}/lose", post(lost::lose))
        .route("/instances/{id}/find", post(lost::find))
        .route("/instances/{id}/fence", post(lost::fence))
        .route("/instances/{id}/pause", post(pause::pause))
        .route("/instances/{id}/resume", post(pause::resume))
        .route("/pace", get(controls::pace).put(controls::set_pace))
        .route("/clock", get(controls::clock))
        .route("/clock/{verb}", post(controls::move_clock))
        .route(
            "/rules",
            get(controls::rules).post(controls::add_rule).delete(controls::clear_rules),
        )
        .route("/transitions/{verb}", post(controls::end_selected))
        .route(
            "/faults",
            get(controls::faults).post(controls::add_fault).delete(controls::clear_faults),
        );
    controls.layer(axum::middleware::from_fn_with_state(state.clone(), shared::unless_shared))
}

/// Refuses requests until the server knows its machines.
async fn when_ready(
    State(gateway): State<SharedGateway>,
    request: Request,
    next: Next,
) -> Response {
    if gateway.services.runner.is_ready() {
        return next.run(request).await;
    }
    let hint = "Try again in a moment; /_diskdock/health says when it is ready.";
    let error = "the server is starting: it is still looking for its machines";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    AdminError { status, ..AdminError::bad(error, hint) }.into_response()
}

async fn not_here(uri: Uri) -> AdminError {
    let error = format!("there is nothing at {}", uri.path());
    AdminError::not_found(
        error,
        "The API is at /, the explorer at /explorer, the controls are under /_diskdock/.",
    )
}
