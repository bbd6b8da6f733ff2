//! Authorization: whether the policies of the caller's key allow an action on what the request
//! names. Decided once, in the transaction, before the action looks anything up.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use domain::ram::{PolicyType, RamPolicyId, RamUserId};
use serde_json::{Value, json};

use super::named::{AboutResource, arn_type, asked_about};
use super::{Request, Services};
use crate::catalog::errors::AccessDenied;
use crate::catalog::times::with_seconds;
use crate::catalog::{ActionError, Call, CallerIdentity, Listed, Refusal};
use crate::policy::{
    ConditionFacts, Policy, PolicyDecision, PolicyVerdict, Question, evaluate, system_policy,
};
use crate::store::{EntityReads, KINDS, ReadTx, StoreError};

/// The rights of a key.
#[derive(Clone, Debug, Default)]
pub enum Rights {
    /// Everything: a key of the account itself.
    #[default]
    All,
    /// What these policies allow: a limited key or a user.
    Limited(Arc<[Policy]>),
}

/// Where a request comes from, for conditions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// The address of the client, if it is known.
    pub address: Option<IpAddr>,
    /// Whether the connection is encrypted.
    pub secure: bool,
}

/// Where the policies come from that say what a caller may do.
#[derive(Clone, Debug)]
enum PolicySource {
    /// The key has them.
    Key(Arc<[Policy]>),
    /// A user has them.
    User(RamUserId),
}

impl PolicySource {
    /// None if the caller may do everything.
    fn of(request: &Request) -> Option<PolicySource> {
        match (&request.caller.identity, &request.rights) {
            (CallerIdentity::User(user), _) => Some(PolicySource::User(user.clone())),
            (CallerIdentity::Account | CallerIdentity::LimitedKey, Rights::Limited(policies)) => {
                Some(PolicySource::Key(Arc::clone(policies)))
            }
            (CallerIdentity::Account | CallerIdentity::LimitedKey, Rights::All) => None,
        }
    }

    /// The policies as they are now. A user that is gone has none; one that cannot be read allows
    /// nothing, and denies nothing.
    fn policies(&self, tx: &dyn ReadTx) -> Result<Arc<[Policy]>, StoreError> {
        let user = match self {
            PolicySource::Key(policies) => return Ok(Arc::clone(policies)),
            PolicySource::User(user) => tx.get(user)?,
        };
        let Some(user) = user else { return Ok(Arc::default()) };
        let mut policies = Vec::new();
        for attached in &user.policies {
            let document = match attached.policy_type {
                PolicyType::System => system_policy(&attached.name).map(str::to_owned),
                PolicyType::Custom => {
                    let id = RamPolicyId::of(&user.account, &attached.name);
                    tx.get(&id)?.map(|policy| policy.document)
                }
            };
            let name = format!("{} policy {}", attached.policy_type.as_str(), attached.name);
            policies.extend(document.map(|document| Policy::read(&name, &document)));
        }
        let policies = policies.into_iter().collect::<Result<Vec<_>, _>>();
        Ok(policies.unwrap_or_default().into())
    }
}

/// The question whether a request is allowed, as far as it can be put before the transaction.
#[derive(Clone)]
pub(super) struct AccessCheck {
    listed: Listed,
    source: PolicySource,
    /// `ecs`
    service: String,
    /// `ecs:DetachDisk`
    action: String,
    /// The region that the request names.
    region: Option<String>,
    asked: BTreeSet<AboutResource>,
    facts: ConditionFacts,
}

impl AccessCheck {
    /// The question that this request puts; none if its key may do everything, or if the action is
    /// open to all keys.
    pub(super) fn of(listed: Listed, request: &Request) -> Option<AccessCheck> {
        let source = PolicySource::of(request)?;
        if listed.spec().open {
            return None;
        }
        let service = listed.product.ram_code();
        let region = request.input.get("RegionId").filter(|_| listed.product.is_regional);
        Some(AccessCheck {
            listed,
            source,
            action: format!("{service}:{}", listed.spec().name),
            service,
            region: region.map(str::to_owned),
            asked: asked_about(listed, &request.input),
            facts: facts(request),
        })
    }

    /// Refuses the request unless its key may do this to everything that it names.
    pub(super) fn check(&self, tx: &dyn ReadTx, call: &Call<'_>) -> Result<(), ActionError> {
        let policies = self.source.policies(tx)?;
        for named in &self.asked {
            let (_, decision) = self.decide(tx, call, &policies, named)?;
            let is_explicit = match decision.verdict {
                PolicyVerdict::Allow => continue,
                PolicyVerdict::ExplicitDeny => true,
                PolicyVerdict::ImplicitDeny => false,
            };
            let denied = AccessDenied {
                action: self.action.clone(),
                principal: principal(call),
                owner: call.caller.account.to_string(),
                is_explicit,
            };
            return Err(Refusal::denied(self.listed.product.errors.not_allowed, denied).into());
        }
        Ok(())
    }

    /// The name of a resource, and what the policies say to it.
    fn decide<'p>(
        &self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
        policies: &'p [Policy],
        named: &AboutResource,
    ) -> Result<(String, PolicyDecision<'p>), StoreError> {
        let kind = KINDS.iter().copied().find(|kind| Some(kind.kind.name) == named.kind);
        let found = match (kind, &named.id) {
            (Some(kind), Some(id)) => tx.resource(kind, id)?,
            (None, _) | (_, None) => None,
        };
        let found = found.filter(|found| *found.account() == call.caller.account);
        let mut facts = self.facts.clone();
        facts.put("acs:CurrentTime", with_seconds(call.now));
        for tag in found.iter().flat_map(|found| found.tags()) {
            facts.put(&format!("acs:ResourceTag/{}", tag.key), tag.value.clone());
            facts.put(&format!("ecs:tag/{}", tag.key), tag.value.clone());
        }
        let place = found.as_ref().map(|found| found.region()).or(self.region.as_deref());
        let (service, account) = (&self.service, &call.caller.account);
        let relative = relative(named);
        let resource = format!("acs:{service}:{}:{account}:{relative}", place.unwrap_or("*"));
        let question = Question { action: &self.action, resource: &resource, facts: &facts };
        let decision = evaluate(policies, &question);
        Ok((resource, decision))
    }
}

/// The last part of a resource's name: `disk/d-1`, `disk/*`, or `*` for an action that is about no
/// kind of resource.
fn relative(named: &AboutResource) -> String {
    let Some(kind) = named.kind else { return "*".to_owned() };
    format!("{}/{}", arn_type(kind), named.id.as_deref().unwrap_or("*"))
}

/// The facts of a request that conditions can ask about, whatever it names.
fn facts(request: &Request) -> ConditionFacts {
    let mut facts = ConditionFacts::default();
    facts.put("acs:SecureTransport", request.origin.secure.to_string());
    if let Some(address) = request.origin.address {
        facts.put("acs:SourceIp", address.to_canonical().to_string());
    }
    for (name, key) in request.input.pairs() {
        let number = name
            .strip_prefix("Tag.")
            .and_then(|rest| rest.strip_suffix(".Key").or_else(|| rest.strip_suffix(".key")));
        let Some(number) = number else { continue };
        let value = |member: &str| request.input.get(&format!("Tag.{number}.{member}"));
        let value = value("Value").or_else(|| value("value")).unwrap_or_default();
        facts.put(&format!("acs:RequestTag/{key}"), value);
    }
    facts
}

/// The answer of a key's policies to a request, for people.
#[derive(Debug)]
pub(crate) struct AccessExplained {
    /// Whether the request would be carried out, as far as policies go.
    pub allowed: bool,
    /// Why, where no policy is asked; else empty.
    pub why: &'static str,
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
        return Ok(AccessExplained { allowed: true, why, resources: Vec::new() });
    };
    let environment = services.environment.current();
    let told = move |tx: &dyn ReadTx, call: &Call<'_>| {
        let policies = authorization.source.policies(tx)?;
        let each = authorization.asked.iter().map(|named| {
            let (resource, decision) = authorization.decide(tx, call, &policies, named)?;
            Ok::<_, ActionError>((decision.verdict, decision_json(&resource, &decision)))
        });
        each.collect::<Result<Vec<_>, _>>()
    };
    let told = super::read(services, &environment, &request.caller, told).await?;
    Ok(AccessExplained {
        allowed: told.iter().all(|(verdict, _)| *verdict == PolicyVerdict::Allow),
        why: "",
        resources: told.into_iter().map(|(_, told)| told).collect(),
    })
}

fn decision_json(resource: &str, decision: &PolicyDecision<'_>) -> Value {
    let mut told = json!({ "resource": resource, "verdict": decision.verdict.as_str() });
    if let Some(by) = &decision.by {
        told["policy"] = by.policy.into();
        told["number"] = by.number.into();
        told["statement"] = by.statement.clone();
    }
    told
}

/// The caller as refusals name it: the id of a user, else the key.
fn principal(call: &Call<'_>) -> String {
    match &call.caller.identity {
        CallerIdentity::User(user) => user.to_string(),
        CallerIdentity::Account | CallerIdentity::LimitedKey => call.caller.access_key_id.clone(),
    }
}
