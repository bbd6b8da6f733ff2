//! ReplaceSystemDisk: a Stopped instance gets another system disk.

use domain::{Activity, InstanceStatus, LockReason};
use serde_json::json;

use crate::harness::{BEGINNING, IMAGE, Refused, TestServer};

const OTHER_IMAGE: &str = "debian_12_11_x64_20G_alibase_20241201.vhd";

/// A Stopped instance and the id of its system disk.
async fn stopped(server: &TestServer) -> (String, String) {
    let instance = server.stopped_instance().await;
    let disk = server.disks_of(&instance).await[0]["DiskId"].as_str().unwrap().to_owned();
    (instance, disk)
}

fn with<'a>(instance: &'a str, image: &'a str) -> [(&'a str, &'a str); 2] {
    [("InstanceId", instance), ("ImageId", image)]
}

#[tokio::test]
async fn replace_system_disk_gives_the_instance_another_disk() {
    let server = TestServer::new().await;
    let (instance, old) = stopped(&server).await;
    let ask = [
        &with(&instance, OTHER_IMAGE)[..],
        &[("SystemDisk.Size", "60"), ("KeyPairName", "key-1"), ("ClientToken", "token-1")],
    ]
    .concat();
    let unknown = (400, "InvalidKeyPairName.NotFound");
    server.expect_code("ReplaceSystemDisk", &ask, unknown).await;
    server.key_pair("key-1").await;
    let new = server.ok("ReplaceSystemDisk", &ask).await.text_at("DiskId");
    assert_ne!(new, old);
    assert_eq!(server.status_of(&new).await, "Creating");
    assert_eq!(server.status_of(&old).await, "Detaching");
    let start = [("InstanceId", instance.as_str())];
    server.expect_code("StartInstance", &start, (403, "DiskError")).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&old).await, "gone");
    let shown = server.describe(&new).await;
    for (name, expected) in [
        ("Status", json!("In_use")),
        ("Type", json!("system")),
        ("Device", json!("/dev/xvda")),
        ("InstanceId", json!(instance)),
        ("ImageId", json!(OTHER_IMAGE)),
        ("Size", json!(60)),
        ("DeleteWithInstance", json!(true)),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    let shown = server.show(&instance).await;
    assert_eq!((&shown["ImageId"], &shown["KeyPairName"]), (&OTHER_IMAGE.into(), &"key-1".into()));
    assert_eq!(server.ok("ReplaceSystemDisk", &ask).await.text_at("DiskId"), new, "once");
    let other = [&with(&instance, OTHER_IMAGE)[..], &[("ClientToken", "token-1")]].concat();
    let mismatch = (400, "IdempotentParameterMismatch");
    server.expect_code("ReplaceSystemDisk", &other, mismatch).await;
    server.ok("StartInstance", &start).await;
    server.finish_all().await;
    let seen = server.observe(&instance).await.unwrap();
    assert_eq!(seen.disks.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>(), [new]);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn replace_system_disk_that_fails_leaves_the_old_disk() {
    let server = TestServer::new().await;
    let (instance, old) = stopped(&server).await;
    for behaviour in ["refuse", "never"] {
        let rule =
            format!(r#"{{"transition":"replace","times":1,"behaviour":{{"do":"{behaviour}"}}}}"#);
        server.rule(&rule);
        let ask = with(&instance, IMAGE);
        let new = server.ok("ReplaceSystemDisk", &ask).await.text_at("DiskId");
        server.pass(400_000).await;
        assert_eq!(server.status_of(&new).await, "gone", "{behaviour}");
        assert_eq!(server.status_of(&old).await, "In_use", "{behaviour}");
    }
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn replace_system_disk_completes_after_a_restart() {
    let server = TestServer::new().await;
    let (instance, old) = stopped(&server).await;
    server.rule(r#"{"transition":"replace","behaviour":{"do":"hold"}}"#);
    let ask = with(&instance, IMAGE);
    let new = server.ok("ReplaceSystemDisk", &ask).await.text_at("DiskId");
    server.drain().await;
    let delete = [("InstanceId", instance.as_str())];
    server.expect_code("DeleteInstance", &delete, (403, "IncorrectInstanceStatus")).await;
    let server = server.restart().await;
    server.finish_all().await;
    assert_eq!(server.status_of(&new).await, "In_use");
    assert_eq!(server.status_of(&old).await, "gone");
    assert_eq!(server.differences().await, []);
    server.ok("DeleteInstance", &delete).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&new).await, "gone");
}

#[tokio::test]
async fn replace_system_disk_shows_encryption_and_a_default_size() {
    let server = TestServer::new().await;
    let (instance, _) = stopped(&server).await;
    let key = [("Encrypted", "true"), ("KMSKeyId", "key-of-mine")];
    let ask = [&with(&instance, IMAGE)[..], &key].concat();
    let new = server.ok("ReplaceSystemDisk", &ask).await.text_at("DiskId");
    server.finish_all().await;
    let shown = server.describe(&new).await;
    assert_eq!((&shown["Encrypted"], &shown["Size"]), (&true.into(), &40.into()));
    assert_eq!(shown["KMSKeyId"], "key-of-mine");
}

#[tokio::test]
async fn replace_system_disk_refuses_malformed_parameters() {
    let server = TestServer::new().await;
    let (instance, _) = stopped(&server).await;
    let (id, image) = (("InstanceId", instance.as_str()), ("ImageId", IMAGE));
    let both = ("Password", "Example-1234");
    let rows: [Refused<'_>; 12] = [
        (&[], 400, "MissingParameter"),
        (&[id], 400, "MissingParameter"),
        (&[id, ("ImageId", "none")], 404, "InvalidImageId.NotFound"),
        (&[("InstanceId", "i-none"), image], 404, "InvalidInstanceId.NotFound"),
        (&[id, image, ("DiskId", "d-1")], 400, "InvalidDatadisk.DiskCategoryViolation"),
        (&[id, image, ("Password", "short")], 400, "InvalidPassword.Malformed"),
        (&[id, image, both, ("PasswordInherit", "true")], 400, "InvalidPasswordParam.Mismatch"),
        (&[id, image, ("SystemDisk.Size", "x")], 400, "InvalidSystemDiskSize"),
        (&[id, image, ("KMSKeyId", "key")], 403, "InvalidEncrypted.NotMatchKmsKeyId"),
        (&[id, image, ("SystemDisk.Size", "20")], 404, "InvalidSystemDiskSize.LessThanMinSize"),
        (&[id, image, ("SystemDisk.Size", "19")], 404, "InvalidSystemDiskSize.LessThanImageSize"),
        (&[id, image, ("SystemDisk.Size", "3000")], 404, "InvalidSystemDiskSize.MoreThanMaxSize"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("ReplaceSystemDisk", ask, (status, code)).await;
    }
}

/// Everything that can be wrong is made wrong one after the other, the last check first: each time
/// the newest wrong is the answer.
#[tokio::test]
async fn replace_system_disk_answers_the_first_failed_precondition() {
    let server = TestServer::new().await;
    let (instance, disk) = stopped(&server).await;
    server.key_pair("key-1").await;
    let windows = "win2025_24H2_x64_dtc_zh-cn_40G_alibase_20260211.vhd";
    let expect_refusal = async |status: u16, code: &str| {
        let pair = ("KeyPairName", "key-1");
        let ask = [("InstanceId", instance.as_str()), ("ImageId", windows), pair];
        server.expect_code("ReplaceSystemDisk", &ask, (status, code)).await;
    };
    expect_refusal(403, "DependencyViolation.WindowsInstance").await;
    server.change_instance(&instance, |i| i.instance_type = "ecs.g8y.large".to_owned()).await;
    expect_refusal(400, "InvalidInstanceType.NotSupported").await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Modifying)).await;
    expect_refusal(403, "IncorrectDiskStatus").await;
    server.change_disk(&disk, |d| d.activity = None).await;
    server.rule(r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#);
    server.ok("CreateSnapshot", &[("DiskId", &disk)]).await;
    expect_refusal(403, "DiskCreatingSnapshot").await;
    server.change_instance(&instance, |i| i.system_disk = None).await;
    expect_refusal(400, "InvalidInstance.NotFoundSystemDisk").await;
    server.put_in(&instance, InstanceStatus::Running).await;
    expect_refusal(403, "IncorrectInstanceStatus").await;
    server.put_in(&instance, InstanceStatus::Pending).await;
    expect_refusal(403, "OperationDenied.InstanceCreating").await;
    server.change_instance(&instance, |i| i.expires_at = Some(BEGINNING)).await;
    expect_refusal(403, "InstanceExpiredOrInArrears").await;
    server.change_instance(&instance, |i| i.locks = vec![LockReason::Security]).await;
    expect_refusal(403, "InstanceLockedForSecurity").await;
}
