//! Automatic snapshot policies, and the schedule that maintenance carries out.

use domain::Category;
use serde_json::{Value, json};

use crate::harness::{REGION, Refused, TestServer};

const HERE: (&str, &str) = ("regionId", REGION);
/// Milliseconds in an hour, and in a day.
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
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

/// The snapshots that policies have made of a disk, newest first.
async fn automatic(server: &TestServer, disk: &str) -> Vec<Value> {
    let ask = [("RegionId", REGION), ("DiskId", disk), ("SnapshotType", "auto")];
    let reply = server.ok("DescribeSnapshots", &ask).await.json;
    reply["Snapshots"]["Snapshot"].as_array().unwrap().clone()
}

/// Time passes, and maintenance looks; what it begins ends.
async fn maintain(server: &TestServer, milliseconds: i64) {
    server.pass(milliseconds).await;
    server.assembly.life.run_maintenance().await;
    server.finish_all().await;
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
async fn schedule_makes_one_snapshot_of_each_disk_for_each_hour_it_names() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (one, other) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    // Every hour of every day, so that a slot comes within the hour.
    let hours: Vec<_> = (0..24).map(|hour| format!("\"{hour}\"")).collect();
    let hourly = policy(&server, &format!("[{}]", hours.join(",")), EVERY_DAY, "2").await;
    apply(&server, &hourly, &one).await;
    apply(&server, &hourly, &other).await;
    maintain(&server, 0).await;
    assert_eq!(automatic(&server, &one).await, Vec::<Value>::new(), "no hour has come");
    maintain(&server, HOUR_MS).await;
    let made = automatic(&server, &one).await;
    assert_eq!(made.len(), 1);
    assert_eq!(
        (&made[0]["Status"], &made[0]["RetentionDays"]),
        (&json!("accomplished"), &json!(2))
    );
    let name = made[0]["SnapshotName"].as_str().unwrap();
    assert!(name.starts_with("auto_") && name.ends_with(&hourly), "{name}");
    assert_eq!(automatic(&server, &other).await.len(), 1);
    maintain(&server, 1_000).await;
    assert_eq!(automatic(&server, &one).await.len(), 1, "once for each hour");
    maintain(&server, HOUR_MS).await;
    assert_eq!(automatic(&server, &one).await.len(), 2);
    maintain(&server, 3 * DAY_MS).await;
    let left = automatic(&server, &one).await;
    assert_eq!(
        left.len(),
        1,
        "retention deletes them, and one hour of those missed is made up for"
    );
    server.ok("CancelAutoSnapshotPolicy", &[HERE, ("diskIds", &format!("[\"{one}\"]"))]).await;
    maintain(&server, HOUR_MS).await;
    assert_eq!(automatic(&server, &one).await.len(), 1, "not without a policy");
    assert_eq!(automatic(&server, &other).await.len(), 2);
}

#[tokio::test]
async fn schedule_goes_on_after_a_downtime_and_a_crash_in_between_makes_none_twice() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "-1").await;
    apply(&server, &daily, &disk).await;
    let server = server.restart_after(5 * DAY_MS).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    server.assembly.life.run_maintenance().await;
    server.drain().await;
    assert_eq!(automatic(&server, &disk).await.len(), 1, "not one for each hour that was missed");
    let server = server.restart().await;
    maintain(&server, 1_000).await;
    let made = automatic(&server, &disk).await;
    assert_eq!((made.len(), &made[0]["Status"]), (1, &json!("accomplished")));
    assert_eq!(made[0].get("RetentionDays"), None, "kept for ever");
}

#[tokio::test]
async fn schedule_passes_over_disks_that_cannot_have_snapshots() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (fresh, used) = (server.available_disk().await, server.disk_on(&instance).await);
    let busy = server.disk_on(&instance).await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "1").await;
    for disk in [&fresh, &used, &busy] {
        apply(&server, &daily, disk).await;
    }
    server.change_disk(&busy, |d| d.activity = Some(domain::Activity::Modifying)).await;
    maintain(&server, DAY_MS / 2).await;
    assert_eq!(automatic(&server, &used).await.len(), 1);
    assert_eq!(automatic(&server, &fresh).await.len(), 0);
    assert_eq!(automatic(&server, &busy).await.len(), 0);
    assert_eq!(server.warned("no automatic snapshot"), 2);
}

#[tokio::test]
async fn delete_disk_takes_its_automatic_snapshots_along_on_request() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let daily = policy(&server, r#"["0","12"]"#, EVERY_DAY, "-1").await;
    let (goes, stays) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    for disk in [&goes, &stays] {
        apply(&server, &daily, disk).await;
    }
    maintain(&server, DAY_MS / 2).await;
    let ask = [("RegionId", REGION), ("DiskId", goes.as_str()), ("DeleteAutoSnapshot", "true")];
    server.ok("ModifyDiskAttribute", &ask).await;
    for disk in [&goes, &stays] {
        server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", disk)]).await;
        server.finish_all().await;
        server.ok("DeleteDisk", &[("DiskId", disk)]).await;
    }
    assert_eq!(automatic(&server, &goes).await.len(), 0);
    assert_eq!(automatic(&server, &stays).await.len(), 1);
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
