//! DetachDisk: the disk leaves the guest, and only then is it Available.

mod failures;
mod kinds;
mod refusals;

use crate::harness::TestServer;

/// The two parameters that every request has.
fn named<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn detach_disk_goes_from_in_use_through_detaching_to_available() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let before = server.describe(&disk).await;

    let answer = server.ok("DetachDisk", &named(&instance, &disk)).await;
    assert_eq!(answer.json.as_object().unwrap().len(), 1, "only a RequestId: {}", answer.text);
    let mut expected = before.clone();
    expected["Status"] = "Detaching".into();
    assert_eq!(server.describe(&disk).await, expected, "nothing but the status differs");

    server.pass(999).await;
    assert_eq!(server.status_of(&disk).await, "Detaching");
    server.pass(1).await;
    expected["Status"] = "Available".into();
    for name in ["InstanceId", "Device"] {
        expected[name] = "".into();
    }
    expected["Attachments"]["Attachment"] = serde_json::json!([]);
    expected["MountInstances"]["MountInstance"] = serde_json::json!([]);
    expected["MountInstanceNum"] = 0.into();
    expected["DetachedTime"] = "2026-01-02T03:04:16Z".into();
    assert_eq!(server.describe(&disk).await, expected);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn describe_disks_shows_the_instance_and_device_of_an_attached_disk() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let shown = server.describe(&disk).await;
    assert_eq!(shown["Status"], "In_use");
    assert_eq!(shown["InstanceId"], instance.as_str());
    assert_eq!(shown["Device"], "/dev/xvdb");
    assert_eq!(shown["AttachedTime"], "2026-01-02T03:04:05Z");
    assert_eq!(shown["DetachedTime"], "");
    assert_eq!(shown["Portable"], true);
    assert_eq!(shown["DiskChargeType"], "PostPaid");
    assert_eq!(shown["Type"], "data");
    assert_eq!(shown["ExpiredTime"], "2999-09-08T16:00Z");
    assert_eq!(shown["OperationLocks"]["OperationLock"], serde_json::json!([]));
    let attachment = &shown["Attachments"]["Attachment"];
    assert_eq!(attachment.as_array().unwrap().len(), 1);
    assert_eq!(attachment[0]["InstanceId"], instance.as_str());
    assert_eq!(attachment[0]["Device"], "/dev/xvdb");
    assert_eq!(attachment[0]["AttachedTime"], "2026-01-02T03:04:05Z");
}

#[tokio::test]
async fn disk_shows_the_lock_of_its_instance_until_it_is_detached() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    server
        .control("POST", &format!("/instances/{instance}/lock"), r#"{"reason":"financial"}"#)
        .await;
    let locks = &server.describe(&disk).await["OperationLocks"]["OperationLock"];
    assert_eq!(locks[0]["LockReason"], "financial");
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    server.finish_all().await;
    let locks = &server.describe(&disk).await["OperationLocks"]["OperationLock"];
    assert_eq!(locks, &serde_json::json!([]));
}

#[tokio::test]
async fn describe_disks_by_instance_lists_a_disk_until_it_is_detached() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let on_it = async || {
        let ask = [("RegionId", crate::harness::REGION), ("InstanceId", instance.as_str())];
        server.ok("DescribeDisks", &ask).await.json["TotalCount"].clone()
    };
    assert_eq!(on_it().await, 1);
    server.ok("DetachDisk", &named(&instance, &disk)).await;
    assert_eq!(on_it().await, 1);
    server.finish_all().await;
    assert_eq!(on_it().await, 0);
}

#[tokio::test]
async fn detached_disk_can_be_attached_and_detached_again() {
    let server = TestServer::new().await;
    let one = server.running_instance().await;
    let other = server.running_instance().await;
    let disk = server.disk_on(&one).await;
    for (from, to) in [(&one, &other), (&other, &one), (&one, &one)] {
        server.ok("DetachDisk", &named(from, &disk)).await;
        server.finish_all().await;
        server.ok("AttachDisk", &named(to, &disk)).await;
        server.finish_all().await;
        assert_eq!(server.describe(&disk).await["InstanceId"], to.as_str());
    }
    assert_eq!(server.differences().await, []);
}
