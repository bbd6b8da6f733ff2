//! Several servers over one database have to tell the same story: what would change one of them
//! only is refused.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};

use super::{AdminError, AdminState};

/// Lets a control through that is read-only, or that acts on a server with a store of its own.
pub(super) async fn unless_shared(
    State(state): State<AdminState>,
    request: Request,
    next: Next,
) -> Response {
    if !state.shares_store || request.method() == Method::GET {
        return next.run(request).await;
    }
    let error = "the servers over a database share no clock, rules, faults, pace or machines: \
                 this would change one of them only";
    let hint = "Give each server the same options, or use a world (diskdock world new) or a \
                server without --store for that.";
    let status = StatusCode::CONFLICT;
    AdminError { status, ..AdminError::bad(error, hint) }.into_response()
}
