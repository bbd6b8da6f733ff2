//! Random requests through the whole gateway, signed and unsigned.

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::ParamSpec;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{REGION, Style, TestServer, ZONE};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Every name that an action knows, groups with the number 1.
fn names(specs: &'static [ParamSpec], prefix: &str, found: &mut Vec<(String, &'static str)>) {
    for spec in specs {
        let full = format!("{prefix}{}", spec.name);
        if !spec.children.is_empty() {
            names(spec.children, &format!("{full}.1."), found);
            names(spec.children, &format!("{full}."), found);
        }
        found.push((format!("{full}.1"), spec.example));
        found.push((full, spec.example));
    }
}

fn value(example: &'static str, known: Vec<String>) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(example.to_owned()),
        4 => prop::sample::select(known),
        2 => prop::sample::select(vec![
            "true", "False", "0", "-1", "20", "100", "500", "65536", "9223372036854775807",
            "[]", "[\"d-1\"]", "{\"a\":1}", "PL2", "cloud_auto", "2026-01-02T03:04Z", "*", "AAAAA0",
        ]).prop_map(str::to_owned),
        1 => ".{0,40}",
        1 => Just(String::new()),
    ]
}

fn request(known: Vec<String>) -> impl Strategy<Value = (String, Vec<(String, String)>, usize)> {
    let all: Vec<_> = actions::all().collect();
    (0..all.len(), 0..Style::ALL.len()).prop_flat_map(move |(at, style)| {
        let spec = all[at].spec();
        let mut found = Vec::new();
        names(spec.parameters, "", &mut found);
        // An action may have no parameters, but this one can always be sent.
        found.push(("RegionId".to_owned(), REGION));
        let known = known.clone();
        let one = prop::sample::select(found).prop_flat_map(move |(name, example)| {
            value(example, known.clone()).prop_map(move |value| (name.clone(), value))
        });
        let required: Vec<(String, String)> = spec
            .parameters
            .iter()
            .filter(|parameter| parameter.presence == diskdock::catalog::Presence::Required)
            .map(|parameter| (parameter.name.to_owned(), parameter.example.to_owned()))
            .collect();
        (Just(all[at].key(PRODUCTS)), prop::collection::vec(one, 0..8), any::<bool>(), Just(style))
            .prop_map(move |(name, mut pairs, complete, style)| {
                if complete {
                    pairs.extend(required.iter().cloned());
                }
                pairs.sort();
                pairs.dedup_by(|later, first| later.0 == first.0);
                (name, pairs, style)
            })
    })
}

#[test]
fn signed_requests_with_random_parameters_get_well_formed_replies() {
    let runtime = runtime();
    let server = runtime.block_on(TestServer::new());
    let known = runtime.block_on(async {
        let instance = server.running_instance().await;
        let on = server.disk_on(&instance).await;
        let free = server.available_disk().await;
        let list = format!("[\"{on}\",\"{free}\"]");
        vec![instance, on, free, list, REGION.to_owned(), ZONE.to_owned()]
    });
    let mut runner = TestRunner::new(Config { cases: 1_500, ..Config::default() });
    let outcome = runner.run(&request(known), |(action, pairs, style)| {
        let borrowed: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let before = server.export_json();
        let answer = runtime.block_on(server.call_in(Style::ALL[style], &action, &borrowed));
        prop_assert!(answer.status == 200 || (400..500).contains(&answer.status), "{:?}", answer);
        prop_assert_ne!(answer.code(), "SignatureDoesNotMatch");
        if answer.status != 200 {
            prop_assert!(!answer.code().is_empty() && !answer.message().is_empty());
            prop_assert_eq!(server.export_json(), before);
        }
        runtime.block_on(server.pass(200));
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(async {
        server.finish_all().await;
        assert_eq!(server.differences().await, []);
    });
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
