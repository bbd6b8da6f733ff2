//! A server that a test has started: it says where it is, and ends with its parent.

use std::io::Read;

use serde_json::json;
use tokio::sync::oneshot;

/// The line of JSON that a parent waits for.
pub(super) fn announcement(endpoint: &str, admin_token: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let line = json!({ "endpoint": endpoint, "admin_token": admin_token, "version": version });
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
