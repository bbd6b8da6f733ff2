//! CopySnapshot, DescribeSnapshotLinks and DescribeSnapshotsUsage.

use serde_json::{Value, json};

use crate::harness::{REGION, Refused, TestServer, ZONE};

const ELSEWHERE: &str = "cn-beijing";

/// A request to copy this snapshot.
fn copy(snapshot: &str) -> Vec<(&str, &str)> {
    vec![
        ("RegionId", REGION),
        ("SnapshotId", snapshot),
        ("DestinationRegionId", ELSEWHERE),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "of the other"),
    ]
}

/// The request with another value of a parameter.
fn but<'a>(snapshot: &'a str, name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut ask = copy(snapshot);
    ask.retain(|(known, _)| *known != name);
    ask.push((name, value));
    ask
}

async fn copied(server: &TestServer, id: &str) -> Value {
    let ids = format!("[\"{id}\"]");
    let ask = [("RegionId", ELSEWHERE), ("SnapshotIds", ids.as_str())];
    server.ok("DescribeSnapshots", &ask).await.json["Snapshots"]["Snapshot"][0].clone()
}

async fn disk_and_snapshot(server: &TestServer) -> (String, String) {
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let snapshot = server.snapshot_of(&disk).await;
    (disk, snapshot)
}

#[tokio::test]
async fn copy_snapshot_is_progressing_and_then_a_snapshot_of_the_other_region() {
    let server = TestServer::new().await;
    let (disk, snapshot) = disk_and_snapshot(&server).await;
    let ask = [&copy(&snapshot)[..], &[("RetentionDays", "7"), ("ClientToken", "t")]].concat();
    let id = server.ok("CopySnapshot", &ask).await.text_at("SnapshotId");
    assert_eq!(copied(&server, &id).await["Status"], "progressing");
    let again = server.call("CopySnapshot", &copy(&snapshot)).await;
    assert_eq!(again.refusal(), (403, "InvalidOperation.UnfinishedCrossRegionCopy"));
    server.finish_all().await;
    let reply = copied(&server, &id).await;
    for (name, expected) in [
        ("Status", json!("accomplished")),
        ("RegionId", json!(ELSEWHERE)),
        ("SourceSnapshotId", json!(snapshot)),
        ("SourceRegionId", json!(REGION)),
        ("SourceDiskId", json!(disk)),
        ("SnapshotName", json!("copy")),
        ("Description", json!("of the other")),
        ("RetentionDays", json!(7)),
    ] {
        assert_eq!(reply[name], expected, "{name}");
    }
    server.ok("DeleteSnapshot", &[("SnapshotId", &snapshot)]).await;
    let from = [
        ("RegionId", ELSEWHERE),
        ("ZoneId", "cn-beijing-h"),
        ("SnapshotId", id.as_str()),
        ("DiskCategory", "cloud_essd"),
    ];
    server.ok("CreateDisk", &from).await;
}

#[tokio::test]
async fn copy_snapshot_that_fails_says_so_and_completes_after_a_restart_otherwise() {
    let server = TestServer::new().await;
    let (_, snapshot) = disk_and_snapshot(&server).await;
    server.rule(r#"{"transition":"copy","times":1,"behaviour":{"do":"refuse"}}"#);
    let id = server.ok("CopySnapshot", &copy(&snapshot)).await.text_at("SnapshotId");
    server.finish_all().await;
    assert_eq!(copied(&server, &id).await["Status"], "failed");
    server.rule(r#"{"transition":"copy","behaviour":{"do":"hold"}}"#);
    let id = server.ok("CopySnapshot", &copy(&snapshot)).await.text_at("SnapshotId");
    server.drain().await;
    let server = server.restart().await;
    server.finish_all().await;
    assert_eq!(copied(&server, &id).await["Status"], "accomplished");
}

#[tokio::test]
async fn copy_snapshot_refuses_what_cannot_be_copied_so() {
    let server = TestServer::new().await;
    let (disk, snapshot) = disk_and_snapshot(&server).await;
    let with = |more: &[(&'static str, &'static str)]| [&copy(&snapshot)[..], more].concat();
    let keys: Vec<_> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let tags: Vec<_> = keys.iter().map(|key| (key.as_str(), "key")).collect();
    let rows: [Refused<'_>; 15] = [
        (&[("RegionId", REGION)], 400, "MissingParameter"),
        (&but(&snapshot, "RegionId", "nowhere"), 403, "InvalidRegionId.NotExists"),
        (&but(&snapshot, "DestinationRegionId", "nowhere"), 403, "InvalidRegionId.NotExists"),
        (&but(&snapshot, "SnapshotId", "s-none"), 403, "InvalidSnapshotId.NotFound"),
        (
            &but(&snapshot, "DestinationRegionId", REGION),
            403,
            "InvalidOperation.NotSupportCopyInSameRegion",
        ),
        (&but(&snapshot, "DestinationSnapshotName", "x"), 403, "InvalidSnapshotName.Malformed"),
        (
            &but(&snapshot, "DestinationSnapshotDescription", "x"),
            403,
            "InvalidDescription.Malformed",
        ),
        (&with(&[("RetentionDays", "0")]), 403, "InvalidRetentionDays.Malformed"),
        (&with(&[("KMSKeyId", "key")]), 403, "InvalidEncrypted.NotMatchKmsKeyId"),
        (&with(&[("Tag.1.Key", "acs:x")]), 400, "InvalidTagKey.Malformed"),
        (&with(&[("Tag.1.Value", "x")]), 400, "InvalidTag.Mismatch"),
        (
            &with(&[("Tag.1.Key", "a"), ("Tag.1.Value", "http://x")]),
            400,
            "InvalidTagValue.Malformed",
        ),
        (&with(&[("Tag.1.Key", "a"), ("Tag.2.Key", "a")]), 400, "Duplicate.TagKey"),
        (&[&copy(&snapshot)[..], &tags].concat(), 400, "InvalidTagCount"),
        (&with(&[("ClientToken", "ü")]), 400, "InvalidClientToken.ValueNotSupported"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("CopySnapshot", ask, (status, code)).await;
    }
    server.change_snapshot(&snapshot, |one| one.encrypted = true).await;
    let plain = with(&[("Encrypted", "false")]);
    server.expect_code("CopySnapshot", &plain, (403, "InvalidEncrypted.NotSupportDecrypt")).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    let made = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    let refused = (403, "InvalidSnapshotId.NotReady");
    server.expect_code("CopySnapshot", &copy(&made), refused).await;
    let first = [&copy(&snapshot)[..], &[("ClientToken", "t")]].concat();
    server.ok("CopySnapshot", &first).await;
    let other = [&but(&snapshot, "DestinationSnapshotName", "other")[..], &[first[5]]].concat();
    let mismatch = (400, "IdempotentParameterMismatch");
    server.expect_code("CopySnapshot", &other, mismatch).await;
}

#[tokio::test]
async fn describe_snapshot_links_lists_one_chain_for_each_disk() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (one, other) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    server.snapshot_of(&one).await;
    server.snapshot_of(&other).await;
    server.snapshot_of(&one).await;
    let here = ("RegionId", REGION);
    let path = ("SnapshotLinks", "SnapshotLink", "SourceDiskId");
    let found = async |filters: &[(&str, &str)]| {
        server.list("DescribeSnapshotLinks", &[&[here], filters].concat(), path).await
    };
    assert_eq!(found(&[]).await, [one.clone(), other.clone()], "the newest snapshot first");
    let reply = server.ok("DescribeSnapshotLinks", &[here]).await.json;
    assert_eq!(reply["TotalCount"], 2);
    let link = &reply["SnapshotLinks"]["SnapshotLink"][0];
    for (name, expected) in [
        ("SourceDiskSize", json!(20)),
        ("SourceDiskType", json!("data")),
        ("InstanceId", json!(instance)),
        ("TotalCount", json!(2)),
        ("TotalSize", json!(40_i64 << 30)),
        ("InstantAccess", json!(false)),
        ("Category", json!("standard")),
    ] {
        assert_eq!(link[name], expected, "{name}");
    }
    let ids = format!("[\"{}\"]", link["SnapshotLinkId"].as_str().unwrap());
    assert_eq!(found(&[("SnapshotLinkIds", &ids)]).await, [one.as_str()]);
    let ids = format!("[\"{other}\"]");
    assert_eq!(found(&[("DiskIds", &ids)]).await, [other.as_str()]);
    assert_eq!(found(&[("InstanceId", &instance)]).await.len(), 2);
    assert_eq!(found(&[("PageNumber", "2"), ("PageSize", "1")]).await, [other.as_str()]);
    let page = server.ok("DescribeSnapshotLinks", &[here, ("PageSize", "1")]).await;
    let token = page.text_at("NextToken");
    assert_eq!(found(&[("NextToken", &token)]).await, [other.as_str()], "a page goes on by token");
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &other)]).await;
    server.finish_all().await;
    assert_eq!(found(&[("InstanceId", &instance)]).await, [one]);
    let rows: [Refused<'_>; 5] = [
        (&[("RegionId", "nowhere")], 400, "InvalidRegionId"),
        (&[here, ("InstanceId", "i-none")], 400, "InvalidInstanceId.NotFound"),
        (&[here, ("DiskIds", "x")], 400, "InvalidDiskIds"),
        (&[here, ("SnapshotLinkIds", "x")], 400, "InvalidSnapshotLinkIds"),
        (&[here, ("NextToken", "?")], 400, "InvalidParameter"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("DescribeSnapshotLinks", ask, (status, code)).await;
    }
}

#[tokio::test]
async fn describe_snapshots_usage_counts_those_of_the_region() {
    let server = TestServer::new().await;
    let (disk, _) = disk_and_snapshot(&server).await;
    server.snapshot_of(&disk).await;
    let reply = server.ok("DescribeSnapshotsUsage", &[("RegionId", REGION)]).await.json;
    assert_eq!(
        (&reply["SnapshotCount"], &reply["SnapshotSize"]),
        (&json!(2), &json!(40_i64 << 30))
    );
    let reply = server.ok("DescribeSnapshotsUsage", &[("RegionId", ELSEWHERE)]).await.json;
    assert_eq!((&reply["SnapshotCount"], &reply["SnapshotSize"]), (&json!(0), &json!(0)));
    let refused = (403, "InvalidParam.RegionId");
    server.expect_code("DescribeSnapshotsUsage", &[("RegionId", "nowhere")], refused).await;
}

/// As csi-sanity does it, which never attaches a disk.
#[tokio::test]
async fn snapshots_of_disks_never_attached_are_made_on_the_operators_word() {
    let server = TestServer::with(|plan| plan.snapshot_new_disks = true).await;
    let disk = server.available_disk().await;
    let snapshot = server.snapshot_of(&disk).await;
    let from = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("SnapshotId", snapshot.as_str()),
        ("DiskCategory", "cloud_essd"),
    ];
    server.ok("CreateDisk", &from).await;
    let ask = [("RegionId", REGION), ("DiskId.1", disk.as_str())];
    server.ok("CreateSnapshotGroup", &ask).await;
}
