//! DescribeDisks: what clients read most.

mod filters;
mod paging;

use serde_json::Value;

use crate::harness::{REGION, TestServer};

/// The ids that a request lists, in order.
async fn ids(server: &TestServer, more: &[(&str, &str)]) -> Vec<String> {
    let ask: Vec<(&str, &str)> = [("RegionId", REGION)].into_iter().chain(more.to_vec()).collect();
    listed(&server.ok("DescribeDisks", &ask).await.json)
}

fn listed(tree: &Value) -> Vec<String> {
    let disks = tree["Disks"]["Disk"].as_array().unwrap();
    disks.iter().map(|disk| disk["DiskId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn describe_disks_without_disks_returns_an_empty_list() {
    let server = TestServer::new().await;
    let answer = server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    let expected = serde_json::json!({
        "PageNumber": 1, "PageSize": 10, "TotalCount": 0, "NextToken": "", "Disks": { "Disk": [] },
    });
    let mut reply = answer.json.clone();
    reply.as_object_mut().unwrap().remove("RequestId");
    assert_eq!(reply, expected);
}

#[tokio::test]
async fn describe_disks_returns_every_field_with_its_type() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let ids = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    check_types(&server.describe(&disk).await);
    server.ok("AttachDisk", &ids).await;
    let attaching = server.describe(&disk).await;
    check_types(&attaching);
    assert_eq!(attaching["Attachments"]["Attachment"], serde_json::json!([]));
    assert_eq!((&attaching["InstanceId"], &attaching["Device"]), (&"".into(), &"".into()));
    server.finish_all().await;
    check_types(&server.describe(&disk).await);
    server.ok("DetachDisk", &ids).await;
    let detaching = server.describe(&disk).await;
    check_types(&detaching);
    assert_eq!(detaching["Attachments"]["Attachment"][0]["InstanceId"], instance.as_str());
    server.finish_all().await;
    check_types(&server.describe(&disk).await);
}

fn check_types(disk: &Value) {
    for name in [
        "DiskId",
        "RegionId",
        "ZoneId",
        "DiskName",
        "Description",
        "Type",
        "Category",
        "PerformanceLevel",
        "Status",
        "InstanceId",
        "Device",
        "MultiAttach",
        "SerialNumber",
        "AutoSnapshotPolicyId",
        "DiskChargeType",
        "CreationTime",
        "AttachedTime",
        "DetachedTime",
        "ExpiredTime",
        "KMSKeyId",
        "SourceSnapshotId",
        "ImageId",
        "ResourceGroupId",
        "StorageSetId",
        "ProductCode",
    ] {
        assert!(disk[name].is_string(), "{name}: {disk}");
    }
    for name in [
        "Portable",
        "DeleteWithInstance",
        "DeleteAutoSnapshot",
        "EnableAutoSnapshot",
        "EnableAutomatedSnapshotPolicy",
        "Encrypted",
        "BurstingEnabled",
    ] {
        assert!(disk[name].is_boolean(), "{name}: {disk}");
    }
    for name in ["Size", "IOPS", "ProvisionedIops", "MountInstanceNum", "Throughput"] {
        assert!(disk[name].is_u64(), "{name}: {disk}");
    }
    for (outer, inner) in [
        ("Attachments", "Attachment"),
        ("MountInstances", "MountInstance"),
        ("OperationLocks", "OperationLock"),
        ("Tags", "Tag"),
    ] {
        assert!(disk[outer][inner].is_array(), "{outer}: {disk}");
    }
}

#[tokio::test]
async fn describe_disks_does_not_show_disks_of_another_account() {
    let mut server = TestServer::new().await;
    let disk = server.available_disk().await;
    let one = format!("[\"{disk}\"]");
    assert_eq!(ids(&server, &[("DiskIds", &one)]).await, [disk.as_str()]);
    server.become_another_account().await;
    assert_eq!(ids(&server, &[]).await, Vec::<String>::new());
    assert_eq!(ids(&server, &[("DiskIds", &one)]).await, Vec::<String>::new());
}

#[tokio::test]
async fn describe_disks_refuses_invalid_filters() {
    let server = TestServer::new().await;
    let missing = (400, "MissingParamter.RegionId", "The regionId should not be null.");
    server.expect_refusal("DescribeDisks", &[], missing).await;
    let region = (400, "InvalidRegion.NotFound", "The specified parameter RegionId is not valid.");
    server.expect_refusal("DescribeDisks", &[("RegionId", "nowhere")], region).await;
    for (name, value, status, code, message) in [
        (
            "ZoneId",
            "nowhere",
            400,
            "InvalidZoneId.NotFound",
            "The zoneId provided does not exist in our records.",
        ),
        (
            "Tag.1.Value",
            "v",
            400,
            "InvalidTag.Mismatch",
            "The specified Tag.n.Key and Tag.n.Value are not match.",
        ),
        (
            "NextToken",
            "AAAAA!",
            400,
            "InvalidParameter",
            "The specified parameter \"NextToken\" is not valid.",
        ),
        (
            "NextToken",
            "1",
            400,
            "InvalidParameter",
            "The specified parameter \"NextToken\" is not valid.",
        ),
        (
            "Filter.1.Value",
            "2026-01-02T03:04Z",
            404,
            "InvalidFilterKey.NotFound",
            "The filter key is not found.",
        ),
        (
            "Filter.1.Key",
            "CreationStartTime",
            404,
            "InvalidFilterValue",
            "The filter value is not valid.",
        ),
    ] {
        let ask = [("RegionId", REGION), (name, value)];
        server.expect_refusal("DescribeDisks", &ask, (status, code, message)).await;
    }
}

#[tokio::test]
async fn describe_disks_explains_a_malformed_filter() {
    let server = TestServer::new().await;
    for (name, value, status, code) in [
        ("DiskIds", "d-1", 400, "InvalidParameter.DiskIds"),
        ("DiskIds", "{}", 400, "InvalidParameter.DiskIds"),
        ("DiskIds", "[1]", 400, "InvalidParameter.DiskIds"),
        ("DiskIds", "[\"\"]", 400, "InvalidParameter.DiskIds"),
        ("Status", "Broken", 400, "InvalidStatus.ValueNotSupported"),
        ("DiskType", "floppy", 400, "InvalidDiskType.ValueNotSupported"),
        ("Category", "floppy", 400, "InvalidCategory.ValueNotSupported"),
        ("DiskChargeType", "Free", 404, "InvalidDiskChargeType.NotFound"),
        ("MultiAttach", "yes", 403, "InvalidParameter.MultiAttach"),
        ("LockReason", "mood", 404, "InvalidLockReason.NotFound"),
        ("Filter.1.Key", "Colour", 404, "InvalidFilterKey.NotFound"),
        ("PageSize", "101", 400, "InvalidParameter"),
        ("PageNumber", "0", 400, "InvalidParameter"),
        ("MaxResults", "many", 400, "InvalidParameter"),
    ] {
        let answer = server.call("DescribeDisks", &[("RegionId", REGION), (name, value)]).await;
        assert_eq!(answer.refusal(), (status, code), "{name}={value}: {}", answer.text);
        assert!(answer.message().contains("Expected "), "{}", answer.message());
    }
}

#[tokio::test]
async fn describe_disks_takes_up_to_a_hundred_ids_and_twenty_tags() {
    let server = TestServer::new().await;
    let list = |count: usize| format!("[{}]", vec!["\"d-1\""; count].join(", "));
    assert_eq!(ids(&server, &[("DiskIds", &list(100))]).await, Vec::<String>::new());
    let (hundred_and_one, exceeded) = (
        list(101),
        (403, "InvalidDiskIds.Malformed", "The amount of specified disk Ids exceeds the limit."),
    );
    let ask = [("RegionId", REGION), ("DiskIds", hundred_and_one.as_str())];
    server.expect_refusal("DescribeDisks", &ask, exceeded).await;
    let names: Vec<String> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let mut tags: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "k")).collect();
    tags.push(("RegionId", REGION));
    let expected = (400, "InvalidTagCount", "The specified tags are beyond the permitted range.");
    server.expect_refusal("DescribeDisks", &tags, expected).await;
}
