//! Reads of Terraform of an instance besides DescribeInstances: role, network interface,
//! maintenance, private pool, types of an image.

use serde_json::json;

use crate::harness::{IMAGE, REGION, Refused, TestServer};

#[tokio::test]
async fn describe_instance_ram_role_shows_instances_with_and_without_a_role() {
    let server = TestServer::new().await;
    let with = server.plant_instance(|one| one.ram_role = "Backup".to_owned()).await;
    let without = server.running_instance().await;
    let ids = format!("[\"{without}\"]");
    let path = ("InstanceRamRoleSets", "InstanceRamRoleSet", "RamRoleName");
    let ask = [("RegionId", REGION), ("InstanceIds", &ids)];
    assert_eq!(server.list("DescribeInstanceRamRole", &ask, path).await, [""]);
    let ask = [("RegionId", REGION), ("RamRoleName", "Backup")];
    let answer = server.ok("DescribeInstanceRamRole", &ask).await;
    assert_eq!(answer.json["TotalCount"], 1);
    let set = json!([{"InstanceId": with, "RamRoleName": "Backup"}]);
    assert_eq!(answer.json["InstanceRamRoleSets"]["InstanceRamRoleSet"], set);
}

#[tokio::test]
async fn refusals_of_reads_of_instances() {
    let server = TestServer::new().await;
    let region = ("RegionId", REGION);
    let unknown = ("InstanceIds", "[\"i-none\"]");
    let cases: &[Refused<'_>] = &[
        (&[region], 403, "InvalidParameter.AllEmpty"),
        (&[region, ("InstanceIds", "i-1")], 400, "InvalidInstanceIds.Malformed"),
        (&[region, unknown], 404, "InvalidInstanceId.NotFound"),
    ];
    for (ask, status, code) in cases {
        server.expect_code("DescribeInstanceRamRole", ask, (*status, code)).await;
    }
    let action = "DescribeInstanceAttachmentAttributes";
    server.expect_code(action, &[region, unknown], (404, "InvalidInstanceIds.NotFound")).await;
    let malformed = [region, ("InstanceIds", "i-1")];
    server.expect_code(action, &malformed, (403, "Abs.InvalidInstanceIds.MalFormed")).await;
    let action = "DescribeInstanceMaintenanceAttributes";
    let ask = [region, ("InstanceId.1", "i-none")];
    server.expect_code(action, &ask, (404, "InvalidInstanceId.NotFound")).await;
    let many: Vec<_> = (1..=101).map(|n| (format!("InstanceId.{n}"), format!("i-{n}"))).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (&**name, &**value)).collect();
    let ask = [&[region], &many[..]].concat();
    server.expect_code(action, &ask, (403, "InstanceIdLimitExceeded")).await;
    let action = "DescribeImageSupportInstanceTypes";
    server.expect_code(action, &[region], (400, "InvalidParamter")).await;
    let ask = [region, ("ImageId", "none.vhd")];
    server.expect_code(action, &ask, (404, "InvalidImageId.NotFound")).await;
}

#[tokio::test]
async fn describe_network_interfaces_shows_the_interface_of_describe_instances() {
    let server = TestServer::new().await;
    let id = server.run_one(&[("SecurityGroupId", Some("sg-1"))]).await;
    let other = server.run_one(&[]).await;
    let shown = server.show(&id).await;
    let inside = &shown["NetworkInterfaces"]["NetworkInterface"][0];
    let ask = [("RegionId", REGION), ("InstanceId", id.as_str()), ("Type", "Primary")];
    let answer = server.ok("DescribeNetworkInterfaces", &ask).await;
    assert_eq!(answer.json["TotalCount"], 1);
    let set = &answer.json["NetworkInterfaceSets"]["NetworkInterfaceSet"][0];
    for field in ["NetworkInterfaceId", "MacAddress", "Type"] {
        assert_eq!(set[field], inside[field], "{field}");
    }
    assert_eq!(set["PrivateIpAddress"], inside["PrimaryIpAddress"]);
    assert_eq!(set["SecurityGroupIds"]["SecurityGroupId"], json!(["sg-1"]));
    assert_eq!((&set["Status"], &set["ZoneId"]), (&"InUse".into(), &shown["ZoneId"]));
    assert_eq!(set["Attachment"]["InstanceId"], id);
    let found = async |more: &[(&str, &str)]| {
        let ask = [&[("RegionId", REGION)], more].concat();
        let path = ("NetworkInterfaceSets", "NetworkInterfaceSet", "InstanceId");
        server.list("DescribeNetworkInterfaces", &ask, path).await
    };
    let interface = set["NetworkInterfaceId"].as_str().unwrap();
    let address = set["PrivateIpAddress"].as_str().unwrap();
    let only: &[&[(&str, &str)]] = &[
        &[("NetworkInterfaceId.1", interface)],
        &[("PrimaryIpAddress", address)],
        &[("PrivateIpAddress.1", address)],
    ];
    for filter in only {
        assert_eq!(found(filter).await, [id.as_str()], "{filter:?}");
    }
    let vpc = set["VpcId"].as_str().unwrap();
    assert_eq!(found(&[("VpcId", vpc), ("Status", "InUse")]).await, [other.as_str(), &id]);
    let none: &[(&str, &str)] = &[
        ("Type", "Secondary"),
        ("Status", "Available"),
        ("VSwitchId", "vsw-none"),
        ("SecurityGroupId", "sg-1"),
        ("ServiceManaged", "true"),
        ("Tag.1.Key", "team"),
        ("NetworkInterfaceName", "eth"),
        ("Ipv6Address.1", "::1"),
    ];
    for filter in none {
        assert!(found(&[*filter]).await.is_empty(), "{filter:?}");
    }
}

#[tokio::test]
async fn describe_network_interfaces_goes_on_by_token() {
    let server = TestServer::new().await;
    for _ in 0..11 {
        server.running_instance().await;
    }
    let ask = [("RegionId", REGION), ("MaxResults", "10")];
    let first = server.ok("DescribeNetworkInterfaces", &ask).await;
    let token = first.text_at("NextToken");
    let ask = [("RegionId", REGION), ("MaxResults", "10"), ("NextToken", &token)];
    let last = server.ok("DescribeNetworkInterfaces", &ask).await;
    assert_eq!(
        last.json["NetworkInterfaceSets"]["NetworkInterfaceSet"].as_array().unwrap().len(),
        1
    );
    assert_eq!(last.text_at("NextToken"), "");
}

#[tokio::test]
async fn maintenance_and_private_pool_of_instances_are_the_defaults() {
    let server = TestServer::new().await;
    let id = server.running_instance().await;
    server.running_instance().await;
    let ask = [("RegionId", REGION), ("InstanceId.1", id.as_str())];
    let answer = server.ok("DescribeInstanceMaintenanceAttributes", &ask).await;
    let set = &answer.json["MaintenanceAttributes"]["MaintenanceAttribute"];
    assert_eq!(set.as_array().unwrap().len(), 1);
    assert_eq!(set[0]["InstanceId"], id);
    assert_eq!(set[0]["ActionOnMaintenance"]["Value"], "AutoRecover");
    let all = [("RegionId", REGION)];
    let answer = server.ok("DescribeInstanceMaintenanceAttributes", &all).await;
    assert_eq!(answer.json["TotalCount"], 2);
    let ids = format!("[\"{id}\"]");
    let ask = [("RegionId", REGION), ("InstanceIds", ids.as_str())];
    let answer = server.ok("DescribeInstanceAttachmentAttributes", &ask).await;
    let pool = &answer.json["Instances"]["Instance"][0];
    assert_eq!(
        (&pool["InstanceId"], &pool["PrivatePoolOptionsMatchCriteria"]),
        (&id.into(), &"None".into())
    );
}

#[tokio::test]
async fn describe_image_support_instance_types_lists_types_of_the_architecture() {
    let server = TestServer::new().await;
    let path = ("InstanceTypes", "InstanceType", "InstanceTypeId");
    let ask = [("RegionId", REGION), ("ImageId", IMAGE)];
    let types = server.list("DescribeImageSupportInstanceTypes", &ask, path).await;
    assert!(types.contains(&"ecs.g6.large".to_owned()));
    assert!(!types.iter().any(|id| id.starts_with("ecs.g8y.")), "ARM is none of these");
    let ask = [("RegionId", REGION), ("Filter.1.Key", "imageId"), ("Filter.1.Value", IMAGE)];
    assert_eq!(server.list("DescribeImageSupportInstanceTypes", &ask, path).await, types);
}

#[tokio::test]
async fn describe_instance_type_families_lists_those_of_a_generation() {
    let server = TestServer::new().await;
    let path = ("InstanceTypeFamilies", "InstanceTypeFamily", "InstanceTypeFamilyId");
    let all = server.list("DescribeInstanceTypeFamilies", &[("RegionId", REGION)], path).await;
    let ask = [("RegionId", REGION), ("Generation", "ecs-1")];
    let old = server.list("DescribeInstanceTypeFamilies", &ask, path).await;
    assert!(all.contains(&"ecs.g6".to_owned()) && old.len() < all.len() && !old.is_empty());
    assert!(!old.contains(&"ecs.g6".to_owned()));
}
