//! ModifyInstanceChargeType, and how subscriptions renew themselves.

use domain::{Category, InstanceStatus, Moment};

use crate::harness::{REGION, Refused, TestServer};

const ACTION: &str = "ModifyInstanceChargeType";
const RENEWAL: &str = "DescribeInstanceAutoRenewAttribute";

#[tokio::test]
async fn modify_instance_charge_type_takes_the_system_disk_along_and_data_disks_if_asked() {
    let world = TestServer::new().await;
    let id = world.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let ids = format!("[\"{id}\"]");
    let place = [("RegionId", REGION), ("InstanceIds", ids.as_str())];
    let answer = world.ok(ACTION, &[&place[..], &[("Period", "2")]].concat()).await;
    assert!(!answer.text_at("OrderId").is_empty());
    let shown = world.show(&id).await;
    assert_eq!(shown["InstanceChargeType"], "PrePaid");
    assert_eq!(shown["ExpiredTime"], "2026-03-02T03:04Z");
    let paid = async |world: &TestServer| {
        let disks = world.disks_of(&id).await;
        [&disks[0], &disks[1]].map(|disk| disk["DiskChargeType"].as_str().unwrap().to_owned())
    };
    assert_eq!(paid(&world).await, ["PrePaid", "PostPaid"]);

    let back = [&place[..], &[("InstanceChargeType", "PostPaid"), ("IsDetailFee", "true")]];
    let answer = world.ok(ACTION, &back.concat()).await;
    assert_eq!(answer.json["FeeOfInstances"]["FeeOfInstance"][0]["InstanceId"], id);
    assert_eq!(paid(&world).await, ["PostPaid", "PostPaid"]);
    assert_eq!(world.show(&id).await["ExpiredTime"], "2999-09-08T16:00Z");

    let all = [&place[..], &[("IncludeDataDisks", "true"), ("PeriodUnit", "Year")]].concat();
    world.ok(ACTION, &all).await;
    assert_eq!(paid(&world).await, ["PrePaid", "PrePaid"]);
    let data = world.disks_of(&id).await[1].clone();
    assert_eq!(
        (&data["Portable"], &data["ExpiredTime"]),
        (&false.into(), &"2027-01-02T03:04Z".into())
    );
    let pair = [("InstanceId", id.as_str()), ("DiskId", data["DiskId"].as_str().unwrap())];
    world.turns_down("DetachDisk", &pair, (403, "DiskNotPortable")).await;
}

#[tokio::test]
async fn refusals_of_modify_instance_charge_type() {
    let world = TestServer::new().await;
    let id = world.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let ids = format!("[\"{id}\"]");
    let place = [("RegionId", REGION), ("InstanceIds", ids.as_str())];
    let refuses = async |world: &TestServer, more: &[(&str, &str)], status: u16, code: &str| {
        world.turns_down(ACTION, &[&place[..], more].concat(), (status, code)).await;
    };
    let kept = "InvalidInstanceChargeType.ValueNotSupported";
    refuses(&world, &[("InstanceChargeType", "PostPaid")], 400, kept).await;
    for length in
        [[("Period", "10"), ("PeriodUnit", "Month")], [("Period", "5"), ("PeriodUnit", "Week")]]
    {
        refuses(&world, &length, 400, "InvalidPeriod.UnitMismatch").await;
    }
    refuses(&world, &[("Period", "61")], 400, "InvalidPeriod").await;
    let disk = world.disks_of(&id).await[1]["DiskId"].as_str().unwrap().to_owned();
    world.change_disk(&disk, |disk| disk.category = Category::LocalSsdPro).await;
    refuses(&world, &[], 400, kept).await;
    world.change_instance(&id, |one| one.auto_release_at = Some(Moment(0))).await;
    refuses(&world, &[], 400, "ReleaseTimeHaveBeenSet").await;
    world.change_instance(&id, |one| one.spot_strategy = "SpotAsPriceGo".to_owned()).await;
    refuses(&world, &[], 400, "InvalidSpotStrategy").await;
    world.put_in(&id, InstanceStatus::Stopping).await;
    refuses(&world, &[], 400, "InvalidStatus.ValueNotSupported").await;
    world.change_instance(&id, |one| one.expires_at = Some(Moment(0))).await;
    refuses(&world, &[], 400, "ExpiredInstance").await;
    let others: &[Refused<'_>] = &[
        (&[("RegionId", REGION), ("InstanceIds", "[]")], 400, "InvalidParameter.InstanceIds"),
        (&[("RegionId", REGION), ("InstanceIds", "i-1")], 400, "InvalidParameter.InstanceIds"),
        (&[("RegionId", REGION), ("InstanceIds", "[\"i-1\"]")], 404, "InvalidInstanceId.NotFound"),
        (&[("RegionId", "mars"), place[1]], 404, "InvalidRegionId.NotFound"),
    ];
    for (pairs, status, code) in others {
        world.turns_down(ACTION, pairs, (*status, code)).await;
    }
}

#[tokio::test]
async fn modify_instance_charge_type_with_a_used_client_token_answers_as_before() {
    let world = TestServer::new().await;
    let id = world.run_one(&[]).await;
    let ids = format!("[\"{id}\"]");
    let place = [("RegionId", REGION), ("InstanceIds", ids.as_str()), ("ClientToken", "pay-1")];
    let order = world.ok(ACTION, &place).await.text_at("OrderId");
    assert_eq!(world.ok(ACTION, &place).await.text_at("OrderId"), order);
    let other = [&place[..], &[("Period", "2")]].concat();
    world.turns_down(ACTION, &other, (400, "IdempotentParameterMismatch")).await;
}

#[tokio::test]
async fn describe_instance_auto_renew_attribute_shows_subscriptions_only() {
    let world = TestServer::new().await;
    let subscription = [("InstanceChargeType", Some("PrePaid")), ("Period", Some("1"))];
    let id = world.run_one(&subscription).await;
    let other = world.run_one(&[]).await;
    let path = ("InstanceRenewAttributes", "InstanceRenewAttribute", "InstanceId");
    let region = ("RegionId", REGION);
    for (ask, expected) in [
        (("InstanceId", id.as_str()), 1),
        (("RenewalStatus", "Normal"), 1),
        (("RenewalStatus", "AutoRenewal"), 0),
    ] {
        assert_eq!(world.list(RENEWAL, &[region, ask], path).await.len(), expected, "{ask:?}");
    }
    let answer = world.ok(RENEWAL, &[region, ("InstanceId", &id)]).await;
    let shown = &answer.json["InstanceRenewAttributes"]["InstanceRenewAttribute"][0];
    assert_eq!((&shown["RenewalStatus"], &shown["Duration"]), (&"Normal".into(), &0.into()));
    let second = [region, ("RenewalStatus", "Normal"), ("PageNumber", "2"), ("PageSize", "1")];
    assert!(world.list(RENEWAL, &second, path).await.is_empty());
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
        world.turns_down(RENEWAL, &[&[region], *pairs].concat(), (*status, code)).await;
    }
    let elsewhere = [("RegionId", "mars"), ("InstanceId", id.as_str())];
    world.turns_down(RENEWAL, &elsewhere, (404, "InvalidRegionId.NotFound")).await;
}
