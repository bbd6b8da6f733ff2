//! AttachDisk: the guest gets the device, and only then is the disk In_use.

mod force;
mod refusals;

use crate::harness::TestServer;

/// The two parameters that every request has.
fn named<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn attach_disk_goes_from_available_through_attaching_to_in_use() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let before = server.describe(&disk).await;
    assert_eq!(before["Status"], "Available");

    let answer = server.ok("AttachDisk", &named(&instance, &disk)).await;
    assert_eq!(answer.json.as_object().unwrap().len(), 1, "only a RequestId: {}", answer.text);
    let mut expected = before.clone();
    expected["Status"] = "Attaching".into();
    expected["AttachedTime"] = "2026-01-02T03:04:05Z".into();
    assert_eq!(server.describe(&disk).await, expected, "where it goes does not show yet");

    server.pass(1_000).await;
    let after = server.describe(&disk).await;
    assert_eq!(after["Status"], "In_use");
    assert_eq!(after["InstanceId"], instance.as_str());
    assert_eq!(after["Attachments"]["Attachment"].as_array().unwrap().len(), 1);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn attach_disk_gives_device_names_in_order_and_reuses_them() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let mut disks = Vec::new();
    for letter in ["b", "c", "d"] {
        let disk = server.disk_on(&instance).await;
        assert_eq!(server.describe(&disk).await["Device"], format!("/dev/xvd{letter}"));
        disks.push(disk);
    }
    server.ok("DetachDisk", &named(&instance, &disks[1])).await;
    let next = server.available_disk().await;
    server.ok("AttachDisk", &named(&instance, &next)).await;
    server.finish_all().await;
    assert_eq!(server.describe(&next).await["Device"], "/dev/xvde", "c is not free yet");
    let again = server.disk_on(&instance).await;
    assert_eq!(server.describe(&again).await["Device"], "/dev/xvdc");
    assert_eq!(server.describe(&disks[2]).await["Device"], "/dev/xvdd");
}

#[tokio::test]
async fn attach_disk_gives_the_requested_device_name() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    for device in ["/dev/xvdz", "/dev/xvdaa", "/dev/xvdc"] {
        let disk = server.available_disk().await;
        let [first, second] = named(&instance, &disk);
        server.ok("AttachDisk", &[first, second, ("Device", device)]).await;
        server.finish_all().await;
        assert_eq!(server.describe(&disk).await["Device"], device);
    }
}

#[tokio::test]
async fn attach_disk_refused_by_the_guest_leaves_the_disk_available() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    for (behaviour, after_ms) in [("refuse", 0), ("never", 300_000)] {
        let disk = server.available_disk().await;
        let rule = r#"{"transition":"attach","times":1,"behaviour":{"do":"BEHAVIOUR"}}"#;
        server.rule(&rule.replace("BEHAVIOUR", behaviour));
        server.ok("AttachDisk", &named(&instance, &disk)).await;
        server.pass(after_ms).await;
        let after = server.describe(&disk).await;
        assert_eq!(after["Status"], "Available", "{behaviour}");
        assert_eq!(after["InstanceId"], "");
        server.ok("AttachDisk", &named(&instance, &disk)).await;
        server.finish_all().await;
        assert_eq!(server.status_of(&disk).await, "In_use", "{behaviour}");
    }
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn attach_disk_sets_delete_with_instance_as_requested() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    for (asked, expected) in [(None, false), (Some("True"), true), (Some("false"), false)] {
        let disk = server.available_disk().await;
        let mut ask = named(&instance, &disk).to_vec();
        ask.extend(asked.map(|text| ("DeleteWithInstance", text)));
        server.ok("AttachDisk", &ask).await;
        server.finish_all().await;
        assert_eq!(server.describe(&disk).await["DeleteWithInstance"], expected, "{asked:?}");
    }
}

#[tokio::test]
async fn attach_disk_of_two_disks_at_the_same_time_succeeds() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (one, other) = (server.available_disk().await, server.available_disk().await);
    let (to_one, to_other) = (named(&instance, &one), named(&instance, &other));
    tokio::join!(server.ok("AttachDisk", &to_one), server.ok("AttachDisk", &to_other));
    server.finish_all().await;
    let (first, second) = (server.describe(&one).await, server.describe(&other).await);
    assert_ne!(first["Device"], second["Device"]);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn attach_disk_takes_a_former_system_disk_as_xvda_with_a_credential() {
    let login = ("Password", "Example-1234");
    let pair = ("KeyPairName", "mine");
    let boot = ("Bootable", "true");
    let system = ("Device", "/dev/xvda");
    for more in [&[system, boot, login][..], &[system, boot, pair], &[system, login], &[boot, pair]]
    {
        let server = TestServer::new().await;
        let (instance, disk) = server.stopped_with_system_disk().await;
        server.ok("DetachDisk", &named(&instance, &disk)).await;
        server.finish_all().await;
        assert_eq!(server.describe(&disk).await["Type"], "data");
        let ask = [&named(&instance, &disk)[..], more].concat();
        if more.contains(&pair) {
            server.expect_code("AttachDisk", &ask, (400, "InvalidKeyPairName.NotFound")).await;
            server.key_pair("mine").await;
        }
        server.ok("AttachDisk", &ask).await;
        server.finish_all().await;
        let shown = server.describe(&disk).await;
        assert_eq!(shown["Status"], "In_use", "{more:?}");
        assert_eq!((&shown["Type"], &shown["Device"]), (&"system".into(), &"/dev/xvda".into()));
    }
}

#[tokio::test]
async fn attach_disk_of_a_multi_attach_disk_accepts_delete_with_instance_false() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.instance_type = "ecs.g8i.large".to_owned()).await;
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    let [first, second] = named(&instance, &disk);
    server.ok("AttachDisk", &[first, second, ("DeleteWithInstance", "false")]).await;
    server.finish_all().await;
    let shown = server.describe(&disk).await;
    assert_eq!((&shown["Status"], &shown["MultiAttach"]), (&"In_use".into(), &"Enabled".into()));
}

#[tokio::test]
async fn describe_disks_shows_an_attachment_in_mount_instances_as_well() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let shown = server.describe(&disk).await;
    assert_eq!(shown["MountInstanceNum"], 1);
    let mounted = &shown["MountInstances"]["MountInstance"];
    assert_eq!(mounted, &shown["Attachments"]["Attachment"]);
    assert_eq!(mounted[0]["InstanceId"], instance.as_str());
}
