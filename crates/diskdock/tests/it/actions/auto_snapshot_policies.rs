//! Automatic snapshot policies.

mod schedule;

use domain::Category;
use serde_json::{Value, json};

use crate::harness::{REGION, Refused, TestServer};

const HERE: (&str, &str) = ("regionId", REGION);
const EVERY_DAY: &str = r#"["1","2","3","4","5","6","7"]"#;

/// A policy with this schedule and retention.
async fn policy(server: &TestServer, hours: &str, days: &str, retention: &str) -> String {
    let ask = [
        HERE,
        ("timePoints", hours),
        ("repeatWeekdays", days),
        ("retentionDays", retention),
        ("autoSnapshotPolicyName", "nightly"),
    ];
    server.ok("CreateAutoSnapshotPolicy", &ask).await.text_at("AutoSnapshotPolicyId")
}

async fn apply(server: &TestServer, policy: &str, disk: &str) {
    let disks = format!("[\"{disk}\"]");
    let ask = [HERE, ("autoSnapshotPolicyId", policy), ("diskIds", &disks)];
    server.ok("ApplyAutoSnapshotPolicy", &ask).await;
}

async fn shown(server: &TestServer, policy: &str) -> Value {
    let ask = [("RegionId", REGION), ("AutoSnapshotPolicyId", policy)];
    let reply = server.ok("DescribeAutoSnapshotPolicyEx", &ask).await.json;
    reply["AutoSnapshotPolicies"]["AutoSnapshotPolicy"][0].clone()
}

#[tokio::test]
async fn create_auto_snapshot_policy_is_shown_as_it_was_asked_for() {
    let server = TestServer::new().await;
    let id = policy(&server, r#"["13","1"]"#, r#"["7","3"]"#, "30").await;
    assert!(id.starts_with("sp-"), "{id}");
    let reply = shown(&server, &id).await;
    for (name, expected) in [
        ("AutoSnapshotPolicyName", json!("nightly")),
        ("TimePoints", json!(r#"["1","13"]"#)),
        ("RepeatWeekdays", json!(r#"["3","7"]"#)),
        ("RetentionDays", json!(30)),
        ("DiskNums", json!(0)),
        ("Status", json!("Normal")),
        ("TargetCopyRegions", json!("[]")),
    ] {
        assert_eq!(reply[name], expected, "{name}");
    }
    let change = [
        HERE,
        ("autoSnapshotPolicyId", id.as_str()),
        ("autoSnapshotPolicyName", "renamed"),
        ("timePoints", r#"["2"]"#),
        ("repeatWeekdays", r#"["1"]"#),
        ("retentionDays", "-1"),
    ];
    server.ok("ModifyAutoSnapshotPolicyEx", &change).await;
    let reply = shown(&server, &id).await;
    assert_eq!((&reply["TimePoints"], &reply["RetentionDays"]), (&json!(r#"["2"]"#), &json!(-1)));
    assert_eq!(reply["AutoSnapshotPolicyName"], "renamed");
    server.ok("DeleteAutoSnapshotPolicy", &change[..2]).await;
    assert_eq!(shown(&server, &id).await, Value::Null);
}

#[tokio::test]
async fn describe_auto_snapshot_policy_ex_filters_and_pages() {
    let server = TestServer::new().await;
    for (name, team) in [("first", "red"), ("second", "blue"), ("third", "red")] {
        let ask = [
            HERE,
            ("timePoints", r#"["1"]"#),
            ("repeatWeekdays", r#"["1"]"#),
            ("retentionDays", "1"),
            ("autoSnapshotPolicyName", name),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", team),
            ("ResourceGroupId", team),
        ];
        server.ok("CreateAutoSnapshotPolicy", &ask).await;
    }
    let path = ("AutoSnapshotPolicies", "AutoSnapshotPolicy", "AutoSnapshotPolicyName");
    let named = async |filters: &[(&str, &str)]| {
        let ask = [&[("RegionId", REGION)], filters].concat();
        server.list("DescribeAutoSnapshotPolicyEx", &ask, path).await
    };
    assert_eq!(named(&[]).await, ["third", "second", "first"]);
    assert_eq!(named(&[("AutoSnapshotPolicyName", "second")]).await, ["second"]);
    assert_eq!(named(&[("ResourceGroupId", "blue")]).await, ["second"]);
    let red = [("Tag.1.Key", "team"), ("Tag.1.Value", "red")];
    assert_eq!(named(&red).await, ["third", "first"]);
    assert_eq!(named(&[("PageNumber", "2"), ("PageSize", "2")]).await, ["first"]);
    let elsewhere = [("RegionId", "nowhere")];
    let refused = (400, "InvalidRegionId.NotFound");
    server.expect_code("DescribeAutoSnapshotPolicyEx", &elsewhere, refused).await;
    let value = [("RegionId", REGION), ("Tag.1.Value", "red")];
    let refused = (400, "InvalidTag.Mismatch");
    server.expect_code("DescribeAutoSnapshotPolicyEx", &value, refused).await;
    let keys: Vec<_> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let many = keys.iter().map(|key| (key.as_str(), "key")).chain([("RegionId", REGION)]);
    let many: Vec<_> = many.collect();
    server.expect_code("DescribeAutoSnapshotPolicyEx", &many, (400, "InvalidTagCount")).await;
}

#[tokio::test]
async fn apply_and_cancel_auto_snapshot_policy_show_on_the_disks() {
    let server = TestServer::new().await;
    let (one, other) = (server.available_disk().await, server.available_disk().await);
    let first = policy(&server, r#"["1"]"#, EVERY_DAY, "1").await;
    let second = policy(&server, r#"["2"]"#, EVERY_DAY, "1").await;
    apply(&server, &first, &one).await;
    apply(&server, &first, &other).await;
    apply(&server, &second, &other).await;
    let reply = server.describe(&other).await;
    assert_eq!(reply["AutoSnapshotPolicyId"], second.as_str(), "a disk has one policy");
    assert_eq!(reply["EnableAutomatedSnapshotPolicy"], true);
    assert_eq!(shown(&server, &first).await["DiskNums"], 1);
    let path = ("Disks", "Disk", "DiskId");
    let of = [("RegionId", REGION), ("AutoSnapshotPolicyId", first.as_str())];
    assert_eq!(server.list("DescribeDisks", &of, path).await, [one.as_str()]);
    let with = [("RegionId", REGION), ("EnableAutomatedSnapshotPolicy", "true")];
    assert_eq!(server.list("DescribeDisks", &with, path).await.len(), 2);
    let disks = format!("[\"{one}\",\"{other}\"]");
    let ask = [HERE, ("diskIds", disks.as_str()), ("autoSnapshotPolicyId", first.as_str())];
    server.ok("CancelAutoSnapshotPolicy", &ask).await;
    assert_eq!(server.describe(&one).await["AutoSnapshotPolicyId"], "");
    assert_eq!(server.describe(&other).await["AutoSnapshotPolicyId"], second.as_str());
    server.ok("CancelAutoSnapshotPolicy", &ask[..2]).await;
    assert_eq!(server.describe(&other).await["AutoSnapshotPolicyId"], "");
    apply(&server, &second, &other).await;
    let gone = [HERE, ("autoSnapshotPolicyId", second.as_str())];
    server.ok("DeleteAutoSnapshotPolicy", &gone).await;
    let reply = server.describe(&other).await;
    assert_eq!(reply["AutoSnapshotPolicyId"], "", "its disks lose it");
    assert_eq!(reply["EnableAutomatedSnapshotPolicy"], false);
}

#[tokio::test]
async fn launch_gives_its_disks_the_policies_that_are_asked_for() {
    let server = TestServer::new().await;
    let daily = policy(&server, r#"["12"]"#, EVERY_DAY, "1").await;
    let weekly = policy(&server, r#"["1"]"#, r#"["1"]"#, "30").await;
    let instance = server
        .run_one(&[
            ("SystemDisk.AutoSnapshotPolicyId", Some(&daily)),
            ("DataDisk.1.Size", Some("40")),
            ("DataDisk.1.AutoSnapshotPolicyId", Some(&weekly)),
            ("DataDisk.2.Size", Some("40")),
        ])
        .await;
    server.finish_all().await;
    let ask = [("RegionId", REGION), ("InstanceId", instance.as_str())];
    let reply = server.ok("DescribeDisks", &ask).await.json;
    let mut found: Vec<_> = reply["Disks"]["Disk"].as_array().unwrap().clone();
    found.sort_unstable_by_key(|disk| disk["Device"].as_str().map(str::to_owned));
    let policies: Vec<_> = found.iter().map(|disk| &disk["AutoSnapshotPolicyId"]).collect();
    assert_eq!(policies, [&json!(daily), &json!(weekly), &json!("")]);
    assert_eq!(shown(&server, &weekly).await["DiskNums"], 1);
}

#[tokio::test]
async fn create_auto_snapshot_policy_refuses_what_is_not_valid() {
    let server = TestServer::new().await;
    let (hours, days) = (("timePoints", r#"["1"]"#), ("repeatWeekdays", r#"["1"]"#));
    let retention = ("retentionDays", "1");
    let good = [HERE, hours, days, retention];
    let with = |more: (&'static str, &'static str)| [&good[..], &[more]].concat();
    let but = |name: &str, value: &'static str| {
        good.map(|(known, old)| if known == name { (known, value) } else { (known, old) })
    };
    let keys: Vec<_> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let tags: Vec<_> = keys.iter().map(|key| (key.as_str(), "key")).chain(good).collect();
    let twice = [&good[..], &[("Tag.1.Key", "a"), ("Tag.2.Key", "a")]].concat();
    let link = [&good[..], &[("Tag.1.Key", "a"), ("Tag.1.Value", "http://x")]].concat();
    let creates: [Refused<'_>; 14] = [
        (&[hours, days, retention], 400, "MissingParameter"),
        (&but("regionId", "nowhere"), 403, "ParameterInvalid"),
        (&but("timePoints", "[]"), 403, "ParameterInvalid"),
        (&but("timePoints", r#"["24"]"#), 403, "ParameterInvalid"),
        (&but("repeatWeekdays", "[]"), 403, "ParameterInvalid"),
        (&but("repeatWeekdays", r#"["0"]"#), 403, "ParameterInvalid"),
        (&but("retentionDays", "0"), 403, "ParameterInvalid"),
        (&with(("EnableCrossRegionCopy", "true")), 403, "Abs.InvalidAction.RegionNotSupport"),
        (
            &with(("CopiedSnapshotsRetentionDays", "-2")),
            403,
            "InvalidParameter.CopiedSnapshotsRetentionDays",
        ),
        (&with(("autoSnapshotPolicyName", "x")), 400, "InvalidSnapshotPolicyName.Malformed"),
        (&with(("Tag.1.Value", "x")), 400, "InvalidTag.Mismatch"),
        (&with(("Tag.1.Key", "acs:x")), 400, "InvalidTagKey.Malformed"),
        (&twice, 400, "Duplicate.TagKey"),
        (&tags, 400, "InvalidTagCount"),
    ];
    for (ask, status, code) in creates {
        server.expect_code("CreateAutoSnapshotPolicy", ask, (status, code)).await;
    }
    let refused = (400, "InvalidTagValue.Malformed");
    server.expect_code("CreateAutoSnapshotPolicy", &link, refused).await;
    for _ in 0..100 {
        server.ok("CreateAutoSnapshotPolicy", &good).await;
    }
    let refused = (403, "AutoSnapshotPolicy.QuotaExceed");
    server.expect_code("CreateAutoSnapshotPolicy", &good, refused).await;
}

#[tokio::test]
async fn modify_and_delete_auto_snapshot_policy_refuse_what_is_not_valid() {
    let server = TestServer::new().await;
    let id = policy(&server, r#"["1"]"#, EVERY_DAY, "1").await;
    let its = ("autoSnapshotPolicyId", id.as_str());
    let none = ("autoSnapshotPolicyId", "sp-none");
    let elsewhere = ("regionId", "cn-beijing");
    let modifies: [Refused<'_>; 10] = [
        (&[HERE, none], 404, "ParameterInvalid"),
        (&[elsewhere, its], 404, "ParameterInvalid"),
        (&[("regionId", "nowhere"), its], 403, "ParameterInvalid"),
        (&[HERE, its, ("timePoints", "[]")], 403, "ParameterInvalid"),
        (&[HERE, its, ("repeatWeekdays", "[]")], 403, "ParameterInvalid"),
        (&[HERE, its, ("retentionDays", "0")], 403, "ParameterInvalid"),
        (&[HERE, its, ("retentionDays", "x")], 403, "ParameterInvalid"),
        (&[HERE, its, ("autoSnapshotPolicyName", "x")], 400, "InvalidSnapshotPolicyName.Malformed"),
        (
            &[HERE, its, ("EnableCrossRegionCopy", "true")],
            403,
            "Abs.InvalidAction.RegionNotSupport",
        ),
        (
            &[HERE, its, ("CopiedSnapshotsRetentionDays", "x")],
            403,
            "InvalidParameter.CopiedSnapshotsRetentionDays",
        ),
    ];
    for (ask, status, code) in modifies {
        server.expect_code("ModifyAutoSnapshotPolicyEx", ask, (status, code)).await;
    }
    for ask in [[HERE, none], [elsewhere, its]] {
        let refused = (404, "ParameterInvalid");
        server.expect_code("DeleteAutoSnapshotPolicy", &ask, refused).await;
    }
}

#[tokio::test]
async fn apply_and_cancel_auto_snapshot_policy_refuse_what_is_not_valid() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let disks = format!("[\"{disk}\"]");
    let id = policy(&server, r#"["1"]"#, EVERY_DAY, "1").await;
    let its = ("autoSnapshotPolicyId", id.as_str());
    let none = ("autoSnapshotPolicyId", "sp-none");
    let elsewhere = ("regionId", "cn-beijing");
    let named = ("diskIds", disks.as_str());
    let applies: [Refused<'_>; 6] = [
        (&[HERE, none, named], 404, "ParameterInvalid"),
        (&[elsewhere, its, named], 404, "ParameterInvalid"),
        (&[("regionId", "nowhere"), its, named], 403, "ParameterInvalid"),
        (&[HERE, its, ("diskIds", "[]")], 403, "ParameterInvalid"),
        (&[HERE, its, ("diskIds", "x")], 403, "ParameterInvalid"),
        (&[HERE, its, ("diskIds", r#"["d-none"]"#)], 404, "InvalidDiskId.NotFound"),
    ];
    for (ask, status, code) in applies {
        server.expect_code("ApplyAutoSnapshotPolicy", ask, (status, code)).await;
    }
    let cancels: [Refused<'_>; 4] = [
        (&[("regionId", "nowhere"), named], 403, "ParameterInvalid"),
        (&[HERE, ("diskIds", "[]")], 403, "ParameterInvalid"),
        (&[HERE, ("diskIds", "x")], 403, "ParameterInvalid"),
        (&[HERE, ("diskIds", r#"["d-none"]"#)], 404, "InvalidDiskId.NotFound"),
    ];
    for (ask, status, code) in cancels {
        server.expect_code("CancelAutoSnapshotPolicy", ask, (status, code)).await;
    }
    let other = server.available_disk().await;
    server.change_disk(&disk, |d| d.category = Category::ElasticEphemeralDiskStandard).await;
    let refused = (400, "DiskCategory.OperationNotSupported");
    server.expect_code("ApplyAutoSnapshotPolicy", &[HERE, its, named], refused).await;
    let both = format!("[\"{disk}\",\"{other}\"]");
    let refused = (400, "PartofDiskCategory.OperationNotSupported");
    server.expect_code("ApplyAutoSnapshotPolicy", &[HERE, its, ("diskIds", &both)], refused).await;
}
