//! The application service: the one path of every request once it is known who calls.
//!
//! It parses, names what has no effect, answers dry runs, and carries a write out as one
//! transaction with its idempotency token, its operations and its record of the call. It knows no
//! single action, and nothing of HTTP.

mod parameters;
mod quota;
mod token;
mod write;

use std::sync::Arc;

use crate::catalog::errors::{DRY_RUN, REGION_MALFORMED};
use crate::catalog::{
    Call, Caller, Entry, Environment, Environments, Input, Listed, QueryReply, Spec, Stop,
};
use crate::clock::Clock;
use crate::operations::Runner;
use crate::store::{Store, StoredNonce};

use parameters::ignored;
pub use parameters::{COMMON, LEGACY};
pub use quota::{Quota, QuotaError, Quotas};

/// Everything a request needs.
pub struct Services {
    /// The store.
    pub store: Arc<Store>,
    /// Carries out what effects start.
    pub runner: Arc<Runner>,
    /// The time.
    pub clock: Arc<Clock>,
    /// What stands around every request.
    pub environment: Arc<Environments>,
    /// Refuse parameters that have no effect, instead of naming them.
    pub strict: bool,
    /// What an account may have at most.
    pub quotas: Quotas,
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
    /// What of the request is stored with its effect, so that it is not served again after a
    /// restart; none for one that changes nothing.
    pub nonce: Option<StoredNonce>,
}

/// What a request is answered with.
pub struct Reply {
    /// The reply, a JSON object without the RequestId.
    pub reply: Vec<u8>,
    /// Names of parameters that had no effect.
    pub ignored: Vec<String>,
}

/// Takes a request all the way: parse, decide, write down, hand over.
pub async fn dispatch(
    services: &Services,
    listed: Listed,
    request: &Request,
) -> Result<Reply, Stop> {
    let environment = services.environment.current();
    check_region(&environment, listed.spec(), &request.input)?;
    match listed.entry {
        Entry::Reading(query) => {
            let ready = query.parse(&request.input)?;
            let ignored = ignored(services, query.spec().parameters, &request.input)?;
            let found = {
                let call = call(services, &environment, &request.caller);
                services.store.read(|tx| ready.answer(tx, &call))??
            };
            refuse_dry_run(&request.input)?;
            let reply = match found {
                QueryReply::Complete(reply) => reply,
                QueryReply::Incomplete(complete) => {
                    let completed = tokio::task::spawn_blocking(move || complete(&environment));
                    completed.await.map_err(|fault| Stop::Broken(fault.to_string()))??
                }
            };
            Ok(Reply { reply, ignored })
        }
        Entry::Mutation(action) => {
            let ready = action.parse(&request.input)?;
            let ignored = ignored(services, action.spec().parameters, &request.input)?;
            let reply = if is_dry_run(&request.input) {
                let call = call(services, &environment, &request.caller);
                services.store.read(|tx| {
                    let effect = ready.decide(tx, &call)?;
                    services.quotas.check(tx, &request.caller.account, &effect.changes)
                })??;
                return Err((&DRY_RUN).into());
            } else {
                write::carry_out(services, environment, listed, ready, request).await?
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
fn check_region(environment: &Environment, spec: &Spec, input: &Input) -> Result<(), Stop> {
    let region = input.get("RegionId").filter(|id| !id.is_empty());
    let known = region.is_none_or(|id| environment.inventory.region(id).is_some());
    if known || spec.takes("RegionId") { Ok(()) } else { Err((&REGION_MALFORMED).into()) }
}
