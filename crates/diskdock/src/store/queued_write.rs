//! A write of a caller in the queue of an engine.

use std::sync::Arc;

use super::changes::Changes;
use super::{Prefetch, StoreError, WriteJob, WriteKind, WriteTx};

/// A write, and what is told of it.
pub(super) struct QueuedWrite<T, U, F, G> {
    pub(super) work: F,
    pub(super) then: G,
    pub(super) answer: Option<T>,
    pub(super) ahead: Prefetch,
    pub(super) kind: WriteKind,
    pub(super) changes: Arc<Changes>,
    /// None once the caller was told that the outcome is unknown.
    pub(super) sender: Option<tokio::sync::oneshot::Sender<Result<U, StoreError>>>,
}

impl<T, U, F, G> WriteJob for QueuedWrite<T, U, F, G>
where
    T: Send,
    U: Send,
    F: FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send,
    G: FnOnce(T) -> U + Send,
{
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        self.answer = Some((self.work)(tx)?);
        Ok(())
    }

    fn prefetch(&self) -> Option<&Prefetch> {
        Some(&self.ahead)
    }

    fn kind(&self) -> WriteKind {
        self.kind
    }

    fn done(self: Box<Self>, ended: Result<(), StoreError>) {
        let QueuedWrite { then, answer, sender, changes, .. } = *self;
        let answer = ended.and_then(|()| answer.ok_or(StoreError::Unavailable));
        let answer = answer.map(then);
        if answer.is_ok() {
            changes.add();
        }
        // The caller may have gone away; what was written stays written.
        let _ = sender.map(|sender| sender.send(answer));
    }

    fn leave(&mut self) {
        // Not acknowledged and not refused: a client finds out with its ClientToken.
        let _ = self.sender.take().map(|sender| sender.send(Err(StoreError::Unavailable)));
    }
}
