//! `CancelTask`: end a task before its time.

use domain::{Task, TaskId, TaskStatus};

use crate::actions::prelude::*;

/// Ends a task before its time.
pub(crate) struct CancelTask;

params!(
    /// Parameters of CancelTask.
    pub(crate) struct Params {
        /// The region of the task.
        #[malformed = TASK_REGION_NOT_FOUND]
        region_id: RegionId,
        /// The task to end. It must be Processing.
        task_id: TaskId,
    }
);

impl Action for CancelTask {
    type Params = Params;
    type Facts = Task;
    type Reply = ();

    const NAME: &'static str = "CancelTask";
    const SUMMARY: &'static str = "Cancels the import or export of an image.";
    const DETAILS: &'static str = "\
Only imports and exports of images can be cancelled (`SupportCancel` of DescribeTasks), and this \
server starts none: images are imported with `diskdock image import`. A change of a disk's spec is \
refused as the cloud refuses it.";
    const CAUTION: &'static str = "The work that the task has done so far is thrown away.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&TASK_REGION_NOT_FOUND, &TASK_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Task>] = &[
        must("the task is the import or export of an image", |task| task.action.can_be_cancelled(), &TASK_ACTION_NOT_SUPPORTED),
        must("the task is Processing",                       |task| task.status == TaskStatus::Processing, &TASK_STATUS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Task, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&TASK_REGION_NOT_FOUND)?;
        let is_here = |task: &Task| task.region == *region;
        Ok(call.find(tx, &params.task_id)?.filter(is_here).ok_or(&TASK_NOT_FOUND)?)
    }

    fn effect(call: &Call<'_>, _: &Params, mut task: Task) -> Effect<()> {
        task.failed("cancelled", call.now).expect("a task that is Processing can fail");
        Effect::reply(()).save(task)
    }
}
