//! `--wait`: looks until the resources of the action have their final status, as it is declared.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::change_waits::{ChangeWaits, controls_of};
use super::{CallArgs, SigningClient, region, value};
use crate::catalog::times::with_seconds;
use crate::catalog::{Goal, Ids, Listed, Settling, Transition};
use crate::cli::Failure;
use crate::cli::client::HttpReply;
use crate::cli::output::text_of;
use crate::clock::Clock;
use crate::gateway::decode::Pair;

/// How often a lasting status is seen before it counts, where the resource is to be deleted: the
/// status may lag behind the call.
const LOOKS_UNTIL_STAYING: u32 = 3;

/// The end to wait for, as the action declares it.
struct Wait<'a> {
    caller: &'a SigningClient,
    args: &'a CallArgs,
    parameters: &'a [Pair],
    transition: &'static Transition,
    settling: &'static Settling,
    goal: Goal,
}

/// Waits for all resources of the request.
pub(crate) async fn until_settled(
    caller: &SigningClient,
    args: &CallArgs,
    listed: Option<Listed>,
    parameters: &[Pair],
    answer: &HttpReply,
) -> Result<(), Failure> {
    let reply: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(wait) = Wait::of(caller, args, listed, parameters) else {
        eprintln!("diskdock: nothing to wait for");
        return Ok(());
    };
    let deadline = Instant::now() + Duration::from_secs(args.wait_timeout);
    let mut waits = ChangeWaits::at(caller);
    for id in ids(wait.settling, parameters, &reply) {
        let seen = wait.watch(&id, &mut waits, deadline).await?;
        if let Some(seen) = seen.filter(|seen| !wait.is_reached(seen)) {
            return Err(wait.goal_missed(&id, &text_of(&seen, "Status")).await);
        }
    }
    Ok(())
}

/// The ids of the resources that the request names or the reply brings.
fn ids(settling: &Settling, parameters: &[Pair], reply: &Value) -> Vec<String> {
    let mut ids: Vec<String> = match settling.ids {
        Ids::Requested(_) => {
            settling.requested(parameters).into_iter().map(str::to_owned).collect()
        }
        Ids::Replied(field) => {
            reply.get(field).and_then(Value::as_str).map(str::to_owned).into_iter().collect()
        }
        Ids::RepliedList([outer, inner]) => {
            let list = reply.get(outer).and_then(|outer| outer.get(inner));
            let texts = list.and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(Value::as_str).map(str::to_owned).collect()
        }
    };
    ids.sort();
    ids.dedup();
    ids
}

impl<'a> Wait<'a> {
    fn of(
        caller: &'a SigningClient,
        args: &'a CallArgs,
        listed: Option<Listed>,
        parameters: &'a [Pair],
    ) -> Option<Wait<'a>> {
        let transition = listed?.spec().transition?;
        let settling = transition.settles.as_ref()?;
        let given = |name: &str| value(parameters, name).is_some_and(|value| !value.is_empty());
        let goal = settling.goal(given);
        Some(Wait { caller, args, parameters, transition, settling, goal })
    }

    /// Looks until the resource has a lasting status; `None` if it is deleted.
    async fn watch(
        &self,
        id: &str,
        waits: &mut ChangeWaits<'_>,
        deadline: Instant,
    ) -> Result<Option<Value>, Failure> {
        let mut progress = WaitDisplay::new(id);
        let mut settled = 0;
        loop {
            waits.begin_look();
            let Some(seen) = self.poll(id).await? else {
                progress.end("gone");
                return self.gone(id);
            };
            let status = text_of(&seen, "Status");
            settled = if self.is_lasting(&status) { settled + 1 } else { 0 };
            if settled == self.polls_until_lasting() {
                progress.end(&status);
                return Ok(Some(seen));
            }
            progress.show(&status);
            if !waits.until_next(deadline).await {
                progress.end(&status);
                return Err(self.too_late(id, &status));
            }
        }
    }

    /// Whether a status is lasting; one that the catalog does not know counts as lasting.
    fn is_lasting(&self, status: &str) -> bool {
        !self.transition.resource.passing().contains(&status)
    }

    fn polls_until_lasting(&self) -> u32 {
        match self.goal {
            Goal::Gone => LOOKS_UNTIL_STAYING,
            Goal::Status(_) | Goal::Unseen => 1,
        }
    }

    async fn poll(&self, id: &str) -> Result<Option<Value>, Failure> {
        let listing = &self.transition.resource.listing;
        let mut asked = vec![("RegionId".to_owned(), self.region())];
        if let Some(parameter) = listing.ids {
            asked.push((parameter.to_owned(), Value::from(vec![id]).to_string()));
        }
        asked.sort();
        let [outer, inner] = listing.path;
        let reply = self.caller.ask(listing.action, &asked).await?;
        Ok(reply.pointer(&format!("/{outer}/{inner}/0")).cloned())
    }

    fn region(&self) -> String {
        region(self.args, self.parameters)
    }

    fn gone(&self, id: &str) -> Result<Option<Value>, Failure> {
        if self.goal == Goal::Gone {
            return Ok(None);
        }
        let hint = "Name its region with --region.";
        Err(Failure::new(format!("there is no {id} in {}", self.region()), hint))
    }

    fn too_late(&self, id: &str, status: &str) -> Failure {
        let message = format!("{id} is still {status} after {} s", self.args.wait_timeout);
        let hint = "The operation continues. See `diskdock admin operations`, or wait longer with \
                    --wait-timeout.";
        Failure::new(message, hint)
    }

    /// Whether the final state is the goal of the action.
    fn is_reached(&self, seen: &Value) -> bool {
        let left = || {
            let (parameter, holder) =
                (self.settling.taken_from?, self.transition.resource.listing.holder?);
            let from = value(self.parameters, parameter).unwrap_or_default();
            Some(!names(seen, holder, from))
        };
        match self.goal {
            Goal::Status(status) => text_of(seen, "Status") == status || left() == Some(true),
            Goal::Unseen => true,
            Goal::Gone => false,
        }
    }

    /// The failure of an action that was accepted and did not reach its goal.
    async fn goal_missed(&self, id: &str, status: &str) -> Failure {
        let went_back = self.transition.begins.iter().any(|edge| edge.from == Some(status));
        let message = if went_back {
            format!("{id} went back to {status}")
        } else {
            format!("{} was accepted, but {id} is {status}", self.args.action)
        };
        let noun = self.transition.resource.noun;
        match given_up_reason(self.caller, noun, id).await {
            Some(reason) => {
                Failure::new(format!("{message}: {reason}"), "Remove the cause, then repeat.")
            }
            None => Failure::new(message, "See `diskdock admin operations` for the reason."),
        }
    }
}

/// Whether this field has this value anywhere in a resource: one that can be on several others at a
/// time lists them.
fn names(resource: &Value, field: &str, wanted: &str) -> bool {
    match resource {
        Value::Object(members) => members.iter().any(|(name, member)| {
            (name == field && member.as_str() == Some(wanted)) || names(member, field, wanted)
        }),
        Value::Array(entries) => entries.iter().any(|entry| names(entry, field, wanted)),
        _ => false,
    }
}

/// The reason why the operation failed, if the server is a diskdock and gives it.
async fn given_up_reason(caller: &SigningClient, noun: &str, id: &str) -> Option<String> {
    let controls = controls_of(caller).await?;
    let path = format!("/operations?{noun}={id}");
    let reply = controls.get(&path).await.ok()?;
    let operations = reply.get("operations").unwrap_or(&reply).as_array()?;
    let given_up = |one: &&Value| one.get("given_up").and_then(Value::as_bool) == Some(true);
    let latest = operations.iter().filter(given_up).max_by_key(|one| text_of(one, "created_at"))?;
    Some(text_of(latest, "last_event")).filter(|reason| !reason.is_empty())
}

/// Shows progress on standard error: one changing line on a terminal, else a line per change.
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
    use crate::actions::find;

    fn given(list: &[(&str, &str)]) -> Vec<Pair> {
        list.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn settling(action: &str) -> &'static Settling {
        find(action).unwrap().spec().transition.unwrap().settles.as_ref().unwrap()
    }

    #[test]
    fn ids_are_those_that_the_request_names_or_the_reply_brings() {
        let both = given(&[("DiskId", "d-1"), ("InstanceId", "i-1")]);
        let of = |action: &str, pairs: &[Pair], reply: &Value| ids(settling(action), pairs, reply);
        let none = Value::Null;
        assert_eq!(of("DetachDisk", &both, &none), ["d-1"]);
        assert_eq!(of("StopInstance", &both, &none), ["i-1"]);
        assert_eq!(of("CreateDisk", &both, &json!({ "DiskId": "d-2" })), ["d-2"]);
        let ran = json!({ "InstanceIdSets": { "InstanceIdSet": ["i-1", "i-2"] } });
        assert_eq!(of("RunInstances", &[], &ran), ["i-1", "i-2"]);
        let many = given(&[("InstanceId.1", "i-1"), ("InstanceId.2", "i-2")]);
        assert_eq!(of("StopInstances", &many, &none), ["i-1", "i-2"]);
    }

    #[test]
    fn names_finds_every_resource_that_another_is_on() {
        let elsewhere = json!({ "Status": "In_use", "InstanceId": "",
            "Attachments": { "Attachment": [{ "InstanceId": "i-2" }] } });
        assert!(names(&elsewhere, "InstanceId", "i-2"));
        assert!(!names(&elsewhere, "InstanceId", "i-1"));
    }
}
