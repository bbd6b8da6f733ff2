//! AttachDisk: the guest gets the device, and only then is the disk In_use.

mod refusals;

use crate::harness::TestServer;

/// The two parameters that every request has.
fn named<'a>(instance: &'a str, disk: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("DiskId", disk)]
}

#[tokio::test]
async fn attach_disk_goes_from_available_through_attaching_to_in_use() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.available_disk().await;
    let before = world.describe(&disk).await;
    assert_eq!(before["Status"], "Available");

    let answer = world.ok("AttachDisk", &named(&instance, &disk)).await;
    assert_eq!(answer.json.as_object().unwrap().len(), 1, "only a RequestId: {}", answer.text);
    let mut expected = before.clone();
    expected["Status"] = "Attaching".into();
    expected["AttachedTime"] = "2026-01-02T03:04:05Z".into();
    assert_eq!(world.describe(&disk).await, expected, "where it goes does not show yet");

    world.pass(1_000).await;
    let after = world.describe(&disk).await;
    assert_eq!(after["Status"], "In_use");
    assert_eq!(after["InstanceId"], instance.as_str());
    assert_eq!(after["Attachments"]["Attachment"].as_array().unwrap().len(), 1);
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn attach_disk_gives_device_names_in_order_and_reuses_them() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let mut disks = Vec::new();
    for letter in ["b", "c", "d"] {
        let disk = world.disk_on(&instance).await;
        assert_eq!(world.describe(&disk).await["Device"], format!("/dev/xvd{letter}"));
        disks.push(disk);
    }
    world.ok("DetachDisk", &named(&instance, &disks[1])).await;
    let next = world.available_disk().await;
    world.ok("AttachDisk", &named(&instance, &next)).await;
    world.finish_all().await;
    assert_eq!(world.describe(&next).await["Device"], "/dev/xvde", "c is not free yet");
    let again = world.disk_on(&instance).await;
    assert_eq!(world.describe(&again).await["Device"], "/dev/xvdc");
    assert_eq!(world.describe(&disks[2]).await["Device"], "/dev/xvdd");
}

#[tokio::test]
async fn attach_disk_gives_the_requested_device_name() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    for device in ["/dev/xvdz", "/dev/xvdaa", "/dev/xvdc"] {
        let disk = world.available_disk().await;
        let [first, second] = named(&instance, &disk);
        world.ok("AttachDisk", &[first, second, ("Device", device)]).await;
        world.finish_all().await;
        assert_eq!(world.describe(&disk).await["Device"], device);
    }
}

#[tokio::test]
async fn attach_disk_refused_by_the_guest_leaves_the_disk_available() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    for (behaviour, after_ms) in [("refuse", 0), ("never", 300_000)] {
        let disk = world.available_disk().await;
        let rule = r#"{"transition":"attach","times":1,"behaviour":{"do":"BEHAVIOUR"}}"#;
        world.rule(&rule.replace("BEHAVIOUR", behaviour));
        world.ok("AttachDisk", &named(&instance, &disk)).await;
        world.pass(after_ms).await;
        let after = world.describe(&disk).await;
        assert_eq!(after["Status"], "Available", "{behaviour}");
        assert_eq!(after["InstanceId"], "");
        world.ok("AttachDisk", &named(&instance, &disk)).await;
        world.finish_all().await;
        assert_eq!(world.status_of(&disk).await, "In_use", "{behaviour}");
    }
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn attach_disk_sets_delete_with_instance_as_requested() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    for (asked, expected) in [(None, false), (Some("True"), true), (Some("false"), false)] {
        let disk = world.available_disk().await;
        let mut ask = named(&instance, &disk).to_vec();
        ask.extend(asked.map(|text| ("DeleteWithInstance", text)));
        world.ok("AttachDisk", &ask).await;
        world.finish_all().await;
        assert_eq!(world.describe(&disk).await["DeleteWithInstance"], expected, "{asked:?}");
    }
}

#[tokio::test]
async fn attach_disk_of_two_disks_at_the_same_time_succeeds() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let (one, other) = (world.available_disk().await, world.available_disk().await);
    let (to_one, to_other) = (named(&instance, &one), named(&instance, &other));
    tokio::join!(world.ok("AttachDisk", &to_one), world.ok("AttachDisk", &to_other));
    world.finish_all().await;
    let (first, second) = (world.describe(&one).await, world.describe(&other).await);
    assert_ne!(first["Device"], second["Device"]);
    assert_eq!(world.differences().await, []);
}

#[tokio::test]
async fn attach_disk_takes_a_former_system_disk_as_xvda_with_a_credential() {
    let login = ("Password", "Example-1234");
    let pair = ("KeyPairName", "mine");
    let boot = ("Bootable", "true");
    let system = ("Device", "/dev/xvda");
    for more in [&[system, boot, login][..], &[system, boot, pair], &[system, login], &[boot, pair]]
    {
        let world = TestServer::new().await;
        let (instance, disk) = world.stopped_with_system_disk().await;
        world.ok("DetachDisk", &named(&instance, &disk)).await;
        world.finish_all().await;
        assert_eq!(world.describe(&disk).await["Type"], "data");
        let ask = [&named(&instance, &disk)[..], more].concat();
        world.ok("AttachDisk", &ask).await;
        world.finish_all().await;
        let shown = world.describe(&disk).await;
        assert_eq!(shown["Status"], "In_use", "{more:?}");
        assert_eq!((&shown["Type"], &shown["Device"]), (&"system".into(), &"/dev/xvda".into()));
    }
}

#[tokio::test]
async fn attach_disk_of_a_multi_attach_disk_accepts_delete_with_instance_false() {
    let world = TestServer::new().await;
    let instance = world.plant_instance(|i| i.instance_type = "ecs.g8i.large".to_owned()).await;
    let disk = world.disk_with(|disk| disk.multi_attach = true).await;
    let [first, second] = named(&instance, &disk);
    world.ok("AttachDisk", &[first, second, ("DeleteWithInstance", "false")]).await;
    world.finish_all().await;
    let shown = world.describe(&disk).await;
    assert_eq!((&shown["Status"], &shown["MultiAttach"]), (&"In_use".into(), &"Enabled".into()));
}

#[tokio::test]
async fn describe_disks_shows_an_attachment_in_mount_instances_as_well() {
    let world = TestServer::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;
    let shown = world.describe(&disk).await;
    assert_eq!(shown["MountInstanceNum"], 1);
    let mounted = &shown["MountInstances"]["MountInstance"];
    assert_eq!(mounted, &shown["Attachments"]["Attachment"]);
    assert_eq!(mounted[0]["InstanceId"], instance.as_str());
}
