//! The BOSH CPI: a machine with its agent's settings in its user data, and a persistent disk, as
//! the director has them made, with the polls of the CPI.

use serde_json::Value;

use crate::harness::{IMAGE, REGION, Style, TestServer, ZONE};

const IN_REGION: (&str, &str) = ("RegionId", REGION);

/// Most calls go by the old SDK; RunInstances and DescribeInstanceTypes by the current one.
async fn ok_acs3(server: &TestServer, action: &str, parameters: &[(&str, &str)]) -> Value {
    let answer = server.call_in(Style::ACS3, action, parameters).await;
    assert_eq!(answer.status, 200, "{action} {parameters:?}: {}", answer.text);
    answer.json
}

/// create_vm: a machine with an ephemeral disk, whose user data is then written anew.
async fn create_vm(server: &TestServer) -> String {
    let ask = [IN_REGION, ("InstanceTypes.1", "ecs.g6.large")];
    let types = ok_acs3(server, "DescribeInstanceTypes", &ask).await;
    assert_eq!(types["InstanceTypes"]["InstanceType"][0]["InstanceTypeId"], "ecs.g6.large");
    let ask = [
        IN_REGION,
        ("ZoneId", ZONE),
        ("InstanceType", "ecs.g6.large"),
        ("ImageId", IMAGE),
        ("Amount", "1"),
        ("ClientToken", "vm-1"),
        ("DataDisk.1.Size", "50"),
        ("DataDisk.1.Category", "cloud_essd"),
        ("DataDisk.1.DeleteWithInstance", "true"),
        ("UserData", "e30="),
    ];
    let made = ok_acs3(server, "RunInstances", &ask).await;
    let vm = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned();
    server.finish_all().await;
    assert_eq!(server.instance_status(&vm).await, "Running");
    vm
}

/// The settings of the agent, which the CPI reads and writes with each attach and detach.
async fn write_settings(server: &TestServer, vm: &str, settings: &str) {
    let of_vm = [IN_REGION, ("InstanceId", vm)];
    let shown = server.ok("DescribeInstanceAttribute", &of_vm[1..]).await;
    assert_eq!(
        (shown.text_at("InstanceId"), shown.text_at("RegionId")),
        (vm.into(), REGION.into())
    );
    server.ok("DescribeUserData", &of_vm).await;
    let write = [("InstanceId", vm), ("UserData", settings)];
    server.ok("ModifyInstanceAttribute", &write).await;
    let read = server.ok("DescribeUserData", &of_vm).await.text_at("UserData");
    assert_eq!(read, settings);
}

/// The loop of attach_disk and detach_disk: the call at each poll that finds the first status,
/// a wait at the middle one, and an error at any other. The statuses that the polls saw.
async fn change_status(
    server: &TestServer,
    (action, vm, disk): (&str, &str, &str),
    [from, on_the_way, to]: [&str; 3],
) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..10 {
        let status = server.status_of(disk).await;
        seen.push(status.clone());
        if status == to {
            return seen;
        } else if status == from {
            server.ok(action, &[("InstanceId", vm), ("DiskId", disk)]).await;
        } else {
            assert_eq!(status, on_the_way, "{action} ends in an error");
            server.pass(500).await;
        }
    }
    panic!("{action}: {seen:?}");
}

async fn create_disk(server: &TestServer, size: &str) -> String {
    let ask = [
        IN_REGION,
        ("ZoneId", ZONE),
        ("Size", size),
        ("DiskCategory", "cloud_essd"),
        ("ClientToken", size),
    ];
    let disk = server.ok("CreateDisk", &ask).await.text_at("DiskId");
    assert!(disk.contains('-'), "the CPI takes what is behind the dash");
    server.finish_all().await;
    disk
}

#[tokio::test]
async fn bosh_persistent_disk_goes_on_and_off_a_machine_with_its_settings() {
    let server = TestServer::new().await;
    let vm = create_vm(&server).await;
    let disk = create_disk(&server, "40").await;
    write_settings(&server, &vm, "eyJkaXNrcyI6W119").await;
    let attach = ("AttachDisk", vm.as_str(), disk.as_str());
    let seen = change_status(&server, attach, ["Available", "Attaching", "In_use"]).await;
    assert_eq!(seen[..2], ["Available", "Attaching"], "called once");
    let shown = server.describe(&disk).await;
    assert!(shown["Device"].as_str().unwrap().len() >= "/dev/x".len());
    write_settings(&server, &vm, "eyJkaXNrcyI6WzFdfQ==").await;

    let on_vm = server.disks_of(&vm).await;
    let data = on_vm.iter().filter(|one| one["Type"] == "data").count();
    assert_eq!((on_vm.len(), data), (3, 2), "get_disks: system, ephemeral, persistent");
    let tag = [
        IN_REGION,
        ("ResourceType", "disk"),
        ("ResourceId", disk.as_str()),
        ("Tag.1.Key", "director"),
        ("Tag.1.Value", "bosh"),
    ];
    server.ok("AddTags", &tag).await;
    assert_eq!(server.describe(&disk).await["Tags"]["Tag"][0]["TagKey"], "director");

    let detach = ("DetachDisk", vm.as_str(), disk.as_str());
    let seen = change_status(&server, detach, ["In_use", "Detaching", "Available"]).await;
    assert_eq!(seen[..2], ["In_use", "Detaching"], "called once");
    let late = [("InstanceId", vm.as_str()), ("DiskId", disk.as_str())];
    server.expect_code("DetachDisk", &late, (404, "InvalidDisk.AlreadyDetached")).await;
    write_settings(&server, &vm, "eyJkaXNrcyI6W119").await;
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    assert_eq!(server.status_of(&disk).await, "gone");
}

/// snapshot_disk, resize_disk and update_disk, the last until category, level and status fit.
#[tokio::test]
async fn bosh_disk_is_snapshotted_enlarged_and_changed() {
    let server = TestServer::new().await;
    let vm = create_vm(&server).await;
    let disk = create_disk(&server, "40").await;
    let attach = ("AttachDisk", vm.as_str(), disk.as_str());
    change_status(&server, attach, ["Available", "Attaching", "In_use"]).await;
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.finish_all().await;
    server.ok("DeleteSnapshot", &[("SnapshotId", &snapshot)]).await;
    let detach = ("DetachDisk", vm.as_str(), disk.as_str());
    change_status(&server, detach, ["In_use", "Detaching", "Available"]).await;
    server.ok("ResizeDisk", &[("DiskId", &disk), ("NewSize", "500")]).await;
    assert_eq!(server.describe(&disk).await["Size"], 500);
    server.finish_all().await;

    let change = [("DiskId", disk.as_str()), ("DiskCategory", "cloud_essd")];
    let faster = [&change[..], &[("PerformanceLevel", "PL2")]].concat();
    server.ok("ModifyDiskSpec", &faster).await;
    let shown = server.describe(&disk).await;
    assert_eq!(shown["Status"], "Available", "no status that the CPI does not know");
    server.finish_all().await;
    assert_eq!(server.describe(&disk).await["PerformanceLevel"], "PL2");
    let basic = [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "40"), ("DiskCategory", "cloud")];
    let basic = server.ok("CreateDisk", &basic).await.text_at("DiskId");
    server.finish_all().await;
    let change = [("DiskId", basic.as_str()), ("DiskCategory", "cloud_essd")];
    // For this code, the CPI makes a disk of the new kind from a snapshot of the old one.
    let refused = (403, "InvalidDiskCategory.ValueNotSupported");
    server.expect_code("ModifyDiskSpec", &change, refused).await;
}

/// has_disk of a disk that is nowhere: every region is asked. Then the machine goes, twice.
#[tokio::test]
async fn bosh_unknown_disk_is_in_no_region_and_a_machine_is_deleted_twice() {
    let server = TestServer::new().await;
    let vm = create_vm(&server).await;
    let ephemeral = server.disks_of(&vm).await.pop().unwrap();
    let regions = server.list("DescribeRegions", &[], ("Regions", "Region", "RegionId")).await;
    assert!(regions.len() > 1);
    for region in &regions {
        let ask = [("RegionId", region.as_str()), ("DiskIds", "[\"d-bp1nosuchdisk0000000\"]")];
        let found = server.ok("DescribeDisks", &ask).await;
        assert_eq!(found.json["TotalCount"], 0, "{region}");
    }
    server.ok("StopInstance", &[("InstanceId", &vm), ("ForceStop", "true")]).await;
    server.finish_all().await;
    server.ok("DeleteInstance", &[("InstanceId", &vm)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&vm).await, "gone");
    assert_eq!(server.status_of(ephemeral["DiskId"].as_str().unwrap()).await, "gone");
    let again = [("InstanceId", vm.as_str())];
    server.expect_code("DeleteInstance", &again, (404, "InvalidInstanceId.NotFound")).await;
}
