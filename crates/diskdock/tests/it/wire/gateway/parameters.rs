//! Where parameters may stand, and what happens to those without effect.

use diskdock::catalog::times::with_seconds;
use diskdock::gateway::signature::{Acs3Request, payload_hash, sign_acs3, sign_rpc};
use http::Request;

use super::{query, signed};
use crate::harness::{Answer, REGION, Style, TestServer};

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(server: &TestServer, in_query: &[(&str, &str)], in_body: &[(&str, &str)]) -> Answer {
    let owned = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let mut pairs = signed(server, &server.signer.nonce(), &[("RegionId", None)]);
    pairs.pop();
    let mut all = pairs.clone();
    for pair in owned(in_query).into_iter().chain(owned(in_body)) {
        if !all.contains(&pair) {
            all.push(pair);
        }
    }
    pairs.push(("Signature".to_owned(), sign_rpc("POST", &all, "testsecret")));
    pairs.extend(owned(in_query));
    let request = Request::builder()
        .method("POST")
        .uri(format!("/?{}", query(&pairs)))
        .header("host", "127.0.0.1:5260")
        .header("content-type", FORM);
    server.send(request.body(query(&owned(in_body)).into_bytes()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn parameters_are_read_from_query_and_form() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let ids = format!("[\"{disk}\"]");
    let (region, ids) = (("RegionId", REGION), ("DiskIds", ids.as_str()));
    for (in_query, in_body) in [
        (vec![region, ids], vec![]),
        (vec![], vec![region, ids]),
        (vec![region], vec![ids]),
        (vec![region], vec![region, ids]),
        (vec![region, ids], vec![region, ids]),
    ] {
        let answer = post(&server, &in_query, &in_body).await;
        assert_eq!(answer.status, 200, "{in_query:?} {in_body:?}: {}", answer.text);
        assert_eq!(answer.json["TotalCount"], 1);
    }
}

#[tokio::test]
async fn all_parameters_may_be_in_the_form() {
    let server = TestServer::new().await;
    let mut pairs = signed(&server, "all-in-form", &[]);
    pairs.pop();
    let signature = sign_rpc("POST", &pairs, "testsecret");
    pairs.push(("Signature".to_owned(), signature));
    let request = Request::builder().method("POST").uri("/").header("host", "127.0.0.1:5260");
    let request =
        request.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    let answer = server.send(request.body(query(&pairs).into_bytes()).unwrap()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn parameter_with_two_values_is_refused() {
    let server = TestServer::new().await;
    let twice = |name: &str| {
        format!(
            "The request cannot be read: The parameter \"{name}\" is given twice. Give it once, in \
             the query or in the body."
        )
    };
    let answer = post(&server, &[("RegionId", REGION)], &[("RegionId", "eu-west-1")]).await;
    assert_eq!(answer.refusal(), (400, "InvalidParameter"));
    assert_eq!(answer.message(), twice("RegionId"));
    let same = [("RegionId", REGION), ("RegionId", REGION)];
    for answer in [post(&server, &same, &[]).await, post(&server, &[], &same).await] {
        assert_eq!(answer.refusal(), (400, "InvalidParameter"));
        assert_eq!(answer.message(), twice("RegionId"));
    }
}

#[tokio::test]
async fn acs3_body_may_be_json() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let body = format!(r#"{{"RegionId":"{REGION}","DiskIds":"[\"{disk}\"]","PageSize":5}}"#);
    let mut request = Request::builder().method("POST").uri("/");
    let date = with_seconds(server.assembly.gateway.services.clock.now());
    for (name, value) in [
        ("host", "127.0.0.1:5260"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-acs-action", "DescribeDisks"),
        ("x-acs-version", "2014-05-26"),
        ("x-acs-date", &date),
        ("x-acs-signature-nonce", "json-body"),
        ("x-acs-content-sha256", &payload_hash(body.as_bytes())),
    ] {
        request = request.header(name, value);
    }
    let to_sign = Acs3Request {
        method: "POST",
        path: "/",
        query: &[],
        headers: request.headers_ref().unwrap(),
        body: body.as_bytes(),
        access_key_id: "testid",
    };
    let authorization = sign_acs3(&to_sign, "testsecret");
    let request = request.header("authorization", authorization).body(body.into_bytes()).unwrap();
    let answer = server.send(request).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["PageSize"], 5);
    assert_eq!(answer.json["TotalCount"], 1);
}

#[tokio::test]
async fn parameters_without_effect_are_listed_in_a_header() {
    let server = TestServer::new().await;
    let ask = [("RegionId", REGION), ("on", "DescribeDisks"), ("Tag.1.Colour", "red")];
    let answer = server.ok("DescribeDisks", &ask[..2]).await;
    assert_eq!(answer.ignored(), "on");
    let place = [
        ("RegionId", REGION),
        ("ZoneId", crate::harness::ZONE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
        ("StorageClusterId", "dbsc-1"),
    ];
    assert_eq!(server.ok("CreateDisk", &place).await.ignored(), "StorageClusterId");
    assert_eq!(server.ok("CreateDisk", &place[..4]).await.ignored(), "");
}

#[tokio::test]
async fn strict_server_refuses_parameters_without_effect() {
    let server = TestServer::strict().await;
    let message =
        "The specified parameter \"on\" is not known to this action and this server is strict.";
    let ask = [("RegionId", REGION), ("on", "DescribeDisks")];
    server.expect_refusal("DescribeDisks", &ask, (400, "InvalidParameter", message)).await;
    server.ok("DescribeDisks", &ask[..1]).await;
}

#[tokio::test]
async fn every_action_accepts_owner_and_region_parameters() {
    let server = TestServer::strict().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let legacy = [
        ("RegionId", REGION),
        ("OwnerId", "1"),
        ("OwnerAccount", "a"),
        ("ResourceOwnerId", "2"),
        ("ResourceOwnerAccount", "b"),
    ];
    let ids = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    for (action, own) in [
        ("AttachDisk", &ids[..]),
        ("DetachDisk", &ids[..]),
        ("DeleteDisk", &ids[1..]),
        ("DescribeDisks", &[][..]),
    ] {
        let ask: Vec<(&str, &str)> = own.iter().chain(&legacy).copied().collect();
        let answer = server.ok(action, &ask).await;
        assert_eq!(answer.ignored(), "", "{action}");
        server.finish_all().await;
    }
}

#[tokio::test]
async fn the_action_header_of_a_1_0_request_does_not_count() {
    let server = TestServer::new().await;
    let now = server.assembly.gateway.services.clock.now();
    let ask = [("RegionId", REGION)];
    let mut request = server.signer.sign(Style::default(), "DescribeDisks", &ask, now);
    request.headers_mut().insert("x-acs-action", "DeleteDisk".parse().unwrap());
    assert_eq!(server.send(request).await.unwrap().status, 200);
}
