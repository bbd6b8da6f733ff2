//! DescribeInstances: filters and both ways of paging.

use domain::{ChargeType, InstanceStatus, LockReason, Tag};

use crate::harness::{BEGINNING, Pairs, REGION, Refused, TestServer};

const IDS: (&str, &str, &str) = ("Instances", "Instance", "InstanceId");
const NAMES: (&str, &str, &str) = ("Instances", "Instance", "InstanceName");

/// Three instances of which each has something that the others have not.
async fn three(server: &TestServer) {
    server
        .plant_instance(|i| {
            i.name = "web-1".to_owned();
            i.network.vpc = "vpc-1".to_owned();
            i.network.vswitch = "vsw-1".to_owned();
            i.network.security_groups = vec!["sg-0".to_owned(), "sg-1".to_owned()];
            i.network.private_ip = "10.0.0.1".to_owned();
            i.network.internet_charge_type = "PayByTraffic".to_owned();
            i.tags = vec![Tag::new("team", "web"), Tag::new("env", "test")];
        })
        .await;
    server
        .plant_instance(|i| {
            i.name = "db-1".to_owned();
            i.zone = "cn-hangzhou-h".to_owned();
            i.instance_type = "ecs.r6.large".to_owned();
            i.image = "centos.vhd".to_owned();
            i.charge_type = ChargeType::PrePaid;
            i.expires_at = Some(BEGINNING.plus_s(86_400));
            i.network.vpc = "vpc-2".to_owned();
            i.network.private_ip = "10.0.0.2".to_owned();
            i.network.internet_charge_type = "PayByBandwidth".to_owned();
            i.tags = vec![Tag::new("team", "db")];
            i.created_at = BEGINNING.plus_s(120);
        })
        .await;
    server
        .plant_instance(|i| {
            i.name = "db-2".to_owned();
            i.instance_type = "ecs.s1.small".to_owned();
            i.status = InstanceStatus::Stopped;
            i.locks = vec![LockReason::Security];
            i.key_pair = "mine".to_owned();
            i.resource_group = "rg-1".to_owned();
            i.network.private_ip = "10.0.0.3".to_owned();
        })
        .await;
}

/// Filters, and the instances that match them, newest first.
const FILTERS: &[(Pairs, &[&str])] = &[
    (&[], &["db-1", "db-2", "web-1"]),
    (&[("InstanceIds", "[]")], &[]),
    (&[("InstanceIds", "[\"i-nowhere\"]")], &[]),
    (&[("InstanceName", "db-1")], &["db-1"]),
    (&[("InstanceName", "db*")], &["db-1", "db-2"]),
    (&[("InstanceName", "*-1")], &["db-1", "web-1"]),
    (&[("Status", "Stopped")], &["db-2"]),
    (&[("ZoneId", "cn-hangzhou-h")], &["db-1"]),
    (&[("InstanceType", "ecs.r6.large")], &["db-1"]),
    (&[("InstanceTypeFamily", "ecs.g6")], &["web-1"]),
    (&[("ImageId", "centos.vhd")], &["db-1"]),
    (&[("InstanceChargeType", "PrePaid")], &["db-1"]),
    (&[("InternetChargeType", "PayByTraffic")], &["web-1"]),
    (&[("InstanceNetworkType", "vpc")], &["db-1", "web-1"]),
    (&[("InstanceNetworkType", "classic")], &["db-2"]),
    (&[("VpcId", "vpc-2")], &["db-1"]),
    (&[("VSwitchId", "vsw-1")], &["web-1"]),
    (&[("SecurityGroupId", "sg-1")], &["web-1"]),
    (&[("PrivateIpAddresses", "[\"10.0.0.3\",\"10.0.0.1\"]")], &["db-2", "web-1"]),
    (&[("PublicIpAddresses", "[\"198.18.0.1\"]")], &[]),
    (&[("EipAddresses", "[\"198.18.0.1\"]")], &[]),
    (&[("KeyPairName", "mine")], &["db-2"]),
    (&[("ResourceGroupId", "rg-1")], &["db-2"]),
    (&[("Tag.1.Key", "team")], &["db-1", "web-1"]),
    (&[("Tag.1.Key", "team"), ("Tag.1.Value", "web")], &["web-1"]),
    (&[("Tag.1.Key", "team"), ("Tag.2.Key", "env")], &["web-1"]),
    (&[("Tag.1.key", "team"), ("Tag.1.value", "db")], &["db-1"]),
    (&[("IoOptimized", "false")], &["db-2"]),
    (&[("DeviceAvailable", "false")], &["db-2"]),
    (&[("LockReason", "security")], &["db-2"]),
    (&[("LockReason", "financial")], &[]),
    (&[("Filter.1.Key", "CreationStartTime"), ("Filter.1.Value", "2026-01-02T03:05Z")], &["db-1"]),
    (
        &[("Filter.1.Key", "CreationEndTime"), ("Filter.1.Value", "2026-01-02T03:05Z")],
        &["db-2", "web-1"],
    ),
    (&[("Filter.1.Key", "ExpiredEndTime"), ("Filter.1.Value", "2026-01-04T00:00Z")], &["db-1"]),
    (
        &[("Filter.1.Key", "ExpiredStartTime"), ("Filter.1.Value", "2026-01-04T00:00Z")],
        &["db-2", "web-1"],
    ),
    (&[("InstanceName", "db*"), ("Status", "Running")], &["db-1"]),
];

#[tokio::test]
async fn describe_instances_filter_returns_only_matches() {
    let server = TestServer::new().await;
    three(&server).await;
    for (filter, expected) in FILTERS {
        let ask = [&[("RegionId", REGION)], *filter].concat();
        assert_eq!(server.list("DescribeInstances", &ask, NAMES).await, *expected, "{filter:?}");
    }
    let elsewhere = [("RegionId", "cn-shanghai")];
    assert_eq!(server.list("DescribeInstances", &elsewhere, NAMES).await, [""; 0]);
}

#[tokio::test]
async fn describe_instances_by_page_number_returns_each_instance_once() {
    let server = TestServer::new().await;
    let mut ids = server.run(&[("Amount", Some("25"))]).await;
    ids.reverse();
    let mut seen = Vec::new();
    for (number, size) in [("1", 10), ("2", 10), ("3", 5), ("4", 0)] {
        let ask = [("RegionId", REGION), ("PageNumber", number)];
        let answer = server.ok("DescribeInstances", &ask).await;
        assert_eq!(
            (&answer.json["TotalCount"], &answer.json["PageSize"]),
            (&25.into(), &10.into())
        );
        assert_eq!(answer.json["PageNumber"].to_string(), number);
        assert_eq!(answer.json["NextToken"] == "", number != "1", "page {number}");
        let page = server.list("DescribeInstances", &ask, IDS).await;
        assert_eq!(page.len(), size);
        seen.extend(page);
    }
    seen.sort();
    ids.sort();
    assert_eq!(seen, ids);
    let first = server.ok("DescribeInstances", &[("RegionId", REGION)]).await;
    let token = first.text_at("NextToken");
    let ask = [("RegionId", REGION), ("NextToken", token.as_str())];
    let second = server.list("DescribeInstances", &ask, IDS).await;
    let by_number = [("RegionId", REGION), ("PageNumber", "2")];
    assert_eq!(second, server.list("DescribeInstances", &by_number, IDS).await);
    let ask = [("RegionId", REGION), ("PageSize", "101")];
    assert_eq!(server.call("DescribeInstances", &ask).await.status, 400);
}

#[tokio::test]
async fn describe_instances_by_next_token_returns_each_instance_once() {
    let server = TestServer::new().await;
    let mut ids = server.run(&[("Amount", Some("25"))]).await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let ask = [("RegionId", REGION), ("MaxResults", "10"), ("NextToken", &token)];
        let ask = if token.is_empty() { &ask[..2] } else { &ask };
        let answer = server.ok("DescribeInstances", ask).await;
        let page = answer.json["Instances"]["Instance"].as_array().unwrap().clone();
        seen.extend(page.iter().map(|one| one["InstanceId"].as_str().unwrap().to_owned()));
        server.begin_run(&[]).await;
        token = answer.text_at("NextToken");
        if token.is_empty() {
            break;
        }
    }
    seen.sort();
    ids.sort();
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn describe_instances_refuses_malformed_filters() {
    let server = TestServer::new().await;
    let names: Vec<String> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "team")).collect();
    let key = |key| ("Filter.1.Key", key);
    let rows: &[Refused] = &[
        (&[("RegionId", "nowhere")], 404, "InvalidRegionId.NotFound"),
        (&[("Tag.1.Value", "web")], 400, "InvalidTag.Mismatch"),
        (&many, 400, "InvalidTagCount"),
        (&[("NextToken", "no token")], 400, "InvalidParameter"),
        (&[key("Size"), ("Filter.1.Value", "2026-01-02T03:05Z")], 404, "InvalidFilterKey.NotFound"),
        (&[("Filter.1.Value", "2026-01-02T03:05Z")], 404, "InvalidFilterKey.NotFound"),
        (&[key("CreationStartTime")], 404, "InvalidFilterValue"),
        (&[key("CreationStartTime"), ("Filter.1.Value", "now")], 404, "InvalidFilterValue"),
        (&[("Status", "Asleep")], 404, "InvalidStatus.NotFound"),
        (&[("InstanceNetworkType", "lan")], 404, "InvalidNetworkType.NotFound"),
    ];
    for (parameters, status, code) in rows {
        let has_region = parameters.iter().any(|(name, _)| *name == "RegionId");
        let region: &[(&str, &str)] = if has_region { &[] } else { &[("RegionId", REGION)] };
        let ask = [region, *parameters].concat();
        server.expect_code("DescribeInstances", &ask, (*status, code)).await;
    }
    server.expect_code("DescribeInstances", &[], (400, "MissingParameter")).await;
}

#[tokio::test]
async fn describe_instances_does_not_show_instances_of_another_account() {
    let mut server = TestServer::new().await;
    let id = server.running_instance().await;
    assert_eq!(server.instance_status(&id).await, "Running");
    server.become_another_account().await;
    assert_eq!(server.instance_status(&id).await, "gone");
    let ask = [("RegionId", REGION)];
    assert_eq!(server.ok("DescribeInstances", &ask).await.json["TotalCount"], 0);
    assert_eq!(server.ok("DescribeInstanceStatus", &ask).await.json["TotalCount"], 0);
}
