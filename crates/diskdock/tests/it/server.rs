//! Real sockets against the real program: slow, large, odd and impatient clients; TLS; stopping;
//! and what it refuses to start with.

mod clients;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use diskdock::clock::Clock;
use serde_json::Value;

use crate::harness::{Signer, Style, record};

/// How long an answer may take; only a failure waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);

fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/server").join(name)
}

fn program(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.args(["serve", "--log", "error", "--data-dir"]).arg(directory).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running server, stopped when this is dropped.
struct Server {
    child: Child,
    address: String,
    directory: tempfile::TempDir,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        let directory = tempfile::tempdir().unwrap();
        let mut all = vec!["--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut child = program(directory.path(), &all).spawn().unwrap();
        let mut greeting = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(greeting.read_line(&mut line).unwrap() > 0, "the server did not come up");
            if let Some((_, address)) = line.split_once("://") {
                break address.trim().to_owned();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut greeting, &mut std::io::sink()));
        Server { child, address, directory }
    }

    fn connect(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        Client(BufReader::new(stream))
    }

    fn answers(&self) {
        let mut client = self.connect();
        client.send(HEALTH);
        assert_eq!(client.answer().0, 200);
    }

    fn stop(&self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const HEALTH: &str = "GET /_diskdock/health HTTP/1.1\r\nhost: localhost\r\n\r\n";

struct Client<S>(BufReader<S>);

impl<S: Read + Write> Client<S> {
    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Sends as much as the other side takes.
    fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.0.get_mut().write_all(bytes);
    }

    /// Status, head and body of the next answer.
    fn answer(&mut self) -> (u16, String, Value) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.0.read_line(&mut head).unwrap();
            assert!(read > 0, "closed after {head:?}");
        }
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, length) = head.split_once("content-length: ").unwrap_or(("", "0\r\n"));
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(code) = body["Code"].as_str() {
            record::answered("", status, code, "");
        }
        (status, head, body)
    }

    /// All that comes until the other side closes.
    fn answer_text(&mut self) -> String {
        let mut text = String::new();
        self.0.read_to_string(&mut text).unwrap();
        text
    }

    /// Whether the other side has closed, after whatever it still said.
    fn is_closed(&mut self) -> bool {
        // A reset is as good as an end.
        self.0.read_to_end(&mut Vec::new()).map_or_else(|e| e.kind() != WAITED, |_| true)
    }
}

const WAITED: std::io::ErrorKind = std::io::ErrorKind::WouldBlock;

/// The target of a signed DescribeDisks.
fn target() -> String {
    let now = Clock::default().now();
    let signer = Signer::default();

    let parameters = [("RegionId", "cn-hangzhou"), ("DiskName", "none")];

    let request = signer.sign(Style::default(), "DescribeDisks", &parameters, now);
    request.uri().to_string()
}

#[test]
fn slow_clients_delay_no_other_client() {
    let server = Server::start(&[]);
    let heads: Vec<_> = (0..50)
        .map(|_| {
            let mut client = server.connect();
            client.send("GET / HTTP/1.1\r\nhost: local");
            client
        })
        .collect();
    let bodies: Vec<_> = (0..50)
        .map(|_| {
            let mut client = server.connect();
            client.send("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nAct");
            client
        })
        .collect();
    server.answers();
    drop((heads, bodies));
    server.answers();
}

#[test]
fn a_body_that_is_too_large_is_refused_in_json() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let length = 1024 * 1024 + 1;
    client.send(&format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n"));
    client.try_send(&vec![b'a'; length]);
    let (status, head, body) = client.answer();
    assert_eq!(status, 413, "{head}");
    assert!(body["Code"].is_string() && body["RequestId"].is_string(), "{body}");
    server.answers();
}

#[test]
fn a_head_that_is_too_large_closes_the_connection() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: ");
    client.try_send(&vec![b'a'; 300 * 1024]);
    let mut said = [0; 12];
    let read = client.0.read(&mut said).unwrap_or(0);
    assert!(read == 0 || said.starts_with(b"HTTP/1.1 4"), "{said:?}");
    assert!(client.is_closed());
    server.answers();
}

#[test]
fn connections_are_kept_alive_and_requests_can_be_pipelined() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for _ in 0..3 {
        client.send(HEALTH);
        assert_eq!(client.answer().0, 200);
    }
    client.send(&HEALTH.repeat(3));
    client.send("GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let statuses: Vec<_> = (0..4).map(|_| client.answer().0).collect();
    assert_eq!(statuses, [200, 200, 200, 404], "in the order in which they were sent");
}

#[test]
fn http_1_0_clients_and_unusual_requests_are_served() {
    let server = Server::start(&[]);
    let target = target();
    let mut old = server.connect();
    old.send(&format!("GET {target} HTTP/1.0\r\nhost: localhost\r\n\r\n").replace("GET", "POST"));
    let (status, _, body) = old.answer();
    assert_eq!((status, &body["TotalCount"]), (200, &Value::from(0)), "{body}");
    assert!(old.is_closed(), "HTTP/1.0 is one request to a connection");
    let mut bare = server.connect();
    bare.send("POST / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let (status, _, body) = bare.answer();
    assert!(
        (400..500).contains(&status) && body["Code"].is_string(),
        "no length is no body: {body}"
    );
    let mut chunked = server.connect();
    chunked.send(
        "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n\
         7\r\nAction=\r\n6\r\nNoSuch\r\n14\r\n&Version=2014-05-26x\r\n0\r\n\r\n",
    );
    let (status, _, body) = chunked.answer();
    assert!((400..500).contains(&status) && body["Code"].is_string(), "{body}");
    let mut nonsense = server.connect();
    nonsense.send("\0\0\0 nonsense\r\n\r\n");
    assert!(nonsense.is_closed());
    server.answers();
}

#[test]
fn shutdown_waits_for_requests_in_progress() {
    let mut server = Server::start(&[]);
    let mut idle = server.connect();
    idle.send(HEALTH);
    idle.answer();
    let mut under_way = server.connect();
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n";
    under_way.send(&format!("{head}expect: 100-continue\r\n\r\n"));
    assert_eq!(under_way.answer().0, 100, "it is being read");
    under_way.send("ab");
    server.stop();
    assert!(idle.is_closed(), "nothing is under way there");
    under_way.send("cd");
    let (status, _, body) = under_way.answer();
    assert!((400..500).contains(&status), "{body}");
    assert!(server.child.wait().unwrap().success());
}

type TlsClient = Client<rustls::StreamOwned<rustls::ClientConnection, TcpStream>>;

/// A client that trusts the certificate of the tests.
fn tls_client(server: &Server) -> TlsClient {
    use rustls::pki_types::pem::PemObject;
    let chain = certificate("test-cert.pem");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_file(&chain).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    Client(BufReader::new(rustls::StreamOwned::new(session, stream)))
}

#[test]
fn serve_with_a_certificate_uses_tls() {
    let (chain, key) = (certificate("test-cert.pem"), certificate("test-key.pem"));
    let (chain_text, key_text) = (chain.to_str().unwrap(), key.to_str().unwrap());
    let server = Server::start(&["--tls-cert", chain_text, "--tls-key", key_text]);
    let mut client = tls_client(&server);
    client.send(HEALTH);
    assert_eq!(client.answer().0, 200);
    let mut plain = server.connect();
    plain.send(HEALTH);
    assert!(plain.is_closed(), "no plain text on a TLS port");
    client.send(HEALTH);
    assert_eq!(client.answer().0, 200);
}

/// The exit code and what was said of a server that does not start.
fn refusal(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(directory, arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn serve_beyond_loopback_requires_tls_and_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let open = ["--listen", "0.0.0.0:0"];
    let (code, said) = refusal(directory.path(), &open);
    assert_eq!(code, Some(1));
    assert!(said.contains("beyond loopback wants TLS") && said.contains("--tls-cert"), "{said}");
    let (code, said) = refusal(directory.path(), &[&open[..], &["--insecure-http"]].concat());
    assert_eq!(code, Some(1));
    assert!(said.contains("wants an access key") && said.contains("key create"), "{said}");
}

#[test]
fn serve_refuses_a_data_directory_in_use() {
    let server = Server::start(&[]);
    let directory = server.directory.path();
    let (code, said) = refusal(directory, &["--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("is another diskdock using it?") && said.contains("--data-dir"),
        "{said}"
    );
    server.answers();
}

#[test]
fn admin_finish_that_matches_nothing_exits_1_with_the_reason() {
    let server = Server::start(&[]);
    let finish = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.env("DISKDOCK_ENDPOINT", format!("http://{}", server.address));
        command.args(["admin", "finish"]).args(arguments).output().unwrap()
    };
    for arguments in [&["--disk", "d-nowhere"][..], &[]] {
        let Output { status, stderr, .. } = finish(arguments);
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains("nothing like that is under way"), "{said}");
    }
}

#[test]
fn server_that_is_stopped_as_soon_as_it_is_ready_ends_cleanly() {
    for round in 0..10 {
        let mut server = Server::start(&[]);
        server.stop();
        let status = server.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "round {round}: {status}");
    }
}

#[test]
fn serve_names_a_port_that_is_in_use() {
    let server = Server::start(&[]);
    let other = tempfile::tempdir().unwrap();
    let (code, said) = refusal(other.path(), &["--listen", &server.address]);
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("cannot listen on {}", server.address)), "{said}");
}
