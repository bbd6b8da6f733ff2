//! `ListPolicyVersions`: the versions of a policy.

use super::lookup::{self, AnyPolicy, FoundPolicy};
use super::view::VersionItem;
use crate::actions::prelude::*;

/// Lists the versions of a policy.
pub(crate) struct ListPolicyVersions;

reply!(
    /// Reply of ListPolicyVersions.
    pub(crate) struct Reply {
        /// The versions.
        policy_versions: PolicyVersions,
    }
);

reply!(
    /// The versions of a policy.
    pub(crate) struct PolicyVersions {
        /// The entries, newest first.
        policy_version: Vec<VersionItem>,
    }
);

impl Query for ListPolicyVersions {
    type Params = AnyPolicy;
    type Reply = Reply;

    const NAME: &'static str = "ListPolicyVersions";
    const SUMMARY: &'static str = "Lists the versions of a policy, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &AnyPolicy) -> Result<Reply, ActionError> {
        let policy_type = params.policy_type.of_domain();
        let found = lookup::policy(tx, call, policy_type, &params.policy_name.0)?;
        let policy_version = match found {
            FoundPolicy::Custom(own) => {
                own.versions().iter().map(|version| VersionItem::of(&own, version)).collect()
            }
            FoundPolicy::System(_, document) => vec![VersionItem::of_system(document)],
        };
        Ok(Reply { policy_versions: PolicyVersions { policy_version } })
    }
}
