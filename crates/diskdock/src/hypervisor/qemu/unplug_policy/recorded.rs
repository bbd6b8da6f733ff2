//! The parts of the unplug policy that are kept on the machine's record.

use serde::{Deserialize, Serialize};

/// The part of a request to release a disk that has to outlive this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct UnplugRequest {
    /// The disk is still wanted off. Otherwise that was given up, and the guest may let go late.
    pub wanted: bool,
    /// How often the guest was asked.
    pub asked: u32,
    /// How many ejects of the port the guest may have queued.
    pub ejects: u32,
    /// The guest listened when it was asked last; none if unknown.
    pub heard: Option<bool>,
    /// How long it has waited for a paused machine, in milliseconds.
    #[serde(default)]
    pub paused_ms: i64,
}

/// A port that takes no disk for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct PortCooldown {
    /// The root port.
    pub port: u32,
    /// For how many milliseconds more.
    pub left_ms: i64,
}
