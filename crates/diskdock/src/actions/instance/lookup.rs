//! Instances that a request names.

use crate::actions::prelude::*;

/// These instances, if all of them are the caller's and in the region; the error otherwise.
pub(super) fn all_there(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    ids: &[InstanceId],
    missing: &'static ErrorCode,
) -> Result<Vec<InstanceId>, ActionError> {
    for id in ids {
        let found = call.instance(tx, id)?;
        found.filter(|instance| instance.region == region).ok_or(missing)?;
    }
    Ok(ids.to_vec())
}
