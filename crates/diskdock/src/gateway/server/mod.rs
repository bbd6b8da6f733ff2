//! The HTTP server: accepts connections up to a bound, reads requests within deadlines, and hands
//! those for `/` to the gateway and all others to the pages.

mod bodies;
mod client_stream;
mod connections;
mod lasting;
mod page_errors;
mod tls;
mod transfer_timer;
mod unreadable;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT, LOCATION, UPGRADE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::respond::ApiResponse;
use super::{GatewayReply, SharedGateway, guessed_format, host, query_pairs};
use crate::catalog::Origin;
use crate::catalog::errors::{MALFORMED_REQUEST, REQUEST_TOO_LARGE, SERVICE_UNAVAILABLE};
use crate::catalog::{ActionError, Refusal};
use bodies::{ReplyBody, RequestBody};
use client_stream::ClientStream;
use connections::{Admitted, Connections, LargeBody};
pub(crate) use lasting::LastingConnection;
use page_errors::PageErrors;
use transfer_timer::TransferTimer;

pub use client_stream::Deadlines;
pub use connections::ConnectionLimits;
pub(crate) use tls::tls;

/// The largest request line with all headers, in bytes. The request line alone may have 64 KiB:
/// user data of 32 KiB travels in the query.
const HEAD: usize = 128 * 1024;
/// The largest body of a request to the API, in bytes.
const BODY: usize = 1024 * 1024;
/// The largest body that needs no room among the large ones, in bytes. Ordinary calls have some
/// 1 KiB, and 32 KiB of user data are the most that clients send.
const SMALL_BODY: u64 = 64 * 1024;
/// `TCP_USER_TIMEOUT`: the kernel closes a connection that acknowledges nothing for this long.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);
/// Time that requests in progress have to finish when the server stops.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// The HTTP server: services, bounds and deadlines.
#[derive(Clone)]
pub struct Server {
    /// Serves requests to `/`.
    pub gateway: SharedGateway,
    /// Serves all other paths.
    pub pages: Router,
    /// TLS, if it is enabled.
    pub tls: Option<TlsAcceptor>,
    /// How many clients may be connected.
    pub limits: ConnectionLimits,
    /// Deadlines for what a client has to do.
    pub deadlines: Deadlines,
}

impl Server {
    /// Serves connections until `stop` completes, then waits for requests in progress.
    pub(crate) async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let connections = Connections::new(self.limits);
        let tasks = TaskTracker::new();
        tokio::pin!(stop);
        loop {
            let next = async {
                connections.room().await;
                listener.accept().await
            };
            let accepted = tokio::select! {
                accepted = next => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, peer)) => match connections.admit(peer.ip()) {
                    Some(admitted) => {
                        let connection = self.connection(admitted, stopped.clone(), tasks.token());
                        tasks.spawn(connection.serve_client(stream, peer));
                    }
                    None => tracing::debug!(%peer, "too many connections from one address"),
                },
                Err(error) => after_failed_accept(&connections, &error).await,
            }
        }
        drop(listener);
        let _ = stopping.send(true);
        tasks.close();
        // Requests that take longer are cut off.
        let _ = tokio::time::timeout(STOP_DEADLINE, tasks.wait()).await;
    }

    /// Serves one client over any stream until it has gone, as [`Server::run`] does over TCP.
    pub async fn serve_stream(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (_stopping, stopped) = watch::channel(false);
        let connections = Connections::new(self.limits);
        if let Some(admitted) = connections.admit(IpAddr::V4(Ipv4Addr::LOCALHOST)) {
            let tasks = TaskTracker::new();
            let connection = self.connection(admitted, stopped, tasks.token());
            connection.talk(stream, Origin::default()).await;
            drop(connection);
            tasks.close();
            tasks.wait().await;
        }
    }

    fn connection(
        &self,
        admitted: Admitted,
        stopped: watch::Receiver<bool>,
        running: TaskTrackerToken,
    ) -> Connection {
        let lasting =
            LastingConnection { admitted: Arc::new(admitted), stopped, _running: running };
        Connection { server: self.clone(), lasting }
    }
}

/// Out of file descriptors: closes the client that has waited longest.
async fn after_failed_accept(connections: &Connections, error: &io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    if matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE)) {
        connections.evict_one();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// One connection and the server of its requests.
struct Connection {
    server: Server,
    lasting: LastingConnection,
}

impl Connection {
    async fn serve_client(self, stream: TcpStream, peer: SocketAddr) {
        // Without these a connection is slower to answer or to be given up, and works.
        let _ = stream.set_nodelay(true);
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let origin = Origin { address: Some(peer.ip()), secure: self.server.tls.is_some() };
        let Some(tls) = &self.server.tls else { return self.talk(stream, origin).await };
        let handshake = tokio::time::timeout(self.server.deadlines.handshake, tls.accept(stream));
        let shaken = tokio::select! {
            shaken = handshake => shaken,
            () = self.lasting.admitted.client.evicted() => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.talk(stream, origin).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        }
    }

    async fn talk(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        origin: Origin,
    ) {
        let client = &self.lasting.admitted.client;
        let gateway = Arc::clone(&self.server.gateway);
        let explain = Box::new(move |bare: unreadable::BareReply, head: &[u8]| {
            bare.explained(&gateway, head)
        });
        let deadlines = self.server.deadlines;
        let stream = ClientStream::new(stream, Arc::clone(client), deadlines, explain);
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(origin);
            if request.headers().contains_key(UPGRADE) {
                request.extensions_mut().insert(self.lasting.clone());
            }
            self.answer(request)
        });
        let mut http = http1::Builder::new();
        http.half_close(true).header_read_timeout(None).max_buf_size(HEAD).max_header_size(HEAD);
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::pin!(connection);
        let mut stopped = self.lasting.stopped.clone();
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = client.evicted() => return tracing::debug!("closed to make room for another"),
            () = wait_for_stop(&mut stopped) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }

    /// `Err` closes the connection without an answer.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<ReplyBody>, Silence> {
        let client = &self.lasting.admitted.client;
        let timer = TransferTimer::new(self.server.deadlines.transfer);
        let request = request.map(|body| RequestBody::new(body, timer, Arc::clone(client)));
        let response = if !matches!(request.uri().path(), "/" | "") {
            self.answer_page(request).await
        } else if is_browser_visit(&request) {
            to_the_explorer()
        } else {
            self.answer_call(request).await?
        };
        let lasts = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        Ok(response.map(|body| ReplyBody::new(body, Arc::clone(client), lasts)))
    }

    async fn answer_page(&self, request: Request<RequestBody>) -> Response<Body> {
        let errors = PageErrors::of(&request);
        let pages = TowerToHyperService::new(self.server.pages.clone());
        let response = pages.call(request).await.unwrap_or_else(|never: Infallible| match never {});
        errors.explain(&self.server.gateway, response)
    }

    async fn answer_call(&self, request: Request<RequestBody>) -> Result<Response<Body>, Silence> {
        let (parts, body) = request.into_parts();
        match read(body, &self.lasting.admitted).await {
            Ok((body, _room)) => match self.server.gateway.handle(&parts, &body).await {
                GatewayReply::Response(response) => Ok(response.map(Body::from)),
                GatewayReply::Silence => Err(Silence),
            },
            Err(refusal) => Ok(self.refuse(&parts, refusal)),
        }
    }

    /// The answer to a request whose body could not be read.
    fn refuse(&self, parts: &Parts, refusal: Refusal) -> Response<Body> {
        let ids = &self.server.gateway.services.environment.ids;
        let format = guessed_format(query_pairs(&parts.uri));
        let stop = ActionError::Refused(refusal);
        let answer = ApiResponse::stopped(&stop, &ids.request(), host(parts), format);
        answer.into_response(&ids.trace()).map(Body::from)
    }
}

/// Whether a browser opened the bare address, which is no request to the API.
fn is_browser_visit<B>(request: &Request<B>) -> bool {
    let asked = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let bare = request.method() == Method::GET && request.uri().query().is_none();
    bare && asked.is_some_and(|asked| asked.starts_with("text/html"))
}

/// A redirect to the explorer.
fn to_the_explorer() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/explorer"));
    response
}

/// Waits until the server stops.
async fn wait_for_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// The connection is closed without a reply, because an operator injected that fault.
#[derive(Debug, thiserror::Error)]
#[error("an operator wanted no answer")]
struct Silence;

/// Reads a body, up to its bound, and while there is room for it, which is held with it.
async fn read<'a>(
    body: RequestBody,
    client: &'a Admitted,
) -> Result<(Bytes, Option<LargeBody<'a>>), Refusal> {
    if body.is_end_stream() {
        return Ok((Bytes::new(), None));
    }
    let too_large = || {
        let most = format!("the body may have {BODY} bytes");
        Refusal::about(&REQUEST_TOO_LARGE, &most)
    };
    if body.size_hint().lower() > BODY as u64 {
        return Err(too_large());
    }
    // A body that does not tell its length may be a large one.
    let is_small = body.size_hint().upper().is_some_and(|most| most <= SMALL_BODY);
    let room = match is_small {
        true => None,
        false => Some(client.large_body().ok_or(&SERVICE_UNAVAILABLE)?),
    };
    match Limited::new(body, BODY).collect().await {
        Ok(collected) => Ok((collected.to_bytes(), room)),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(Refusal::about(&MALFORMED_REQUEST, &error.to_string())),
    }
}
