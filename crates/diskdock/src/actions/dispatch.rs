//! The one path that every request takes once it is known who calls: parse, decide, write down.

use std::sync::Arc;

use domain::Moment;
use sha2::{Digest, Sha256};

use super::prelude::*;
use crate::catalog::errors::{DRY_RUN, TOO_MANY_OPERATIONS, UNKNOWN_PARAMETER};
use crate::catalog::{
    Caller, EncodedEffect, Entry, Environment, Environments, Input, Mutation, ParamSpec,
    ReadyAction, Repeat,
};
use crate::clock::Clock;
use crate::operations::{IN_FLIGHT, NewOperation, Runner};
use crate::store::{CallRecord, Store, TokenRecord};

/// Parameters that belong to the gateway and not to any action.
pub const COMMON: &[&str] = &[
    "AccessKeyId",
    "Action",
    "BearerToken",
    "Format",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// Parameters that every action takes for the sake of old clients.
pub const LEGACY: &[&str] =
    &["OwnerAccount", "OwnerId", "RegionId", "ResourceOwnerAccount", "ResourceOwnerId"];

/// Everything a request needs.
pub struct Services {
    /// The store.
    pub store: Arc<Store>,
    /// Carries out what effects start.
    pub runner: Arc<Runner>,
    /// The time.
    pub clock: Arc<Clock>,
    /// What stands around every request.
    pub environment: Environments,
    /// Refuse parameters that have no effect, instead of naming them.
    pub strict: bool,
}

/// A request that is known to come from this caller.
#[derive(Debug)]
pub struct Request {
    /// Who calls.
    pub caller: Caller,
    /// The RequestId of the answer.
    pub request_id: String,
    /// All decoded parameters.
    pub input: Input,
}

/// What a request is answered with.
pub struct Reply {
    /// The reply, a JSON object without the RequestId.
    pub reply: Vec<u8>,
    /// Names of parameters that had no effect.
    pub ignored: Vec<String>,
}

/// Takes a request all the way.
pub async fn dispatch(services: &Services, entry: Entry, request: &Request) -> Result<Reply, Stop> {
    let environment = services.environment.current();
    check_region(&environment, entry, &request.input)?;
    match entry {
        Entry::Reading(query) => {
            let ready = query.parse(&request.input)?;
            let ignored = ignored(services, query.spec().parameters, &request.input)?;
            let call = call(services, &environment, &request.caller);
            let reply = services.store.read(|tx| ready.answer(tx, &call))??;
            refuse_dry_run(&request.input)?;
            Ok(Reply { reply, ignored })
        }
        Entry::Mutation(action) => {
            let ready = action.parse(&request.input)?;
            let ignored = ignored(services, action.spec().parameters, &request.input)?;
            let reply = if is_dry_run(&request.input) {
                let call = call(services, &environment, &request.caller);
                services.store.read(|tx| ready.decide(tx, &call).map(drop))??;
                return Err((&DRY_RUN).into());
            } else {
                change(services, environment, action, ready, request).await?
            };
            Ok(Reply { reply, ignored })
        }
    }
}

fn call<'a>(services: &Services, environment: &'a Environment, caller: &'a Caller) -> Call<'a> {
    Call { caller, now: services.clock.now(), environment }
}

fn is_dry_run(input: &Input) -> bool {
    input.get("DryRun").is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn refuse_dry_run(input: &Input) -> Result<(), Stop> {
    if is_dry_run(input) { Err((&DRY_RUN).into()) } else { Ok(()) }
}

/// An action without a RegionId of its own still refuses one that does not exist.
fn check_region(environment: &Environment, entry: Entry, input: &Input) -> Result<(), Stop> {
    let region = input.get("RegionId").filter(|id| !id.is_empty());
    let known = region.is_none_or(|id| environment.inventory.region(id).is_some());
    if known || entry.spec().takes("RegionId") { Ok(()) } else { Err((&REGION_MALFORMED).into()) }
}

/// Names of parameters that are unknown or have no effect; an error if the server is strict.
fn ignored(
    services: &Services,
    specs: &[ParamSpec],
    input: &Input,
) -> Result<Vec<String>, Refusal> {
    let gateways = |name: &&str| !COMMON.contains(name) && !LEGACY.contains(name);
    let mut names: Vec<String> = input.unread().filter(gateways).map(str::to_owned).collect();
    // The gateway's own names are no action's parameters: most of a request need not be looked up.
    let own = input.pairs().iter().filter(|(name, _)| !COMMON.contains(&name.as_str()));
    for (name, _) in own {
        if !is_honoured(specs, name) && !names.contains(name) {
            names.push(name.clone());
        }
    }
    match names.first() {
        Some(first) if services.strict => Err(Refusal::about(&UNKNOWN_PARAMETER, first)),
        _ => Ok(names),
    }
}

/// Whether the parameter of this full name has an effect; true for names that no spec has, which
/// are found because nobody reads them.
fn is_honoured(specs: &[ParamSpec], name: &str) -> bool {
    let head = name.split('.').next().unwrap_or(name);
    let matching = |spec: &&ParamSpec| {
        name == spec.name || name.strip_prefix(spec.name).is_some_and(|rest| rest.starts_with('.'))
    };
    let Some(spec) = specs.iter().filter(matching).max_by_key(|spec| spec.name.len()) else {
        return specs.iter().all(|spec| spec.name != head);
    };
    let rest = name[spec.name.len()..].trim_start_matches('.');
    let inner = match spec.repeat {
        Repeat::Numbered => rest.split_once('.').map_or("", |(_, inner)| inner),
        Repeat::Structure => rest,
        Repeat::Once | Repeat::JsonArray => "",
    };
    spec.honoured && (inner.is_empty() || is_honoured(spec.children, inner))
}

/// What a write came to.
enum Written {
    /// The effect is in the store; these operations are to be carried out.
    Done(Vec<u8>, Vec<NewOperation>),
    /// Nothing was written.
    Not(Stop),
}

async fn change(
    services: &Services,
    environment: Arc<Environment>,
    action: &'static dyn Mutation,
    ready: Box<dyn ReadyAction>,
    request: &Request,
) -> Result<Vec<u8>, Stop> {
    if services.runner.in_flight() >= IN_FLIGHT {
        return Err((&TOO_MANY_OPERATIONS).into());
    }
    let (caller, now) = (request.caller.clone(), services.clock.now());
    let token = token_of(action, request, now);
    let record = record(action, request, now);
    let write = move |tx: &mut dyn WriteTx| {
        let call = Call { caller: &caller, now, environment: &environment };
        let written = match decide(tx, &call, action, ready.as_ref(), token.as_ref()) {
            Ok(Decided::Again(reply)) => return Ok(Written::Done(reply, Vec::new())),
            Ok(Decided::Anew(effect)) => write_down(tx, &call, effect, token.as_ref())?,
            Err(Stop::Failed(fault)) => return Err(fault),
            Err(refused) => return Ok(Written::Not(refused)),
        };
        tx.record_call(&record)?;
        Ok(written)
    };
    let runner = Arc::clone(&services.runner);
    let carry_out = move |written| match written {
        Written::Not(stop) => Err(stop),
        Written::Done(reply, started) => {
            runner.enqueue(started);
            Ok(reply)
        }
    };
    services.store.write_then(write, carry_out).await?
}

/// What a decision came to.
enum Decided {
    /// The same request was answered before, with this reply.
    Again(Vec<u8>),
    /// The effect that is to be written down.
    Anew(EncodedEffect),
}

fn decide(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    action: &dyn Mutation,
    ready: &dyn ReadyAction,
    token: Option<&TokenRecord>,
) -> Result<Decided, Stop> {
    if let Some(token) = token
        && let Some(earlier) = tx.token(&token.account, &token.action, &token.token)?
    {
        let same = earlier.parameters == token.parameters;
        return if same {
            Ok(Decided::Again(earlier.reply.into_bytes()))
        } else {
            Err(action.spec().token_mismatch.into())
        };
    }
    ready.decide(tx, call).map(Decided::Anew)
}

fn write_down(
    tx: &mut dyn WriteTx,
    call: &Call<'_>,
    effect: EncodedEffect,
    token: Option<&TokenRecord>,
) -> Result<Written, StoreError> {
    for change in &effect.changes {
        apply(tx, change)?;
    }
    let mut started = Vec::with_capacity(effect.start.len());
    for running in effect.start {
        let id = call.environment.ids.operation(call.now);
        let new_operation = NewOperation::new(id, &call.caller.account, running, call.now);
        tx.begin_operation(&new_operation.row)?;
        started.push(new_operation);
    }
    if let Some(token) = token {
        let reply = String::from_utf8_lossy(&effect.reply).into_owned();
        tx.save_token(&TokenRecord { reply, ..token.clone() })?;
    }
    Ok(Written::Done(effect.reply, started))
}

fn apply(tx: &mut dyn WriteTx, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::SaveDisk(disk) => tx.save_disk(disk),
        Change::RemoveDisk(id) => tx.remove_disk(id),
        Change::SaveInstance(instance) => tx.save_instance(instance),
        Change::SaveUserData(id, data) => tx.save_user_data(id, data),
        Change::RemoveInstance(id) => tx.remove_instance(id),
    }
}

/// The token of a request that has one, with a digest of the request's own parameters.
fn token_of(action: &dyn Mutation, request: &Request, now: Moment) -> Option<TokenRecord> {
    if !action.spec().takes("ClientToken") {
        return None;
    }
    let token = request.input.get("ClientToken").filter(|token| !token.is_empty())?;
    let own = |name: &str| !COMMON.contains(&name) && name != "ClientToken";
    let mut digest = Sha256::new();
    for (name, value) in request.input.pairs().iter().filter(|(name, _)| own(name)) {
        for part in [name, value] {
            digest.update(part.len().to_le_bytes());
            digest.update(part.as_bytes());
        }
    }
    let parameters = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(TokenRecord {
        account: request.caller.account.clone(),
        action: action.spec().name.to_owned(),
        token: token.to_owned(),
        parameters,
        reply: String::new(),
        created_at: now,
    })
}

fn record(action: &dyn Mutation, request: &Request, now: Moment) -> CallRecord {
    let named = ["DiskId", "InstanceId"].iter().find_map(|name| request.input.get(name));
    CallRecord {
        at: now,
        request_id: request.request_id.clone(),
        account: request.caller.account.clone(),
        access_key_id: request.caller.access_key_id.clone(),
        action: action.spec().name.to_owned(),
        resource: named.unwrap_or_default().to_owned(),
    }
}
