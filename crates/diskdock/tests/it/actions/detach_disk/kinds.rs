//! DetachDisk of disks that are not plain data disks.

use domain::InstanceStatus;

use super::named;
use crate::harness::TestServer;

#[tokio::test]
async fn detach_disk_makes_a_system_disk_of_a_stopped_instance_a_protected_data_disk() {
    let server = TestServer::new().await;
    let (instance, disk) = server.stopped_with_system_disk().await;
    assert_eq!(server.describe(&disk).await["Type"], "system");
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    assert_eq!(server.describe(&disk).await["Status"], "Detaching");
    server.finish_all().await;

    let after = server.describe(&disk).await;
    assert_eq!(after["Status"], "Available");
    assert_eq!(after["Type"], "data");
    assert_eq!(after["DeleteWithInstance"], true, "the default for a system disk");
    let tag = |key: &str| {
        let tags = after["Tags"]["Tag"].as_array().unwrap();
        let found = tags.iter().find(|tag| tag["TagKey"] == key);
        found.map(|tag| tag["TagValue"].as_str().unwrap().to_owned())
    };
    assert_eq!(tag("acs:ecs:sourceInstanceId"), Some(instance.clone()));
    assert_eq!(tag("acs:ecs:diskDeleteProtection").as_deref(), Some("true"));
    assert_eq!(tag("acs:ecs:diskPayType").as_deref(), Some("AfterPay"));

    let tx: serde_json::Value = serde_json::from_str(&server.export_json()).unwrap();
    let source = &tx["instances"][0];
    assert!(source["system_disk"].is_null());
    assert!(source["tags"].to_string().contains("acs:ecs:sourceSystemDiskId"));
    assert!(source["tags"].to_string().contains(&disk));
    assert_eq!(server.differences().await, []);
    let protected = (
        403,
        "InvalidDiskStatus.DeleteProtection",
        "The specified disk is under delete protection, can not be deleted.",
    );
    server.expect_refusal("DeleteDisk", &[("DiskId", &disk)], protected).await;
}

#[tokio::test]
async fn attach_disk_with_bootable_and_a_credential_takes_a_former_system_disk() {
    let server = TestServer::new().await;
    let (instance, disk) = server.stopped_with_system_disk().await;
    let [first, second] = named(&instance, &disk);
    server.ok("DetachDisk", &[first, second, ("DeleteWithInstance", "false")]).await;
    server.finish_all().await;
    assert_eq!(server.describe(&disk).await["DeleteWithInstance"], false);
    let login = [first, second, ("Bootable", "true"), ("Password", "Example-1234")];
    server.ok("AttachDisk", &login).await;
    server.finish_all().await;
    let after = server.describe(&disk).await;
    assert_eq!(after["Type"], "system");
    assert_eq!(after["Device"], "/dev/xvda");
    assert_eq!(after["InstanceId"], instance.as_str());
    server.ok("DetachDisk", &named(&instance, &disk)).await;
}

#[tokio::test]
async fn detach_disk_takes_a_multi_attach_disk_off_one_instance_only() {
    let server = TestServer::new().await;
    let kind = "ecs.g8i.large";
    let one = server.plant_instance(|i| i.instance_type = kind.to_owned()).await;
    let other = server.plant_instance(|i| i.instance_type = kind.to_owned()).await;
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    for instance in [&one, &other] {
        server.ok("AttachDisk", &named(instance, &disk)).await;
        server.finish_all().await;
    }
    let both = server.describe(&disk).await;
    assert_eq!(both["Status"], "In_use");
    assert_eq!((&both["InstanceId"], &both["Device"]), (&"".into(), &"".into()));
    assert_eq!(both["MultiAttach"], "Enabled");
    assert_eq!(both["MountInstanceNum"], 2);

    server.ok("DetachDisk", &named(&one, &disk)).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.finish_all().await;
    let left = server.describe(&disk).await;
    assert_eq!(left["Status"], "In_use");
    let attachments = left["Attachments"]["Attachment"].as_array().unwrap().clone();
    assert_eq!(attachments.len(), 1);
    assert_eq!(attachments[0]["InstanceId"], other.as_str());

    server.ok("DetachDisk", &named(&other, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn detach_disk_sets_delete_with_instance_false_unless_requested() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    for (asked, expected) in [(None, false), (Some("true"), true), (Some("FALSE"), false)] {
        let disk = server.disk_on(&instance).await;
        server.change_disk(&disk, |disk| disk.delete_with_instance = true).await;
        let mut ask = named(&instance, &disk).to_vec();
        ask.extend(asked.map(|text| ("DeleteWithInstance", text)));
        server.ok("DetachDisk", &ask).await;
        assert_eq!(server.describe(&disk).await["DeleteWithInstance"], true, "not yet");
        server.finish_all().await;
        assert_eq!(server.describe(&disk).await["DeleteWithInstance"], expected, "{asked:?}");
    }
}

#[tokio::test]
async fn detach_disk_works_on_a_stopped_instance() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.change_instance(&instance, |i| i.status = InstanceStatus::Stopped).await;
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}
