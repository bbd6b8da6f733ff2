//! ModifyInstanceAttribute.

use domain::{ChargeType, InstanceStatus, LockReason};

use crate::harness::{REGION, Refused, TestServer};

/// "hello" in Base64.
const HELLO: &str = "aGVsbG8=";

async fn user_data(server: &TestServer, instance: &str) -> String {
    let ask = [("RegionId", REGION), ("InstanceId", instance)];
    server.ok("DescribeUserData", &ask).await.text_at("UserData")
}

#[tokio::test]
async fn modify_instance_attribute_changes_only_named_attributes() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let mut before = server.show(&id).await;
    let ask = [("InstanceId", id.as_str()), ("InstanceName", "web-2"), ("Description", "the web")];
    server.ok("ModifyInstanceAttribute", &ask).await;
    before["InstanceName"] = "web-2".into();
    before["Description"] = "the web".into();
    assert_eq!(server.show(&id).await, before);
    let ask = [
        ("InstanceId", id.as_str()),
        ("Description", ""),
        ("HostName", "db-${instance_id}"),
        ("DeletionProtection", "true"),
        ("Password", "Example-1234"),
        ("SecurityGroupIds.1", "sg-1"),
        ("SecurityGroupIds.2", "sg-2"),
    ];
    server.ok("ModifyInstanceAttribute", &ask).await;
    let after = server.show(&id).await;
    assert_eq!((&after["InstanceName"], &after["Description"]), (&"web-2".into(), &"".into()));
    assert_eq!(after["HostName"], format!("db-{id}"));
    assert_eq!(after["DeletionProtection"], true);
    assert_eq!(after["SecurityGroupIds"]["SecurityGroupId"], serde_json::json!(["sg-1", "sg-2"]));
    let answer = server.call("DeleteInstance", &[("InstanceId", &id), ("Force", "true")]).await;
    assert_eq!(answer.refusal(), (403, "InvalidOperation.DeletionProtection"));
}

#[tokio::test]
async fn modify_instance_attribute_replaces_and_removes_user_data() {
    let server = TestServer::new().await;
    let id = server.run_one(&[("UserData", Some(HELLO))]).await;
    let modify = |data| [("InstanceId", id.as_str()), ("UserData", data)];
    server.ok("ModifyInstanceAttribute", &modify("Z29vZGJ5ZQ==")).await;
    assert_eq!(user_data(&server, &id).await, "Z29vZGJ5ZQ==");
    server.ok("ModifyInstanceAttribute", &modify("")).await;
    assert_eq!(user_data(&server, &id).await, "");
}

#[tokio::test]
async fn modify_instance_attribute_switches_the_credits_of_a_burstable_type() {
    let server = TestServer::new().await;
    let id = server.run_one(&[("InstanceType", Some("ecs.t6-c1m2.large"))]).await;
    assert_eq!(server.show(&id).await["CreditSpecification"], "Standard");
    let ask = [("InstanceId", id.as_str()), ("CreditSpecification", "Unlimited")];
    server.ok("ModifyInstanceAttribute", &ask).await;
    assert_eq!(server.show(&id).await["CreditSpecification"], "Unlimited");
}

#[tokio::test]
async fn refusals_of_modify_instance_attribute() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let large = "A".repeat(44_000);
    let cases: &[Refused<'_>] = &[
        (&[("InstanceName", "1")], 400, "InvalidInstanceName.Malformed"),
        (&[("Description", "http://x")], 400, "InvalidDescription.Malformed"),
        (&[("HostName", "-a")], 400, "InvalidHostName.Malformed"),
        (&[("Password", "short")], 400, "InvalidPassword.Malformed"),
        (&[("UserData", "???")], 403, "InvalidUserData.Base64FormatInvalid"),
        (&[("UserData", &large)], 400, "InvalidUserData.SizeExceeded"),
        (&[("Recyclable", "false")], 400, "InvalidParameter.RecycleBin"),
        (&[("CreditSpecification", "Standard")], 400, "InstanceType.ValueNotSupported"),
        (
            &[("SecurityGroupIds.1", "sg-1"), ("SecurityGroupIds.2", "sg-1")],
            404,
            "InvalidParameter.SecurityGroupIdRepeated",
        ),
        (
            &[("EnableNetworkEncryption", "true")],
            403,
            "InvalidOperation.InstanceTypeNotSupportNetworkEncryption",
        ),
    ];
    for (pairs, status, code) in cases {
        let pairs = [&[("InstanceId", id.as_str())], *pairs].concat();
        server.expect_code("ModifyInstanceAttribute", &pairs, (*status, code)).await;
    }
    server
        .expect_code(
            "ModifyInstanceAttribute",
            &[("InstanceId", "i-none"), ("InstanceName", "web-2")],
            (404, "InvalidInstanceId.NotFound"),
        )
        .await;
}

#[tokio::test]
async fn modify_instance_attribute_depends_on_the_instance() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let modify = |name, value| [("InstanceId", id.as_str()), (name, value)];
    server.put_in(&id, InstanceStatus::Starting).await;
    for (name, value) in [("HostName", "web-2"), ("UserData", HELLO), ("Password", "Example-1234")]
    {
        let refused = (403, "IncorrectInstanceStatus");
        server.expect_code("ModifyInstanceAttribute", &modify(name, value), refused).await;
    }
    server.ok("ModifyInstanceAttribute", &modify("InstanceName", "web-2")).await;
    server.put_in(&id, InstanceStatus::Running).await;
    server.change_instance(&id, |one| one.spot_strategy = "SpotAsPriceGo".to_owned()).await;
    let refused = (403, "InvalidChargeType.ValueNotSupported");
    let protect = modify("DeletionProtection", "true");
    server.expect_code("ModifyInstanceAttribute", &protect, refused).await;
    server
        .change_instance(&id, |one| {
            one.spot_strategy = "NoSpot".to_owned();
            one.charge_type = ChargeType::PrePaid;
        })
        .await;
    server.expect_code("ModifyInstanceAttribute", &protect, refused).await;
    server.ok("ModifyInstanceAttribute", &modify("DeletionProtection", "false")).await;
    server.change_instance(&id, |one| one.locks.push(LockReason::Security)).await;
    let renamed = modify("InstanceName", "web-3");
    let refused = (403, "InstanceLockedForSecurity");
    server.expect_code("ModifyInstanceAttribute", &renamed, refused).await;
}

#[tokio::test]
async fn modify_instance_attribute_applies_the_naming_rules_of_windows() {
    let server = TestServer::new().await;
    let windows = server
        .assembly
        .gateway
        .services
        .environment
        .current()
        .inventory
        .images()
        .iter()
        .find(|image| image.os_type == domain::inventory::OsType::Windows)
        .unwrap()
        .id
        .clone();
    let id = server.run_one(&[("ImageId", Some(&windows))]).await;
    let modify = |name| [("InstanceId", id.as_str()), ("HostName", name)];
    let refused = (400, "InvalidHostName.Malformed");
    server.expect_code("ModifyInstanceAttribute", &modify("longer-than-fifteen"), refused).await;
    server.ok("ModifyInstanceAttribute", &modify("win-1")).await;
}
