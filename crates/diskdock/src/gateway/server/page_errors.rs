//! Errors of the HTTP layer beside the API: axum answers them with a bare status or a line of
//! text; a reply with a code and a RequestId is sent in its place.

use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{ALLOW, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::json;

use crate::catalog::errors::{MALFORMED_REQUEST, METHOD_NOT_ALLOWED, REQUEST_TOO_LARGE};
use crate::catalog::{ActionError, Format, Refusal};
use crate::gateway::respond::ApiResponse;
use crate::gateway::{Gateway, guessed_format, query_pairs};

/// The paths whose errors have the form of controls, whatever is asked for.
const CONTROLS: &str = "/_diskdock/";

/// The parts of a request that its error reply needs.
pub(super) struct PageErrors {
    host: Option<HeaderValue>,
    is_control: bool,
    format: Format,
}

impl PageErrors {
    pub(super) fn of<B>(request: &Request<B>) -> PageErrors {
        PageErrors {
            host: request.headers().get(HOST).cloned(),
            is_control: request.uri().path().starts_with(CONTROLS),
            format: guessed_format(query_pairs(request.uri())),
        }
    }

    /// The response itself, unless it is a bare error.
    pub(super) fn explain(&self, gateway: &Gateway, response: Response<Body>) -> Response<Body> {
        let Some(refusal) = refusal(&response) else { return response };
        let mut explained = match self.is_control {
            true => of_control(&refusal, &gateway.services.environment.ids.request()),
            false => self.of_page(gateway, refusal),
        };
        if let Some(allowed) = response.headers().get(ALLOW) {
            explained.headers_mut().insert(ALLOW, allowed.clone());
        }
        explained
    }

    fn of_page(&self, gateway: &Gateway, refusal: Refusal) -> Response<Body> {
        let host = self.host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default();
        let ids = &gateway.services.environment.ids;
        let answer =
            ApiResponse::stopped(&ActionError::Refused(refusal), &ids.request(), host, self.format);
        answer.into_response(&ids.trace()).map(Body::from)
    }
}

/// The form of a control's error, with the code and the id of the request besides.
fn of_control(refusal: &Refusal, request_id: &str) -> Response<Body> {
    let body = json!({
        "error": refusal.message,
        "hint": refusal.error.remedy,
        "code": refusal.error.code,
        "request_id": request_id,
    });
    let status = StatusCode::from_u16(refusal.error.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// The error to show, if the response has only a status.
fn refusal(response: &Response<Body>) -> Option<Refusal> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| !kind.starts_with("text/plain")) {
        return None;
    }
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Some((&METHOD_NOT_ALLOWED).into()),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Some(Refusal::about(&REQUEST_TOO_LARGE, "the body is too large for this path"))
        }
        StatusCode::BAD_REQUEST => {
            Some(Refusal::about(&MALFORMED_REQUEST, "the query or the body is malformed"))
        }
        _ => None,
    }
}
