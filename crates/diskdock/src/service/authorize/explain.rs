//! Explains whether a key may make a call, without carrying it out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Request, Services, read};
use super::AccessCheck;
use crate::catalog::{
    ActionError, Call, Entry, Input, Listed, ParamSpec, Presence, Refusal, Repeat,
};
use crate::policy::{PolicyDecision, PolicyVerdict};
use crate::store::ReadTx;

/// The answer of a key's policies to a request, for people.
#[derive(Debug)]
pub(crate) struct AccessExplained {
    /// Whether the request would be carried out, as far as access goes.
    pub allowed: bool,
    /// Why, where not the policies of the key decide; else empty.
    pub why: String,
    /// One for each resource: its name, the verdict, and the statement that decided.
    pub resources: Vec<Value>,
}

/// Explains what policies say to a request, and what the action itself says to its caller, without
/// carrying it out.
pub(crate) async fn explain(
    services: &Services,
    listed: Listed,
    request: &Request,
) -> Result<AccessExplained, ActionError> {
    let mut explained = by_policies(services, listed, request).await?;
    if explained.allowed
        && let Some(why) = refused_by_action(services, listed, request).await?
    {
        explained.allowed = false;
        explained.why = why;
    }
    Ok(explained)
}

async fn by_policies(
    services: &Services,
    listed: Listed,
    request: &Request,
) -> Result<AccessExplained, ActionError> {
    let Some(authorization) = AccessCheck::of(listed, request) else {
        let why = match listed.spec().open {
            true => "every key may call this action",
            false => "a key without policies may do everything in its account",
        };
        return Ok(AccessExplained { allowed: true, why: why.to_owned(), resources: Vec::new() });
    };
    let environment = services.environment.current();
    let decide_each = move |tx: &dyn ReadTx, call: &Call<'_>| {
        let sets = authorization.source.sets(tx)?;
        let each = authorization.resources.look_up(tx, call)?.into_iter().map(|known| {
            let decided = authorization.decide(call, &sets, &known);
            let verdict = decided.decision.verdict;
            (verdict, decision_json(&decided.resource, &decided.decision))
        });
        Ok(each.collect::<Vec<_>>())
    };
    let decisions = read(services, &environment, &request.caller, decide_each).await?;
    Ok(AccessExplained {
        allowed: decisions.iter().all(|(verdict, _)| *verdict == PolicyVerdict::Allow),
        why: String::new(),
        resources: decisions.into_iter().map(|(_, shown)| shown).collect(),
    })
}

/// Why the action itself refuses the caller, as AssumeRole does by the document of the role; none
/// if it does not, or if something else is wrong with the request. Required parameters that are
/// left out have the values of their examples.
async fn refused_by_action(
    services: &Services,
    listed: Listed,
    request: &Request,
) -> Result<Option<String>, ActionError> {
    let Entry::Action(action) = listed.entry else { return Ok(None) };
    let input = completed(listed.spec().parameters, &request.input);
    let Ok(ready) = action.parse(&input) else { return Ok(None) };
    let code = listed.product.errors.not_allowed.code;
    let decide = move |tx: &dyn ReadTx, call: &Call<'_>| match ready.decide(tx, call) {
        Err(ActionError::Refused(refusal)) if refusal.error.code == code => Ok(Some(refusal)),
        Err(ActionError::Failed(fault)) => Err(ActionError::Failed(fault)),
        Ok(_) | Err(ActionError::Refused(_) | ActionError::Broken(_)) => Ok(None),
    };
    let environment = services.environment.current();
    let refusal = read(services, &environment, &request.caller, decide).await?;
    Ok(refusal.map(|refusal| in_words(&refusal)))
}

fn completed(parameters: &[ParamSpec], input: &Input) -> Input {
    let mut pairs: BTreeMap<String, String> = input.pairs().iter().cloned().collect();
    let is_single = |one: &&ParamSpec| one.repeat == Repeat::Once && one.children.is_empty();
    let required = parameters.iter().filter(|one| one.presence == Presence::Required);
    for one in required.filter(is_single) {
        pairs.entry(one.name.to_owned()).or_insert_with(|| one.example.to_owned());
    }
    Input::from_sorted(pairs.into_iter().collect())
}

fn in_words(refusal: &Refusal) -> String {
    let Some(denied) = &refusal.denied else { return refusal.message.to_string() };
    let verdict = match denied.is_explicit {
        true => PolicyVerdict::ExplicitDeny,
        false => PolicyVerdict::ImplicitDeny,
    };
    format!("{} ({}: {})", refusal.message, denied.policy_type, verdict.as_str())
}

fn decision_json(resource: &str, decision: &PolicyDecision<'_>) -> Value {
    let mut shown = json!({ "resource": resource, "verdict": decision.verdict.as_str() });
    if let Some(by) = &decision.by {
        shown["policy"] = by.policy.into();
        shown["number"] = by.number.into();
        shown["statement"] = by.statement.clone();
    }
    shown
}
