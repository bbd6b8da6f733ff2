//! Clients that are slow, many, or not understood, against real sockets.

use std::io::Read;

use serde_json::Value;

use super::{HEALTH, Server, TIMEOUT, certificate, target, tls_client};
use crate::harness::{Signer, Style};
use diskdock::clock::Clock;

/// A signed call whose request line has this many bytes.
fn long_call(line: usize) -> String {
    let now = Clock::default().now();
    let of = |attempt: u32, unknown: &str| {
        let name = format!("none-{attempt:04}");
        let parameters = [("RegionId", "cn-hangzhou"), ("DiskName", &name), ("Unknown", unknown)];
        let request = Signer::default().sign(Style::default(), "DescribeDisks", &parameters, now);
        format!("POST {} HTTP/1.1\r\nhost: localhost\r\n\r\n", request.uri())
    };
    let length = |call: &str| call.find('\r').unwrap() + 2;
    // The escapes of a signature vary in length, so the filling is put right until it fits.
    let mut filling = line / 2;
    for attempt in 0..1_000 {
        let call = of(attempt, &"x".repeat(filling));
        if length(&call) == line {
            return call;
        }
        filling = filling + line - length(&call);
    }
    panic!("no call of that length");
}

#[test]
fn a_request_line_of_64_kib_is_served_and_a_longer_one_is_refused_in_the_callers_format() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(&long_call(64 * 1024));
    let (status, _, body) = client.answer();
    assert_eq!((status, &body["TotalCount"]), (200, &Value::from(0)), "{body}");
    client.send(&format!("GET /?x={} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(66 * 1024)));
    let (status, head, body) = client.answer();
    assert_eq!((status, &body["Code"]), (414, &Value::from("RequestTooLarge")), "{head}");
    assert!(body["RequestId"].is_string() && body["HostId"] == "localhost", "{body}");
    assert!(client.is_closed());
    let mut xml = server.connect();
    xml.send(&format!("GET /?Format=XML&x={} HTTP/1.1\r\n\r\n", "x".repeat(66 * 1024)));
    let text = xml.answer_text();
    assert!(text.starts_with("HTTP/1.1 414") && text.contains("text/xml"), "{text}");
    assert!(text.contains("<Error><RequestId>") && text.contains("<Code>RequestTooLarge</Code>"));
}

#[test]
fn a_head_that_cannot_be_read_is_refused_with_a_code() {
    let server = Server::start(&[]);
    for (sent, status, code) in [
        ("G\0T / HTTP/1.1\r\n\r\n".to_owned(), 400, "InvalidParameter"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), 400, "InvalidParameter"),
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(300_000)), 431, "RequestTooLarge"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101)), 431, "RequestTooLarge"),
    ] {
        let mut client = server.connect();
        client.send(HEALTH);
        assert_eq!(client.answer().0, 200);
        client.send(&sent);
        let (answered, head, body) = client.answer();
        assert_eq!((answered, &body["Code"]), (status, &Value::from(code)), "{head} {body}");
        assert!(body["RequestId"].is_string() && body["Message"].is_string(), "{body}");
        assert!(client.is_closed());
    }
}

#[test]
fn errors_of_other_paths_have_a_code_and_a_request_id() {
    let server = Server::start(&[]);
    let body = "x".repeat(1024 * 1024 + 1);
    for (sent, status, code) in [
        ("PATCH /metrics HTTP/1.1\r\n\r\n".to_owned(), 405, "UnsupportedHTTPMethod"),
        (
            "PUT /_diskdock/keys HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(),
            405,
            "UnsupportedHTTPMethod",
        ),
        (
            format!(
                "POST /_diskdock/rules HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
            413,
            "RequestTooLarge",
        ),
    ] {
        let mut client = server.connect();
        client.try_send(sent.as_bytes());
        let (answered, head, body) = client.answer();
        // Controls have errors of their own form.
        let [of_code, id, message] = match sent.contains("/_diskdock/") {
            true => ["code", "request_id", "error"],
            false => ["Code", "RequestId", "Message"],
        };
        assert_eq!((answered, &body[of_code]), (status, &Value::from(code)), "{head} {body}");
        assert!(body[id].is_string() && body[message].is_string(), "{body}");
    }
}

#[test]
fn refused_methods_are_answered_in_the_form_that_is_asked_for() {
    let server = Server::start(&[]);
    let xml = "<?xml version='1.0' encoding='UTF-8'?><Error>";
    for (target, status, allow, begins) in [
        ("PUT /?Format=XML", 403, "GET,POST", xml),
        ("DELETE /?SignatureVersion=1.0", 403, "GET,POST", xml),
        ("PUT /?Format=JSON", 403, "GET,POST", "{\"RequestId\""),
        ("POST /metrics?Format=XML", 405, "GET,HEAD", xml),
        ("PUT /openapi.json", 405, "GET,HEAD", "{\"RequestId\""),
        ("PUT /_diskdock/keys?Format=XML", 405, "GET,HEAD,POST", "{\"error\""),
        ("GET /_diskdock/clock/hold", 405, "POST", "{\"error\""),
        ("PUT /_diskdock/health", 405, "GET,HEAD", "{\"error\""),
    ] {
        let mut client = server.connect();
        client.send(&format!("{target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"));
        let mut reply = String::new();
        client.0.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {head}");
        let allowed = head.lines().find_map(|line| line.strip_prefix("allow: "));
        assert_eq!(allowed, Some(allow), "{target}: {head}");
        assert!(body.starts_with(begins), "{target}: {body}");
    }
}

#[test]
fn client_that_closes_its_sending_side_gets_its_reply() {
    let server = Server::start(&[]);
    let fault = r#"{"action":"DescribeDisks","fault":{"do":"slow","milliseconds":300}}"#;
    let mut control = server.connect();
    control.send(&format!(
        "POST /_diskdock/faults HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{fault}",
        fault.len()
    ));
    assert_eq!(control.answer().0, 200);
    let mut client = server.connect();
    client.send(&format!("POST {} HTTP/1.1\r\nhost: localhost\r\n\r\n", target()));
    client.0.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    let (status, _, body) = client.answer();
    assert_eq!((status, &body["TotalCount"]), (200, &Value::from(0)), "{body}");
    assert!(client.is_closed());
}

#[test]
fn thousands_of_unfinished_requests_delay_no_other_client() {
    const ROUTES: [&str; 4] =
        ["POST /", "PUT /_diskdock/state", "POST /_diskdock/rules", "GET /me"];
    let server = Server::start(&["--max-connections", "200"]);
    let mut unfinished = Vec::new();
    for number in 0..3_000 {
        let mut client = server.connect();
        let route = ROUTES[number % ROUTES.len()];
        let length = "content-length: 100\r\n\r\n{";
        let head = format!("{route} HTTP/1.1\r\nhost: localhost\r\n{length}");
        client.try_send(head.as_bytes());
        unfinished.push(client);
        if number % 100 == 0 {
            let began = std::time::Instant::now();
            server.answers();
            assert!(began.elapsed() < TIMEOUT / 5, "{number}: {:?}", began.elapsed());
        }
        if unfinished.len() == 400 {
            unfinished.remove(0);
        }
    }
    server.answers();
}

#[test]
fn client_timeout_closes_stalled_connections_with_and_without_tls() {
    let (chain, key) = (certificate("test-cert.pem"), certificate("test-key.pem"));
    let tls = ["--tls-cert", chain.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let timeout = ["--client-timeout", "300ms"];
    let plain = Server::start(&timeout);
    let mut head = plain.connect();
    head.send("GET / HTTP/1.1\r\nhost:");
    assert!(head.is_closed());
    let secure = Server::start(&[&timeout[..], &tls[..]].concat());
    let mut silent = secure.connect();
    assert!(silent.is_closed(), "no handshake has begun");
    let mut session = tls_client(&secure);
    session.send("PUT /_diskdock/state HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{");
    assert_eq!(session.answer().0, 400);
    assert!(session.is_closed());
}
