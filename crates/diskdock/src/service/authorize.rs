//! Authorization: whether the policies of the caller's key allow an action on what the request
//! names. Decided once, in the transaction, before the action looks anything up.

mod explain;

use std::sync::Arc;

use domain::AccountId;
use domain::ram::{AttachedPolicies, PolicyType, RamGroup, RamPolicyId, RamRoleId, RamUserId};

use super::Request;
use super::known::{KnownResource, RequestedResources};
use crate::catalog::errors::AccessDenied;
use crate::catalog::times::with_seconds;
use crate::catalog::{ActionError, Call, CallerIdentity, Listed, Refusal};
use crate::policy::{
    ConditionFacts, Policy, PolicyDecision, PolicyVerdict, Question, evaluate, system_policy,
};
use crate::store::{EntityReads, ReadTx, StoreError};

pub(crate) use explain::{AccessExplained, explain};

/// The rights of a key.
#[derive(Clone, Debug, Default)]
pub enum Rights {
    /// Everything: a key of the account itself.
    #[default]
    All,
    /// Those that these policies allow: a limited key, a user or a role.
    Limited(Arc<[Policy]>),
}

/// Where the policies come from that say what a caller may do.
#[derive(Clone, Debug)]
enum PolicySource {
    /// The key has them.
    Key(Arc<[Policy]>),
    /// A user and its groups have them.
    User(RamUserId),
    /// A role has them; those of the session, if it has any, have to allow a request too.
    Role(RamRoleId, Option<Arc<[Policy]>>),
}

/// Policies of one kind. Where there are several kinds, each has to allow a request.
struct PolicySet {
    /// The kind, as refusals name it.
    policy_type: &'static str,
    policies: Arc<[Policy]>,
}

/// Policies of users, roles and keys.
const OF_IDENTITY: &str = "AccountLevelIdentityBasedPolicy";
/// The policy that was given when a role was assumed.
const OF_SESSION: &str = "SessionPolicy";

impl PolicySource {
    /// None if the caller may do everything.
    fn of(request: &Request) -> Option<PolicySource> {
        let limits = match &request.rights {
            Rights::All => None,
            Rights::Limited(policies) => Some(Arc::clone(policies)),
        };
        match &request.caller.identity {
            CallerIdentity::User(user) => Some(PolicySource::User(user.clone())),
            CallerIdentity::Role(role) => Some(PolicySource::Role(role.id.clone(), limits)),
            CallerIdentity::Account | CallerIdentity::LimitedKey => limits.map(PolicySource::Key),
        }
    }

    /// The policies as they are now, in the order in which they are asked. A user or role that is
    /// gone has none.
    fn sets(&self, tx: &dyn ReadTx) -> Result<Vec<PolicySet>, StoreError> {
        let of_identity = |policies| PolicySet { policy_type: OF_IDENTITY, policies };
        match self {
            PolicySource::Key(policies) => Ok(vec![of_identity(Arc::clone(policies))]),
            PolicySource::User(user) => {
                let Some(user) = tx.get(user)? else {
                    return Ok(vec![of_identity(Arc::default())]);
                };
                let groups = user.groups.iter().map(|joined| tx.get(&joined.group));
                let groups: Vec<Option<RamGroup>> = groups.collect::<Result<_, _>>()?;
                let of_groups = groups.iter().flatten().map(|group| &group.policies);
                let policies = [&user.policies].into_iter().chain(of_groups);
                Ok(vec![of_identity(attached(tx, &user.account, policies)?)])
            }
            PolicySource::Role(role, of_session) => {
                let of_role = match tx.get(role)? {
                    Some(role) => attached(tx, &role.account, [&role.policies])?,
                    None => Arc::default(),
                };
                let of_session = of_session.iter().map(|policies| PolicySet {
                    policy_type: OF_SESSION,
                    policies: Arc::clone(policies),
                });
                Ok(of_session.chain([of_identity(of_role)]).collect())
            }
        }
    }
}

/// The policies that are attached to somebody of an account. Those that cannot be read allow
/// nothing, and deny nothing.
fn attached<'a>(
    tx: &dyn ReadTx,
    account: &AccountId,
    attached: impl IntoIterator<Item = &'a AttachedPolicies>,
) -> Result<Arc<[Policy]>, StoreError> {
    let mut policies = Vec::new();
    for one in attached.into_iter().flatten() {
        let document = match one.policy_type {
            PolicyType::System => system_policy(&one.name).map(str::to_owned),
            PolicyType::Custom => {
                tx.get(&RamPolicyId::of(account, &one.name))?.map(|policy| policy.document)
            }
        };
        let name = format!("{} policy {}", one.policy_type.as_str(), one.name);
        policies.extend(document.map(|document| Policy::read(&name, &document)));
    }
    let policies = policies.into_iter().collect::<Result<Vec<_>, _>>();
    Ok(policies.unwrap_or_default().into())
}

/// The question whether a request is allowed, as far as it can be put before the transaction.
#[derive(Clone)]
pub(super) struct AccessCheck {
    listed: Listed,
    source: PolicySource,
    /// `ecs:DetachDisk`
    action: String,
    resources: RequestedResources,
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
        Some(AccessCheck {
            listed,
            source,
            action: format!("{}:{}", listed.product.ram_code, listed.spec().name),
            resources: RequestedResources::of(listed, request),
            facts: facts(request),
        })
    }

    /// Refuses the request unless its key may do this to everything that it names.
    pub(super) fn check(&self, tx: &dyn ReadTx, call: &Call<'_>) -> Result<(), ActionError> {
        let sets = self.source.sets(tx)?;
        for known in self.resources.look_up(tx, call)? {
            let decided = self.decide(call, &sets, &known);
            let is_explicit = match decided.decision.verdict {
                PolicyVerdict::Allow => continue,
                PolicyVerdict::ExplicitDeny => true,
                PolicyVerdict::ImplicitDeny => false,
            };
            let denied = AccessDenied {
                action: self.action.clone(),
                principal_type: call.caller.principal_type(),
                principal: call.caller.principal(),
                owner: call.caller.account.to_string(),
                is_explicit,
                policy_type: decided.policy_type,
            };
            return Err(Refusal::denied(self.listed.product.errors.not_allowed, denied).into());
        }
        Ok(())
    }

    /// The answer of the policies about a resource. One whose region is not known is denied if it
    /// is in any region.
    fn decide<'p>(
        &self,
        call: &Call<'_>,
        sets: &'p [PolicySet],
        known: &KnownResource,
    ) -> ResourceDecision<'p> {
        let mut facts = self.facts.clone();
        facts.put("acs:CurrentTime", with_seconds(call.now));
        for tag in &known.tags {
            facts.put(&format!("acs:ResourceTag/{}", tag.key), tag.value.clone());
            facts.put(&format!("ecs:tag/{}", tag.key), tag.value.clone());
        }
        let decided = self.decide_on(sets, known.arn(), &facts);
        if decided.decision.verdict != PolicyVerdict::Allow {
            return decided;
        }
        let elsewhere = known.arns_elsewhere(call).into_iter();
        let mut elsewhere = elsewhere.map(|arn| self.decide_on(sets, arn, &facts));
        let is_denied =
            |one: &ResourceDecision<'_>| one.decision.verdict == PolicyVerdict::ExplicitDeny;
        elsewhere.find(is_denied).unwrap_or(decided)
    }

    /// The answer of the policies about a name: that of the first kind that does not allow it,
    /// else that of the last.
    fn decide_on<'p>(
        &self,
        sets: &'p [PolicySet],
        resource: String,
        facts: &ConditionFacts,
    ) -> ResourceDecision<'p> {
        let question = Question { action: &self.action, resource: &resource, facts };
        let (mut policy_type, mut decision) = (OF_IDENTITY, evaluate(&[], &question));
        for set in sets {
            (policy_type, decision) = (set.policy_type, evaluate(&set.policies, &question));
            if decision.verdict != PolicyVerdict::Allow {
                break;
            }
        }
        ResourceDecision { resource, policy_type, decision }
    }
}

/// The answer of policies about a resource.
struct ResourceDecision<'p> {
    /// The name of the resource.
    resource: String,
    /// The kind of the policies that decided.
    policy_type: &'static str,
    decision: PolicyDecision<'p>,
}

/// The facts of a request that conditions can ask about, whatever it names.
fn facts(request: &Request) -> ConditionFacts {
    let origin = request.caller.origin;
    let mut facts = ConditionFacts::of_connection(origin.address, origin.secure);
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
