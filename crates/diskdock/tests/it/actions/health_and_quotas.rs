//! Reads of health, events and quotas: what a server without a vendor has to say about them.

use diskdock::catalog::times::with_seconds;
use domain::DiskId;
use serde_json::json;

use crate::harness::{REGION, Refused, TestServer, ZONE};

#[tokio::test]
async fn describe_disks_full_status_shows_status_and_health() {
    const ACTION: &str = "DescribeDisksFullStatus";
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (on, free) = (server.disk_on(&instance).await, server.available_disk().await);
    let region = ("RegionId", REGION);
    let answer = server.ok(ACTION, &[region, ("DiskId.1", &free)]).await;
    let shown = &answer.json["DiskFullStatusSet"]["DiskFullStatusType"][0];
    assert_eq!(
        *shown,
        json!({
            "DiskId": free, "InstanceId": "", "Device": "",
            "Status": { "Code": 129, "Name": "Available" },
            "HealthStatus": { "Code": 0, "Name": "Ok" },
            "DiskEventSet": { "DiskEventType": [] },
        })
    );
    let answer = server.ok(ACTION, &[region, ("DiskId.1", &on)]).await;
    let shown = &answer.json["DiskFullStatusSet"]["DiskFullStatusType"][0];
    assert_eq!((&shown["InstanceId"], &shown["Device"]), (&instance.into(), &"/dev/xvdb".into()));
    let path = ("DiskFullStatusSet", "DiskFullStatusType", "DiskId");
    let cases: &[(&str, &str, &[&str])] = &[
        ("Status", "Available", &[&free]),
        ("Status", "In_use", &[&on]),
        ("Status", "Attaching", &[]),
        ("Status", "Detaching", &[]),
        ("Status", "Creating", &[]),
        ("Status", "ReIniting", &[]),
        ("HealthStatus", "Impaired", &[]),
        ("EventId.1", "e-1", &[]),
        ("EventType", "Stalled", &[]),
        ("ResourceGroupId", "rg-1", &[]),
        ("Tag.1.Key", "team", &[]),
        ("PageNumber", "2", &[]),
        ("PageSize", "1", &[&free]),
    ];
    for (name, value, expected) in cases {
        assert_eq!(server.list(ACTION, &[region, (name, value)], path).await, *expected, "{name}");
    }
    let hundred_and_one: Vec<(String, String)> =
        (1..=101).map(|n| (n.to_string(), format!("d-{n}"))).collect();
    let too_many = |name: &str| -> Vec<(String, String)> {
        hundred_and_one.iter().map(|(n, id)| (format!("{name}.{n}"), id.clone())).collect()
    };
    for (name, code) in [("DiskId", "DiskIdLimitExceeded"), ("EventId", "EventIdLimitExceeded")] {
        let pairs = too_many(name);
        let mut ask = vec![region];
        ask.extend(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        server.expect_code(ACTION, &ask, (403, code)).await;
    }
}

/// The disks that a filter of DescribeDisksFullStatus matches.
async fn matching(server: &TestServer, filter: &[(&str, &str)]) -> Vec<String> {
    let path = ("DiskFullStatusSet", "DiskFullStatusType", "DiskId");
    let ask = [&[("RegionId", REGION)], filter].concat();
    server.list("DescribeDisksFullStatus", &ask, path).await
}

#[tokio::test]
async fn damaged_disk_is_impaired_until_an_operator_accepts_it() {
    const ACTION: &str = "DescribeDisksFullStatus";
    let server = TestServer::new().await;
    let (disk, other) = (server.available_disk().await, server.available_disk().await);
    let found = with_seconds(server.assembly.gateway.services.clock.now());
    server.simulated().damage(&DiskId::from(disk.as_str()), "a sync failed");
    server.assembly.life.run_maintenance().await;
    server.pass(10_000).await;
    server.assembly.life.run_maintenance().await;
    let answer = server.ok(ACTION, &[("RegionId", REGION), ("DiskId.1", &disk)]).await;
    let shown = &answer.json["DiskFullStatusSet"]["DiskFullStatusType"][0];
    let event = format!("e-{}", disk.trim_start_matches("d-"));
    assert_eq!(shown["HealthStatus"], json!({ "Code": 128, "Name": "Impaired" }));
    assert_eq!(
        shown["DiskEventSet"]["DiskEventType"],
        json!([{
            "EventId": event, "EventTime": found, "EventEndTime": "",
            "EventType": { "Name": "ErrorDetected" }, "ImpactLevel": "100",
        }])
    );
    let impaired = ("HealthStatus", "Impaired");
    let matched: &[&[(&str, &str)]] = &[
        &[impaired],
        &[("EventId.1", &event)],
        &[("EventType", "ErrorDetected")],
        &[("EventTime.Start", &found), ("EventTime.End", &found)],
        &[impaired, ("DiskId.1", &other), ("DiskId.2", &disk)],
    ];
    for filter in matched {
        assert_eq!(matching(&server, filter).await, [disk.as_str()], "{filter:?}");
    }
    let unmatched: &[&[(&str, &str)]] = &[
        &[("HealthStatus", "Warning")],
        &[("EventId.1", "e-1")],
        &[("EventType", "Stalled")],
        &[("EventTime.End", "2001-01-01T00:00:00Z")],
        &[impaired, ("DiskId.1", &other)],
    ];
    for filter in unmatched {
        assert_eq!(matching(&server, filter).await, [] as [&str; 0], "{filter:?}");
    }
    let accept = |id: &str| format!("/disks/{id}/accept");
    server.control("POST", &accept(&disk), "").await;
    assert_eq!(matching(&server, &[impaired]).await, [] as [&str; 0]);
    assert_eq!(server.try_control("POST", &accept(&disk), "").await.0, 409, "it is well");
}

#[tokio::test]
async fn reads_of_health_and_events_refuse_wrong_filters() {
    let server = TestServer::new().await;
    let many_tags: Vec<(String, &str)> = (1..=21).map(|n| (format!("Tag.{n}.Key"), "k")).collect();
    let many_tags: Vec<(&str, &str)> = many_tags.iter().map(|(n, k)| (n.as_str(), *k)).collect();
    let span = |name: &'static [&'static str; 2]| {
        [(name[0], "2026-01-02T00:00:00Z"), (name[1], "2026-01-01T00:00:00Z")]
    };
    let event_time = span(&["EventTime.Start", "EventTime.End"]);
    let published = span(&["EventPublishTime.Start", "EventPublishTime.End"]);
    let planned = span(&["NotBefore.Start", "NotBefore.End"]);
    let ends_first = "InvalidParameter.TimeEndBeforeStart";
    let cases: &[(&str, Refused<'_>)] = &[
        ("DescribeDisksFullStatus", (&event_time, 403, ends_first)),
        ("DescribeInstanceHistoryEvents", (&published, 403, ends_first)),
        ("DescribeInstanceHistoryEvents", (&planned, 403, ends_first)),
        (
            "Ebs.DescribeDedicatedBlockStorageClusters",
            (&[("AzoneId", "mars-a")], 404, "InvalidZoneId.NotFound"),
        ),
    ];
    for (action, (pairs, status, code)) in cases {
        let ask = [&[("RegionId", REGION)], *pairs].concat();
        server.expect_code(action, &ask, (*status, code)).await;
    }
    for action in [
        "DescribeDisksFullStatus",
        "DescribeInstanceHistoryEvents",
        "Ebs.DescribeDedicatedBlockStorageClusters",
    ] {
        let elsewhere = [("RegionId", "mars")];
        server.expect_code(action, &elsewhere, (404, "InvalidRegionId.NotFound")).await;
        let value = [("RegionId", REGION), ("Tag.1.Value", "storage")];
        server.expect_code(action, &value, (400, "InvalidTag.Mismatch")).await;
        let tags = [&[("RegionId", REGION)], &many_tags[..]].concat();
        server.expect_code(action, &tags, (400, "InvalidTagCount")).await;
    }
}

#[tokio::test]
async fn describe_instance_history_events_lists_nothing_for_any_filter() {
    const ACTION: &str = "DescribeInstanceHistoryEvents";
    let server = TestServer::new().await;
    let ask = [
        ("RegionId", REGION),
        ("InstanceId", "i-1"),
        ("EventCycleStatus", "Executing"),
        ("EventType", "SystemMaintenance.Reboot"),
        ("EventPublishTime.Start", "2026-01-01T00:00:00Z"),
        ("MaxResults", "20"),
    ];
    let answer = server.ok(ACTION, &ask).await;
    assert_eq!(answer.json["InstanceSystemEventSet"], json!({ "InstanceSystemEventType": [] }));
    assert_eq!((&answer.json["TotalCount"], &answer.json["PageSize"]), (&0.into(), &20.into()));
    let events: Vec<(String, String)> =
        (1..=101).map(|n| (format!("EventId.{n}"), format!("e-{n}"))).collect();
    let mut ask = vec![("RegionId", REGION)];
    ask.extend(events.iter().map(|(name, id)| (name.as_str(), id.as_str())));
    server.expect_code(ACTION, &ask, (403, "EventIdLimitExceeded")).await;
}

#[tokio::test]
async fn describe_account_attributes_counts_what_is_used() {
    const ACTION: &str = "DescribeAccountAttributes";
    let server = TestServer::new().await;
    server
        .run_one(&[("DataDisk.1.Size", Some("30")), ("DataDisk.1.Category", Some("cloud_ssd"))])
        .await;
    let path = ("AccountAttributeItems", "AccountAttributeItem", "AttributeName");
    assert_eq!(server.list(ACTION, &[("RegionId", REGION)], path).await.len(), 7);
    let values = async |name: &str, zone: &str| {
        let ask = [("RegionId", REGION), ("ZoneId", zone), ("AttributeName.1", name)];
        let json = server.ok(ACTION, &ask).await.json;
        let items = &json["AccountAttributeItems"]["AccountAttributeItem"];
        assert_eq!(items[0]["AttributeName"], name);
        items[0]["AttributeValues"]["ValueItem"].as_array().unwrap().clone()
    };
    let cores = values("used-postpaid-instance-vcpu-count", ZONE).await;
    assert_eq!(cores[0]["Value"], "2");
    assert_eq!(values("used-postpaid-instance-vcpu-count", "cn-hangzhou-b").await[0]["Value"], "0");
    assert_eq!(values("used-spot-instance-vcpu-count", "").await[0]["Value"], "0");
    let capacity = values("used-postpaid-yundisk-capacity", ZONE).await;
    let pairs: Vec<_> = capacity.iter().map(|one| (&one["DiskCategory"], &one["Value"])).collect();
    let expected =
        [(&json!("cloud_efficiency"), &json!("40")), (&json!("cloud_ssd"), &json!("30"))];
    assert_eq!(pairs, expected);
    assert_eq!(values("max-security-groups", "").await[0]["Value"], "100");
    assert_eq!(values("max-dedicated-hosts", "").await[0]["Value"], "0");
    assert_eq!(values("real-name-authentication", "").await[0]["Value"], "yes");
    assert_eq!(values("instance-network-type", "").await[0]["Value"], "vpc");
    assert!(values("max-postpaid-instance-vcpu-count", "").await.is_empty());
    assert!(values("supported-postpaid-instance-types", ZONE).await.len() > 100);
    server.expect_code(ACTION, &[], (403, "Invalid.Parameter")).await;
    server.expect_code(ACTION, &[("RegionId", "mars")], (404, "InvalidRegionId.NotFound")).await;
    let zone = [("RegionId", REGION), ("ZoneId", "cn-beijing-a")];
    server.expect_code(ACTION, &zone, (404, "InvalidZoneId.NotFound")).await;
}

#[tokio::test]
async fn describe_dedicated_block_storage_clusters_is_empty() {
    let server = TestServer::new().await;
    let ask = [("RegionId", REGION), ("AzoneId", ZONE), ("Status.1", "Running")];
    let answer = server.ok("Ebs.DescribeDedicatedBlockStorageClusters", &ask).await;
    assert_eq!(answer.json["DedicatedBlockStorageClusters"], json!([]));
    assert_eq!(answer.json["TotalCount"], 0);
}
