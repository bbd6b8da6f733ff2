//! CreateSnapshotGroup, DescribeSnapshotGroups, ModifySnapshotGroup and DeleteSnapshotGroup.

use diskdock::store::EntityWrites;
use domain::{Activity, Category, InstanceStatus, LockReason};
use serde_json::{Value, json};

use crate::harness::{REGION, Refused, TestServer, ZONE};

const IN_REGION: (&str, &str) = ("RegionId", REGION);

/// A group as DescribeSnapshotGroups shows it.
async fn shown(server: &TestServer, id: &str) -> Value {
    let ask = [IN_REGION, ("SnapshotGroupId.1", id)];
    let reply = server.ok("DescribeSnapshotGroups", &ask).await.json;
    reply["SnapshotGroups"]["SnapshotGroup"][0].clone()
}

/// An instance with two data disks, besides its system disk.
async fn with_two_disks(server: &TestServer) -> (String, [String; 2]) {
    let essd = ("SystemDisk.Category", Some("cloud_essd"));
    let instance = server.run_one(&[essd]).await;
    let disks = [server.disk_on(&instance).await, server.disk_on(&instance).await];
    (instance, disks)
}

fn of_disks<'a>(one: &'a str, other: &'a str) -> [(&'a str, &'a str); 3] {
    [IN_REGION, ("DiskId.1", one), ("DiskId.2", other)]
}

fn disks_in(group: &Value) -> Vec<String> {
    let all = group["Snapshots"]["Snapshot"].as_array().unwrap();
    let mut disks: Vec<_> =
        all.iter().map(|one| one["SourceDiskId"].as_str().unwrap().to_owned()).collect();
    disks.sort();
    disks
}

/// As the CSI driver does it: disks by id, until the group is accomplished.
#[tokio::test]
async fn create_snapshot_group_keeps_disks_and_is_then_accomplished() {
    let server = TestServer::new().await;
    let (_, [one, other]) = with_two_disks(&server).await;
    let ask = [
        &of_disks(&one, &other)[..],
        &[("Name", "nightly"), ("Description", "files"), ("ClientToken", "token-1")],
        &[("Tag.1.Key", "team"), ("Tag.1.Value", "storage")],
    ]
    .concat();
    let id = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    assert!(id.starts_with("ssg-"), "{id}");
    assert_eq!(shown(&server, &id).await["Status"], "progressing");
    server.finish_all().await;
    let group = shown(&server, &id).await;
    for (name, expected) in [
        ("Status", json!("accomplished")),
        ("Name", json!("nightly")),
        ("Description", json!("files")),
        ("InstanceId", json!("")),
        ("Tags", json!({ "Tag": [{ "Key": "team", "Value": "storage" }] })),
    ] {
        assert_eq!(group[name], expected, "{name}");
    }
    let mut expected = [one.clone(), other.clone()];
    expected.sort();
    assert_eq!(disks_in(&group), expected);
    let member = &group["Snapshots"]["Snapshot"][0];
    assert_eq!((&member["Progress"], &member["Available"]), (&"100%".into(), &true.into()));
    let reply = server.snapshot(member["SnapshotId"].as_str().unwrap()).await;
    assert_eq!(
        (&reply["SnapshotName"], &reply["Status"]),
        (&"nightly".into(), &"accomplished".into())
    );
    let again = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    assert_eq!(again, id, "a repeated request has its effect once");
    let other = [&ask[..3], &[ask[5], ("Name", "other")]].concat();
    let mismatch = (403, "IdempotentParameterMismatch");
    server.expect_code("CreateSnapshotGroup", &other, mismatch).await;
}

#[tokio::test]
async fn create_snapshot_group_takes_the_disks_of_an_instance_but_those_excluded() {
    let server = TestServer::new().await;
    let (instance, [one, other]) = with_two_disks(&server).await;
    let all = [IN_REGION, ("InstanceId", instance.as_str())];
    let whole = server.ok("CreateSnapshotGroup", &all).await.text_at("SnapshotGroupId");
    server.finish_all().await;
    assert_eq!(disks_in(&shown(&server, &whole).await).len(), 3, "with the system disk");
    let but = [&all[..], &[("ExcludeDiskId.1", one.as_str())]].concat();
    let part = server.ok("CreateSnapshotGroup", &but).await.text_at("SnapshotGroupId");
    server.finish_all().await;
    let disks = disks_in(&shown(&server, &part).await);
    assert!(disks.contains(&other) && !disks.contains(&one) && disks.len() == 2, "{disks:?}");
    assert_eq!(shown(&server, &part).await["InstanceId"], instance.as_str());
}

#[tokio::test]
async fn create_snapshot_group_that_fails_fails_as_a_whole_and_can_be_tried_again() {
    let server = TestServer::new().await;
    let (_, [one, other]) = with_two_disks(&server).await;
    let rule = format!(
        r#"{{"transition":"snapshot","disk":"{other}","times":1,"behaviour":{{"do":"refuse"}}}}"#
    );
    server.rule(&rule);
    let ask = of_disks(&one, &other);
    let id = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    server.finish_all().await;
    let group = shown(&server, &id).await;
    assert_eq!(group["Status"], "failed");
    assert_eq!(group["Snapshots"]["Snapshot"][0]["Available"], false);
    assert_eq!(group["Snapshots"]["Snapshot"][1]["Available"], false);
    let id = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    server.finish_all().await;
    assert_eq!(shown(&server, &id).await["Status"], "accomplished");
}

#[tokio::test]
async fn create_snapshot_group_completes_after_a_restart_or_stays_deleted() {
    let server = TestServer::new().await;
    let (_, [one, other]) = with_two_disks(&server).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    let ask = of_disks(&one, &other);
    let id = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    server.drain().await;
    let server = server.restart().await;
    assert_eq!(shown(&server, &id).await["Status"], "progressing");
    server.finish_all().await;
    assert_eq!(shown(&server, &id).await["Status"], "accomplished");
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    let id = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    server.drain().await;
    server.ok("DeleteSnapshotGroup", &[IN_REGION, ("SnapshotGroupId", &id)]).await;
    server.simulated().finish_all(true);
    server.pass(60_000).await;
    assert_eq!(shown(&server, &id).await, Value::Null);
    assert_eq!(server.assembly.gateway.services.runner.in_flight(), 0);
}

#[tokio::test]
async fn describe_snapshot_groups_filters_and_pages() {
    let server = TestServer::new().await;
    let (instance, [one, other]) = with_two_disks(&server).await;
    let on = ("InstanceId", instance.as_str());
    for (name, team) in [("first", "red"), ("second", "blue"), ("third", "red")] {
        let tag = [("Tag.1.Key", "team"), ("Tag.1.Value", team), ("ResourceGroupId", team)];
        let ask = [&of_disks(&one, &other)[..], &[on, ("Name", name)], &tag].concat();
        server.ok("CreateSnapshotGroup", &ask).await;
        server.finish_all().await;
    }
    let path = ("SnapshotGroups", "SnapshotGroup", "Name");
    let named = async |filters: &[(&str, &str)]| {
        let ask = [&[IN_REGION], filters].concat();
        server.list("DescribeSnapshotGroups", &ask, path).await
    };
    assert_eq!(named(&[]).await, ["third", "second", "first"], "newest first");
    assert_eq!(named(&[("Name", "second")]).await, ["second"]);
    let red = [("Tag.1.Key", "team"), ("Tag.1.Value", "red")];
    assert_eq!(named(&red).await, ["third", "first"]);
    assert_eq!(named(&[("ResourceGroupId", "blue")]).await, ["second"]);
    assert_eq!(named(&[on, ("Status.1", "accomplished")]).await.len(), 3);
    assert_eq!(named(&[("Status.1", "progressing"), ("Status.2", "failed")]).await.len(), 0);
    assert_eq!(named(&[("InstanceId", "i-none")]).await.len(), 0);
    let first = [IN_REGION, ("MaxResults", "2")];
    let page = server.ok("DescribeSnapshotGroups", &first).await;
    let token = page.text_at("NextToken");
    assert_eq!(named(&[("MaxResults", "2"), ("NextToken", &token)]).await, ["first"]);
    let refused = (400, "InvalidParameter");
    let wrong = [IN_REGION, ("NextToken", "?")];
    server.expect_code("DescribeSnapshotGroups", &wrong, refused).await;
    let elsewhere = [("RegionId", "nowhere")];
    let refused = (404, "InvalidRegionId.NotFound");
    server.expect_code("DescribeSnapshotGroups", &elsewhere, refused).await;
    let tag = [IN_REGION, ("Tag.1.Value", "red")];
    server.expect_code("DescribeSnapshotGroups", &tag, (400, "InvalidTag.Mismatch")).await;
    let keys: Vec<_> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let many: Vec<_> = keys.iter().map(|key| (key.as_str(), "key")).chain([IN_REGION]).collect();
    server.expect_code("DescribeSnapshotGroups", &many, (400, "InvalidTagCount")).await;
}

#[tokio::test]
async fn modify_snapshot_group_changes_what_is_given() {
    let server = TestServer::new().await;
    let (_, [one, other]) = with_two_disks(&server).await;
    let ask = [&of_disks(&one, &other)[..], &[("Description", "files")]].concat();
    let id = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    let group = ("SnapshotGroupId", id.as_str());
    server.ok("ModifySnapshotGroup", &[IN_REGION, group, ("Name", "renamed")]).await;
    let reply = shown(&server, &id).await;
    assert_eq!((&reply["Name"], &reply["Description"]), (&"renamed".into(), &"files".into()));
    let rows: [Refused<'_>; 4] = [
        (&[IN_REGION, group, ("Name", "x")], 400, "InvalidParameter.Name"),
        (&[IN_REGION, group, ("Description", "http://x")], 400, "InvalidParameter.Description"),
        (&[IN_REGION, ("SnapshotGroupId", "ssg-none")], 404, "InvalidSnapshotGroup.NotFound"),
        (&[("RegionId", "nowhere"), group], 404, "InvalidRegionId.NotFound"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("ModifySnapshotGroup", ask, (status, code)).await;
    }
}

#[tokio::test]
async fn delete_snapshot_group_takes_its_snapshots_along_unless_disks_were_made_from_them() {
    let server = TestServer::new().await;
    let (_, [one, other]) = with_two_disks(&server).await;
    let ask = of_disks(&one, &other);
    let id = server.ok("CreateSnapshotGroup", &ask).await.text_at("SnapshotGroupId");
    server.finish_all().await;
    let reply = shown(&server, &id).await;
    let snapshot = reply["Snapshots"]["Snapshot"][0]["SnapshotId"].as_str().unwrap().to_owned();
    let from = [
        IN_REGION,
        ("ZoneId", ZONE),
        ("SnapshotId", snapshot.as_str()),
        ("DiskCategory", "cloud_essd"),
    ];
    let disk = server.ok("CreateDisk", &from).await.text_at("DiskId");
    let group = [IN_REGION, ("SnapshotGroupId", id.as_str())];
    server.expect_code("DeleteSnapshotGroup", &group, (403, "SnapshotCreatedDisk")).await;
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    let reply = server.ok("DeleteSnapshotGroup", &group).await.json;
    let progress = &reply["OperationProgressSet"]["OperationProgress"];
    assert_eq!(progress.as_array().unwrap().len(), 2);
    assert_eq!(progress[0]["OperationStatus"], "Success");
    let item = &progress[0]["RelatedItemSet"]["RelatedItem"][0];
    assert_eq!((&item["Name"], &item["Value"]), (&"SnapshotId".into(), &snapshot.clone().into()));
    assert_eq!(server.snapshot(&snapshot).await, Value::Null);
    let gone = (404, "InvalidSnapshotGroup.NotFound");
    server.expect_code("DeleteSnapshotGroup", &group, gone).await;
    let elsewhere = [("RegionId", "nowhere"), group[1]];
    let refused = (404, "InvalidRegionId.NotFound");
    server.expect_code("DeleteSnapshotGroup", &elsewhere, refused).await;
}

#[tokio::test]
async fn create_snapshot_group_refuses_malformed_and_contradicting_parameters() {
    let server = TestServer::new().await;
    let (instance, [one, other]) = with_two_disks(&server).await;
    let elsewhere = server.disk_with(|disk| disk.zone = "cn-hangzhou-b".to_owned()).await;
    let (on, first) = (("InstanceId", instance.as_str()), ("DiskId.1", one.as_str()));
    let ids: Vec<_> = (1..=17).map(|n| format!("DiskId.{n}")).collect();
    let mut made = Vec::new();
    for _ in &ids {
        made.push(server.available_disk().await);
    }
    let named = ids.iter().map(String::as_str).zip(made.iter().map(String::as_str));
    let many: Vec<_> = named.chain([IN_REGION]).collect();
    let token = "x".repeat(65);
    let keys: Vec<_> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let tags: Vec<_> =
        keys.iter().map(|key| (key.as_str(), "key")).chain([IN_REGION, first]).collect();
    let rows: [Refused<'_>; 17] = [
        (&[on], 400, "MissingParameter"),
        (&[("RegionId", "nowhere"), on], 404, "InvalidRegionId.NotFound"),
        (&[IN_REGION], 400, "MissingParamter.InstanceId"),
        (
            &[IN_REGION, on, first, ("ExcludeDiskId.1", &other)],
            400,
            "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict",
        ),
        (&[IN_REGION, ("InstanceId", "i-none")], 404, "InvalidInstanceId.NotFound"),
        (&[IN_REGION, ("DiskId.1", "d-none")], 404, "InvalidDiskId.NotFound"),
        (&[IN_REGION, on, ("DiskId.1", &made[0])], 403, "InvalidInstance.NoDisk"),
        (&many, 403, "NumberExceed.TooManyDisks"),
        (&[IN_REGION, first, ("DiskId.2", &elsewhere)], 400, "InvalidDiskIds.NotInSameZone"),
        (&[IN_REGION, first, ("Name", "x")], 400, "InvalidParameter.Name"),
        (&[IN_REGION, first, ("Description", "http://x")], 400, "InvalidParameter.Description"),
        (&[IN_REGION, first, ("Tag.1.Key", "acs:x")], 400, "InvalidTagKey.Malformed"),
        (&[IN_REGION, first, ("Tag.1.Value", "x")], 400, "InvalidTag.Mismatch"),
        (
            &[IN_REGION, first, ("Tag.1.Key", "a"), ("Tag.1.Value", "http://x")],
            400,
            "InvalidTagValue.Malformed",
        ),
        (&[IN_REGION, first, ("Tag.1.Key", "a"), ("Tag.2.Key", "a")], 400, "Duplicate.TagKey"),
        (&tags, 400, "InvalidTagCount"),
        (&[IN_REGION, first, ("ClientToken", &token)], 400, "InvalidClientToken.ValueNotSupported"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("CreateSnapshotGroup", ask, (status, code)).await;
    }
}

/// Everything that can be wrong is made wrong one after the other, the last check first: each time
/// the newest wrong is the answer.
#[tokio::test]
async fn create_snapshot_group_answers_the_first_failed_precondition() {
    let server = TestServer::new().await;
    let (instance, [one, other]) = with_two_disks(&server).await;
    let expect_refusal = async |status: u16, code: &str| {
        let ask = of_disks(&one, &other);
        server.expect_code("CreateSnapshotGroup", &ask, (status, code)).await;
    };
    let id = server.snapshot_of(&one).await;
    let write = move |tx: &mut dyn diskdock::store::WriteTx| {
        use diskdock::store::EntityReads;
        let one = tx.get(&domain::SnapshotId::from(id.as_str()))?.expect("the snapshot");
        for number in 1..256 {
            let id = format!("s-{number}").into();
            tx.save(&domain::DiskSnapshot { id, ..one.clone() })?;
        }
        Ok(())
    };
    server.assembly.gateway.services.store.write(write).await.unwrap();
    expect_refusal(403, "QuotaExceed.Snapshot").await;
    server.put_in(&instance, InstanceStatus::Starting).await;
    expect_refusal(400, "IncorrectInstanceStatus").await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Security]).await;
    expect_refusal(403, "InstanceLockedForSecurity").await;
    server.change_disk(&other, |d| d.attached_at = None).await;
    expect_refusal(403, "IncorrectDiskStatus.NeverAttached").await;
    server.change_disk(&other, |d| d.activity = Some(Activity::Modifying)).await;
    expect_refusal(403, "IncorrectDiskStatus").await;
    server.put_in(&instance, InstanceStatus::Running).await;
    server.change_instance(&instance, |i| i.locks = Vec::new()).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    let third = server.disk_on(&instance).await;
    let ask = [("DiskId", third.as_str())];
    server.ok("CreateSnapshot", &ask).await;
    let three = [&of_disks(&one, &other)[..], &[("DiskId.3", third.as_str())]].concat();
    let under_way = (403, "IncorrectDiskStatus.CreatingSnapshot");
    server.expect_code("CreateSnapshotGroup", &three, under_way).await;
    server.change_disk(&other, |d| d.locks = vec![LockReason::Financial]).await;
    expect_refusal(403, "DiskInArrears").await;
    server.change_disk(&other, |d| d.size_gib = 40_000).await;
    expect_refusal(403, "CapacityExceed.TooManyDisks").await;
    server.change_disk(&other, |d| d.category = Category::CloudSsd).await;
    expect_refusal(400, "DiskCategory.OperationNotSupported").await;
    server.change_disk(&other, |d| d.multi_attach = true).await;
    expect_refusal(403, "InvalidOperation.MultiAttachDisk").await;
}
