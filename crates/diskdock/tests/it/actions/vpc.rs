//! VPCs and vSwitches, and instances that lie in them.

mod launches;
mod refusals;

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, REGION, Style, TestServer, ZONE};

pub(super) const VPCS: (&str, &str, &str) = ("Vpcs", "Vpc", "VpcId");
pub(super) const VSWITCHES: (&str, &str, &str) = ("VSwitches", "VSwitch", "VSwitchId");

/// A VPC of these addresses that is Available.
pub(super) async fn vpc(server: &TestServer, range: &str) -> String {
    let ask = [("RegionId", REGION), ("CidrBlock", range), ("VpcName", "lab")];
    let id = server.ok("Vpc.CreateVpc", &ask).await.text_at("VpcId");
    server.drain().await;
    id
}

/// A vSwitch of these addresses that is Available.
pub(super) async fn vswitch(server: &TestServer, vpc: &str, range: &str) -> String {
    let ask = [("VpcId", vpc), ("ZoneId", ZONE), ("CidrBlock", range), ("VSwitchName", "lab-1")];
    let id = server.ok("Vpc.CreateVSwitch", &ask).await.text_at("VSwitchId");
    server.drain().await;
    id
}

pub(super) async fn vpc_shown(server: &TestServer, vpc: &str) -> Value {
    let ask = [("RegionId", REGION), ("VpcId", vpc)];
    server.ok("Vpc.DescribeVpcAttribute", &ask).await.json
}

#[tokio::test]
async fn create_vpc_is_pending_then_available_with_a_router_and_a_route_table() {
    let server = TestServer::new().await;
    let ask = [
        ("RegionId", REGION),
        ("CidrBlock", "192.168.0.0/16"),
        ("VpcName", "lab"),
        ("Description", "the lab"),
        ("UserCidr", "203.0.113.0/24,198.51.100.0/24"),
        ("ResourceGroupId", "rg-1"),
        ("Tag.1.Key", "team"),
        ("Tag.1.Value", "storage"),
    ];
    let made = server.ok("Vpc.CreateVpc", &ask).await;
    let id = made.text_at("VpcId");
    assert!(id.starts_with("vpc-bp1") && made.text_at("VRouterId").starts_with("vrt-bp1"));
    let shown = vpc_shown(&server, &id).await;
    assert_eq!(
        (&shown["Status"], &shown["OwnerId"]),
        (&"Pending".into(), &json!(1_000_000_000_000_001_i64))
    );
    server.drain().await;
    let shown = vpc_shown(&server, &id).await;
    assert_eq!((&shown["Status"], &shown["VpcName"]), (&"Available".into(), &"lab".into()));
    assert_eq!(shown["UserCidrs"]["UserCidr"], json!(["203.0.113.0/24", "198.51.100.0/24"]));
    assert_eq!(shown["Tags"]["Tag"], json!([{ "Key": "team", "Value": "storage" }]));
    assert_eq!(shown["VRouterId"], made.text_at("VRouterId"));
    let tables =
        server.ok("Vpc.DescribeRouteTableList", &[("RegionId", REGION), ("VpcId", &id)]).await;
    let table = &tables.json["RouterTableList"]["RouterTableListType"][0];
    assert_eq!(table["RouteTableId"], made.text_at("RouteTableId"));
    assert_eq!((&table["RouterId"], &table["Status"]), (&shown["VRouterId"], &"Available".into()));
    let default = server.ok("Vpc.CreateVpc", &[("RegionId", REGION)]).await.text_at("VpcId");
    assert_eq!(vpc_shown(&server, &default).await["CidrBlock"], "172.16.0.0/12");
}

#[tokio::test]
async fn describe_vpcs_filters_and_pages() {
    let mut server = TestServer::new().await;
    let first = vpc(&server, "10.0.0.0/8").await;
    server.pass(1_000).await;
    let ask = [
        ("RegionId", REGION),
        ("VpcName", "other"),
        ("Tag.1.Key", "team"),
        ("ResourceGroupId", "rg-1"),
    ];
    let second = server.ok("Vpc.CreateVpc", &ask).await.text_at("VpcId");
    let both = format!("{first},{second}");
    let cases: &[(&str, &str, &[&str])] = &[
        ("PageSize", "10", &[&second, &first]),
        ("PageSize", "1", &[&second]),
        ("PageNumber", "2", &[]),
        ("VpcId", &both, &[&second, &first]),
        ("VpcId", &first, &[&first]),
        ("VpcId", "vpc-none", &[]),
        ("VpcName", "lab", &[&first]),
        ("IsDefault", "true", &[]),
        ("IsDefault", "false", &[&second, &first]),
        ("EnableIpv6", "true", &[]),
        ("DhcpOptionsSetId", "dopt-1", &[]),
        ("VpcOwnerId", ACCOUNT, &[&second, &first]),
        ("VpcOwnerId", "5", &[]),
        ("ResourceGroupId", "rg-1", &[&second]),
        ("Tag.1.Key", "team", &[&second]),
    ];
    for (name, value, expected) in cases {
        let ask = [("RegionId", REGION), (*name, *value)];
        assert_eq!(server.list("Vpc.DescribeVpcs", &ask, VPCS).await, *expected, "{name} {value}");
    }
    let answer = server.call_in(Style::XML, "Vpc.DescribeVpcs", &[("RegionId", REGION)]).await;
    assert!(answer.text.contains("<Vpcs><Vpc><VpcId>vpc-"), "{}", answer.text);
    let tables = ("RouterTableList", "RouterTableListType", "VpcId");
    let by = async |server: &TestServer, name: &str, value: &str| {
        let ask = [("RegionId", REGION), (name, value)];
        server.list("Vpc.DescribeRouteTableList", &ask, tables).await
    };
    let shown = server.ok("Vpc.DescribeVpcs", &[("RegionId", REGION), ("VpcId", &first)]).await;
    let shown = &shown.json["Vpcs"]["Vpc"][0];
    let router = shown["VRouterId"].as_str().unwrap();
    let table = shown["RouterTableIds"]["RouterTableIds"][0].as_str().unwrap();
    assert_eq!(by(&server, "RouterId", router).await, [first.as_str()]);
    assert_eq!(by(&server, "RouteTableId", table).await, [first.as_str()]);
    assert_eq!(by(&server, "RouterType", "VRouter").await.len(), 2);
    for (name, value) in [
        ("RouterType", "VBR"),
        ("RouteTableType", "Custom"),
        ("RouteTableName", "main"),
        ("Tag.1.Key", "team"),
        ("ResourceGroupId", "rg-2"),
    ] {
        assert!(by(&server, name, value).await.is_empty(), "{name}");
    }
    server.become_another_account().await;
    assert!(server.list("Vpc.DescribeVpcs", &[("RegionId", REGION)], VPCS).await.is_empty());
}

#[tokio::test]
async fn create_v_switch_divides_a_vpc() {
    let server = TestServer::new().await;
    let network = vpc(&server, "192.168.0.0/16").await;
    let ask = [("VpcId", network.as_str()), ("ZoneId", ZONE), ("CidrBlock", "192.168.1.0/24")];
    let id = server.ok("Vpc.CreateVSwitch", &ask).await.text_at("VSwitchId");
    let show = async || {
        server.ok("Vpc.DescribeVSwitchAttributes", &[("VSwitchId", id.as_str())]).await.json
    };
    assert_eq!(show().await["Status"], "Pending");
    server.drain().await;
    let shown = show().await;
    assert_eq!((&shown["Status"], &shown["ZoneId"]), (&"Available".into(), &ZONE.into()));
    assert_eq!(
        (&shown["AvailableIpAddressCount"], &shown["VpcId"]),
        (&252.into(), &network.clone().into())
    );
    let other = vswitch(&server, &network, "192.168.2.0/24").await;
    let listed = vpc_shown(&server, &network).await;
    let inside = listed["VSwitchIds"]["VSwitchId"].as_array().unwrap().clone();
    assert!(inside.contains(&id.clone().into()) && inside.contains(&other.clone().into()));
    let counts = &listed["CloudResources"]["CloudResourceSetType"];
    assert_eq!(counts[2], json!({ "ResourceType": "VSwitch", "ResourceCount": 2 }));
    let table = listed["VRouterId"].as_str().unwrap().replace("vrt-", "vtb-");
    let cases: &[(&[(&str, &str)], usize)] = &[
        (&[("RegionId", REGION)], 2),
        (&[("VpcId", &network)], 2),
        (&[("VpcId", "vpc-none")], 0),
        (&[("RegionId", REGION), ("VSwitchId", &id)], 1),
        (&[("RegionId", REGION), ("ZoneId", "cn-hangzhou-h")], 0),
        (&[("RegionId", REGION), ("VSwitchName", "lab-1")], 1),
        (&[("RegionId", REGION), ("IsDefault", "true")], 0),
        (&[("RegionId", REGION), ("EnableIpv6", "true")], 0),
        (&[("RegionId", REGION), ("RouteTableId", &table)], 0),
        (&[("RegionId", REGION), ("VSwitchOwnerId", ACCOUNT)], 2),
        (&[("RegionId", REGION), ("VSwitchOwnerId", "5")], 0),
        (&[("RegionId", REGION), ("ResourceGroupId", "rg-1")], 0),
        (&[("RegionId", REGION), ("Tag.1.Key", "team")], 0),
        (&[("RegionId", REGION), ("PageSize", "1")], 1),
    ];
    for (ask, expected) in cases {
        let found = server.list("Vpc.DescribeVSwitches", ask, VSWITCHES).await;
        assert_eq!(found.len(), *expected, "{ask:?}");
    }
}

#[tokio::test]
async fn networks_survive_a_restart_and_are_deleted_from_the_inside_out() {
    let server = TestServer::new().await;
    let network = vpc(&server, "10.1.0.0/16").await;
    let part = vswitch(&server, &network, "10.1.0.0/24").await;
    let server = server.restart().await;
    assert_eq!(vpc_shown(&server, &network).await["Status"], "Available");
    let refused = (400, "DependencyViolation.VSwitch");
    server.expect_code("Vpc.DeleteVpc", &[("VpcId", &network)], refused).await;
    server.ok("Vpc.DeleteVSwitch", &[("VSwitchId", &part)]).await;
    let group = [("RegionId", REGION), ("VpcId", network.as_str())];
    let group = server.ok("CreateSecurityGroup", &group).await.text_at("SecurityGroupId");
    let refused = (400, "DependencyViolation.SecurityGroup");
    server.expect_code("Vpc.DeleteVpc", &[("VpcId", &network)], refused).await;
    let ask = [("RegionId", REGION), ("SecurityGroupId", group.as_str())];
    server.ok("DeleteSecurityGroup", &ask).await;
    server.ok("Vpc.DeleteVpc", &[("VpcId", &network), ("RegionId", REGION)]).await;
    assert!(server.list("Vpc.DescribeVpcs", &[("RegionId", REGION)], VPCS).await.is_empty());
}
