//! `GetPolicyVersion`: one version of a policy.

use super::lookup::{self, FoundPolicy, PolicyTypeWord};
use super::version_id::{self, VersionId};
use super::view::VersionItem;
use crate::actions::prelude::*;

/// Shows a version of a policy.
pub(crate) struct GetPolicyVersion;

params!(
    /// Parameters of GetPolicyVersion.
    pub(crate) struct Params {
        /// The owner: the service (System) or the account (Custom).
        #[malformed = POLICY_TYPE_NOT_VALID]
        policy_type: PolicyTypeWord,
        /// The policy.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// The version: `v1`.
        #[malformed = POLICY_VERSION_FORMAT]
        version_id: VersionId,
    }
);

reply!(
    /// Reply of GetPolicyVersion.
    pub(crate) struct Reply {
        /// The version.
        policy_version: VersionItem,
    }
);

impl Query for GetPolicyVersion {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetPolicyVersion";
    const SUMMARY: &'static str = "Shows a version of a policy with its document.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND, &POLICY_VERSION_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let policy_type = params.policy_type.of_domain();
        let found = lookup::policy(tx, call, policy_type, &params.policy_name.0)?;
        let policy_version = match found {
            FoundPolicy::Custom(own) => {
                VersionItem::of(&own, &version_id::of(&own, params.version_id)?)
            }
            FoundPolicy::System(_, document) if params.version_id.is_first() => {
                VersionItem::of_system(document)
            }
            FoundPolicy::System(..) => return Err((&POLICY_VERSION_NOT_FOUND).into()),
        };
        Ok(Reply { policy_version })
    }
}
