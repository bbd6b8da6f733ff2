//! Words that several kinds of resource share, and how a closed set of words is declared.

use serde::{Deserialize, Serialize};

/// Declares a closed set of words on the wire, with a way back from text.
macro_rules! string_enum {
    ($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $line:literal])* $variant:ident = $text:literal),* $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $line])* #[serde(rename = $text)] $variant),* }

        impl $name {
            /// Every literal, in the order of the documentation.
            pub const WORDS: &'static [&'static str] = &[$($text),*];

            /// The literal on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// The variant of a literal; the case must match.
            pub fn from_word(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use string_enum;

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
