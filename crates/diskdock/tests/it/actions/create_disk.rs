//! CreateDisk: a disk that is there at once, or after a while.

mod refusals;

use domain::ChargeType;

use crate::harness::{REGION, TestServer, ZONE};

/// A request that goes well, with some parameters left out or replaced.
fn ask<'a>(change: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
    ];
    for (name, value) in change {
        pairs.retain(|(known, _)| known != name);
        pairs.extend(value.map(|value| (*name, value)));
    }
    pairs
}

#[tokio::test]
async fn create_disk_is_visible_at_once_with_every_field() {
    let server = TestServer::new().await;
    let given = ask(&[
        ("DiskName", Some("data-1")),
        ("Description", Some("files")),
        ("Tag.1.Key", Some("team")),
        ("Tag.1.Value", Some("storage")),
        ("Tag.2.key", Some("old")),
        ("Tag.2.value", Some("spelling")),
        ("PerformanceLevel", Some("PL0")),
        ("Encrypted", Some("True")),
        ("KMSKeyId", Some("key-1")),
        ("MultiAttach", Some("Enabled")),
        ("ResourceGroupId", Some("rg-1")),
    ]);
    let disk = server.ok("CreateDisk", &given).await.text_at("DiskId");
    let shown = server.describe(&disk).await;
    for (name, expected) in [
        ("DiskId", disk.as_str()),
        ("Status", "Available"),
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("DiskName", "data-1"),
        ("Description", "files"),
        ("Type", "data"),
        ("Category", "cloud_essd"),
        ("PerformanceLevel", "PL0"),
        ("KMSKeyId", "key-1"),
        ("MultiAttach", "Enabled"),
        ("ResourceGroupId", "rg-1"),
        ("DiskChargeType", "PostPaid"),
        ("CreationTime", "2026-01-02T03:04:05Z"),
        ("AttachedTime", ""),
        ("DetachedTime", ""),
        ("InstanceId", ""),
        ("Device", ""),
        ("ExpiredTime", "2999-09-08T16:00Z"),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    assert_eq!(shown["Size"], 20);
    assert_eq!(shown["SerialNumber"], disk.strip_prefix("d-").unwrap());
    for (name, expected) in [
        ("Portable", true),
        ("Encrypted", true),
        ("DeleteWithInstance", false),
        ("DeleteAutoSnapshot", false),
        ("EnableAutoSnapshot", true),
        ("BurstingEnabled", false),
        ("EnableAutomatedSnapshotPolicy", false),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    let tags = shown["Tags"]["Tag"].as_array().unwrap();
    for (tag, (key, value)) in tags.iter().zip([("team", "storage"), ("old", "spelling")]) {
        assert_eq!((&tag["TagKey"], &tag["TagValue"]), (&key.into(), &value.into()));
        assert_eq!((&tag["Key"], &tag["Value"]), (&key.into(), &value.into()));
    }
}

#[tokio::test]
async fn create_disk_gives_omitted_parameters_their_documented_default() {
    let server = TestServer::new().await;
    let given = ask(&[("PerformanceLevel", None)]);
    let disk = server.ok("CreateDisk", &given).await.text_at("DiskId");
    let shown = server.describe(&disk).await;
    assert_eq!(shown["PerformanceLevel"], "PL1");
    assert_eq!((&shown["DiskName"], &shown["MultiAttach"]), (&"".into(), &"Disabled".into()));
    let given = ask(&[("DiskCategory", None)]);
    let disk = server.ok("CreateDisk", &given).await.text_at("DiskId");
    let shown = server.describe(&disk).await;
    assert_eq!((&shown["Category"], &shown["PerformanceLevel"]), (&"cloud".into(), &"".into()));
}

#[tokio::test]
async fn create_disk_with_a_subscription_instance_attaches_a_disk_that_goes_with_it() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.charge_type = ChargeType::PrePaid).await;
    let given = ask(&[("ZoneId", None), ("InstanceId", Some(&instance))]);
    let answer = server.ok("CreateDisk", &given).await;
    assert!(!answer.text_at("OrderId").is_empty());
    let disk = answer.text_at("DiskId");
    assert_eq!(server.status_of(&disk).await, "Attaching");
    server.finish_all().await;
    let shown = server.describe(&disk).await;
    assert_eq!(shown["Status"], "In_use");
    assert_eq!(shown["InstanceId"], instance.as_str());
    assert_eq!(shown["DiskChargeType"], "PrePaid");
    assert_eq!(shown["Portable"], false);
    assert_eq!(shown["DeleteWithInstance"], true);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn create_disk_leaves_a_slow_disk_creating_and_unusable() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"take","milliseconds":5000}}"#;
    server.control("POST", "/rules", rule).await;
    let disk = server.available_disk().await;
    assert_eq!(server.status_of(&disk).await, "Creating");
    let initializing = (
        403,
        "IncorrectDiskStatus.Initializing",
        "The current disk status does not support this operation.",
    );
    server.expect_refusal("DeleteDisk", &[("DiskId", &disk)], initializing).await;
    server.pass(4_999).await;
    assert_eq!(server.status_of(&disk).await, "Creating");
    server.pass(1).await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn create_disk_that_fails_removes_the_disk() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","times":1,"behaviour":{"do":"refuse"}}"#;
    server.control("POST", "/rules", rule).await;
    let disk = server.available_disk().await;
    assert_eq!(server.status_of(&disk).await, "Creating");
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "gone");
    assert_eq!(server.operations_of(&disk).await[0]["given_up"], true);
}

#[tokio::test]
async fn create_disk_of_a_regional_category_needs_no_zone() {
    let server = TestServer::new().await;
    let given = ask(&[("ZoneId", None), ("DiskCategory", Some("cloud_regional_disk_auto"))]);
    let disk = server.ok("CreateDisk", &given).await.text_at("DiskId");
    let shown = server.describe(&disk).await;
    assert_eq!(shown["ZoneId"], "cn-hangzhou-g", "the first that sells regional disks");
}

#[tokio::test]
async fn encrypted_disk_without_a_key_shows_the_service_key_of_its_account() {
    let mut server = TestServer::new().await;
    let encrypted = ask(&[("Encrypted", Some("true")), ("KMSKeyId", None)]);
    let key_of = async |server: &TestServer, given: &[(&str, &str)]| {
        let disk = server.ok("CreateDisk", given).await.text_at("DiskId");
        server.describe(&disk).await["KMSKeyId"].as_str().unwrap().to_owned()
    };
    let key = key_of(&server, &encrypted).await;
    assert_eq!(key.len(), "0e478b7a-4262-4802-b8cb-00d3fb40826X".len(), "{key}");
    assert_eq!(key_of(&server, &encrypted).await, key, "the same for every disk");
    let plain = ask(&[("Encrypted", None), ("KMSKeyId", None)]);
    assert_eq!(key_of(&server, &plain).await, "");
    let launched = server
        .run_one(&[("SystemDisk.Encrypted", Some("true")), ("DataDisk.1.Size", Some("20"))])
        .await;
    let disks = server.disks_of(&launched).await;
    assert_eq!((&disks[0]["KMSKeyId"], &disks[1]["KMSKeyId"]), (&key.as_str().into(), &"".into()));
    let filter = [("RegionId", REGION), ("KMSKeyId", key.as_str())];
    let found = server.list("DescribeDisks", &filter, ("Disks", "Disk", "DiskId")).await;
    assert_eq!(found.len(), 3);
    server.become_another_account().await;
    assert_ne!(key_of(&server, &encrypted).await, key);
}

/// It belongs to an instance that does not have it: nobody could attach or delete it.
#[tokio::test]
async fn create_disk_for_an_instance_that_comes_to_nothing_leaves_no_disk() {
    for transition in ["create", "attach"] {
        let server = TestServer::new().await;
        let instance = server.plant_instance(|i| i.charge_type = ChargeType::PrePaid).await;
        server
            .control(
                "POST",
                "/rules",
                &format!(
                    r#"{{"transition":"{transition}","times":1,"behaviour":{{"do":"refuse"}}}}"#
                ),
            )
            .await;
        let given = ask(&[("ZoneId", None), ("InstanceId", Some(&instance))]);
        let disk = server.ok("CreateDisk", &given).await.text_at("DiskId");
        server.finish_all().await;
        assert_eq!(server.status_of(&disk).await, "gone", "{transition}");
        assert_eq!(server.differences().await, []);
    }
}

#[tokio::test]
async fn snapshot_stays_while_a_disk_for_an_instance_is_made_from_it() {
    let server = TestServer::new().await;
    let other = server.running_instance().await;
    let source = server.disk_on(&other).await;
    let snapshot = server.snapshot_of(&source).await;
    let instance = server.plant_instance(|i| i.charge_type = ChargeType::PrePaid).await;
    server.control("POST", "/rules", r#"{"transition":"create","behaviour":{"do":"hold"}}"#).await;
    let given =
        ask(&[("ZoneId", None), ("InstanceId", Some(&instance)), ("SnapshotId", Some(&snapshot))]);
    let disk = server.ok("CreateDisk", &given).await.text_at("DiskId");
    assert_eq!(server.status_of(&disk).await, "Creating");
    let delete = [("SnapshotId", snapshot.as_str()), ("Force", "true")];
    assert_eq!(server.call("DeleteSnapshot", &delete).await.status, 403);
    server.control("POST", "/transitions/finish", &format!("{{\"disk\":\"{disk}\"}}")).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    server.ok("DeleteSnapshot", &delete).await;
}
