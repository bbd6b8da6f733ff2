//! Tasks as a kind of resource: how to list them.

use domain::TaskId;

use super::describe_tasks::DescribeTasks;
use crate::catalog::{Listing, Query, Resource, id_parameter};

id_parameter!(TaskId, "t-bp1000q5za4m7e2c9fhw");

/// Tasks.
pub(crate) static TASK: Resource = Resource {
    noun: "task",
    with_article: "a task",
    listing: Listing {
        action: DescribeTasks::NAME,
        // Their list has commas, and no brackets.
        ids: None,
        path: ["TaskSet", "Task"],
        id: "TaskId",
        texts: &["{TaskAction}", "of {ResourceId}", "{TaskStatus}"],
        holder: None,
    },
    // What they have is called TaskStatus.
    statuses: &[],
    unasked: &[],
};
