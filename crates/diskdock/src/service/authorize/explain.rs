//! Explains whether a key may make a call, without carrying it out.

use serde_json::{Value, json};

use super::super::{Request, Services, read};
use super::AccessCheck;
use crate::catalog::{ActionError, Call, Listed};
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

/// Explains what policies say to a request, without carrying it out.
pub(crate) async fn explain(
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

fn decision_json(resource: &str, decision: &PolicyDecision<'_>) -> Value {
    let mut shown = json!({ "resource": resource, "verdict": decision.verdict.as_str() });
    if let Some(by) = &decision.by {
        shown["policy"] = by.policy.into();
        shown["number"] = by.number.into();
        shown["statement"] = by.statement.clone();
    }
    shown
}
