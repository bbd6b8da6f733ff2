//! The edge of the API: who gets in, what is asked for, and in which form it is answered.

mod answers;
mod parameters;
mod quotas;
mod replay;
mod tokens;

use diskdock::catalog::times::with_seconds;
use diskdock::gateway::signature::{percent_encode, sign_rpc};
use http::Request;

use crate::harness::{Style, TestServer};

/// A signed 1.0 request whose parameters a story can spoil before or after signing.
pub(super) fn signed(
    server: &TestServer,
    nonce: &str,
    change: &[(&str, Option<&str>)],
) -> Vec<(String, String)> {
    let now = with_seconds(server.assembly.gateway.services.clock.now());
    let mut pairs: Vec<(String, String)> = [
        ("Action", "DescribeDisks"),
        ("Version", "2014-05-26"),
        ("AccessKeyId", "testid"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", nonce),
        ("Timestamp", &now),
        ("Format", "JSON"),
        ("RegionId", "cn-hangzhou"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    for (name, value) in change {
        pairs.retain(|(known, _)| known != name);
        pairs.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
    }
    let signature = sign_rpc("GET", &pairs, "testsecret");
    pairs.push(("Signature".to_owned(), signature));
    pairs
}

/// The query string of these parameters.
pub(super) fn query(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| {
        format!("{}={}", percent_encode(name), percent_encode(value))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// A GET request of these parameters.
pub(super) fn get(pairs: &[(String, String)]) -> Request<Vec<u8>> {
    bare("GET", &format!("/?{}", query(pairs)))
}

/// A request without a body.
pub(super) fn bare(method: &str, target: &str) -> Request<Vec<u8>> {
    let request = Request::builder().method(method).uri(target).header("host", "127.0.0.1:5260");
    request.body(Vec::new()).unwrap()
}

async fn spoilt(server: &TestServer, change: &[(&str, Option<&str>)], expected: (u16, &str, &str)) {
    let request = get(&signed(server, &server.signer.nonce(), change));
    let answer = server.send(request).await.unwrap();
    assert_eq!((answer.status, answer.code(), answer.message()), expected, "{change:?}");
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let server = TestServer::new().await;
    let answer =
        server.send(bare("GET", "/?Action=DescribeDisks&Version=2014-05-26")).await.unwrap();
    assert_eq!(answer.refusal(), (400, "MissingParameter"));
    assert!(answer.message().contains("\"AccessKeyId\""), "{}", answer.message());
}

#[tokio::test]
async fn every_common_parameter_is_mandatory() {
    let server = TestServer::new().await;
    for name in [
        "Action",
        "Version",
        "AccessKeyId",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
    ] {
        for absent in [None, Some("")] {
            let message = format!(
                "The input parameter \"{name}\" that is mandatory for processing this request is \
                 not supplied."
            );
            spoilt(&server, &[(name, absent)], (400, "MissingParameter", &message)).await;
        }
    }
    let mut pairs = signed(&server, "no-signature", &[]);
    pairs.retain(|(name, _)| name != "Signature");
    let answer = server.send(get(&pairs)).await.unwrap();
    assert_eq!(answer.refusal(), (400, "MissingParameter"));
    assert!(answer.message().contains("\"Signature\""), "{}", answer.message());
}

#[tokio::test]
async fn invalid_common_parameter_is_named() {
    let server = TestServer::new().await;
    let not_valid = |name: &str| format!("The specified parameter \"{name}\" is not valid.");
    for (name, value) in [("SignatureMethod", "HMAC-SHA256"), ("SignatureVersion", "2.0")] {
        let message = not_valid(name);
        spoilt(&server, &[(name, Some(value))], (400, "InvalidParamater", &message)).await;
    }
    let version = (400, "InvalidVersion", "Specified parameter Version is not valid.");
    spoilt(&server, &[("Version", Some("2014-05-27"))], version).await;
    let elsewhere = "Specified parameter Version is not valid. This server does not have the \
                     product Ims 2019-08-15.";
    let product = (400, "InvalidVersion", elsewhere);
    spoilt(&server, &[("Version", Some("2019-08-15"))], product).await;
    let format = (400, "InvalidParameter.Format", "Specified parameter format is not valid.");
    spoilt(&server, &[("Format", Some("YAML"))], format).await;
    let time = (
        400,
        "InvalidTimeStamp.Format",
        "Specified time stamp or date value is not well formatted.",
    );
    for text in ["yesterday", "2026-01-02 03:04:05", "2026-13-02T03:04:05Z", "1767323045"] {
        spoilt(&server, &[("Timestamp", Some(text))], time).await;
    }
}

#[tokio::test]
async fn misspelt_and_unsupported_actions_have_different_errors() {
    let server = TestServer::new().await;
    let misspelt = (
        404,
        "InvalidAction.NotFound",
        "Specified api is not found, please check your url and method.",
    );
    for name in ["DetachDiks", "detachdisk", "Detach Disk"] {
        spoilt(&server, &[("Action", Some(name))], misspelt).await;
    }
    let not_here = (
        404,
        "InvalidAction.NotFound",
        "Specified api is not found: CreateLaunchTemplate is an action of ECS that this server \
         does not have.",
    );
    spoilt(&server, &[("Action", Some("CreateLaunchTemplate"))], not_here).await;
}

#[tokio::test]
async fn request_is_valid_fifteen_minutes_before_and_after_its_timestamp() {
    let server = TestServer::new().await;
    let expired =
        (400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.");
    for (offset_s, good) in [(-901, false), (-900, true), (0, true), (900, true), (901, false)] {
        let now = server.assembly.gateway.services.clock.now();
        let text = with_seconds(now.plus_s(offset_s));
        let request = get(&signed(&server, &server.signer.nonce(), &[("Timestamp", Some(&text))]));
        let answer = server.send(request).await.unwrap();
        if good {
            assert_eq!(answer.status, 200, "{offset_s}: {}", answer.text);
        } else {
            assert_eq!((answer.status, answer.code(), answer.message()), expired, "{offset_s}");
        }
    }
}

#[tokio::test]
async fn nonce_is_used_once_by_authenticated_requests_only() {
    let server = TestServer::new().await;
    let request = get(&signed(&server, "only-once", &[]));
    let mut forged = signed(&server, "only-once", &[]);
    forged.last_mut().unwrap().1 = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned();
    let answer = server.send(get(&forged)).await.unwrap();
    assert_eq!(answer.refusal(), (400, "SignatureDoesNotMatch"));
    assert_eq!(server.send(request.clone()).await.unwrap().status, 200);
    let again = server.send(request).await.unwrap();
    let used = (400, "SignatureNonceUsed", "Specified signature nonce was used already.");
    assert_eq!((again.status, again.code(), again.message()), used);
}

#[tokio::test]
async fn signature_mismatch_shows_the_string_to_sign_in_json_and_xml() {
    let server = TestServer::new().await;
    for format in ["JSON", "XML"] {
        let mut pairs = signed(&server, "mismatch", &[("Format", Some(format))]);
        pairs.last_mut().unwrap().1 = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned();
        let answer = server.send(get(&pairs)).await.unwrap();
        let expected = format!(
            "Specified signature is not matched with our calculation. server string to sign \
             is:GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeDisks%26Format%3D{format}%26\
             RegionId%3Dcn-hangzhou%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3Dmismatch%26\
             SignatureVersion%3D1.0%26Timestamp%3D2026-01-02T03%253A04%253A05Z%26\
             Version%3D2014-05-26"
        );
        let told = (answer.status, answer.code(), answer.message());
        assert_eq!(told, (400, "SignatureDoesNotMatch", expected.as_str()));
    }
}

#[tokio::test]
async fn acs3_mismatch_shows_the_string_to_sign() {
    let server = TestServer::new().await;
    let now = server.assembly.gateway.services.clock.now();
    let mut request =
        server.signer.sign(Style::ACS3, "DescribeDisks", &[("RegionId", "cn-hangzhou")], now);
    let old = request.headers()["authorization"].to_str().unwrap().to_owned();
    let (head, _) = old.split_once("Signature=").unwrap();
    let forged = format!("{head}Signature={}", "0".repeat(64));
    request.headers_mut().insert("authorization", forged.parse().unwrap());
    let answer = server.send(request).await.unwrap();
    assert_eq!(answer.refusal(), (400, "SignatureDoesNotMatch"));
    let expected = "Specified signature does not match our calculation. server StringToSign is \
                    [ACS3-HMAC-SHA256\n";
    assert!(answer.message().starts_with(expected), "{}", answer.message());
}

#[tokio::test]
async fn acs3_authorization_that_is_no_signature_is_incomplete() {
    let server = TestServer::new().await;
    for authorization in ["ACS3-HMAC-SHA256 Credential", "ACS3-HMAC-SHA256 Credential=a"] {
        let now = server.assembly.gateway.services.clock.now();
        let ask = [("RegionId", "cn-hangzhou")];
        let mut request = server.signer.sign(Style::ACS3, "DescribeDisks", &ask, now);
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        let answer = server.send(request).await.unwrap();
        assert_eq!(answer.refusal(), (400, "IncompleteSignature"), "{authorization:?}");
    }
}

#[tokio::test]
async fn every_acs3_header_is_mandatory() {
    let server = TestServer::new().await;
    for name in [
        "x-acs-action",
        "x-acs-version",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-content-sha256",
    ] {
        let now = server.assembly.gateway.services.clock.now();
        let ask = [("RegionId", "cn-hangzhou")];
        let mut request = server.signer.sign(Style::ACS3, "DescribeDisks", &ask, now);
        request.headers_mut().remove(name);
        let answer = server.send(request).await.unwrap();
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        assert!(["MissingHeader", "MissingParameter"].contains(&answer.code()), "{}", answer.text);
    }
}

#[tokio::test]
async fn unknown_or_disabled_key_is_refused() {
    let mut server = TestServer::new().await;
    server.signer = crate::harness::Signer::new("nobody", "secret");
    let unknown = (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    let ask = [("RegionId", "cn-hangzhou")];
    server.expect_refusal("DescribeDisks", &ask, unknown).await;
    server.become_another_account().await;
    server.ok("DescribeDisks", &ask).await;
    let id = server.signer.id.clone();
    server.control("POST", &format!("/keys/{id}/disable"), "").await;
    let disabled = (400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.");
    server.expect_refusal("DescribeDisks", &ask, disabled).await;
    server.control("POST", &format!("/keys/{id}/enable"), "").await;
    server.ok("DescribeDisks", &ask).await;
}

#[tokio::test]
async fn security_token_is_refused_unless_empty_or_of_the_key() {
    let server = TestServer::new().await;
    let expired = (400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
    let mismatch = "Specified SecurityToken does not match the access key.";
    let mismatch = (400, "InvalidSecurityToken.MismatchWithAccessKey", mismatch);
    spoilt(&server, &[("SecurityToken", Some("sts-token"))], mismatch).await;
    let sts = [("AccessKeyId", Some("STS.1")), ("SecurityToken", Some("sts-token"))];
    spoilt(&server, &sts, expired).await;
    let missing = (400, "MissingSecurityToken", "SecurityToken is mandatory for this action.");
    spoilt(&server, &[("AccessKeyId", Some("STS.1"))], missing).await;
    for (name, value) in [("BearerToken", "b"), ("SignatureType", "PRIVATEKEY")] {
        let message = format!("The specified parameter \"{name}\" is not valid.");
        spoilt(&server, &[(name, Some(value))], (400, "InvalidParamater", &message)).await;
    }
    for (header, code) in [
        ("x-acs-security-token", "InvalidSecurityToken.MismatchWithAccessKey"),
        ("x-acs-bearer-token", "InvalidParamater"),
    ] {
        assert_eq!(with_header(&server, header, "t").await.refusal(), (400, code));
    }
    let bearer = "/?Action=DescribeDisks&Version=2014-05-26&BearerToken=b";
    let answer = server.send(bare("GET", bearer)).await.unwrap();
    assert_eq!(answer.refusal(), (400, "InvalidParamater"));
    let empty = ["SecurityToken", "BearerToken", "SignatureType"].map(|name| (name, Some("")));
    let request = get(&signed(&server, "empty", &empty));
    assert_eq!(server.send(request).await.unwrap().status, 200);
}

#[tokio::test]
async fn methods_other_than_get_and_post_are_refused() {
    let server = TestServer::new().await;
    for method in ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"] {
        let target = format!("/?{}", query(&signed(&server, &server.signer.nonce(), &[])));
        let answer = server.send(bare(method, &target)).await.unwrap();
        let expected = (403, "UnsupportedHTTPMethod", "This http method is not supported.");
        assert_eq!((answer.status, answer.code(), answer.message()), expected, "{method}");
    }
}

#[tokio::test]
async fn request_target_in_absolute_form_is_accepted() {
    let server = TestServer::new().await;
    let pairs = query(&signed(&server, "absolute", &[]));
    let target = format!("http://ecs-cn-hangzhou.aliyuncs.com/?{pairs}");
    let mut request = bare("GET", &target);
    request.headers_mut().remove("host");
    let answer = server.send(request).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn development_key_is_refused_for_pages_of_other_origins() {
    let mut server = TestServer::new().await;
    let foreign = [
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/page"),
        ("sec-fetch-site", "cross-site"),
        ("host", "evil.example:5260"),
    ];
    for (name, value) in foreign {
        let answer = with_header(&server, name, value).await;
        assert_eq!(answer.refusal(), (403, "Forbidden.Origin"), "{name}: {}", answer.text);
        let told = "A web page of another origin cannot use this server: ";
        assert!(answer.message().starts_with(told), "{}", answer.message());
    }
    assert_eq!(with_header(&server, "origin", "http://127.0.0.1:5260").await.status, 200);
    server.become_another_account().await;
    for (name, value) in foreign {
        assert_eq!(with_header(&server, name, value).await.status, 200, "a secret key may");
    }
}

async fn with_header(
    server: &TestServer,
    name: &'static str,
    value: &str,
) -> crate::harness::Answer {
    let now = server.assembly.gateway.services.clock.now();
    let ask = [("RegionId", "cn-hangzhou")];
    let mut request = server.signer.sign(Style::default(), "DescribeDisks", &ask, now);
    request.headers_mut().insert(name, value.parse().unwrap());
    server.send(request).await.unwrap()
}
