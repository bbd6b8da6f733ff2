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
async fn shown(world: &TestServer, disk: &str) -> (String, String) {
    let told = world.describe(disk).await;
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    (text("Category"), text("PerformanceLevel"))
}

fn pair(category: &str, level: &str) -> (String, String) {
    (category.to_owned(), level.to_owned())
}

/// As the CSI driver does it: a dry run, the call, and DescribeTasks until it is Finished.
#[tokio::test]
async fn modify_disk_spec_changes_the_category_when_its_task_ends() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    let dry = [&to(&disk, "cloud_auto")[..], &[("DryRun", "true")]].concat();
    world.turns_down("ModifyDiskSpec", &dry, (400, "DryRunOperation")).await;
    let answer = world.ok("ModifyDiskSpec", &to(&disk, "cloud_auto")).await;
    let task = answer.text_at("TaskId");
    assert!(task.starts_with("t-"), "{task}");
    assert_eq!(answer.text_at("OrderId"), "", "pay-as-you-go needs no order");
    assert_eq!(shown(&world, &disk).await, pair("cloud_essd", "PL1"));
    assert_eq!(world.status_of(&disk).await, "In_use");
    assert_eq!(task_of(&world, &task).await["TaskStatus"], "Processing");
    world.finish_all().await;
    assert_eq!(shown(&world, &disk).await, pair("cloud_auto", ""));
    let told = task_of(&world, &task).await;
    assert_eq!((&told["TaskStatus"], &told["ResourceId"]), (&"Finished".into(), &disk.into()));
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn modify_disk_spec_changes_levels_and_provisioned_iops() {
    let world = TestServer::new().await;
    let disk = world.disk_with(|disk| disk.size_gib = 500).await;
    for (level, expected) in [("PL2", "PL2"), ("PL1", "PL1")] {
        world.ok("ModifyDiskSpec", &at(&disk, level)).await;
        world.finish_all().await;
        assert_eq!(shown(&world, &disk).await, pair("cloud_essd", expected));
    }
    let auto = [&to(&disk, "cloud_auto")[..], &[("ProvisionedIops", "2000")]].concat();
    world.ok("ModifyDiskSpec", &auto).await;
    world.finish_all().await;
    let told = world.describe(&disk).await;
    assert_eq!((&told["Category"], &told["ProvisionedIops"]), (&"cloud_auto".into(), &2000.into()));
    world.ok("ModifyDiskSpec", &[("DiskId", &disk), ("ProvisionedIops", "0")]).await;
    world.finish_all().await;
    assert_eq!(world.describe(&disk).await["ProvisionedIops"], 0);
    let back = [&to(&disk, "cloud_essd")[..], &[("PerformanceLevel", "PL2")]].concat();
    world.ok("ModifyDiskSpec", &back).await;
    world.finish_all().await;
    assert_eq!(shown(&world, &disk).await, pair("cloud_essd", "PL2"));
}

#[tokio::test]
async fn modify_disk_spec_that_fails_leaves_the_disk_and_says_why() {
    let world = TestServer::new().await;
    let disk = world.available_disk().await;
    world.rule(r#"{"transition":"modify","behaviour":{"do":"refuse"}}"#);
    let task = world.ok("ModifyDiskSpec", &to(&disk, "cloud_ssd")).await.text_at("TaskId");
    world.finish_all().await;
    assert_eq!(shown(&world, &disk).await, pair("cloud_essd", "PL1"));
    assert_eq!(task_of(&world, &task).await["TaskStatus"], "Failed");
    let ask = [("RegionId", REGION), ("TaskId", task.as_str())];
    let told = world.ok("DescribeTaskAttribute", &ask).await.json;
    let progress = &told["OperationProgressSet"]["OperationProgress"][0];
    assert_eq!(progress["ErrorMsg"], "the guest refused");
    world.simulated().clear_rules();
    world.ok("ModifyDiskSpec", &to(&disk, "cloud_ssd")).await;
    world.finish_all().await;
    assert_eq!(shown(&world, &disk).await, pair("cloud_ssd", ""), "it can be tried again");
}

#[tokio::test]
async fn modifying_disk_moves_as_ever_and_is_not_changed_resized_or_deleted() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    world.rule(r#"{"transition":"modify","behaviour":{"do":"hold"}}"#);
    world.ok("ModifyDiskSpec", &to(&disk, "cloud_auto")).await;
    world.settle().await;
    world.turns_down("ModifyDiskSpec", &to(&disk, "cloud_ssd"), (403, "IncorrectDiskStatus")).await;
    let larger = [("DiskId", disk.as_str()), ("NewSize", "40")];
    world.turns_down("ResizeDisk", &larger, (400, "LastOrderProcessing")).await;
    world.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
    world.turns_down("DeleteDisk", &[("DiskId", &disk)], (403, "IncorrectDiskStatus")).await;
    let world = world.restart().await;
    world.finish_all().await;
    assert_eq!(shown(&world, &disk).await, pair("cloud_auto", ""), "a crash undoes nothing");
    world.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn modify_disk_spec_ends_its_task_when_the_disk_goes_with_its_instance() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let disk = world.disks_of(&instance).await[1]["DiskId"].as_str().unwrap().to_owned();
    world.rule(r#"{"transition":"modify","behaviour":{"do":"take","milliseconds":20000}}"#);
    let task = world.ok("ModifyDiskSpec", &to(&disk, "cloud_ssd")).await.text_at("TaskId");
    world.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "gone");
    world.pass(20_000).await;
    assert_eq!(task_of(&world, &task).await["TaskStatus"], "Finished");
    assert_eq!(world.assembly.gateway.services.runner.in_flight(), 0);
}

#[tokio::test]
async fn modify_disk_spec_returns_an_order_for_a_subscription_disk() {
    let world = TestServer::new().await;
    let disk = world.disk_with(|disk| disk.charge_type = ChargeType::PrePaid).await;
    world.change_disk(&disk, |disk| disk.size_gib = 500).await;
    let answer = world.ok("ModifyDiskSpec", &at(&disk, "PL2")).await;
    assert!(!answer.text_at("OrderId").is_empty());
    world.finish_all().await;
    let lower = (403, "InvalidPerformanceLevel.TooLow");
    world.turns_down("ModifyDiskSpec", &at(&disk, "PL1"), lower).await;
    let slower = (403, "Downgrade.NotSupported");
    world.turns_down("ModifyDiskSpec", &to(&disk, "cloud_efficiency"), slower).await;
    world.change_disk(&disk, |disk| disk.charge_type = ChargeType::PostPaid).await;
    world.turns_down("ModifyDiskSpec", &at(&disk, "PL0"), lower).await;
    world.ok("ModifyDiskSpec", &to(&disk, "cloud_efficiency")).await;
}

#[tokio::test]
async fn modify_disk_spec_refuses_malformed_and_contradicting_parameters() {
    let world = TestServer::new().await;
    let disk = world.available_disk().await;
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
        world.turns_down("ModifyDiskSpec", ask, (status, code)).await;
    }
    let mismatch = [&to(&disk, "cloud_ssd")[..], &[("PerformanceLevel", "PL1")]].concat();
    let refused = (400, "InvalidPerformanceLevelParam.Mismatch");
    world.turns_down("ModifyDiskSpec", &mismatch, refused).await;
    let too_much = [&to(&disk, "cloud_auto")[..], &[("ProvisionedIops", "49000")]].concat();
    let refused = (400, "InvalidProvisionedIops.LimitExceed");
    world.turns_down("ModifyDiskSpec", &too_much, refused).await;
    let message = "The specified disk does not exist.";
    let unknown = (404, "InvalidDiskId.NotFound", message);
    world.refuses("ModifyDiskSpec", &to("d-none", "cloud_ssd"), unknown).await;
}

#[tokio::test]
async fn modify_disk_spec_refuses_sizes_that_the_new_category_does_not_have() {
    let world = TestServer::new().await;
    let disk = world.disk_with(|disk| disk.category = Category::CloudAuto).await;
    let refused = (403, "InvalidDiskCategory.NotSupported");
    world.change_disk(&disk, |disk| disk.size_gib = 10).await;
    world.turns_down("ModifyDiskSpec", &to(&disk, "cloud_efficiency"), refused).await;
    world.change_disk(&disk, |disk| disk.size_gib = 40_000).await;
    world.turns_down("ModifyDiskSpec", &to(&disk, "cloud_ssd"), refused).await;
    world.change_disk(&disk, |disk| disk.kind = DiskKind::System).await;
    let too_large = (403, "OperationDenied.PerformanceLevelNotMatch");
    world.turns_down("ModifyDiskSpec", &to(&disk, "cloud_essd"), too_large).await;
}

/// Everything that can be wrong is made wrong one after the other, the last check first: each time
/// the newest wrong is the answer.
#[tokio::test]
async fn modify_disk_spec_answers_the_first_failed_precondition() {
    let mut world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    let refuses = async |world: &TestServer, status: u16, code: &str| {
        world.turns_down("ModifyDiskSpec", &to(&disk, "cloud_ssd"), (status, code)).await;
    };
    world.change_disk(&disk, |d| d.zone = "cn-hangzhou-none".to_owned()).await;
    world.change_instance(&instance, |i| i.instance_type = "ecs.g8i.large".to_owned()).await;
    refuses(&world, 403, "InvalidInstanceType.NotSupportDiskCategory").await;
    world.change_disk(&disk, |d| d.multi_attach = true).await;
    refuses(&world, 403, "InvalidOperation.MultiAttachDisk").await;
    world.change_disk(&disk, |d| d.category = Category::Cloud).await;
    refuses(&world, 403, "InvalidDiskCategory.ValueNotSupported").await;
    world.put_in(&instance, InstanceStatus::Starting).await;
    refuses(&world, 400, "InvalidOperation.InstanceStatusUnsupported").await;
    world.change_instance(&instance, |i| i.expires_at = Some(BEGINNING)).await;
    refuses(&world, 403, "InstanceExpiredOrInArrears").await;
    world.change_disk(&disk, |d| d.locks = vec![LockReason::Financial]).await;
    refuses(&world, 403, "DiskInArrears").await;
    world.change_disk(&disk, |d| d.activity = Some(Activity::Resizing { from_gib: 20 })).await;
    refuses(&world, 403, "IncorrectDiskStatus").await;
    world.change_disk(&disk, |d| d.attachments[0].phase = Phase::Attaching).await;
    refuses(&world, 403, "InvalidStatus.DiskNotReady").await;
    world.change_disk(&disk, |d| d.delete_protected = true).await;
    refuses(&world, 403, "InvalidDisk.DetachedSystemDisk").await;
    world.become_another_account().await;
    refuses(&world, 404, "InvalidDiskId.NotFound").await;
}

#[tokio::test]
async fn modify_disk_spec_refuses_a_category_that_the_zone_does_not_sell() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let zone = "[zones]\ncn-hangzhou-i = { region = \"cn-hangzhou\", local_name = \"I\", \
                local_name_en = \"I\", disk_categories = [\"cloud_essd\"] }\n";
    std::fs::write(file.path(), zone).unwrap();
    let inventory = diskdock::inventory::load(Some(file.path())).unwrap();
    let world = TestServer::with(|plan| plan.inventory = inventory).await;
    let disk = world.available_disk().await;
    let refused = (403, "InvalidDiskCategory.NotSupported");
    world.turns_down("ModifyDiskSpec", &to(&disk, "cloud_ssd"), refused).await;
}
