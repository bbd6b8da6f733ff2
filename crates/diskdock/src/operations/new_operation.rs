//! An operation on its way from the effect that starts it to the runner.

use domain::{AccountId, Moment, OperationId, UnknownFields, Uptime};

use super::DynOperation;
use crate::store::{OperationRow, TimeUsed};

/// An operation that an effect started, before it is written down.
pub struct NewOperation {
    /// The row to be written with the effect.
    pub row: OperationRow,
    /// The work itself.
    pub operation: Box<dyn DynOperation>,
}

impl NewOperation {
    /// A new operation, which this server carries out.
    pub fn new(
        id: OperationId,
        account: &AccountId,
        operation: Box<dyn DynOperation>,
        now: Moment,
        uptime: Uptime,
        server: &str,
    ) -> NewOperation {
        let subject = operation.subject();
        let row = OperationRow {
            id,
            kind: operation.kind().to_owned(),
            account: account.clone(),
            instance: subject.instance,
            disk: subject.disk,
            state: operation.state(),
            phase: operation.phase().to_owned(),
            tries: 0,
            last_event: "accepted".to_owned(),
            created_at: now,
            time_used: TimeUsed::none(uptime),
            lease_owner: server.to_owned(),
            unknown: UnknownFields::default(),
        };
        NewOperation { row, operation }
    }
}
