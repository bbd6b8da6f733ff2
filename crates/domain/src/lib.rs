//! The rules of diskdock: entities, their states and transitions, ids and limits.
//!
//! Pure: depends on serde alone, reads no clock, knows no HTTP, no SQL and no hypervisor. Time is
//! given as a [`Moment`], never taken.

#[macro_use]
pub mod ids;

pub mod category;
pub mod custom_image;
pub mod disk;
pub mod entity;
pub mod host;
pub mod instance;
pub mod inventory;
pub mod key_pair;
pub mod kms;
pub mod limits;
pub mod moment;
pub mod network;
pub mod performance;
pub mod ram;
pub mod security_group;
pub mod snapshot;
pub mod snapshot_group;
pub mod snapshot_policy;
mod string_enum;
pub mod tag;
pub mod task;
pub mod unknown;
pub mod usage;
pub mod vocabulary;

pub use category::{Category, PerformanceLevel};
pub use custom_image::{CustomImage, ImageId, ImageStatus};
pub use disk::{Activity, Attachment, Damage, Disk, DiskHealth, DiskKind, DiskStatus, Phase};
pub use entity::{Entity, EntityId};
pub use host::{Host, HostState};
pub use ids::{AccountId, DiskId, InstanceId, OperationId, SnapshotGroupId, SnapshotId, TaskId};
pub use instance::{Instance, InstanceStatus};
pub use key_pair::{KeyPair, KeyPairId};
pub use moment::{Moment, Uptime};
pub use network::{NetworkStatus, VSwitch, VSwitchId, Vpc, VpcId};
pub use security_group::{SecurityGroup, SecurityGroupId};
pub use snapshot::{DiskSnapshot, SnapshotCategory, SnapshotOrigin, SnapshotStatus};
pub use snapshot_group::SnapshotGroup;
pub use snapshot_policy::{SnapshotPolicy, SnapshotPolicyId};
pub use tag::Tag;
pub use task::{Task, TaskAction, TaskStatus};
pub use unknown::UnknownFields;
pub use vocabulary::{ChargeType, IllegalTransition, LockReason, TransitionKind};
