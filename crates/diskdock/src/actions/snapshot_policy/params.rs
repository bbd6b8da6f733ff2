//! Parameters that the actions on policies share. Many begin with a small letter on the wire.

use domain::{SnapshotPolicy, SnapshotPolicyId};

use crate::actions::disk::create_disk::Arn;
use crate::actions::prelude::*;
use crate::catalog::SnapshotName;

/// Hours of the day, in UTC+8.
pub(super) type Hours = JsonList<Integer<0, 23>, 24>;
/// Days of the week, 1 for Monday.
pub(super) type Weekdays = JsonList<Integer<1, 7>, 7>;
/// Days that snapshots are kept.
pub(super) type Retention = Integer<-1, 65536>;
/// The display name of a policy.
pub(super) type PolicyName = SnapshotName;

params!(
    /// How copies in another region are encrypted. There are none here.
    pub(crate) struct CopyEncryption {
        /// Whether they are.
        encrypted: Option<bool>,
        /// The key.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<0, 128>>,
        /// Not offered to the public.
        arn: Groups<Arn>,
    }
);

params!(
    /// A tag that selects instances.
    pub(crate) struct TargetTag {
        /// The key.
        key: Option<Text<0, 128>>,
        /// The value.
        value: Option<Text<0, 128>>,
    }
);

/// The days to keep; `-1` is for ever.
pub(super) fn days(given: Retention) -> Option<u32> {
    u32::try_from(given.0).ok()
}

/// Whether this is a number of days, or -1.
pub(super) fn is_retention(given: Retention) -> bool {
    given.0 != 0
}

/// The numbers of a schedule, in order and each once.
pub(super) fn numbers<const LEAST: i64, const MOST: i64>(
    given: &[Integer<LEAST, MOST>],
) -> Vec<u8> {
    let mut numbers: Vec<u8> = given.iter().filter_map(|n| u8::try_from(n.0).ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The caller's policy of this id, in this region.
pub(super) fn find(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &RegionId,
    id: &SnapshotPolicyId,
) -> Result<SnapshotPolicy, ActionError> {
    let found: SnapshotPolicy = call.find(tx, id)?.ok_or(&POLICY_NOT_FOUND)?;
    if found.region == region.0 { Ok(found) } else { Err((&POLICY_NOT_IN_REGION).into()) }
}

/// Refuses a region that is not there.
pub(super) fn check_region(call: &Call<'_>, region: &RegionId) -> Result<(), ActionError> {
    let found = call.environment.inventory.region(&region.0);
    found.map(drop).ok_or_else(|| (&POLICY_REGION_NOT_VALID).into())
}
