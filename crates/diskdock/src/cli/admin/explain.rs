//! `diskdock admin explain`: which statement of a key's policies decides about a call.

use std::net::IpAddr;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::output;

/// A call and the key that it would be signed with.
#[derive(Debug, Args)]
pub(super) struct ExplainOrder {
    /// The action, or `Vpc.CreateVpc` for one of another product than ECS
    action: String,
    /// Its parameters, as Name=value
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    /// The id of the key
    #[arg(long, env = "ALIBABA_CLOUD_ACCESS_KEY_ID")]
    key: String,
    /// The address that the call would come from
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// The call would come over TLS
    #[arg(long)]
    secure: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is no Name=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}

impl ExplainOrder {
    pub(super) fn body(&self) -> Value {
        let pairs = self.parameters.iter().map(|(name, text)| (name.clone(), text.as_str().into()));
        json!({
            "key": self.key,
            "action": self.action,
            "parameters": pairs.collect::<Map<String, Value>>(),
            "address": self.from,
            "secure": self.secure,
        })
    }
}

/// The reply as lines: one for each resource, with the statement that decided about it.
pub(super) fn lines(reply: &Value) -> Option<String> {
    let allowed = reply.get("allowed")?.as_bool()?;
    let why = output::text_of(reply, "why");
    let mut lines = vec![match (allowed, why.is_empty()) {
        (true, false) => format!("{} is allowed: {why}", output::text_of(reply, "action")),
        (true, true) => format!("{} is allowed", output::text_of(reply, "action")),
        (false, false) => format!("{} is refused: {why}", output::text_of(reply, "action")),
        (false, true) => format!("{} is refused", output::text_of(reply, "action")),
    }];
    for one in reply.get("resources")?.as_array()? {
        let text = |name: &str| output::text_of(one, name);
        lines.push(format!("  {}  {}", text("verdict"), text("resource")));
        lines.push(match one.get("statement") {
            Some(statement) => {
                format!("    {}, statement {}: {statement}", text("policy"), text("number"))
            }
            None => "    no statement is about it".to_owned(),
        });
    }
    Some(lines.join("\n"))
}
