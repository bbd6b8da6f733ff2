//! The one transaction of an action: decide, write the effect, its operations, the token and the
//! call; and after the commit, hand the operations over.

use std::sync::Arc;

use domain::{Moment, Uptime};

use super::named::named_resources;
use super::{AccessCheck, Quotas, Request, Services, check, client_token, placement, refuse};
use crate::catalog::errors::{NONCE_USED, THROTTLING_USER, TOO_MANY_OPERATIONS};
use crate::catalog::{
    ActionError, Call, EncodedEffect, Environment, Listed, ReadyAction, Shape, Spec, StoreChange,
};
use crate::failpoint;
use crate::operations::{Admission, NewOperation};
use crate::store::{CallRecord, Prefetch, ReadTx, StoreError, TokenRecord, WriteTx};

/// The result of the transaction.
enum WriteOutcome {
    /// The effect is in the store; the operations are to be enqueued.
    Done(Written, Vec<NewOperation>),
    /// Nothing was written.
    Not(ActionError),
}

/// The result of a write.
pub(super) struct Written {
    /// The reply.
    pub reply: Vec<u8>,
    /// Whether access keys came, changed or went.
    pub changes_keys: bool,
}

/// Decides and writes in one transaction, and enqueues the operations after its commit. Returns
/// the reply.
pub(super) async fn carry_out(
    services: &Services,
    environment: Arc<Environment>,
    listed: Listed,
    ready: Box<dyn ReadyAction>,
    request: &Request,
) -> Result<Written, ActionError> {
    let full = match services.runner.admission(&request.caller.account) {
        Admission::Free => None,
        Admission::AccountFull => Some(&THROTTLING_USER),
        Admission::ServerFull => Some(&TOO_MANY_OPERATIONS),
    };
    if let Some(full) = full {
        return Err(refuse(services, request, full.into()).await);
    }
    let ready = computed(&environment, ready).await?;
    let (caller, now) = (Arc::clone(&request.caller), services.clock.now());
    let uptime = services.clock.uptime();
    let token = client_token::token_of(listed, request, now);
    let (record, nonce) = (record(listed.spec(), request, now), request.nonce);
    let (quotas, server) = (services.quotas, services.store.server().to_owned());
    let authorization = AccessCheck::of(listed, request);
    let ahead = services.store.prefetch(|| prefetch(listed, request, token.as_ref()));
    let write = move |tx: &mut dyn WriteTx| {
        // The nonce of a refused request is stored as well: a replay could be accepted later.
        if let Some(nonce) = &nonce
            && !tx.save_nonce(nonce)?
        {
            return Ok(WriteOutcome::Not((&NONCE_USED).into()));
        }
        let call = Call { caller: &caller, now, environment: &environment };
        let decided = check(authorization.as_ref(), tx, &call).and_then(|()| {
            decide(tx, &call, listed.spec(), ready.as_ref(), token.as_ref(), &quotas)
        });
        let written = match decided {
            Ok(Decided::Again(reply)) => {
                let written = Written { reply, changes_keys: false };
                return Ok(WriteOutcome::Done(written, Vec::new()));
            }
            Ok(Decided::Anew(effect)) => {
                write_down(tx, &call, effect, token.as_ref(), (uptime, &server))?
            }
            Err(ActionError::Failed(fault)) => return Err(fault),
            Err(refused) => return Ok(WriteOutcome::Not(refused)),
        };
        tx.record_call(&record)?;
        failpoint::hit("call.written");
        Ok(written)
    };
    let runner = Arc::clone(&services.runner);
    let hand_over = move |written| match written {
        WriteOutcome::Not(stop) => Err(stop),
        WriteOutcome::Done(reply, started) => {
            failpoint::hit("call.committed");
            runner.enqueue(started);
            Ok(reply)
        }
    };
    services.store.write_briefly_after(ahead, write, hand_over).await?
}

/// The rows that a call looks at before anything else: the resources that it names by their ids.
fn prefetch(listed: Listed, request: &Request, token: Option<&TokenRecord>) -> Prefetch {
    let named = named_resources(listed, &request.input).named;
    let ids = named.iter().filter_map(|about| about.kept());
    let ahead = Prefetch::default().nonce(request.nonce).token(token);
    ids.fold(ahead, |ahead, (of, id)| ahead.resource(of, id))
}

/// The action with all that takes long to compute, so that no other write waits for it.
async fn computed(
    environment: &Arc<Environment>,
    ready: Box<dyn ReadyAction>,
) -> Result<Box<dyn ReadyAction>, ActionError> {
    if ready.computes().is_none() {
        return Ok(ready);
    }
    let environment = Arc::clone(environment);
    let compute = move || {
        if let Some(value) = ready.computes() {
            value.compute(&environment);
        }
        ready
    };
    let computed = tokio::task::spawn_blocking(compute).await;
    computed.map_err(|fault| ActionError::Broken(fault.to_string()))
}

/// The result of a decision.
enum Decided {
    /// The ClientToken was used before; this was the reply.
    Again(Vec<u8>),
    /// The effect that is to be written.
    Anew(EncodedEffect),
}

fn decide(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    spec: &Spec,
    ready: &dyn ReadyAction,
    token: Option<&TokenRecord>,
    quotas: &Quotas,
) -> Result<Decided, ActionError> {
    if let Some(token) = token
        && let Some(earlier) = tx.token(&token.account, &token.action, &token.token)?
    {
        let same = earlier.parameters == token.parameters;
        return if same {
            Ok(Decided::Again(earlier.reply.into_bytes()))
        } else {
            Err(spec.token_mismatch.into())
        };
    }
    let mut effect = ready.decide(tx, call)?;
    quotas.check(tx, call, &effect.changes)?;
    if call.environment.on_hosts {
        placement::complete(tx, call, &mut effect.changes)?;
    }
    Ok(Decided::Anew(effect))
}

fn write_down(
    tx: &mut dyn WriteTx,
    call: &Call<'_>,
    effect: EncodedEffect,
    token: Option<&TokenRecord>,
    (uptime, server): (Uptime, &str),
) -> Result<WriteOutcome, StoreError> {
    for change in &effect.changes {
        apply(tx, change)?;
    }
    let mut started = Vec::with_capacity(effect.start.len());
    for running in effect.start {
        let id = call.environment.ids.operation(call.now);
        let account = &call.caller.account;
        let new_operation = NewOperation::new(id, account, running, call.now, uptime, server);
        started.extend(new_operation.begin(tx, call.environment.on_hosts)?);
    }
    if let Some(token) = token {
        let reply = String::from_utf8_lossy(&effect.reply).into_owned();
        tx.save_token(&TokenRecord { reply, ..token.clone() })?;
    }
    let changes_keys = effect.changes.iter().any(StoreChange::is_of_keys);
    Ok(WriteOutcome::Done(Written { reply: effect.reply, changes_keys }, started))
}

fn apply(tx: &mut dyn WriteTx, change: &StoreChange) -> Result<(), StoreError> {
    match change {
        StoreChange::Save(resource) => tx.save_resource(Arc::clone(resource)),
        StoreChange::Remove(of, id) => tx.remove_resource(of, id),
        StoreChange::SaveUserData(id, data) => tx.save_user_data(id, data),
        StoreChange::SaveAccessKey(key) => tx.save_access_key(key),
        StoreChange::RemoveAccessKey(id) => tx.remove_access_key(id),
    }
}

/// The call, for the record of writes.
fn record(spec: &Spec, request: &Request, now: Moment) -> CallRecord {
    let named = subject_parameter(spec).and_then(|name| request.input.get(name));
    CallRecord {
        at: now,
        request_id: request.request_id.clone(),
        account: request.caller.account.clone(),
        access_key_id: request.caller.access_key_id.clone(),
        action: spec.name.to_owned(),
        resource: named.unwrap_or_default().to_owned(),
    }
}

/// The parameter that names what a write is about: the resource whose status it changes, else the
/// first that is named by an id.
fn subject_parameter(spec: &Spec) -> Option<&'static str> {
    let own = spec.transition.map(|transition| transition.resource.noun);
    let moved = spec.parameters.iter().find(|one| own.is_some() && one.names == own);
    let any = || spec.parameters.iter().find(|one| matches!(one.shape, Shape::Id(_)));
    moved.or_else(any).map(|parameter| parameter.name)
}
