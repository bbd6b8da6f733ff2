//! Launches with a vSwitch: the addresses, the zone and the VPC come from one that is kept; any
//! other id is shown as it is.

use serde_json::Value;

use super::{vpc, vswitch};
use crate::harness::{Changes, REGION, TestServer, ZONE, launch};

fn addresses(shown: &Value) -> Vec<&str> {
    let all = shown["VpcAttributes"]["PrivateIpAddress"]["IpAddress"].as_array().unwrap();
    all.iter().map(|address| address.as_str().unwrap()).collect()
}

#[tokio::test]
async fn run_instances_in_a_kept_vswitch_gives_its_vpc_zone_and_addresses() {
    let server = TestServer::new().await;
    let network = vpc(&server, "10.1.0.0/16").await;
    let part = vswitch(&server, &network, "10.1.0.0/29").await;
    let place = [("ZoneId", None), ("VSwitchId", Some(part.as_str()))];
    let two = [&place[..], &[("Amount", Some("2"))]].concat();
    let ids = server.run(&two).await;
    for (id, address) in ids.iter().zip(["10.1.0.1", "10.1.0.2"]) {
        let shown = server.show(id).await;
        assert_eq!(
            (&shown["VpcAttributes"]["VpcId"], &shown["ZoneId"]),
            (&network.as_str().into(), &ZONE.into())
        );
        assert_eq!(
            (addresses(&shown), &shown["VpcAttributes"]["VSwitchId"]),
            (vec![address], &part.as_str().into())
        );
    }
    let asked = [&place[..], &[("PrivateIpAddress", Some("10.1.0.4"))]].concat();
    let last = server.run_one(&asked).await;
    assert_eq!(addresses(&server.show(&last).await), ["10.1.0.4"]);
    let shown = server.ok("Vpc.DescribeVSwitchAttributes", &[("VSwitchId", &part)]).await;
    assert_eq!(shown.json["AvailableIpAddressCount"], 1);
    let full = [("VSwitchId", part.as_str()), ("RegionId", REGION)];
    server.expect_code("Vpc.DeleteVSwitch", &full, (400, "DependencyViolation")).await;

    let refused: &[(Changes<'_>, &str)] = &[
        (&[("Amount", Some("2"))], "QuotaExceeded.PrivateIpAddress"),
        (&[("PrivateIpAddress", Some("10.1.0.4"))], "InvalidPrivateIpAddress.Duplicated"),
        (&[("PrivateIpAddress", Some("10.1.0.5"))], "InvalidPrivateIpAddress"),
        (&[("PrivateIpAddress", Some("10.2.0.1"))], "InvalidPrivateIpAddress"),
        (&[("ZoneId", Some("cn-hangzhou-h"))], "InvalidParameter.VSwitchId"),
    ];
    for (changes, code) in refused {
        let ask = launch(&[&place[..], changes].concat());
        server.expect_code("RunInstances", &ask, (400, code)).await;
        if changes[0].0 != "Amount" {
            server.expect_code("CreateInstance", &ask, (400, code)).await;
        }
    }
    server.run_one(&place).await;
    let ask = launch(&place);
    for action in ["RunInstances", "CreateInstance"] {
        server.expect_code(action, &ask, (400, "QuotaExceeded.PrivateIpAddress")).await;
    }
    for id in ids {
        server.ok("DeleteInstance", &[("InstanceId", &id), ("Force", "true")]).await;
    }
    server.finish_all().await;
    let next = server.run_one(&place).await;
    assert_eq!(addresses(&server.show(&next).await), ["10.1.0.1"]);
}

#[tokio::test]
async fn launches_refuse_a_vswitch_that_is_pending_or_elsewhere_and_a_group_of_another_vpc() {
    let server = TestServer::new().await;
    let network = vpc(&server, "10.1.0.0/16").await;
    let ask = [("VpcId", network.as_str()), ("ZoneId", ZONE), ("CidrBlock", "10.1.0.0/24")];
    let part = server.ok("Vpc.CreateVSwitch", &ask).await.text_at("VSwitchId");
    let pending = launch(&[("VSwitchId", Some(&part))]);
    for action in ["RunInstances", "CreateInstance"] {
        server.expect_code(action, &pending, (400, "IncorrectVSwitchStatus")).await;
    }
    server.drain().await;
    let elsewhere = launch(&[
        ("VSwitchId", Some(part.as_str())),
        ("RegionId", Some("cn-beijing")),
        ("ZoneId", None),
    ]);
    let group = server.ok("CreateSecurityGroup", &[("RegionId", REGION)]).await;
    let group = group.text_at("SecurityGroupId");
    let mixed = [("VSwitchId", Some(part.as_str())), ("SecurityGroupId", Some(group.as_str()))];
    let mixed = launch(&mixed);
    for action in ["RunInstances", "CreateInstance"] {
        server.expect_code(action, &elsewhere, (404, "InvalidVSwitchId.NotFound")).await;
        server.expect_code(action, &mixed, (400, "InvalidParameter.Mismatch")).await;
    }
    let several =
        [("VSwitchId", Some(part.as_str())), ("SecurityGroupIds.1", Some(group.as_str()))];
    server.expect_code("RunInstances", &launch(&several), (400, "InvalidParameter.Mismatch")).await;
}

/// Configurations name vSwitches of the real cloud, which this server never made.
#[tokio::test]
async fn run_instances_in_an_unknown_vswitch_shows_it() {
    let server = TestServer::new().await;
    let id = server.run_one(&[("VSwitchId", Some("vsw-of-the-cloud"))]).await;
    let shown = server.show(&id).await;
    assert_eq!(shown["VpcAttributes"]["VSwitchId"], "vsw-of-the-cloud");
    assert!(addresses(&shown)[0].starts_with("172."));
}
