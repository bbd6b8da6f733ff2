//! ModifyDiskSpec: a task that ends in another category, level or provisioned performance.

use domain::{Activity, Category, ChargeType, DiskKind, InstanceStatus, LockReason, Phase};

use super::tasks::task_of;
use crate::harness::{BEGINNING, REGION, Refused, TestServer, ZONE};

/// A request for this category.
fn to<'a>(disk: &'a str, category: &'a str) -> [(&'a str, &'a str); 2] {
    [("DiskId", disk), ("DiskCategory", category)]
}

/// A request for this level.
fn at<'a>(disk: &'a str, level: &'a str) -> [(&'a str, &'a str); 2] {
    [("DiskId", disk), ("PerformanceLevel", level)]
}

/// Category and level that DescribeDisks shows.
async fn shown(server: &TestServer, disk: &str) -> (String, String) {
    let reply = server.describe(disk).await;
    let text = |name: &str| reply[name].as_str().unwrap().to_owned();
    (text("Category"), text("PerformanceLevel"))
}

fn pair(category: &str, level: &str) -> (String, String) {
    (category.to_owned(), level.to_owned())
}

/// As the CSI driver does it: a dry run, the call, and DescribeTasks until it is Finished.
#[tokio::test]
async fn modify_disk_spec_changes_the_category_when_its_task_ends() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let dry = [&to(&disk, "cloud_auto")[..], &[("DryRun", "true")]].concat();
    server.expect_code("ModifyDiskSpec", &dry, (400, "DryRunOperation")).await;
    let answer = server.ok("ModifyDiskSpec", &to(&disk, "cloud_auto")).await;
    let task = answer.text_at("TaskId");
    assert!(task.starts_with("t-"), "{task}");
    assert_eq!(answer.text_at("OrderId"), "", "pay-as-you-go needs no order");
    assert_eq!(shown(&server, &disk).await, pair("cloud_essd", "PL1"));
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(task_of(&server, &task).await["TaskStatus"], "Processing");
    server.finish_all().await;
    assert_eq!(shown(&server, &disk).await, pair("cloud_auto", ""));
    let reply = task_of(&server, &task).await;
    assert_eq!((&reply["TaskStatus"], &reply["ResourceId"]), (&"Finished".into(), &disk.into()));
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn modify_disk_spec_changes_levels_and_provisioned_iops() {
    let server = TestServer::new().await;
    let disk = server.disk_with(|disk| disk.size_gib = 500).await;
    for (level, expected) in [("PL2", "PL2"), ("PL1", "PL1")] {
        server.ok("ModifyDiskSpec", &at(&disk, level)).await;
        server.finish_all().await;
        assert_eq!(shown(&server, &disk).await, pair("cloud_essd", expected));
    }
    let auto = [&to(&disk, "cloud_auto")[..], &[("ProvisionedIops", "2000")]].concat();
    server.ok("ModifyDiskSpec", &auto).await;
    server.finish_all().await;
    let reply = server.describe(&disk).await;
    assert_eq!(
        (&reply["Category"], &reply["ProvisionedIops"]),
        (&"cloud_auto".into(), &2000.into())
    );
    server.ok("ModifyDiskSpec", &[("DiskId", &disk), ("ProvisionedIops", "0")]).await;
    server.finish_all().await;
    assert_eq!(server.describe(&disk).await["ProvisionedIops"], 0);
    let back = [&to(&disk, "cloud_essd")[..], &[("PerformanceLevel", "PL2")]].concat();
    server.ok("ModifyDiskSpec", &back).await;
    server.finish_all().await;
    assert_eq!(shown(&server, &disk).await, pair("cloud_essd", "PL2"));
}

#[tokio::test]
async fn modify_disk_spec_that_fails_leaves_the_disk_and_says_why() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    server.rule(r#"{"transition":"modify","behaviour":{"do":"refuse"}}"#);
    let task = server.ok("ModifyDiskSpec", &to(&disk, "cloud_ssd")).await.text_at("TaskId");
    server.finish_all().await;
    assert_eq!(shown(&server, &disk).await, pair("cloud_essd", "PL1"));
    assert_eq!(task_of(&server, &task).await["TaskStatus"], "Failed");
    let ask = [("RegionId", REGION), ("TaskId", task.as_str())];
    let reply = server.ok("DescribeTaskAttribute", &ask).await.json;
    let progress = &reply["OperationProgressSet"]["OperationProgress"][0];
    assert_eq!(progress["ErrorMsg"], "the guest refused");
    server.simulated().clear_rules();
    server.ok("ModifyDiskSpec", &to(&disk, "cloud_ssd")).await;
    server.finish_all().await;
    assert_eq!(shown(&server, &disk).await, pair("cloud_ssd", ""), "it can be tried again");
}

#[tokio::test]
async fn modifying_disk_moves_as_ever_and_is_not_changed_resized_or_deleted() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"modify","behaviour":{"do":"hold"}}"#);
    server.ok("ModifyDiskSpec", &to(&disk, "cloud_auto")).await;
    server.drain().await;
    server
        .expect_code("ModifyDiskSpec", &to(&disk, "cloud_ssd"), (403, "IncorrectDiskStatus"))
        .await;
    let larger = [("DiskId", disk.as_str()), ("NewSize", "40")];
    server.expect_code("ResizeDisk", &larger, (400, "LastOrderProcessing")).await;
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    server.expect_code("DeleteDisk", &[("DiskId", &disk)], (403, "IncorrectDiskStatus")).await;
    let server = server.restart().await;
    server.finish_all().await;
    assert_eq!(shown(&server, &disk).await, pair("cloud_auto", ""), "a crash undoes nothing");
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn modify_disk_spec_ends_its_task_when_the_disk_goes_with_its_instance() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let disk = server.disks_of(&instance).await[1]["DiskId"].as_str().unwrap().to_owned();
    server.rule(r#"{"transition":"modify","behaviour":{"do":"take","milliseconds":20000}}"#);
    let task = server.ok("ModifyDiskSpec", &to(&disk, "cloud_ssd")).await.text_at("TaskId");
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "gone");
    server.pass(20_000).await;
    assert_eq!(task_of(&server, &task).await["TaskStatus"], "Finished");
    assert_eq!(server.assembly.gateway.services.runner.in_flight(), 0);
}

#[tokio::test]
async fn modify_disk_spec_returns_an_order_for_a_subscription_disk() {
    let server = TestServer::new().await;
    let disk = server.disk_with(|disk| disk.charge_type = ChargeType::PrePaid).await;
    server.change_disk(&disk, |disk| disk.size_gib = 500).await;
    let answer = server.ok("ModifyDiskSpec", &at(&disk, "PL2")).await;
    assert!(!answer.text_at("OrderId").is_empty());
    server.finish_all().await;
    let lower = (403, "InvalidPerformanceLevel.TooLow");
    server.expect_code("ModifyDiskSpec", &at(&disk, "PL1"), lower).await;
    let slower = (403, "Downgrade.NotSupported");
    server.expect_code("ModifyDiskSpec", &to(&disk, "cloud_efficiency"), slower).await;
    server.change_disk(&disk, |disk| disk.charge_type = ChargeType::PostPaid).await;
    server.expect_code("ModifyDiskSpec", &at(&disk, "PL0"), lower).await;
    server.ok("ModifyDiskSpec", &to(&disk, "cloud_efficiency")).await;
}

#[tokio::test]
async fn modify_disk_spec_refuses_malformed_and_contradicting_parameters() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let id = ("DiskId", disk.as_str());
    let with = |name, value| [id, (name, value)];
    let rows: [Refused<'_>; 12] = [
        (&[], 400, "MissingParameter"),
        (&[("DiskId", "")], 400, "InvalidParameter"),
        (&[id, ("RegionId", "nowhere")], 400, "InvalidRegionId.MalFormed"),
        (&to(&disk, "cloud"), 400, "InvalidDiskCategory.ValueNotSupported"),
        (&at(&disk, "PL4"), 400, "InvalidPerformanceLevel.Malformed"),
        (&with("ProvisionedIops", "50001"), 400, "InvalidProvisionedIops.LimitExceed"),
        (&with("PerformanceControlOptions.IOPS", "1"), 400, "InvalidParameter"),
        (
            &with("PerformanceControlOptions.Recover", "All"),
            403,
            "InvalidPerformanceParameter.DiskNotInDedicatedStorageCluster",
        ),
        (&with("DestinationZoneId", ZONE), 400, "InvalidDestinationZoneId.DiskCategoryUnsupported"),
        (&with("ProvisionedIops", "100"), 400, "ProvisionedIopsForDiskCategoryUnsupported"),
        (&at(&disk, "PL1"), 403, "NoChangeInDiskCategoryAndPerformanceLevel"),
        (&at(&disk, "PL2"), 403, "OperationDenied.PerformanceLevelNotMatch"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("ModifyDiskSpec", ask, (status, code)).await;
    }
    let mismatch = [&to(&disk, "cloud_ssd")[..], &[("PerformanceLevel", "PL1")]].concat();
    let refused = (400, "InvalidPerformanceLevelParam.Mismatch");
    server.expect_code("ModifyDiskSpec", &mismatch, refused).await;
    let too_much = [&to(&disk, "cloud_auto")[..], &[("ProvisionedIops", "49000")]].concat();
    let refused = (400, "InvalidProvisionedIops.LimitExceed");
    server.expect_code("ModifyDiskSpec", &too_much, refused).await;
    let message = "The specified disk does not exist.";
    let unknown = (404, "InvalidDiskId.NotFound", message);
    server.expect_refusal("ModifyDiskSpec", &to("d-none", "cloud_ssd"), unknown).await;
}

#[tokio::test]
async fn modify_disk_spec_refuses_sizes_that_the_new_category_does_not_have() {
    let server = TestServer::new().await;
    let disk = server.disk_with(|disk| disk.category = Category::CloudAuto).await;
    let refused = (403, "InvalidDiskCategory.NotSupported");
    server.change_disk(&disk, |disk| disk.size_gib = 10).await;
    server.expect_code("ModifyDiskSpec", &to(&disk, "cloud_efficiency"), refused).await;
    server.change_disk(&disk, |disk| disk.size_gib = 40_000).await;
    server.expect_code("ModifyDiskSpec", &to(&disk, "cloud_ssd"), refused).await;
    server.change_disk(&disk, |disk| disk.kind = DiskKind::System).await;
    let too_large = (403, "OperationDenied.PerformanceLevelNotMatch");
    server.expect_code("ModifyDiskSpec", &to(&disk, "cloud_essd"), too_large).await;
}

/// Everything that can be wrong is made wrong one after the other, the last check first: each time
/// the newest wrong is the answer.
#[tokio::test]
async fn modify_disk_spec_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let expect_refusal = async |server: &TestServer, status: u16, code: &str| {
        server.expect_code("ModifyDiskSpec", &to(&disk, "cloud_ssd"), (status, code)).await;
    };
    server.change_disk(&disk, |d| d.zone = "cn-hangzhou-none".to_owned()).await;
    server.change_instance(&instance, |i| i.instance_type = "ecs.g8i.large".to_owned()).await;
    expect_refusal(&server, 403, "InvalidInstanceType.NotSupportDiskCategory").await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    expect_refusal(&server, 403, "InvalidOperation.MultiAttachDisk").await;
    server.change_disk(&disk, |d| d.category = Category::Cloud).await;
    expect_refusal(&server, 403, "InvalidDiskCategory.ValueNotSupported").await;
    server.put_in(&instance, InstanceStatus::Starting).await;
    expect_refusal(&server, 400, "InvalidOperation.InstanceStatusUnsupported").await;
    server.change_instance(&instance, |i| i.expires_at = Some(BEGINNING)).await;
    expect_refusal(&server, 403, "InstanceExpiredOrInArrears").await;
    server.change_disk(&disk, |d| d.locks = vec![LockReason::Financial]).await;
    expect_refusal(&server, 403, "DiskInArrears").await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Resizing { from_gib: 20 })).await;
    expect_refusal(&server, 403, "IncorrectDiskStatus").await;
    server.change_disk(&disk, |d| d.attachments[0].phase = Phase::Attaching).await;
    expect_refusal(&server, 403, "InvalidStatus.DiskNotReady").await;
    server.change_disk(&disk, |d| d.delete_protected = true).await;
    expect_refusal(&server, 403, "InvalidDisk.DetachedSystemDisk").await;
    server.become_another_account().await;
    expect_refusal(&server, 404, "InvalidDiskId.NotFound").await;
}

#[tokio::test]
async fn modify_disk_spec_refuses_a_category_that_the_zone_does_not_sell() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let zone = "[zones]\ncn-hangzhou-i = { region = \"cn-hangzhou\", local_name = \"I\", \
                local_name_en = \"I\", disk_categories = [\"cloud_essd\"] }\n";
    std::fs::write(file.path(), zone).unwrap();
    let inventory = diskdock::inventory::load(Some(file.path())).unwrap();
    let server = TestServer::with(|plan| plan.inventory = inventory.into()).await;
    let disk = server.available_disk().await;
    let refused = (403, "InvalidDiskCategory.NotSupported");
    server.expect_code("ModifyDiskSpec", &to(&disk, "cloud_ssd"), refused).await;
}
