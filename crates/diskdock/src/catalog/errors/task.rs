//! Errors about tasks.

use super::errors;

errors! {
    TASK_REGION_NOT_FOUND = 400 "InvalidRegionId.NotFound"
        "The specified RegionId does not exist."
        => "Use a region of DescribeRegions."
        then [List("region")];
    TASK_NOT_FOUND = 400 "InvalidTaskId.NotFound"
        "The specified \"TaskId\" is not found."
        => "Check the id and the region, and that the task belongs to the account of the AccessKey."
        then [List("task")];
    TASK_ACTION_NOT_SUPPORTED = 403 "InvalidTaskId.TaskActionNotSupport"
        "The specified task action not support."
        => "Wait for the end of the task: only imports and exports of images can be cancelled.";
    TASK_STATUS = 403 "InvalidTaskId.IncorrectTaskStatus"
        "The specified task status is invalid."
        => "Nothing to do: the task has ended."
        then [List("task")];
}
