//! Hostile input: an answer in good form, never a fault of ours, never an effect.

mod generated;
mod random;

use http::Request;

use super::gateway::{bare, get, query, signed};
use crate::harness::{REGION, TestServer, ZONE};

async fn refused(server: &TestServer, request: Request<Vec<u8>>) -> (u16, String, String) {
    let before = server.export_json();
    let answer = server.send(request).await.unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.text);
    assert_eq!(server.export_json(), before);
    (answer.status, answer.code().to_owned(), answer.message().to_owned())
}

fn form(body: impl Into<Vec<u8>>, kind: &str) -> Request<Vec<u8>> {
    let request = Request::builder().method("POST").uri("/").header("host", "127.0.0.1:5260");
    request.header("content-type", kind).body(body.into()).unwrap()
}

#[tokio::test]
async fn empty_request_is_refused_with_the_missing_parameters() {
    let server = TestServer::new().await;
    for request in [
        bare("GET", "/"),
        bare("POST", "/"),
        bare("GET", "/?"),
        bare("GET", "/?&&="),
        form("", "application/x-www-form-urlencoded"),
        form("", "application/json"),
        form("Action=DescribeDisks", "text/plain"),
    ] {
        let (status, code, message) = refused(&server, request).await;
        assert_eq!((status, code.as_str()), (400, "MissingParameter"));
        assert!(message.contains("\"Action\""), "{message}");
    }
}

#[tokio::test]
async fn broken_encodings_are_refused_and_named() {
    let server = TestServer::new().await;
    for (target, told) in [
        ("/?a=%", "is not followed by two hexadecimal digits"),
        ("/?a=%zz", "is not followed by two hexadecimal digits"),
        ("/?a=%ff", "is not valid UTF-8"),
        ("/?%c3=1", "is not valid UTF-8"),
    ] {
        let (status, code, message) = refused(&server, bare("GET", target)).await;
        assert_eq!((status, code.as_str()), (400, "InvalidParameter"));
        assert!(message.contains(told), "{message}");
    }
    for (body, kind, told) in [
        (&b"a=\xff"[..], "application/x-www-form-urlencoded", "is not valid UTF-8"),
        (b"{", "application/json", "is not valid JSON"),
        (b"[1]", "application/json", "must be a JSON object"),
        (b"{\"a\":\"\xff\"}", "application/json; charset=utf-8", "is not valid JSON"),
    ] {
        let (status, code, message) = refused(&server, form(body, kind)).await;
        assert_eq!((status, code.as_str()), (400, "InvalidParameter"));
        assert!(message.contains(told), "{message}");
    }
}

#[tokio::test]
async fn thousands_of_parameters_are_refused() {
    let server = TestServer::new().await;
    let many: String = (0..5_000).map(|n| format!("p{n}=1&")).collect();
    for request in [
        bare("GET", &format!("/?{many}")),
        form(many.clone(), "application/x-www-form-urlencoded"),
        form(format!("{{\"a\":[{}1]}}", "1,".repeat(5_000)), "application/json"),
    ] {
        let (_, code, message) = refused(&server, request).await;
        assert_eq!(code, "InvalidParameter");
        assert!(message.contains("more than 2000 parameters"), "{message}");
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    let (_, _, message) = refused(&server, form(deep, "application/json")).await;
    assert!(message.contains("nested too deeply"), "{message}");
}

#[tokio::test]
async fn parameter_of_a_megabyte_gets_a_short_error() {
    let server = TestServer::new().await;
    let long = "x".repeat(1_000_000);
    for name in ["DiskIds", "DiskName", "NextToken", "InstanceId", "Tag.1.Key", "Status"] {
        let mut pairs = signed(&server, &server.signer.nonce(), &[("RegionId", None)]);
        pairs.pop();
        pairs.push(("RegionId".to_owned(), REGION.to_owned()));
        pairs.push((name.to_owned(), long.clone()));
        let signature = diskdock::gateway::signature::sign_rpc("POST", &pairs, "testsecret");
        pairs.push(("Signature".to_owned(), signature));
        let request = form(query(&pairs), "application/x-www-form-urlencoded");
        let answer = server.send(request).await.unwrap();
        assert!((400..500).contains(&answer.status), "{name}: {}", answer.status);
        assert!(answer.text.len() < 2_000, "{name}: {}", answer.text.len());
    }
}

#[tokio::test]
async fn numbers_beyond_all_bounds_are_refused() {
    let server = TestServer::new().await;
    let huge = ["99999999999999999999999999", "-1", "1e3", "0x10", "1.5", "NaN", " 1", "١"];
    for text in huge {
        for name in ["PageNumber", "PageSize"] {
            let ask = [("RegionId", REGION), (name, text)];
            let answer = server.call("DescribeDisks", &ask).await;
            assert_eq!(answer.refusal(), (400, "InvalidParameter"), "{name}={text}");
        }
        let ask = [("RegionId", REGION), ("ZoneId", ZONE), ("Size", text)];
        let answer = server.call("CreateDisk", &ask).await;
        assert_eq!(answer.refusal(), (400, "InvalidDiskSize.NotSupported"), "{text}");
    }
    let last = [("RegionId", REGION), ("PageNumber", "1000000000"), ("PageSize", "100")];
    let answer = server.ok("DescribeDisks", &last).await;
    assert_eq!(answer.json["Disks"]["Disk"].as_array().unwrap().len(), 0);
    let numbered = [("RegionId", REGION), ("Tag.99999999999999999999.Key", "a")];
    assert_eq!(server.call("DescribeDisks", &numbered).await.status, 400);
}

#[tokio::test]
async fn booleans_are_read_in_any_case_and_other_words_refused() {
    let server = TestServer::new().await;
    server.available_disk().await;
    for (text, expected) in [("true", 1), ("True", 1), ("TRUE", 1), ("false", 0), ("False", 0)] {
        let answer = server.ok("DescribeDisks", &[("RegionId", REGION), ("Portable", text)]).await;
        assert_eq!(answer.json["TotalCount"], expected, "{text}");
    }
    for text in ["1", "yes", "t", "true ", "wahr"] {
        let answer =
            server.call("DescribeDisks", &[("RegionId", REGION), ("Portable", text)]).await;
        assert_eq!(answer.refusal(), (400, "InvalidParameter"), "{text}");
    }
}

#[tokio::test]
async fn control_characters_are_escaped_in_replies() {
    let server = TestServer::new().await;
    let name = "a\u{0}\u{1}\u{8}\r\n\t\u{b}\u{7f}\u{85}\u{fffe}\u{2028}]]>&<b>\"'";
    for format in ["JSON", "XML"] {
        let change = [("Action", Some("DeleteDisk")), ("Format", Some(format)), ("RegionId", None)];
        let mut pairs = signed(&server, &server.signer.nonce(), &change);
        pairs.pop();
        pairs.push((name.to_owned(), name.to_owned()));
        pairs.push(("DryRun".to_owned(), name.to_owned()));
        let signature = diskdock::gateway::signature::sign_rpc("GET", &pairs, "wrong");
        pairs.push(("Signature".to_owned(), signature));
        let (_, code, _) = refused(&server, get(&pairs)).await;
        assert_eq!(code, "SignatureDoesNotMatch");
    }
    let ask = [("RegionId", REGION), (name, name), ("DiskName", name)];
    let answer = server.ok("DescribeDisks", &ask).await;
    assert!(answer.ignored().is_ascii());
    let odd = [("RegionId", REGION), ("NextToken", name)];
    server
        .expect_refusal(
            "DescribeDisks",
            &odd,
            (400, "InvalidParameter", "The specified parameter \"NextToken\" is not valid."),
        )
        .await;
}

#[tokio::test]
async fn unreadable_request_is_answered_in_its_format() {
    let server = TestServer::new().await;
    for (request, xml) in [
        (bare("GET", "/?a=%&Format=XML"), true),
        (bare("GET", "/?Format=xml&a=1&a=2"), true),
        (form("a=%&Format=XML", "application/x-www-form-urlencoded"), true),
        (bare("GET", "/?a=%&Format=JSON"), false),
        (bare("GET", "/?a=%"), false),
    ] {
        let answer = server.send(request).await.unwrap();
        assert_eq!(answer.refusal(), (400, "InvalidParameter"));
        assert_eq!(answer.text.starts_with("<?xml"), xml, "{}", answer.text);
    }
}
