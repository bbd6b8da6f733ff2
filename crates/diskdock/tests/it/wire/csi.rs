//! The CSI driver, as csi-sanity drives it: volumes, snapshots and the attributes of volumes, with
//! the parameters that it sends and the fields that it reads.

use serde_json::{Value, json};

use crate::harness::{Answer, REGION, Style, TestServer, ZONE};

const IN_REGION: (&str, &str) = ("RegionId", REGION);
/// The tag by which the driver finds a volume whose id it has lost.
const NAME_TAG: (&str, &str) = ("Tag.1.Key", "csi.alibabacloud.com/volume-name");

/// A call as the driver signs it.
async fn call(server: &TestServer, action: &str, parameters: &[(&str, &str)]) -> Answer {
    server.call_in(Style::ACS3, action, parameters).await
}

async fn ok(server: &TestServer, action: &str, parameters: &[(&str, &str)]) -> Value {
    let answer = call(server, action, parameters).await;
    assert_eq!(answer.status, 200, "{action} {parameters:?}: {}", answer.text);
    answer.json
}

async fn refused(
    server: &TestServer,
    (action, parameters): (&str, &[(&str, &str)]),
    expected: (u16, &str),
) {
    let answer = call(server, action, parameters).await;
    assert_eq!(answer.refusal(), expected, "{action} {parameters:?}: {}", answer.text);
}

/// The parameters for a volume of this name and size.
fn volume<'a>(name: &'a str, token: &'a str, size: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        IN_REGION,
        ("ZoneId", ZONE),
        ("DiskCategory", "cloud_essd"),
        ("PerformanceLevel", "PL0"),
        ("Size", size),
        ("DiskName", name),
        ("ClientToken", token),
        NAME_TAG,
        ("Tag.1.Value", name),
    ]
}

/// A batch of the driver: disks by their ids.
async fn disks(server: &TestServer, ids: &[&str]) -> Vec<Value> {
    let ids = serde_json::to_string(ids).unwrap();
    let ask = [IN_REGION, ("DiskIds", ids.as_str()), ("PageSize", "100")];
    ok(server, "DescribeDisks", &ask).await["Disks"]["Disk"].as_array().unwrap().clone()
}

/// The nodes in the Attachments of a disk, which is what the driver waits for.
async fn nodes(server: &TestServer, disk: &str) -> Vec<String> {
    let disk = disks(server, &[disk]).await.remove(0);
    let attachments = disk["Attachments"]["Attachment"].as_array();
    let nodes = attachments.into_iter().flatten();
    nodes.map(|one| one["InstanceId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn csi_volume_is_made_once_and_found_by_its_name() {
    let server = TestServer::new().await;
    let ask = [IN_REGION, ("DestinationResource", "DataDisk"), ("Scope", "region")];
    ok(&server, "DescribeAvailableResource", &ask).await;
    let made = ok(&server, "CreateDisk", &volume("pvc-1", "n:pvc-1", "20")).await;
    let again = ok(&server, "CreateDisk", &volume("pvc-1", "n:pvc-1", "20")).await;
    assert_eq!(made["DiskId"], again["DiskId"]);
    let larger = volume("pvc-1", "n:pvc-1", "30");
    let answer = call(&server, "CreateDisk", &larger).await;
    assert_eq!(answer.code(), "IdempotentParameterMismatch");
    let by_name = [IN_REGION, NAME_TAG, ("Tag.1.Value", "pvc-1")];
    let found = ok(&server, "DescribeDisks", &by_name).await;
    let [disk] = &found["Disks"]["Disk"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!((&disk["DiskId"], &disk["Size"]), (&made["DiskId"], &json!(20)));
    let serial = made["DiskId"].as_str().unwrap().trim_start_matches("d-");
    assert_eq!(disk["SerialNumber"], serial);
    assert_eq!(disk["MultiAttach"], "Disabled");
    assert!(disks(&server, &["fake-vol-id"]).await.is_empty());
    let fake = [("DiskId", "fake-vol-id")];
    refused(&server, ("DeleteDisk", &fake), (404, "InvalidDiskId.NotFound")).await;
    let unknown = ("SnapshotId", "s-bp1nosuchsnapshot00");
    let from = [&volume("pvc-2", "n:pvc-2", "20")[..], &[unknown]].concat();
    refused(&server, ("CreateDisk", &from), (404, "InvalidSnapshotId.NotFound")).await;
}

/// From one node to another, as the driver does it when a pod moves: it detaches, and attaches
/// again and again until the disk is free.
#[tokio::test]
async fn csi_volume_moves_between_nodes_and_is_deleted() {
    let server = TestServer::new().await;
    let (one, other) = (server.run_one(&[]).await, server.run_one(&[]).await);
    let disk = ok(&server, "CreateDisk", &volume("pvc-1", "n:pvc-1", "20")).await;
    let disk = disk["DiskId"].as_str().unwrap();
    let [on_one, on_other] =
        [&one, &other].map(|node| [("InstanceId", node.as_str()), ("DiskId", disk)]);
    server.finish_all().await;
    ok(&server, "AttachDisk", &on_one).await;
    assert_eq!(nodes(&server, disk).await, [""; 0], "not before it is there");
    server.finish_all().await;
    assert_eq!(nodes(&server, disk).await, [one.as_str()]);
    let ask = [IN_REGION, ("InstanceId", one.as_str()), ("MaxResults", "100")];
    let of_node = ok(&server, "DescribeDisks", &ask).await;
    assert!(of_node["NextToken"].as_str().unwrap_or_default().is_empty());
    let grown = [IN_REGION, ("DiskId", disk), ("NewSize", "40"), ("Type", "online")];
    ok(&server, "ResizeDisk", &grown).await;
    assert_eq!(disks(&server, &[disk]).await[0]["Size"], 40);
    server.finish_all().await;

    ok(&server, "DetachDisk", &on_one).await;
    assert_eq!(nodes(&server, disk).await, [one.as_str()], "until it is free");
    refused(&server, ("AttachDisk", &on_other), (403, "IncorrectDiskStatus")).await;
    let again = (403, "InvalidOperation.DiskDetachingFromThisEcs");
    refused(&server, ("DetachDisk", &on_one), again).await;
    refused(&server, ("DeleteDisk", &[("DiskId", disk)]), (403, "IncorrectDiskStatus")).await;
    let ask = [IN_REGION, ("InstanceId", one.as_str())];
    let events = ok(&server, "DescribeInstanceHistoryEvents", &ask).await;
    assert_eq!(events["InstanceSystemEventSet"]["InstanceSystemEventType"], json!([]));
    server.finish_all().await;
    assert_eq!(nodes(&server, disk).await, [""; 0]);
    ok(&server, "AttachDisk", &on_other).await;
    server.finish_all().await;
    assert_eq!(nodes(&server, disk).await, [other.as_str()]);
    ok(&server, "DetachDisk", &on_other).await;
    server.finish_all().await;
    ok(&server, "DeleteDisk", &[("DiskId", disk)]).await;
    assert!(disks(&server, &[disk]).await.is_empty());
    refused(&server, ("DeleteDisk", &[("DiskId", disk)]), (404, "InvalidDiskId.NotFound")).await;
}

async fn snapshots(server: &TestServer, more: &[(&str, &str)]) -> (Vec<Value>, String) {
    let reply = ok(server, "DescribeSnapshots", &[&[IN_REGION], more].concat()).await;
    let token = reply["NextToken"].as_str().unwrap_or_default().to_owned();
    (reply["Snapshots"]["Snapshot"].as_array().unwrap().clone(), token)
}

/// csi-sanity attaches nothing, so the operator allows snapshots of new disks.
#[tokio::test]
async fn csi_snapshots_are_made_once_listed_by_pages_and_deleted_by_force() {
    let server = TestServer::with(|plan| plan.snapshot_new_disks = true).await;
    let disk = ok(&server, "CreateDisk", &volume("pvc-1", "n:pvc-1", "20")).await;
    let disk = disk["DiskId"].as_str().unwrap();
    server.finish_all().await;
    let mut made = Vec::new();
    for number in 0..12 {
        let name = format!("snap-{number}");
        let ask = [("DiskId", disk), ("SnapshotName", &name), ("ClientToken", &name)];
        let first = ok(&server, "CreateSnapshot", &ask).await["SnapshotId"].clone();
        assert_eq!(ok(&server, "CreateSnapshot", &ask).await["SnapshotId"], first);
        let changed = [&ask[..], &[("Description", "another")]].concat();
        let answer = call(&server, "CreateSnapshot", &changed).await;
        assert_eq!(answer.code(), "IdempotentParameterMismatch");
        server.finish_all().await;
        made.push(first.as_str().unwrap().to_owned());
    }
    let (found, _) = snapshots(&server, &[("SnapshotName", "snap-3")]).await;
    let [one] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&one["SourceDiskId"], &one["SourceDiskSize"]), (&json!(disk), &json!("20")));
    assert_eq!((&one["Available"], &one["Progress"]), (&json!(true), &json!("100%")));
    assert!(one["CreationTime"].as_str().unwrap().ends_with('Z'));
    let of_disk = [("DiskId", disk), ("MaxResults", "3")];
    let (page, token) = snapshots(&server, &of_disk).await;
    assert_eq!(page.len(), 10, "the least page");
    let (rest, end) = snapshots(&server, &[of_disk[0], ("NextToken", token.as_str())]).await;
    assert_eq!((rest.len(), end.as_str()), (2, ""));
    let from = [&volume("pvc-2", "n:pvc-2", "20")[..], &[("SnapshotId", made[0].as_str())]];
    ok(&server, "CreateDisk", &from.concat()).await;
    server.finish_all().await;
    let ask = [("SnapshotId", made[0].as_str()), ("Force", "true")];
    ok(&server, "DeleteSnapshot", &ask).await;
    server.finish_all().await;
    refused(&server, ("DeleteSnapshot", &ask), (404, "InvalidSnapshotId.NotFound")).await;
}

/// VolumeAttributesClass: tried first, then done by a task, and its parameters kept as tags.
#[tokio::test]
async fn csi_volume_attributes_change_by_a_task_that_the_driver_watches() {
    let server = TestServer::new().await;
    let disk = ok(&server, "CreateDisk", &volume("pvc-1", "n:pvc-1", "40")).await;
    let disk = disk["DiskId"].as_str().unwrap();
    server.finish_all().await;
    let change = [("DiskId", disk), ("DiskCategory", "cloud_essd"), ("PerformanceLevel", "PL1")];
    let dry = [&change[..], &[("DryRun", "true")]].concat();
    refused(&server, ("ModifyDiskSpec", &dry), (400, "DryRunOperation")).await;
    let task = ok(&server, "ModifyDiskSpec", &change).await["TaskId"].clone();
    let ask = [IN_REGION, ("TaskIds", task.as_str().unwrap())];
    server.finish_all().await;
    let tasks = ok(&server, "DescribeTasks", &ask).await;
    assert_eq!(tasks["TaskSet"]["Task"][0]["TaskStatus"], "Finished");
    assert_eq!(disks(&server, &[disk]).await[0]["PerformanceLevel"], "PL1");
    let answer = call(&server, "ModifyDiskSpec", &dry).await;
    assert_eq!(answer.code(), "NoChangeInDiskCategoryAndPerformanceLevel");
    let of_disk = [IN_REGION, ("ResourceType", "disk"), ("ResourceId.1", disk)];
    let put = [&of_disk[..], &[("Tag.1.Key", "class"), ("Tag.1.Value", "fast")]].concat();
    ok(&server, "TagResources", &put).await;
    let take = [&of_disk[..], &[("TagKey.1", "class")]].concat();
    ok(&server, "UntagResources", &take).await;
    let tags = &disks(&server, &[disk]).await[0]["Tags"]["Tag"];
    assert_eq!(tags.as_array().unwrap().len(), 1, "the name of the volume is left");
    let unknown = [("DiskId", "d-bp1nosuchdisk0000000"), ("PerformanceLevel", "PL1")];
    refused(&server, ("ModifyDiskSpec", &unknown), (404, "InvalidDiskId.NotFound")).await;
}
