//! Signs requests as a client, in either scheme.

use clap::ValueEnum;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use hyper::body::Bytes;

use super::{ActionTarget, SigningClient};
use crate::catalog::times::with_seconds;
use crate::cli::Failure;
use crate::cli::local_server::LocalServer;
use crate::clock::Clock;
use crate::gateway::decode::Pair;
use crate::gateway::keys::{DEVELOPMENT_ID, DEVELOPMENT_SECRET, GivenKey};
use crate::gateway::signature::{Acs3Request, payload_hash, percent_encode, sign_acs3, sign_rpc};
use crate::ids::IdGenerator;

/// The key to sign with.
#[derive(Clone, Default, clap::Args)]
pub struct Credentials {
    /// The access key's id [default for a server of this host: its first key, the first of
    /// DISKDOCK_KEYS, or testid]
    #[arg(long, value_name = "ID", env = "ALIBABA_CLOUD_ACCESS_KEY_ID")]
    pub access_key_id: Option<String>,
    /// The access key's secret; the environment is a safer place [default: that of the same key]
    #[arg(long, value_name = "SECRET", hide_env_values = true)]
    #[arg(env = "ALIBABA_CLOUD_ACCESS_KEY_SECRET")]
    pub access_key_secret: Option<String>,
    /// The token of a temporary key
    #[arg(long, value_name = "TOKEN", hide_env_values = true)]
    #[arg(env = "ALIBABA_CLOUD_SECURITY_TOKEN")]
    pub security_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Credentials({:?})", self.access_key_id)
    }
}

impl Credentials {
    /// Id and secret. If none are given: those that the server of this host has left for its
    /// users, and on loopback those of the development key.
    pub fn complete(&self, endpoint: &str, loopback: bool) -> Result<(String, String), Failure> {
        let hint = "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or give \
                    --access-key-id and --access-key-secret.";
        match (&self.access_key_id, &self.access_key_secret) {
            (Some(id), Some(secret)) => Ok((id.clone(), secret.clone())),
            (None, None) if loopback => {
                let left = LocalServer::at(endpoint).and_then(|server| server.access_key());
                let shared = || (DEVELOPMENT_ID.to_owned(), DEVELOPMENT_SECRET.to_owned());
                Ok(left.or_else(first_of_server).unwrap_or_else(shared))
            }
            (None, None) => Err(Failure::usage("no access key", hint)),
            (Some(_), None) => Err(Failure::usage("the access key's secret is missing", hint)),
            (None, Some(_)) => Err(Failure::usage("the access key's id is missing", hint)),
        }
    }
}

/// The first of the keys that a server started in this environment has.
fn first_of_server() -> Option<(String, String)> {
    let keys = std::env::var("DISKDOCK_KEYS").ok()?;
    let GivenKey { id, secret, .. } = keys.split(',').next()?.parse().ok()?;
    Some((id, secret))
}

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SigningScheme {
    /// Signature version 1.0, HMAC-SHA1 in the query
    V1,
    /// ACS3-HMAC-SHA256, in headers
    V3,
}

/// The signed request for an action.
pub(crate) fn request(
    caller: &SigningClient,
    target: ActionTarget<'_>,
    parameters: &[Pair],
) -> Result<Request<Bytes>, Failure> {
    let nonce = IdGenerator::from_entropy().trace();
    let date = with_seconds(Clock::default().now());
    match caller.scheme {
        SigningScheme::V1 => version_1(caller, target, parameters, nonce, date),
        SigningScheme::V3 => version_3(caller, target, parameters, nonce, date),
    }
}

fn version_1(
    caller: &SigningClient,
    target: ActionTarget<'_>,
    parameters: &[Pair],
    nonce: String,
    date: String,
) -> Result<Request<Bytes>, Failure> {
    let (id, secret) = &caller.credentials;
    let mut query = parameters.to_vec();
    let mut add = |name: &str, value: &str| query.push((name.to_owned(), value.to_owned()));
    add("Action", target.action);
    add("Version", target.version);
    add("AccessKeyId", id);
    add("SignatureMethod", "HMAC-SHA1");
    add("SignatureVersion", "1.0");
    add("SignatureNonce", &nonce);
    add("Timestamp", &date);
    if !parameters.iter().any(|(name, _)| name == "Format") {
        add("Format", "JSON");
    }
    if let Some(token) = &caller.security_token {
        add("SecurityToken", token);
    }
    let signature = sign_rpc("POST", &query, secret);
    query.push(("Signature".to_owned(), signature));
    build(&query, HeaderMap::new())
}

fn version_3(
    caller: &SigningClient,
    target: ActionTarget<'_>,
    parameters: &[Pair],
    nonce: String,
    date: String,
) -> Result<Request<Bytes>, Failure> {
    let (id, secret) = &caller.credentials;
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| -> Result<(), Failure> {
        let value = HeaderValue::from_str(value).map_err(|_| {
            Failure::usage(format!("{name} cannot be {value:?}"), "Use printable ASCII.")
        })?;
        headers.insert(HeaderName::from_static(name), value);
        Ok(())
    };
    add("host", &caller.client.endpoint.authority())?;
    add("x-acs-action", target.action)?;
    add("x-acs-version", target.version)?;
    add("x-acs-date", &date)?;
    add("x-acs-signature-nonce", &nonce)?;
    add("x-acs-content-sha256", &payload_hash(b""))?;
    if let Some(token) = &caller.security_token {
        add("x-acs-security-token", token)?;
        add("x-acs-accesskey-id", id)?;
    }
    let signed = Acs3Request {
        method: "POST",
        path: "/",
        query: parameters,
        headers: &headers,
        body: b"",
        access_key_id: id,
    };
    let authorization = sign_acs3(&signed, secret);
    let authorization = HeaderValue::from_str(&authorization)
        .map_err(|_| Failure::usage("the access key's id is not printable", ""))?;
    headers.insert("authorization", authorization);
    build(parameters, headers)
}

fn build(query: &[Pair], headers: HeaderMap) -> Result<Request<Bytes>, Failure> {
    let pair = |(name, value): &Pair| format!("{}={}", percent_encode(name), percent_encode(value));
    let query = query.iter().map(pair).collect::<Vec<_>>().join("&");
    let uri = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header("accept", "application/json")
        .header("user-agent", concat!("diskdock/", env!("CARGO_PKG_VERSION")))
        .body(Bytes::new())
        .map_err(|error| Failure::usage(error, "The parameters are too long for a query."))?;
    request.headers_mut().extend(headers);
    Ok(request)
}
