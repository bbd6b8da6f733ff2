//! Connections: accepted up to a bound, each with deadlines for what the other side has to send.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::respond::Answer;
use super::{GatewayReply, Shared, host};
use crate::catalog::errors::{MALFORMED_REQUEST, REQUEST_TOO_LARGE};
use crate::catalog::{Format, Refusal, Stop};

/// Connections at a time; more have to wait.
const CONNECTIONS: usize = 4_096;
/// The largest request line with all headers, in bytes: user data of 32 KiB travels in the query.
const HEAD: usize = 256 * 1024;
/// The largest body, in bytes.
const BODY: usize = 1024 * 1024;
/// Time to send a request's head, which includes the time between requests.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);
/// Time to send a body.
const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// Time to take what was answered; whoever reads nothing for so long is cut off.
const READ_DEADLINE: Duration = Duration::from_secs(60);
/// Time for a TLS handshake.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Time that requests under way have when the server stops.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// Answers connections until `stop` is done, then lets requests under way finish.
///
/// Requests to `/` are for the API; all others are for `pages`.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    gateway: Shared,
    pages: Router,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let connection = Connection { gateway, pages, tls, stopped };
    tokio::pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection.clone();
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let timeout = Some(READ_DEADLINE);
                    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(timeout);
                    connection.welcome(stream, peer).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(STOP_DEADLINE, places.acquire_many(all)).await;
}

#[derive(Clone)]
struct Connection {
    gateway: Shared,
    pages: Router,
    tls: Option<TlsAcceptor>,
    stopped: watch::Receiver<bool>,
}

impl Connection {
    async fn welcome(self, stream: tokio::net::TcpStream, peer: SocketAddr) {
        match &self.tls {
            None => self.talk(stream).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE_DEADLINE, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.talk(stream).await,
                Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
            },
        }
    }

    async fn talk(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = service_fn(|request| self.answer(request));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_buf_size(HEAD);
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let mut stopped = self.stopped.clone();
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = said(&mut stopped) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }

    /// `Err` closes the connection without an answer.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Silence> {
        if !matches!(request.uri().path(), "/" | "") {
            let pages = TowerToHyperService::new(self.pages.clone());
            return pages.call(request).await.map_err(|never: Infallible| match never {});
        }
        if looks_around(&request) {
            return Ok(to_the_explorer());
        }
        let (parts, body) = request.into_parts();
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => {
                let id = self.gateway.services.environment.ids.request();
                let stop = Stop::Refused(refusal);
                let answer = Answer::stopped(&stop, &id, host(&parts), Format::Json);
                return Ok(answer.into_response(&id).map(Body::new));
            }
        };
        match self.gateway.handle(&parts, &body).await {
            GatewayReply::Answer(response) => Ok(response.map(Body::new)),
            GatewayReply::Silence => Err(Silence),
        }
    }
}

/// Whether somebody opened the bare address in a browser: it asks for nothing of the API.
fn looks_around(request: &Request<Incoming>) -> bool {
    let asked = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let bare = request.method() == Method::GET && request.uri().query().is_none();
    bare && asked.is_some_and(|asked| asked.starts_with("text/html"))
}

/// The way to the pages.
fn to_the_explorer() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/explorer"));
    response
}

/// Waits until it is said that the server stops.
async fn said(stopped: &mut watch::Receiver<bool>) {
    // An error means that nobody is left to say it.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// The connection is closed without a word, as an operator wanted.
#[derive(Debug, thiserror::Error)]
#[error("an operator wanted no answer")]
struct Silence;

/// Reads a body, up to its bound and within its deadline.
async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let limited = Limited::new(body, BODY).collect();
    match tokio::time::timeout(BODY_DEADLINE, limited).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let most = format!("the body may have {BODY} bytes");
            Err(Refusal::about(&REQUEST_TOO_LARGE, &most))
        }
        Ok(Err(error)) => Err(Refusal::about(&MALFORMED_REQUEST, &error.to_string())),
        Err(_) => Err(Refusal::about(&MALFORMED_REQUEST, "the body did not come in time")),
    }
}

/// TLS with the certificate chain and the key in these PEM files.
pub fn tls(certificates: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let in_file = |path: &Path, error: &dyn std::fmt::Display| {
        format!("cannot use {}: {error}", path.display())
    };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| in_file(certificates, &error))?;
    if chain.is_empty() {
        return Err(in_file(certificates, &"there is no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| in_file(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| in_file(certificates, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
