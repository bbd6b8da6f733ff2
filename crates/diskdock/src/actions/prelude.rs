//! Imports of every action file.

pub(crate) use domain::{Category, DiskKind, PerformanceLevel};
pub(crate) use domain::{
    ChargeType, Disk, DiskId, DiskStatus, Instance, InstanceId, InstanceStatus, LockReason, Moment,
    Phase, Tag,
};
pub(crate) use serde::{Deserialize, Serialize};

pub(crate) use crate::catalog::errors::*;
pub(crate) use crate::catalog::{
    About, Action, ActionError, Asks, AtLeastOne, Call, Clamped, ClientToken, Computes,
    Description, DiskName, Each, Edge, Effect, Given, Goal, Group, Groups, Ids, Ignored,
    InstanceName, Integer, JsonList, Place, Precondition, Query, Refusal, RegionId, Risk, SdkParam,
    Settling, StoreChange, TagFilter, TagParam, Text, Transition, TypedSdk, Verb, ZoneId, must,
};
pub(crate) use crate::catalog::{choice, params, reply};
pub(crate) use crate::hypervisor::{AttachmentId, Progress};
pub(crate) use crate::operations::{
    Operation, Outcome, StepContext, Subject, Timeout, TransientError,
};
pub(super) use crate::store::{DiskFilter, InstanceFilter, Page, ReadTx, StoreError, WriteTx};
