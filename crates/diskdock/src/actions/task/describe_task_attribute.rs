//! `DescribeTaskAttribute`: show one asynchronous task.

use domain::{Task, TaskId, TaskStatus};

use super::describe_tasks::support_cancel;
use crate::actions::prelude::*;
use crate::catalog::times::without_seconds;

/// Shows one task.
pub(crate) struct DescribeTaskAttribute;

params!(
    /// Parameters of DescribeTaskAttribute.
    pub(crate) struct Params {
        /// The region of the task.
        #[malformed = TASK_REGION_NOT_FOUND]
        region_id: RegionId,
        /// The task.
        task_id: TaskId,
    }
);

reply!(
    /// Reply of DescribeTaskAttribute.
    pub(crate) struct Reply {
        /// The task's id.
        task_id: String,
        /// The region.
        region_id: String,
        /// The action that started it.
        task_action: &'static str,
        /// `Processing`, `Finished` or `Failed`.
        task_status: &'static str,
        /// How far it is.
        task_process: &'static str,
        /// `true` or `false`, as text: whether CancelTask can end it.
        support_cancel: &'static str,
        /// Parts of it.
        total_count: u32,
        /// Parts that ended well.
        success_count: u32,
        /// Parts that failed.
        failed_count: u32,
        /// When it was created.
        creation_time: String,
        /// When it ended; empty before.
        finished_time: String,
        /// The results of its parts.
        operation_progress_set: OperationProgressSet,
    }
);

reply!(
    /// The parts of a task.
    pub(crate) struct OperationProgressSet {
        /// One for each part that has ended.
        operation_progress: Vec<OperationProgress>,
    }
);

reply!(
    /// The result of one part.
    pub(crate) struct OperationProgress {
        /// `Success` or `Failed`.
        operation_status: &'static str,
        /// The code of the failure; empty otherwise.
        error_code: &'static str,
        /// Why it failed; empty otherwise.
        error_msg: String,
        /// The resources that it works on.
        related_item_set: RelatedItemSet,
    }
);

reply!(
    /// The resources that a part works on.
    pub(crate) struct RelatedItemSet {
        /// One for each resource.
        related_item: Vec<RelatedItem>,
    }
);

reply!(
    /// A resource that a part works on.
    pub(crate) struct RelatedItem {
        /// The kind of value: `ResourceId`.
        name: &'static str,
        /// Its id.
        value: String,
    }
);

impl Query for DescribeTaskAttribute {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeTaskAttribute";
    const SUMMARY: &'static str = "Shows one asynchronous task, and why it failed if it did.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&TASK_REGION_NOT_FOUND, &TASK_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&TASK_REGION_NOT_FOUND)?;
        let is_here = |task: &Task| task.region == *region;
        let task = call.find(tx, &params.task_id)?.filter(is_here).ok_or(&TASK_NOT_FOUND)?;
        Ok(attribute(&task))
    }
}

fn attribute(task: &Task) -> Reply {
    let (task_process, success_count, failed_count) = match task.status {
        TaskStatus::Processing => ("0%", 0, 0),
        TaskStatus::Finished => ("100%", 1, 0),
        TaskStatus::Failed => ("0%", 0, 1),
    };
    Reply {
        task_id: task.id.to_string(),
        region_id: task.region.clone(),
        task_action: task.action.as_str(),
        task_status: task.status.as_str(),
        task_process,
        support_cancel: support_cancel(task),
        total_count: 1,
        success_count,
        failed_count,
        creation_time: without_seconds(task.created_at),
        finished_time: task.finished_at.map(without_seconds).unwrap_or_default(),
        operation_progress_set: OperationProgressSet { operation_progress: progress(task) },
    }
}

/// The result of the one part of a task; nothing while it is under way.
fn progress(task: &Task) -> Vec<OperationProgress> {
    let (operation_status, error_code) = match task.status {
        TaskStatus::Processing => return Vec::new(),
        TaskStatus::Finished => ("Success", ""),
        TaskStatus::Failed => ("Failed", "InternalError"),
    };
    let related_item = vec![RelatedItem { name: "ResourceId", value: task.resource.clone() }];
    vec![OperationProgress {
        operation_status,
        error_code,
        error_msg: task.reason.clone(),
        related_item_set: RelatedItemSet { related_item },
    }]
}
