//! ModifyDiskChargeType: data disks of a subscription instance change how they are paid for.

use domain::{Category, ChargeType, InstanceStatus, LockReason};

use crate::harness::{BEGINNING, REGION, TestServer};

async fn subscribed(server: &TestServer) -> (String, String) {
    let changes = [
        ("InstanceChargeType", Some("PrePaid")),
        ("Period", Some("1")),
        ("DataDisk.1.Size", Some("20")),
    ];
    let instance = server.run_one(&changes).await;
    let disk = server.disks_of(&instance).await[1]["DiskId"].as_str().unwrap().to_owned();
    (instance, disk)
}

#[tokio::test]
async fn modify_disk_charge_type_to_postpaid_makes_the_disk_portable() {
    let server = TestServer::new().await;
    let (instance, disk) = subscribed(&server).await;
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
    server.expect_code("DetachDisk", &pair, (403, "DiskNotPortable")).await;
    let answer = server.ok("ModifyDiskChargeType", &ask("PostPaid")).await;
    assert!(!answer.text_at("OrderId").is_empty());
    let shown = server.describe(&disk).await;
    assert_eq!((&shown["DiskChargeType"], &shown["Portable"]), (&"PostPaid".into(), &true.into()));
    assert_eq!(shown["ExpiredTime"], "2999-09-08T16:00Z");

    server.expect_code("ModifyDiskChargeType", &ask("PrePaid"), (400, "Throttling")).await;
    server.pass(299_000).await;
    server.expect_code("ModifyDiskChargeType", &ask("PrePaid"), (400, "Throttling")).await;
    server.pass(1_000).await;
    server.ok("ModifyDiskChargeType", &ask("PrePaid")).await;
    let shown = server.describe(&disk).await;
    assert_eq!((&shown["DiskChargeType"], &shown["Portable"]), (&"PrePaid".into(), &false.into()));
    assert_eq!(shown["ExpiredTime"], "2026-02-02T03:04Z");
    server.pass(300_000).await;
    server.ok("ModifyDiskChargeType", &ask("PostPaid")).await;
    server.ok("DetachDisk", &pair).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
}

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer.
#[tokio::test]
async fn modify_disk_charge_type_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let (instance, disk) = subscribed(&server).await;
    let ids = format!("[\"{disk}\"]");
    let ask = [("RegionId", REGION), ("InstanceId", &instance), ("DiskIds", &ids)];
    let expect_refusal = async |server: &TestServer, status: u16, code: &str| {
        server.expect_code("ModifyDiskChargeType", &ask, (status, code)).await;
    };
    expect_refusal(&server, 400, "ChargeTypeViolation").await;
    server.change_disk(&disk, |d| d.category = Category::LocalSsdPro).await;
    expect_refusal(&server, 404, "InvalidDiskIds.NotPortable").await;
    let attached = server.assembly.gateway.services.clock.now();
    server
        .change_disk(&disk, move |d| {
            d.attachments.clear();
            d.detached_at = Some(attached);
        })
        .await;
    expect_refusal(&server, 400, "InvalidOperation.DiskMustAttachedToInstance").await;
    server.change_disk(&disk, |d| d.delete_protected = true).await;
    expect_refusal(&server, 400, "InvalidDisk.DetachedSystemDisk").await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    expect_refusal(&server, 403, "InvalidOperation.MultiAttachDisk").await;
    for status in [InstanceStatus::Starting, InstanceStatus::Stopping] {
        server.put_in(&instance, status).await;
        expect_refusal(&server, 404, "InvalidInstanceStatus.NotSupported").await;
    }
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Financial]).await;
    expect_refusal(&server, 400, "InstanceExpiredOrInArrears").await;
    server
        .change_instance(&instance, |i| {
            i.locks.clear();
            i.expires_at = Some(BEGINNING);
        })
        .await;
    expect_refusal(&server, 400, "InstanceExpiredOrInArrears").await;
    server.change_instance(&instance, |i| i.charge_type = ChargeType::PostPaid).await;
    expect_refusal(&server, 400, "ChargeTypeViolation").await;
    let not_found = (404, "InvalidDiskIds.NotFound");
    for ids in ["[]", "[\"d-nowhere\"]"] {
        let ask = [ask[0], ask[1], ("DiskIds", ids)];
        server.expect_code("ModifyDiskChargeType", &ask, not_found).await;
    }
    let elsewhere = [("RegionId", "cn-shanghai"), ask[1], ask[2]];
    let no_instance = (400, "InvalidInstanceId.NotFound");
    server.expect_code("ModifyDiskChargeType", &elsewhere, no_instance).await;
    let nowhere = [("RegionId", "nowhere"), ask[1], ask[2]];
    server.expect_code("ModifyDiskChargeType", &nowhere, (404, "InvalidRegionId.NotFound")).await;
    server.become_another_account().await;
    expect_refusal(&server, no_instance.0, no_instance.1).await;
}

#[tokio::test]
async fn modify_disk_charge_type_skips_system_disks_and_repeats_by_token() {
    let server = TestServer::new().await;
    let (instance, disk) = subscribed(&server).await;
    let system = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
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
    server.expect_code("ModifyDiskChargeType", &all, not_data).await;
    let one = [&base[..], &[("DiskIds", ids.as_str())]].concat();
    let order = server.ok("ModifyDiskChargeType", &one).await.text_at("OrderId");
    assert_eq!(server.ok("ModifyDiskChargeType", &one).await.text_at("OrderId"), order);
    let other = [&base[..], &[("DiskIds", both.as_str())]].concat();
    let mismatch = (400, "Idempotence.SignatureMismatch");
    server.expect_code("ModifyDiskChargeType", &other, mismatch).await;
}
