//! A server that a test has started: it says where it is, and ends with its parent.

use std::io::Read;
use std::net::SocketAddr;

use serde_json::json;
use tokio::sync::oneshot;

use super::args::ServeArgs;
use super::endpoint;
use super::greeting::Trusted;

/// The line of JSON that a parent waits for.
pub(super) fn announcement(args: &ServeArgs, address: SocketAddr, admin_token: &str) -> String {
    let (endpoint, version) = (endpoint(args, address), env!("CARGO_PKG_VERSION"));
    let mut line = json!({ "endpoint": endpoint, "admin_token": admin_token, "version": version });
    if let Some(file) = &Trusted::of(args).file {
        line["ca_cert"] = json!(file);
    }
    format!("{line}\n")
}

/// Waits until standard input ends. Input before that is dropped.
pub(super) async fn input_ended() {
    let (ended, waits) = oneshot::channel::<()>();
    // A thread of its own: a read that waits would keep the runtime from ending.
    std::thread::spawn(move || {
        let _ended = ended;
        let mut input = std::io::stdin().lock();
        let mut dropped = [0; 1024];
        while input.read(&mut dropped).is_ok_and(|read| read > 0) {}
    });
    // The sender is only dropped.
    let _ = waits.await;
}
