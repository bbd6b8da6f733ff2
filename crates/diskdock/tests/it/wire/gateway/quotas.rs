//! Quotas of an account: what it may have at most, whatever makes it.

use diskdock::service::Quotas;

use crate::harness::{IMAGE, REGION, TestServer, ZONE};

const DISKS: (u16, &str, &str) =
    (403, "QuotaExceed.PostPaidDisk", "Living postPaid disks quota exceeded.");
const INSTANCES: (u16, &str, &str) = (
    403,
    "QuotaExceed.ElasticQuota",
    "No additional quota is available for the specified ECS instance type.",
);

const NO_STOCK: (u16, &str, &str) = (
    403,
    "OperationDenied.NoStock",
    "The requested resource is sold out in the specified zone; try other types of resources or \
     other regions and zones.",
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
    let quotas = Quotas { disks: Some(3), instances: Some(2), machine_memory_mib: None };
    let mut server = TestServer::with(|plan| plan.quotas = quotas).await;
    let disk = server.ok("CreateDisk", &DISK).await.text_at("DiskId");
    server.ok("RunInstances", &launch("1", &[])).await;
    let data = [("DataDisk.1.Size", "20"), ("DataDisk.1.Category", "cloud_essd")];
    let before = server.export_json();
    server.expect_refusal("RunInstances", &launch("1", &data), DISKS).await;
    server.expect_refusal("RunInstances", &launch("2", &[]), INSTANCES).await;
    assert_eq!(server.export_json(), before, "nothing of it was done");
    server.ok("RunInstances", &launch("1", &[])).await;
    server.expect_refusal("CreateDisk", &DISK, DISKS).await;
    let dry = [&DISK[..], &[("DryRun", "true")]].concat();
    server.expect_refusal("CreateDisk", &dry, DISKS).await;
    server.ok("ModifyDiskAttribute", &[("DiskId", &disk), ("DiskName", "other")]).await;
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    server.ok("CreateDisk", &DISK).await;
    server.become_another_account().await;
    server.ok("CreateDisk", &DISK).await;
}

/// Two machines of ecs.g6.large, which has 8 GiB.
const TWO_MACHINES_MIB: u64 = 2 * 8 * 1024 + 1;

const CAPACITY: (u16, &str, &str) = (
    400,
    "QuotaExceed.DiskCapacity",
    "The used capacity of disk type has exceeded the quota in the zone, cn-hangzhou-i.",
);

#[tokio::test]
async fn full_host_refuses_whatever_needs_room_for_disks_and_changes_nothing() {
    let server = TestServer::new().await;
    let disk = server.ok("CreateDisk", &DISK).await.text_at("DiskId");
    let launched = server.ok("RunInstances", &launch("1", &[])).await;
    let instance = &launched.json["InstanceIdSets"]["InstanceIdSet"][0];
    let instance = instance.as_str().unwrap().to_owned();
    server.finish_all().await;
    server.simulated().set_full(true);
    let before = server.export_json();
    let create = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("ImageId", IMAGE),
        ("InstanceType", "ecs.g6.large"),
    ];
    let grow = [("DiskId", disk.as_str()), ("NewSize", "40")];
    server.expect_refusal("CreateDisk", &DISK, CAPACITY).await;
    server.expect_refusal("ResizeDisk", &grow, CAPACITY).await;
    server.expect_refusal("RunInstances", &launch("1", &[]), CAPACITY).await;
    server.expect_refusal("CreateInstance", &create, CAPACITY).await;
    let dry = [&DISK[..], &[("DryRun", "true")]].concat();
    server.expect_refusal("CreateDisk", &dry, CAPACITY).await;
    assert_eq!(server.export_json(), before, "nothing of it was done");

    // Whatever needs no room goes on.
    let both = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.ok("ModifyDiskAttribute", &[("DiskId", &disk), ("DiskName", "other")]).await;
    for action in ["AttachDisk", "DetachDisk"] {
        server.ok(action, &both).await;
        server.finish_all().await;
    }
    let stop = [("InstanceId", instance.as_str()), ("ForceStop", "true")];
    server.ok("StopInstance", &stop).await;
    server.finish_all().await;
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    server.ok("DeleteInstance", &[("InstanceId", &instance)]).await;
    server.simulated().set_full(false);
    server.ok("CreateDisk", &DISK).await;
}

#[tokio::test]
async fn machine_memory_limits_running_instances_only() {
    let quotas = Quotas { machine_memory_mib: Some(TWO_MACHINES_MIB), ..Quotas::default() };
    let mut server = TestServer::with(|plan| plan.quotas = quotas).await;
    server.expect_refusal("RunInstances", &launch("3", &[]), NO_STOCK).await;
    let launched = server.ok("RunInstances", &launch("2", &[])).await;
    let first = &launched.json["InstanceIdSets"]["InstanceIdSet"][0];
    let first = first.as_str().unwrap().to_owned();
    server.finish_all().await;
    let dry = launch("1", &[("DryRun", "true")]);
    server.expect_refusal("RunInstances", &dry, NO_STOCK).await;
    server.ok("RebootInstance", &[("InstanceId", &first)]).await;
    server.finish_all().await;
    server.ok("StopInstance", &[("InstanceId", &first)]).await;
    server.finish_all().await;
    server.ok("RunInstances", &launch("1", &[])).await;
    server.finish_all().await;
    let before = server.export_json();
    server.expect_refusal("StartInstance", &[("InstanceId", &first)], NO_STOCK).await;
    let batch = [("RegionId", REGION), ("InstanceId.1", first.as_str())];
    server.expect_refusal("StartInstances", &batch, NO_STOCK).await;
    assert_eq!(server.export_json(), before, "nothing of it was done");
    // Another account has no memory of its own.
    server.become_another_account().await;
    server.expect_refusal("RunInstances", &launch("1", &[]), NO_STOCK).await;
}
