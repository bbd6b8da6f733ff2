//! The application service: the one path of every authenticated request.
//!
//! The service parses, reports parameters without effect, answers dry runs, and writes the effect
//! of an action in one transaction with its ClientToken, its operations and the record of the
//! call. It depends neither on a particular action nor on HTTP.

mod authorize;
mod client_token;
mod free_space;
mod host_memory;
mod known;
mod named;
mod parameters;
mod quota;
mod write;

use std::sync::Arc;

use crate::catalog::errors::{DRY_RUN, REGION_MALFORMED};
use crate::catalog::{
    ActionError, Call, Caller, Entry, Environment, Environments, Input, Listed, QueryReply, Spec,
};
use crate::clock::Clock;
use crate::operations::Runner;
use crate::store::{ReadTx, Store, StoredNonce};

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
    /// The nonce that is stored with the effect, so that a replay is refused after a restart;
    /// `None` for a read-only action.
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
    check_region(&environment, listed.spec(), &request.input)?;
    match listed.entry {
        Entry::Query(query) => {
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
            let ready = action.parse(&request.input)?;
            let ignored = ignored(services, action.spec().parameters, &request.input)?;
            let written = if is_dry_run(&request.input) {
                let quotas = services.quotas;
                let authorization = AccessCheck::of(listed, request);
                let decide = move |tx: &dyn ReadTx, call: &Call<'_>| {
                    check(authorization.as_ref(), tx, call)?;
                    let effect = ready.decide(tx, call)?;
                    quotas.check(tx, call, &effect.changes)
                };
                read(services, &environment, &request.caller, decide).await?;
                return Err((&DRY_RUN).into());
            } else {
                write::carry_out(services, environment, listed, ready, request).await?
            };
            let write::Written { reply, changes_keys } = written;
            Ok(Reply { reply, ignored, changes_keys })
        }
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
