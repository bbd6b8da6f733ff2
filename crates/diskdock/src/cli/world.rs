//! `diskdock world`: worlds inside a running server.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::admin::controls::{self, Controls, token_for};
use super::catalog::TextFormat;
use super::client::{ApiClient, ConnectionArgs};
use super::{Failure, output};
use crate::assembly::worlds::MAIN;
use crate::gateway::signature::percent_encode;

/// Make, list and delete worlds: further servers inside a running one, for tests.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  eval \"$(diskdock world new)\"           call and admin go to a new world from now on
  diskdock world fork try-1               a copy of the main world with all that is under way
  diskdock world fork try-2 --from try-1 --key ci:secret
                                          the same of another one, behind a key that you choose
  diskdock admin --world try-1 clock advance 1h
  diskdock world diff main try-1          what is in one of them only, or differs
  eval \"$(diskdock world switch main)\"   back again
  diskdock world delete try-1

A world has disks, instances, a clock, rules and faults of its own. Its access key leads to it, from
any client. Worlds are gone when the server stops.")]
pub(crate) struct WorldArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The admin token [default: that in the data directory of the server of this host]
    #[arg(long, global = true, env = controls::TOKEN_VARIABLE, hide_env_values = true)]
    token: Option<String>,
    /// The format of the output; `table` has shell commands where there is no list
    #[arg(long, global = true, value_enum, default_value = "table")]
    output: TextFormat,
    /// The same as --output json
    #[arg(long, global = true, hide = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<WorldCommand>,
}

#[derive(Debug, Subcommand)]
enum WorldCommand {
    /// Make an empty world, and print the shell commands that switch to it
    New {
        /// Its name; one is made up if left out
        name: Option<String>,
        /// The access key that is to lead to it; a new one if left out
        #[arg(long, value_name = "ID:SECRET")]
        key: Option<String>,
    },
    /// Make a copy of a world, and print the shell commands that switch to it
    Fork {
        /// Its name; one is made up if left out
        name: Option<String>,
        /// The world to copy
        #[arg(long, value_name = "NAME", default_value = MAIN)]
        from: String,
        /// The access key that is to lead to it; a new one if left out
        #[arg(long, value_name = "ID:SECRET")]
        key: Option<String>,
    },
    /// Print the shell commands that switch to a world
    Switch {
        /// Its name; main is the one that the server has from its start
        name: String,
    },
    /// List the worlds besides the main one
    List,
    /// List the resources that are in one of two worlds only, or differ
    Diff {
        /// One world
        one: String,
        /// The other
        other: String,
    },
    /// Delete a world with all that is in it
    Delete {
        /// Its name
        name: String,
    },
}

/// Runs the command.
pub(super) async fn run(args: WorldArgs) -> Result<(), Failure> {
    let WorldArgs { connection, token, output, json, command } = args;
    let command = command.unwrap_or(WorldCommand::List);
    let json = json || output == TextFormat::Json;
    let token = token.or_else(|| token_for(&connection.endpoint));
    let in_world = |name: &str| -> Result<Controls, Failure> {
        let controls = Controls::of(ApiClient::new(&connection)?, token.clone());
        Ok(controls.in_world(Some(name)))
    };
    let controls = in_world(MAIN)?;
    let reply = match &command {
        WorldCommand::New { name, key } => {
            controls.post("/worlds", &json!({ "name": name, "key": key })).await?
        }
        WorldCommand::Fork { name, from, key } => {
            let order = json!({ "name": name, "from": from, "key": key });
            controls.post("/worlds", &order).await?
        }
        WorldCommand::Switch { name } if name == MAIN => json!({ "name": MAIN }),
        WorldCommand::Switch { name } => controls.get(&path_of(name)).await?,
        WorldCommand::List => controls.get("/worlds").await?,
        WorldCommand::Diff { one, other } => {
            let one = in_world(one)?.get("/state").await?;
            differences(&one, &in_world(other)?.get("/state").await?)
        }
        WorldCommand::Delete { name } => controls.delete(&path_of(name)).await?,
    };
    if json { output::print_json(&reply) } else { output::print(&in_words(&command, &reply)) }
}

fn path_of(name: &str) -> String {
    format!("/worlds/{}", percent_encode(name))
}

fn in_words(command: &WorldCommand, reply: &Value) -> String {
    match command {
        WorldCommand::New { .. } | WorldCommand::Fork { .. } | WorldCommand::Switch { .. } => {
            shell_commands(reply)
        }
        WorldCommand::List => {
            list(reply, "worlds", &["name", "from", "created_at", "access_key_id"])
        }
        WorldCommand::Diff { .. } => list(reply, "differences", &["id", "what"]),
        WorldCommand::Delete { name } => format!("the world {name} is deleted"),
    }
}

fn list(reply: &Value, name: &str, columns: &[&str]) -> String {
    let entries = reply[name].as_array().map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        let way = match name {
            "worlds" => " besides main: `diskdock world new` makes one",
            _ => ": both worlds have the same resources",
        };
        return format!("no {name}{way}");
    }
    let row = |entry: &Value| columns.iter().map(|column| output::text_of(entry, column)).collect();
    let headings: Vec<_> = columns.iter().map(|column| column.replace('_', " ")).collect();
    let headings: Vec<_> = headings.iter().map(String::as_str).collect();
    output::table(&headings, &entries.iter().map(row).collect::<Vec<_>>())
}

/// A secret that was chosen may contain anything.
fn shell_commands(reply: &Value) -> String {
    let variables = [
        ("DISKDOCK_WORLD", "name"),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "access_key_id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "access_key_secret"),
    ];
    let command = |(variable, field): (&str, &str)| match reply[field].as_str() {
        Some(value) if value != MAIN => {
            format!("export {variable}={}", output::shell_word(value))
        }
        _ => format!("unset {variable}"),
    };
    variables.map(command).join("\n")
}

/// The resources that are in one export only, or differ.
fn differences(one: &Value, other: &Value) -> Value {
    let (one, other) = (by_id(one), by_id(other));
    let gone = one.iter().filter_map(|(id, value)| match other.get(id) {
        None => Some((id, "only in the first")),
        Some(there) if there != value => Some((id, "differs")),
        Some(_) => None,
    });
    let new = other.keys().filter(|id| !one.contains_key(*id)).map(|id| (id, "only in the second"));
    let found: Vec<_> =
        gone.chain(new).map(|(id, what)| json!({ "id": id, "what": what })).collect();
    json!({ "differences": found })
}

/// The resources of an export, by their ids.
fn by_id(state: &Value) -> BTreeMap<&str, &Value> {
    let lists = state.as_object().into_iter().flatten().filter(|(name, _)| *name != "operations");
    let resources = lists.filter_map(|(_, list)| list.as_array()).flatten();
    resources.filter_map(|resource| Some((resource.get("id")?.as_str()?, resource))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_names_what_is_missing_new_and_changed() {
        let one = json!({ "disks": [{"id": "d-1"}, {"id": "d-2", "size": 1}, {"id": "d-3"}] });
        let other = json!({ "disks": [{"id": "d-2", "size": 2}, {"id": "d-3"}, {"id": "d-4"}] });
        let found = differences(&one, &other);
        let expected = json!({ "differences": [
            { "id": "d-1", "what": "only in the first" },
            { "id": "d-2", "what": "differs" },
            { "id": "d-4", "what": "only in the second" },
        ] });
        assert_eq!(found, expected);
        assert_eq!(differences(&one, &one), json!({ "differences": [] }));
    }

    #[test]
    fn shell_commands_quote_what_a_shell_would_read() {
        let reply = json!({ "name": "w", "access_key_id": "a", "access_key_secret": "b'$c" });
        let text = shell_commands(&reply);
        assert!(text.contains("export DISKDOCK_WORLD=w\n"), "{text}");
        assert!(text.ends_with("ALIBABA_CLOUD_ACCESS_KEY_SECRET='b'\\''$c'"), "{text}");
        assert!(shell_commands(&json!({ "name": MAIN })).starts_with("unset DISKDOCK_WORLD"));
    }
}
