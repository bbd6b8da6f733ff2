//! Quotas of an account: what it may have at most, whatever makes it.

use diskdock::service::Quotas;

use crate::harness::{IMAGE, REGION, World, ZONE};

const DISKS: (u16, &str, &str) =
    (403, "QuotaExceed.PostPaidDisk", "Living postPaid disks quota exceeded.");
const INSTANCES: (u16, &str, &str) = (
    403,
    "QuotaExceed.ElasticQuota",
    "No additional quota is available for the specified ECS instance type.",
);

const DISK: [(&str, &str); 4] =
    [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20"), ("DiskCategory", "cloud_essd")];

fn launch<'a>(amount: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let own = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("ImageId", IMAGE),
        ("InstanceType", "ecs.g6.large"),
        ("Amount", amount),
    ];
    [&own[..], more].concat()
}

#[tokio::test]
async fn quotas_apply_per_account_to_every_creating_action() {
    let quotas = Quotas { disks: Some(3), instances: Some(2) };
    let mut world = World::with(|plan| plan.quotas = quotas).await;
    let disk = world.ok("CreateDisk", &DISK).await.text_at("DiskId");
    world.ok("RunInstances", &launch("1", &[])).await;
    let data = [("DataDisk.1.Size", "20"), ("DataDisk.1.Category", "cloud_essd")];
    let before = world.tx();
    world.refuses("RunInstances", &launch("1", &data), DISKS).await;
    world.refuses("RunInstances", &launch("2", &[]), INSTANCES).await;
    assert_eq!(world.tx(), before, "nothing of it was done");
    world.ok("RunInstances", &launch("1", &[])).await;
    world.refuses("CreateDisk", &DISK, DISKS).await;
    let dry = [&DISK[..], &[("DryRun", "true")]].concat();
    world.refuses("CreateDisk", &dry, DISKS).await;
    world.ok("ModifyDiskAttribute", &[("DiskId", &disk), ("DiskName", "other")]).await;
    world.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    world.ok("CreateDisk", &DISK).await;
    world.become_another_account().await;
    world.ok("CreateDisk", &DISK).await;
}
