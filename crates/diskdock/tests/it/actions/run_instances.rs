//! RunInstances: instances with their disks, from nothing to Running.

mod local_disks;
mod refusals;

use serde_json::Value;

use crate::harness::{REGION, TestServer, launch};

/// Texts of one field.
fn texts(entries: &[Value], field: &str) -> Vec<String> {
    entries.iter().map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn run_instances_starts_an_instance_with_its_disks_attached() {
    let server = TestServer::new().await;
    let made = server
        .begin_run(&[
            ("SystemDisk.Category", Some("cloud_essd")),
            ("SystemDisk.Size", Some("60")),
            ("DataDisk.1.Size", Some("20")),
            ("DataDisk.1.Category", Some("cloud_auto")),
            ("DataDisk.1.BurstingEnabled", Some("true")),
            ("DataDisk.1.Device", Some("/dev/xvdd")),
            ("DataDisk.1.DeleteWithInstance", Some("false")),
            ("DataDisk.2.Size", Some("461")),
            ("DataDisk.2.Category", Some("cloud_essd")),
            ("DataDisk.2.PerformanceLevel", Some("PL2")),
            ("DataDisk.2.DiskName", Some("logs")),
            ("DataDisk.2.Encrypted", Some("true")),
        ])
        .await;
    let [instance] = made.as_slice() else { panic!("one instance: {made:?}") };
    for status in ["Starting", "Running"] {
        assert_eq!(server.instance_status(instance).await, status);
        assert_eq!(server.is_on(instance).await, status == "Running");
        let disks = server.disks_of(instance).await;
        assert_eq!(texts(&disks, "Status"), ["In_use"; 3]);
        assert_eq!(texts(&disks, "Device"), ["/dev/xvda", "/dev/xvdb", "/dev/xvdd"]);
        assert_eq!(texts(&disks, "Type"), ["system", "data", "data"]);
        let categories = ["cloud_essd", "cloud_essd", "cloud_auto"];
        assert_eq!(texts(&disks, "Category"), categories);
        assert_eq!(texts(&disks, "PerformanceLevel"), ["PL1", "PL2", ""]);
        let sizes: Vec<_> = disks.iter().map(|disk| disk["Size"].as_i64().unwrap()).collect();
        assert_eq!(sizes, [60, 461, 20]);
        let goes: Vec<_> = disks.iter().map(|disk| disk["DeleteWithInstance"].clone()).collect();
        assert_eq!(goes, [true, true, false]);
        assert_eq!((&disks[1]["DiskName"], &disks[1]["Encrypted"]), (&"logs".into(), &true.into()));
        assert_eq!(disks[2]["BurstingEnabled"], true);
        server.finish_all().await;
    }
    assert_eq!(server.observe(instance).await.unwrap().disks.len(), 3);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn describe_instances_shows_the_requested_attributes() {
    let server = TestServer::new().await;
    server.key_pair("mine").await;
    let instance = server
        .run_one(&[
            ("InstanceName", Some("web-1")),
            ("Description", Some("a web server")),
            ("HostName", Some("host-1")),
            ("VSwitchId", Some("vsw-1")),
            ("SecurityGroupIds.1", Some("sg-1")),
            ("SecurityGroupIds.2", Some("sg-2")),
            ("PrivateIpAddress", Some("10.1.2.3")),
            ("InternetMaxBandwidthOut", Some("5")),
            ("InternetChargeType", Some("PayByBandwidth")),
            ("KeyPairName", Some("mine")),
            ("ResourceGroupId", Some("rg-1")),
            ("DeletionProtection", Some("true")),
            ("AutoReleaseTime", Some("2026-01-03T03:04:00Z")),
            ("Tag.1.Key", Some("team")),
            ("Tag.1.Value", Some("storage")),
        ])
        .await;
    let shown = server.show(&instance).await;
    for (name, expected) in [
        ("InstanceName", "web-1"),
        ("Description", "a web server"),
        ("HostName", "host-1"),
        ("InternetChargeType", "PayByBandwidth"),
        ("KeyPairName", "mine"),
        ("ResourceGroupId", "rg-1"),
        ("AutoReleaseTime", "2026-01-03T03:04Z"),
        ("InstanceChargeType", "PostPaid"),
        ("StoppedMode", "Not-applicable"),
        ("CreationTime", "2026-01-02T03:04Z"),
        ("InstanceTypeFamily", "ecs.g6"),
        ("OSType", "linux"),
        ("InstanceNetworkType", "vpc"),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    let vpc = &shown["VpcAttributes"];
    assert_eq!((&vpc["VSwitchId"], &shown["DeletionProtection"]), (&"vsw-1".into(), &true.into()));
    assert_eq!(vpc["PrivateIpAddress"]["IpAddress"][0], "10.1.2.3");
    assert_eq!(shown["SecurityGroupIds"]["SecurityGroupId"], serde_json::json!(["sg-1", "sg-2"]));
    assert_eq!(shown["Tags"]["Tag"][0]["TagKey"], "team");
    assert_eq!(shown["InternetMaxBandwidthOut"], 5);
}

/// There is no network; but clients that wait for an address go on.
#[tokio::test]
async fn instance_with_bandwidth_keeps_its_public_address() {
    let mut server = TestServer::new().await;
    let instance = server.run_one(&[("InternetMaxBandwidthOut", Some("1"))]).await;
    let quiet = server.run_one(&[("InternetMaxBandwidthOut", Some("0"))]).await;
    let address = async |server: &TestServer, id: &str| {
        server.show(id).await["PublicIpAddress"]["IpAddress"].clone()
    };
    let shown = address(&server, &instance).await;
    let text = shown[0].as_str().unwrap().to_owned();
    assert!(text.starts_with("198.18.") || text.starts_with("198.19."), "{text}");
    assert_eq!(address(&server, &quiet).await, serde_json::json!([]));
    let wanted = format!("[\"{text}\"]");
    let ask = [("RegionId", REGION), ("PublicIpAddresses", wanted.as_str())];
    let field = ("Instances", "Instance", "InstanceId");
    assert_eq!(server.list("DescribeInstances", &ask, field).await, [instance.as_str()]);
    server = server.restart().await;
    assert_eq!(address(&server, &instance).await, shown);
}

#[tokio::test]
async fn run_instances_numbers_names_and_addresses() {
    let server = TestServer::new().await;
    let ids = server
        .run(&[
            ("Amount", Some("3")),
            ("InstanceName", Some("web-[9,3]-x")),
            ("HostName", Some("host-[1,2]")),
            ("PrivateIpAddress", Some("10.0.0.254")),
        ])
        .await;
    let mut shown = Vec::new();
    for id in &ids {
        shown.push(server.show(id).await);
    }
    assert_eq!(texts(&shown, "InstanceName"), ["web-009-x", "web-010-x", "web-011-x"]);
    assert_eq!(texts(&shown, "HostName"), ["host-01", "host-02", "host-03"]);
    let addresses: Vec<_> = shown
        .iter()
        .map(|one| one["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0].as_str().unwrap())
        .collect();
    assert_eq!(addresses, ["10.0.0.254", "10.0.0.255", "10.0.1.0"]);

    let changes = [
        ("Amount", Some("2")),
        ("InstanceName", Some("db")),
        ("UniqueSuffix", Some("true")),
        ("HostNames.1", Some("first")),
        ("HostNames.2", Some("second")),
    ];
    let mut shown = Vec::new();
    for id in server.run(&changes).await {
        shown.push(server.show(&id).await);
    }
    assert_eq!(texts(&shown, "InstanceName"), ["db001", "db002"]);
    assert_eq!(texts(&shown, "HostName"), ["first", "second"]);
}

#[tokio::test]
async fn run_instances_creates_up_to_a_hundred_instances() {
    let server = TestServer::new().await;
    let ids = server.begin_run(&[("Amount", Some("100")), ("DataDisk.1.Size", Some("20"))]).await;
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), 100);
    server.finish_all().await;
    let ask = [("RegionId", REGION), ("Status", "Running"), ("PageSize", "100")];
    let answer = server.ok("DescribeInstances", &ask).await;
    assert_eq!(answer.json["TotalCount"], 100);
    let ask = [("RegionId", REGION), ("Status", "In_use")];
    assert_eq!(server.ok("DescribeDisks", &ask).await.json["TotalCount"], 200);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn run_instances_with_a_repeated_token_creates_nothing() {
    let server = TestServer::new().await;
    let token = ("ClientToken", Some("token-1"));
    let first = server.begin_run(&[token, ("Amount", Some("2"))]).await;
    let before = server.export_json();
    assert_eq!(server.begin_run(&[token, ("Amount", Some("2"))]).await, first);
    assert_eq!(server.export_json(), before);
    let other = launch(&[token, ("Amount", Some("3"))]);
    server.expect_code("RunInstances", &other, (400, "IdempotentParameterMismatch")).await;
    server.finish_all().await;
    assert_eq!(server.begin_run(&[token, ("Amount", Some("2"))]).await, first);
}

#[tokio::test]
async fn run_instances_as_dry_run_creates_nothing() {
    let server = TestServer::new().await;
    let ask = launch(&[("DryRun", Some("true"))]);
    server.expect_code("RunInstances", &ask, (400, "DryRunOperation")).await;
    server.expect_code("CreateInstance", &ask, (400, "DryRunOperation")).await;
}

#[tokio::test]
async fn run_instances_by_subscription_sets_order_expiry_and_fixed_disks() {
    let server = TestServer::new().await;
    let ask = [
        ("InstanceChargeType", Some("PrePaid")),
        ("Period", Some("1")),
        ("DataDisk.1.Size", Some("20")),
    ];
    let answer = server.ok("RunInstances", &launch(&ask)).await;
    assert!(!answer.text_at("OrderId").is_empty());
    let id = answer.json["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap();
    server.finish_all().await;
    let shown = server.show(id).await;
    assert_eq!(shown["InstanceChargeType"], "PrePaid");
    assert_eq!(shown["ExpiredTime"], "2026-02-02T03:04Z");
    let disks = server.disks_of(id).await;
    assert_eq!(texts(&disks, "DiskChargeType"), ["PrePaid"; 2]);
    assert_eq!(disks[1]["Portable"], false);
    let ask = [("InstanceId", id), ("DiskId", disks[1]["DiskId"].as_str().unwrap())];
    server.expect_code("DetachDisk", &ask, (403, "DiskNotPortable")).await;

    let plain = server.ok("RunInstances", &launch(&[])).await;
    assert_eq!(plain.text_at("OrderId"), "");
}

#[tokio::test]
async fn run_instances_keeps_user_data_of_32_kib_until_release() {
    let server = TestServer::new().await;
    // 32768 bytes exactly.
    let data = format!("{}AAA=", "AAAA".repeat(10_922));
    let id = server.run_one(&[("UserData", Some(&data))]).await;
    let kept = || {
        let tx: Value = serde_json::from_str(&server.export_json()).unwrap();
        tx["user_data"].as_array().unwrap().clone()
    };
    assert_eq!(kept(), [serde_json::json!([id, data])]);
    server.ok("DeleteInstance", &[("InstanceId", &id), ("Force", "true")]).await;
    server.finish_all().await;
    assert_eq!(kept(), [Value::Null; 0]);
}

#[tokio::test]
async fn run_instances_starts_after_slow_disks_are_created() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"take","milliseconds":20000}}"#;
    server.control("POST", "/rules", rule).await;
    let made = server.begin_run(&[("DataDisk.1.Size", Some("20"))]).await;
    for _ in 0..2 {
        assert_eq!(server.instance_status(&made[0]).await, "Starting");
        assert_eq!(texts(&server.disks_of(&made[0]).await, "Status"), ["Creating"; 2]);
        assert!(!server.is_on(&made[0]).await);
        server.finish_all().await;
    }
    server.finish_all().await;
    assert_eq!(server.instance_status(&made[0]).await, "Running");
    assert_eq!(texts(&server.disks_of(&made[0]).await, "Status"), ["In_use"; 2]);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn run_instances_whose_disks_fail_leaves_it_stopped_without_them() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"refuse"}}"#;
    server.control("POST", "/rules", rule).await;
    let made = server.begin_run(&[("DataDisk.1.Size", Some("20"))]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&made[0]).await, "Stopped");
    assert_eq!(server.disks_of(&made[0]).await, [Value::Null; 0]);
    assert!(!server.is_on(&made[0]).await);
    let ask = [("InstanceId", made[0].as_str())];
    server.expect_code("StartInstance", &ask, (400, "InvalidInstance.NotFoundSystemDisk")).await;
    server.ok("DeleteInstance", &ask).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&made[0]).await, "gone");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn run_instances_stops_a_guest_that_does_not_boot_by_the_deadline() {
    let server = TestServer::new().await;
    server.rule(r#"{"transition":"start","times":1,"behaviour":{"do":"never"}}"#);
    let made = server.begin_run(&[]).await;
    server.pass(299_000).await;
    assert_eq!(server.instance_status(&made[0]).await, "Starting");
    server.pass(1_000).await;
    assert_eq!(server.instance_status(&made[0]).await, "Stopped");
    server.ok("StartInstance", &[("InstanceId", &made[0])]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&made[0]).await, "Running");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn run_instances_completes_after_a_restart() {
    let server = TestServer::new().await;
    let rule = r#"{"transition":"create","behaviour":{"do":"take","milliseconds":5000}}"#;
    server.control("POST", "/rules", rule).await;
    let made = server.begin_run(&[("Amount", Some("2"))]).await;
    server.pass(2_000).await;
    let server = server.restart().await;
    assert_eq!(server.instance_status(&made[0]).await, "Starting");
    server.finish_all().await;
    for id in &made {
        assert_eq!(server.instance_status(id).await, "Running");
        assert_eq!(texts(&server.disks_of(id).await, "Status"), ["In_use"]);
    }
    assert_eq!(server.differences().await, []);
}

/// The start was given up before the hypervisor had heard of the machine.
#[tokio::test]
async fn instance_that_never_started_starts_with_disks_attached_since() {
    let server = TestServer::new().await;
    let made = begin_with_a_disk_that_cannot_be_made(&server).await;
    assert_eq!(server.instance_status(&made).await, "Stopped");
    assert_eq!(texts(&server.disks_of(&made).await, "Type"), ["system"]);
    let disk = server.disk_on(&made).await;
    server.ok("StartInstance", &[("InstanceId", &made)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&made).await, "Running");
    assert_eq!(server.observe(&made).await.unwrap().disks.len(), 2);
    assert_eq!(server.differences().await, []);
    server.ok("DetachDisk", &[("InstanceId", &made), ("DiskId", &disk)]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

/// The system disk is made, the data disk is not.
async fn begin_with_a_disk_that_cannot_be_made(server: &TestServer) -> String {
    let rule = r#"{"transition":"create","behaviour":{"do":"take","milliseconds":1000}}"#;
    server.control("POST", "/rules", rule).await;
    let made = server.begin_run(&[("DataDisk.1.Size", Some("20"))]).await;
    let disks = server.disks_of(&made[0]).await;
    let of = |at: usize| serde_json::json!({ "disk": disks[at]["DiskId"] }).to_string();
    server.drain().await;
    server.control("POST", "/transitions/finish", &of(0)).await;
    server.drain().await;
    server.control("POST", "/transitions/refuse", &of(1)).await;
    server.control("DELETE", "/rules", "").await;
    server.finish_all().await;
    made[0].clone()
}

#[tokio::test]
async fn run_instances_creates_cloud_efficiency_disks_by_default() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let disks = server.disks_of(&instance).await;
    assert_eq!(texts(&disks, "Category"), ["cloud_efficiency"; 2]);
}
