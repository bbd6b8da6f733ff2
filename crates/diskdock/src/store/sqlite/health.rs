//! Whether the engine can be trusted with writes. A sync that failed is never forgotten: Linux
//! reports it once, and what a second attempt says is worth nothing.

use std::sync::OnceLock;

use super::super::StoreError;

/// Trusted until something broke, and then never again in this process.
#[derive(Default)]
pub(super) struct Health(OnceLock<String>);

impl Health {
    /// Notes an error that ends all trust; others pass by.
    pub(super) fn note<T>(&self, ended: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Broken(cause)) = &ended
            && self.0.set(cause.clone()).is_ok()
        {
            tracing::error!(
                cause,
                "the store takes no more writes: look at the disk, then start the server again"
            );
        }
        ended
    }

    /// Why no more writes are taken, if so.
    pub(crate) fn stopped(&self) -> Option<String> {
        self.0.get().cloned()
    }

    /// Refuses if no more writes are taken.
    pub(super) fn allow_writes(&self) -> Result<(), StoreError> {
        self.stopped().map_or(Ok(()), |cause| Err(StoreError::WritesDisabled(cause)))
    }
}
