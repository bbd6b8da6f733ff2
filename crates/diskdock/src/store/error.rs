//! Errors of the store.

use std::fmt;

/// A failure of the store. The cause is for the log, never for the caller.
#[derive(Clone, Debug)]
pub enum StoreError {
    /// Another writer changed a row that this transaction had read: decide again.
    Conflict,
    /// Another server has taken the operation over.
    LeaseLost,
    /// The engine failed at this; what it was asked for is undone, and it may be asked again.
    Engine(String),
    /// The engine can no longer be trusted with writes: a sync failed, or the file is damaged.
    Broken(String),
    /// Writes are refused since the engine broke. An operator has to look at the disk and start
    /// the server again.
    WritesDisabled(String),
    /// The state in the directory must not be used as it is: why, and what to do.
    Unusable(String),
    /// The store in the directory is not fit to be used.
    Unfit {
        /// The finding.
        found: String,
        /// The remedy.
        remedy: String,
    },
    /// A row cannot be understood.
    Corrupt(String),
    /// The store is closing, too busy to take more, or its database is away.
    Unavailable,
}

impl StoreError {
    /// Whether the store is away for now, which it says once itself: no other line of the log is
    /// needed for each call that finds it so.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, StoreError::Unavailable)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Conflict => out.write_str("another writer was faster"),
            StoreError::LeaseLost => out.write_str("another server works on this operation now"),
            StoreError::Engine(cause) => write!(out, "the store failed: {cause}"),
            StoreError::Broken(cause) => write!(out, "the store cannot be relied on: {cause}"),
            StoreError::WritesDisabled(cause) => {
                write!(out, "the store takes no more writes since this happened: {cause}")
            }
            StoreError::Unusable(why) => out.write_str(why),
            StoreError::Unfit { found, remedy } => write!(out, "{found}. {remedy}"),
            StoreError::Corrupt(cause) => write!(out, "the store holds something odd: {cause}"),
            StoreError::Unavailable => out.write_str("the store is not available"),
        }
    }
}

impl std::error::Error for StoreError {}
