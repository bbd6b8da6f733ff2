//! `diskdock mcp`: an assistant over standard input and output.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::child::Server;

struct Session {
    process: Child,
    output: BufReader<ChildStdout>,
    sent: u64,
}

impl Session {
    fn start(server: &Server, options: &[&str]) -> Session {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.env_clear().env("DISKDOCK_ENDPOINT", &server.endpoint).arg("mcp").args(options);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Session { process, output, sent: 0 }
    }

    fn send(&mut self, line: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        self.send(
            &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        );
        let reply = self.receive();
        assert_eq!((&reply["id"], &reply["jsonrpc"]), (&json!(id), &json!("2.0")));
        reply
    }

    /// The text of a tool's result, and whether it is an error.
    fn tool(&mut self, name: &str, arguments: Value) -> (String, bool) {
        let reply = self.ask("tools/call", json!({ "name": name, "arguments": arguments }));
        let result = &reply["result"];
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        (text, result["isError"].as_bool().unwrap())
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

#[test]
fn session_finds_reads_tries_and_carries_out() {
    let server = Server::start(&["--ephemeral"]);
    let mut session = Session::start(&server, &[]);
    let greeting = session.ask("initialize", json!({ "protocolVersion": "2025-03-26" }));
    assert_eq!(greeting["result"]["protocolVersion"], "2025-03-26");
    session.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let tools = session.ask("tools/list", json!({}));
    let tools = tools["result"]["tools"].as_array().unwrap();
    assert!(tools.iter().all(|tool| tool["inputSchema"]["type"] == "object"));
    assert_eq!(tools.len(), 5);
    let (found, _) = session.tool("find_actions", json!({ "query": "detach disk" }));
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["actions"][0]["action"], "DetachDisk");
    let (described, _) = session.tool("describe_action", json!({ "action": "DetachDisk" }));
    assert!(described.contains("preconditions"));
    let (read, _) = session.tool("read_document", json!({ "name": "worlds" }));
    assert!(read.starts_with("# Worlds"));

    let parameters = json!({ "ZoneId": "cn-hangzhou-i", "Size": 20, "DiskCategory": "cloud_essd",
                             "Tag.1.Key": "team" });
    let call = json!({ "action": "CreateDisk", "parameters": parameters });
    let (tried, is_error) = session.tool("call_action", call.clone());
    assert!(!is_error && tried.contains("would succeed"), "{tried}");
    let list = json!({ "action": "DescribeDisks" });
    assert!(session.tool("call_action", list.clone()).0.contains("\"TotalCount\": 0"));
    let mut call = call;
    call["dry_run"] = false.into();
    let (made, _) = session.tool("call_action", call);
    let made: Value = serde_json::from_str(&made).unwrap();
    let watch = json!({ "disk_id": made["DiskId"], "status": "available" });
    let (seen, is_error) = session.tool("watch_disk", watch);
    assert!(!is_error && seen.contains("\"Status\": \"Available\""), "{seen}");
    let watch = json!({ "disk_id": made["DiskId"], "status": "In_use", "timeout_s": 0 });
    let (seen, is_error) = session.tool("watch_disk", watch);
    assert!(is_error && seen.contains("is Available, not In_use"), "{seen}");
    session.end();
    server.stop();
}

/// The words in backticks of a text.
fn in_backticks(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn page_about_assistants_has_every_tool_with_its_arguments() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/assistants.md");
    let page = std::fs::read_to_string(page).unwrap();
    let server = Server::start(&["--ephemeral"]);
    let mut session = Session::start(&server, &[]);
    let listed = session.ask("tools/list", json!({}));
    let listed = listed["result"]["tools"].as_array().unwrap().clone();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Vec<&str>> = rows.map(|line| line.split('|').collect()).collect();
    assert_eq!(rows.len(), listed.len(), "a row for each tool, and no other");
    for (row, tool) in rows.iter().zip(&listed) {
        assert_eq!(in_backticks(row[1]), [tool["name"].as_str().unwrap()]);
        let arguments = tool["inputSchema"]["properties"].as_object().unwrap();
        assert_eq!(in_backticks(row[3]), arguments.keys().collect::<Vec<_>>(), "{tool}");
    }
    let greeting = session.ask("initialize", json!({}));
    let latest = greeting["result"]["protocolVersion"].as_str().unwrap();
    assert!(page.contains(&format!("(versions {latest}, ")), "{latest}");
    // The configurations start a server of the protocol, and the last line is a message of it.
    let blocks = page.lines().filter_map(|line| line.strip_prefix("    "));
    let (configurations, others): (Vec<&str>, Vec<&str>) =
        blocks.partition(|line| line.starts_with('{'));
    for text in configurations {
        let configuration: Value = serde_json::from_str(text).unwrap();
        let program = &configuration["mcpServers"]["diskdock"];
        assert_eq!((&program["command"], &program["args"][0]), (&"diskdock".into(), &"mcp".into()));
        let options = program["args"].as_array().unwrap().iter().skip(1);
        let options: Vec<&str> = options.map(|option| option.as_str().unwrap()).collect();
        Session::start(&server, &options).end();
    }
    let [line] = others[..] else { panic!("{others:?}") };
    session.send(line.split('\'').nth(3).unwrap());
    let found = session.receive();
    let text = found["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("DetachDisk"), "{text}");
    session.end();
    server.stop();
}

#[test]
fn watch_disk_is_told_of_changes() {
    let server = Server::start(&["--ephemeral"]);
    let mut session = Session::start(&server, &[]);
    let call = json!({ "action": "CreateDisk", "dry_run": false, "parameters": {
        "ZoneId": "cn-hangzhou-i", "Size": 20, "DiskCategory": "cloud_essd" } });
    let made: Value = serde_json::from_str(&session.tool("call_action", call).0).unwrap();
    // Nothing changes: the server says so once a second.
    let watch = json!({ "disk_id": made["DiskId"], "status": "In_use", "timeout_s": 3 });
    let (said, is_error) = session.tool("watch_disk", watch);
    assert!(is_error && said.contains("is Available, not In_use, after 3 s"), "{said}");
    let looks = looks_at_disks(&server.endpoint);
    assert!((1..=6).contains(&looks), "{looks} looks");
    session.end();
    server.stop();
}

/// How often disks were described, by the metrics of the server.
fn looks_at_disks(endpoint: &str) -> u64 {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let head = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let name = "diskdock_requests_total{action=\"DescribeDisks\",code=\"OK\"} ";
    reply.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
}

#[test]
fn mcp_session_goes_on_after_errors() {
    let server = Server::start(&["--ephemeral"]);
    let mut session = Session::start(&server, &["--read-only"]);
    session.send("hello");
    assert_eq!(session.receive()["error"]["code"], -32_700);
    assert_eq!(session.ask("resources/list", json!({}))["error"]["code"], -32_601);
    assert_eq!(session.ask("tools/call", json!({ "name": "x" }))["error"]["code"], -32_602);
    let (said, is_error) = session.tool("call_action", json!({ "action": "DetachDsk" }));
    assert!(is_error && said.contains("DetachDisk"), "{said}");
    let call = json!({ "action": "DetachDisk", "parameters": { "DiskId": "d-1", "InstanceId": "i-1" },
                       "dry_run": false });
    let (said, is_error) = session.tool("call_action", call);
    assert!(is_error && said.contains("404 InvalidInstanceId.NotFound"), "{said}");
    let call = json!({ "action": "CreateDisk", "dry_run": false, "parameters": {
        "ZoneId": "cn-hangzhou-i", "Size": 20, "DiskCategory": "cloud_essd" } });
    let (said, is_error) = session.tool("call_action", call);
    assert!(!is_error && said.contains("read-only"), "{said}");
    session.end();
    server.stop();
}
