//! An operation on its way from the effect that starts it to the runner.

use domain::{AccountId, Moment, OperationId};

use super::DynOperation;
use super::runner::{LEASE_S, SERVER};
use crate::store::OperationRow;

/// An operation that an effect started, before it is written down.
pub struct NewOperation {
    /// The row to be written with the effect.
    pub row: OperationRow,
    /// The work itself.
    pub running: Box<dyn DynOperation>,
}

impl NewOperation {
    /// A new operation.
    pub fn new(
        id: OperationId,
        account: &AccountId,
        running: Box<dyn DynOperation>,
        now: Moment,
    ) -> NewOperation {
        let subject = running.subject();
        let row = OperationRow {
            id,
            kind: running.kind().to_owned(),
            account: account.clone(),
            instance: subject.instance,
            disk: subject.disk,
            state: running.state(),
            phase: running.phase().to_owned(),
            tries: 0,
            last_event: "accepted".to_owned(),
            created_at: now,
            next_at: now,
            deadline_at: now.plus_s(running.timeout().give_up_after_s),
            standing_since: None,
            lease_owner: SERVER.to_owned(),
            lease_until: now.plus_s(LEASE_S),
        };
        NewOperation { row, running }
    }
}
