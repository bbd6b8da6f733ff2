//! `DescribeTasks`: list asynchronous tasks.

use domain::{Task, TaskAction, TaskId, TaskStatus};

use crate::actions::paging::Paging;
use crate::actions::prelude::*;
use crate::catalog::times::without_seconds;
use crate::catalog::{CommaList, Time};
use crate::store::{EntityReads, Filter};

/// Lists tasks that match all given filters.
pub(crate) struct DescribeTasks;

params!(
    /// Parameters of DescribeTasks.
    pub(crate) struct Params {
        /// The region whose tasks are listed.
        #[malformed = TASK_REGION_NOT_FOUND]
        region_id: RegionId,
        /// Only these tasks, up to 100; ids that do not exist are passed over.
        task_ids: Option<CommaList<TaskId, 100>>,
        /// Only tasks that this action has started.
        task_action: Option<TaskAction>,
        /// Only tasks in this status: `Processing`, `Finished` or `Failed`. Any other word does
        /// not restrict.
        task_status: Option<Text<1, 64>>,
        /// Only tasks about these resources, such as the disk of ModifyDiskSpec.
        resource_ids: Each<Text<1, 128>>,
        /// Only tasks created from this time on.
        start_time: Option<Time>,
        /// Only tasks created up to this time.
        end_time: Option<Time>,
        /// Not offered to the public.
        task_group_id: Ignored<Option<Text<0, 64>>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

reply!(
    /// Reply of DescribeTasks.
    pub(crate) struct Reply {
        /// The region.
        region_id: String,
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many tasks match.
        total_count: u64,
        /// The tasks.
        task_set: TaskSet,
    }
);

reply!(
    /// The tasks of a page.
    pub(crate) struct TaskSet {
        /// One task each.
        task: Vec<TaskItem>,
    }
);

reply!(
    /// One task.
    pub(crate) struct TaskItem {
        /// The task's id.
        task_id: String,
        /// The action that started it.
        task_action: &'static str,
        /// `Processing`, `Finished` or `Failed`.
        task_status: &'static str,
        /// `true` or `false`, as text: whether CancelTask can end it.
        support_cancel: &'static str,
        /// The resource that it works on, such as a disk.
        resource_id: String,
        /// When it was created.
        creation_time: String,
        /// When it ended; empty before.
        finished_time: String,
    }
);

impl Query for DescribeTasks {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeTasks";
    const SUMMARY: &'static str = "Lists asynchronous tasks that match all given filters.";
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("TaskGroupId", TypedSdk::OLDEST)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&TASK_REGION_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&TASK_REGION_NOT_FOUND)?;
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.list::<Task>(&filter(call, params), &paging.page)?;
        Ok(Reply {
            region_id: region.clone(),
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            task_set: TaskSet { task: found.entries.iter().map(item).collect() },
        })
    }
}

fn filter(call: &Call<'_>, params: &Params) -> Filter<Task> {
    let mut filter = Filter::all(call.caller.account.clone(), &params.region_id.0);
    filter.ids = params.task_ids.as_ref().map(|list| list.0.clone());
    let status = params.task_status.as_ref().and_then(|word| TaskStatus::from_word(&word.0));
    filter.columns.extend(status.map(|status| ("status", status.as_str().to_owned())));
    let action = params.task_action.map(TaskAction::as_str);
    filter.columns.extend(action.map(|action| ("action", action.to_owned())));
    filter.created = (params.start_time.map(|from| from.0), params.end_time.map(|to| to.0));
    match &params.resource_ids.0[..] {
        [] => {}
        [one] => filter.terms.push(("resource", one.0.clone())),
        several => {
            let wanted: Vec<String> = several.iter().map(|one| one.0.clone()).collect();
            filter.also.push(Box::new(move |task: &Task| wanted.contains(&task.resource)));
        }
    }
    filter
}

fn item(task: &Task) -> TaskItem {
    TaskItem {
        task_id: task.id.to_string(),
        task_action: task.action.as_str(),
        task_status: task.status.as_str(),
        support_cancel: support_cancel(task),
        resource_id: task.resource.clone(),
        creation_time: without_seconds(task.created_at),
        finished_time: task.finished_at.map(without_seconds).unwrap_or_default(),
    }
}

/// Whether a task can be cancelled, as the API spells it.
pub(super) fn support_cancel(task: &Task) -> &'static str {
    if task.action.can_be_cancelled() { "true" } else { "false" }
}
