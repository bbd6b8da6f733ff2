//! `diskdock mcp`: a server of the Model Context Protocol, so that assistants can find actions,
//! read the documents, call with a dry run first, and watch a disk.
//!
//! One JSON-RPC message a line, on standard input and output. Requests are answered one after the
//! other.

mod tools;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::Failure;
use super::call::{Credentials, SigningClient, SigningScheme};
use super::client::ConnectionArgs;
use tools::Tools;

/// Versions of the protocol that are understood, the latest first.
const VERSIONS: &[&str] = &["2025-06-18", "2025-03-26", "2024-11-05"];
/// The longest message, in bytes.
const LONGEST: usize = 1 << 20;
/// JSON-RPC: the message is no JSON.
const NOT_JSON: i64 = -32_700;
/// JSON-RPC: there is no such method.
const NO_METHOD: i64 = -32_601;
/// JSON-RPC: the parameters are wrong.
const WRONG_PARAMETERS: i64 = -32_602;

/// Serve an assistant over standard input and output (Model Context Protocol).
#[derive(Debug, clap::Args)]
#[command(after_help = "Configuration of an assistant:
  {\"mcpServers\": {\"diskdock\": {\"command\": \"diskdock\", \"args\": [\"mcp\"]}}}

Calls that write are dry runs unless the assistant says otherwise; start it with --read-only and
they stay dry runs.")]
pub(crate) struct McpArgs {
    /// Carry out no call that writes, whatever the assistant says
    #[arg(long)]
    read_only: bool,
    #[command(flatten)]
    credentials: Credentials,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Answers until standard input ends.
pub(super) async fn run(args: McpArgs) -> Result<(), Failure> {
    let caller = SigningClient::new(&args.connection, &args.credentials, SigningScheme::V3)?;
    let tools = Tools { caller, read_only: args.read_only };
    let mut input = BufReader::new(tokio::io::stdin());
    let mut output = tokio::io::stdout();
    let mut line = String::new();
    let broken = |error: std::io::Error| Failure::new(error, "");
    loop {
        line.clear();
        if input.read_line(&mut line).await.map_err(broken)? == 0 {
            return Ok(());
        }
        if let Some(reply) = answer(&tools, line.trim()).await {
            let text = format!("{reply}\n");
            output.write_all(text.as_bytes()).await.map_err(broken)?;
            output.flush().await.map_err(broken)?;
        }
    }
}

/// The reply to a message; none to a notification.
async fn answer(tools: &Tools, line: &str) -> Option<Value> {
    if line.is_empty() {
        return None;
    }
    let message: Value = match serde_json::from_str(line) {
        Ok(message) if line.len() <= LONGEST => message,
        _ => return Some(error(&Value::Null, NOT_JSON, "one JSON-RPC message a line, please")),
    };
    let id = message.get("id")?.clone();
    let parameters = &message["params"];
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => Ok(greeting(parameters)),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({ "tools": tools::list() })),
        "tools/call" => tools.call(parameters).await.map_err(|why| (WRONG_PARAMETERS, why)),
        other => Err((NO_METHOD, format!("there is no method {other:?}"))),
    };
    Some(match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err((code, why)) => error(&id, code, &why),
    })
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

fn greeting(parameters: &Value) -> Value {
    let asked = parameters["protocolVersion"].as_str();
    let version = VERSIONS.iter().find(|version| asked == Some(**version)).unwrap_or(&VERSIONS[0]);
    json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "diskdock", "version": env!("CARGO_PKG_VERSION") },
        "instructions": "The disk side of the Alibaba Cloud ECS API. Find an action, read its \
                         description, call it as a dry run, then carry it out. AttachDisk and \
                         DetachDisk end later: watch the disk until it has the status that you want.",
    })
}
