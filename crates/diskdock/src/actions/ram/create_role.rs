//! `CreateRole`: make a role with its trust policy.

use domain::UnknownFields;
use domain::ram::{AttachedPolicies, RamRole, RamRoleId};

use super::lookup;
use super::role_view::MadeRole;
use super::tags_text::TagsText;
use crate::actions::prelude::*;
use crate::policy::check_trust;

/// Roles of an account, at most.
const ROLES: u64 = 1_000;
/// The longest that a role can be assumed for unless it says otherwise, in seconds.
const LONGEST_SESSION_S: i64 = 3_600;

/// Makes a role.
pub(crate) struct CreateRole;

params!(
    /// Parameters of CreateRole.
    pub(crate) struct Params {
        /// Its name, unique in the account.
        #[malformed = ROLE_NAME_LENGTH]
        #[example = "operators"]
        role_name: Text<1, 64>,
        /// The trust policy: the Principal of each statement may assume the role.
        #[malformed = TRUST_LENGTH]
        #[example = "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"RAM\": [\"acs:ram::1000000000000001:root\"]}}]}"]
        assume_role_policy_document: Text<1, 2048>,
        /// Free text.
        description: Option<Text<1, 1024>>,
        /// The longest that it can be assumed for, in seconds; 3600 if left out.
        #[example = "7200"]
        max_session_duration: Option<Integer<3600, 43200>>,
        /// Whether people may assume it on the vendor's console. It is kept and shown.
        allow_console_login: Option<bool>,
        /// Tags, up to 20, as a JSON array of structures with Key and Value.
        tag: Option<TagsText>,
    }
);

reply!(
    /// Reply of CreateRole.
    pub(crate) struct Reply {
        /// The new role.
        role: MadeRole,
    }
);

/// Whether the name is taken, and how many roles there are.
pub(crate) struct Facts {
    is_taken: bool,
    roles: u64,
}

impl Action for CreateRole {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateRole";
    const SUMMARY: &'static str = "Makes a role with its trust policy.";
    const DETAILS: &'static str = "\
Those that the document names assume it with AssumeRole of STS, and then may do what its policies allow.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("MaxSessionDuration"),
        SdkParam::lacking("AllowConsoleLogin", TypedSdk::ALL),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &POLICY_DOCUMENT_MALFORMED];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no role has the name",                  |f| !f.is_taken, &ROLE_EXISTS),
        must("the account has fewer than 1000 roles", |f| f.roles < ROLES, &ROLE_LIMIT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        if !lookup::is_role_name(&params.role_name.0) {
            return Err((&ROLE_NAME_CHARACTERS).into());
        }
        refuse_unless_trust(&params.assume_role_policy_document.0)?;
        let is_taken = lookup::called::<RamRole>(tx, call, &params.role_name.0)?.is_some();
        Ok(Facts { is_taken, roles: lookup::count::<RamRole>(tx, call)? })
    }

    fn effect(call: &Call<'_>, params: &Params, _: Facts) -> Effect<Reply> {
        let longest = params.max_session_duration.map_or(LONGEST_SESSION_S, |seconds| seconds.0);
        let role = RamRole {
            id: new_id(call),
            account: call.caller.account.clone(),
            name: params.role_name.0.clone(),
            description: params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            trust: params.assume_role_policy_document.0.clone(),
            longest_session_s: u32::try_from(longest).unwrap_or(u32::MAX),
            console_login: params.allow_console_login.unwrap_or(false),
            policies: AttachedPolicies::default(),
            tags: params.tag.as_ref().map(|tags| tags.0.clone()).unwrap_or_default(),
            created_at: call.now,
            updated_at: call.now,
            unknown: UnknownFields::default(),
        };
        Effect::reply(Reply { role: MadeRole::of(&role) }).save(role)
    }
}

/// Refuses a document that does not say who may assume a role.
pub(super) fn refuse_unless_trust(document: &str) -> Result<(), Refusal> {
    let about = |error: crate::policy::PolicyError| error.to_string();
    check_trust(document).map_err(|error| Refusal::about(&POLICY_DOCUMENT_MALFORMED, &about(error)))
}

/// Eighteen random digits, the first of them 3, as roles have on the real cloud.
fn new_id(call: &Call<'_>) -> RamRoleId {
    const BELOW: u64 = 100_000_000_000_000_000;
    format!("3{:017}", call.environment.ids.random() % BELOW).into()
}
