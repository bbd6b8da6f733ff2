//! A snapshot group: snapshots of several disks at the same moment.
//!
//! ```text
//!  progressing --accomplished--> accomplished
//!              --failed--------> failed
//! ```
//!
//! Its snapshots name it, and go with it.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::{AccountId, InstanceId, SnapshotGroupId};
use crate::moment::Moment;
use crate::snapshot::SnapshotStatus;
use crate::tag::Tag;
use crate::unknown::UnknownFields;
use crate::vocabulary::IllegalTransition;

/// A snapshot group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotGroup {
    /// `ssg-…`.
    pub id: SnapshotGroupId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// The instance whose disks they are, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// Where it is.
    pub status: SnapshotStatus,
    /// Display name, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// When the request was accepted.
    pub created_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl SnapshotGroup {
    /// progressing → accomplished: all its snapshots are there.
    pub fn accomplished(&mut self) -> Result<(), IllegalTransition> {
        self.end(SnapshotStatus::Accomplished)
    }

    /// progressing → failed.
    pub fn failed(&mut self) -> Result<(), IllegalTransition> {
        self.end(SnapshotStatus::Failed)
    }

    fn end(&mut self, status: SnapshotStatus) -> Result<(), IllegalTransition> {
        if self.status != SnapshotStatus::Progressing {
            return Err(IllegalTransition);
        }
        self.status = status;
        Ok(())
    }
}

impl EntityId for SnapshotGroupId {
    type Entity = SnapshotGroup;

    fn as_str(&self) -> &str {
        self.as_str()
    }
}

impl Entity for SnapshotGroup {
    common_fields!(SnapshotGroupId);

    const KIND: EntityKind = EntityKind {
        name: "snapshot group",
        plural: "snapshot_groups",
        id_prefix: "ssg-",
        by_name: false,
        columns: &["status"],
    };

    fn columns(&self) -> Vec<&str> {
        vec![self.status.as_str()]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        let instance = self.instance.as_ref().map_or("", InstanceId::as_str);
        vec![("name", &self.name), ("instance", instance)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}
