//! Instances and system disks that are made from custom images.

use super::{IN_REGION, instance_and_image, shown, system_disk};
use crate::harness::{TestServer, ZONE, launch};

#[tokio::test]
async fn run_instances_gives_the_disks_of_a_custom_image() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    server.disk_on(&instance).await;
    server.disk_on(&instance).await;
    let ask = [IN_REGION, ("InstanceId", &instance), ("ImageFamily", "web")];
    let image = server.ok("CreateImage", &ask).await.text_at("ImageId");
    server.finish_all().await;
    let mappings = shown(&server, &image).await["DiskDeviceMappings"]["DiskDeviceMapping"].clone();
    let changes = [
        ("ImageId", None),
        ("ImageFamily", Some("web")),
        ("DataDisk.1.Device", Some("/dev/xvdc")),
        ("DataDisk.1.Size", Some("30")),
        ("DataDisk.1.DiskName", Some("larger")),
        ("DataDisk.2.Size", Some("50")),
    ];
    let made = server.run_one(&changes).await;
    let reply = server.show(&made).await;
    assert_eq!(reply["ImageId"], image.as_str());
    let first = server.show(&instance).await;
    for name in ["OSType", "OSName", "OSNameEn"] {
        assert_eq!(reply[name], first[name], "{name}");
    }
    let disks = server.disks_of(&made).await;
    let reply: Vec<_> = disks
        .iter()
        .map(|disk| {
            let text = |name: &str| disk[name].as_str().unwrap().to_owned();
            (text("Device"), disk["Size"].as_u64().unwrap(), text("SourceSnapshotId"))
        })
        .collect();
    let snapshot = |at: usize| mappings[at]["SnapshotId"].as_str().unwrap().to_owned();
    assert_eq!(
        reply,
        [
            ("/dev/xvda".to_owned(), 40, snapshot(0)),
            ("/dev/xvdb".to_owned(), 20, snapshot(1)),
            ("/dev/xvdc".to_owned(), 30, snapshot(2)),
            ("/dev/xvdd".to_owned(), 50, String::new()),
        ]
    );
    assert_eq!(disks[0]["ImageId"], image.as_str());
    assert_eq!(disks[2]["DiskName"], "larger");
    assert_eq!(server.differences().await, []);
    let smaller = [("ImageId", Some(image.as_str())), ("SystemDisk.Size", Some("39"))];
    let refused = (404, "InvalidSystemDiskSize.LessThanImageSize");
    server.expect_code("RunInstances", &launch(&smaller), refused).await;
    let smaller = [
        ("ImageId", Some(image.as_str())),
        ("DataDisk.1.Device", Some("/dev/xvdb")),
        ("DataDisk.1.Size", Some("19")),
        ("DataDisk.1.Category", Some("cloud")),
    ];
    let refused = server.call("RunInstances", &launch(&smaller)).await;
    assert_eq!(refused.code(), "InvalidDataDiskSize.ValueNotSupported");
}

#[tokio::test]
async fn create_instance_takes_a_custom_image() {
    let server = TestServer::new().await;
    let (_, image) = instance_and_image(&server).await;
    let ask = launch(&[("ImageId", Some(&image))]);
    let made = server.ok("CreateInstance", &ask).await.text_at("InstanceId");
    server.finish_all().await;
    let reply = server.show(&made).await;
    assert_eq!((&reply["Status"], &reply["ImageId"]), (&"Stopped".into(), &image.as_str().into()));
    let ask = [IN_REGION, ("ImageId", &image)];
    let types = server.ok("DescribeImageSupportInstanceTypes", &ask).await.json;
    assert!(!types["InstanceTypes"]["InstanceType"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn image_of_an_instance_of_a_custom_image_outlives_that() {
    let server = TestServer::new().await;
    let (_, first) = instance_and_image(&server).await;
    let made = server.run_one(&[("ImageId", Some(&first))]).await;
    let force = [IN_REGION, ("ImageId", &first), ("Force", "true")];
    server.ok("DeleteImage", &force).await;
    let ask = [IN_REGION, ("InstanceId", &made), ("Platform", "Ubuntu")];
    let second = server.ok("CreateImage", &ask).await.text_at("ImageId");
    server.finish_all().await;
    let image = shown(&server, &second).await;
    assert_eq!((&image["Status"], &image["Platform"]), (&"Available".into(), &"Ubuntu".into()));
    server.run_one(&[("ImageId", Some(&second))]).await;
}

#[tokio::test]
async fn replace_system_disk_takes_a_custom_image() {
    let server = TestServer::new().await;
    let (_, image) = instance_and_image(&server).await;
    let instance = server.stopped_instance().await;
    let ask = [("InstanceId", instance.as_str()), ("ImageId", &image)];
    let new = server.ok("ReplaceSystemDisk", &ask).await.text_at("DiskId");
    server.finish_all().await;
    let mappings =
        shown(&server, &image).await["DiskDeviceMappings"]["DiskDeviceMapping"][0].clone();
    let disk = server.describe(&new).await;
    assert_eq!((&disk["Status"], &disk["ImageId"]), (&"In_use".into(), &image.as_str().into()));
    assert_eq!(disk["SourceSnapshotId"], mappings["SnapshotId"]);
    assert_eq!(server.show(&instance).await["ImageId"], image.as_str());
    server.ok("ReInitDisk", &[("DiskId", &new)]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&new).await, "In_use");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn replace_system_disk_refuses_an_image_with_data_disks_or_not_ready() {
    let server = TestServer::new().await;
    let instance = server.stopped_instance().await;
    server.disk_on(&instance).await;
    let ask = [IN_REGION, ("InstanceId", &instance)];
    let image = server.ok("CreateImage", &ask).await.text_at("ImageId");
    let replace = [("InstanceId", instance.as_str()), ("ImageId", &image)];
    let early = (403, "OperationDenied.ImageNotValid");
    server.expect_code("ReplaceSystemDisk", &replace, early).await;
    server.finish_all().await;
    server.expect_code("ReplaceSystemDisk", &replace, (400, "OperationDenied")).await;
}

#[tokio::test]
async fn detach_of_a_system_disk_wants_its_custom_image() {
    let server = TestServer::new().await;
    let (_, image) = instance_and_image(&server).await;
    let made = server.run_one(&[("ImageId", Some(&image)), ("ZoneId", Some(ZONE))]).await;
    server.ok("StopInstance", &[("InstanceId", &made)]).await;
    server.finish_all().await;
    let disk = system_disk(&server, &made).await;
    server.ok("DetachDisk", &[("InstanceId", &made), ("DiskId", &disk)]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}
