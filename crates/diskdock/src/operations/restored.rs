//! An operation as it was saved, with the fields that only a newer version knows.

use std::pin::Pin;

use domain::{DiskId, Moment};
use serde_json::Value;

use super::unknown_fields::UnknownParts;
use super::{DynOperation, Operation, Outcome, StepContext, Subject, Timeout, TransientError};
use crate::hypervisor::Progress;
use crate::store::{StoreError, WriteTx};

/// Makes an operation from its saved state.
pub(super) fn restore<O: Operation>(state: &str) -> Result<Box<dyn DynOperation>, String> {
    let restored: O = serde_json::from_str(state).map_err(|error| error.to_string())?;
    let saved: Value = serde_json::from_str(state).map_err(|error| error.to_string())?;
    let known = serde_json::to_value(&restored).map_err(|error| error.to_string())?;
    let unknown = UnknownParts::of(saved, &known);
    if unknown.is_none() {
        return Ok(Box::new(restored));
    }
    Ok(Box::new(OfNewerVersion { operation: restored, unknown }))
}

/// An operation that a newer version has saved.
struct OfNewerVersion<O> {
    operation: O,
    unknown: UnknownParts,
}

impl<O: Operation> DynOperation for OfNewerVersion<O> {
    fn state(&self) -> String {
        self.unknown.written_with(&self.operation).expect("operations are plain data")
    }

    fn kind(&self) -> &'static str {
        O::KIND
    }

    fn timeout(&self) -> Timeout {
        O::TIMEOUT
    }

    fn subject(&self) -> Subject {
        Operation::subject(&self.operation)
    }

    fn phase(&self) -> &'static str {
        Operation::phase(&self.operation)
    }

    fn making(&self) -> Vec<DiskId> {
        Operation::making(&self.operation)
    }

    fn advance<'a>(
        &'a mut self,
        context: &'a StepContext<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Progress, TransientError>> + Send + 'a>> {
        Box::pin(Operation::advance(&mut self.operation, context))
    }

    fn compensate(&mut self, reason: &str) -> bool {
        Operation::compensate(&mut self.operation, reason)
    }

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        Operation::finish(&self.operation, outcome, tx, now)
    }
}
