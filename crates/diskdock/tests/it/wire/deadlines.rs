//! Clients that do not go on: every wait for one has a deadline, on every route.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::routing::get;
use diskdock::admin::{Access, Initialized, router};
use diskdock::gateway::guard::Guard;
use diskdock::gateway::server::{ConnectionLimits, Deadlines, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, timeout};

use crate::harness::{TOKEN, TestServer};

const TRANSFER: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(75);
/// By when any deadline has passed.
const LATE: Duration = Duration::from_secs(300);

/// A client of a whole server, over a pipe and with a clock that runs ahead while all wait.
fn connect(server: &TestServer, pipe: usize) -> DuplexStream {
    connect_within(server, pipe, TRANSFER)
}

fn connect_within(server: &TestServer, pipe: usize, transfer: Duration) -> DuplexStream {
    let access =
        Access { token: TOKEN.to_owned(), open_on_loopback: true, guard: Guard::default() };
    connect_to(server, router(&server.assembly, access, Initialized::already()), pipe, transfer)
}

fn connect_to(server: &TestServer, pages: Router, pipe: usize, transfer: Duration) -> DuplexStream {
    let server = Server {
        gateway: Arc::clone(&server.assembly.gateway),
        pages,
        tls: None,
        limits: ConnectionLimits::default(),
        deadlines: Deadlines { idle: IDLE, transfer, ..Deadlines::default() },
    };
    let (client, stream) = tokio::io::duplex(pipe);
    tokio::spawn(async move { server.serve_stream(stream).await });
    client
}

/// The bytes received until the server closes, and how long that takes.
async fn until_closed(client: &mut DuplexStream) -> (String, Duration) {
    let (began, mut said) = (Instant::now(), Vec::new());
    let closed = timeout(LATE, client.read_to_end(&mut said)).await;
    let said = String::from_utf8(said).unwrap();
    closed.unwrap_or_else(|_| panic!("not closed after {said:?}")).unwrap();
    (said, began.elapsed())
}

fn about(took: Duration, expected: Duration) {
    let late = took.saturating_sub(expected);
    assert!(took >= expected && late < Duration::from_secs(5), "{took:?}, not {expected:?}");
}

const ROUTES: &[&str] = &[
    "POST /",
    "PUT /_diskdock/state",
    "POST /_diskdock/reset",
    "GET /metrics",
    "GET /_diskdock/watch",
    "GET /explorer",
];

#[tokio::test(start_paused = true)]
async fn unfinished_head_is_closed_at_its_deadline_on_every_route() {
    let server = TestServer::new().await;
    for route in ROUTES {
        let mut client = connect(&server, 4096);
        let head = format!("{route} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-mo");
        client.write_all(head.as_bytes()).await.unwrap();
        let (said, took) = until_closed(&mut client).await;
        assert_eq!(said, "", "{route}");
        about(took, TRANSFER);
    }
}

#[tokio::test(start_paused = true)]
async fn unfinished_body_is_answered_and_closed_at_its_deadline() {
    let server = TestServer::new().await;
    for route in ["POST /", "POST /_diskdock/rules", "PUT /_diskdock/pace"] {
        let mut client = connect(&server, 4096);
        let head = format!("{route} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{{");
        client.write_all(head.as_bytes()).await.unwrap();
        let (said, took) = until_closed(&mut client).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{route}: {said}");
        about(took, TRANSFER);
    }
}

#[tokio::test(start_paused = true)]
async fn unread_body_closes_the_connection() {
    let server = TestServer::new().await;
    for route in ["GET /_diskdock/pace", "POST /nowhere", "GET /metrics", "PUT /_diskdock/clock"] {
        let mut client = connect(&server, 4096);
        let head = format!("{route} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{{");
        client.write_all(head.as_bytes()).await.unwrap();
        let (said, took) = until_closed(&mut client).await;
        assert!(said.starts_with("HTTP/1.1 "), "{route}");
        assert!(took <= TRANSFER + Duration::from_secs(3), "{route}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn trickling_body_times_out_and_a_steady_one_does_not() {
    let server = TestServer::new().await;
    let head =
        "POST /_diskdock/rules HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000000\r\n\r\n";
    let mut trickle = connect(&server, 4096);
    trickle.write_all(head.as_bytes()).await.unwrap();
    let began = Instant::now();
    while trickle.write_all(b" ").await.is_ok() && began.elapsed() < LATE {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    about(began.elapsed(), TRANSFER);
    let mut steady = connect(&server, 64 * 1024);
    steady.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..100 {
        steady.write_all(&[b' '; 10_000]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut said = [0; 12];
    timeout(LATE, steady.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"HTTP/1.1 400", "all of it was read, and it is no rule");
}

#[tokio::test(start_paused = true)]
async fn unread_reply_closes_the_connection_at_its_deadline() {
    let server = TestServer::new().await;
    server.available_disk().await;
    for route in ["/_diskdock/rules", "/metrics", "/_diskdock/health"] {
        let mut client = connect(&server, 64);
        let head = format!("GET {route} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let began = Instant::now();
        while !client_is_cut(&mut client).await {
            assert!(began.elapsed() < LATE, "{route} is still being sent");
        }
        about(began.elapsed(), TRANSFER);
    }
}

/// Whether the server has closed: it takes no more. A write that fits proves nothing.
async fn client_is_cut(client: &mut DuplexStream) -> bool {
    tokio::time::sleep(Duration::from_millis(500)).await;
    timeout(Duration::from_millis(1), client.write_all(&[b'x'; 65])).await.is_ok_and(|w| w.is_err())
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_closed_at_its_deadline() {
    let server = TestServer::new().await;
    let mut client = connect(&server, 4096);
    let health = "GET /_diskdock/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    for _ in 0..3 {
        client.write_all(health.as_bytes()).await.unwrap();
        let mut said = [0; 12];
        client.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"HTTP/1.1 200");
        let mut rest = [0; 4096];
        while timeout(IDLE / 3, client.read(&mut rest)).await.is_ok() {}
    }
    let (_, took) = until_closed(&mut client).await;
    about(took + IDLE / 3, IDLE);
}

/// Sends every message back.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn websocket_may_be_silent_longer_than_any_request() {
    let server = TestServer::new().await;
    let upgrade = |upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) };
    let pages = Router::new().route("/echo", get(upgrade));
    let mut client = connect_to(&server, pages, 4096, TRANSFER);
    let head = "GET /echo HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        said.push(client.read_u8().await.unwrap());
    }
    assert!(said.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&said));
    for _ in 0..3 {
        tokio::time::sleep(IDLE * 2).await;
        // "hi", behind a mask of zeros.
        client.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
        let mut back = [0; 4];
        client.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"\x81\x02hi");
    }
}

/// In real time, because a clock that runs ahead stands still while a thread waits for a body.
#[tokio::test]
async fn stalled_import_and_export_are_closed_at_their_deadline() {
    const SHORT: Duration = Duration::from_millis(200);
    let server = TestServer::new().await;
    server.available_disk().await;
    let before = server.export_json();
    let mut import = connect_within(&server, 4096, SHORT);
    let head = "PUT /_diskdock/state HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{";
    import.write_all(head.as_bytes()).await.unwrap();
    let (said, _) = until_closed(&mut import).await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("did not come in time"), "{said}");
    let mut export = connect_within(&server, 64, SHORT);
    export.write_all(b"GET /_diskdock/state HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await.unwrap();
    let began = Instant::now();
    while !client_is_cut(&mut export).await {
        assert!(began.elapsed() < LATE, "it is still being sent");
    }
    assert_eq!(server.export_json(), before);
    assert!(server.control("GET", "/state", "").await["disks"].is_array(), "others may export");
}

#[tokio::test]
async fn export_and_import_are_streamed_one_at_a_time() {
    let server = TestServer::new().await;
    server.available_disk().await;
    let before = server.control("GET", "/state", "").await;
    assert_eq!(before["disks"].as_array().unwrap().len(), 1);
    let reply = server.control("PUT", "/state", &before.to_string()).await;
    assert_eq!(reply["imported"]["disks"], 1);
    assert_eq!(server.control("GET", "/state", "").await, before);
    let (status, reply) = server.try_control("PUT", "/state", "{\"format\": 1, \"disks\": [").await;
    assert_eq!(status, 400, "{reply}");
    assert_eq!(server.control("GET", "/state", "").await, before, "nothing was changed");
}
