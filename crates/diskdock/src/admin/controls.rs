//! What an operator can do to the world: locks, pace, clock, transitions, faults.

use std::sync::atomic::Ordering;

use axum::extract::{Path, State};
use bytes::Bytes;
use domain::{DiskId, InstanceId, LockReason};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Answer, Desk, Problem, Told};
use crate::catalog::times::with_seconds;
use crate::gateway::faults::Plan;
use crate::hypervisor::{Pace, Rule};
use crate::store::Books;

fn read<T: DeserializeOwned>(body: &[u8], hint: &str) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Problem::bad(error, hint))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    reason: Option<String>,
}

fn reason(text: &str) -> Result<LockReason, Problem> {
    let known = LockReason::WORDS.iter().find(|word| word.eq_ignore_ascii_case(text));
    known.and_then(|word| LockReason::from_word(word)).ok_or_else(|| {
        let hint = format!("Use one of {}.", LockReason::WORDS.join(", "));
        Problem::bad(format!("there is no lock for {text:?}"), &hint)
    })
}

/// Locks an instance for a reason.
pub async fn lock(State(desk): State<Desk>, Path(id): Path<String>, body: Bytes) -> Answer {
    let hint = "Send {\"reason\": \"security\"}.";
    let wanted: Lock = read(&body, hint)?;
    let reason = reason(wanted.reason.as_deref().unwrap_or("security"))?;
    change_locks(&desk, id, move |locks| {
        if !locks.contains(&reason) {
            locks.push(reason);
        }
    })
    .await
}

/// Takes one lock, or all, off an instance.
pub async fn unlock(State(desk): State<Desk>, Path(id): Path<String>, body: Bytes) -> Answer {
    let wanted: Lock = read(&body, "Send {\"reason\": \"security\"} or {}.")?;
    let reason = wanted.reason.as_deref().map(reason).transpose()?;
    change_locks(&desk, id, move |locks| {
        locks.retain(|lock| reason.is_some_and(|reason| *lock != reason));
    })
    .await
}

async fn change_locks(
    desk: &Desk,
    id: String,
    change: impl Fn(&mut Vec<LockReason>) + Send + 'static,
) -> Answer {
    let instance = InstanceId::from(id.as_str());
    let write = move |books: &mut dyn Books| {
        let Some(mut instance) = books.instance(&instance)? else { return Ok(None) };
        change(&mut instance.locks);
        books.save_instance(&instance)?;
        Ok(Some(instance.locks))
    };
    let locks = desk.gateway.services.store.write(write).await?;
    let locks = locks.ok_or_else(|| no_instance(&id))?;
    Ok(Told(json!({ "instance": id, "locks": locks })))
}

fn no_instance(id: &str) -> Problem {
    let hint = "Check the id with DescribeInstances.";
    Problem::not_found(format!("there is no instance {id}"), hint)
}

/// An instance dies, as when its process is killed.
pub async fn kill(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    if !desk.simulated()?.kill(&id.as_str().into()) {
        return Err(Problem::not_found(format!("no instance {id} is on"), "Start it first."));
    }
    let found = desk.differences().await?;
    Ok(Told(json!({ "killed": id, "differences": found })))
}

/// How long transitions take.
pub async fn pace(State(desk): State<Desk>) -> Answer {
    Ok(Told(json!({ "pace": desk.simulated()?.pace().to_string() })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPace {
    pace: String,
}

/// Transitions that begin from now on take this long.
pub async fn set_pace(State(desk): State<Desk>, body: Bytes) -> Answer {
    let hint = "Send {\"pace\": \"fast\"}, \"cloud\" or a duration such as \"500ms\".";
    let wanted: NewPace = read(&body, hint)?;
    let new = Pace::parse(&wanted.pace).map_err(|error| Problem::bad(error, hint))?;
    desk.simulated()?.set_pace(new);
    follow_creating(&desk)?;
    pace(State(desk)).await
}

/// The present moment.
pub async fn clock(State(desk): State<Desk>) -> Answer {
    let clock = &desk.gateway.services.clock;
    let now = clock.now();
    Ok(Told(json!({ "now": with_seconds(now), "now_ms": now.0, "held": clock.is_held() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    milliseconds: i64,
}

/// Holds, releases, resets or advances the clock.
pub async fn move_clock(State(desk): State<Desk>, Path(verb): Path<String>, body: Bytes) -> Answer {
    const MOST_MS: i64 = 10 * 366 * 24 * 3_600_000;
    let hint = "Use hold, release, reset, or advance with {\"milliseconds\": 60000}.";
    let step: Step = read(&body, hint)?;
    let clock = &desk.gateway.services.clock;
    match verb.as_str() {
        "hold" => clock.hold(),
        "release" => clock.release(),
        "reset" if desk.gateway.services.runner.in_flight() > 0 => {
            let hint = "Wait until they have ended; see `diskdock admin operations`.";
            return Err(Problem::bad("operations under way would be left in the future", hint));
        }
        "reset" => clock.reset(),
        "advance" if (0..=MOST_MS).contains(&step.milliseconds) => {
            clock.advance_ms(step.milliseconds);
        }
        "advance" => {
            return Err(Problem::bad("the clock moves forward only, at most ten years", hint));
        }
        other => return Err(Problem::not_found(format!("no such verb: {other}"), hint)),
    }
    self::clock(State(desk)).await
}

/// The rules for transitions.
pub async fn rules(State(desk): State<Desk>) -> Answer {
    Ok(Told(json!({ "rules": desk.simulated()?.rules() })))
}

/// Adds a rule for transitions.
pub async fn add_rule(State(desk): State<Desk>, body: Bytes) -> Answer {
    let hint =
        "Send {\"transition\": \"detach\", \"times\": 1, \"behaviour\": {\"do\": \"hold\"}}.";
    let rule: Rule = read(&body, hint)?;
    if rule.times == Some(0) {
        return Err(Problem::bad("times must be at least 1", hint));
    }
    if !desk.simulated()?.add_rule(rule) {
        return Err(Problem::bad("there are too many rules", "Clear some first."));
    }
    follow_creating(&desk)?;
    rules(State(desk)).await
}

/// New disks are Creating for a while, or not, as the world now has it.
fn follow_creating(desk: &Desk) -> Result<(), Problem> {
    let takes_time = desk.simulated()?.creating_takes_time();
    desk.gateway.services.world.creating_takes_time.store(takes_time, Ordering::Relaxed);
    Ok(())
}

/// Takes all rules away.
pub async fn clear_rules(State(desk): State<Desk>) -> Answer {
    desk.simulated()?.clear_rules();
    follow_creating(&desk)?;
    rules(State(desk)).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Concerned {
    disk: Option<String>,
    instance: Option<String>,
}

/// Ends transitions under way, well or with a refusal; or just looks at them again.
pub async fn settle(State(desk): State<Desk>, Path(verb): Path<String>, body: Bytes) -> Answer {
    let hint =
        "Use finish, refuse or step with {\"disk\": \"d-…\"}, {\"instance\": \"i-…\"} or {}.";
    let concerned: Concerned = read(&body, hint)?;
    let disk = concerned.disk.as_deref().map(DiskId::from);
    let instance = concerned.instance.as_deref().map(InstanceId::from);
    let services = &desk.gateway.services;
    let now = services.clock.now();
    let count = match verb.as_str() {
        "finish" => desk.simulated()?.settle(disk.as_ref(), instance.as_ref(), true, now),
        "refuse" => desk.simulated()?.settle(disk.as_ref(), instance.as_ref(), false, now),
        "step" => 0,
        other => return Err(Problem::not_found(format!("no such verb: {other}"), hint)),
    };
    services.runner.wake(disk.as_ref(), instance.as_ref());
    Ok(Told(json!({ "transitions": count })))
}

/// The planted faults.
pub async fn faults(State(desk): State<Desk>) -> Answer {
    let plans: Vec<Value> = desk.gateway.faults.plans().iter().map(|plan| json!(plan)).collect();
    Ok(Told(json!({ "faults": plans })))
}

/// Plants a fault.
pub async fn plant_fault(State(desk): State<Desk>, body: Bytes) -> Answer {
    let hint = "Send {\"action\": \"DetachDisk\", \"times\": 3, \"fault\": {\"do\": \"answer\", \
                \"code\": \"IncorrectDiskStatus\"}}.";
    let plan: Plan = read(&body, hint)?;
    desk.gateway.faults.plant(plan).map_err(|error| Problem::bad(error, hint))?;
    faults(State(desk)).await
}

/// Takes all faults away.
pub async fn clear_faults(State(desk): State<Desk>) -> Answer {
    desk.gateway.faults.clear();
    faults(State(desk)).await
}
