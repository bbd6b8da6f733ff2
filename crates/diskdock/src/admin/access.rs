//! Access to the controls.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, StatusCode};
use subtle::ConstantTimeEq;

use super::AdminError;
use crate::gateway::guard::Guard;

/// The header that carries the admin token.
pub(crate) const TOKEN_HEADER: &str = "x-diskdock-token";

/// Before the admin token in the protocols of a WebSocket: a page can give it no headers.
pub(crate) const TOKEN_PROTOCOL: &str = "diskdock-token.";

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
    let (parts, body) = request.into_parts();
    let allowed = match token_in(&parts.headers) {
        Some(given) if !bool::from(given.ct_eq(access.token.as_bytes())) => {
            Err("the admin token is wrong".to_owned())
        }
        // A browser asks nobody before it lets a page open one.
        Some(_) if parts.headers.contains_key(UPGRADE) => access.guard.check_origin(&parts),
        Some(_) => Ok(()),
        None if access.open_on_loopback => access.guard.check(&parts),
        None => Err("the controls of this server want the admin token".to_owned()),
    };
    match allowed {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(reason) => refused(reason),
    }
}

/// The admin token in the header for it, or among the protocols of a WebSocket.
fn token_in(headers: &HeaderMap) -> Option<&[u8]> {
    let header = headers.get(TOKEN_HEADER).map(|given| given.as_bytes());
    header.or_else(|| {
        let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
        let mut names = offered.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
        names.find_map(|name| name.trim_ascii().strip_prefix(TOKEN_PROTOCOL.as_bytes()))
    })
}

fn refused(error: String) -> Response {
    let hint = "Send the token in the header x-diskdock-token; it is in the file admin-token of \
                the data directory.";
    AdminError { status: StatusCode::FORBIDDEN, ..AdminError::bad(error, hint) }.into_response()
}
