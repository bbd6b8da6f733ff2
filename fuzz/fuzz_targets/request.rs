//! A signed call of any action with arbitrary parameters, all the way through a whole server: it
//! must be answered, never with a fault of ours, and the answer must be JSON or XML.

#![no_main]

use std::cell::OnceCell;

use diskdock::actions;
use diskdock::assembly::{Assembly, Plan};
use diskdock::clock::Clock;
use diskdock::gateway::Outcome;
use diskdock::gateway::signature::{percent_encode, sign_rpc};
use diskdock::hypervisor::Pace;
use diskdock::ids::Ids;
use diskdock::store::sqlite::Durability;
use domain::Moment;
use http_body_util::BodyExt;
use libfuzzer_sys::fuzz_target;

struct Server {
    assembly: Assembly,
    runtime: tokio::runtime::Runtime,
    nonces: std::cell::Cell<u64>,
    _directory: tempfile::TempDir,
}

thread_local! { static SERVER: OnceCell<Server> = const { OnceCell::new() }; }

const NOW: &str = "2026-01-02T03:04:05Z";

fn server() -> Server {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = Plan {
        directory: directory.path().to_owned(),
        durability: Durability::Relaxed,
        inventory: diskdock::inventory::load(None).expect("the built-in inventory"),
        clock: Clock::held_at(Moment(1_767_323_045_000)),
        ids: Ids::from_seed(1),
        pace: Pace::Fast,
        qemu: None,
        only_imported_images: false,
        strict: false,
        throttle: false,
        development_key: true,
        extra_hosts: Vec::new(),
    };
    let assembly = Assembly::new(plan).expect("a server");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    Server { assembly, runtime, nonces: Default::default(), _directory: directory }
}

fuzz_target!(|bytes: &[u8]| {
    let [which, style, rest @ ..] = bytes else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let names: Vec<_> = actions::all().map(|entry| entry.spec().name).collect();
    let action = names[usize::from(*which) % names.len()];
    SERVER.with(|cell| {
        let server = cell.get_or_init(server);
        call(server, action, *style, text);
    });
});

/// Lines of `name=value` are the parameters.
fn call(server: &Server, action: &str, style: u8, text: &str) {
    server.nonces.set(server.nonces.get() + 1);
    let xml = style & 1 == 1;
    let method = if style & 2 == 2 { "GET" } else { "POST" };
    let mut pairs: Vec<(String, String)> = [
        ("Action", action),
        ("Version", "2014-05-26"),
        ("AccessKeyId", "testid"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", &server.nonces.get().to_string()),
        ("Timestamp", NOW),
        ("Format", if xml { "XML" } else { "JSON" }),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    for line in text.lines() {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        if !name.is_empty() && pairs.iter().all(|(known, _)| known != name) {
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    let signature = sign_rpc(method, &pairs, "testsecret");
    pairs.push(("Signature".to_owned(), signature));
    let encode = |(name, value): &(String, String)| {
        format!("{}={}", percent_encode(name), percent_encode(value))
    };
    let query = pairs.iter().map(encode).collect::<Vec<_>>().join("&");
    let Ok(request) = http::Request::builder()
        .method(method)
        .uri(format!("/?{query}"))
        .header("host", "127.0.0.1:5260")
        .body(())
    else {
        return;
    };
    let (parts, ()) = request.into_parts();
    let outcome = server.runtime.block_on(server.assembly.gateway.handle(&parts, b""));
    let Outcome::Answer(response) = outcome else { panic!("an answer") };
    assert!(response.status().as_u16() < 500, "{action}: {}", response.status());
    let body = server.runtime.block_on(response.into_body().collect()).expect("a body").to_bytes();
    if xml {
        assert!(body.starts_with(b"<?xml"));
    } else {
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON");
    }
}
