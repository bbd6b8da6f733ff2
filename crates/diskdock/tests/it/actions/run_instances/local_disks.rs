//! Local disks: they come with a type that has them, stay on their instance, and go with it.

use super::texts;
use crate::harness::{REGION, TestServer, ZONE};

#[tokio::test]
async fn local_disks_are_created_and_deleted_with_the_instance() {
    let server = TestServer::new().await;
    let kind = [("InstanceType", Some("ecs.i2.4xlarge")), ("DataDisk.1.Size", Some("20"))];
    let instance = server.run_one(&kind).await;
    let disks = server.disks_of(&instance).await;
    let devices = ["/dev/xvda", "/dev/xvdb", "/dev/xvdc", "/dev/xvdd"];
    assert_eq!(texts(&disks, "Device"), devices);
    let local = &disks[2..];
    assert_eq!(texts(local, "Category"), ["local_ssd_pro"; 2]);
    for disk in local {
        assert_eq!((&disk["Type"], &disk["Size"]), (&"data".into(), &1788.into()));
        assert_eq!((&disk["Portable"], &disk["Status"]), (&false.into(), &"In_use".into()));
        assert_eq!(disk["DeleteWithInstance"], true);
        let id = disk["DiskId"].as_str().unwrap();
        let ask = [("InstanceId", instance.as_str()), ("DiskId", id)];
        server.expect_code("DetachDisk", &ask, (403, "DiskNotPortable")).await;
    }
    assert_eq!(server.observe(&instance).await.unwrap().disks.len(), 4);
    assert_eq!(server.differences().await, []);
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    for disk in &disks {
        assert_eq!(server.status_of(disk["DiskId"].as_str().unwrap()).await, "gone");
    }
    assert_eq!(server.differences().await, []);
}

/// DiskQuantity counts cloud disks.
#[tokio::test]
async fn local_disks_do_not_count_towards_the_disk_quantity_of_the_type() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[("InstanceType", Some("ecs.i2.xlarge"))]).await;
    let field = ("InstanceTypes", "InstanceType", "InstanceTypeId");
    let ask = [("InstanceTypes.1", "ecs.i2.xlarge")];
    assert_eq!(server.list("DescribeInstanceTypes", &ask, field).await, ["ecs.i2.xlarge"]);
    let answer = server.ok("DescribeInstanceTypes", &ask).await;
    let held = answer.json["InstanceTypes"]["InstanceType"][0]["DiskQuantity"].as_u64().unwrap();
    let efficient = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("Size", "20"),
        ("DiskCategory", "cloud_efficiency"),
    ];
    for _ in 1..held {
        let disk = server.ok("CreateDisk", &efficient).await.text_at("DiskId");
        server.ok("AttachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
        server.finish_all().await;
    }
    let disk = server.ok("CreateDisk", &efficient).await.text_at("DiskId");
    let ask = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.expect_code("AttachDisk", &ask, (403, "InstanceDiskLimitExceeded")).await;
}
