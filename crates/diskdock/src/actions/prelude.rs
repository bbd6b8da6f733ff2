//! Imports of every action file.

pub use domain::{Category, DiskKind, PerformanceLevel};
pub use domain::{
    ChargeType, Disk, DiskId, DiskStatus, Instance, InstanceId, InstanceStatus, LockReason, Moment,
    Phase, Tag,
};
pub use serde::{Deserialize, Serialize};

pub use crate::catalog::errors::*;
pub use crate::catalog::{
    Action, AtLeastOne, Call, Clamped, ClientToken, Description, DiskName, Each, Edge, Effect,
    Goal, Group, Groups, Ids, Ignored, InstanceName, Integer, JsonList, Precondition, Query,
    Refusal, RegionId, Risk, Settling, Stop, StoreChange, TagFilter, TagParam, Text, Transition,
    ZoneId, must,
};
pub(crate) use crate::catalog::{choice, params, reply};
pub use crate::hypervisor::{Progress, Slot};
pub use crate::operations::{Operation, Outcome, StepContext, Subject, Timeout, TransientError};
pub use crate::store::{DiskFilter, InstanceFilter, Page, ReadTx, StoreError, WriteTx};
