//! Logins of instances: passwords, which nobody is told again, and key pairs.

use diskdock::catalog::Environment;
use serde_json::Value;

use crate::harness::{IMAGE, REGION, TestServer};

const FIRST: &str = "Example-1234";
const SECOND: &str = "Example-5678";
const PUBLIC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";
const IN_REGION: (&str, &str) = ("RegionId", REGION);
const NO_CLOUD_INIT: (u16, &str) = (400, "ImageNotSupportCloudInit");

/// The instance as the store has it.
fn stored(server: &TestServer, instance: &str) -> Value {
    let export: Value = serde_json::from_str(&server.export_json()).unwrap();
    let all = export["instances"].as_array().unwrap();
    all.iter().find(|one| one["id"] == instance).unwrap().clone()
}

fn hash(server: &TestServer, instance: &str) -> String {
    stored(server, instance)["password_hash"].as_str().unwrap_or_default().to_owned()
}

/// Neither passwords nor hashes are in a reply, and no password is in the store.
async fn check_secrecy(server: &TestServer, instance: &str) {
    let export = server.export_json();
    assert!(!export.contains(FIRST) && !export.contains(SECOND));
    let shown = server.show(instance).await.to_string();
    let attributes = server.ok("DescribeInstanceAttribute", &[("InstanceId", instance)]).await;
    let calls = server.control("GET", "/calls", "").await.to_string();
    for text in [&shown, &attributes.text, &calls] {
        assert!(!text.contains("Example-") && !text.contains("$6$"), "{text}");
    }
}

#[tokio::test]
async fn password_of_an_instance_is_kept_as_a_hash_and_told_to_nobody() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[("Password", Some(FIRST))]).await;
    let launched = hash(&server, &instance);
    assert!(launched.starts_with("$6$"), "{launched}");
    let of = ("InstanceId", instance.as_str());
    server.ok("ModifyInstanceAttribute", &[of, ("InstanceName", "web")]).await;
    assert_eq!(hash(&server, &instance), launched);
    server.ok("ModifyInstanceAttribute", &[of, ("Password", SECOND)]).await;
    let changed = hash(&server, &instance);
    assert!(changed.starts_with("$6$") && changed != launched, "{changed}");
    server.ok("ModifyInstanceAttribute", &[of, ("Password", SECOND)]).await;
    assert_ne!(hash(&server, &instance), changed, "each has a salt of its own");
    check_secrecy(&server, &instance).await;
    let without = server.run_one(&[]).await;
    assert_eq!(hash(&server, &without), "");
}

#[tokio::test]
async fn new_system_comes_with_password_and_key_pair() {
    let server = TestServer::new().await;
    let pair = [IN_REGION, ("KeyPairName", "ops"), ("PublicKeyBody", PUBLIC)];
    server.ok("ImportKeyPair", &pair).await;
    let instance = server.stopped_instance().await;
    let system = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let replace = [("InstanceId", instance.as_str()), ("ImageId", IMAGE)];
    let login = [("Password", FIRST), pair[1], ("AutoStartInstance", "true")];
    server.ok("ReInitDisk", &[&[("DiskId", system.as_str())], &login[..]].concat()).await;
    assert_eq!(hash(&server, &instance), "", "not before the disk has its content");
    let under_way = server.export_json();
    server.finish_all().await;
    let first = hash(&server, &instance);
    assert!(first.starts_with("$6$"), "{first}");
    assert_eq!(stored(&server, &instance)["public_key"], PUBLIC);
    // The machine that was to start has it, too.
    assert_eq!(under_way.matches(&first).count(), 2, "{under_way}");
    server.ok("StopInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;

    server.ok("ReplaceSystemDisk", &replace).await;
    server.finish_all().await;
    assert_eq!(hash(&server, &instance), first, "as before");
    server.ok("ReplaceSystemDisk", &[&replace[..], &[("Password", SECOND)]].concat()).await;
    server.finish_all().await;
    let second = hash(&server, &instance);
    assert!(second.starts_with("$6$") && second != first, "{second}");
    check_secrecy(&server, &instance).await;
    let inherited = [&replace[..], &[("PasswordInherit", "true")]].concat();
    server.ok("ReplaceSystemDisk", &inherited).await;
    server.finish_all().await;
    assert_eq!(hash(&server, &instance), "");
}

#[tokio::test]
async fn system_disk_that_returns_comes_with_password_and_key_pair() {
    let server = TestServer::new().await;
    let pair = [IN_REGION, ("KeyPairName", "ops"), ("PublicKeyBody", PUBLIC)];
    server.ok("ImportKeyPair", &pair).await;
    let instance = server.stopped_instance().await;
    let system = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let both = [("InstanceId", instance.as_str()), ("DiskId", system.as_str())];
    server.ok("DetachDisk", &both).await;
    server.finish_all().await;
    let login = [("Bootable", "true"), ("Password", FIRST), pair[1]];
    server.ok("AttachDisk", &[&both[..], &login].concat()).await;
    server.finish_all().await;
    assert!(hash(&server, &instance).starts_with("$6$"));
    assert_eq!(stored(&server, &instance)["public_key"], PUBLIC);
    assert_eq!(server.show(&instance).await["KeyPairName"], "ops");
    let data = server.available_disk().await;
    let ask = [both[0], ("DiskId", data.as_str()), ("Password", SECOND)];
    let before = hash(&server, &instance);
    server.ok("AttachDisk", &ask).await;
    assert_eq!(hash(&server, &instance), before, "a data disk has no login");
}

/// The old system is what it was, and so is its login.
#[tokio::test]
async fn request_that_fails_changes_no_login() {
    let server = TestServer::new().await;
    server.key_pair("ops").await;
    let instance = server.stopped_instance().await;
    let system = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    let of_instance = ("InstanceId", instance.as_str());
    server.ok("ModifyInstanceAttribute", &[of_instance, ("Password", FIRST)]).await;
    let before = stored(&server, &instance);
    let login = [("Password", SECOND), ("KeyPairName", "ops")];
    let inherits = ("PasswordInherit", "true");
    let disk = ("DiskId", system.as_str());
    let image = ("ImageId", IMAGE);
    for (transition, action, ask) in [
        ("reinit", "ReInitDisk", vec![disk, login[0], login[1]]),
        ("replace", "ReplaceSystemDisk", vec![of_instance, image, login[0], login[1]]),
        ("replace", "ReplaceSystemDisk", vec![of_instance, image, inherits]),
    ] {
        server.rule(&format!(
            r#"{{"transition":"{transition}","times":1,"behaviour":{{"do":"refuse"}}}}"#
        ));
        server.ok(action, &ask).await;
        server.finish_all().await;
        for field in ["password_hash", "key_pair", "public_key"] {
            assert_eq!(stored(&server, &instance)[field], before[field], "{action}: {field}");
        }
    }
    server.ok("DetachDisk", &[of_instance, disk]).await;
    server.finish_all().await;
    server.rule(r#"{"transition":"attach","times":1,"behaviour":{"do":"refuse"}}"#);
    let ask = [of_instance, disk, ("Bootable", "true"), login[0], login[1]];
    server.ok("AttachDisk", &ask).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&system).await, "Available");
    assert_eq!(stored(&server, &instance)["password_hash"], before["password_hash"]);
    assert_eq!(stored(&server, &instance)["key_pair"], before["key_pair"]);
}

/// With virtual machines, no password is set inside a guest that nothing would tell of it.
#[tokio::test]
async fn password_for_a_virtual_machine_needs_an_image_with_cloud_init() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[]).await;
    let data = server.disk_on(&instance).await;
    let snapshot = server.snapshot_of(&data).await;
    let ask = [
        IN_REGION,
        ("DiskDeviceMapping.1.SnapshotId", &snapshot),
        ("DiskDeviceMapping.1.DiskType", "system"),
        ("Platform", "Others Linux"),
        ("Architecture", "x86_64"),
    ];
    let image = server.ok("CreateImage", &ask).await.text_at("ImageId");
    server.finish_all().await;
    let bare = server.run_one(&[("ImageId", Some(&image)), ("Password", Some(FIRST))]).await;
    let environments = &server.assembly.gateway.services.environment;
    let current = Environment::clone(&environments.current());
    environments.replace(Environment { is_simulated: false, ..current });

    let password = ("Password", SECOND);
    for (id, expected) in [(&bare, Some(NO_CLOUD_INIT)), (&instance, None)] {
        let answer = server.call("ModifyInstanceAttribute", &[("InstanceId", id), password]).await;
        assert_eq!((answer.status != 200).then(|| answer.refusal()), expected);
    }
    for (action, image, expected) in [
        ("RunInstances", image.as_str(), Some(NO_CLOUD_INIT)),
        ("CreateInstance", &image, Some(NO_CLOUD_INIT)),
        ("RunInstances", IMAGE, None),
    ] {
        let ask = crate::harness::launch(&[("ImageId", Some(image)), ("Password", Some(SECOND))]);
        let answer = server.call(action, &ask).await;
        assert_eq!((answer.status != 200).then(|| answer.refusal()), expected, "{action} {image}");
    }
}
