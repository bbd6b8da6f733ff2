//! ModifyDiskChargeType: data disks of a subscription instance change how they are paid for.

use domain::{Category, ChargeType, InstanceStatus, LockReason};

use crate::harness::{BEGINNING, REGION, TestServer};

async fn subscribed(world: &TestServer) -> (String, String) {
    let changes = [
        ("InstanceChargeType", Some("PrePaid")),
        ("Period", Some("1")),
        ("DataDisk.1.Size", Some("20")),
    ];
    let instance = world.run_one(&changes).await;
    let disk = world.disks_of(&instance).await[1]["DiskId"].as_str().unwrap().to_owned();
    (instance, disk)
}

#[tokio::test]
async fn modify_disk_charge_type_to_postpaid_makes_the_disk_portable() {
    let world = TestServer::new().await;
    let (instance, disk) = subscribed(&world).await;
    let ids = format!("[\"{disk}\"]");
    let ask = |to| {
        [
            ("RegionId", REGION),
            ("InstanceId", instance.as_str()),
            ("DiskIds", ids.as_str()),
            ("DiskChargeType", to),
        ]
    };
    let pair = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    world.turns_down("DetachDisk", &pair, (403, "DiskNotPortable")).await;
    let answer = world.ok("ModifyDiskChargeType", &ask("PostPaid")).await;
    assert!(!answer.text_at("OrderId").is_empty());
    let shown = world.describe(&disk).await;
    assert_eq!((&shown["DiskChargeType"], &shown["Portable"]), (&"PostPaid".into(), &true.into()));
    assert_eq!(shown["ExpiredTime"], "2999-09-08T16:00Z");

    world.turns_down("ModifyDiskChargeType", &ask("PrePaid"), (400, "Throttling")).await;
    world.pass(299_000).await;
    world.turns_down("ModifyDiskChargeType", &ask("PrePaid"), (400, "Throttling")).await;
    world.pass(1_000).await;
    world.ok("ModifyDiskChargeType", &ask("PrePaid")).await;
    let shown = world.describe(&disk).await;
    assert_eq!((&shown["DiskChargeType"], &shown["Portable"]), (&"PrePaid".into(), &false.into()));
    assert_eq!(shown["ExpiredTime"], "2026-02-02T03:04Z");
    world.pass(300_000).await;
    world.ok("ModifyDiskChargeType", &ask("PostPaid")).await;
    world.ok("DetachDisk", &pair).await;
    world.finish_all().await;
    assert_eq!(world.status_of(&disk).await, "Available");
}

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer.
#[tokio::test]
async fn modify_disk_charge_type_answers_the_first_failed_precondition() {
    let mut world = TestServer::new().await;
    let (instance, disk) = subscribed(&world).await;
    let ids = format!("[\"{disk}\"]");
    let ask = [("RegionId", REGION), ("InstanceId", &instance), ("DiskIds", &ids)];
    let refuses = async |world: &TestServer, status: u16, code: &str| {
        world.turns_down("ModifyDiskChargeType", &ask, (status, code)).await;
    };
    refuses(&world, 400, "ChargeTypeViolation").await;
    world.change_disk(&disk, |d| d.category = Category::LocalSsdPro).await;
    refuses(&world, 404, "InvalidDiskIds.NotPortable").await;
    let attached = world.assembly.gateway.services.clock.now();
    world
        .change_disk(&disk, move |d| {
            d.attachments.clear();
            d.detached_at = Some(attached);
        })
        .await;
    refuses(&world, 400, "InvalidOperation.DiskMustAttachedToInstance").await;
    world.change_disk(&disk, |d| d.delete_protected = true).await;
    refuses(&world, 400, "InvalidDisk.DetachedSystemDisk").await;
    world.change_disk(&disk, |d| d.multi_attach = true).await;
    refuses(&world, 403, "InvalidOperation.MultiAttachDisk").await;
    for status in [InstanceStatus::Starting, InstanceStatus::Stopping] {
        world.put_in(&instance, status).await;
        refuses(&world, 404, "InvalidInstanceStatus.NotSupported").await;
    }
    world.change_instance(&instance, |i| i.locks = vec![LockReason::Financial]).await;
    refuses(&world, 400, "InstanceExpiredOrInArrears").await;
    world
        .change_instance(&instance, |i| {
            i.locks.clear();
            i.expires_at = Some(BEGINNING);
        })
        .await;
    refuses(&world, 400, "InstanceExpiredOrInArrears").await;
    world.change_instance(&instance, |i| i.charge_type = ChargeType::PostPaid).await;
    refuses(&world, 400, "ChargeTypeViolation").await;
    let not_found = (404, "InvalidDiskIds.NotFound");
    for ids in ["[]", "[\"d-nowhere\"]"] {
        let ask = [ask[0], ask[1], ("DiskIds", ids)];
        world.turns_down("ModifyDiskChargeType", &ask, not_found).await;
    }
    let elsewhere = [("RegionId", "cn-shanghai"), ask[1], ask[2]];
    let no_instance = (400, "InvalidInstanceId.NotFound");
    world.turns_down("ModifyDiskChargeType", &elsewhere, no_instance).await;
    let nowhere = [("RegionId", "nowhere"), ask[1], ask[2]];
    world.turns_down("ModifyDiskChargeType", &nowhere, (404, "InvalidRegionId.NotFound")).await;
    world.become_another_account().await;
    refuses(&world, no_instance.0, no_instance.1).await;
}

#[tokio::test]
async fn modify_disk_charge_type_skips_system_disks_and_repeats_by_token() {
    let world = TestServer::new().await;
    let (instance, disk) = subscribed(&world).await;
    let system = world.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let both = format!("[\"{disk}\",\"{system}\"]");
    let ids = format!("[\"{disk}\"]");
    let base = [
        ("RegionId", REGION),
        ("InstanceId", instance.as_str()),
        ("DiskChargeType", "PostPaid"),
        ("ClientToken", "token-1"),
    ];
    let all = [&base[..3], &[("DiskIds", both.as_str())]].concat();
    let not_data = (400, "InvalidOperation.DiskMustAttachedToInstance");
    world.turns_down("ModifyDiskChargeType", &all, not_data).await;
    let one = [&base[..], &[("DiskIds", ids.as_str())]].concat();
    let order = world.ok("ModifyDiskChargeType", &one).await.text_at("OrderId");
    assert_eq!(world.ok("ModifyDiskChargeType", &one).await.text_at("OrderId"), order);
}
