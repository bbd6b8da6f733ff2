//! DescribeTasks, DescribeTaskAttribute and CancelTask.

use diskdock::store::EntityWrites;
use domain::{Task, TaskAction, TaskStatus};
use serde_json::Value;

use crate::harness::{ACCOUNT, BEGINNING, REGION, Refused, TestServer};

const REGION_PAIR: (&str, &str) = ("RegionId", REGION);

/// A task as DescribeTasks shows it.
pub(super) async fn task_of(server: &TestServer, task: &str) -> Value {
    let answer = server.ok("DescribeTasks", &[REGION_PAIR, ("TaskIds", task)]).await;
    answer.json["TaskSet"]["Task"][0].clone()
}

/// Puts a task into the store.
async fn plant(server: &TestServer, id: &str, change: impl Fn(&mut Task) + Send + 'static) {
    let mut task = Task {
        id: id.into(),
        account: ACCOUNT.into(),
        region: REGION.to_owned(),
        action: TaskAction::ImportImage,
        resource: "m-1".to_owned(),
        status: TaskStatus::Processing,
        created_at: BEGINNING,
        finished_at: None,
        reason: String::new(),
        unknown: domain::UnknownFields::default(),
    };
    change(&mut task);
    let write = move |tx: &mut dyn diskdock::store::WriteTx| tx.save(&task);
    server.assembly.gateway.services.store.write(write).await.unwrap();
}

async fn found(server: &TestServer, filters: &[(&str, &str)]) -> Vec<String> {
    let ask = [&[REGION_PAIR], filters].concat();
    let mut ids = server.list("DescribeTasks", &ask, ("TaskSet", "Task", "TaskId")).await;
    ids.sort();
    ids
}

#[tokio::test]
async fn describe_tasks_shows_times_as_the_api_has_them() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let ask = [("DiskId", disk.as_str()), ("DiskCategory", "cloud_ssd")];
    let task = server.ok("ModifyDiskSpec", &ask).await.text_at("TaskId");
    let reply = task_of(&server, &task).await;
    let expected = serde_json::json!({
        "TaskId": task, "TaskAction": "ModifyDiskSpec", "TaskStatus": "Processing",
        "SupportCancel": "false", "ResourceId": disk, "CreationTime": "2026-01-02T03:04Z",
        "FinishedTime": "",
    });
    assert_eq!(reply, expected);
    server.pass(120_000).await;
    assert_eq!(task_of(&server, &task).await["FinishedTime"], "2026-01-02T03:06Z");
    let ask = [REGION_PAIR, ("TaskId", task.as_str())];
    let reply = server.ok("DescribeTaskAttribute", &ask).await.json;
    assert_eq!((&reply["TaskProcess"], &reply["SuccessCount"]), (&"100%".into(), &1.into()));
    let progress = &reply["OperationProgressSet"]["OperationProgress"][0];
    assert_eq!(progress["OperationStatus"], "Success");
    assert_eq!(progress["RelatedItemSet"]["RelatedItem"][0]["Value"], disk.as_str());
}

#[tokio::test]
async fn describe_tasks_filters_and_pages() {
    let mut server = TestServer::new().await;
    plant(&server, "t-1", |_| {}).await;
    plant(&server, "t-2", |task| {
        (task.status, task.action) = (TaskStatus::Failed, TaskAction::ModifyDiskSpec);
        (task.resource, task.created_at) = ("d-1".to_owned(), BEGINNING.plus_s(60));
    })
    .await;
    plant(&server, "t-3", |task| task.region = "cn-beijing".to_owned()).await;
    assert_eq!(found(&server, &[]).await, ["t-1", "t-2"]);
    assert_eq!(found(&server, &[("TaskIds", "t-2, t-none")]).await, ["t-2"]);
    assert_eq!(found(&server, &[("TaskStatus", "Processing")]).await, ["t-1"]);
    assert_eq!(found(&server, &[("TaskStatus", "unheard of")]).await, ["t-1", "t-2"]);
    assert_eq!(found(&server, &[("TaskAction", "ModifyDiskSpec")]).await, ["t-2"]);
    assert_eq!(found(&server, &[("ResourceIds.1", "m-1")]).await, ["t-1"]);
    let both = [("ResourceIds.1", "m-1"), ("ResourceIds.2", "d-1")];
    assert_eq!(found(&server, &both).await, ["t-1", "t-2"]);
    assert_eq!(found(&server, &[("StartTime", "2026-01-02T03:05:00Z")]).await, ["t-2"]);
    assert_eq!(found(&server, &[("EndTime", "2026-01-02T03:05:00Z")]).await, ["t-1"]);
    let ask = [REGION_PAIR, ("PageSize", "1"), ("PageNumber", "2")];
    let reply = server.ok("DescribeTasks", &ask).await.json;
    assert_eq!(
        (&reply["TotalCount"], &reply["TaskSet"]["Task"][0]["TaskId"]),
        (&2.into(), &"t-1".into())
    );
    server.become_another_account().await;
    assert!(found(&server, &[]).await.is_empty());
}

#[tokio::test]
async fn tasks_are_refused_where_they_cannot_be_found() {
    let server = TestServer::new().await;
    plant(&server, "t-1", |task| task.region = "cn-beijing".to_owned()).await;
    let many = vec!["t-1"; 101].join(",");
    let rows: [Refused<'_>; 4] = [
        (&[], 400, "MissingParameter"),
        (&[("RegionId", "nowhere")], 400, "InvalidRegionId.NotFound"),
        (&[REGION_PAIR, ("TaskIds", &many)], 400, "InvalidParameter"),
        (&[REGION_PAIR, ("TaskAction", "Other")], 400, "InvalidParameter"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("DescribeTasks", ask, (status, code)).await;
    }
    for action in ["DescribeTaskAttribute", "CancelTask"] {
        let rows: [Refused<'_>; 4] = [
            (&[REGION_PAIR], 400, "MissingParameter"),
            (&[REGION_PAIR, ("TaskId", "")], 400, "InvalidParameter"),
            (&[("RegionId", "nowhere"), ("TaskId", "t-1")], 400, "InvalidRegionId.NotFound"),
            (&[REGION_PAIR, ("TaskId", "t-1")], 400, "InvalidTaskId.NotFound"),
        ];
        for (ask, status, code) in rows {
            server.expect_code(action, ask, (status, code)).await;
        }
    }
}

#[tokio::test]
async fn cancel_task_ends_imports_and_nothing_else() {
    let server = TestServer::new().await;
    plant(&server, "t-1", |_| {}).await;
    plant(&server, "t-2", |task| task.action = TaskAction::ModifyDiskSpec).await;
    let of = |task| [REGION_PAIR, ("TaskId", task)];
    server.expect_code("CancelTask", &of("t-2"), (403, "InvalidTaskId.TaskActionNotSupport")).await;
    assert_eq!(task_of(&server, "t-1").await["SupportCancel"], "true");
    server.ok("CancelTask", &of("t-1")).await;
    assert_eq!(task_of(&server, "t-1").await["TaskStatus"], "Failed");
    server.expect_code("CancelTask", &of("t-1"), (403, "InvalidTaskId.IncorrectTaskStatus")).await;
}

#[tokio::test]
async fn tasks_are_forgotten_a_week_after_their_end() {
    let server = TestServer::new().await;
    plant(&server, "t-1", |_| {}).await;
    plant(&server, "t-2", |task| task.failed("no room", BEGINNING).unwrap()).await;
    const DAY_MS: i64 = 24 * 3_600_000;
    server.pass(7 * DAY_MS).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(found(&server, &[]).await, ["t-1", "t-2"]);
    server.pass(1_000).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(found(&server, &[]).await, ["t-1"], "one that is under way stays");
}
