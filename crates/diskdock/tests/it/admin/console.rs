//! The serial console: who may open it, and what those are told who find none.

use serde_json::Value;

use crate::harness::{TOKEN, TestServer};

/// Asks for the console as a WebSocket, with these headers besides.
async fn open(
    server: &TestServer,
    instance: &str,
    headers: &[(&str, &str)],
    loopback: bool,
) -> (u16, Value) {
    let mut request = http::Request::builder()
        .uri(format!("/_diskdock/console/{instance}"))
        .header("host", "127.0.0.1:5260")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send_control(request.body(Vec::new()).unwrap(), loopback).await
}

#[tokio::test]
async fn simulated_instance_has_no_console_and_says_so() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (status, reply) = open(&server, &instance, &[], true).await;
    assert_eq!(status, 409, "{reply}");
    let error = format!("{instance} has no console: no virtual machine runs for it here");
    assert_eq!(reply["error"], error);
    assert!(reply["hint"].as_str().unwrap().contains("--hypervisor qemu"), "{reply}");
    let asked = server.try_control("GET", &format!("/console/{instance}"), "").await;
    assert_eq!(asked, (status, reply), "a request that opens nothing is told the same");
    let (status, reply) = open(&server, "i-none", &[], true).await;
    assert_eq!((status, &reply["error"]), (404, &Value::from("there is no instance i-none")));
}

#[tokio::test]
async fn console_takes_the_token_among_the_protocols_and_never_a_foreign_page() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let hexadecimal =
        |token: &str| token.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let protocols = |token: String| format!("diskdock-console, diskdock-token.{token}");
    let right = protocols(hexadecimal(TOKEN));
    let (wrong, plain) = (protocols(hexadecimal("wrong")), protocols(TOKEN.to_owned()));
    let [right, wrong, plain] =
        [&right, &wrong, &plain].map(|offered| ("sec-websocket-protocol", offered.as_str()));
    let own = ("origin", "http://127.0.0.1:5260");
    let foreign = ("origin", "https://evil.example");
    let site = ("sec-fetch-site", "cross-site");
    let header = ("x-diskdock-token", TOKEN);
    // 409: it may, and there is none.
    for (headers, loopback, expected) in [
        (&[own][..], true, 409),
        (&[own], false, 403),
        (&[own, right], false, 409),
        (&[header], false, 409),
        (&[own, wrong], true, 403),
        (&[own, plain], false, 403),
        (&[foreign], true, 403),
        (&[foreign, right], true, 403),
        (&[foreign, header], false, 403),
        (&[site, header], false, 403),
    ] {
        let (status, reply) = open(&server, &instance, headers, loopback).await;
        assert_eq!(status, expected, "{headers:?} {loopback}: {reply}");
    }
}
