//! What every action file imports.

pub use domain::disk::{Category, DiskKind, PerformanceLevel};
pub use domain::{
    ChargeType, Disk, DiskId, DiskStatus, Instance, InstanceId, InstanceStatus, LockReason, Moment,
    Phase, Tag,
};
pub use serde::{Deserialize, Serialize};

pub use crate::catalog::errors::*;
pub use crate::catalog::{
    Action, AtLeastOne, Call, Change, Clamped, ClientToken, Description, DiskName, Each, Effect,
    Group, Groups, Ignored, InstanceName, Integer, JsonList, Precondition, Query, Refusal,
    RegionId, Stop, TagFilter, TagParam, Text, ZoneId, must,
};
pub(crate) use crate::catalog::{choice, params, reply};
pub use crate::hypervisor::{Look, Slot};
pub use crate::operations::{Ending, Hands, Operation, Patience, Progress, Subject, Trouble};
pub use crate::store::{Books, DiskFilter, InstanceFilter, Page, Reader, Stored};
