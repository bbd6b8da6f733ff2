//! ModifyInstanceSpec: another type for an instance, or another bandwidth.

use std::io::Write;

use domain::{ChargeType, InstanceStatus, LockReason};

use crate::harness::{Refused, TestServer};

const ACTION: &str = "ModifyInstanceSpec";

#[tokio::test]
async fn modify_instance_spec_changes_the_type_of_a_stopped_instance() {
    let server = TestServer::new().await;
    let id = server.stopped_instance().await;
    let ask = [("InstanceId", id.as_str()), ("InstanceType", "ecs.t6-c1m2.large")];
    server.ok(ACTION, &ask).await;
    let shown = server.show(&id).await;
    assert_eq!((&shown["InstanceType"], &shown["Cpu"]), (&"ecs.t6-c1m2.large".into(), &2.into()));
    assert_eq!(shown["CreditSpecification"], "Standard");
    server.ok(ACTION, &[ask[0], ("InstanceType", "ecs.g6.2xlarge")]).await;
    let shown = server.show(&id).await;
    assert_eq!((&shown["Cpu"], &shown["Memory"]), (&8.into(), &32_768.into()));
    assert_eq!(shown["CreditSpecification"], "");
    server.ok("StartInstance", &[("InstanceId", &id)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&id).await, "Running");
}

#[tokio::test]
async fn modify_instance_spec_changes_the_bandwidth_of_a_running_instance() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let ask = [("InstanceId", id.as_str()), ("InternetMaxBandwidthOut", "5")];
    server.ok(ACTION, &ask).await;
    assert_eq!(server.show(&id).await["InternetMaxBandwidthOut"], 5);
    server.ok(ACTION, &[ask[0], ("InternetMaxBandwidthIn", "50")]).await;
    let shown = server.show(&id).await;
    assert_eq!(shown["InternetMaxBandwidthOut"], 5);
    assert_eq!(shown["InternetMaxBandwidthIn"], 50);
}

#[tokio::test]
async fn refusals_of_modify_instance_spec() {
    let server = TestServer::new().await;
    let id = server.stopped_instance().await;
    let cases: &[Refused<'_>] = &[
        (&[], 400, "MissingParameter"),
        (
            &[("InstanceType", "ecs.c6.large"), ("InternetMaxBandwidthOut", "5")],
            400,
            "InvalidParameter.Mismatch",
        ),
        (&[("InstanceType", "ecs.none")], 400, "InvalidInstanceType.ValueUnauthorized"),
        (&[("InstanceType", "ecs.g6r.large")], 403, "ImageNotSupportInstanceType"),
        (&[("InstanceType", "ecs.i2.xlarge")], 400, "DependencyViolation.InstanceType"),
        (&[("InstanceType", "ecs.g8i.large")], 403, "InvalidInstanceType.NotSupportDiskCategory"),
        (&[("InternetMaxBandwidthOut", "101")], 400, "InvalidParameter"),
    ];
    for (pairs, status, code) in cases {
        let pairs = [&[("InstanceId", id.as_str())], *pairs].concat();
        server.expect_code(ACTION, &pairs, (*status, code)).await;
    }
    let ask = [("InstanceId", "i-none"), ("InstanceType", "ecs.c6.large")];
    server.expect_code(ACTION, &ask, (404, "InvalidInstanceId.NotFound")).await;
}

#[tokio::test]
async fn modify_instance_spec_depends_on_the_instance() {
    let server = TestServer::new().await;
    let id = server.run_one(&[]).await;
    let smaller = [("InstanceId", id.as_str()), ("InstanceType", "ecs.c6.large")];
    let faster = [smaller[0], ("InternetMaxBandwidthOut", "5")];
    server.expect_code(ACTION, &smaller, (400, "InvalidInstanceStatus.NotStopped")).await;
    server.put_in(&id, InstanceStatus::Starting).await;
    server.expect_code(ACTION, &faster, (403, "InvalidStatus.ValueNotSupported")).await;
    server.change_instance(&id, |one| one.charge_type = ChargeType::PrePaid).await;
    server.expect_code(ACTION, &faster, (403, "ChargeTypeViolation")).await;
    server.change_instance(&id, |one| one.locks.push(LockReason::Security)).await;
    server.expect_code(ACTION, &faster, (403, "InstanceLockedForSecurity")).await;
}

#[tokio::test]
async fn modify_instance_spec_refuses_a_type_that_the_zone_or_the_disks_rule_out() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let table = r#"
        [zones.cn-hangzhou-i]
        region = "cn-hangzhou"
        instance_families = ["ecs.g6"]
        [instance_types."ecs.g6.tiny"]
        family = "ecs.g6"
        cpu = 1
        memory = 1
        disks = 1
    "#;
    file.write_all(table.as_bytes()).unwrap();
    let inventory = diskdock::inventory::load(Some(file.path())).unwrap();
    let server = TestServer::with(|plan| plan.inventory = inventory.into()).await;
    let id = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    server.put_in(&id, InstanceStatus::Stopped).await;
    let ask = |wanted| [("InstanceId", id.as_str()), ("InstanceType", wanted)];
    let refused = (403, "InvalidInstanceType.ValueNotSupported");
    server.expect_code(ACTION, &ask("ecs.c6.large"), refused).await;
    let refused = (400, "InstanceTypeNotSupported.TooManyDisksAttached");
    server.expect_code(ACTION, &ask("ecs.g6.tiny"), refused).await;
}

#[tokio::test]
async fn modify_instance_spec_with_a_used_client_token_answers_as_before() {
    let server = TestServer::new().await;
    let id = server.stopped_instance().await;
    let ask =
        |wanted| [("InstanceId", id.as_str()), ("InstanceType", wanted), ("ClientToken", "spec-1")];
    server.ok(ACTION, &ask("ecs.c6.large")).await;
    server.ok(ACTION, &ask("ecs.c6.large")).await;
    let refused = (400, "IdempotenceParamNotMatch");
    server.expect_code(ACTION, &ask("ecs.g6.xlarge"), refused).await;
}
