//! Our own signatures verify, whatever the values are.

use diskdock::gateway::decode::Pair;
use diskdock::gateway::signature::{Acs3Request, payload_hash, percent_encode};
use diskdock::gateway::signature::{sign_acs3, sign_rpc};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::request::Request;

const COMMON: [(&str, &str); 6] = [
    ("AccessKeyId", "testid"),
    ("Action", "DetachDisk"),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureNonce", "n"),
    ("SignatureVersion", "1.0"),
    ("Timestamp", "2026-01-02T03:04:05Z"),
];

/// Distinct names that are none of the common ones, with any values.
fn parameters() -> impl Strategy<Value = Vec<Pair>> {
    proptest::collection::btree_map("p.{0,6}|\\PC{0,3}:", any::<String>(), 0..8)
        .prop_map(|map| map.into_iter().collect())
}

fn rpc(own: Vec<Pair>, secret: &str) -> Request {
    let mut query: Vec<Pair> = COMMON.map(|(name, value)| (name.into(), value.into())).into();
    query.extend(own);
    query.push(("Signature".to_owned(), sign_rpc("GET", &query, secret)));
    Request {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query,
        headers: HeaderMap::new(),
        body: Vec::new(),
    }
}

fn acs3(query: Vec<Pair>, body: Vec<u8>, secret: &str) -> Request {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "127.0.0.1:8080"),
        ("x-acs-action", "DetachDisk"),
        ("x-acs-version", "2014-05-26"),
        ("x-acs-date", "2026-01-02T03:04:05Z"),
        ("x-acs-signature-nonce", "n"),
        ("accept", "application/json"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let hash = HeaderValue::from_str(&payload_hash(&body)).unwrap();
    headers.insert("x-acs-content-sha256", hash);
    let request = Acs3Request {
        method: "POST",
        path: "/",
        query: &query,
        headers: &headers,
        body: &body,
        access_key_id: "testid",
    };
    let authorization = HeaderValue::from_str(&sign_acs3(&request, secret)).unwrap();
    headers.insert("authorization", authorization);
    Request { method: "POST".to_owned(), path: "/".to_owned(), query, headers, body }
}

proptest! {
    #[test]
    fn our_1_0_signature_verifies(own in parameters(), secret in any::<String>()) {
        let request = rpc(own, &secret);
        prop_assert_eq!(request.verify(&secret), Ok(Ok(())));
        let other = format!("{secret}x");
        prop_assert!(!request.passes(&other));
    }

    #[test]
    fn our_acs3_signature_verifies(
        query in parameters(),
        body in proptest::collection::vec(any::<u8>(), 0..40),
        secret in any::<String>(),
    ) {
        let request = acs3(query, body, &secret);
        prop_assert_eq!(request.verify(&secret), Ok(Ok(())));
        let other = format!("{secret}x");
        prop_assert!(!request.passes(&other));
    }

    #[test]
    fn our_encoding_is_undone_by_decoding(text in any::<String>()) {
        let raw = format!("k={}", percent_encode(&text));
        let decoded = diskdock::gateway::decode::query(&raw).unwrap();
        prop_assert_eq!(decoded, [("k".to_owned(), text)]);
    }
}
