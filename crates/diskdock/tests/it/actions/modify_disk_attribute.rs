//! ModifyDiskAttribute: name, description and switches of one or several disks.

use domain::{Activity, Category};

use crate::harness::{REGION, Refused, TestServer};

#[tokio::test]
async fn modify_disk_attribute_changes_only_named_attributes() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let free = world.disk_with(|disk| disk.category = Category::CloudAuto).await;
    let used = world.disk_on(&instance).await;
    for disk in [&free, &used] {
        let before = world.describe(disk).await;
        for (name, value, shown) in [
            ("DiskName", "data-2", serde_json::json!("data-2")),
            ("Description", "files", "files".into()),
            ("Description", "", "".into()),
            ("DeleteWithInstance", "true", true.into()),
            ("DeleteWithInstance", "FALSE", false.into()),
            ("DeleteAutoSnapshot", "false", false.into()),
            ("EnableAutoSnapshot", "false", false.into()),
        ] {
            world.ok("ModifyDiskAttribute", &[("DiskId", disk), (name, value)]).await;
            assert_eq!(world.describe(disk).await[name], shown, "{name}");
        }
        let mut expected = before;
        expected["DiskName"] = "data-2".into();
        expected["DeleteAutoSnapshot"] = false.into();
        expected["EnableAutoSnapshot"] = false.into();
        assert_eq!(world.describe(disk).await, expected);
    }
    world.ok("ModifyDiskAttribute", &[("DiskId", &free), ("BurstingEnabled", "true")]).await;
    assert_eq!(world.describe(&free).await["BurstingEnabled"], true);
}

#[tokio::test]
async fn modify_disk_attribute_of_several_disks_is_atomic() {
    let world = TestServer::new().await;
    let (one, other) = (world.available_disk().await, world.available_disk().await);
    let ask = [("DiskIds.1", one.as_str()), ("DiskIds.2", &other), ("DiskName", "pair")];
    world.ok("ModifyDiskAttribute", &ask).await;
    for disk in [&one, &other] {
        assert_eq!(world.describe(disk).await["DiskName"], "pair");
    }
    let ask = [("DiskIds.1", one.as_str()), ("DiskIds.2", "d-nowhere"), ("DiskName", "half")];
    world.turns_down("ModifyDiskAttribute", &ask, (404, "InvalidDiskId.NotFound")).await;
}

/// The switch decides what becomes of the disk when its instance goes.
#[tokio::test]
async fn delete_with_instance_takes_effect_when_the_instance_is_released() {
    let world = TestServer::new().await;
    let instance = world.run_one(&[]).await;
    let (goes, stays) = (world.disk_on(&instance).await, world.disk_on(&instance).await);
    let system = world.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    for (disk, value) in [(&goes, "true"), (&stays, "false"), (&system, "false")] {
        let ask = [("DiskId", disk.as_str()), ("DeleteWithInstance", value)];
        world.ok("ModifyDiskAttribute", &ask).await;
    }
    world.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    world.finish_all().await;
    for (disk, expected) in [(&goes, "gone"), (&stays, "Available"), (&system, "Available")] {
        assert_eq!(world.status_of(disk).await, expected);
    }
}

#[tokio::test]
async fn modify_disk_attribute_refuses_missing_ids_and_attributes() {
    let world = TestServer::new().await;
    let disk = world.available_disk().await;
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
        world.turns_down("ModifyDiskAttribute", parameters, (*status, code)).await;
    }
}

#[tokio::test]
async fn modify_disk_attribute_answers_the_first_failed_precondition() {
    let mut world = TestServer::new().await;
    let small = |disk: &mut domain::Disk| {
        disk.category = Category::CloudAuto;
        disk.size_gib = 3;
    };
    let disk = world.disk_with(small).await;
    let burst = [("DiskId", disk.as_str()), ("BurstingEnabled", "true")];
    let stay = [burst[0], burst[1], ("DeleteWithInstance", "false")];
    let action = "ModifyDiskAttribute";
    world.turns_down(action, &burst, (400, "InvalidBurstingEnabled.DiskSizeTooSmall")).await;
    world.change_disk(&disk, |d| d.multi_attach = true).await;
    let shared = (400, "BurstingEnabledForMultiAttachDiskUnsupported");
    world.turns_down(action, &burst, shared).await;
    world.change_disk(&disk, |d| d.category = Category::Cloud).await;
    let category = (400, "BurstingEnabledForDiskCategoryUnsupported");
    world.turns_down(action, &burst, category).await;
    world
        .change_disk(&disk, |d| {
            d.multi_attach = false;
            d.portable = false;
            d.delete_with_instance = true;
        })
        .await;
    world.turns_down(action, &stay, (403, "DiskNotPortable")).await;
    world.change_disk(&disk, |d| d.multi_attach = true).await;
    world.turns_down(action, &stay, (403, "DeleteWithInstance.Conflict")).await;
    world.change_disk(&disk, |d| d.activity = Some(Activity::Creating)).await;
    world.turns_down(action, &stay, (403, "IncorrectDiskStatus")).await;
    world.become_another_account().await;
    world.turns_down(action, &stay, (404, "InvalidDiskId.NotFound")).await;
}

/// Values that the disk has already are no change, and cannot be refused.
#[tokio::test]
async fn modify_disk_attribute_accepts_values_that_the_disk_has_already() {
    let world = TestServer::new().await;
    let shared = world.disk_with(|disk| disk.multi_attach = true).await;
    let fixed = world.disk_with(|disk| disk.portable = false).await;
    let bursting = world.disk_with(|disk| disk.bursting_enabled = true).await;
    for (disk, name, value) in [
        (&shared, "DeleteWithInstance", "false"),
        (&fixed, "DeleteWithInstance", "false"),
        (&bursting, "BurstingEnabled", "true"),
    ] {
        let before = world.describe(disk).await;
        world.ok("ModifyDiskAttribute", &[("DiskId", disk), (name, value)]).await;
        assert_eq!(world.describe(disk).await, before, "{name}={value}");
    }
}
