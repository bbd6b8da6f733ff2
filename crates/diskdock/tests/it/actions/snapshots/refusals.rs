//! Refusals of the actions on snapshots.

use diskdock::store::EntityWrites;
use domain::{Category, InstanceStatus, LockReason, Phase};

use super::REGION_PAIR;
use crate::harness::{Refused, TestServer};

#[tokio::test]
async fn create_snapshot_refuses_malformed_parameters() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let id = ("DiskId", disk.as_str());
    let long = "x".repeat(65);
    let tags: Vec<_> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let many: Vec<_> = tags.iter().map(|name| (name.as_str(), "key")).chain([id]).collect();
    let rows: [Refused<'_>; 15] = [
        (&[], 400, "MissingParameter"),
        (&[("DiskId", "")], 400, "InvalidParameter"),
        (&[id, ("RegionId", "nowhere")], 400, "InvalidRegionId.MalFormed"),
        (&[id, ("SnapshotName", "auto-1")], 400, "InvalidSnapshotName.Malformed"),
        (&[id, ("SnapshotName", "x")], 400, "InvalidSnapshotName.Malformed"),
        (&[id, ("Description", "http://x")], 404, "InvalidDescription.Malformed"),
        (&[id, ("RetentionDays", "0")], 400, "InvalidRetentionDays.Malformed"),
        (&[id, ("Category", "Slow")], 403, "InvalidSnapshotCategory.Malformed"),
        (
            &[id, ("InstantAccessRetentionDays", "0")],
            403,
            "InvalidInstantAccessRetentionDays.Malformed",
        ),
        (&[id, ("ClientToken", &long)], 403, "InvalidClientToken.Malformed"),
        (&[id, ("Tag.1.Key", "acs:x")], 400, "InvalidTagKey.Malformed"),
        (&[id, ("Tag.1.Value", "storage")], 400, "InvalidTag.Mismatch"),
        (&[id, ("Tag.1.Key", "a"), ("Tag.2.Key", "a")], 400, "Duplicate.TagKey"),
        (
            &[id, ("Category", "Flash"), ("InstantAccess", "true")],
            403,
            "InvalidCategoryAndInstantAccess.Malformed",
        ),
        (&many, 400, "InvalidTagCount"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("CreateSnapshot", ask, (status, code)).await;
    }
    let value = [id, ("Tag.1.Key", "a"), ("Tag.1.Value", "http://x")];
    server.expect_code("CreateSnapshot", &value, (400, "InvalidTagValue.Malformed")).await;
    let message = "The specified DiskId does not exist.";
    let unknown = (404, "InvalidDiskId.NotFound", message);
    server.expect_refusal("CreateSnapshot", &[("DiskId", "d-none")], unknown).await;
}

#[tokio::test]
async fn create_snapshot_refuses_a_disk_that_was_never_attached() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let message = "The specified disk has never been attached to any instance.";
    let never = (403, "IncorrectDiskStatus.NeverAttached", message);
    server.expect_refusal("CreateSnapshot", &[("DiskId", &disk)], never).await;
}

/// Everything that can be wrong is made wrong one after the other, the last check first: each time
/// the newest wrong is the answer.
#[tokio::test]
async fn create_snapshot_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let id = server.snapshot_of(&disk).await;
    let expect_refusal = async |server: &TestServer, status: u16, code: &str| {
        server.expect_code("CreateSnapshot", &[("DiskId", &disk)], (status, code)).await;
    };
    let copies = id.clone();
    let write = move |tx: &mut dyn diskdock::store::WriteTx| {
        use diskdock::store::EntityReads;
        let one = tx.get(&domain::SnapshotId::from(copies.as_str()))?.expect("the snapshot");
        for number in 1..256 {
            let id = format!("s-{number}").into();
            tx.save(&domain::DiskSnapshot { id, ..one.clone() })?;
        }
        Ok(())
    };
    server.assembly.gateway.services.store.write(write).await.unwrap();
    expect_refusal(&server, 403, "QuotaExceed.Snapshot").await;
    server.put_in(&instance, InstanceStatus::Starting).await;
    expect_refusal(&server, 400, "IncorrectInstanceStatus").await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Security]).await;
    expect_refusal(&server, 403, "InstanceLockedForSecurity").await;
    server.change_disk(&disk, |d| d.attached_at = None).await;
    expect_refusal(&server, 403, "IncorrectDiskStatus.NeverAttached").await;
    server.change_disk(&disk, |d| d.attachments[0].phase = Phase::Attaching).await;
    expect_refusal(&server, 403, "IncorrectDiskStatus").await;
    server.change_snapshot(&id, |s| s.status = domain::SnapshotStatus::Progressing).await;
    expect_refusal(&server, 403, "IncorrectDiskStatus.CreatingSnapshot").await;
    server.change_disk(&disk, |d| d.category = Category::LocalSsdPro).await;
    expect_refusal(&server, 400, "DiskCategory.OperationNotSupported").await;
    server.become_another_account().await;
    expect_refusal(&server, 404, "InvalidDiskId.NotFound").await;
}

#[tokio::test]
async fn describe_snapshots_refuses_what_it_cannot_look_for() {
    let server = TestServer::new().await;
    let many = serde_json::to_string(&vec!["s-1"; 101]).unwrap();
    let rows: [Refused<'_>; 15] = [
        (&[("RegionId", "nowhere")], 404, "InvalidRegionId.NotFound"),
        (&[REGION_PAIR, ("SnapshotIds", &many)], 403, "InvalidSnapshotIds.Malformed"),
        (&[REGION_PAIR, ("SnapshotIds", "s-1")], 400, "InvalidParameter"),
        (&[REGION_PAIR, ("SnapshotLinkId", "sl-1")], 404, "InvalidSnapshotLinkId.NotFound"),
        (&[REGION_PAIR, ("SnapshotLinkId", "x")], 404, "InvalidSnapshotLinkId.NotFound"),
        (&[REGION_PAIR, ("Status", "x")], 404, "InvalidStatus.NotFound"),
        (&[REGION_PAIR, ("SnapshotType", "x")], 404, "InvalidSnapshotType.NotFound"),
        (&[REGION_PAIR, ("SourceDiskType", "x")], 404, "InvalidSourceDiskType"),
        (&[REGION_PAIR, ("Usage", "x")], 404, "InvalidUsage"),
        (&[REGION_PAIR, ("Category", "x")], 403, "InvalidSnapshotCategory.Malformed"),
        (&[REGION_PAIR, ("Filter.1.Key", "x")], 404, "InvalidFilterKey.NotFound"),
        (&[REGION_PAIR, ("Filter.1.Value", "x")], 404, "InvalidFilterValue"),
        (&[REGION_PAIR, ("Filter.1.Value", "2026-01-02T03:04Z")], 404, "InvalidFilterKey.NotFound"),
        (&[REGION_PAIR, ("Filter.1.Key", "CreationStartTime")], 404, "InvalidFilterValue"),
        (&[REGION_PAIR, ("NextToken", "x")], 400, "InvalidParameter"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("DescribeSnapshots", ask, (status, code)).await;
    }
    let tags: Vec<_> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let many: Vec<_> =
        tags.iter().map(|name| (name.as_str(), "key")).chain([REGION_PAIR]).collect();
    server.expect_code("DescribeSnapshots", &many, (400, "InvalidTagCount")).await;
    let value = [REGION_PAIR, ("Tag.1.Value", "storage")];
    server.expect_code("DescribeSnapshots", &value, (400, "InvalidTag.Mismatch")).await;
}

#[tokio::test]
async fn modify_snapshot_attribute_refuses_less_retention_and_what_is_malformed() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let id = server.snapshot_of(&disk).await;
    let of = ("SnapshotId", id.as_str());
    let days = [of, ("RetentionDays", "5")];
    let shorter = (400, "InvalidOperation.DecreaseRetentionDaysUnsupported");
    server.expect_code("ModifySnapshotAttribute", &days, shorter).await;
    server.change_snapshot(&id, |snapshot| snapshot.retention_days = Some(6)).await;
    server.expect_code("ModifySnapshotAttribute", &days, shorter).await;
    server.change_snapshot(&id, |s| s.status = domain::SnapshotStatus::Failed).await;
    let unfinished = (400, "InvalidSnapshotId.NotReady");
    server.expect_code("ModifySnapshotAttribute", &days, unfinished).await;
    let rows: [Refused<'_>; 9] = [
        (&[], 400, "MissingParameter"),
        (&[("SnapshotId", "")], 400, "InvalidParameter"),
        (&[of, ("RegionId", "nowhere")], 400, "InvalidRegionId.MalFormed"),
        (&[of], 400, "NoAttributeToModify"),
        (&[("SnapshotId", "s-none")], 404, "InvalidSnapshotId.NotFound"),
        (&[of, ("SnapshotName", "auto")], 400, "InvalidSnapshotName.Malformed"),
        (&[of, ("Description", "x")], 404, "InvalidDescription.Malformed"),
        (&[of, ("RetentionDays", "x")], 400, "InvalidRetentionDays.Malformed"),
        (
            &[of, ("DisableInstantAccess", "x")],
            404,
            "InvalidSnapshotDisableInstantAccess.Malformed",
        ),
    ];
    for (ask, status, code) in rows {
        server.expect_code("ModifySnapshotAttribute", ask, (status, code)).await;
    }
    let rows: [Refused<'_>; 4] = [
        (&[], 400, "MissingParameter"),
        (&[("SnapshotId", "")], 400, "InvalidParameter"),
        (&[of, ("Force", "x")], 400, "InvalidParameter"),
        (&[of, ("RegionId", "nowhere")], 400, "InvalidRegionId.MalFormed"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("DeleteSnapshot", ask, (status, code)).await;
    }
}
