//! `ListPoliciesForUser`: what a user may do.

use domain::ram::{AttachedPolicies, AttachedPolicy, version_id};

use super::lookup::{self, FoundPolicy};
use super::view::VERSION;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Lists the policies of a user.
pub(crate) struct ListPoliciesForUser;

params!(
    /// Parameters of ListPoliciesForUser.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of ListPoliciesForUser.
    pub(crate) struct Reply {
        /// The policies.
        policies: Policies,
    }
);

reply!(
    /// The policies of a user or role.
    pub(crate) struct Policies {
        /// The entries.
        policy: Vec<AttachedItem>,
    }
);

reply!(
    /// A policy of a user or role.
    pub(crate) struct AttachedItem {
        /// Its name.
        policy_name: String,
        /// `System` or `Custom`.
        policy_type: &'static str,
        /// Free text.
        description: String,
        /// The version that counts: `v1`.
        default_version: String,
        /// Since when it is attached.
        attach_date: String,
    }
);

impl Query for ListPoliciesForUser {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListPoliciesForUser";
    const SUMMARY: &'static str = "Lists the policies of a user.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        shown(tx, call, &user.policies)
    }
}

/// The policies of a user, group or role, as they are shown.
pub(super) fn shown(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    policies: &AttachedPolicies,
) -> Result<Reply, ActionError> {
    let items = policies.iter().map(|one| item(tx, call, one));
    Ok(Reply { policies: Policies { policy: items.collect::<Result<_, _>>()? } })
}

fn item(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    attached: &AttachedPolicy,
) -> Result<AttachedItem, ActionError> {
    let found = lookup::policy(tx, call, attached.policy_type, &attached.name)?;
    let (description, default_version) = match found {
        FoundPolicy::Custom(own) => (own.description, version_id(own.default_version)),
        FoundPolicy::System(about, _) => (about.to_owned(), VERSION.to_owned()),
    };
    Ok(AttachedItem {
        policy_name: attached.name.clone(),
        policy_type: attached.policy_type.as_str(),
        description,
        default_version,
        attach_date: with_seconds(attached.attached_at),
    })
}
