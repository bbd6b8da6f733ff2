//! The application service: the one path of every authenticated request.
//!
//! The service parses, reports parameters without effect, answers dry runs, and writes the effect
//! of an action in one transaction with its ClientToken, its operations and the record of the
//! call. It depends neither on a particular action nor on HTTP.

mod authorize;
mod client_token;
pub(crate) mod evacuation;
mod free_space;
mod host_memory;
mod known;
mod named;
mod parameters;
pub(crate) mod placement;
mod quota;
mod write;

use std::sync::Arc;

use crate::catalog::errors::{DRY_RUN, NONCE_USED, REGION_MALFORMED};
use crate::catalog::{
    ActionError, Call, Caller, DynAction, Entry, Environment, Environments, Input, Listed,
    QueryReply, ReadyAction, Spec,
};
use crate::clock::Clock;
use crate::operations::Runner;
use crate::store::{Prefetch, ReadTx, Store, StoredNonce, WriteTx};

use authorize::AccessCheck;
pub use authorize::Rights;
pub(crate) use authorize::{AccessExplained, explain};
use parameters::ignored;
pub(crate) use parameters::{COMMON, LEGACY};
pub use quota::{Quota, QuotaError, Quotas};

/// The parts that serve requests.
pub struct Services {
    /// The store.
    pub store: Arc<Store>,
    /// Carries out the operations of effects.
    pub runner: Arc<Runner>,
    /// The clock of the server.
    pub clock: Arc<Clock>,
    /// Inventory, ids and abilities of the hypervisor.
    pub environment: Arc<Environments>,
    /// Whether parameters without effect are an error, instead of being listed in a header.
    pub strict: bool,
    /// The quotas of an account.
    pub quotas: Quotas,
}

/// An authenticated request.
#[derive(Debug)]
pub struct Request {
    /// The account and key of the request.
    pub caller: Arc<Caller>,
    /// The RequestId of the reply.
    pub request_id: String,
    /// The rights of the caller's key.
    pub rights: Rights,
    /// All decoded parameters.
    pub input: Input,
    /// The nonce that is stored with the effect, or before the refusal, so that a replay is refused
    /// after a restart; `None` for a read-only action.
    pub nonce: Option<StoredNonce>,
}

/// The reply to a request.
pub(crate) struct Reply {
    /// The reply, a JSON object without the RequestId.
    pub reply: Vec<u8>,
    /// Names of parameters that had no effect.
    pub ignored: Vec<String>,
    /// Whether access keys came, changed or went.
    pub changes_keys: bool,
}

/// Carries out a request: parse, decide, write, enqueue. The error is the refusal by the API, or
/// the failure of the store.
pub(crate) async fn dispatch(
    services: &Services,
    listed: Listed,
    request: &Request,
) -> Result<Reply, ActionError> {
    let environment = services.environment.current();
    match listed.entry {
        Entry::Query(query) => {
            check_region(&environment, listed.spec(), &request.input)?;
            let ready = query.parse(&request.input)?;
            let ignored = ignored(services, query.spec().parameters, &request.input)?;
            let authorization = AccessCheck::of(listed, request);
            let answer = move |tx: &dyn ReadTx, call: &Call<'_>| {
                check(authorization.as_ref(), tx, call)?;
                ready.answer(tx, call)
            };
            let found = read(services, &environment, &request.caller, answer).await?;
            refuse_dry_run(&request.input)?;
            let reply = match found {
                QueryReply::Complete(reply) => reply,
                QueryReply::Incomplete(complete) => {
                    let completed = tokio::task::spawn_blocking(move || complete(&environment));
                    completed.await.map_err(|fault| ActionError::Broken(fault.to_string()))??
                }
            };
            Ok(Reply { reply, ignored, changes_keys: false })
        }
        Entry::Action(action) => {
            let prepared = prepare(services, &environment, action, request);
            let (ready, ignored) = match prepared {
                Ok(prepared) => prepared,
                Err(stop) => return Err(refuse(services, request, stop).await),
            };
            if is_dry_run(&request.input) {
                return Err(dry_run(services, &environment, listed, ready, request).await);
            }
            let written = write::carry_out(services, environment, listed, ready, request).await?;
            let write::Written { reply, changes_keys } = written;
            Ok(Reply { reply, ignored, changes_keys })
        }
    }
}

/// Reads the parameters of an action that writes. Gives it with the names of those without effect.
fn prepare(
    services: &Services,
    environment: &Environment,
    action: &dyn DynAction,
    request: &Request,
) -> Result<(Box<dyn ReadyAction>, Vec<String>), ActionError> {
    check_region(environment, action.spec(), &request.input)?;
    let ready = action.parse(&request.input)?;
    let ignored = ignored(services, action.spec().parameters, &request.input)?;
    Ok((ready, ignored))
}

/// Decides and writes nothing: the error says that it would have gone well, or why not. A replay
/// writes nothing either, so its nonce is not stored.
async fn dry_run(
    services: &Services,
    environment: &Arc<Environment>,
    listed: Listed,
    ready: Box<dyn ReadyAction>,
    request: &Request,
) -> ActionError {
    let quotas = services.quotas;
    let authorization = AccessCheck::of(listed, request);
    let decide = move |tx: &dyn ReadTx, call: &Call<'_>| {
        check(authorization.as_ref(), tx, call)?;
        let mut effect = ready.decide(tx, call)?;
        quotas.check(tx, call, &effect.changes)?;
        if call.environment.on_hosts {
            placement::complete(tx, call, &mut effect.changes)?;
        }
        Ok(())
    };
    let decided = read(services, environment, &request.caller, decide).await;
    decided.err().unwrap_or_else(|| (&DRY_RUN).into())
}

/// Stores the nonce of a write that is refused before its transaction, so that the same bytes are
/// not served after a restart, when what refused them may be over. A small write that shares its
/// commit with others; nothing if the action only reads. Gives what to answer: that refusal, or
/// that the nonce was used at another server, or that the store failed.
pub(crate) async fn refuse(
    services: &Services,
    request: &Request,
    refusal: ActionError,
) -> ActionError {
    let Some(nonce) = request.nonce else { return refusal };
    let ahead = services.store.prefetch(|| Prefetch::default().nonce(Some(nonce)));
    let save = move |tx: &mut dyn WriteTx| tx.save_nonce(&nonce);
    let stored = services.store.write_briefly_after(ahead, save, |is_new| is_new).await;
    match stored {
        Ok(true) => refusal,
        Ok(false) => (&NONCE_USED).into(),
        Err(fault) => fault.into(),
    }
}

/// Refuses what the caller's key may not do; none if it may do everything.
fn check(
    authorization: Option<&AccessCheck>,
    tx: &dyn ReadTx,
    call: &Call<'_>,
) -> Result<(), ActionError> {
    authorization.map_or(Ok(()), |authorization| authorization.check(tx, call))
}

/// Decides on what the store holds, without writing.
async fn read<T: Send + 'static>(
    services: &Services,
    environment: &Arc<Environment>,
    caller: &Arc<Caller>,
    work: impl Fn(&dyn ReadTx, &Call<'_>) -> Result<T, ActionError> + Send + 'static,
) -> Result<T, ActionError> {
    let (environment, caller) = (Arc::clone(environment), Arc::clone(caller));
    let now = services.clock.now();
    let account = caller.account.clone();
    let read =
        move |tx: &dyn ReadTx| work(tx, &Call { caller: &caller, now, environment: &environment });
    services.store.read_for(&account, read).await
}

fn is_dry_run(input: &Input) -> bool {
    input.get("DryRun").is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn refuse_dry_run(input: &Input) -> Result<(), ActionError> {
    if is_dry_run(input) { Err((&DRY_RUN).into()) } else { Ok(()) }
}

/// Refuses an unknown RegionId for actions that have no such parameter themselves.
fn check_region(environment: &Environment, spec: &Spec, input: &Input) -> Result<(), ActionError> {
    let region = input.get("RegionId").filter(|id| !id.is_empty());
    let known = region.is_none_or(|id| environment.inventory.region(id).is_some());
    if known || spec.takes("RegionId") { Ok(()) } else { Err((&REGION_MALFORMED).into()) }
}
