//! CreateImage and DeleteImage, and what is made from custom images.

mod launches;
mod modify;
mod refusals;

use serde_json::{Value, json};

use crate::harness::{IMAGE, REGION, TestServer, ZONE};

const IN_REGION: (&str, &str) = ("RegionId", REGION);
const ALL: (&str, &str) = ("Status", "ALL");

/// An image as DescribeImages shows it, in whatever status.
async fn shown(server: &TestServer, id: &str) -> Value {
    let ask = [IN_REGION, ALL, ("ImageId", id)];
    server.ok("DescribeImages", &ask).await.json["Images"]["Image"][0].clone()
}

/// The custom images that match.
async fn found(server: &TestServer, filters: &[(&str, &str)]) -> Vec<String> {
    let ask = [&[IN_REGION, ("ImageOwnerAlias", "self")], filters].concat();
    server.list("DescribeImages", &ask, ("Images", "Image", "ImageName")).await
}

/// The system disk of an instance.
async fn system_disk(server: &TestServer, instance: &str) -> String {
    server.disks_of(instance).await[0]["DiskId"].as_str().unwrap().to_owned()
}

/// An instance, and an Available image of it.
async fn instance_and_image(server: &TestServer) -> (String, String) {
    let instance = server.run_one(&[]).await;
    let ask = [IN_REGION, ("InstanceId", &instance), ("ImageName", "golden")];
    let image = server.ok("CreateImage", &ask).await.text_at("ImageId");
    server.finish_all().await;
    assert_eq!(shown(server, &image).await["Status"], "Available");
    (instance, image)
}

/// As Packer does it: of an instance, until it is Available.
#[tokio::test]
async fn create_image_keeps_all_disks_of_an_instance() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let data = server.disk_on(&instance).await;
    let ask = [
        &[IN_REGION, ("InstanceId", &instance), ("ImageName", "golden"), ("ImageVersion", "7")][..],
        &[("ImageFamily", "web"), ("Description", "nightly"), ("ClientToken", "token-1")],
        &[("Tag.1.Key", "team"), ("Tag.1.Value", "storage"), ("ResourceGroupId", "rg-1")],
    ]
    .concat();
    let id = server.ok("CreateImage", &ask).await.text_at("ImageId");
    assert!(id.starts_with("m-"), "{id}");
    let image = shown(&server, &id).await;
    assert_eq!((&image["Status"], &image["Progress"]), (&"Creating".into(), &"0%".into()));
    assert_eq!(found(&server, &[]).await, [""; 0], "only Available ones, unless asked for");
    assert_eq!(found(&server, &[("Status", "Creating,Available")]).await, ["golden"]);
    server.finish_all().await;
    let image = shown(&server, &id).await;
    for (name, expected) in [
        ("Status", json!("Available")),
        ("ImageName", json!("golden")),
        ("ImageFamily", json!("web")),
        ("ImageVersion", json!("7")),
        ("Description", json!("nightly")),
        ("ImageOwnerAlias", json!("self")),
        ("Platform", json!("Ubuntu")),
        ("OSType", json!("linux")),
        ("Architecture", json!("x86_64")),
        ("Usage", json!("none")),
        ("Usable", json!(true)),
        ("Size", json!(40)),
        ("ResourceGroupId", json!("rg-1")),
        ("Tags", json!({ "Tag": [{ "TagKey": "team", "TagValue": "storage" }] })),
    ] {
        assert_eq!(image[name], expected, "{name}");
    }
    let disks = image["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    let reply = |disk: &Value| (disk["Type"].clone(), disk["Device"].clone(), disk["Size"].clone());
    assert_eq!(reply(&disks[0]), ("system".into(), "/dev/xvda".into(), "40".into()));
    assert_eq!(reply(&disks[1]), ("data".into(), "/dev/xvdb".into(), "20".into()));
    let snapshot = server.snapshot(disks[1]["SnapshotId"].as_str().unwrap()).await;
    assert_eq!(snapshot["SourceDiskId"], data.as_str());
    assert_eq!(
        (&snapshot["Status"], &snapshot["Usage"]),
        (&"accomplished".into(), &"image".into())
    );
    assert_eq!(server.ok("CreateImage", &ask).await.text_at("ImageId"), id, "once");
    let other = [&ask[..2], &[("ImageName", "other"), ("ClientToken", "token-1")]].concat();
    server.expect_code("CreateImage", &other, (400, "IdempotenceParamNotMatch")).await;
}

#[tokio::test]
async fn create_image_takes_one_snapshot_or_several() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let data = server.disk_on(&instance).await;
    let system = system_disk(&server, &instance).await;
    let (system, data) = (server.snapshot_of(&system).await, server.snapshot_of(&data).await);
    let ask = [IN_REGION, ("SnapshotId", &system)];
    let plain = server.ok("CreateImage", &ask).await.text_at("ImageId");
    server.finish_all().await;
    let image = shown(&server, &plain).await;
    assert_eq!(image["ImageName"], plain.as_str(), "named as its id");
    let disks = image["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    assert_eq!((disks.len(), &disks[0]["SnapshotId"]), (1, &system.as_str().into()));

    let mapped = [
        &[IN_REGION, ("SnapshotId", "s-does-not-count"), ("ImageName", "three-disks")][..],
        &[("DiskDeviceMapping.1.Size", "30"), ("DiskDeviceMapping.1.Device", "/dev/vdc")],
        &[("DiskDeviceMapping.2.SnapshotId", &data), ("DiskDeviceMapping.2.Size", "25")],
        &[("DiskDeviceMapping.3.SnapshotId", &system)],
    ]
    .concat();
    let image = server.ok("CreateImage", &mapped).await.text_at("ImageId");
    server.finish_all().await;
    let image = shown(&server, &image).await;
    let disks = image["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    let reply = |disk: &Value| ["Type", "Device", "Size", "SnapshotId"].map(|n| disk[n].clone());
    assert_eq!(reply(&disks[0]), ["system", "/dev/xvda", "40", &system].map(Value::from));
    assert_eq!(reply(&disks[1]), ["data", "/dev/xvdb", "25", &data].map(Value::from));
    assert_eq!(reply(&disks[2]), ["data", "/dev/xvdc", "30", ""].map(Value::from));
    assert_eq!(found(&server, &[("SnapshotId", &data)]).await, ["three-disks"]);
    assert_eq!(found(&server, &[("SnapshotId", &system)]).await.len(), 2);
    assert_eq!(found(&server, &[("SnapshotId", "s-other")]).await.len(), 0);
}

#[tokio::test]
async fn create_image_makes_a_data_disk_the_system_disk_if_the_system_is_described() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let snapshot = server.snapshot_of(&disk).await;
    let system = [
        &[IN_REGION, ("DiskDeviceMapping.1.SnapshotId", &snapshot)][..],
        &[("DiskDeviceMapping.1.DiskType", "system")],
    ]
    .concat();
    server.expect_code("CreateImage", &system, (403, "OperationDenied")).await;
    let reply = [
        &system[..],
        &[("Platform", "Windows Server 2022"), ("Architecture", "x86_64"), ("BootMode", "UEFI")],
    ]
    .concat();
    let image = server.ok("CreateImage", &reply).await.text_at("ImageId");
    server.finish_all().await;
    let image = shown(&server, &image).await;
    let seen = ["Platform", "OSType", "BootMode", "Status"].map(|name| image[name].clone());
    assert_eq!(seen, ["Windows Server 2022", "windows", "UEFI", "Available"].map(Value::from));
}

#[tokio::test]
async fn create_image_that_fails_leaves_no_snapshot_and_can_be_deleted() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    server.rule(r#"{"transition":"snapshot","times":1,"behaviour":{"do":"refuse"}}"#);
    let ask = [IN_REGION, ("InstanceId", &instance), ("ImageName", "golden")];
    let id = server.ok("CreateImage", &ask).await.text_at("ImageId");
    let gone = [IN_REGION, ("ImageId", &id)];
    server.expect_code("DeleteImage", &gone, (403, "ImageIsCreating")).await;
    server.finish_all().await;
    let image = shown(&server, &id).await;
    assert_eq!((&image["Status"], &image["Usable"]), (&"CreateFailed".into(), &false.into()));
    let launch = [IN_REGION, ("InstanceType", "ecs.g6.large"), ("ImageId", &id)];
    for action in ["RunInstances", "CreateInstance"] {
        server.expect_code(action, &launch, (403, "OperationDenied.ImageNotValid")).await;
    }
    server.ok("DeleteImage", &gone).await;
    assert_eq!(shown(&server, &id).await, Value::Null);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn create_image_completes_after_a_restart() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let ask = [IN_REGION, ("InstanceId", &instance), ("ImageName", "golden")];
    let id = server.ok("CreateImage", &ask).await.text_at("ImageId");
    let server = server.restart().await;
    server.finish_all().await;
    assert_eq!(shown(&server, &id).await["Status"], "Available");
    let server = server.restart().await;
    assert_eq!(found(&server, &[("ImageName", "gold*")]).await, ["golden"]);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn describe_images_applies_every_filter_to_custom_images() {
    let server = TestServer::new().await;
    let (instance, image) = instance_and_image(&server).await;
    let tags = [IN_REGION, ("ResourceType", "image"), ("ResourceId.1", &image)];
    let tags = [&tags[..], &[("Tag.1.Key", "team"), ("Tag.1.Value", "storage")]].concat();
    server.ok("TagResources", &tags).await;
    let join = [IN_REGION, ("ResourceType", "image"), ("ResourceId", &image)];
    let join = [&join[..], &[("ResourceGroupId", "rg-1")]].concat();
    server.ok("JoinResourceGroup", &join).await;
    let cases: &[(&[(&str, &str)], usize)] = &[
        (&[], 1),
        (&[("ImageId", &image)], 1),
        (&[("ImageName", "*old*")], 1),
        (&[("ImageName", "gold")], 0),
        (&[("ImageFamily", "none")], 0),
        (&[("Usage", "instance")], 0),
        (&[("Usage", "none")], 1),
        (&[("Usable", "false")], 0),
        (&[("Usable", "true")], 1),
        (&[("Status", "CreateFailed")], 0),
        (&[ALL], 1),
        (&[("OSType", "windows")], 0),
        (&[("InstanceType", "ecs.g6.large")], 1),
        (&[("IsPublic", "true")], 0),
        (&[("ResourceGroupId", "rg-1")], 1),
        (&[("ResourceGroupId", "rg-2")], 0),
        (&[("Tag.1.Key", "team")], 1),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "other")], 0),
        (&[("Filter.1.Key", "CreationStartTime"), ("Filter.1.Value", "2030-01-01T00:00Z")], 0),
    ];
    for (filters, expected) in cases {
        assert_eq!(found(&server, filters).await.len(), *expected, "{filters:?}");
    }
    let made = server.run_one(&[("ImageId", Some(&image))]).await;
    assert_eq!(found(&server, &[("Usage", "instance")]).await, ["golden"]);
    assert_ne!(made, instance);
    let elsewhere = [("RegionId", "cn-beijing"), ("ImageOwnerAlias", "self")];
    assert_eq!(server.ok("DescribeImages", &elsewhere).await.json["TotalCount"], 0);
    let mut server = server;
    server.become_another_account().await;
    assert_eq!(found(&server, &[]).await.len(), 0, "images of another account");
    let theirs =
        [IN_REGION, ("ZoneId", ZONE), ("InstanceType", "ecs.g6.large"), ("ImageId", &image)];
    server.expect_code("RunInstances", &theirs, (404, "InvalidImageId.NotFound")).await;
}

#[tokio::test]
async fn delete_image_leaves_its_snapshots_and_instances() {
    let server = TestServer::new().await;
    let (_, image) = instance_and_image(&server).await;
    let disks = shown(&server, &image).await["DiskDeviceMappings"]["DiskDeviceMapping"].clone();
    let snapshot = disks[0]["SnapshotId"].as_str().unwrap().to_owned();
    let made = server.run_one(&[("ImageId", Some(&image))]).await;
    let delete = [IN_REGION, ("ImageId", &image)];
    server.expect_code("DeleteImage", &delete, (403, "ImageUsingByInstance")).await;
    let force = [&delete[..], &[("Force", "true")]].concat();
    let dry = [&force[..], &[("DryRun", "true")]].concat();
    server.expect_code("DeleteImage", &dry, (400, "DryRunOperation")).await;
    server.ok("DeleteImage", &force).await;
    server.expect_code("DeleteImage", &force, (404, "InvalidImageId.NotFound")).await;
    assert_eq!(server.snapshot(&snapshot).await["Usage"], "disk");
    assert_eq!(server.show(&made).await["ImageId"], image.as_str());
    server.ok("StopInstance", &[("InstanceId", &made)]).await;
    server.finish_all().await;
    let system = system_disk(&server, &made).await;
    let reinit = [("DiskId", system.as_str())];
    server.expect_code("ReInitDisk", &reinit, (404, "InvalidDiskId.OperationNotSupported")).await;
    server.ok("StartInstance", &[("InstanceId", &made)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&made).await, "Running");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn snapshots_of_an_image_stay_while_it_exists() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let disk = system_disk(&server, &instance).await;
    let short = [("DiskId", disk.as_str()), ("RetentionDays", "1")];
    let snapshot = server.ok("CreateSnapshot", &short).await.text_at("SnapshotId");
    server.finish_all().await;
    let ask = [IN_REGION, ("SnapshotId", &snapshot), ("ImageName", "golden")];
    let image = server.ok("CreateImage", &ask).await.text_at("ImageId");
    server.finish_all().await;
    for force in ["false", "true"] {
        let delete = [("SnapshotId", snapshot.as_str()), ("Force", force)];
        server.expect_code("DeleteSnapshot", &delete, (403, "SnapshotCreatedImage")).await;
    }
    const DAY_MS: i64 = 24 * 3_600_000;
    server.pass(2 * DAY_MS).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(server.snapshot(&snapshot).await["Usage"], "image", "beyond its retention");
    let made = server.run_one(&[("ImageId", Some(&image))]).await;
    assert_eq!(server.snapshot(&snapshot).await["Usage"], "image_disk");
    let used = [IN_REGION, ("Usage", "image_disk")];
    let named = server.list("DescribeSnapshots", &used, ("Snapshots", "Snapshot", "SnapshotId"));
    assert_eq!(named.await, [snapshot.as_str()]);
    let force = [IN_REGION, ("ImageId", &image), ("Force", "true")];
    server.ok("DeleteImage", &force).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(server.snapshot(&snapshot).await, Value::Null, "nothing needs it any more");
    assert_eq!(server.instance_status(&made).await, "Running");
    assert_eq!(server.show(&instance).await["ImageId"], IMAGE);
}
