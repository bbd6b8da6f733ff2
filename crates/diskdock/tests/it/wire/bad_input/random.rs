//! Random bytes through the whole gateway; `generated` sends requests that are signed.

use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::TestServer;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn unsigned() -> impl Strategy<Value = Request<Vec<u8>>> {
    let query = prop_oneof![
        "[!-~&&[^#<>\"`\\\\^{}|]]{0,200}",
        "((Action|Version|Signature|Format|Timestamp|AccessKeyId)=[%+A-Za-z0-9]{0,10}&){0,8}",
    ];
    let kind = prop::sample::select(vec![
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "\u{ff}",
        "",
    ]);
    let header = (
        prop::sample::select(vec![
            "x-acs-action", "x-acs-version", "x-acs-date", "authorization", "host", "origin",
            "x-acs-content-sha256", "x-acs-signature-nonce", "x-acs-bearer-token",
        ]),
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "ACS3-HMAC-SHA256 Credential=[a-z]{0,5},SignedHeaders=[a-z;-]{0,20},Signature=[0-9]{0,4}"
                .prop_map(String::into_bytes),
        ],
    );
    let headers = prop::collection::vec(header, 0..5);
    let body = prop::collection::vec(any::<u8>(), 0..300);
    (query, kind, headers, body, any::<bool>()).prop_filter_map("a request that HTTP allows", build)
}

type Parts = (String, &'static str, Vec<(&'static str, Vec<u8>)>, Vec<u8>, bool);

fn build((query, kind, headers, body, post): Parts) -> Option<Request<Vec<u8>>> {
    let method = if post { "POST" } else { "GET" };
    let target: http::Uri = format!("/?{query}").parse().ok()?;
    let mut request = Request::builder().method(method).uri(target).body(body).ok()?;
    let fields = request.headers_mut();
    fields.insert("content-type", HeaderValue::from_bytes(kind.as_bytes()).ok()?);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            fields.append(HeaderName::from_static(name), value);
        }
    }
    Some(request)
}

#[test]
fn random_unsigned_bytes_get_well_formed_errors() {
    let runtime = runtime();
    let server = runtime.block_on(TestServer::new());
    let before = server.export_json();
    let mut runner = TestRunner::new(Config { cases: 2_000, ..Config::default() });
    let outcome = runner.run(&unsigned(), |request| {
        let answer = runtime.block_on(server.send(request)).unwrap();
        prop_assert!((400..500).contains(&answer.status), "{:?}", answer);
        prop_assert!(!answer.code().is_empty());
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(server.export_json(), before);
}
