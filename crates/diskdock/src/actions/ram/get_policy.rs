//! `GetPolicy`: one policy with its document.

use super::lookup::{self, AnyPolicy, FoundPolicy};
use super::policy_holder::Holders;
use super::view::VersionItem;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Shows a policy with its document.
pub(crate) struct GetPolicy;

reply!(
    /// Reply of GetPolicy.
    pub(crate) struct Reply {
        /// The policy.
        policy: ShownPolicy,
        /// The version that counts, with its document.
        default_policy_version: VersionItem,
    }
);

reply!(
    /// A policy.
    pub(crate) struct ShownPolicy {
        /// Its name.
        policy_name: String,
        /// `System` or `Custom`.
        policy_type: &'static str,
        /// Free text.
        description: String,
        /// The version that counts: `v1`.
        default_version: String,
        /// Its document, once more.
        policy_document: String,
        /// When it was made.
        create_date: String,
        /// When it was last changed.
        update_date: String,
        /// How many users and roles have it.
        attachment_count: usize,
    }
);

impl Query for GetPolicy {
    type Params = AnyPolicy;
    type Reply = Reply;

    const NAME: &'static str = "GetPolicy";
    const SUMMARY: &'static str = "Shows a policy with its document.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &AnyPolicy) -> Result<Reply, ActionError> {
        let policy_type = params.policy_type.of_domain();
        let found = lookup::policy(tx, call, policy_type, &params.policy_name.0)?;
        let (description, version, made, changed) = match found {
            FoundPolicy::Custom(own) => {
                let version = VersionItem::of(&own, &own.counting_version());
                (own.description, version, own.created_at, own.updated_at)
            }
            FoundPolicy::System(about, document) => {
                (about.to_owned(), VersionItem::of_system(document), Moment(0), Moment(0))
            }
        };
        let holders = Holders::all(tx, call)?;
        let policy = ShownPolicy {
            policy_name: params.policy_name.0.clone(),
            policy_type: policy_type.as_str(),
            description,
            default_version: version.version_id.clone(),
            policy_document: version.policy_document.clone(),
            create_date: with_seconds(made),
            update_date: with_seconds(changed),
            attachment_count: holders.of(policy_type, &params.policy_name.0),
        };
        Ok(Reply { policy, default_policy_version: version })
    }
}
