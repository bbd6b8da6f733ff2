//! Every error of CreateDisk.

use domain::{ChargeType, InstanceStatus};

use super::ask;
use crate::harness::TestServer;

type Change = (&'static str, Option<&'static str>);
type Row = (&'static [Change], u16, &'static str, &'static str);

const AUTO: Change = ("DiskCategory", Some("cloud_auto"));
const BURST: Change = ("BurstingEnabled", Some("true"));
const SHARED: Change = ("MultiAttach", Some("Enabled"));

/// Changes of a request that goes well, and the refusal of each.
const ROWS: &[Row] = &[
    (
        &[("RegionId", None)],
        400,
        "MissingParameter",
        "The input parameter \"RegionId\" that is mandatory for processing this request is not supplied.",
    ),
    (
        &[("RegionId", Some("nowhere"))],
        404,
        "InvalidRegionId.NotFound",
        "The specified RegionId does not exist.",
    ),
    (
        &[("ZoneId", Some("nowhere"))],
        404,
        "InvalidZoneId.NotFound",
        "The specified zone does not exist.",
    ),
    (
        &[("ZoneId", Some("cn-shanghai-b"))],
        404,
        "InvalidZoneId.NotFound",
        "The specified zone does not exist.",
    ),
    (
        &[("InstanceId", Some("i-nowhere"))],
        404,
        "InvalidInstanceId.NotFound",
        "The specified InstanceId does not exist.",
    ),
    (
        &[("Tag.1.Value", Some("v"))],
        400,
        "InvalidTag.Mismatch",
        "The specified Tag.n.Key and Tag.n.Value are not match.",
    ),
    (
        &[("Tag.1.Key", Some("k")), ("Tag.7.Key", Some("k"))],
        400,
        "Duplicate.TagKey",
        "The Tag.N.Key contain duplicate key.",
    ),
    (
        &[("ZoneId", None)],
        400,
        "MissingParameter",
        "The input parameter ZoneId that is mandatory for processing this request is not supplied.",
    ),
    (
        &[("Size", None)],
        400,
        "MissingParameter",
        "The input parameter either \"SnapshotId\" or \"Size\" should be specified.",
    ),
    (
        &[("SnapshotId", Some("s-1"))],
        404,
        "InvalidSnapshotId.NotFound",
        "The specified SnapshotId does not exist.",
    ),
    (
        &[("DiskCategory", Some("cloud")), ("Size", Some("4"))],
        400,
        "InvalidDiskSize.NotSupported",
        "The specified parameter size is not valid.",
    ),
    (
        &[("DiskCategory", Some("cloud_ssd")), ("Size", Some("32769"))],
        400,
        "InvalidDiskSize.NotSupported",
        "The specified parameter size is not valid.",
    ),
    (
        &[("PerformanceLevel", Some("PL2")), ("Size", Some("460"))],
        403,
        "OperationDenied.PerformanceLevelNotMatch",
        "The specified PerformanceLevel and Size do not match.",
    ),
    (
        &[("ZoneId", Some("cn-hangzhou-b")), ("DiskCategory", Some("cloud_regional_disk_auto"))],
        400,
        "InvalidDataDiskCategory.NotSupported",
        "Specified disk category is not supported.",
    ),
    (
        &[SHARED, ("DiskCategory", Some("cloud_ssd"))],
        403,
        "InvalidParameter.DiskCategoryAndMultiAttachNotMatch",
        "The specified disk category does not support multi attach enabled.",
    ),
    (
        &[("KMSKeyId", Some("key"))],
        400,
        "InvalidParameter.EncryptedIllegal",
        "The specified parameter Encrypted must be true when kmsKeyId is not empty.",
    ),
    (
        &[("ProvisionedIops", Some("1"))],
        400,
        "ProvisionedIopsForDiskCategoryUnsupported",
        "The specified disk category does not support provisioned iops.",
    ),
    (
        &[AUTO, ("ProvisionedIops", Some("17001"))],
        400,
        "InvalidProvisionedIops.LimitExceed",
        "The provisioned iops exceeds the limit.",
    ),
    (
        &[BURST],
        400,
        "BurstingEnabledForDiskCategoryUnsupported",
        "The specified disk category does not support bursting enabled.",
    ),
    (
        &[BURST, AUTO, SHARED],
        400,
        "BurstingEnabledForMultiAttachDiskUnsupported",
        "The multi attach disk does not support bursting enabled.",
    ),
    (
        &[BURST, AUTO, ("Size", Some("3"))],
        400,
        "InvalidBurstingEnabled.DiskSizeTooSmall",
        "The disk size must be greater than 3 GiB to enable burst.",
    ),
];

#[tokio::test]
async fn create_disk_refuses_a_disk_that_is_not_sold() {
    let server = TestServer::new().await;
    for (change, status, code, message) in ROWS {
        server.expect_refusal("CreateDisk", &ask(change), (*status, code, message)).await;
    }
    for change in [&[AUTO, ("ProvisionedIops", Some("17000"))][..], &[BURST, AUTO]] {
        server.ok("CreateDisk", &ask(change)).await;
    }
}

#[tokio::test]
async fn create_disk_refuses_an_instance_that_cannot_take_a_disk() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let on_it = [("ZoneId", None), ("InstanceId", Some(instance.as_str()))];
    let expect_refusal = async |extra: &[(&str, Option<&str>)], expected: (u16, &str, &str)| {
        let change: Vec<_> = on_it.iter().chain(extra).copied().collect();
        server.expect_refusal("CreateDisk", &ask(&change), expected).await;
    };
    let expected = "The InstanceChargeType does not support this action.";
    expect_refusal(&[], (403, "InvalidInstanceChargeType.ValueNotSupported", expected)).await;
    let expected = "The specified parameter 'ZoneId' and 'InstanceId' are not blank at the same \
                    time.";
    let zone = [("ZoneId", Some(crate::harness::ZONE))];
    expect_refusal(&zone, (403, "InvalidParam.ZoneIdAndInstanceId.Conflict", expected)).await;
    server.change_instance(&instance, |i| i.charge_type = ChargeType::PrePaid).await;
    let expected = "The parameter MultiAttach and InstanceId are conflict.";
    let shared = [("MultiAttach", Some("Enabled"))];
    expect_refusal(&shared, (403, "InvalidParameter.MultiAttachAndInstanceIdConflict", expected))
        .await;
    server.change_instance(&instance, |i| i.instance_type = "ecs.s1.small".to_owned()).await;
    for _ in 0..5 {
        server.ok("CreateDisk", &ask(&on_it)).await;
    }
    let expected = "The amount of the disk on instance in question reach its limits.";
    expect_refusal(&[], (403, "InstanceDiskLimitExceeded", expected)).await;
    server.change_instance(&instance, |i| i.status = InstanceStatus::Starting).await;
    let expected = "The current status of the resource does not support this operation.";
    expect_refusal(&[], (403, "IncorrectInstanceStatus", expected)).await;
}

#[tokio::test]
async fn create_disk_refuses_a_twenty_first_tag() {
    let server = TestServer::new().await;
    let keys: Vec<(String, String)> =
        (1..=21).map(|n| (format!("Tag.{n}.Key"), format!("k{n}"))).collect();
    let tags: Vec<_> = keys.iter().map(|(name, key)| (name.as_str(), Some(key.as_str()))).collect();
    let too_many = (400, "InvalidTagCount", "The specified tags are beyond the permitted range.");
    server.expect_refusal("CreateDisk", &ask(&tags), too_many).await;
    server.ok("CreateDisk", &ask(&tags[..20])).await;
}

#[tokio::test]
async fn create_disk_explains_a_malformed_parameter() {
    let server = TestServer::new().await;
    for (name, value, status, code) in [
        ("Size", "20.5", 400, "InvalidDiskSize.NotSupported"),
        ("DiskCategory", "floppy", 400, "InvalidDiskCategory.ValueNotSupported"),
        ("DiskCategory", "local_ssd_pro", 400, "InvalidDiskCategory.ValueNotSupported"),
        ("PerformanceLevel", "PL4", 400, "InvalidPerformanceLevel.Malformed"),
        ("DiskName", "1", 400, "InvalidDiskName.Malformed"),
        ("DiskName", "http://name", 400, "InvalidDiskName.Malformed"),
        ("Description", "https://x", 404, "InvalidDescription.Malformed"),
        ("Description", "x", 404, "InvalidDescription.Malformed"),
        ("MultiAttach", "true", 403, "InvalidParameter.MultiAttach"),
        ("ProvisionedIops", "50001", 400, "InvalidProvisionedIops.LimitExceed"),
        ("Tag.1.Key", "acs:mine", 400, "InvalidTagKey.Malformed"),
        ("Tag.1.Key", "aliyun", 400, "InvalidTagKey.Malformed"),
        ("Tag.1.Key", "see http://x", 400, "InvalidTagKey.Malformed"),
        ("Tag.1.Value", "see https://x", 400, "InvalidTagValue.Malformed"),
        ("Tag.0.Key", "k", 400, "InvalidParameter"),
        ("Tag.x.Key", "k", 400, "InvalidParameter"),
        ("Encrypted", "maybe", 400, "InvalidParameter"),
        ("StorageSetPartitionNumber", "1", 400, "InvalidParameter"),
    ] {
        let before = server.export_json();
        let answer = server.call("CreateDisk", &ask(&[(name, Some(value))])).await;
        assert_eq!(answer.refusal(), (status, code), "{name}={value}: {}", answer.text);
        assert!(answer.message().contains("Expected "), "{}", answer.message());
        assert_eq!(server.export_json(), before);
    }
}
