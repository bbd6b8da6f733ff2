//! `diskdock hosts evacuate`: gives the instances of a fenced host to other hosts.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::admin::controls::Controls;
use crate::cli::{Failure, output};
use crate::failpoint;

/// Options of the evacuation.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock hosts evacuate host-a --dry-run      where its instances would go
  diskdock hosts evacuate host-a
  diskdock hosts evacuate host-a --to host-b

The host has to be fenced, so that its guests write to their disks no more. Each instance goes to a
host of its zone with room for it and with its image, as a new one would; those that were on are
started there. Cut off, it can be run again: what was moved stays moved.")]
pub(super) struct EvacuateArgs {
    /// The name of the host
    pub(super) name: String,
    /// Move all of them to this host
    #[arg(long, value_name = "HOST")]
    to: Option<String>,
    /// Only say where they would go
    #[arg(long)]
    dry_run: bool,
}

/// The instances that were moved, and those that stay.
#[derive(Default)]
struct Tally {
    instances: Vec<Value>,
    stay: usize,
}

/// Runs the command. Gives the reply, and what is shown of it; fails if instances stay.
pub(super) async fn run(
    args: &EvacuateArgs,
    controls: &Controls,
    path: &str,
    print: impl Fn(&Value, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let EvacuateArgs { name, to, dry_run } = args;
    let mut tally = Tally::default();
    let mut after = Value::Null;
    loop {
        let wanted = json!({ "to": to, "dry_run": dry_run, "after": after });
        let reply = controls.post(&format!("{path}/evacuate"), &wanted).await?;
        for one in reply["instances"].as_array().map_or(&[][..], Vec::as_slice) {
            eprintln!("{}", in_words(one, *dry_run));
            tally.stay += usize::from(one["moved"] != true);
            tally.instances.push(one.clone());
        }
        failpoint::hit("evacuate.told");
        after = reply["after"].clone();
        if after.is_null() {
            break;
        }
    }
    let (many, stay) = (tally.instances.len(), tally.stay);
    let would = if *dry_run { "would be " } else { "" };
    let reply = json!({ "name": name, "dry_run": dry_run, "instances": tally.instances });
    print(&reply, &format!("{} of {many} instances of {name} {would}moved", many - stay))?;
    if stay == 0 {
        return Ok(());
    }
    let what = format!("{stay} instances stay on {name}");
    Err(Failure::new(what, "See the reasons above, make room, and run it again."))
}

/// The move of an instance, in a line.
fn in_words(one: &Value, dry_run: bool) -> String {
    let id = output::text_of(one, "instance");
    if one["moved"] != true {
        return format!("{id} stays: {}", output::text_of(one, "why"));
    }
    let host = output::text_of(one, "host");
    let does = if dry_run { "would go" } else { "goes" };
    match (one["starts"] == true, one["not_started"].as_str()) {
        (true, _) => format!("{id} {does} to {host}, and is started"),
        (false, None) => format!("{id} {does} to {host}"),
        (false, Some(rule)) => {
            format!("{id} {does} to {host}, and is not started: not so that {rule}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_where_an_instance_goes_or_why_it_stays() {
        let moved = json!({ "instance": "i-1", "moved": true, "host": "b", "starts": true });
        assert_eq!(in_words(&moved, false), "i-1 goes to b, and is started");
        assert_eq!(in_words(&moved, true), "i-1 would go to b, and is started");
        let stays = json!({ "instance": "i-2", "moved": false, "why": "no room" });
        assert_eq!(in_words(&stays, false), "i-2 stays: no room");
    }
}
