//! The HTTP edge of the RPC APIs of all products. It depends on no particular action.
//!
//! The way of a request: decode query and body into one list of parameters; read action and
//! format; verify signature, time and nonce; call the service; write the reply as JSON or XML.

pub(crate) mod authenticate;
pub mod decode;
pub(crate) mod faults;
pub mod guard;
pub mod keys;
pub(crate) mod metrics;
pub mod nonce;
pub(crate) mod recent;
pub(crate) mod respond;
pub mod server;
pub mod signature;
pub(crate) mod throttle;
mod worlds;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{Method, Response};

use crate::actions::{PRODUCTS, static_key};
use crate::catalog::errors::{
    Cause, INVALID_FORMAT, INVALID_VERSION, MALFORMED_REQUEST, MISSING_PARAMETER, PRODUCT_NOT_HERE,
    SERVICE_UNAVAILABLE, THROTTLING, UNSUPPORTED_METHOD,
};
use crate::catalog::product::{Unknown, find_by_request};
use crate::catalog::{ActionError, Caller, Format, Input, Listed, Refusal};
use crate::service::{self, Request, Services};
use authenticate::Authenticated;
use decode::Pair;
use faults::{Fault, Faults};
use guard::{Guard, host};
use keys::Keys;
use metrics::Metrics;
use nonce::Nonces;
use recent::{Recent, RecentCall};
use respond::ApiResponse;
use signature::{Intent, Received, Scheme};
use throttle::Throttle;
pub use worlds::OtherWorlds;

/// The target of the log's line for each call.
pub(crate) const CALLS: &str = module_path!();
/// The header in which a caller names its trace.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The longest header of a trace that is read, in bytes.
const LONGEST_TRACEPARENT: usize = 128;

/// The edge of the API.
pub struct Gateway {
    /// The services that carry out authenticated requests.
    pub services: Services,
    /// The access keys.
    pub keys: Arc<Keys>,
    /// The nonces of earlier requests.
    pub nonces: Arc<Nonces>,
    /// Whether the nonces of writes are stored, for a server after this one.
    pub stores_nonces: bool,
    /// Which browsers and hosts may use the development key and the controls.
    pub guard: Guard,
    /// The vendor's request limits, if they are enabled.
    pub throttle: Option<Throttle>,
    /// Faults that an operator has injected.
    pub faults: Faults,
    /// The metrics at `/metrics`.
    pub metrics: Metrics,
    /// The latest calls, for the console.
    pub recent: Recent,
    /// The gateways of other worlds in this server.
    pub worlds: OtherWorlds,
}

/// The gateway's result for a request.
pub enum GatewayReply {
    /// An HTTP response.
    Response(Response<Vec<u8>>),
    /// The connection is closed without a reply, because an operator injected that fault.
    Silence,
}

impl Gateway {
    /// Answers one request of the API, in the world that its key leads to.
    pub async fn handle(&self, parts: &Parts, body: &[u8]) -> GatewayReply {
        match self.other_world(parts, body) {
            Some(world) => world.handle_here(parts, body).await,
            None => self.handle_here(parts, body).await,
        }
    }

    /// One request comes in, is performed, and its reply goes out.
    async fn handle_here(&self, parts: &Parts, body: &[u8]) -> GatewayReply {
        let began = Instant::now();
        let request_id = self.services.environment.ids.request();
        let mut call = IncomingCall {
            action: None,
            format: Format::Json,
            request: None,
            traceparent: traceparent(parts),
        };
        let performed = match self.receive(parts, body, &request_id, &mut call) {
            Ok((listed, mut request)) => {
                let performed = self.perform(listed, &mut request).await;
                call.request = Some(request);
                performed
            }
            Err(refusal) => Performed { result: Err(refusal.into()), closes: false },
        };
        self.reply(call, performed, host(parts), request_id, began)
    }

    /// The way in: authenticates the caller and finds the action. `call` is filled with everything
    /// that could be read, also when the request is refused.
    fn receive(
        &self,
        parts: &Parts,
        body: &[u8],
        request_id: &str,
        call: &mut IncomingCall,
    ) -> Result<(Listed, Request), Refusal> {
        let guessed = || guessed_format(query_pairs(&parts.uri).chain(raw_pairs(body)));
        if !matches!(parts.method, Method::GET | Method::POST) {
            call.format = guessed();
            return Err((&UNSUPPORTED_METHOD).into());
        }
        let decoded = Decoded::of(parts, body).inspect_err(|_| call.format = guessed())?;
        let received = decoded.received(parts, body);
        let intent = signature::intent(&received);
        call.format = format(&intent).inspect_err(|_| call.format = guessed())?;
        let listed = asked_for(&intent, host(parts))?;
        call.action = Some(listed);
        if !self.services.runner.is_ready() {
            return Err((&SERVICE_UNAVAILABLE).into());
        }
        let Authenticated { caller, rights, nonce } =
            self.authenticate(&received, intent, parts, listed.entry)?;
        let (request_id, input) = (request_id.to_owned(), Input::from_sorted(decoded.parameters));
        let caller = Arc::new(caller);
        Ok((listed, Request { caller, request_id, rights, input, nonce }))
    }

    /// Calls the service, with the fault that an operator injected for the call, if any. The nonce
    /// of a call that is refused here is stored, so that it is not served later.
    async fn perform(&self, listed: Listed, request: &mut Request) -> Performed {
        if let Err(refusal) = self.check_throttle(&request.caller, listed) {
            let refused = service::refuse(&self.services, request, refusal.into()).await;
            return Performed { result: Err(refused), closes: false };
        }
        let fault = self.faults.next_fault(listed);
        let closes = matches!(fault, Some(Fault::DropReply));
        let result = match fault {
            Some(Fault::Answer { error }) => {
                let refusal = error.with_cause(Cause::Injected).into();
                Err(service::refuse(&self.services, request, refusal).await)
            }
            Some(Fault::Slow { milliseconds }) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                service::dispatch(&self.services, listed, request).await
            }
            // The same request arrives once more before its answer is read.
            Some(Fault::Twice) => match service::dispatch(&self.services, listed, request).await {
                Ok(_) => {
                    // Its nonce is stored by now.
                    request.nonce = None;
                    service::dispatch(&self.services, listed, request).await
                }
                stopped => stopped,
            },
            Some(Fault::DropReply) | None => {
                service::dispatch(&self.services, listed, request).await
            }
        };
        let result = match result {
            Ok(reply) if reply.changes_keys => self.read_keys_again(reply).await,
            other => other,
        };
        Performed { result, closes }
    }

    /// Accepts and refuses keys as the store has them now, before the caller knows of the change.
    async fn read_keys_again(&self, reply: service::Reply) -> Result<service::Reply, ActionError> {
        self.keys.reload(&self.services.store).await?;
        Ok(reply)
    }

    /// The way out: the reply in the caller's format, counted, logged, and kept as a recent call.
    fn reply(
        &self,
        call: IncomingCall,
        performed: Performed,
        host: &str,
        request_id: String,
        began: Instant,
    ) -> GatewayReply {
        let action = call.action.map_or("unknown", |listed| listed.spec().name);
        let cause = match &performed.result {
            Err(ActionError::Refused(refusal)) => refusal.cause.in_words(),
            Err(ActionError::Failed(_) | ActionError::Broken(_)) | Ok(_) => "",
        };
        let key = call.action.map_or("unknown", static_key);
        let (answer, reply) = match performed.result {
            Ok(service::Reply { reply, ignored, .. }) => {
                log_ignored(&request_id, action, &ignored);
                let format = call.format;
                (ApiResponse::success(action, &request_id, &reply, ignored, format), reply)
            }
            Err(stop) => (ApiResponse::stopped(&stop, &request_id, host, call.format), Vec::new()),
        };
        self.metrics.request(key, answer.code, began.elapsed());
        let (code, status) = (answer.code, answer.status.as_u16());
        let took_us = began.elapsed().as_micros();
        let traceparent = call.traceparent.as_deref();
        tracing::info!(request_id, action = key, code, status, cause, took_us, traceparent, "call");
        self.keep(call, (key, &answer, reply), request_id, began.elapsed());
        if performed.closes {
            return GatewayReply::Silence;
        }
        GatewayReply::Response(answer.into_response(&self.services.environment.ids.trace()))
    }

    /// Keeps a call for the console.
    fn keep(
        &self,
        incoming: IncomingCall,
        (action, answer, reply): (&'static str, &ApiResponse, Vec<u8>),
        request_id: String,
        took: Duration,
    ) {
        let reads = answer.status.is_success()
            && incoming.action.is_some_and(|listed| !listed.spec().mutates);
        // Other replies may hold secrets.
        let names_made = incoming.action.is_some_and(|listed| listed.spec().replies_with_ids());
        let call = RecentCall {
            number: 0,
            at: self.services.clock.now(),
            request_id,
            action,
            status: answer.status.as_u16(),
            code: answer.code,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            request: incoming.request,
            reply: if names_made { reply } else { Vec::new() },
        };
        self.recent.keep(call, reads);
    }

    fn check_throttle(&self, caller: &Caller, listed: Listed) -> Result<(), Refusal> {
        let limit = listed.spec().calls_a_minute;
        let (Some(throttle), Some(limit)) = (&self.throttle, limit) else { return Ok(()) };
        let (action, now) = (static_key(listed), self.services.clock.uptime());
        let admitted = throttle.admit(&caller.account, (action, limit), now);
        if admitted { Ok(()) } else { Err((&THROTTLING).into()) }
    }
}

fn log_ignored(request_id: &str, action: &str, ignored: &[String]) {
    if !ignored.is_empty() {
        let ignored = ignored.join(", ");
        tracing::info!(request_id, action, ignored, "parameters without effect");
    }
}

/// The part of a request that could be read, for its reply.
struct IncomingCall {
    action: Option<Listed>,
    format: Format,
    request: Option<Request>,
    /// The trace that the caller has begun.
    traceparent: Option<String>,
}

/// The trace that a caller has begun, as it names it.
fn traceparent(parts: &Parts) -> Option<String> {
    let header = parts.headers.get(TRACEPARENT)?.to_str().ok()?;
    (header.len() <= LONGEST_TRACEPARENT).then(|| header.to_owned())
}

/// The result of a call.
struct Performed {
    result: Result<service::Reply, ActionError>,
    /// Whether the connection is closed without a reply, because an operator injected that fault.
    closes: bool,
}

/// The decoded parameters of a request.
struct Decoded {
    query: Vec<Pair>,
    parameters: Vec<Pair>,
    has_body: bool,
}

impl Decoded {
    fn of(parts: &Parts, body: &[u8]) -> Result<Decoded, Refusal> {
        let malformed =
            |fault: decode::Malformed| Refusal::about(&MALFORMED_REQUEST, &fault.to_string());
        let query = decode::query(parts.uri.query().unwrap_or_default()).map_err(malformed)?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = content_type.unwrap_or_default().trim_start().to_ascii_lowercase();
        let in_body = if kind.starts_with("application/x-www-form-urlencoded") {
            decode::form(body).map_err(malformed)?
        } else if kind.starts_with("application/json") {
            decode::json(body).map_err(malformed)?
        } else {
            Vec::new()
        };
        if in_body.is_empty() {
            let parameters = decode::merge(query, in_body).map_err(malformed)?;
            return Ok(Decoded { query: Vec::new(), parameters, has_body: false });
        }
        let parameters = decode::merge(query.clone(), in_body).map_err(malformed)?;
        Ok(Decoded { query, parameters, has_body: true })
    }

    fn received<'a>(&'a self, parts: &'a Parts, body: &'a [u8]) -> Received<'a> {
        let path = parts.uri.path();
        Received {
            method: parts.method.as_str(),
            path: if path.is_empty() { "/" } else { path },
            query: if self.has_body { &self.query } else { &self.parameters },
            parameters: &self.parameters,
            headers: &parts.headers,
            body,
        }
    }
}

/// JSON or XML. Left out, it is XML under signature 1.0, as the vendor documents it, else JSON.
fn format(intent: &Intent<'_>) -> Result<Format, Refusal> {
    match intent.format {
        None if intent.scheme == Scheme::Rpc => Ok(Format::Xml),
        None => Ok(Format::Json),
        Some(text) if text.eq_ignore_ascii_case("json") => Ok(Format::Json),
        Some(text) if text.eq_ignore_ascii_case("xml") => Ok(Format::Xml),
        Some(_) => Err((&INVALID_FORMAT).into()),
    }
}

/// The format of the reply to a request that cannot be read, from its pairs in so far as they are
/// there: the one that is asked for, else that of the signature, as in [`format`].
fn guessed_format<'a>(pairs: impl Iterator<Item = &'a [u8]> + Clone) -> Format {
    let has = |wanted: &[u8]| pairs.clone().any(|pair| pair.eq_ignore_ascii_case(wanted));
    let is_xml = has(b"Format=XML") || (has(b"SignatureVersion=1.0") && !has(b"Format=JSON"));
    if is_xml { Format::Xml } else { Format::Json }
}

/// The pairs of the query of a request.
fn query_pairs(uri: &http::Uri) -> impl Iterator<Item = &[u8]> + Clone {
    raw_pairs(uri.query().unwrap_or_default().as_bytes())
}

/// The pairs of a query, or of a form.
fn raw_pairs(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| *byte == b'&')
}

/// The requested action.
fn asked_for(intent: &Intent<'_>, host: &str) -> Result<Listed, Refusal> {
    let action = intent.action.ok_or_else(|| Refusal::about(&MISSING_PARAMETER, "Action"))?;
    let version = intent.version.ok_or_else(|| Refusal::about(&MISSING_PARAMETER, "Version"))?;
    find_by_request(PRODUCTS, version, host, action).map_err(|unknown| match unknown {
        Unknown::Version => (&INVALID_VERSION).into(),
        Unknown::Product(code, version) => {
            Refusal::about(&PRODUCT_NOT_HERE, &format!("{code} {version}"))
        }
        Unknown::Action(product) => product.errors.unknown_action.into(),
        Unknown::NotHere(product) => Refusal::about(product.errors.action_not_here, action),
    })
}

/// A gateway that several connections share.
pub(crate) type SharedGateway = Arc<Gateway>;
