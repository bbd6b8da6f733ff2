//! One type for each kind of id, so that they cannot be swapped.

use serde::{Deserialize, Serialize};

/// Declares types of ids. A kind of resource that no other names declares its own in its own file.
macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as it travels on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}

ids!(
    /// A disk, `d-…`. Clients treat it as opaque.
    DiskId,
    /// An instance, `i-…`.
    InstanceId,
    /// A snapshot of a disk, `s-…`.
    SnapshotId,
    /// Snapshots of several disks at the same moment, `ssg-…`.
    SnapshotGroupId,
    /// Asynchronous work that clients ask after, `t-…`.
    TaskId,
    /// The owner of resources; a number in text on the real cloud.
    AccountId,
);

impl DiskId {
    /// The device's serial number in the guest: the id without its `d-`
    /// (seen in every published sample; the Kubernetes CSI driver finds the disk by it).
    pub fn serial_number(&self) -> &str {
        self.0.strip_prefix("d-").unwrap_or(&self.0)
    }
}

/// The number of an operation; later ones are larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub i64);
