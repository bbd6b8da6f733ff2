//! A client of the controls of a running diskdock, under `/_diskdock/`.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request};
use hyper::body::Bytes;
use serde_json::Value;

use crate::assembly::worlds::MAIN;
use crate::cli::client::{ApiClient, HttpReply};
use crate::cli::local_server::LocalServer;
use crate::cli::{Failure, ServerRefusal};
use crate::gateway::signature::percent_encode;

/// The header that carries the admin token.
const TOKEN_HEADER: &str = "x-diskdock-token";
/// The path of the controls of the main world.
const BASE: &str = "/_diskdock";
/// The variable that holds the admin token.
pub(crate) const TOKEN_VARIABLE: &str = "DISKDOCK_ADMIN_TOKEN";

/// The header with a token, for what is no ordinary request.
pub(crate) fn token_header(token: &str) -> Result<(&'static str, HeaderValue), Failure> {
    let value = HeaderValue::from_str(token.trim())
        .map_err(|_| Failure::usage("the admin token is not printable", ""))?;
    Ok((TOKEN_HEADER, value))
}

/// The controls of one server.
pub(crate) struct Controls {
    client: ApiClient,
    token: Option<String>,
    /// The path of the controls.
    base: String,
}

impl Controls {
    /// The controls of this server.
    pub(crate) fn of(client: ApiClient, token: Option<String>) -> Controls {
        Controls { client, token, base: BASE.to_owned() }
    }

    /// The controls of another world in this server, if one is named.
    pub(crate) fn in_world(self, world: Option<&str>) -> Controls {
        let base = match world {
            None | Some("" | MAIN) => BASE.to_owned(),
            Some(name) => format!("{BASE}/worlds/{}", percent_encode(name)),
        };
        Controls { base, ..self }
    }

    /// Sends GET.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Sends POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, body.to_string().into()).await
    }

    /// Sends DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, Bytes::new()).await
    }

    /// Sends a request; the body is JSON or empty, the reply is JSON.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Value, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| Failure::usage(error, ""))?;
        if let Some(token) = &self.token {
            let (name, token) = token_header(token)?;
            request.headers_mut().insert(name, token);
        }
        read(&self.client.send(request).await?)
    }
}

fn read(answer: &HttpReply) -> Result<Value, Failure> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let text = |name: &str| body.as_ref()?.get(name)?.as_str().map(str::to_owned);
    if answer.status.is_success() {
        return match body {
            Some(body) => Ok(body),
            None if answer.body.is_empty() => Ok(Value::Null),
            None => Err(not_diskdock(answer)),
        };
    }
    let message = text("error").ok_or_else(|| not_diskdock(answer))?;
    let hint = text("hint").unwrap_or_default();
    let (status, code) = (answer.status.as_u16(), text("code"));
    Err(Failure::refused(
        ServerRefusal { status, code, message, request_id: text("request_id") },
        &hint,
    ))
}

fn not_diskdock(answer: &HttpReply) -> Failure {
    let message = format!("the server answered {} and not as a diskdock does", answer.status);
    Failure::new(message, "The controls are there only on a diskdock. Check --endpoint.")
}

/// The admin token for the server at this endpoint: that of the environment, or the one that it has
/// left in its data directory, if that is on this host.
pub(crate) fn token_for(endpoint: &str) -> Option<String> {
    let given = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    given.or_else(|| LocalServer::at(endpoint)?.admin_token())
}
