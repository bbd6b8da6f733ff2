//! ModifyDiskAttribute: name, description and switches of one or several disks.

use domain::{Activity, Category};

use crate::harness::{REGION, Refused, TestServer};

#[tokio::test]
async fn modify_disk_attribute_changes_only_named_attributes() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let free = server.disk_with(|disk| disk.category = Category::CloudAuto).await;
    let used = server.disk_on(&instance).await;
    for disk in [&free, &used] {
        let before = server.describe(disk).await;
        for (name, value, shown) in [
            ("DiskName", "data-2", serde_json::json!("data-2")),
            ("Description", "files", "files".into()),
            ("Description", "", "".into()),
            ("DeleteWithInstance", "true", true.into()),
            ("DeleteWithInstance", "FALSE", false.into()),
            ("DeleteAutoSnapshot", "false", false.into()),
            ("EnableAutoSnapshot", "false", false.into()),
        ] {
            server.ok("ModifyDiskAttribute", &[("DiskId", disk), (name, value)]).await;
            assert_eq!(server.describe(disk).await[name], shown, "{name}");
        }
        let mut expected = before;
        expected["DiskName"] = "data-2".into();
        expected["DeleteAutoSnapshot"] = false.into();
        expected["EnableAutoSnapshot"] = false.into();
        assert_eq!(server.describe(disk).await, expected);
    }
    server.ok("ModifyDiskAttribute", &[("DiskId", &free), ("BurstingEnabled", "true")]).await;
    assert_eq!(server.describe(&free).await["BurstingEnabled"], true);
}

#[tokio::test]
async fn modify_disk_attribute_of_several_disks_is_atomic() {
    let server = TestServer::new().await;
    let (one, other) = (server.available_disk().await, server.available_disk().await);
    let ask = [("DiskIds.1", one.as_str()), ("DiskIds.2", &other), ("DiskName", "pair")];
    server.ok("ModifyDiskAttribute", &ask).await;
    for disk in [&one, &other] {
        assert_eq!(server.describe(disk).await["DiskName"], "pair");
    }
    let ask = [("DiskIds.1", one.as_str()), ("DiskIds.2", "d-nowhere"), ("DiskName", "half")];
    server.expect_code("ModifyDiskAttribute", &ask, (404, "InvalidDiskId.NotFound")).await;
}

/// The switch decides what becomes of the disk when its instance goes.
#[tokio::test]
async fn delete_with_instance_takes_effect_when_the_instance_is_released() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let (goes, stays) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    let system = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    for (disk, value) in [(&goes, "true"), (&stays, "false"), (&system, "false")] {
        let ask = [("DiskId", disk.as_str()), ("DeleteWithInstance", value)];
        server.ok("ModifyDiskAttribute", &ask).await;
    }
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    for (disk, expected) in [(&goes, "gone"), (&stays, "Available"), (&system, "Available")] {
        assert_eq!(server.status_of(disk).await, expected);
    }
}

#[tokio::test]
async fn modify_disk_attribute_refuses_missing_ids_and_attributes() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let id = ("DiskId", disk.as_str());
    let name = ("DiskName", "data-2");
    let names: Vec<String> = (1..=101).map(|n| format!("DiskIds.{n}")).collect();
    let mut many: Vec<_> = names.iter().map(|name| (name.as_str(), disk.as_str())).collect();
    many.push(name);
    let rows: &[Refused] = &[
        (&[name], 400, "MissingParameter.DiskIdOrDiskIds"),
        (&[id, ("DiskIds.1", &disk), name], 400, "ParameterConflict.DiskIdAndDiskIds"),
        (&many, 403, "InvalidDiskIds.Malformed"),
        (&[("DiskId", "d-nowhere"), name], 404, "InvalidDiskId.NotFound"),
        (&[id, ("RegionId", "cn-shanghai"), name], 404, "InvalidDiskId.NotFound"),
        (&[id, ("RegionId", "nowhere"), name], 400, "InvalidRegionId.MalFormed"),
        (&[id, ("RegionId", REGION)], 400, "NoAttributeToModify"),
        (&[id, ("DiskName", "1")], 400, "InvalidDiskName.Malformed"),
        (&[id, ("Description", "https://x")], 404, "InvalidDescription.Malformed"),
    ];
    for (parameters, status, code) in rows {
        server.expect_code("ModifyDiskAttribute", parameters, (*status, code)).await;
    }
}

#[tokio::test]
async fn modify_disk_attribute_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let small = |disk: &mut domain::Disk| {
        disk.category = Category::CloudAuto;
        disk.size_gib = 3;
    };
    let disk = server.disk_with(small).await;
    let burst = [("DiskId", disk.as_str()), ("BurstingEnabled", "true")];
    let stay = [burst[0], burst[1], ("DeleteWithInstance", "false")];
    let action = "ModifyDiskAttribute";
    server.expect_code(action, &burst, (400, "InvalidBurstingEnabled.DiskSizeTooSmall")).await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    let shared = (400, "BurstingEnabledForMultiAttachDiskUnsupported");
    server.expect_code(action, &burst, shared).await;
    server.change_disk(&disk, |d| d.category = Category::Cloud).await;
    let category = (400, "BurstingEnabledForDiskCategoryUnsupported");
    server.expect_code(action, &burst, category).await;
    server
        .change_disk(&disk, |d| {
            d.multi_attach = false;
            d.portable = false;
            d.delete_with_instance = true;
        })
        .await;
    server.expect_code(action, &stay, (403, "DiskNotPortable")).await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    server.expect_code(action, &stay, (403, "DeleteWithInstance.Conflict")).await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Creating)).await;
    server.expect_code(action, &stay, (403, "IncorrectDiskStatus")).await;
    server.become_another_account().await;
    server.expect_code(action, &stay, (404, "InvalidDiskId.NotFound")).await;
}

/// Values that the disk has already are no change, and cannot be refused.
#[tokio::test]
async fn modify_disk_attribute_accepts_values_that_the_disk_has_already() {
    let server = TestServer::new().await;
    let shared = server.disk_with(|disk| disk.multi_attach = true).await;
    let fixed = server.disk_with(|disk| disk.portable = false).await;
    let bursting = server.disk_with(|disk| disk.bursting_enabled = true).await;
    for (disk, name, value) in [
        (&shared, "DeleteWithInstance", "false"),
        (&fixed, "DeleteWithInstance", "false"),
        (&bursting, "BurstingEnabled", "true"),
    ] {
        let before = server.describe(disk).await;
        server.ok("ModifyDiskAttribute", &[("DiskId", disk), (name, value)]).await;
        assert_eq!(server.describe(disk).await, before, "{name}={value}");
    }
}

#[tokio::test]
async fn modify_disk_attribute_during_a_detach_is_not_undone_by_its_end() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    for behaviour in ["finish", "refuse"] {
        let disk = server.disk_on(&instance).await;
        server.rule(r#"{"transition":"detach","times":1,"behaviour":{"do":"hold"}}"#);
        server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
        server.drain().await;
        let along = [("DiskId", disk.as_str()), ("DeleteWithInstance", "true")];
        server.ok("ModifyDiskAttribute", &along).await;
        let path = format!("/transitions/{behaviour}");
        server.control("POST", &path, &format!("{{\"disk\":\"{disk}\"}}")).await;
        server.finish_all().await;
        assert_eq!(server.describe(&disk).await["DeleteWithInstance"], true, "{behaviour}");
    }
}
