//! `--wait`: looks again until the disk or the instance has settled.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{CallArgs, Caller, region, value};
use crate::catalog::times::with_seconds;
use crate::cli::Failure;
use crate::cli::admin::controls::{Controls, own_token};
use crate::cli::client::Answer;
use crate::cli::output::text_of;
use crate::clock::Clock;
use crate::gateway::decode::Pair;

/// The first pause between two looks at a server on this machine.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// The first pause elsewhere, where calls are counted.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Disk(String),
    Instance(String),
}

impl Subject {
    fn id(&self) -> &str {
        let (Subject::Disk(id) | Subject::Instance(id)) = self;
        id
    }

    /// Statuses that do not last.
    fn is_settled(&self, status: &str) -> bool {
        match self {
            Subject::Disk(_) => {
                !matches!(status, "Creating" | "Attaching" | "Detaching" | "ReIniting")
            }
            Subject::Instance(_) => !matches!(status, "Pending" | "Starting" | "Stopping"),
        }
    }
}

/// Waits for everything that the request was about.
pub async fn until_settled(
    caller: &Caller,
    args: &CallArgs,
    parameters: &[Pair],
    answer: &Answer,
) -> Result<(), Failure> {
    let reply: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let subjects = subjects(&args.action, parameters, &reply);
    if subjects.is_empty() {
        eprintln!("diskdock: nothing to wait for");
    }
    let deadline = Instant::now() + Duration::from_secs(args.wait_timeout);
    for subject in subjects {
        let seen = watch(caller, args, parameters, &subject, deadline).await?;
        let reached = seen.as_ref().is_none_or(|seen| is_reached(&args.action, parameters, seen));
        if let (Some(seen), false) = (seen, reached) {
            return Err(missed(caller, args, &subject, &text_of(&seen, "Status")).await);
        }
    }
    Ok(())
}

/// Disks or instances that the request names or the reply brings.
fn subjects(action: &str, parameters: &[Pair], reply: &Value) -> Vec<Subject> {
    let about_disks = action.contains("Disk");
    let name = if about_disks { "DiskId" } else { "InstanceId" };
    let numbered = format!("{name}.");
    let named = |given: &str| given == name || given.starts_with(&numbered);
    let mut ids: Vec<String> =
        parameters.iter().filter(|(given, _)| named(given)).map(|(_, id)| id.clone()).collect();
    let answered = reply.get(name).and_then(Value::as_str);
    let sets = reply.pointer("/InstanceIdSets/InstanceIdSet").and_then(Value::as_array);
    let sets = sets.into_iter().flatten().filter_map(Value::as_str).filter(|_| !about_disks);
    ids.extend(answered.into_iter().chain(sets).map(str::to_owned));
    ids.sort();
    ids.dedup();
    let subject = if about_disks { Subject::Disk } else { Subject::Instance };
    ids.into_iter().map(subject).collect()
}

/// Looks until the subject has settled; none if it is gone.
async fn watch(
    caller: &Caller,
    args: &CallArgs,
    parameters: &[Pair],
    subject: &Subject,
    deadline: Instant,
) -> Result<Option<Value>, Failure> {
    let mut progress = WaitDisplay::new(subject.id());
    let nearby = caller.client.endpoint.is_loopback();
    let mut pause = if nearby { SHORTEST_PAUSE } else { FIRST_PAUSE };
    loop {
        let Some(seen) = look(caller, args, parameters, subject).await? else {
            progress.end("gone");
            return gone(args, parameters, subject);
        };
        let status = text_of(&seen, "Status");
        if subject.is_settled(&status) {
            progress.end(&status);
            return Ok(Some(seen));
        }
        progress.show(&status);
        if Instant::now() + pause > deadline {
            progress.end(&status);
            let message =
                format!("{} is still {status} after {} s", subject.id(), args.wait_timeout);
            let hint = "It goes on without you. See `diskdock admin operations`, or wait longer \
                        with --wait-timeout.";
            return Err(Failure::new(message, hint));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

fn gone(args: &CallArgs, parameters: &[Pair], subject: &Subject) -> Result<Option<Value>, Failure> {
    if args.action.starts_with("Delete") {
        return Ok(None);
    }
    let place = region(args, parameters);
    let hint = "Name its region with --region.";
    Err(Failure::new(format!("there is no {} in {place}", subject.id()), hint))
}

async fn look(
    caller: &Caller,
    args: &CallArgs,
    parameters: &[Pair],
    subject: &Subject,
) -> Result<Option<Value>, Failure> {
    let (action, ids, list) = match subject {
        Subject::Disk(_) => ("DescribeDisks", "DiskIds", "/Disks/Disk/0"),
        Subject::Instance(_) => ("DescribeInstances", "InstanceIds", "/Instances/Instance/0"),
    };
    let wanted = Value::from(vec![subject.id()]).to_string();
    let asked = [(ids.to_owned(), wanted), ("RegionId".to_owned(), region(args, parameters))];
    Ok(caller.ask(action, &asked).await?.pointer(list).cloned())
}

/// Whether the settled state is the one that the action was for.
fn is_reached(action: &str, parameters: &[Pair], seen: &Value) -> bool {
    let status = text_of(seen, "Status");
    match action {
        "DetachDisk" => !is_on(seen, value(parameters, "InstanceId").unwrap_or_default()),
        "AttachDisk" => status == "In_use",
        "StartInstance" | "StartInstances" | "RebootInstance" | "RebootInstances"
        | "RunInstances" => status == "Running",
        "StopInstance" | "StopInstances" => status == "Stopped",
        _ => true,
    }
}

/// Whether a disk is on this instance; a multi-attach disk can be on several.
fn is_on(disk: &Value, instance: &str) -> bool {
    let attachments = disk.pointer("/Attachments/Attachment").and_then(Value::as_array);
    let mut attachments = attachments.into_iter().flatten();
    text_of(disk, "InstanceId") == instance
        || attachments.any(|at| text_of(at, "InstanceId") == instance)
}

/// The failure of an action that was accepted and then did not get there.
async fn missed(caller: &Caller, args: &CallArgs, subject: &Subject, status: &str) -> Failure {
    let message = match args.action.as_str() {
        "DetachDisk" => format!("{} went back to {status}", subject.id()),
        action => format!("{action} was accepted, but {} is {status}", subject.id()),
    };
    match given_up_reason(caller, subject).await {
        Some(reason) => {
            Failure::new(format!("{message}: {reason}"), "Remove the cause, then repeat.")
        }
        None => Failure::new(message, "See `diskdock admin operations` for the reason."),
    }
}

/// Why the operation was given up, if the server is a diskdock that tells us.
async fn given_up_reason(caller: &Caller, subject: &Subject) -> Option<String> {
    // Another kind of server must not be shown the token, so ask first what it is.
    Controls::of(caller.client.clone(), None).get("/health").await.ok()?.get("version")?;
    let controls = Controls::of(caller.client.clone(), own_token());
    let parameter = match subject {
        Subject::Disk(_) => "disk",
        Subject::Instance(_) => "instance",
    };
    let path = format!("/operations?{parameter}={}", subject.id());
    let told = controls.get(&path).await.ok()?;
    let operations = told.get("operations").unwrap_or(&told).as_array()?;
    let given_up = |one: &&Value| one.get("given_up").and_then(Value::as_bool) == Some(true);
    let latest = operations.iter().filter(given_up).max_by_key(|one| text_of(one, "created_at"))?;
    Some(text_of(latest, "last_event")).filter(|reason| !reason.is_empty())
}

/// Shows on standard error how it goes: one changing line on a terminal, else a line per change.
struct WaitDisplay<'a> {
    id: &'a str,
    shown: String,
    since: Instant,
    turn: usize,
    terminal: bool,
}

impl<'a> WaitDisplay<'a> {
    fn new(id: &'a str) -> WaitDisplay<'a> {
        let terminal = std::io::stderr().is_terminal();
        WaitDisplay { id, shown: String::new(), since: Instant::now(), turn: 0, terminal }
    }

    fn show(&mut self, status: &str) {
        if self.terminal {
            let wheel = ['|', '/', '-', '\\'][self.turn % 4];
            self.turn += 1;
            let seconds = self.since.elapsed().as_secs();
            // Standard error may be closed; that is no reason to stop waiting.
            let _ = write!(std::io::stderr(), "\r\x1b[K{wheel} {} {status} {seconds} s", self.id);
        } else if self.shown != status {
            let now = with_seconds(Clock::default().now());
            let _ = writeln!(std::io::stderr(), "{now} {} {status}", self.id);
            self.shown = status.to_owned();
        }
    }

    fn end(&mut self, status: &str) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
            let _ = writeln!(std::io::stderr(), "{} {status}", self.id);
        } else {
            self.show(status);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(list: &[(&str, &str)]) -> Vec<Pair> {
        list.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn knows_what_a_request_was_about() {
        let both = given(&[("DiskId", "d-1"), ("InstanceId", "i-1")]);
        let none = Value::Null;
        assert_eq!(subjects("DetachDisk", &both, &none), [Subject::Disk("d-1".to_owned())]);
        assert_eq!(subjects("StopInstance", &both, &none), [Subject::Instance("i-1".to_owned())]);
        let made = json!({ "DiskId": "d-2" });
        assert_eq!(subjects("CreateDisk", &[], &made), [Subject::Disk("d-2".to_owned())]);
        let ran = json!({ "InstanceIdSets": { "InstanceIdSet": ["i-1", "i-2"] } });
        assert_eq!(subjects("RunInstances", &[], &ran).len(), 2);
        let many = given(&[("InstanceId.1", "i-1"), ("InstanceId.2", "i-2")]);
        assert_eq!(subjects("StopInstances", &many, &none).len(), 2);
        assert_eq!(subjects("DescribeDisks", &[], &none), []);
    }

    #[test]
    fn a_detach_counts_only_when_the_disk_is_off_that_instance() {
        let asked = given(&[("DiskId", "d-1"), ("InstanceId", "i-1")]);
        let back = json!({ "Status": "In_use", "InstanceId": "i-1" });
        assert!(!is_reached("DetachDisk", &asked, &back));
        let elsewhere = json!({ "Status": "In_use", "InstanceId": "",
            "Attachments": { "Attachment": [{ "InstanceId": "i-2" }] } });
        assert!(is_reached("DetachDisk", &asked, &elsewhere));
        assert!(!is_reached("AttachDisk", &asked, &json!({ "Status": "Available" })));
    }
}
