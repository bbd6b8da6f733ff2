//! A task: asynchronous work that clients ask after by its id.
//!
//! ```text
//!  Processing --finished--> Finished
//!             --failed----> Failed
//! ```

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind, plain_fields};
use crate::ids::{AccountId, TaskId};
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;
use crate::vocabulary::IllegalTransition;

string_enum!(
    /// The work of a task: the action that started it.
    TaskAction {
        /// Brings an image in.
        ImportImage = "ImportImage",
        /// Takes an image out.
        ExportImage = "ExportImage",
        /// Moves an instance to another host.
        RedeployInstance = "RedeployInstance",
        /// Changes category or performance of a disk.
        ModifyDiskSpec = "ModifyDiskSpec",
        /// Moves a snapshot to cheaper storage.
        ArchiveSnapshot = "ArchiveSnapshot",
    }
);

impl TaskAction {
    /// Whether a task of this kind can be cancelled (documentation of CancelTask).
    pub fn can_be_cancelled(self) -> bool {
        matches!(self, TaskAction::ImportImage | TaskAction::ExportImage)
    }
}

string_enum!(
    /// Where a task is.
    TaskStatus {
        /// Under way.
        Processing = "Processing",
        /// Ended well.
        Finished = "Finished",
        /// Failed, timed out or was cancelled.
        Failed = "Failed",
    }
);

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// `t-…`.
    pub id: TaskId,
    /// The owner.
    pub account: AccountId,
    /// The region of the resource.
    pub region: String,
    /// The action that started it.
    pub action: TaskAction,
    /// The resource that it is about.
    pub resource: String,
    /// Where it is.
    pub status: TaskStatus,
    /// When the request was accepted.
    pub created_at: Moment,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Moment>,
    /// Why it failed; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Task {
    /// Processing → Finished.
    pub fn finished(&mut self, now: Moment) -> Result<(), IllegalTransition> {
        self.end(TaskStatus::Finished, now)
    }

    /// Processing → Failed, for this reason.
    pub fn failed(&mut self, reason: &str, now: Moment) -> Result<(), IllegalTransition> {
        self.end(TaskStatus::Failed, now)?;
        reason.clone_into(&mut self.reason);
        Ok(())
    }

    fn end(&mut self, status: TaskStatus, now: Moment) -> Result<(), IllegalTransition> {
        if self.status != TaskStatus::Processing {
            return Err(IllegalTransition);
        }
        self.status = status;
        self.finished_at = Some(now);
        Ok(())
    }
}

impl EntityId for TaskId {
    type Entity = Task;
}

impl Entity for Task {
    plain_fields!(TaskId);

    const KIND: EntityKind = EntityKind {
        name: "task",
        plural: "tasks",
        id_prefix: "t-",
        by_name: false,
        columns: &["status", "action"],
    };

    /// Tasks have none.
    fn tags(&self) -> &[Tag] {
        &[]
    }

    /// Tasks are in none.
    fn resource_group(&self) -> &str {
        ""
    }

    fn columns(&self) -> Vec<&str> {
        vec![self.status.as_str(), self.action.as_str()]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("resource", &self.resource)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_ends_once() {
        let mut task = Task {
            id: "t-1".into(),
            account: "1".into(),
            region: "cn-hangzhou".to_owned(),
            action: TaskAction::ModifyDiskSpec,
            resource: "d-1".to_owned(),
            status: TaskStatus::Processing,
            created_at: Moment(1),
            finished_at: None,
            reason: String::new(),
            unknown: UnknownFields::default(),
        };
        assert_eq!(task.failed("no room", Moment(2)), Ok(()));
        assert_eq!((task.status, task.finished_at), (TaskStatus::Failed, Some(Moment(2))));
        assert_eq!(task.finished(Moment(3)), Err(IllegalTransition));
        assert_eq!((task.reason.as_str(), task.finished_at), ("no room", Some(Moment(2))));
    }
}
