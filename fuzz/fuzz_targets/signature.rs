//! A request from arbitrary bytes: reading and checking its signature must not panic, and no
//! request may pass that was not signed with the secret.

#![no_main]

use diskdock::gateway::decode::{form, merge, query};
use diskdock::gateway::signature::{Received, SigningKey, claims, intent, payload_hash, verify};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

/// Unknown to the fuzzer, so that a pass is a forgery.
const SECRET: &str = "c7b1f0a2d9e84c1f9a6e";

fuzz_target!(|bytes: &[u8]| {
    // Lines: method, path, query, headers until an empty one; the rest is the body.
    let mut parts = bytes.splitn(4, |&byte| byte == b'\n');
    let mut text = || std::str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    let (method, path, raw) = (text(), text(), text());
    let (head, body) = split_body(parts.next().unwrap_or_default());
    let (Ok(query), Ok(fields)) = (query(raw), form(body)) else { return };
    let Ok(parameters) = merge(query.clone(), fields) else { return };
    let headers = headers(head, body);
    let received =
        Received { method, path, query: &query, parameters: &parameters, headers: &headers, body };
    let _ = intent(&received);
    if let Ok(claims) = claims(&received) {
        let key = SigningKey::new(SECRET);
        let refused = verify(&received, &claims, &key).expect_err("a forged request");
        assert!(!refused.to_string().is_empty());
    }
});

fn split_body(rest: &[u8]) -> (&[u8], &[u8]) {
    match rest.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&rest[..at], &rest[at + 2..]),
        None => (rest, b""),
    }
}

/// The headers as written, with the right hash of the body wherever a hash is claimed: the
/// fuzzer would never find it, and everything behind that check would stay untried.
fn headers(head: &[u8], body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in head.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(&line[colon + 1..]);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Some(hash) = headers.get_mut("x-acs-content-sha256") {
        if let Ok(right) = HeaderValue::from_str(&payload_hash(body)) {
            *hash = right;
        }
    }
    headers
}
