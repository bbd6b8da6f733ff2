//! Controls of the operator: locks, pace, clock, transitions, faults.

use std::sync::atomic::Ordering;

use axum::extract::{Path, State};
use bytes::Bytes;
use domain::{DiskId, InstanceId, LockReason};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{AdminError, AdminState, ControlResult, Json};
use crate::catalog::times::with_seconds;
use crate::gateway::faults::InjectedFault;
use crate::hypervisor::{OperationTransitions, Pace, Rule, Simulated};
use crate::operations::{Selected, Selection, Subject, reconcile_one};
use crate::store::{OperationRow, WriteTx};

/// Transitions that one operation goes through, at most.
const TRANSITIONS_OF_OPERATION: usize = 64;

fn read<T: DeserializeOwned>(body: &[u8], hint: &str) -> Result<T, AdminError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| AdminError::bad(error, hint))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    reason: Option<String>,
}

fn reason(text: &str) -> Result<LockReason, AdminError> {
    let known = LockReason::WORDS.iter().find(|word| word.eq_ignore_ascii_case(text));
    known.and_then(|word| LockReason::from_word(word)).ok_or_else(|| {
        let hint = format!("Use one of {}.", LockReason::WORDS.join(", "));
        AdminError::bad(format!("there is no lock for {text:?}"), &hint)
    })
}

/// Locks an instance for a reason.
pub(crate) async fn lock(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    body: Bytes,
) -> ControlResult {
    let hint = "Send {\"reason\": \"security\"}.";
    let wanted: Lock = read(&body, hint)?;
    let reason = reason(wanted.reason.as_deref().unwrap_or("security"))?;
    change_locks(&state, id, move |locks| {
        if !locks.contains(&reason) {
            locks.push(reason);
        }
    })
    .await
}

/// Removes one lock, or all, of an instance.
pub(crate) async fn unlock(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    body: Bytes,
) -> ControlResult {
    let wanted: Lock = read(&body, "Send {\"reason\": \"security\"} or {}.")?;
    let reason = wanted.reason.as_deref().map(reason).transpose()?;
    change_locks(&state, id, move |locks| {
        locks.retain(|lock| reason.is_some_and(|reason| *lock != reason));
    })
    .await
}

async fn change_locks(
    state: &AdminState,
    id: String,
    change: impl Fn(&mut Vec<LockReason>) + Send + 'static,
) -> ControlResult {
    let instance = InstanceId::from(id.as_str());
    let write = move |tx: &mut dyn WriteTx| {
        let Some(mut instance) = tx.instance(&instance)? else { return Ok(None) };
        change(&mut instance.locks);
        tx.save_instance(&instance)?;
        Ok(Some(instance.locks))
    };
    let locks = state.gateway.services.store.write(write).await?;
    let locks = locks.ok_or_else(|| no_instance(&id))?;
    Ok(Json(json!({ "instance": id, "locks": locks })))
}

pub(super) fn no_instance(id: &str) -> AdminError {
    let hint = "Check the id with DescribeInstances.";
    AdminError::not_found(format!("there is no instance {id}"), hint)
}

/// Kills the machine of an instance, as when its process crashes.
pub(crate) async fn kill(State(state): State<AdminState>, Path(id): Path<String>) -> ControlResult {
    if !state.simulated()?.kill(&id.as_str().into()) {
        return Err(AdminError::not_found(format!("no instance {id} is on"), "Start it first."));
    }
    let services = &state.gateway.services;
    let (instance, now) = (InstanceId::from(id.as_str()), services.clock.now());
    let driver = state.hypervisor.as_ref();
    let found = reconcile_one(&services.store, driver, &instance, now).await?;
    Ok(Json(json!({ "killed": id, "differences": found })))
}

/// How long transitions take.
pub(crate) async fn pace(State(state): State<AdminState>) -> ControlResult {
    Ok(Json(json!({ "pace": state.simulated()?.pace().to_string() })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPace {
    pace: String,
}

/// Transitions that begin from now on take this long.
pub(crate) async fn set_pace(State(state): State<AdminState>, body: Bytes) -> ControlResult {
    let hint = "Send {\"pace\": \"fast\"}, \"cloud\" or a duration such as \"500ms\".";
    let wanted: NewPace = read(&body, hint)?;
    let new = Pace::parse(&wanted.pace).map_err(|error| AdminError::bad(error, hint))?;
    state.simulated()?.set_pace(new);
    update_creating_takes_time(&state, state.simulated()?);
    pace(State(state)).await
}

/// The present moment.
pub(crate) async fn clock(State(state): State<AdminState>) -> ControlResult {
    let clock = &state.gateway.services.clock;
    let now = clock.now();
    Ok(Json(json!({ "now": with_seconds(now), "now_ms": now.0, "held": clock.is_held() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    milliseconds: i64,
}

/// Holds, releases, resets or advances the clock.
pub(crate) async fn move_clock(
    State(state): State<AdminState>,
    Path(verb): Path<String>,
    body: Bytes,
) -> ControlResult {
    const MOST_MS: i64 = 10 * 366 * 24 * 3_600_000;
    let hint = "Use hold, release, reset, or advance with {\"milliseconds\": 60000}.";
    let step: Step = read(&body, hint)?;
    let clock = &state.gateway.services.clock;
    match verb.as_str() {
        "hold" => clock.hold(),
        "release" => clock.release(),
        "reset" => clock.reset(),
        "advance" if (0..=MOST_MS).contains(&step.milliseconds) => {
            clock.advance_ms(step.milliseconds);
        }
        "advance" => {
            return Err(AdminError::bad("the clock moves forward only, at most ten years", hint));
        }
        other => return Err(AdminError::not_found(format!("no such verb: {other}"), hint)),
    }
    self::clock(State(state)).await
}

/// The rules for transitions.
pub(crate) async fn rules(State(state): State<AdminState>) -> ControlResult {
    Ok(Json(json!({ "rules": state.simulated()?.rules() })))
}

/// Adds a rule for transitions.
pub(crate) async fn add_rule(State(state): State<AdminState>, body: Bytes) -> ControlResult {
    let hint =
        "Send {\"transition\": \"detach\", \"times\": 1, \"behaviour\": {\"do\": \"hold\"}}.";
    let rule: Rule = read(&body, hint)?;
    if rule.times == Some(0) {
        return Err(AdminError::bad("times must be at least 1", hint));
    }
    if !state.simulated()?.add_rule(rule) {
        return Err(AdminError::bad("there are too many rules", "Clear some first."));
    }
    update_creating_takes_time(&state, state.simulated()?);
    rules(State(state)).await
}

/// Applies to new disks whether they are Creating for a while.
pub(super) fn update_creating_takes_time(state: &AdminState, simulated: &Simulated) {
    let takes_time = simulated.creating_takes_time();
    state.gateway.services.environment.creating_takes_time.store(takes_time, Ordering::Relaxed);
}

/// Removes all rules.
pub(crate) async fn clear_rules(State(state): State<AdminState>) -> ControlResult {
    state.simulated()?.clear_rules();
    update_creating_takes_time(&state, state.simulated()?);
    rules(State(state)).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationSelector {
    disk: Option<String>,
    instance: Option<String>,
}

/// Ends transitions under way, well or with a refusal; or just looks at them again.
pub(crate) async fn end_selected(
    State(state): State<AdminState>,
    Path(verb): Path<String>,
    body: Bytes,
) -> ControlResult {
    let hint =
        "Use finish, refuse or step with {\"disk\": \"d-…\"}, {\"instance\": \"i-…\"} or {}.";
    let concerned: OperationSelector = read(&body, hint)?;
    let selection = Selection {
        disk: concerned.disk.as_deref().map(DiskId::from),
        instance: concerned.instance.as_deref().map(InstanceId::from),
    };
    let runner = &state.gateway.services.runner;
    let matched = runner.select(&selection);
    if matched.is_empty() {
        let hint = "`diskdock admin operations` shows what is under way.";
        return Err(AdminError::not_found("nothing like that is under way", hint));
    }
    match verb.as_str() {
        "finish" => {
            finish(&state, &selection).await?;
            refuse_if_under_way(&state, &selection, &matched, &[])?;
        }
        "refuse" => {
            runner.step(&selection).await;
            // A refused transition may have to be undone, which is another one.
            let refused = runner.in_flight_rows();
            end_transitions(&state, &selection, false)?;
            runner.step(&selection).await;
            refuse_if_under_way(&state, &selection, &matched, &refused)?;
        }
        "step" => drop(runner.step(&selection).await),
        other => return Err(AdminError::not_found(format!("no such verb: {other}"), hint)),
    }
    Ok(Json(json!({ "transitions": matched.len() })))
}

/// The error for operations that were to end and have not: not those that have come to another
/// phase since these rows.
fn refuse_if_under_way(
    state: &AdminState,
    selection: &Selection,
    matched: &[Selected],
    before: &[OperationRow],
) -> Result<(), AdminError> {
    let runner = &state.gateway.services.runner;
    let rows = runner.in_flight_rows();
    let phase = |rows: &[OperationRow], id| {
        rows.iter().find(|row| row.id == id).map(|row| row.phase.clone())
    };
    let is_left = |one: &Selected| {
        let known = phase(before, one.id);
        matched.iter().any(|old| old.id == one.id)
            && (known.is_none() || known == phase(&rows, one.id))
    };
    let left: Vec<Selected> = runner.select(selection).into_iter().filter(is_left).collect();
    let Some(first) = left.first() else { return Ok(()) };
    let Subject { instance, disk, .. } = &first.subject;
    let of_disk = disk.as_ref().map(ToString::to_string);
    let subject = of_disk.or(instance.as_ref().map(ToString::to_string)).unwrap_or_default();
    let row = rows.into_iter().find(|row| row.id == first.id);
    let waits_for = row.map_or_else(|| "it takes a step just now".to_owned(), |row| row.last_event);
    let (all, count) = (matched.len(), left.len());
    let error = format!("{count} of {all} have not ended, first that of {subject}: {waits_for}");
    let hint = "`diskdock admin operations` shows what each waits for.";
    Err(AdminError::conflict(error, hint))
}

/// Ends the transitions of the selected operations well, one after the other, as they come to them.
async fn finish(state: &AdminState, selection: &Selection) -> Result<(), AdminError> {
    let runner = &state.gateway.services.runner;
    for _ in 0..TRANSITIONS_OF_OPERATION {
        // An operation that was only accepted so far begins now.
        runner.step(selection).await;
        if end_transitions(state, selection, true)? == 0 {
            break;
        }
        runner.step(selection).await;
    }
    Ok(())
}

/// Ends the transitions that the selected operations are at; gives how many.
fn end_transitions(
    state: &AdminState,
    selection: &Selection,
    well: bool,
) -> Result<usize, AdminError> {
    let simulated = state.simulated()?;
    let services = &state.gateway.services;
    let selected = services.runner.select(selection);
    let mut transitions = OperationTransitions::of_disk_only(selection.disk.as_ref());
    for Selected { subject, making, .. } in &selected {
        transitions.add(subject.instance.as_ref(), subject.disk.as_ref(), making);
    }
    Ok(simulated.finish_transitions(&transitions, well))
}

/// The added faults.
pub(crate) async fn faults(State(state): State<AdminState>) -> ControlResult {
    let plans: Vec<Value> = state.gateway.faults.plans().iter().map(|plan| json!(plan)).collect();
    Ok(Json(json!({ "faults": plans })))
}

/// Adds a fault.
pub(crate) async fn add_fault(State(state): State<AdminState>, body: Bytes) -> ControlResult {
    let hint = "Send {\"action\": \"DetachDisk\", \"times\": 3, \"fault\": {\"do\": \"answer\", \
                \"code\": \"IncorrectDiskStatus\"}}.";
    let plan: InjectedFault = read(&body, hint)?;
    state.gateway.faults.inject(plan).map_err(|error| AdminError::bad(error, hint))?;
    faults(State(state)).await
}

/// Removes all faults.
pub(crate) async fn clear_faults(State(state): State<AdminState>) -> ControlResult {
    state.gateway.faults.clear();
    faults(State(state)).await
}
