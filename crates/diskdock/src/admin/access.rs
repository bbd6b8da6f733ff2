//! Access to the controls.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use subtle::ConstantTimeEq;

use super::AdminError;
use crate::gateway::guard::Guard;

/// The header that carries the admin token.
pub(crate) const TOKEN_HEADER: &str = "x-diskdock-token";

/// The rule of access to the controls.
#[derive(Clone)]
pub struct Access {
    /// A request that carries this token may.
    pub token: String,
    /// Programs on this machine may without it: the server listens on loopback only, and runs no
    /// guests, who would be such programs if one broke out.
    pub open_on_loopback: bool,
    /// Keeps foreign web pages out.
    pub guard: Guard,
}

/// Lets a request through to the controls, or not.
pub(super) async fn check(State(access): State<Access>, request: Request, next: Next) -> Response {
    let given = request.headers().get(TOKEN_HEADER);
    if let Some(given) = given {
        if bool::from(given.as_bytes().ct_eq(access.token.as_bytes())) {
            return next.run(request).await;
        }
        return refused("the admin token is wrong".to_owned());
    }
    if !access.open_on_loopback {
        return refused("the controls of this server want the admin token".to_owned());
    }
    let (parts, body) = request.into_parts();
    match access.guard.check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(reason) => refused(reason),
    }
}

fn refused(error: String) -> Response {
    let hint = "Send the token in the header x-diskdock-token; it is in the file admin-token of \
                the data directory.";
    AdminError { status: StatusCode::FORBIDDEN, ..AdminError::bad(error, hint) }.into_response()
}
