//! `diskdock admin`: the operator's controls of a running server.

pub(crate) mod controls;
mod explain;
mod instances;
mod orders;
mod sentences;
mod view;
mod watch;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::catalog::TextFormat;
use super::client::{ApiClient, ConnectionArgs};
use super::data_directory::read_server_file;
use super::{Failure, output};
use crate::gateway::signature::percent_encode;
use crate::hypervisor::{Pace, parse_duration_ms};
use controls::{Controls, token_for};
use explain::ExplainOrder;
use instances::InstancesVerb;
use orders::{FaultOrder, RuleOrder};

/// Inspect and control a running server: operations, clock, faults, locks.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock admin operations                            operations in flight and failed ones
  diskdock admin rules add --transition detach --times 1 --do refuse
  diskdock admin faults add --action DetachDisk --times 3 --answer IncorrectDiskStatus
  diskdock admin clock hold && diskdock admin clock advance 10m
  diskdock admin lock i-1 --reason security
  diskdock admin export --file state.json")]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The admin token [default: that in the data directory of the server of this host]
    #[arg(long, global = true, env = controls::TOKEN_VARIABLE, hide_env_values = true)]
    token: Option<String>,
    /// Take address and token from this data directory of a running server
    #[arg(long, global = true, value_name = "DIRECTORY", conflicts_with = "token")]
    data_dir: Option<PathBuf>,
    /// The world to control [default: the main one]
    #[arg(long, global = true, value_name = "NAME", env = "DISKDOCK_WORLD")]
    world: Option<String>,
    /// The format of the output
    #[arg(long, global = true, value_enum, default_value = "table")]
    output: TextFormat,
    /// The same as --output json
    #[arg(long, global = true, hide = true)]
    json: bool,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Check that the server answers
    Health,
    /// Forget all disks, instances, operations, faults and clock changes; keep the keys
    Reset,
    /// Export the whole state
    Export {
        /// The file to write; standard output if left out
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Replace the whole state by an export
    Import {
        /// The file of the export
        file: PathBuf,
    },
    /// Lock an instance
    Lock {
        /// The instance
        instance: String,
        /// The reason of the lock
        #[arg(long, default_value = "security")]
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(domain::LockReason::WORDS))]
        reason: String,
    },
    /// Unlock an instance: one lock, or all
    Unlock {
        /// The instance
        instance: String,
        /// Only this lock
        #[arg(long)]
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(domain::LockReason::WORDS))]
        reason: Option<String>,
    },
    /// Kill the machine of an instance, as when its process crashes
    Kill {
        /// The instance
        instance: String,
    },
    /// Mark simulated machines as lost or found, and fence machines
    Instances {
        #[command(subcommand)]
        verb: InstancesVerb,
    },
    /// Pause an instance: its processors stand still until it is resumed
    Pause {
        /// The instance
        instance: String,
    },
    /// Resume a paused instance
    Resume {
        /// The instance
        instance: String,
    },
    /// Show or set how long transitions take
    Pace {
        /// fast, cloud, or a duration such as 500ms, 2s or 1m, which leaves creating and resizing
        /// disks instant: slow them with `rules add --transition create --do take=2s`
        #[arg(value_parser = Pace::parse)]
        pace: Option<Pace>,
    },
    /// Show or set the server's clock
    Clock {
        #[command(subcommand)]
        verb: Option<ClockVerb>,
    },
    /// Rules for the outcome and duration of transitions
    Rules {
        #[command(subcommand)]
        verb: Option<RulesVerb>,
    },
    /// Let transitions in progress succeed
    Finish(OperationFilterArgs),
    /// Let transitions in progress fail, as if the guest refused
    Refuse(OperationFilterArgs),
    /// Retry operations now
    Step(OperationFilterArgs),
    /// Faults of the API
    Faults {
        #[command(subcommand)]
        verb: Option<FaultsVerb>,
    },
    /// List operations in flight and failed ones, with the reason
    Operations {
        #[command(flatten)]
        concerned: OperationFilterArgs,
        /// Look every second and print them whenever they have changed, until Ctrl-C
        #[arg(long)]
        watch: bool,
    },
    /// List disks whose acknowledged writes may be lost, with the reason
    Damaged,
    /// Accept the bytes of a damaged disk as they are now
    Accept {
        /// The disk
        disk: String,
    },
    /// Restore a disk whose file was deleted, from the file that its virtual machine still has open
    Restore {
        /// The disk
        disk: String,
    },
    /// List where store and hypervisor disagree
    Differences,
    /// List the latest writes
    Calls,
    /// Explain which statement of a key's policies allows or denies a call
    Explain(ExplainOrder),
}

#[derive(Debug, Subcommand)]
enum ClockVerb {
    /// Stop it
    Hold,
    /// Let it run on from the time at which it stopped
    Release,
    /// Set it to the time of the host
    Reset,
    /// Move it forward
    Advance {
        /// How far, such as 500ms, 90s, 10m or 24h
        #[arg(value_parser = milliseconds)]
        duration: i64,
    },
}

#[derive(Debug, Subcommand)]
enum RulesVerb {
    /// Show the rules in force
    List,
    /// Add a rule behind the others
    Add(RuleOrder),
    /// Remove all rules
    Clear,
}

#[derive(Debug, Subcommand)]
enum FaultsVerb {
    /// Show the added faults
    List,
    /// Add a fault
    Add(FaultOrder),
    /// Remove all faults
    Clear,
}

/// The disk or instance; all if left out.
#[derive(Debug, Args)]
struct OperationFilterArgs {
    /// Only this disk
    #[arg(long)]
    disk: Option<String>,
    /// Only this instance
    #[arg(long)]
    instance: Option<String>,
}

impl OperationFilterArgs {
    fn given(&self) -> impl Iterator<Item = (&'static str, &String)> {
        [("disk", &self.disk), ("instance", &self.instance)]
            .into_iter()
            .filter_map(|(name, id)| Some((name, id.as_ref()?)))
    }

    fn body(&self) -> Value {
        self.given().map(|(name, id)| (name.to_owned(), Value::from(id.as_str()))).collect()
    }

    fn query(&self) -> String {
        let pairs = self.given().map(|(name, id)| format!("{name}={}", percent_encode(id)));
        let query = pairs.collect::<Vec<_>>().join("&");
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

/// Reads a duration.
fn milliseconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no duration such as 500ms, 2s, 1m or 1h");
    parse_duration_ms(text).ok_or_else(wrong)
}

/// Runs the command.
pub(super) async fn run(args: AdminArgs) -> Result<(), Failure> {
    let AdminArgs { mut connection, mut token, data_dir, world, output, json, command } = args;
    if let Some(directory) = &data_dir {
        connection.endpoint = read_server_file(directory, "endpoint")?;
        token = Some(read_server_file(directory, "admin-token")?);
    }
    let token = token.or_else(|| token_for(&connection.endpoint));
    let controls = Controls::of(ApiClient::new(&connection)?, token).in_world(world.as_deref());
    let json = json || output == TextFormat::Json;
    if let AdminCommand::Export { file: Some(file) } = &command {
        return export(&controls, file, json).await;
    }
    let reply = carry_out(&controls, &command).await?;
    if let AdminCommand::Operations { watch: true, .. } = &command {
        return watch::until_closed(&controls, &command, reply, json).await;
    }
    output::print(&shown(&command, &reply, json))
}

/// A reply as it is printed.
fn shown(command: &AdminCommand, reply: &Value, json: bool) -> String {
    let in_words = || sentences::sentence(command, reply).or_else(|| table_of(command, reply));
    let text = if json { None } else { in_words() };
    text.unwrap_or_else(|| output::pretty(reply))
}

async fn carry_out(controls: &Controls, command: &AdminCommand) -> Result<Value, Failure> {
    let nothing = Value::Object(Default::default());
    match command {
        AdminCommand::Health => controls.get("/health").await,
        AdminCommand::Reset => controls.post("/reset", &nothing).await,
        AdminCommand::Export { .. } => controls.get("/state").await,
        AdminCommand::Import { file } => import(controls, file).await,
        AdminCommand::Lock { instance, reason } => {
            controls.post(&of_instance(instance, "lock"), &json!({ "reason": reason })).await
        }
        AdminCommand::Unlock { instance, reason } => {
            let body = reason.as_ref().map_or(nothing, |reason| json!({ "reason": reason }));
            controls.post(&of_instance(instance, "unlock"), &body).await
        }
        AdminCommand::Kill { instance } => {
            controls.post(&of_instance(instance, "kill"), &nothing).await
        }
        AdminCommand::Instances { verb } => {
            controls.post(&of_instance(verb.instance(), verb.word()), &nothing).await
        }
        AdminCommand::Pause { instance } => {
            controls.post(&of_instance(instance, "pause"), &nothing).await
        }
        AdminCommand::Resume { instance } => {
            controls.post(&of_instance(instance, "resume"), &nothing).await
        }
        AdminCommand::Pace { pace: None } => controls.get("/pace").await,
        AdminCommand::Pace { pace: Some(pace) } => {
            let body = json!({ "pace": pace.to_string() }).to_string();
            controls.ask(Method::PUT, "/pace", body.into()).await
        }
        AdminCommand::Clock { verb } => move_clock(controls, verb.as_ref()).await,
        AdminCommand::Rules { verb: None | Some(RulesVerb::List) } => controls.get("/rules").await,
        AdminCommand::Rules { verb: Some(RulesVerb::Add(order)) } => {
            controls.post("/rules", &order.body()).await
        }
        AdminCommand::Rules { verb: Some(RulesVerb::Clear) } => controls.delete("/rules").await,
        AdminCommand::Finish(concerned) => {
            controls.post("/transitions/finish", &concerned.body()).await
        }
        AdminCommand::Refuse(concerned) => {
            controls.post("/transitions/refuse", &concerned.body()).await
        }
        AdminCommand::Step(concerned) => {
            controls.post("/transitions/step", &concerned.body()).await
        }
        AdminCommand::Faults { verb: None | Some(FaultsVerb::List) } => {
            controls.get("/faults").await
        }
        AdminCommand::Faults { verb: Some(FaultsVerb::Add(order)) } => {
            controls.post("/faults", &order.body()).await
        }
        AdminCommand::Faults { verb: Some(FaultsVerb::Clear) } => controls.delete("/faults").await,
        AdminCommand::Operations { concerned, .. } => {
            controls.get(&format!("/operations{}", concerned.query())).await
        }
        AdminCommand::Differences => controls.get("/differences").await,
        AdminCommand::Damaged => controls.get("/disks/damaged").await,
        AdminCommand::Accept { disk } => controls.post(&of_disk(disk, "accept"), &nothing).await,
        AdminCommand::Restore { disk } => controls.post(&of_disk(disk, "restore"), &nothing).await,
        AdminCommand::Calls => controls.get("/calls").await,
        AdminCommand::Explain(order) => controls.post("/explain", &order.body()).await,
    }
}

fn of_disk(disk: &str, verb: &str) -> String {
    format!("/disks/{}/{verb}", percent_encode(disk))
}

fn of_instance(instance: &str, verb: &str) -> String {
    format!("/instances/{}/{verb}", percent_encode(instance))
}

async fn move_clock(controls: &Controls, verb: Option<&ClockVerb>) -> Result<Value, Failure> {
    let (path, body) = match verb {
        None => return controls.get("/clock").await,
        Some(ClockVerb::Hold) => ("/clock/hold", json!({})),
        Some(ClockVerb::Release) => ("/clock/release", json!({})),
        Some(ClockVerb::Reset) => ("/clock/reset", json!({})),
        Some(ClockVerb::Advance { duration }) => {
            ("/clock/advance", json!({ "milliseconds": duration }))
        }
    };
    controls.post(path, &body).await
}

async fn export(controls: &Controls, file: &Path, json: bool) -> Result<(), Failure> {
    let state = controls.get("/state").await?;
    std::fs::write(file, output::pretty(&state)).map_err(|error| {
        let hint = "Name another --file, or leave it out for standard output.";
        Failure::new(format!("cannot write {}: {error}", file.display()), hint)
    })?;
    if json {
        return output::print_json(&json!({ "file": file }));
    }
    output::print(&format!("the state is exported: it is in {}", file.display()))
}

async fn import(controls: &Controls, file: &Path) -> Result<Value, Failure> {
    let state = std::fs::read(file).map_err(|error| {
        let hint = "Name a file that `diskdock admin export` has written.";
        Failure::usage(format!("cannot read {}: {error}", file.display()), hint)
    })?;
    controls.ask(Method::PUT, "/state", state.into()).await
}

/// The table for a reply, if the command has one.
fn table_of(command: &AdminCommand, reply: &Value) -> Option<String> {
    match command {
        AdminCommand::Operations { .. } => view::operations(reply),
        AdminCommand::Differences => view::list(reply, "differences", &["instance", "what"]),
        AdminCommand::Damaged => view::list(reply, "damaged", &["disk", "why"]),
        AdminCommand::Calls => {
            let columns = ["at", "action", "resource", "access_key_id", "request_id"];
            view::list(reply, "calls", &columns)
        }
        AdminCommand::Rules { .. } => {
            let columns = ["transition", "disk", "instance", "times", "behaviour"];
            view::list(reply, "rules", &columns)
        }
        AdminCommand::Faults { .. } => {
            view::list(reply, "faults", &["action", "skip", "times", "fault"])
        }
        AdminCommand::Clock { .. } => view::clock(reply),
        AdminCommand::Health => Some(view::health(reply)),
        AdminCommand::Pace { .. } => reply.get("pace")?.as_str().map(str::to_owned),
        AdminCommand::Explain(_) => explain::lines(reply),
        _ => None,
    }
}
