//! The signature checker tells what the gateway would.

use diskdock::gateway::signature::sign_rpc;
use serde_json::Value;

use super::post;

fn rpc_request(nonce: &str, change: impl Fn(&str) -> String) -> String {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut parameters: Vec<_> = [
        ("AccessKeyId", "testid"),
        ("Action", "DescribeDisks"),
        ("DiskName", "a b*~"),
        ("RegionId", "cn-hangzhou"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", nonce),
        ("SignatureVersion", "1.0"),
        ("Timestamp", "2026-01-02T03:04:05Z"),
        ("Version", "2014-05-26"),
    ]
    .map(pair)
    .into();
    let signature = change(&sign_rpc("GET", &parameters, "testsecret"));
    parameters.push(("Signature".to_owned(), signature));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("GET /?{query} HTTP/1.1\nHost: 127.0.0.1:5260")
}

async fn check(request: &str, mine: &str) -> Value {
    let page = post("/explorer/api/signature", &[("request", request), ("mine", mine)]).await;
    serde_json::from_str(&page.text).unwrap()
}

#[tokio::test]
async fn checker_shows_the_string_to_sign_of_version_1() {
    let reply = check(&rpc_request("n-1", str::to_owned), "").await;
    assert_eq!(reply["scheme"], "rpc");
    assert_eq!(reply["access_key_id"], "testid");
    assert_eq!(reply["timestamp_s"], 1_767_323_045);
    let signed = reply["string_to_sign"].as_str().unwrap();
    assert!(
        signed.starts_with("GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeDisks"),
        "{signed}"
    );
    assert!(signed.contains("DiskName%3Da%2520b%252A~"), "{signed}");
}

#[tokio::test]
async fn checker_names_a_mistake_in_a_pasted_string_to_sign() {
    let request = rpc_request("n-1", str::to_owned);
    let right = check(&request, "").await["string_to_sign"].as_str().unwrap().to_owned();
    assert_eq!(check(&request, &right).await["difference"], Value::Null);
    let reply = check(&request, &right.replace("%2520", "%2B")).await;
    assert_eq!(reply["difference"], "A space was signed as +; it has to be %20.");
}

/// The example that the vendor prints, which `tests/data/wire_vectors.json` has as well.
const ACS3: &str = "\
POST / HTTP/1.1
host: ecs.cn-shanghai.aliyuncs.com
x-acs-action: RunInstances
x-acs-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date: 2023-10-26T10:22:32Z
x-acs-signature-nonce: 3156853299f313e23d1673dc12e1703d
x-acs-version: 2014-05-26
authorization: ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e";

#[tokio::test]
async fn checker_shows_the_string_to_sign_of_acs3() {
    let request = ACS3.replace(
        "POST / ",
        "POST /?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai ",
    );
    let reply = check(&request, "").await;
    assert_eq!(reply["scheme"], "acs3");
    assert_eq!(reply["given"], "06563a9e");
    // The vendor prints this string to sign for this request.
    assert_eq!(
        reply["string_to_sign"],
        "ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
    );
}

#[tokio::test]
async fn checker_reports_faults_before_the_signature_first() {
    let error = |reply: Value| reply["error"].as_str().unwrap_or_default().to_owned();
    let without = ACS3.replace("x-acs-date: 2023-10-26T10:22:32Z\n", "");
    assert!(error(check(&without, "").await).contains("x-acs-date is mandatory"));
    assert!(error(check("GET /?Action=DescribeDisks", "").await).contains("no signature"));
    assert!(error(check("hello there, server", "").await).contains("first line"));
}

#[tokio::test]
async fn checker_page_without_script_shows_the_same_result() {
    let request = rpc_request("n-1", str::to_owned);
    let page = post("/explorer/signature", &[("request", &request), ("mine", "GET&%2F")]).await;
    assert!(page.text.contains("GET&amp;%2F&amp;AccessKeyId%3Dtestid"), "{}", page.text);
    assert!(page.text.contains("differs from the server's after 7 characters"));
}
