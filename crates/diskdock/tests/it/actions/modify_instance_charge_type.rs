//! ModifyInstanceChargeType, and how subscriptions renew themselves.

use domain::{Category, InstanceStatus, Moment};

use crate::harness::{REGION, Refused, TestServer};

const ACTION: &str = "ModifyInstanceChargeType";
const RENEWAL: &str = "DescribeInstanceAutoRenewAttribute";

#[tokio::test]
async fn modify_instance_charge_type_takes_the_system_disk_along_and_data_disks_if_asked() {
    let server = TestServer::new().await;
    let id = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let ids = format!("[\"{id}\"]");
    let place = [("RegionId", REGION), ("InstanceIds", ids.as_str())];
    let answer = server.ok(ACTION, &[&place[..], &[("Period", "2")]].concat()).await;
    assert!(!answer.text_at("OrderId").is_empty());
    let shown = server.show(&id).await;
    assert_eq!(shown["InstanceChargeType"], "PrePaid");
    assert_eq!(shown["ExpiredTime"], "2026-03-02T03:04Z");
    let paid = async |server: &TestServer| {
        let disks = server.disks_of(&id).await;
        [&disks[0], &disks[1]].map(|disk| disk["DiskChargeType"].as_str().unwrap().to_owned())
    };
    assert_eq!(paid(&server).await, ["PrePaid", "PostPaid"]);

    let back = [&place[..], &[("InstanceChargeType", "PostPaid"), ("IsDetailFee", "true")]];
    let answer = server.ok(ACTION, &back.concat()).await;
    assert_eq!(answer.json["FeeOfInstances"]["FeeOfInstance"][0]["InstanceId"], id);
    assert_eq!(paid(&server).await, ["PostPaid", "PostPaid"]);
    assert_eq!(server.show(&id).await["ExpiredTime"], "2999-09-08T16:00Z");

    let all = [&place[..], &[("IncludeDataDisks", "true"), ("PeriodUnit", "Year")]].concat();
    server.ok(ACTION, &all).await;
    assert_eq!(paid(&server).await, ["PrePaid", "PrePaid"]);
    let data = server.disks_of(&id).await[1].clone();
    assert_eq!(
        (&data["Portable"], &data["ExpiredTime"]),
        (&false.into(), &"2027-01-02T03:04Z".into())
    );
    let pair = [("InstanceId", id.as_str()), ("DiskId", data["DiskId"].as_str().unwrap())];
    server.expect_code("DetachDisk", &pair, (403, "DiskNotPortable")).await;
}

#[tokio::test]
async fn refusals_of_modify_instance_charge_type() {
    let server = TestServer::new().await;
    let id = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let ids = format!("[\"{id}\"]");
    let place = [("RegionId", REGION), ("InstanceIds", ids.as_str())];
    let expect_refusal =
        async |server: &TestServer, more: &[(&str, &str)], status: u16, code: &str| {
            server.expect_code(ACTION, &[&place[..], more].concat(), (status, code)).await;
        };
    let kept = "InvalidInstanceChargeType.ValueNotSupported";
    expect_refusal(&server, &[("InstanceChargeType", "PostPaid")], 400, kept).await;
    for length in
        [[("Period", "10"), ("PeriodUnit", "Month")], [("Period", "5"), ("PeriodUnit", "Week")]]
    {
        expect_refusal(&server, &length, 400, "InvalidPeriod.UnitMismatch").await;
    }
    expect_refusal(&server, &[("Period", "61")], 400, "InvalidPeriod").await;
    let disk = server.disks_of(&id).await[1]["DiskId"].as_str().unwrap().to_owned();
    server.change_disk(&disk, |disk| disk.category = Category::LocalSsdPro).await;
    expect_refusal(&server, &[], 400, kept).await;
    server.change_instance(&id, |one| one.auto_release_at = Some(Moment(0))).await;
    expect_refusal(&server, &[], 400, "ReleaseTimeHaveBeenSet").await;
    server.change_instance(&id, |one| one.spot_strategy = "SpotAsPriceGo".to_owned()).await;
    expect_refusal(&server, &[], 400, "InvalidSpotStrategy").await;
    server.put_in(&id, InstanceStatus::Stopping).await;
    expect_refusal(&server, &[], 400, "InvalidStatus.ValueNotSupported").await;
    server.change_instance(&id, |one| one.expires_at = Some(Moment(0))).await;
    expect_refusal(&server, &[], 400, "ExpiredInstance").await;
    let others: &[Refused<'_>] = &[
        (&[("RegionId", REGION), ("InstanceIds", "[]")], 400, "InvalidParameter.InstanceIds"),
        (&[("RegionId", REGION), ("InstanceIds", "i-1")], 400, "InvalidParameter.InstanceIds"),
        (&[("RegionId", REGION), ("InstanceIds", "[\"i-1\"]")], 404, "InvalidInstanceId.NotFound"),
        (&[("RegionId", "mars"), place[1]], 404, "InvalidRegionId.NotFound"),
    ];
    for (pairs, status, code) in others {
        server.expect_code(ACTION, pairs, (*status, code)).await;
    }
}

#[tokio::test]
async fn modify_instance_charge_type_with_a_used_client_token_answers_as_before() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let ids = format!("[\"{id}\"]");
    let place = [("RegionId", REGION), ("InstanceIds", ids.as_str()), ("ClientToken", "pay-1")];
    let order = server.ok(ACTION, &place).await.text_at("OrderId");
    assert_eq!(server.ok(ACTION, &place).await.text_at("OrderId"), order);
    let other = [&place[..], &[("Period", "2")]].concat();
    server.expect_code(ACTION, &other, (400, "IdempotentParameterMismatch")).await;
}

#[tokio::test]
async fn describe_instance_auto_renew_attribute_shows_subscriptions_only() {
    let server = TestServer::new().await;
    let subscription = [("InstanceChargeType", Some("PrePaid")), ("Period", Some("1"))];
    let id = server.run_one(&subscription).await;
    let other = server.run_one(&[]).await;
    let path = ("InstanceRenewAttributes", "InstanceRenewAttribute", "InstanceId");
    let region = ("RegionId", REGION);
    for (ask, expected) in [
        (("InstanceId", id.as_str()), 1),
        (("RenewalStatus", "Normal"), 1),
        (("RenewalStatus", "AutoRenewal"), 0),
    ] {
        assert_eq!(server.list(RENEWAL, &[region, ask], path).await.len(), expected, "{ask:?}");
    }
    let answer = server.ok(RENEWAL, &[region, ("InstanceId", &id)]).await;
    let shown = &answer.json["InstanceRenewAttributes"]["InstanceRenewAttribute"][0];
    assert_eq!((&shown["RenewalStatus"], &shown["Duration"]), (&"Normal".into(), &0.into()));
    let second = [region, ("RenewalStatus", "Normal"), ("PageNumber", "2"), ("PageSize", "1")];
    assert!(server.list(RENEWAL, &second, path).await.is_empty());
    let many = vec!["i-1"; 101].join(",");
    let refused: &[Refused<'_>] = &[
        (&[], 403, "InvalidParameter.RenewalStatusInstanceId"),
        (&[("InstanceId", &other)], 403, "ChargeTypeViolation"),
        (&[("InstanceId", "i-none")], 403, "InvalidParameter.InvalidInstanceId"),
        (&[("InstanceId", &many)], 403, "InvalidParameter.ToManyInstanceIds"),
        (&[("RenewalStatus", "Never")], 403, "InvalidParameter.RenewalStatus"),
        (&[("InstanceId", &id), ("PageNumber", "0")], 403, "InvalidParameter.PageNumber"),
        (&[("InstanceId", &id), ("PageSize", "101")], 403, "InvalidParameter.PageSize"),
    ];
    for (pairs, status, code) in refused {
        server.expect_code(RENEWAL, &[&[region], *pairs].concat(), (*status, code)).await;
    }
    let elsewhere = [("RegionId", "mars"), ("InstanceId", id.as_str())];
    server.expect_code(RENEWAL, &elsewhere, (404, "InvalidRegionId.NotFound")).await;
}

/// A disk that is tied to an instance can never leave it: one that is leaving, or is on others too,
/// is not.
#[tokio::test]
async fn modify_instance_charge_type_ties_no_disk_that_is_leaving_or_on_others_too() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let (leaving, shared) = (server.disk_on(&id).await, server.disk_on(&id).await);
    let stays = server.disk_on(&id).await;
    server.change_disk(&shared, |disk| disk.multi_attach = true).await;
    server.rule(r#"{"transition":"detach","behaviour":{"do":"hold"}}"#);
    server.ok("DetachDisk", &[("InstanceId", &id), ("DiskId", &leaving)]).await;
    let ids = format!("[\"{id}\"]");
    let ask = [
        ("RegionId", REGION),
        ("InstanceIds", ids.as_str()),
        ("InstanceChargeType", "PrePaid"),
        ("IncludeDataDisks", "true"),
    ];
    server.ok(ACTION, &ask).await;
    server.control("POST", "/transitions/finish", "{}").await;
    server.finish_all().await;
    for (disk, paid) in [(&leaving, "PostPaid"), (&shared, "PostPaid"), (&stays, "PrePaid")] {
        let shown = server.describe(disk).await;
        assert_eq!(shown["DiskChargeType"], paid);
        assert_eq!(shown["Portable"], paid == "PostPaid");
    }
    assert_eq!(server.status_of(&leaving).await, "Available");
    server.ok("DeleteDisk", &[("DiskId", &leaving)]).await;
}
