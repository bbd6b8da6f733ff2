//! The form of answers: XML and JSON, headers, request ids.

use serde_json::Value;

use crate::harness::{Answer, REGION, Style, TestServer};

/// A tree as XML can carry it: leaves are text, a list of one is no list, an empty one is nothing.
fn as_xml(tree: &Value) -> Value {
    match tree {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| **value != Value::Array(Vec::new()));
            let fields: serde_json::Map<String, Value> =
                kept.map(|(name, value)| (name.clone(), as_xml(value))).collect();
            if fields.is_empty() { "".into() } else { Value::Object(fields) }
        }
        Value::Array(entries) if entries.len() == 1 => as_xml(&entries[0]),
        Value::Array(entries) => entries.iter().map(as_xml).collect(),
        Value::String(text) => Value::String(text.clone()),
        other => Value::String(other.to_string()),
    }
}

fn without_request_id(answer: &Answer) -> Value {
    let mut tree = answer.json.clone();
    tree.as_object_mut().unwrap().remove("RequestId");
    tree
}

#[tokio::test]
async fn every_signature_style_gets_the_same_reply() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let awkward = "a <b> & \"c\" 'd' 你好 \u{1f4be}";
    server
        .change_disk(&disk, move |disk| {
            disk.name = awkward.to_owned();
            disk.tags = vec![domain::Tag::new("one", "1"), domain::Tag::new("two", "")];
        })
        .await;
    server.available_disk().await;
    let ask = [("RegionId", REGION), ("PageSize", "50")];
    let reference = without_request_id(&server.ok("DescribeDisks", &ask).await);
    assert_eq!(reference["Disks"]["Disk"][1]["DiskName"], awkward);
    for style in Style::ALL {
        let answer = server.call_in(*style, "DescribeDisks", &ask).await;
        assert_eq!(answer.status, 200, "{style:?}: {}", answer.text);
        let expected = if style.xml { as_xml(&reference) } else { reference.clone() };
        assert_eq!(without_request_id(&answer), expected, "{style:?}");
        check_form(&answer, style.xml);
    }
}

fn check_form(answer: &Answer, xml: bool) {
    let kind = if xml { "text/xml;charset=utf-8" } else { "application/json;charset=utf-8" };
    assert_eq!(answer.headers["content-type"], kind);
    let id = answer.text_at("RequestId");
    assert_eq!(answer.headers["x-acs-request-id"], id);
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
    let upper = |c: char| c == '-' || c.is_ascii_digit() || ('A'..='F').contains(&c);
    assert!(id.chars().all(upper), "{id}");
    let trace = answer.headers["x-acs-trace-id"].to_str().unwrap();
    assert!(trace.len() == 32 && trace.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
}

#[tokio::test]
async fn every_signature_style_gets_the_same_error() {
    let server = TestServer::new().await;
    for style in Style::ALL {
        let answer = server.call_in(*style, "DeleteDisk", &[("DiskId", "d-1<2")]).await;
        assert_eq!(answer.refusal(), (404, "InvalidDiskId.NotFound"));
        assert_eq!(answer.message(), "The specified disk does not exist.");
        let names: Vec<&String> = answer.json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["RequestId", "HostId", "Code", "Message", "Recommend"]);
        assert_eq!(answer.text_at("HostId"), "127.0.0.1:5260");
        check_form(&answer, style.xml);
        if style.xml {
            let start = "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>";
            assert!(answer.text.starts_with(start), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn successful_reply_has_neither_code_nor_success() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let answers = [
        server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await,
        server.ok("DescribeDisks", &[("RegionId", REGION)]).await,
    ];
    for answer in answers {
        for name in ["Code", "Success", "Message"] {
            assert!(answer.json.get(name).is_none(), "{}", answer.text);
        }
        assert!(answer.text.starts_with("{\"RequestId\":\""), "{}", answer.text);
    }
}

#[tokio::test]
async fn request_ids_are_unique() {
    let server = TestServer::new().await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..200 {
        let answer = server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
        assert!(ids.insert(answer.text_at("RequestId")));
    }
}

#[tokio::test]
async fn default_format_is_xml_for_1_0_and_json_for_acs3() {
    let server = TestServer::new().await;
    let nothing = super::signed(&server, "no-format", &[("Format", None)]);
    let answer = server.send(super::get(&nothing)).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(
        answer.text.starts_with("<?xml version='1.0' encoding='UTF-8'?><DescribeDisksResponse>")
    );
    let lower = super::signed(&server, "lower", &[("Format", Some("json"))]);
    assert!(server.send(super::get(&lower)).await.unwrap().text.starts_with('{'));
    let answer = server.call_in(Style::ACS3, "DescribeDisks", &[("RegionId", REGION)]).await;
    assert!(answer.text.starts_with('{'));
}
