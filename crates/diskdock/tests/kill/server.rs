//! A server as a process, and calls to it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diskdock::catalog::times::with_seconds;
use diskdock::clock::Clock;
use diskdock::gateway::signature::{percent_encode, sign_rpc};
use serde_json::Value;

/// How long an answer may take, also from a server whose database is silent.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(12);

static NONCES: AtomicU64 = AtomicU64::new(0);

/// A server that is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(directory: &Path) -> Server {
        Server::logging(directory, "error", Stdio::inherit())
    }

    /// A server that writes this much of its log there.
    pub(crate) fn logging(directory: &Path, level: &str, log: Stdio) -> Server {
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--pace", "10ms", "--log", level])
            .arg("--data-dir")
            .arg(directory)
            .args(store())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            said.clear();
            assert!(lines.read_line(&mut said).unwrap() > 0, "the server did not come up");
            if let Some((_, address)) = said.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        // The rest of the greeting must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Server { child, address }
    }
}

/// The program of the next server: this test's own, or the one that `DISKDOCK_BIN` names, such as a
/// faster build. Where `DISKDOCK_BIN_BEFORE` names another version, every second one is that.
fn program() -> OsString {
    static STARTS: AtomicU64 = AtomicU64::new(0);
    let is_before = STARTS.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
    let before = std::env::var_os("DISKDOCK_BIN_BEFORE").filter(|_| is_before);
    let program = before.or_else(|| std::env::var_os("DISKDOCK_BIN"));
    program.unwrap_or_else(|| env!("CARGO_BIN_EXE_diskdock").into())
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The database of the server, if the test has one; else the state is in its directory.
pub(crate) fn store() -> Vec<String> {
    let database = std::env::var("DISKDOCK_TEST_POSTGRES").ok();
    database.map(|server| format!("--store={server}/postgres")).into_iter().collect()
}

/// One request and its answer; none if the server died meanwhile.
pub(crate) fn http(address: &str, method: &str, target: &str, body: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

/// A signed call; none if the server died before it answered.
pub(crate) fn call(address: &str, action: &str, own: &[(&str, &str)]) -> Option<(u16, Value)> {
    let now = Clock::default().now();
    let nonce = format!("kill-{}-{}", NONCES.fetch_add(1, Ordering::Relaxed), now.0);
    let timestamp = with_seconds(now);
    let common = [
        ("Action", action),
        ("Version", "2014-05-26"),
        ("AccessKeyId", "testid"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", &nonce),
        ("Timestamp", &timestamp),
        ("Format", "JSON"),
        ("RegionId", "cn-hangzhou"),
    ];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut all: Vec<_> = common.iter().chain(own).map(owned).collect();
    all.push(("Signature".to_owned(), sign_rpc("POST", &all, "testsecret")));
    let pair = |(name, value): &(String, String)| {
        format!("{}={}", percent_encode(name), percent_encode(value))
    };
    let query = all.iter().map(pair).collect::<Vec<_>>().join("&");
    http(address, "POST", &format!("/?{query}"), "")
}
