//! `ScheduleKeyDeletion`: have a key deleted some days from now.

use domain::kms::KmsKey;

use super::lookup::{self, KeyName};
use crate::actions::prelude::*;

/// Seconds of a day.
const DAY_S: i64 = 24 * 3_600;

/// Has a key deleted some days from now.
pub(crate) struct ScheduleKeyDeletion;

params!(
    /// Parameters of ScheduleKeyDeletion.
    pub(crate) struct Params {
        /// The key.
        key_id: KeyName,
        /// Days until it is deleted.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        #[example = "7"]
        pending_window_in_days: Integer<7, 366>,
    }
);

impl Action for ScheduleKeyDeletion {
    type Params = Params;
    type Facts = KmsKey;
    type Reply = ();

    const NAME: &'static str = "ScheduleKeyDeletion";
    const SUMMARY: &'static str = "Has a key deleted some days from now.";
    const DETAILS: &'static str = "\
Until then the key is PendingDeletion: disks that name it keep their bytes and its id, but are not \
attached, and no instance starts with them.";
    const CAUTION: &'static str = "Disks that name the key cannot be attached from now on. CancelKeyDeletion takes it back, until the days are over.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&KMS_KEY_NOT_FOUND, &KMS_ALIAS_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<KmsKey>] = &[
        must("the key is not to be deleted yet", |key| key.deleted_at.is_none(), &KMS_NOT_SUPPORTED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<KmsKey, ActionError> {
        lookup::key(tx, call, &params.key_id)
    }

    fn effect(call: &Call<'_>, params: &Params, mut key: KmsKey) -> Effect<()> {
        let days = params.pending_window_in_days.0;
        key.deleted_at = Some(call.now.plus_s(days.saturating_mul(DAY_S)));
        Effect::reply(()).save(key)
    }
}
