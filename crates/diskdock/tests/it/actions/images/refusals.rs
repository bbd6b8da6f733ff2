//! Refusals of CreateImage and DeleteImage, one for each rule.

use diskdock::catalog::Environment;
use diskdock::store::{EntityReads, EntityWrites};
use domain::{Activity, CustomImage, ImageId, Instance, InstanceStatus, LockReason, Moment};

use super::{IN_REGION, instance_and_image, shown, system_disk};
use crate::harness::{IMAGE, Refused, TestServer};

/// A server with snapshots of a system disk, of a data disk, and one that is being made.
struct Snapshots {
    server: TestServer,
    system: String,
    data: String,
    unready: String,
}

impl Snapshots {
    async fn new() -> Snapshots {
        let server = TestServer::new().await;
        let instance = server.run_one(&[]).await;
        let system = system_disk(&server, &instance).await;
        let data = server.disk_on(&instance).await;
        let snapshots = (server.snapshot_of(&system).await, server.snapshot_of(&data).await);
        let unready = server.ok("CreateSnapshot", &[("DiskId", &data)]).await.text_at("SnapshotId");
        Snapshots { server, system: snapshots.0, data: snapshots.1, unready }
    }

    async fn refuses(&self, base: &[(&str, &str)], cases: &[Refused<'_>]) {
        for (more, status, code) in cases {
            let ask = [base, more].concat();
            self.server.expect_code("CreateImage", &ask, (*status, code)).await;
        }
    }
}

#[tokio::test]
async fn create_image_wants_a_source_that_is_there() {
    let snapshots = Snapshots::new().await;
    let cases: &[Refused<'_>] = &[
        (&[IN_REGION], 400, "MissingParameter"),
        (
            &[("RegionId", "mars"), ("SnapshotId", &snapshots.system)],
            404,
            "InvalidRegionId.NotFound",
        ),
        (&[IN_REGION, ("InstanceId", "i-none")], 404, "InvalidInstanceId.NotFound"),
        (&[IN_REGION, ("SnapshotId", "s-none")], 404, "InvalidSnapshotId.NotFound"),
        (&[IN_REGION, ("SnapshotId", &snapshots.data)], 403, "OperationDenied"),
    ];
    snapshots.refuses(&[], cases).await;
}

#[tokio::test]
async fn create_image_wants_properties_that_fit() {
    let snapshots = Snapshots::new().await;
    let (platform, version) = ("x".repeat(65), "7".repeat(41));
    let tag = ("Tag.1.Key", "team");
    let many: Vec<_> = (1..=21).map(|nth| (format!("Tag.{nth}.Key"), format!("k-{nth}"))).collect();
    let many: Vec<_> = many.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    let cases: &[Refused<'_>] = &[
        (&[("Architecture", "arm64"), ("BootMode", "BIOS")], 400, "InvalidBootMode.NotSupport"),
        (&[("BootMode", "floppy")], 400, "InvalidBootMode.NotSupport"),
        (&[("Architecture", "i386")], 400, "InvalidArchitecture.Malformed"),
        (&[("ImageName", "aliyun-golden")], 400, "InvalidImageName.Malformed"),
        (&[("ImageFamily", "acs:golden")], 400, "InvalidImageFamily.Malformed"),
        (&[("Description", "https://x")], 400, "InvalidDescription.Malformed"),
        (&[("Platform", &platform)], 400, "InvalidPlatform.Malformed"),
        (&[("ImageVersion", &version)], 400, "InvalidImageVersion.Malformed"),
        (&[("Tag.1.Value", "a")], 400, "InvalidTag.Mismatch"),
        (&[tag, ("Tag.2.Key", "team")], 400, "Duplicate.TagKey"),
        (&many, 400, "InvalidTagCount"),
        (&[("DryRun", "true")], 400, "DryRunOperation"),
    ];
    snapshots.refuses(&[IN_REGION, ("SnapshotId", &snapshots.system)], cases).await;
}

#[tokio::test]
async fn create_image_wants_mappings_that_fit() {
    let snapshots = Snapshots::new().await;
    let data = ("DiskDeviceMapping.2.SnapshotId", snapshots.data.as_str());
    snapshots.refuses(&[IN_REGION], &[(&[data], 400, "OperationDenied")]).await;
    let device = |name: &'static str| ("DiskDeviceMapping.2.Device", name);
    let size = |gib: &'static str| ("DiskDeviceMapping.1.Size", gib);
    let third = [("DiskDeviceMapping.3.Size", "20"), ("DiskDeviceMapping.3.Device", "/dev/vdb")];
    let malformed = "InvalidDevice.Malformed";
    let cases: &[Refused<'_>] = &[
        (
            &[("DiskDeviceMapping.2.SnapshotId", &snapshots.unready)],
            403,
            "InvalidSnapshotId.NotReady",
        ),
        (&[("DiskDeviceMapping.2.SnapshotId", &snapshots.system)], 400, "OperationDenied"),
        (&[data, device("/dev/xvda")], 400, malformed),
        (&[("DiskDeviceMapping.1.Device", "/dev/xvdb")], 400, malformed),
        (&[data, device("/dev/xvdb"), third[0], third[1]], 400, "InvalidDevice.InUse"),
        (&[data, ("DiskDeviceMapping.2.Size", "19")], 400, "InvalidSize.ValueNotSupported"),
        (&[device("/dev/xvdb")], 400, "InvalidSize.ValueNotSupported"),
        (&[size("2049")], 400, "InvalidSize.ValueNotSupported"),
        (&[size("4")], 400, "InvalidSize.ValueNotSupported"),
    ];
    let system = ("DiskDeviceMapping.1.SnapshotId", snapshots.system.as_str());
    snapshots.refuses(&[IN_REGION, system], cases).await;
    let many: Vec<(String, String)> =
        (2..19).map(|nth| (format!("DiskDeviceMapping.{nth}.Size"), "20".to_owned())).collect();
    let many: Vec<_> = many.iter().map(|(name, gib)| (name.as_str(), gib.as_str())).collect();
    snapshots.refuses(&[IN_REGION, system], &[(&many, 400, malformed)]).await;
}

#[tokio::test]
async fn create_image_answers_for_the_instance_and_its_disks() {
    let server = TestServer::new().await;
    let (instance, _) = instance_and_image(&server).await;
    let disk = system_disk(&server, &instance).await;
    let ask = [IN_REGION, ("InstanceId", instance.as_str())];
    let taken = [&ask[..], &[("ImageName", "golden")]].concat();
    server.expect_code("CreateImage", &taken, (400, "InvalidImageName.Duplicated")).await;
    server.change_instance(&instance, |one| one.locks = vec![LockReason::Security]).await;
    server.expect_code("CreateImage", &ask, (400, "InstanceLockedForSecurity")).await;
    server.change_instance(&instance, |one| one.locks.clear()).await;
    server.put_in(&instance, InstanceStatus::Stopping).await;
    server.expect_code("CreateImage", &ask, (400, "IncorrectInstanceStatus")).await;
    server.put_in(&instance, InstanceStatus::Running).await;
    server.change_disk(&disk, |disk| disk.activity = Some(Activity::Modifying)).await;
    server.expect_code("CreateImage", &ask, (403, "IncorrectDiskStatus")).await;
    server.change_disk(&disk, |disk| disk.activity = None).await;
    server.ok("CreateSnapshot", &[("DiskId", &disk)]).await;
    server.expect_code("CreateImage", &ask, (403, "IncorrectDiskStatus.CreatingSnapshot")).await;
    server.finish_all().await;
    server.change_instance(&instance, |one| one.system_disk = None).await;
    server.expect_code("CreateImage", &ask, (400, "InvalidInstance.NotFoundSystemDisk")).await;
}

#[tokio::test]
async fn create_image_answers_for_quotas() {
    let server = TestServer::new().await;
    let (instance, image) = instance_and_image(&server).await;
    let id = ImageId::from(image.as_str());
    let write = move |tx: &mut dyn diskdock::store::WriteTx| {
        let first = tx.get(&id)?.expect("the image");
        (1..100).try_for_each(|nth| {
            let id = ImageId::from(format!("m-{nth}"));
            tx.save(&CustomImage { id, name: format!("n-{nth}"), ..first.clone() })
        })
    };
    server.assembly.gateway.services.store.write(write).await.unwrap();
    let ask = [IN_REGION, ("InstanceId", instance.as_str())];
    server.expect_code("CreateImage", &ask, (403, "QuotaExceed.Image")).await;
    let gone = [IN_REGION, ("ImageId", "m-7"), ("Force", "true")];
    server.ok("DeleteImage", &gone).await;
    server.ok("CreateImage", &ask).await;
    server.finish_all().await;
    let disk = system_disk(&server, &instance).await;
    let snapshot = {
        let shown = shown(&server, &image).await;
        let snapshot = &shown["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"];
        domain::SnapshotId::from(snapshot.as_str().unwrap())
    };
    let write = move |tx: &mut dyn diskdock::store::WriteTx| {
        let first = tx.get(&snapshot)?.expect("the snapshot");
        assert_eq!(first.disk.as_str(), disk);
        (2..256).try_for_each(|nth| {
            let id = domain::SnapshotId::from(format!("s-{nth}"));
            tx.save(&domain::DiskSnapshot { id, created_at: Moment(nth), ..first.clone() })
        })
    };
    server.assembly.gateway.services.store.write(write).await.unwrap();
    server.expect_code("CreateImage", &ask, (403, "QuotaExceed.Snapshot")).await;
}

#[tokio::test]
async fn create_image_of_real_machines_wants_its_base_and_disks_of_its_own() {
    let server = TestServer::new().await;
    let kind =
        [("InstanceType", Some("ecs.g8i.large")), ("SystemDisk.Category", Some("cloud_essd"))];
    let [one, two] = [server.run_one(&kind).await, server.run_one(&kind).await];
    let environments = &server.assembly.gateway.services.environment;
    let current = Environment::clone(&environments.current());
    environments.replace(Environment {
        is_simulated: false,
        can_snapshot_shared_disks: false,
        ..current
    });
    let ask = [IN_REGION, ("InstanceId", one.as_str())];
    let become_gone = |instance: &mut Instance| {
        "m-gone".clone_into(&mut instance.image);
        "m-gone".clone_into(&mut instance.base_image);
    };
    server.change_instance(&one, become_gone).await;
    server.expect_code("CreateImage", &ask, (403, "OperationDenied")).await;
    server.change_instance(&one, |one| IMAGE.clone_into(&mut one.image)).await;
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    for instance in [&one, &two] {
        server.ok("AttachDisk", &[("InstanceId", instance), ("DiskId", &disk)]).await;
        server.finish_all().await;
    }
    server.expect_code("CreateImage", &ask, (403, "IncorrectDiskStatus.Invalid")).await;
    server.ok("DetachDisk", &[("InstanceId", &two), ("DiskId", &disk)]).await;
    server.finish_all().await;
    server.ok("CreateImage", &ask).await;
}

#[tokio::test]
async fn delete_image_answers_the_first_failed_precondition() {
    let server = TestServer::new().await;
    let (instance, _) = instance_and_image(&server).await;
    let ask = [IN_REGION, ("InstanceId", instance.as_str())];
    let creating = server.ok("CreateImage", &ask).await.text_at("ImageId");
    let cases: &[Refused<'_>] = &[
        (&[("RegionId", "mars"), ("ImageId", "m-1")], 404, "InvalidRegionId.NotFound"),
        (&[IN_REGION, ("ImageId", "m-1")], 404, "InvalidImageId.NotFound"),
        (&[IN_REGION, ("ImageId", IMAGE)], 404, "InvalidImageId.NotFound"),
        (&[("RegionId", "cn-beijing"), ("ImageId", &creating)], 404, "InvalidImageId.NotFound"),
        (&[IN_REGION, ("ImageId", &creating), ("Force", "true")], 403, "ImageIsCreating"),
    ];
    for (ask, status, code) in cases {
        server.expect_code("DeleteImage", ask, (*status, code)).await;
    }
}
