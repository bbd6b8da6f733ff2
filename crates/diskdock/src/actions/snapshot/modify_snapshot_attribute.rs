//! `ModifySnapshotAttribute`: change the name and the like of a snapshot.

use domain::{DiskSnapshot, SnapshotId};

use crate::actions::prelude::*;
use crate::catalog::SnapshotName;

/// Changes attributes of a snapshot.
pub(crate) struct ModifySnapshotAttribute;

params!(
    /// Parameters of ModifySnapshotAttribute.
    pub(crate) struct Params {
        /// The snapshot to change.
        snapshot_id: SnapshotId,
        /// The new display name.
        snapshot_name: Option<SnapshotName>,
        /// The new description; empty takes it away.
        description: Option<Description>,
        /// Days after its creation until when it is kept: more than it has.
        #[malformed = RETENTION_MALFORMED]
        retention_days: Option<Integer<1, 65536>>,
        /// Turns the retired instant access off.
        #[malformed = DISABLE_INSTANT_ACCESS_MALFORMED]
        disable_instant_access: Option<bool>,
    }
);

/// The snapshot, and what is to change.
pub(crate) struct Facts {
    params: Params,
    snapshot: DiskSnapshot,
    /// The days asked for.
    days: Option<u32>,
}

impl Facts {
    fn changes_something(&self) -> bool {
        let params = &self.params;
        params.snapshot_name.is_some()
            || params.description.is_some()
            || self.days.is_some()
            || params.disable_instant_access.is_some()
    }

    /// One that is kept for ever cannot be kept longer.
    fn is_kept_as_long(&self) -> bool {
        let has = self.snapshot.retention_days;
        self.days.is_none_or(|days| has.is_some_and(|has| days >= has))
    }
}

impl Action for ModifySnapshotAttribute {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifySnapshotAttribute";
    const SUMMARY: &'static str = "Changes name, description or retention of a snapshot.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&SNAPSHOT_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("something is to change",                             |f| f.changes_something(), &NOTHING_TO_MODIFY),
        must("RetentionDays is for a snapshot that is accomplished", |f| f.days.is_none() || f.snapshot.is_accomplished(), &RETENTION_OF_UNFINISHED),
        must("RetentionDays is not less than the snapshot has",    |f| f.is_kept_as_long(), &RETENTION_SHORTENED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let snapshot = call.find(tx, &params.snapshot_id)?.ok_or(&SNAPSHOT_NOT_FOUND)?;
        let days = params.retention_days.and_then(|Integer(days)| u32::try_from(days).ok());
        Ok(Facts { params: params.clone(), snapshot, days })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let Facts { mut snapshot, days, .. } = facts;
        if let Some(SnapshotName(name)) = &params.snapshot_name {
            snapshot.name.clone_from(name);
        }
        if let Some(Description(text)) = &params.description {
            snapshot.description.clone_from(text);
        }
        snapshot.retention_days = days.or(snapshot.retention_days);
        snapshot.instant_access &= params.disable_instant_access != Some(true);
        snapshot.modified_at = call.now;
        Effect::reply(()).save(snapshot)
    }
}
