//! `diskdock admin instances`: machines that are lost, and those that are made sure to be dead.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum InstancesVerb {
    /// Make a simulated machine unreachable: its guest may still write
    Lose {
        /// The instance
        instance: String,
    },
    /// Let a lost machine be reached again
    Find {
        /// The instance
        instance: String,
    },
    /// Make sure that the guest of an instance writes no more: it is Stopped then
    Fence {
        /// The instance
        instance: String,
    },
}

impl InstancesVerb {
    pub(super) fn instance(&self) -> &str {
        match self {
            InstancesVerb::Lose { instance }
            | InstancesVerb::Find { instance }
            | InstancesVerb::Fence { instance } => instance,
        }
    }

    /// The last part of the path of the control.
    pub(super) fn word(&self) -> &'static str {
        match self {
            InstancesVerb::Lose { .. } => "lose",
            InstancesVerb::Find { .. } => "find",
            InstancesVerb::Fence { .. } => "fence",
        }
    }
}
