//! The yardstick: an axum handler that answers everything with the same bytes.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::serve::ListenerExt as _;
use http::{HeaderName, HeaderValue, Response};

use crate::process::{self, Process};

/// Headers that the HTTP library writes itself.
const AUTOMATIC: [&str; 4] = ["content-length", "date", "connection", "transfer-encoding"];

/// Starts this program as a bare server that repeats a recorded answer.
pub(crate) fn start(recorded: &[u8], directory: &Path) -> io::Result<Process> {
    let file = directory.join("recorded-answer");
    std::fs::write(&file, recorded)?;
    let address = process::free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare-server").arg(address.to_string()).arg(&file);
    let mut process = Process::start(command, address)?;
    process.first_answer(|| b"GET / HTTP/1.1\r\nHost: bare\r\n\r\n".to_vec())?;
    Ok(process)
}

/// Answers until the process is killed.
pub(crate) fn serve(address: SocketAddr, file: &Path) -> io::Result<()> {
    let recorded = std::fs::read(file)?;
    let body = Bytes::copy_from_slice(process::body(&recorded));
    let headers = headers(&recorded);
    let answer = move || {
        let (body, headers) = (body.clone(), headers.clone());
        async move {
            let mut response = Response::new(Body::from(body));
            response.headers_mut().extend(headers);
            response
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let listener = listener.tap_io(|stream| {
            // Slower at worst.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, Router::new().fallback(answer)).await
    })
}

/// The headers of the recorded answer but for those that come by themselves.
fn headers(recorded: &[u8]) -> Vec<(Option<HeaderName>, HeaderValue)> {
    let head = &recorded[..recorded.len() - process::body(recorded).len()];
    let text = String::from_utf8_lossy(head).into_owned();
    let lines = text.lines().skip(1).filter_map(|line| line.split_once(": "));
    let kept = lines.filter(|(name, _)| !AUTOMATIC.contains(name));
    kept.filter_map(|(name, value)| Some((Some(name.parse().ok()?), value.parse().ok()?))).collect()
}
