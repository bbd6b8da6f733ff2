//! Words that several kinds of resource share: ways of payment, locks, transitions.

use serde::{Deserialize, Serialize};

use crate::string_enum::string_enum;

string_enum!(
    /// How a resource is paid for.
    ChargeType {
        /// Subscription.
        PrePaid = "PrePaid",
        /// Pay-as-you-go.
        PostPaid = "PostPaid",
    }
);

string_enum!(
    /// Why a resource is locked.
    LockReason {
        /// Overdue payment.
        Financial = "financial",
        /// Security reasons.
        Security = "security",
        /// A spot instance that waits for its release.
        Recycling = "Recycling",
        /// Its dedicated host has overdue payment.
        DedicatedHostFinancial = "dedicatedhostfinancial",
        /// The order was refunded.
        Refunded = "refunded",
    }
);

string_enum!(
    /// A kind of transition, that is, of what takes time at a hypervisor.
    TransitionKind {
        /// A disk is being created.
        Create = "create",
        /// A disk is being attached.
        Attach = "attach",
        /// A disk is being detached.
        Detach = "detach",
        /// A disk is growing.
        Resize = "resize",
        /// A disk is getting another category or performance.
        Modify = "modify",
        /// A snapshot of a disk is being made.
        Snapshot = "snapshot",
        /// A snapshot is being copied to another region.
        Copy = "copy",
        /// The content of a disk is being set back.
        Reinit = "reinit",
        /// The system disk of an instance is being replaced.
        Replace = "replace",
        /// An instance is starting.
        Start = "start",
        /// An instance is stopping.
        Stop = "stop",
        /// An instance is rebooting.
        Reboot = "reboot",
    }
);

/// A transition that a state machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalTransition;
