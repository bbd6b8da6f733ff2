//! Ids of versions of policies as parameters.

use domain::ram::{self, PolicyVersion, RamPolicy};

use super::lookup;
use crate::actions::prelude::*;
use crate::catalog::{Shape, Value};

/// The id of a version: `v` and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VersionId(u32);

impl Value for VersionId {
    const SHAPE: Shape = Shape::Text { min: 2, max: 11, rule: "v and a number" };
    const EXAMPLE: &'static str = "v1";
    const MALFORMED: &'static ErrorCode = &POLICY_VERSION_FORMAT;

    fn parse(text: &str) -> Option<Self> {
        ram::version_number(text).map(VersionId)
    }
}

impl VersionId {
    /// Whether it is the first version, the only one of a policy of the service.
    pub(super) fn is_first(self) -> bool {
        self.0 == 1
    }
}

params!(
    /// Parameters that name a version of a policy of the account.
    pub(crate) struct OwnVersion {
        /// The policy, one of the account.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// The version: `v1`.
        #[malformed = POLICY_VERSION_FORMAT]
        version_id: VersionId,
    }
);

/// A policy, and the number of a version that it has.
pub(crate) struct FoundVersion {
    pub(super) policy: RamPolicy,
    pub(super) number: u32,
}

impl FoundVersion {
    pub(super) fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &OwnVersion,
    ) -> Result<FoundVersion, ActionError> {
        let policy = lookup::own_policy(tx, call, &params.policy_name.0)?;
        let number = of(&policy, params.version_id)?.number;
        Ok(FoundVersion { policy, number })
    }
}

/// The version of a policy of this id.
pub(super) fn of(policy: &RamPolicy, id: VersionId) -> Result<PolicyVersion, &'static ErrorCode> {
    policy.version(id.0).ok_or(&POLICY_VERSION_NOT_FOUND)
}
