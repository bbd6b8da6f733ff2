//! Every filter, alone: it keeps what fits and nothing else.

use std::sync::Arc;

use diskdock::catalog::Environment;
use domain::{Category, ChargeType, DiskKind, LockReason, PerformanceLevel, Tag};

use super::ids;
use crate::harness::TestServer;

/// A plain disk and one that differs in everything that can be filtered by.
async fn two(server: &TestServer) -> (String, String) {
    let plain = server.available_disk().await;
    server.pass(60_000).await;
    let elsewhere = [
        ("RegionId", crate::harness::REGION),
        ("ZoneId", "cn-hangzhou-h"),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
    ];
    let special = server.ok("CreateDisk", &elsewhere).await.text_at("DiskId");
    server
        .change_disk(&special, |disk| {
            disk.kind = DiskKind::System;
            disk.category = Category::CloudAuto;
            disk.performance_level = Some(PerformanceLevel::Pl3);
            disk.charge_type = ChargeType::PrePaid;
            disk.name = "Data-42".to_owned();
            disk.tags = vec![Tag::new("team", "storage"), Tag::new("acs:own", "1")];
            disk.portable = false;
            disk.delete_with_instance = true;
            disk.delete_auto_snapshot = true;
            disk.enable_auto_snapshot = false;
            disk.encrypted = true;
            disk.kms_key_id = "key-1".to_owned();
            disk.resource_group = "rg-1".to_owned();
            disk.multi_attach = true;
            disk.locks = vec![LockReason::Financial];
        })
        .await;
    (plain, special)
}

#[tokio::test]
async fn describe_disks_filter_returns_only_matches() {
    let server = TestServer::new().await;
    let (plain, special) = two(&server).await;
    for (name, of_plain, of_special) in [
        ("ZoneId", "cn-hangzhou-i", "cn-hangzhou-h"),
        ("DiskType", "data", "system"),
        ("Category", "cloud_essd", "cloud_auto"),
        ("PerformanceLevel", "PL1", "PL3"),
        ("DiskChargeType", "PostPaid", "PrePaid"),
        ("Portable", "true", "false"),
        ("DeleteWithInstance", "false", "true"),
        ("DeleteAutoSnapshot", "False", "True"),
        ("EnableAutoSnapshot", "true", "false"),
        ("Encrypted", "false", "true"),
        ("MultiAttach", "Disabled", "Enabled"),
    ] {
        assert_eq!(ids(&server, &[(name, of_plain)]).await, [plain.as_str()], "{name}");
        assert_eq!(ids(&server, &[(name, of_special)]).await, [special.as_str()], "{name}");
    }
    for (name, value) in [
        ("KMSKeyId", "key-1"),
        ("ResourceGroupId", "rg-1"),
        ("LockReason", "financial"),
        ("DiskName", "Data-42"),
        ("DiskName", "Data*"),
        ("DiskName", "*42"),
        ("DiskName", "*ata-4*"),
        ("Tag.1.Key", "team"),
        ("Tag.9.key", "team"),
        ("Tag.1.Key", "acs:own"),
    ] {
        assert_eq!(ids(&server, &[(name, value)]).await, [special.as_str()], "{name}={value}");
    }
}

#[tokio::test]
async fn describe_disks_filter_without_match_returns_an_empty_list() {
    let server = TestServer::new().await;
    two(&server).await;
    for (name, value) in [
        ("Status", "In_use"),
        ("Status", "ReIniting"),
        ("InstanceId", "i-nowhere"),
        ("DiskIds", "[]"),
        ("DiskIds", "[\"fake-vol-id\"]"),
        ("DiskName", "data-42"),
        ("DiskName", "Data"),
        ("DiskName", "D*2"),
        ("Category", "cloud_ssd"),
        ("LockReason", "security"),
        ("MultiAttach", "LegacyShared"),
        ("EnableShared", "true"),
        ("AutoSnapshotPolicyId", "sp-1"),
        ("EnableAutomatedSnapshotPolicy", "true"),
    ] {
        assert_eq!(ids(&server, &[(name, value)]).await, Vec::<String>::new(), "{name}={value}");
    }
}

#[tokio::test]
async fn describe_disks_returns_the_newest_first() {
    let server = TestServer::new().await;
    let (plain, special) = two(&server).await;
    let both = format!("[\"{plain}\", \"d-nowhere\", \"{special}\"]");
    for (name, value) in [
        ("Status", "All"),
        ("Status", "Available"),
        ("DiskType", "all"),
        ("Category", "all"),
        ("DiskIds", &both),
        ("DiskIds", &both.replace('"', "'")),
        ("DiskIds", ""),
        ("DiskName", "*"),
        ("InstanceId", ""),
        ("EnableShared", "false"),
        ("EnableAutomatedSnapshotPolicy", "false"),
        ("AdditionalAttributes.1", "IOPS"),
        ("AdditionalAttributes", "[\"IOPS\"]"),
    ] {
        let found = ids(&server, &[(name, value)]).await;
        assert_eq!(found, [special.as_str(), plain.as_str()], "newest first: {name}={value}");
    }
}

#[tokio::test]
async fn describe_disks_by_tags_requires_every_tag() {
    let server = TestServer::new().await;
    let (_, special) = two(&server).await;
    let (key, value) = (("Tag.1.Key", "team"), ("Tag.1.Value", "storage"));
    assert_eq!(ids(&server, &[key, value]).await, [special.as_str()]);
    let old = [("Tag.1.key", "team"), ("Tag.1.value", "storage")];
    assert_eq!(ids(&server, &old).await, [special.as_str()]);
    let none = Vec::<String>::new();
    assert_eq!(ids(&server, &[key, ("Tag.1.Value", "Storage")]).await, none);
    assert_eq!(ids(&server, &[key, ("Tag.2.Key", "other")]).await, none);
    assert_eq!(ids(&server, &[key, ("Tag.2.Key", "acs:own")]).await, [special.as_str()]);
}

#[tokio::test]
async fn describe_disks_by_creation_time_includes_both_ends() {
    let server = TestServer::new().await;
    let (plain, special) = two(&server).await;
    let from = |time| [("Filter.1.Key", "CreationStartTime"), ("Filter.1.Value", time)];
    let to = |time| [("Filter.2.Key", "CreationEndTime"), ("Filter.2.Value", time)];
    assert_eq!(ids(&server, &from("2026-01-02T03:05:05Z")).await, [special.as_str()]);
    assert_eq!(ids(&server, &from("2026-01-02T03:04Z")).await.len(), 2);
    assert_eq!(ids(&server, &to("2026-01-02T03:04:05Z")).await, [plain.as_str()]);
    assert_eq!(ids(&server, &to("2026-01-02T03:04Z")).await, Vec::<String>::new());
    let span = [from("2026-01-02T03:04:05Z"), to("2026-01-02T03:04:06Z")].concat();
    assert_eq!(ids(&server, &span).await, [plain.as_str()]);
}

#[tokio::test]
async fn describe_disks_shows_placement_only_on_request() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    assert!(server.describe(&disk).await.get("Placement").is_none());
    let ask = [("RegionId", crate::harness::REGION), ("AdditionalAttributes.1", "Placement")];
    let answer = server.ok("DescribeDisks", &ask).await;
    assert_eq!(answer.json["Disks"]["Disk"][0]["Placement"]["ZoneIds"], crate::harness::ZONE);
}

#[tokio::test]
async fn describe_disks_tells_the_storage_of_real_disks_only_on_request() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let ask = [("RegionId", crate::harness::REGION), ("AdditionalAttributes.1", "UsedBytes")];
    let simulated = server.ok("DescribeDisks", &ask).await.json;
    assert!(simulated["Disks"]["Disk"][0].get("UsedBytes").is_none());
    let environments = &server.assembly.gateway.services.environment;
    let (plain, of) = (Environment::clone(&environments.current()), disk.clone());
    environments.replace(Environment {
        used_bytes: Arc::new(move |id| (id.as_str() == of).then_some(4_096)),
        ..plain
    });
    let real = server.ok("DescribeDisks", &ask).await.json;
    assert_eq!(real["Disks"]["Disk"][0]["UsedBytes"], 4_096);
    assert!(server.describe(&disk).await.get("UsedBytes").is_none());
}

#[tokio::test]
async fn describe_disks_refuses_an_unknown_snapshot_id() {
    let server = TestServer::new().await;
    let ask = [("RegionId", crate::harness::REGION), ("SnapshotId", "s-1")];
    let message = "The specified parameter SnapshotId is not valid.";
    server.expect_refusal("DescribeDisks", &ask, (400, "InvalidSnapshot.NotFound", message)).await;
}
