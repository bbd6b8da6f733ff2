//! ModifyImageAttribute: names, and images that are deprecated.

use serde_json::json;

use super::{IN_REGION, found, instance_and_image, shown};
use crate::harness::{Refused, TestServer, launch};

#[tokio::test]
async fn modify_image_attribute_changes_what_is_given() {
    let server = TestServer::new().await;
    let (_, image) = instance_and_image(&server).await;
    let before = shown(&server, &image).await;
    let of = [IN_REGION, ("ImageId", image.as_str())];
    server.ok("ModifyImageAttribute", &of).await;
    assert_eq!(shown(&server, &image).await, before, "nothing is given");
    let ask = [
        &of[..],
        &[("ImageName", "silver"), ("ImageFamily", "web"), ("Description", "weekly")],
        &[("BootMode", "UEFI"), ("LicenseType", "BYOL")],
        &[("Features.NvmeSupport", "unsupported"), ("Features.ImdsSupport", "v2")],
    ]
    .concat();
    let dry = [&ask[..], &[("DryRun", "true")]].concat();
    server.expect_code("ModifyImageAttribute", &dry, (400, "DryRunOperation")).await;
    assert_eq!(shown(&server, &image).await, before);
    server.ok("ModifyImageAttribute", &ask).await;
    let now = shown(&server, &image).await;
    for (name, expected) in [
        ("ImageName", json!("silver")),
        ("ImageFamily", json!("web")),
        ("Description", json!("weekly")),
        ("BootMode", json!("UEFI")),
        ("Status", json!("Available")),
        ("CreationTime", before["CreationTime"].clone()),
    ] {
        assert_eq!(now[name], expected, "{name}");
    }
    assert_eq!(now["Features"]["NvmeSupport"], "unsupported");
    server.ok("ModifyImageAttribute", &ask).await;
    server.ok("ModifyImageAttribute", &[&of[..], &[("Description", "")]].concat()).await;
    assert_eq!(shown(&server, &image).await["Description"], "");
}

/// Instances that were made from it stay and can be set back to it.
#[tokio::test]
async fn deprecated_image_makes_no_more_instances_until_it_is_available_again() {
    let server = TestServer::new().await;
    let (_, image) = instance_and_image(&server).await;
    let of = [IN_REGION, ("ImageId", image.as_str())];
    let into = |status| [of[0], of[1], ("Status", status)];
    let made = server.run_one(&[("ImageId", Some(&image))]).await;
    let early = (403, "ImageStatus.NotDeprecated");
    server.expect_code("ModifyImageAttribute", &into("Available"), early).await;
    server.ok("ModifyImageAttribute", &into("Deprecated")).await;
    let twice = (403, "ImageStatus.NotAvailable");
    server.expect_code("ModifyImageAttribute", &into("Deprecated"), twice).await;
    let now = shown(&server, &image).await;
    assert_eq!((&now["Status"], &now["Usable"]), (&json!("Deprecated"), &json!(false)));
    assert_eq!(now["Progress"], "100%");
    assert_eq!(found(&server, &[]).await, [""; 0]);
    assert_eq!(found(&server, &[("Status", "Deprecated")]).await, ["golden"]);
    let ask = launch(&[("ImageId", Some(&image))]);
    server.expect_code("RunInstances", &ask, (403, "OperationDenied.ImageNotValid")).await;
    server.ok("StopInstance", &[("InstanceId", &made)]).await;
    server.finish_all().await;
    let system = super::system_disk(&server, &made).await;
    server.ok("ReInitDisk", &[("DiskId", &system)]).await;
    server.finish_all().await;

    server.ok("ModifyImageAttribute", &into("Available")).await;
    assert_eq!(shown(&server, &image).await["Status"], "Available");
    server.run_one(&[("ImageId", Some(&image))]).await;
    server.ok("ModifyImageAttribute", &into("Deprecated")).await;
    server.ok("DeleteImage", &[of[0], of[1], ("Force", "true")]).await;
    assert_eq!(found(&server, &[("Status", "ALL")]).await, [""; 0]);
}

#[tokio::test]
async fn modify_image_attribute_answers_the_first_failed_precondition() {
    let server = TestServer::new().await;
    let (instance, image) = instance_and_image(&server).await;
    let ask = [IN_REGION, ("InstanceId", &instance), ("ImageName", "other")];
    server.ok("CreateImage", &ask).await;
    server.finish_all().await;
    let (public, of) = (crate::harness::IMAGE, ("ImageId", image.as_str()));
    let cases: &[Refused<'_>] = &[
        (&[("RegionId", "mars"), of], 404, "InvalidRegionId.NotFound"),
        (&[IN_REGION, ("ImageId", "m-1")], 404, "InvalidImageId.NotFound"),
        (&[IN_REGION, ("ImageId", public)], 404, "InvalidImageId.NotFound"),
        (&[("RegionId", "cn-beijing"), of], 404, "InvalidImageId.NotFound"),
        (&[IN_REGION, of, ("ImageName", "other")], 400, "InvalidImageName.Duplicated"),
        (&[IN_REGION, of, ("ImageName", "1")], 400, "InvalidImageName.Malformed"),
        (&[IN_REGION, of, ("ImageFamily", "acs:web")], 400, "InvalidImageFamily.Malformed"),
        (&[IN_REGION, of, ("Description", "http://x")], 400, "InvalidDescription.Malformed"),
        (&[IN_REGION, of, ("BootMode", "EFI")], 400, "InvalidBootMode.NotSupport"),
        (&[IN_REGION, of, ("LicenseType", "Auto")], 400, "InvalidLicenseType.NotSupported"),
    ];
    for (ask, status, code) in cases {
        server.expect_code("ModifyImageAttribute", ask, (*status, code)).await;
    }
    let system = super::system_disk(&server, &instance).await;
    let snapshot = server.snapshot_of(&system).await;
    let ask =
        [IN_REGION, ("SnapshotId", &snapshot), ("Architecture", "arm64"), ("BootMode", "UEFI")];
    let arm = server.ok("CreateImage", &ask).await.text_at("ImageId");
    server.finish_all().await;
    let ask = [IN_REGION, ("ImageId", arm.as_str()), ("BootMode", "BIOS")];
    let no_bios = (400, "InvalidBootMode.NotSupport");
    server.expect_code("ModifyImageAttribute", &ask, no_bios).await;
    let used = (403, "OperationDeined.ImageUsingByInstance");
    server.run_one(&[("ImageId", Some(&image))]).await;
    server.expect_code("ModifyImageAttribute", &[IN_REGION, of, ("BootMode", "UEFI")], used).await;
    let mode = shown(&server, &image).await["BootMode"].as_str().unwrap().to_owned();
    server.ok("ModifyImageAttribute", &[IN_REGION, of, ("BootMode", &mode)]).await;
}
