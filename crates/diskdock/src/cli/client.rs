//! A small HTTP/1.1 client: one request, one connection, one deadline.

use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Failure;
use super::tls::{self, Trust};

/// The largest reply in bytes; exports can be large.
const ANSWER_BYTES: usize = 256 << 20;
/// The default address of `diskdock serve`.
pub(crate) const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:5260";

/// How to reach a server.
#[derive(Clone, Debug, clap::Args)]
pub struct ConnectionArgs {
    /// The server, such as http://127.0.0.1:5260
    #[arg(long, global = true, value_name = "URL", default_value = DEFAULT_ENDPOINT)]
    #[arg(env = "DISKDOCK_ENDPOINT")]
    pub endpoint: String,
    /// Seconds to wait for a reply
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30)]
    pub timeout: u64,
    /// Trusted certificates
    #[command(flatten)]
    pub trust: Trust,
}

/// A server's address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    secure: bool,
    /// Without brackets.
    host: String,
    port: u16,
}

impl Endpoint {
    /// Reads `http://host:port` or `https://host`; without a scheme, loopback is http.
    pub(super) fn parse(text: &str) -> Result<Endpoint, Failure> {
        let wrong = |why: &str| {
            let hint = "Write it as http://127.0.0.1:5260 or https://ecs.example.com.";
            Failure::usage(format!("{text} is no endpoint: {why}"), hint)
        };
        let uri: Uri = text.parse().map_err(|_| wrong("it cannot be read"))?;
        let host = uri.host().ok_or_else(|| wrong("it has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("it has a path"));
        }
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            None => !is_loopback(&host),
            Some(_) => return Err(wrong("the scheme is neither http nor https")),
        };
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Endpoint { secure, host, port })
    }

    /// Whether it is on this host.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Whether it is called with TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// As it is written.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// The `Host` header.
    pub(crate) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A reply.
#[derive(Clone, Debug)]
pub(crate) struct HttpReply {
    /// Its HTTP status.
    pub status: StatusCode,
    /// Names of parameters that had no effect, from `x-diskdock-ignored`.
    pub ignored: Option<String>,
    /// Its body.
    pub body: Bytes,
}

/// A connection.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// Talks to one server.
#[derive(Clone)]
pub(crate) struct ApiClient {
    /// The server.
    pub endpoint: Endpoint,
    tls: Option<TlsConnector>,
    timeout: Duration,
}

impl ApiClient {
    /// A client for this server.
    pub(super) fn new(connection: &ConnectionArgs) -> Result<ApiClient, Failure> {
        let endpoint = Endpoint::parse(&connection.endpoint)?;
        let tls = if endpoint.secure {
            Some(TlsConnector::from(Arc::new(tls::configuration(&connection.trust)?)))
        } else {
            None
        };
        Ok(ApiClient { endpoint, tls, timeout: Duration::from_secs(connection.timeout.max(1)) })
    }

    /// Sends a request whose URI is a path, and waits for the whole reply.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<HttpReply, Failure> {
        let sent = tokio::time::timeout(self.timeout, self.exchange(request)).await;
        sent.unwrap_or_else(|_| {
            let message = format!(
                "{} did not answer within {} s",
                self.endpoint.authority(),
                self.timeout.as_secs()
            );
            let hint = "Whether the request had an effect is unknown: look before you repeat it.\n\
                        Wait longer with --timeout.";
            Err(Failure::unreachable(message, hint))
        })
    }

    async fn exchange(&self, mut request: Request<Bytes>) -> Result<HttpReply, Failure> {
        let authority = HeaderValue::from_str(&self.endpoint.authority())
            .map_err(|error| Failure::usage(error, ""))?;
        request.headers_mut().insert(HOST, authority);
        self.exchange_with(self.open().await?, request).await
    }

    /// A connection that is safe if it has to be, to be made within the client's deadline.
    pub(super) async fn open_in_time(&self) -> Result<Box<dyn ByteStream>, Failure> {
        let opened = tokio::time::timeout(self.timeout, self.open()).await;
        opened.unwrap_or_else(|_| {
            let place = self.endpoint.authority();
            let message = format!("no connection to {place} within {} s", self.timeout.as_secs());
            Err(Failure::unreachable(message, "Wait longer with --timeout."))
        })
    }

    async fn open(&self) -> Result<Box<dyn ByteStream>, Failure> {
        let stream = self.connect().await?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(self.endpoint.host.clone())
            .map_err(|error| Failure::usage(error, ""))?;
        let stream = tls.connect(name, stream).await.map_err(|error| self.no_tls(&error))?;
        Ok(Box::new(stream))
    }

    async fn connect(&self) -> Result<TcpStream, Failure> {
        let address = (self.endpoint.host.as_str(), self.endpoint.port);
        TcpStream::connect(address).await.map_err(|error| {
            let place = self.endpoint.authority();
            if error.kind() == std::io::ErrorKind::ConnectionRefused {
                let hint = "Start one with `diskdock serve`, or name another with --endpoint.";
                return Failure::unreachable(format!("no server at {place}"), hint);
            }
            let hint = "Check --endpoint and the network.";
            Failure::unreachable(format!("cannot reach {place}: {error}"), hint)
        })
    }

    fn no_tls(&self, error: &std::io::Error) -> Failure {
        let hint = "Trust its authority with --ca-cert FILE; for a test, --insecure; \
                    if it speaks no TLS, use http://.";
        let place = self.endpoint.authority();
        Failure::unreachable(format!("no safe connection to {place}: {error}"), hint)
    }

    async fn exchange_with(
        &self,
        stream: Box<dyn ByteStream>,
        request: Request<Bytes>,
    ) -> Result<HttpReply, Failure> {
        let broken = |error: &dyn std::fmt::Display| {
            let place = self.endpoint.authority();
            let hint = "If it speaks TLS, use https://. Look whether the request had an effect \
                        before you repeat it.";
            Failure::unreachable(format!("the connection to {place} broke: {error}"), hint)
        };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request.map(Full::new)).await;
        let (head, body) = answer.map_err(|error| broken(&error))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| broken(&error))?.to_bytes();
        driver.abort();
        let ignored = head.headers.get("x-diskdock-ignored");
        let ignored = ignored.and_then(|names| names.to_str().ok()).map(str::to_owned);
        Ok(HttpReply { status: head.status, ignored, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> Option<String> {
        Endpoint::parse(text).ok().map(|endpoint| endpoint.authority())
    }

    #[test]
    fn reads_endpoints() {
        assert_eq!(authority("http://127.0.0.1:5260").as_deref(), Some("127.0.0.1:5260"));
        assert_eq!(authority("http://[::1]:5260/").as_deref(), Some("[::1]:5260"));
        assert_eq!(authority("https://ecs.example.com").as_deref(), Some("ecs.example.com"));
        assert_eq!(authority("localhost:8080").as_deref(), Some("localhost:8080"));
        assert_eq!(authority("ftp://x"), None);
        assert_eq!(authority("http://x/path"), None);
        assert_eq!(authority(""), None);
    }

    #[test]
    fn without_a_scheme_only_loopback_is_plain() {
        assert!(Endpoint::parse("ecs.example.com").is_ok_and(|endpoint| endpoint.secure));
        assert!(Endpoint::parse("127.0.0.1:1").is_ok_and(|endpoint| !endpoint.secure));
    }
}
