//! CreateSnapshot, DescribeSnapshots, ModifySnapshotAttribute and DeleteSnapshot.

mod made_from;
mod refusals;

use diskdock::store::{EntityReads, EntityWrites};
use domain::{DiskSnapshot, SnapshotId};
use serde_json::{Value, json};

use crate::harness::{BEGINNING, Pairs, REGION, TestServer};

pub(super) const REGION_PAIR: (&str, &str) = ("RegionId", REGION);

impl TestServer {
    /// A snapshot of this disk, which is accomplished.
    pub(crate) async fn snapshot_of(&self, disk: &str) -> String {
        let id = self.ok("CreateSnapshot", &[("DiskId", disk)]).await.text_at("SnapshotId");
        self.finish_all().await;
        assert_eq!(self.snapshot(&id).await["Status"], "accomplished");
        id
    }

    /// A snapshot as DescribeSnapshots shows it.
    pub(crate) async fn snapshot(&self, id: &str) -> Value {
        let ids = format!("[\"{id}\"]");
        let answer = self.ok("DescribeSnapshots", &[REGION_PAIR, ("SnapshotIds", &ids)]).await;
        answer.json["Snapshots"]["Snapshot"][0].clone()
    }

    /// Changes a snapshot in the store behind everybody's back.
    pub(super) async fn change_snapshot(
        &self,
        id: &str,
        change: impl Fn(&mut DiskSnapshot) + Send + 'static,
    ) {
        let id = SnapshotId::from(id);
        let write = move |tx: &mut dyn diskdock::store::WriteTx| {
            let mut snapshot = tx.get(&id)?.expect("the snapshot");
            change(&mut snapshot);
            tx.save(&snapshot)
        };
        self.assembly.gateway.services.store.write(write).await.unwrap();
    }
}

async fn found(server: &TestServer, filters: &[(&str, &str)]) -> Vec<String> {
    let ask = [&[REGION_PAIR], filters].concat();
    let mut names =
        server.list("DescribeSnapshots", &ask, ("Snapshots", "Snapshot", "SnapshotName")).await;
    names.sort();
    names
}

/// As Terraform does it: until it is accomplished.
#[tokio::test]
async fn create_snapshot_is_progressing_and_then_accomplished() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let ask = [
        ("DiskId", disk.as_str()),
        ("SnapshotName", "before-upgrade"),
        ("Description", "files"),
        ("RetentionDays", "30"),
        ("Tag.1.Key", "team"),
        ("Tag.1.Value", "storage"),
        ("ClientToken", "token-1"),
    ];
    let created = server.assembly.gateway.services.clock.now();
    let id = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    assert!(id.starts_with("s-"), "{id}");
    let reply = server.snapshot(&id).await;
    assert_eq!((&reply["Status"], &reply["Progress"]), (&"progressing".into(), &"0%".into()));
    assert_eq!((&reply["Available"], reply.get("RemainTime")), (&false.into(), None));
    server.finish_all().await;
    let reply = server.snapshot(&id).await;
    let at = diskdock::catalog::times::with_seconds(created);
    for (name, expected) in [
        ("Status", json!("accomplished")),
        ("Progress", json!("100%")),
        ("Available", json!(true)),
        ("RemainTime", json!(0)),
        ("SourceDiskId", json!(disk)),
        ("SourceDiskSize", json!("20")),
        ("SourceDiskType", json!("data")),
        ("SnapshotName", json!("before-upgrade")),
        ("Description", json!("files")),
        ("RetentionDays", json!(30)),
        ("CreationTime", json!(at)),
        ("SnapshotType", json!("user")),
        ("Category", json!("standard")),
        ("Usage", json!("none")),
        ("Tags", json!({ "Tag": [{ "TagKey": "team", "TagValue": "storage" }] })),
    ] {
        assert_eq!(reply[name], expected, "{name}");
    }
    let again = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    assert_eq!(again, id, "a repeated request has its effect once");
    let other = [ask[0], ("SnapshotName", "other"), ask[6]];
    let message = "The specified clientToken is used.";
    let mismatch = (403, "IdempotentParameterMismatch", message);
    server.expect_refusal("CreateSnapshot", &other, mismatch).await;
}

#[tokio::test]
async fn create_snapshot_that_fails_says_so_and_can_be_tried_again() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"snapshot","times":1,"behaviour":{"do":"refuse"}}"#);
    let id = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.finish_all().await;
    let reply = server.snapshot(&id).await;
    assert_eq!((&reply["Status"], &reply["Available"]), (&"failed".into(), &false.into()));
    assert_eq!(server.operations_of(&disk).await[0]["kind"], "snapshot.create");
    server.snapshot_of(&disk).await;
}

#[tokio::test]
async fn create_snapshot_completes_after_a_restart() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let id = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    let server = server.restart().await;
    assert_eq!(server.snapshot(&id).await["Status"], "progressing");
    server.finish_all().await;
    assert_eq!(server.snapshot(&id).await["Status"], "accomplished");
    assert_eq!(server.differences().await, []);
}

/// A disk whose snapshot is being made is detached as ever, and neither deleted nor changed.
#[tokio::test]
async fn disk_with_a_snapshot_under_way_is_not_deleted_resized_or_changed() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    server.ok("CreateSnapshot", &[("DiskId", &disk)]).await;
    server.drain().await;
    let id = ("DiskId", disk.as_str());
    let creating = (403, "DiskCreatingSnapshot");
    server.expect_code("ResizeDisk", &[id, ("NewSize", "40")], creating).await;
    server.expect_code("ModifyDiskSpec", &[id, ("DiskCategory", "cloud_ssd")], creating).await;
    let under_way = (403, "IncorrectDiskStatus.CreatingSnapshot");
    server.expect_code("CreateSnapshot", &[id], under_way).await;
    server.ok("DetachDisk", &[id, ("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    server.expect_code("DeleteDisk", &[id], creating).await;
    server.control("POST", "/transitions/finish", &json!({ "disk": disk }).to_string()).await;
    server.finish_all().await;
    server.ok("DeleteDisk", &[id]).await;
    let reply = server.ok("DescribeSnapshots", &[REGION_PAIR, id]).await.json;
    assert_eq!(reply["TotalCount"], 1, "a snapshot outlives its disk");
}

#[tokio::test]
async fn describe_snapshots_filters() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (one, other) = (server.disk_on(&instance).await, server.disk_on(&instance).await);
    for (disk, name) in [(&one, "one"), (&other, "other")] {
        let ask = [("DiskId", disk.as_str()), ("SnapshotName", name), ("Tag.1.Key", name)];
        server.ok("CreateSnapshot", &ask).await;
        server.finish_all().await;
        server.pass(60_000).await;
    }
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &other)]).await;
    server.finish_all().await;
    let all = ["one", "other"];
    let link = format!("sl-{}", &one[2..]);
    let ids = format!("['{one}']");
    let rows: [(Pairs<'_>, &[&str]); 22] = [
        (&[], &all),
        (&[("DiskId", &one)], &["one"]),
        (&[("SnapshotLinkId", &link)], &["one"]),
        (&[("InstanceId", &instance)], &["one"]),
        (&[("SnapshotIds", &ids)], &[]),
        (&[("SnapshotName", "other")], &["other"]),
        (&[("SnapshotName", "*o*")], &all),
        (&[("Status", "accomplished")], &all),
        (&[("Status", "progressing")], &[]),
        (&[("Status", "failed")], &[]),
        (&[("Status", "all")], &all),
        (&[("SnapshotType", "auto")], &[]),
        (&[("SnapshotType", "user"), ("Usage", "none")], &all),
        (&[("SnapshotType", "all"), ("Usage", "disk")], &[]),
        (&[("SourceDiskType", "data")], &all),
        (&[("SourceDiskType", "system")], &[]),
        (&[("Encrypted", "true")], &[]),
        (&[("Category", "Standard"), ("Encrypted", "false")], &all),
        (&[("KMSKeyId", "key")], &[]),
        (&[("Tag.1.Key", "other")], &["other"]),
        (&[("ResourceGroupId", "rg-1")], &[]),
        (&[("Filter.1.Key", "CreationEndTime"), ("Filter.1.Value", "2026-01-02T03:04Z")], &[]),
    ];
    for (filters, expected) in rows {
        assert_eq!(found(&server, filters).await, expected, "{filters:?}");
    }
    server.become_another_account().await;
    assert!(found(&server, &[]).await.is_empty());
}

#[tokio::test]
async fn describe_snapshots_pages_by_token_and_needs_no_region() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    for _ in 0..12 {
        server.snapshot_of(&disk).await;
    }
    let list = |more: &[(&'static str, &str)]| {
        let ask: Vec<_> = more.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        let server = &server;
        async move {
            let ask: Vec<_> = ask.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let reply = server.ok("DescribeSnapshots", &ask).await.json;
            let count = reply["Snapshots"]["Snapshot"].as_array().unwrap().len();
            (count, reply["NextToken"].as_str().unwrap().to_owned())
        }
    };
    let (count, token) = list(&[REGION_PAIR, ("MaxResults", "3")]).await;
    assert_eq!(count, 10, "fewer than 10 give 10");
    assert_eq!(list(&[REGION_PAIR, ("NextToken", &token)]).await, (2, String::new()));
    let (count, token) = list(&[]).await;
    assert_eq!((count, token.is_empty()), (10, false), "the region of the server");
    assert_eq!(list(&[("DiskId", &disk), ("PageSize", "100")]).await.0, 12);
    let id = server.snapshot_of(&disk).await;
    assert_eq!(list(&[("SnapshotIds", &format!("[\"{id}\"]"))]).await.0, 1);
}

#[tokio::test]
async fn modify_snapshot_attribute_changes_only_what_is_named() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let ask = [("DiskId", disk.as_str()), ("RetentionDays", "2"), ("InstantAccess", "true")];
    let id = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    server.finish_all().await;
    let before = server.snapshot(&id).await;
    assert_eq!(before["InstantAccess"], true);
    for (name, value, shown, expected) in [
        ("SnapshotName", "new", "SnapshotName", json!("new")),
        ("Description", "files", "Description", "files".into()),
        ("Description", "", "Description", "".into()),
        ("RetentionDays", "3", "RetentionDays", 3.into()),
        ("DisableInstantAccess", "true", "InstantAccess", false.into()),
    ] {
        server.pass(1_000).await;
        server.ok("ModifySnapshotAttribute", &[("SnapshotId", &id), (name, value)]).await;
        let reply = server.snapshot(&id).await;
        assert_eq!(reply[shown], expected, "{name}");
        assert_ne!(reply["LastModifiedTime"], before["LastModifiedTime"]);
        assert_eq!(reply["CreationTime"], before["CreationTime"]);
    }
}

#[tokio::test]
async fn snapshot_is_deleted_when_its_retention_ends() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let other = server.snapshot_of(&disk).await;
    let ask = [("DiskId", disk.as_str()), ("RetentionDays", "2")];
    let id = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    server.finish_all().await;
    const DAY_MS: i64 = 24 * 3_600_000;
    server.pass(2 * DAY_MS - 60_000).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(server.snapshot(&id).await["SnapshotId"], id.as_str());
    server.pass(60_000).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(server.snapshot(&id).await, Value::Null);
    assert_eq!(server.snapshot(&other).await["SnapshotId"], other.as_str());
    assert!(server.assembly.gateway.services.clock.now() > BEGINNING);
}

#[tokio::test]
async fn expired_snapshot_stays_until_the_disk_is_made_that_begins_with_it() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let ask = [("DiskId", disk.as_str()), ("RetentionDays", "1")];
    let id = server.ok("CreateSnapshot", &ask).await.text_at("SnapshotId");
    server.finish_all().await;
    let rule = r#"{"transition":"create","times":1,"behaviour":{"do":"hold"}}"#;
    server.control("POST", "/rules", rule).await;
    let ask = [REGION_PAIR, ("ZoneId", "cn-hangzhou-i"), ("SnapshotId", &id)];
    let made = server.ok("CreateDisk", &ask).await.text_at("DiskId");
    server.pass(2 * 24 * 3_600_000).await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(server.snapshot(&id).await["SnapshotId"], id.as_str());
    server.control("POST", "/transitions/finish", &json!({ "disk": made }).to_string()).await;
    server.finish_all().await;
    server.assembly.life.run_maintenance().await;
    assert_eq!(server.snapshot(&id).await, Value::Null);
}

#[tokio::test]
async fn delete_snapshot_gives_one_up_that_is_being_made() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let id = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.ok("DeleteSnapshot", &[("SnapshotId", &id)]).await;
    assert_eq!(server.snapshot(&id).await, Value::Null);
    server.finish_all().await;
    assert_eq!(server.snapshot(&id).await, Value::Null, "it does not come back");
    let gone = (404, "InvalidSnapshotId.NotFound");
    server.expect_code("DeleteSnapshot", &[("SnapshotId", &id), ("Force", "true")], gone).await;
    server.snapshot_of(&disk).await;
}
