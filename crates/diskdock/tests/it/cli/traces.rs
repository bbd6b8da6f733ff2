//! `serve --traces`: a collector gets a span for every call.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::child::Server;

const TELLS_WITHIN: Duration = Duration::from_secs(30);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// A collector: its address, and the spans that it gets.
fn collector() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let document = receive(&mut stream.unwrap());
            let [resource] = document["resourceSpans"].as_array().unwrap().as_slice() else {
                panic!("{document}")
            };
            let service = json!({ "key": "service.name", "value": { "stringValue": "diskdock" } });
            assert_eq!(resource["resource"]["attributes"][0], service);
            for span in resource["scopeSpans"][0]["spans"].as_array().unwrap() {
                if tell.send(span.clone()).is_err() {
                    return;
                }
            }
        }
    });
    (address, told)
}

/// The body of one request, which is answered.
fn receive(stream: &mut TcpStream) -> Value {
    let mut read = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let length = stream.read(&mut piece).unwrap();
        assert_ne!(length, 0, "a request that ends early");
        read.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        let head = head.to_lowercase();
        assert!(head.contains("content-type: application/json"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.trim().parse::<usize>().unwrap() {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
            return serde_json::from_str(body).unwrap();
        }
    }
}

fn attribute(span: &Value, name: &str) -> Value {
    let all = span["attributes"].as_array().unwrap().iter();
    let mut found = all.filter(|one| one["key"] == name).map(|one| one["value"].clone());
    found.next().unwrap_or_default()
}

#[test]
fn serve_sends_a_span_for_every_call() {
    let (address, spans) = collector();
    // Quiet: what the log leaves out is traced all the same.
    let server = Server::start(&["--ephemeral", "--quiet", "--traces", &address]);
    let reply = server.prints(&["call", "DescribeRegions"], &[]);
    let reply: Value = serde_json::from_str(&reply).unwrap();
    let span = spans.recv_timeout(TELLS_WITHIN).unwrap();
    assert_eq!((&span["name"], &span["kind"]), (&json!("DescribeRegions"), &json!(2)));
    let request_id = reply["RequestId"].as_str().unwrap();
    assert_eq!(attribute(&span, "diskdock.request_id")["stringValue"], request_id);
    assert_eq!(span["traceId"], request_id.replace('-', "").to_lowercase());
    assert_eq!(attribute(&span, "http.response.status_code")["intValue"], "200");
    let moment = |name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
    assert!(moment("startTimeUnixNano") < moment("endTimeUnixNano"));

    let host = server.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let ask = "/?Action=DescribeDisks&Version=2014-05-26";
    let trace = format!("traceparent: 00-{TRACE}-{SPAN}-01");
    write!(stream, "GET {ask} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{trace}\r\n\r\n")
        .unwrap();
    let mut refusal = String::new();
    stream.read_to_string(&mut refusal).unwrap();
    let span = spans.recv_timeout(TELLS_WITHIN).unwrap();
    assert_eq!((&span["traceId"], &span["parentSpanId"]), (&json!(TRACE), &json!(SPAN)));
    assert!(attribute(&span, "error.type").is_object(), "{span} {refusal}");
    server.stop();
}

#[test]
fn serve_runs_without_its_collector_and_says_so_once() {
    let server = Server::start(&["--ephemeral", "--traces", "http://127.0.0.1:9"]);
    for _ in 0..3 {
        server.prints(&["call", "DescribeRegions"], &[]);
    }
    let log = server.stop();
    assert_eq!(log.matches("traces are lost").count(), 1, "{log}");
}

#[test]
fn serve_refuses_a_collector_with_a_path() {
    let server = std::process::Command::new(env!("CARGO_BIN_EXE_diskdock"))
        .args(["serve", "--ephemeral", "--traces", "http://127.0.0.1:4318/v1/traces"])
        .output()
        .unwrap();
    assert_eq!(server.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&server.stderr).contains("without a path"));
}
