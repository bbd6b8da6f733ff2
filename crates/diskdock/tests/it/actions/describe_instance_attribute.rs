//! DescribeInstanceAttribute and DescribeUserData.

use crate::harness::{REGION, TestServer};

#[tokio::test]
async fn describe_instance_attribute_agrees_with_describe_instances() {
    let server = TestServer::new().await;
    let changes = [("InternetMaxBandwidthOut", Some("5")), ("Description", Some("web server"))];
    let id = server.run_one(&changes).await;
    let whole = server.show(&id).await;
    let shown = server.ok("DescribeInstanceAttribute", &[("InstanceId", &id)]).await.json;
    let same = [
        "InstanceId",
        "InstanceName",
        "Description",
        "HostName",
        "Status",
        "RegionId",
        "ZoneId",
        "InstanceType",
        "Cpu",
        "Memory",
        "ImageId",
        "SerialNumber",
        "InstanceChargeType",
        "CreationTime",
        "ExpiredTime",
        "StoppedMode",
        "VpcAttributes",
        "SecurityGroupIds",
        "PublicIpAddress",
        "InternetMaxBandwidthOut",
        "SecurityOptions",
    ];
    for field in same {
        assert_eq!(shown[field], whole[field], "{field}");
    }
    assert_eq!(shown["IoOptimized"], "optimized");
    assert_eq!(shown["PublicIpAddress"]["IpAddress"].as_array().unwrap().len(), 1);
    server.change_instance(&id, |one| one.locks.push(domain::LockReason::Security)).await;
    let shown = server.ok("DescribeInstanceAttribute", &[("InstanceId", &id)]).await.json;
    assert_eq!(shown["OperationLocks"]["LockReason"][0]["LockReason"], "security");
}

#[tokio::test]
async fn describe_instance_attribute_refuses_an_unknown_instance() {
    let mut server = TestServer::new().await;
    let expected = (404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
    server.expect_refusal("DescribeInstanceAttribute", &[("InstanceId", "i-none")], expected).await;
    let id = server.running_instance().await;
    server.become_another_account().await;
    server.expect_refusal("DescribeInstanceAttribute", &[("InstanceId", &id)], expected).await;
    server
        .expect_refusal("DescribeUserData", &[("RegionId", REGION), ("InstanceId", &id)], expected)
        .await;
}

#[tokio::test]
async fn describe_user_data_returns_the_text_as_sent() {
    let server = TestServer::new().await;
    let sent = "ZWNobyBoZWxsbyBlY3MhCg==";
    let with = server.run_one(&[("UserData", Some(sent))]).await;
    let without = server.run_one(&[]).await;
    for (id, expected) in [(&with, sent), (&without, "")] {
        let ask = [("RegionId", REGION), ("InstanceId", id.as_str())];
        let shown = server.ok("DescribeUserData", &ask).await;
        assert_eq!(shown.text_at("UserData"), expected);
        assert_eq!(shown.text_at("InstanceId"), *id);
        assert_eq!(shown.text_at("RegionId"), REGION);
    }
}

#[tokio::test]
async fn describe_user_data_finds_an_instance_in_its_own_region_only() {
    let server = TestServer::new().await;
    let id = server.running_instance().await;
    let ask = [("RegionId", "cn-beijing"), ("InstanceId", id.as_str())];
    let answer = server.call("DescribeUserData", &ask).await;
    assert_eq!(answer.refusal(), (404, "InvalidInstanceId.NotFound"));
}
