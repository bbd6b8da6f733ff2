//! Access to the controls.

use std::borrow::Cow;

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

/// Before the admin token, in hexadecimal, in the protocols of a WebSocket: a page can give it no
/// headers, and a protocol has few characters.
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
fn token_in(headers: &HeaderMap) -> Option<Cow<'_, [u8]>> {
    let header = headers.get(TOKEN_HEADER).map(|given| Cow::Borrowed(given.as_bytes()));
    header.or_else(|| {
        let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
        let mut names = offered.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
        let written =
            names.find_map(|name| name.trim_ascii().strip_prefix(TOKEN_PROTOCOL.as_bytes()))?;
        Some(Cow::Owned(from_hexadecimal(written)?))
    })
}

/// The bytes that are written in hexadecimal; none if it is anything else.
fn from_hexadecimal(written: &[u8]) -> Option<Vec<u8>> {
    if !written.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok();
    written.chunks_exact(2).map(byte).collect()
}

fn refused(error: String) -> Response {
    let hint = "Send the token in the header x-diskdock-token; it is in the file admin-token of \
                the data directory.";
    AdminError { status: StatusCode::FORBIDDEN, ..AdminError::bad(error, hint) }.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_hexadecimal_refuses_what_is_none() {
        assert_eq!(from_hexadecimal(b"612f3DC3a4").as_deref(), Some("a/=ä".as_bytes()));
        assert_eq!(from_hexadecimal(b"").as_deref(), Some(&b""[..]));
        for wrong in ["6", "6g", "+6", "wrong", "612", "ä"] {
            assert_eq!(from_hexadecimal(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
