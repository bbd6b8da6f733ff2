//! The history of one resource: calls that named or made it, operations on it, and their events.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::view::operations_of;
use super::{AdminState, ControlResult, Json};
use crate::actions::find;
use crate::catalog::times::with_seconds;
use crate::catalog::{Ids, ParamSpec, Repeat, Spec, json_strings};
use crate::gateway::recent::{RECORDS, RecentCall};
use crate::operations::{EndedOperation, OperationEvent};
use crate::service::{COMMON, Services};
use crate::store::{CallRecord, OperationRow, StoreError};

/// Resources of one call that are shown, at most.
const SHOWN: usize = 20;
/// Entries of a list of the history, at most.
const LATEST: usize = 200;
/// The result of an operation that did not do what it was for.
const GIVEN_UP: &str = "given up";

/// The history of the resource with this id, latest first: the calls of this process that named
/// or made it, refused ones too, but no successful reads; accepted writes of earlier
/// processes; operations on it that are under way; those that ended in this process, and those
/// that were given up in earlier ones; and the events of operations of this process.
pub(crate) async fn history(
    State(state): State<AdminState>,
    Path(id): Path<String>,
) -> ControlResult {
    let services = &state.gateway.services;
    let is_about = |call: &RecentCall| {
        let is_quiet = call.status < 400 && reads(call);
        !is_quiet && subjects(call).iter().any(|(_, named)| *named == id)
    };
    let recent = state.gateway.recent.latest(|call| is_about(call).then(|| shown_call(call)));
    let mut calls: Vec<Value> = recent.into_iter().flatten().collect();
    let known: BTreeSet<String> =
        calls.iter().filter_map(|call| call["request_id"].as_str().map(str::to_owned)).collect();
    let records = services.store.read(|tx| tx.calls(RECORDS)).await?;
    let own = records.into_iter().filter(|one| one.resource.contains(id.as_str()));
    calls.extend(own.filter(|one| !known.contains(&one.request_id)).map(shown_record));
    calls.truncate(LATEST);
    let shown = operations_of(services, |row| row.is_about(&id)).await?;
    let operations: Vec<Value> =
        shown.into_iter().filter(|one| one["given_up"] == json!(false)).collect();
    let ended = ended_operations(services, &id).await?;
    let events = services.runner.history.events(|row| row.is_about(&id));
    let events: Vec<Value> = events.iter().take(LATEST).map(shown_event).collect();
    let now = with_seconds(services.clock.now());
    Ok(Json(json!({
        "now": now, "calls": calls, "operations": operations, "ended": ended, "events": events,
    })))
}

/// The operations on a resource that ended: in this process, or given up before.
async fn ended_operations(services: &Services, id: &str) -> Result<Vec<Value>, StoreError> {
    let here = services.runner.history.ended(|row| row.is_about(id));
    let known: BTreeSet<_> = here.iter().map(|one| one.row.id).collect();
    let given_up = services.store.read(|tx| tx.failed_operations()).await?;
    let before = given_up.into_iter().filter(|row| row.is_about(id) && !known.contains(&row.id));
    let mut all: Vec<_> = here.iter().map(|one| (one.at, shown_end(one))).collect();
    all.extend(before.map(|row| (row.created_at, shown_failure(&row))));
    all.sort_by_key(|(at, _)| Reverse(*at));
    Ok(all.into_iter().take(LATEST).map(|(_, shown)| shown).collect())
}

/// An operation that ended in this process.
fn shown_end(EndedOperation { row, at, reason }: &EndedOperation) -> Value {
    let result = if reason.is_some() { GIVEN_UP } else { "done" };
    let mut shown = shown_ended(row, result, reason.as_deref());
    shown["ended_at"] = with_seconds(*at).into();
    shown["took_ms"] = at.since_ms(row.created_at).into();
    shown
}

/// An operation that was given up in an earlier process, or by another server: when is not kept.
fn shown_failure(row: &OperationRow) -> Value {
    shown_ended(row, GIVEN_UP, Some(&row.last_event))
}

/// An operation that ended, as far as that is always known.
fn shown_ended(row: &OperationRow, result: &str, reason: Option<&str>) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind,
        "disk": row.disk,
        "instance": row.instance,
        "tries": row.tries,
        "created_at": with_seconds(row.created_at),
        "result": result,
        "reason": reason,
    })
}

fn shown_event(OperationEvent { number, at, row }: &OperationEvent) -> Value {
    json!({
        "id": number,
        "at": with_seconds(*at),
        "operation": row.id,
        "kind": row.kind,
        "phase": row.phase,
        "event": row.last_event,
    })
}

/// A call of this process.
pub(super) fn shown_call(call: &RecentCall) -> Value {
    let request = call.request.as_ref();
    let about: Vec<_> = subjects(call).into_iter().take(SHOWN).collect();
    json!({
        "id": call.number,
        "at": with_seconds(call.at),
        "request_id": call.request_id,
        "account": request.map(|request| &request.caller.account),
        "key": request.map(|request| &request.caller.access_key_id),
        "action": call.action,
        "about": about,
        "reads": reads(call),
        "status": call.status,
        "code": call.code,
        "took_us": call.took_us,
        "parameters": parameters(call),
    })
}

fn reads(call: &RecentCall) -> bool {
    find(call.action).is_some_and(|listed| !listed.spec().mutates)
}

/// An accepted write that only the store remembers.
fn shown_record(call: CallRecord) -> Value {
    json!({
        "at": with_seconds(call.at),
        "request_id": call.request_id,
        "account": call.account,
        "key": call.access_key_id,
        "action": call.action,
        "code": "OK",
    })
}

/// The parameters that reopen the call in the explorer: all but the gateway's own and passwords.
fn parameters(call: &RecentCall) -> Vec<&(String, String)> {
    let is_secret = |name: &str| name.to_ascii_lowercase().contains("password");
    let own = |name: &str| !COMMON.contains(&name) && !is_secret(name);
    call.parameters().iter().filter(|(name, _)| own(name)).collect()
}

/// The resources that a call named or made, with their kinds: `("disk", "d-…")`.
fn subjects(call: &RecentCall) -> BTreeSet<(&'static str, String)> {
    let Some(listed) = find(call.action) else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for parameter in listed.spec().parameters {
        let Some(noun) = parameter.names else { continue };
        found.extend(values(parameter, call.parameters()).into_iter().map(|id| (noun, id)));
    }
    found.extend(made(listed.spec(), &call.reply));
    found
}

/// The texts that a parameter of a request gives.
fn values(parameter: &ParamSpec, pairs: &[(String, String)]) -> Vec<String> {
    let one = pairs.iter().find(|(name, _)| name == parameter.name);
    let one = one.map(|(_, text)| text.as_str()).filter(|text| !text.is_empty());
    match parameter.repeat {
        Repeat::Once => one.map(str::to_owned).into_iter().collect(),
        Repeat::Commas => {
            one.map_or_else(Vec::new, |text| text.split(',').map(str::to_owned).collect())
        }
        Repeat::JsonArray => one.and_then(json_strings).unwrap_or_default(),
        Repeat::Numbered => {
            let start = format!("{}.", parameter.name);
            let own = pairs.iter().filter(|(name, _)| name.starts_with(&start));
            own.map(|(_, value)| value.clone()).collect()
        }
        Repeat::Structure => Vec::new(),
    }
}

/// The resources that a reply names as those whose status the call changes.
fn made(spec: &Spec, reply: &[u8]) -> Vec<(&'static str, String)> {
    let Some(transition) = spec.transition.filter(|_| !reply.is_empty()) else { return Vec::new() };
    let Ok(reply) = serde_json::from_slice::<Value>(reply) else { return Vec::new() };
    let noun = transition.resource.noun;
    let texts = match transition.settles.as_ref().map(|settling| settling.ids) {
        Some(Ids::Replied(field)) => vec![&reply[field]],
        Some(Ids::RepliedList([outer, inner])) => {
            reply[outer][inner].as_array().map_or_else(Vec::new, |list| list.iter().collect())
        }
        Some(Ids::Requested(_)) | None => Vec::new(),
    };
    texts.into_iter().filter_map(Value::as_str).map(|id| (noun, id.to_owned())).collect()
}
