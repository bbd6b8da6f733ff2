//! Replies: status, headers and body of success and error.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::catalog::errors::{
    AccessDenied, INTERNAL_ERROR, SERVICE_UNAVAILABLE, UNSUPPORTED_METHOD,
};
use crate::catalog::xml::{self, XML_DECLARATION};
use crate::catalog::{ActionError, Format, Refusal, render};
use crate::store::StoreError;

/// The header with the RequestId.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-acs-request-id");
/// The header with the id of the trace.
const TRACE_ID: HeaderName = HeaderName::from_static("x-acs-trace-id");
/// The header with the names of parameters that had no effect.
const IGNORED: HeaderName = HeaderName::from_static("x-diskdock-ignored");

/// The methods of the API.
const METHODS: &str = "GET,POST";
/// The longest list of ignored parameters in the header, in bytes; the rest is cut off.
const IGNORED_HEADER: usize = 2_000;

/// A reply before it is an HTTP response.
pub(crate) struct ApiResponse {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error code, or `OK`.
    pub code: &'static str,
    body: Vec<u8>,
    format: Format,
    request_id: String,
    ignored: Vec<String>,
}

impl ApiResponse {
    /// The reply of an action that succeeded.
    pub(crate) fn success(
        action: &str,
        request_id: &str,
        reply: &[u8],
        ignored: Vec<String>,
        format: Format,
    ) -> ApiResponse {
        ApiResponse {
            status: StatusCode::OK,
            code: "OK",
            body: render(action, request_id, reply, format),
            format,
            request_id: request_id.to_owned(),
            ignored,
        }
    }

    /// The error for a request without effect. Failures of the server are logged; the reply does
    /// not describe them.
    pub(crate) fn stopped(
        stop: &ActionError,
        request_id: &str,
        host: &str,
        format: Format,
    ) -> ApiResponse {
        match stop {
            ActionError::Refused(refusal) => {
                ApiResponse::refused(refusal, request_id, host, format)
            }
            ActionError::Failed(fault) => {
                if !fault.is_outage() {
                    tracing::error!(request_id, %fault, "a request failed");
                }
                let error = match fault {
                    StoreError::Unavailable
                    | StoreError::WritesDisabled(_)
                    // Decided again as often as makes sense: too much happens at once.
                    | StoreError::Conflict => &SERVICE_UNAVAILABLE,
                    StoreError::LeaseLost
                    | StoreError::Engine(_)
                    | StoreError::Broken(_)
                    | StoreError::Unusable(_)
                    | StoreError::Unfit { .. }
                    | StoreError::Corrupt(_) => &INTERNAL_ERROR,
                };
                ApiResponse::refused(&error.into(), request_id, host, format)
            }
            ActionError::Broken(what) => {
                tracing::error!(request_id, what, "a request failed");
                ApiResponse::refused(&(&INTERNAL_ERROR).into(), request_id, host, format)
            }
        }
    }

    fn refused(refusal: &Refusal, request_id: &str, host: &str, format: Format) -> ApiResponse {
        ApiResponse {
            status: StatusCode::from_u16(refusal.error.status).unwrap_or(StatusCode::BAD_REQUEST),
            code: refusal.error.code,
            body: error_body(refusal, request_id, host, format),
            format,
            request_id: request_id.to_owned(),
            ignored: Vec::new(),
        }
    }

    /// The HTTP response.
    pub(crate) fn into_response(self, trace_id: &str) -> Response<Vec<u8>> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.format.content_type()));
        let mut set = |name: HeaderName, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        };
        set(REQUEST_ID, &self.request_id);
        set(TRACE_ID, trace_id);
        if !self.ignored.is_empty() {
            set(IGNORED, &header_text(&self.ignored));
        }
        if self.code == UNSUPPORTED_METHOD.code {
            set(ALLOW, METHODS);
        }
        response
    }
}

/// Names separated by commas; what is not printable ASCII is replaced, what is too long is cut.
fn header_text(names: &[String]) -> String {
    let printable = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    let mut text: String = names.join(",").chars().map(printable).collect();
    text.truncate(IGNORED_HEADER);
    text
}

fn error_body(refusal: &Refusal, request_id: &str, host: &str, format: Format) -> Vec<u8> {
    let mut tree = json!({
        "RequestId": request_id,
        "HostId": host,
        "Code": refusal.error.code,
        "Message": refusal.message,
        "Recommend": refusal.error.remedy,
    });
    if let Some(denied) = &refusal.denied {
        tree["AccessDeniedDetail"] = denied_detail(denied);
    }
    match format {
        Format::Json => tree.to_string().into_bytes(),
        Format::Xml => {
            let mut text = XML_DECLARATION.to_owned();
            xml::element("Error", &tree, &mut text);
            text.into_bytes()
        }
    }
}

/// The detail of a refusal by policy, as clients that read it know it from the cloud.
fn denied_detail(denied: &AccessDenied) -> Value {
    json!({
        "AuthAction": denied.action,
        "AuthPrincipalType": denied.principal_type,
        "AuthPrincipalDisplayName": denied.principal,
        "AuthPrincipalOwnerId": denied.owner,
        "NoPermissionType": if denied.is_explicit { "ExplicitDeny" } else { "ImplicitDeny" },
        "PolicyType": denied.policy_type,
    })
}
