//! Refusals on the command line: for people, and for programs.

use serde_json::Value;

use super::child::Server;

const UNKNOWN: [&str; 6] = ["call", "DetachDisk", "--disk-id", "d-1", "--instance-id", "i-1"];

#[test]
fn refusal_shows_the_status_and_is_json_if_json_is_asked_for() {
    let server = Server::start(&["--ephemeral"]);
    let output = server.run(&UNKNOWN, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("diskdock: 404 InvalidInstanceId.NotFound: "), "{said}");
    let output = server.run(&[&UNKNOWN[..], &["--output", "json"]].concat(), &[]);
    let reply: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(reply["refusal"]["status"], 404);
    assert_eq!(reply["refusal"]["code"], "InvalidInstanceId.NotFound");
    assert!(reply["refusal"]["request_id"].is_string() && reply["hint"].is_string());
    let wrong = ["call", "DetachDisk", "--output", "json", "--DiskID", "d-1"];
    let output = server.run(&wrong, &[]);
    let reply: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&reply["exit_code"], &reply["refusal"]), (&2.into(), &Value::Null));
    server.stop();
}
