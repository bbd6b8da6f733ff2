//! The end of a server before it is told to stop: a program of `--init` has failed, or the host
//! that it has of its own has ended.

use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::cli::Failure;

/// The failure for which a server stops.
#[derive(Debug, Default)]
pub(super) struct EarlyEnd {
    failure: OnceLock<Failure>,
    failed: Notify,
}

impl EarlyEnd {
    /// Notes the failure, after which the server stops.
    pub(super) fn fail(&self, failure: Failure) {
        // Only the first one counts.
        let _ = self.failure.set(failure);
        self.failed.notify_one();
    }

    /// Waits until there is a failure.
    pub(super) async fn failed(self: Arc<EarlyEnd>) {
        self.failed.notified().await;
    }

    /// The failure for which the server has stopped.
    pub(super) fn result(&self) -> Result<(), Failure> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }
}
