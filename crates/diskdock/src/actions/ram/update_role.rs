//! `UpdateRole`: change the trust policy of a role, or how long it can be assumed for.

use domain::ram::RamRole;

use super::create_role::refuse_unless_trust;
use super::lookup;
use super::role_view::ChangedRole;
use crate::actions::prelude::*;

/// Changes a role.
pub(crate) struct UpdateRole;

params!(
    /// Parameters of UpdateRole.
    pub(crate) struct Params {
        /// The role.
        #[malformed = ROLE_NAME_LENGTH]
        #[example = "operators"]
        #[names = "role"]
        role_name: Text<1, 64>,
        /// Another trust policy.
        #[malformed = NEW_TRUST_LENGTH]
        #[example = "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"RAM\": [\"acs:ram::1000000000000001:root\"]}}]}"]
        new_assume_role_policy_document: Option<Text<1, 2048>>,
        /// Other free text.
        new_description: Option<Text<1, 1024>>,
        /// Another longest time that it can be assumed for, in seconds.
        #[example = "7200"]
        new_max_session_duration: Option<Integer<3600, 43200>>,
        /// Whether people may assume it on the vendor's console. It is kept and shown.
        new_allow_console_login: Option<bool>,
    }
);

reply!(
    /// Reply of UpdateRole.
    pub(crate) struct Reply {
        /// The role as it is now.
        role: ChangedRole,
    }
);

impl Action for UpdateRole {
    type Params = Params;
    type Facts = RamRole;
    type Reply = Reply;

    const NAME: &'static str = "UpdateRole";
    const SUMMARY: &'static str =
        "Changes the trust policy of a role, or how long it can be assumed for.";
    const DETAILS: &'static str = "Properties that are left out stay as they are.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("NewMaxSessionDuration"),
        SdkParam::lacking("NewAllowConsoleLogin", TypedSdk::ALL),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND, &POLICY_DOCUMENT_MALFORMED];
    const PRECONDITIONS: &'static [Precondition<RamRole>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<RamRole, ActionError> {
        let role = lookup::role(tx, call, &params.role_name.0)?;
        if let Some(document) = &params.new_assume_role_policy_document {
            refuse_unless_trust(&document.0)?;
        }
        Ok(role)
    }

    fn effect(call: &Call<'_>, params: &Params, mut role: RamRole) -> Effect<Reply> {
        if let Some(document) = &params.new_assume_role_policy_document {
            role.trust.clone_from(&document.0);
        }
        if let Some(text) = &params.new_description {
            role.description.clone_from(&text.0);
        }
        if let Some(seconds) = params.new_max_session_duration {
            role.longest_session_s = u32::try_from(seconds.0).unwrap_or(u32::MAX);
        }
        role.console_login = params.new_allow_console_login.unwrap_or(role.console_login);
        role.updated_at = call.now;
        Effect::reply(Reply { role: ChangedRole::of(&role) }).save(role)
    }
}
