//! `diskdock hosts`: the hosts of a server, and the word of an operator on them.

mod evacuate;
mod fence;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::admin::controls::{self, Controls, token_for};
use super::catalog::TextFormat;
use super::client::{ApiClient, ConnectionArgs};
use super::{Failure, output};
use crate::gateway::signature::percent_encode;
use evacuate::EvacuateArgs;
use fence::FenceArgs;

/// List hosts, and have them take new instances or not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock hosts                          the hosts with their zones, what is used, and their state
  diskdock hosts drain host-a             no new instances there; those that it has stay
  diskdock hosts undrain host-a
  diskdock hosts remove host-a            forget a host that has no instances and is gone
  diskdock hosts fence host-a --store …   keep a lost host from writing to its disks in Ceph
  diskdock hosts fence --auto --store …   the same with each host that is silent for long
  diskdock hosts evacuate host-a          then start its instances on other hosts

A host registers by itself, with `diskdock host`.")]
pub(crate) struct HostsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The admin token [default: that in the data directory of the server of this host]
    #[arg(long, global = true, env = controls::TOKEN_VARIABLE, hide_env_values = true)]
    token: Option<String>,
    /// The format of the output
    #[arg(long, global = true, value_enum, default_value = "table")]
    output: TextFormat,
    #[command(subcommand)]
    command: Option<HostsCommand>,
}

#[derive(Debug, Subcommand)]
enum HostsCommand {
    /// List the hosts
    List,
    /// Have a host take no new instances
    Drain {
        /// Its name
        name: String,
    },
    /// Have a drained host take new instances again
    Undrain {
        /// Its name
        name: String,
    },
    /// Keep a lost host from writing to its disks in Ceph, so that others can have them
    Fence(Box<FenceArgs>),
    /// Give the instances of a fenced host to other hosts, and start those that were on
    Evacuate(EvacuateArgs),
    /// Forget a host that has no instances and is not heard of
    Remove {
        /// Its name
        name: String,
    },
}

/// The text for servers without hosts.
const NO_HOSTS: &str = "\
no hosts: start one with
  diskdock host --store <that of this server> --name host-a --zone <zone> --data-dir <directory>
It registers by itself. A server without --hypervisor hosts runs its instances itself.";

/// Runs the command.
pub(super) async fn run(args: HostsArgs) -> Result<(), Failure> {
    let HostsArgs { connection, token, output: form, command } = args;
    let token = token.or_else(|| token_for(&connection.endpoint));
    let controls = Controls::of(ApiClient::new(&connection)?, token);
    let path = |name: &str| format!("/hosts/{}", percent_encode(name));
    let (reply, words) = match command.unwrap_or(HostsCommand::List) {
        HostsCommand::Fence(args) => return fence::run(*args).await,
        HostsCommand::Evacuate(args) => {
            return evacuate::run(&args, &controls, &path(&args.name), |reply, words| match form {
                TextFormat::Json => output::print_json(reply),
                TextFormat::Table => output::print(words),
            })
            .await;
        }
        HostsCommand::List => {
            let reply = controls.get("/hosts").await?;
            let words = table(reply["hosts"].as_array().map_or(&[][..], Vec::as_slice));
            (reply, words)
        }
        HostsCommand::Drain { name } => {
            admitted(controls.post(&format!("{}/drain", path(&name)), &json!({})).await?)
        }
        HostsCommand::Undrain { name } => {
            admitted(controls.post(&format!("{}/undrain", path(&name)), &json!({})).await?)
        }
        HostsCommand::Remove { name } => {
            (controls.delete(&path(&name)).await?, format!("{name} is forgotten"))
        }
    };
    if form == TextFormat::Json {
        return output::print_json(&reply);
    }
    output::print(&words)
}

/// A reply about one host, and what is shown of it.
fn admitted(reply: Value) -> (Value, String) {
    let words = table(std::slice::from_ref(&reply));
    (reply, words)
}

fn table(hosts: &[Value]) -> String {
    if hosts.is_empty() {
        return NO_HOSTS.to_owned();
    }
    let headings = [
        "name",
        "zone",
        "state",
        "heard",
        "instances",
        "processors",
        "memory",
        "disk slots",
        "version",
    ];
    output::table(&headings, &hosts.iter().map(row).collect::<Vec<_>>())
}

fn row(host: &Value) -> Vec<String> {
    let text = |name: &str| output::text_of(host, name);
    let number = |of: &str, name: &str| host[of][name].as_u64().unwrap_or(0);
    let share = |name: &str| format!("{} of {}", number("used", name), number("allowed", name));
    let gib = |of: &str| number(of, "memory_mib") as f64 / 1_024.0;
    vec![
        text("name"),
        text("zone"),
        state_in_words(host),
        heard_in_words(host["heard_ms_ago"].as_i64()),
        text("instances"),
        share("processors"),
        format!("{:.1} of {:.1} GiB", gib("used"), gib("allowed")),
        share("disk_slots"),
        text("version"),
    ]
}

/// The state; a drained host that is silent is both.
fn state_in_words(host: &Value) -> String {
    let (state, admission) = (&host["state"], &host["admission"]);
    let state = state.as_str().unwrap_or_default();
    match admission.as_str() {
        Some("drained") if state != "drained" => format!("{state}, drained"),
        _ => state.to_owned(),
    }
}

fn heard_in_words(ms_ago: Option<i64>) -> String {
    match ms_ago.map(|ago| ago / 1_000) {
        None => "never".to_owned(),
        Some(seconds @ ..120) => format!("{seconds} s ago"),
        Some(seconds @ 120..7_200) => format!("{} min ago", seconds / 60),
        Some(seconds) => format!("{} h ago", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_use_state_and_age() {
        let host = json!({
            "name": "host-a", "zone": "cn-hangzhou-b", "state": "not heard of",
            "admission": "drained", "heard_ms_ago": 240_000, "instances": 2,
            "allowed": { "processors": 8, "memory_mib": 32_768, "disk_slots": 64 },
            "used": { "processors": 4, "memory_mib": 16_896, "disk_slots": 34 },
            "version": "0.3.0",
        });
        let text = table(&[host]);
        for part in ["not heard of, drained", "4 min ago", "4 of 8", "16.5 of 32.0 GiB", "34 of 64"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(table(&[]).contains("diskdock host --store"), "it says what to do");
        assert_eq!(heard_in_words(None), "never");
        assert_eq!(heard_in_words(Some(119_999)), "119 s ago");
        assert_eq!(heard_in_words(Some(7_200_000)), "2 h ago");
    }
}
