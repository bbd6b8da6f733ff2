//! Tasks: asynchronous work that clients ask after by its id.

pub(crate) mod cancel_task;
pub(crate) mod describe_task_attribute;
pub(crate) mod describe_tasks;
mod resource;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup =
    ActionGroup { title: "Tasks", resources: &[&resource::TASK], actions: ACTIONS };

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Query(&describe_tasks::DescribeTasks),
    Entry::Query(&describe_task_attribute::DescribeTaskAttribute),
    Entry::Action(&cancel_task::CancelTask),
];
