//! `AssumeRole`: get a temporary key that may do what a role may do.

use domain::ram::RamRole;
use domain::{AccountId, UnknownFields};

use crate::actions::prelude::*;
use crate::catalog::errors::AccessDenied;
use crate::catalog::times::with_seconds;
use crate::catalog::{CallerIdentity, Shape, Value, is_made_of};
use crate::policy::{ConditionFacts, Policy, PolicyVerdict, TrustDocument};
use crate::store::{AccessKey, EntityReads, Filter, RoleSession, new_session_key};

/// Temporary keys of an account that can be in use at a time.
const LIVING_KEYS: usize = 1_000;
/// Seconds that a key is good for unless the caller says otherwise.
const DURATION_S: i64 = 3_600;

/// Gives a temporary key of a role.
pub(crate) struct AssumeRole;

/// `acs:ram::<account>:role/<name>`.
#[derive(Clone, Debug)]
pub(crate) struct RoleArn {
    account: AccountId,
    name: String,
}

impl Value for RoleArn {
    const SHAPE: Shape =
        Shape::Text { min: 16, max: 256, rule: "of the form acs:ram::<account>:role/<name>" };
    const EXAMPLE: &'static str = "acs:ram::1000000000000001:role/operators";

    fn parse(text: &str) -> Option<Self> {
        let (account, name) = text.strip_prefix("acs:ram::")?.split_once(":role/")?;
        let is_account = !account.is_empty() && account.bytes().all(|c| c.is_ascii_digit());
        let is_name = (1..=64).contains(&name.len()) && is_made_of(name, ".-");
        (is_account && is_name).then(|| RoleArn { account: account.into(), name: name.to_owned() })
    }
}

/// The name of a session.
#[derive(Clone, Debug)]
pub(crate) struct SessionName(String);

impl Value for SessionName {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 64,
        rule: "of letters, digits, full stops, at signs, hyphens and underscores",
    };
    const EXAMPLE: &'static str = "alice";

    fn parse(text: &str) -> Option<Self> {
        let fits = (2..=64).contains(&text.len()) && is_made_of(text, ".@-_");
        fits.then(|| SessionName(text.to_owned()))
    }
}

params!(
    /// Parameters of AssumeRole.
    pub(crate) struct Params {
        /// The role, of this account or of another one.
        #[malformed = ROLE_ARN_MALFORMED]
        role_arn: RoleArn,
        /// A name for the session, which GetCallerIdentity and refusals show.
        #[malformed = SESSION_NAME_MALFORMED]
        role_session_name: SessionName,
        /// Seconds until the key ends, at most the MaxSessionDuration of the role; 3600 if left
        /// out.
        #[malformed = SESSION_DURATION]
        #[example = "3600"]
        duration_seconds: Option<Integer<900, 43200>>,
        /// A policy, a JSON document, that has to allow each request of the key besides the
        /// policies of the role.
        #[malformed = SESSION_POLICY_SIZE]
        #[example = "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"ecs:Describe*\", \"Resource\": \"*\"}]}"]
        policy: Option<Text<1, 2048>>,
        /// The value for a condition on `sts:ExternalId` in the role's document.
        #[malformed = EXTERNAL_ID_MALFORMED]
        external_id: Option<Text<2, 1224>>,
        /// The person or program behind the caller. It is kept with the key.
        source_identity: Option<Text<2, 64>>,
    }
);

reply!(
    /// Reply of AssumeRole.
    pub(crate) struct Reply {
        /// The session.
        assumed_role_user: AssumedRoleUser,
        /// The key.
        credentials: TemporaryCredentials,
        /// The person or program behind the caller, if the request says so.
        source_identity: Option<String>,
    }
);

reply!(
    /// A session of a role.
    pub(crate) struct AssumedRoleUser {
        /// `acs:ram::<account>:role/<role>/<session>`.
        arn: String,
        /// `<role id>:<session>`.
        assumed_role_id: String,
    }
);

reply!(
    /// A temporary key.
    pub(crate) struct TemporaryCredentials {
        /// Its id, which begins with `STS.`.
        access_key_id: String,
        /// Its secret, which is shown this once.
        access_key_secret: String,
        /// The token that comes with each of its requests.
        security_token: String,
        /// When it ends.
        expiration: String,
    }
);

/// The role, how long it is assumed for, and how many temporary keys its account has.
pub(crate) struct Facts {
    role: RamRole,
    duration_s: i64,
    living_keys: usize,
}

impl Action for AssumeRole {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "AssumeRole";
    const SUMMARY: &'static str = "Gives a temporary key of a role.";
    const DETAILS: &'static str = "\
The key may do what the policies of the role allow, and what the Policy of this call allows as well, if there is one. It is sent with its \
SecurityToken, and refused from its Expiration on. The caller is a user or has a temporary key itself: a key of the account cannot assume a role. \
Two documents have to allow it: a policy of the caller has `sts:AssumeRole` on the role, and the AssumeRolePolicyDocument of the role names \
the caller or its account.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] =
        &[SdkParam::long("DurationSeconds"), SdkParam::lacking("SourceIdentity", TypedSdk::OLDER)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &NOT_FOR_THE_ACCOUNT,
        &SESSION_POLICY_GRAMMAR,
        &ASSUMED_ROLE_NOT_FOUND,
        &NOT_AUTHORIZED_BY_RAM,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the role can be assumed for so long",         |f| f.duration_s <= i64::from(f.role.longest_session_s), &SESSION_DURATION),
        must("the account has fewer than 1000 living keys", |f| f.living_keys < LIVING_KEYS, &THROTTLING_USER),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        if call.caller.identity == CallerIdentity::Account {
            return Err((&NOT_FOR_THE_ACCOUNT).into());
        }
        if let Some(policy) = &params.policy
            && Policy::read("", &policy.0).is_err()
        {
            return Err((&SESSION_POLICY_GRAMMAR).into());
        }
        let RoleArn { account, name } = &params.role_arn;
        let filter = Filter::<RamRole>::with_term(account.clone(), "", ("name", name));
        let role = tx.newest(&filter)?.ok_or(&ASSUMED_ROLE_NOT_FOUND)?;
        refuse_unless_trusted(tx, call, params, &role)?;
        let is_living = |key: &&AccessKey| {
            let session = key.session.as_ref().filter(|_| key.account == *account);
            session.is_some_and(|session| session.expires_at > call.now)
        };
        let living_keys = tx.access_keys()?.iter().filter(is_living).count();
        let duration_s = params.duration_seconds.map_or(DURATION_S, |duration| duration.0);
        Ok(Facts { role, duration_s, living_keys })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let Facts { role, duration_s, .. } = facts;
        let expires_at = call.now.plus_s(duration_s);
        let source_identity = params.source_identity.as_ref().map(|identity| identity.0.clone());
        let session = RoleSession {
            role: role.id.clone(),
            role_name: role.name.clone(),
            name: params.role_session_name.0.clone(),
            source_identity: source_identity.clone().unwrap_or_default(),
            token: String::new(),
            expires_at,
            policy: params.policy.as_ref().and_then(|text| serde_json::from_str(&text.0).ok()),
            unknown: UnknownFields::default(),
        };
        let (account, name) = (&role.account, &session.name);
        let assumed_role_user = AssumedRoleUser {
            arn: format!("acs:ram::{account}:role/{}/{name}", role.name),
            assumed_role_id: format!("{}:{name}", role.id),
        };
        let (key, token) = new_session_key(role.account.clone(), call.now, session);
        let credentials = TemporaryCredentials {
            access_key_id: key.id.clone(),
            access_key_secret: key.secret.clone(),
            security_token: token,
            expiration: with_seconds(expires_at),
        };
        Effect::reply(Reply { assumed_role_user, credentials, source_identity })
            .change(StoreChange::SaveAccessKey(Box::new(key)))
    }
}

/// Refuses a caller whom the role's document does not name, or denies.
fn refuse_unless_trusted(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
    role: &RamRole,
) -> Result<(), ActionError> {
    let caller = call.caller;
    let mut facts = ConditionFacts::of_connection(caller.origin.address, caller.origin.secure);
    facts.put("acs:CurrentTime", with_seconds(call.now));
    if let Some(id) = &params.external_id {
        facts.put("sts:ExternalId", id.0.clone());
    }
    let names = names_of_caller(tx, call)?;
    // A document that cannot be read any more allows nothing.
    let verdict = TrustDocument::read(&role.trust).map(|trust| trust.verdict(&names, &facts));
    let verdict = verdict.unwrap_or(PolicyVerdict::ImplicitDeny);
    if verdict == PolicyVerdict::Allow {
        return Ok(());
    }
    let denied = AccessDenied {
        action: "sts:AssumeRole".to_owned(),
        principal_type: caller.principal_type(),
        principal: caller.principal(),
        owner: caller.account.to_string(),
        is_explicit: verdict == PolicyVerdict::ExplicitDeny,
        policy_type: "AssumeRolePolicy",
    };
    Err(Refusal::denied(&NOT_AUTHORIZED_BY_RAM, denied).into())
}

/// The ARNs that documents can name the caller by: its account, and itself.
fn names_of_caller(tx: &dyn ReadTx, call: &Call<'_>) -> Result<Vec<String>, StoreError> {
    let account = &call.caller.account;
    let mut names = vec!["root".to_owned()];
    match &call.caller.identity {
        CallerIdentity::User(id) => {
            names.extend(call.find(tx, id)?.map(|user| format!("user/{}", user.name)));
        }
        CallerIdentity::Role(role) => {
            names.push(format!("role/{}", role.name));
            names.push(format!("assumed-role/{}/{}", role.name, role.session));
        }
        CallerIdentity::Account | CallerIdentity::LimitedKey => {}
    }
    Ok(names.into_iter().map(|name| format!("acs:ram::{account}:{name}")).collect())
}
