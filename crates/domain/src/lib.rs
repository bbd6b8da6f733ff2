//! The rules of diskdock: entities, their states and transitions, ids and limits.
//!
//! Pure: depends on serde alone, reads no clock, knows no HTTP, no SQL and no hypervisor. Time is
//! given as a [`Moment`], never taken.

pub mod disk;
pub mod ids;
pub mod instance;
pub mod inventory;
pub mod limits;
pub mod moment;
pub mod performance;
pub mod tag;

pub use disk::{Attachment, Category, ChargeType, Disk, DiskKind, DiskStatus, Illegal, Phase};
pub use ids::{AccountId, DiskId, InstanceId};
pub use instance::{Instance, InstanceStatus, LockReason};
pub use moment::Moment;
pub use tag::Tag;
