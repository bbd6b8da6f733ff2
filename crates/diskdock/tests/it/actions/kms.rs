//! Keys of the key management service.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, REGION, TestServer};

const IN_REGION: (&str, &str) = ("RegionId", REGION);
const DAY_MS: i64 = 24 * 3_600_000;

async fn make_key(server: &TestServer, ask: &[(&str, &str)]) -> Value {
    server.ok("Kms.CreateKey", ask).await.json["KeyMetadata"].clone()
}

fn id(key: &Value) -> &str {
    key["KeyId"].as_str().unwrap()
}

/// The ids that ListKeys tells, newest first.
async fn listed(server: &TestServer, ask: &[(&str, &str)]) -> Vec<String> {
    server.list("Kms.ListKeys", ask, ("Keys", "Key", "KeyId")).await
}

#[tokio::test]
async fn key_is_made_shown_and_deleted_in_its_time() {
    let server = TestServer::new().await;
    let tags = ("Tags", r#"[{"TagKey":"team","TagValue":"storage"}]"#);
    let made = make_key(&server, &[IN_REGION, ("Description", "of disks"), tags]).await;
    let key = id(&made);
    assert!(key.starts_with("key-"));
    assert_eq!(made["Arn"], format!("acs:kms:{REGION}:{ACCOUNT}:key/{key}"));
    for (name, value) in [
        ("KeyState", "Enabled"),
        ("KeySpec", "Aliyun_AES_256"),
        ("KeyUsage", "ENCRYPT/DECRYPT"),
        ("ProtectionLevel", "SOFTWARE"),
        ("Origin", "Aliyun_KMS"),
        ("Creator", ACCOUNT),
        ("AutomaticRotation", "Disabled"),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let server = server.restart().await;
    let by_arn = made["Arn"].as_str().unwrap();
    for name in [key, by_arn] {
        let shown = server.ok("Kms.DescribeKey", &[("KeyId", name)]).await.json;
        for (field, value) in made.as_object().unwrap() {
            assert_eq!(shown["KeyMetadata"][field], *value, "{field}");
        }
        assert_eq!(shown["KeyMetadata"]["DeletionProtection"], "Disabled");
    }
    let of_key = [IN_REGION, ("ResourceType", "key"), ("ResourceId.1", key)];
    let listed_tags = server.ok("Kms.ListTagResources", &of_key).await.json;
    let expected = json!([{ "ResourceId": key, "ResourceType": "key", "TagKey": "team",
        "TagValue": "storage" }]);
    assert_eq!(listed_tags["TagResources"]["TagResource"], expected);
    let delete = [("KeyId", key), ("PendingWindowInDays", "7")];
    server.ok("Kms.ScheduleKeyDeletion", &delete).await;
    let shown = server.ok("Kms.DescribeKey", &[("KeyId", key)]).await.json;
    assert_eq!(shown["KeyMetadata"]["KeyState"], "PendingDeletion");
    assert_eq!(shown["KeyMetadata"]["DeleteDate"], "2026-01-09T03:04:05Z");
    let again = server.call("Kms.ScheduleKeyDeletion", &delete).await;
    assert_eq!(again.refusal(), (400, "UnsupportedOperation"));
    server.pass(7 * DAY_MS).await;
    let gone = server.call("Kms.DescribeKey", &[("KeyId", key)]).await;
    assert_eq!(gone.refusal(), (404, "Forbidden.KeyNotFound"));
    assert!(listed(&server, &[IN_REGION]).await.is_empty());
    server.assembly.life.run_maintenance().await;
    assert!(!server.export_json().contains(key));
}

#[tokio::test]
async fn keys_are_of_the_kind_and_purpose_that_a_request_names() {
    let server = TestServer::new().await;
    for (ask, spec, usage) in [
        (&[("KeySpec", "RSA_2048")][..], "RSA_2048", "ENCRYPT/DECRYPT"),
        (&[("KeySpec", "RSA_2048"), ("KeyUsage", "SIGN/VERIFY")], "RSA_2048", "SIGN/VERIFY"),
        (&[("KeySpec", "EC_P256")], "EC_P256", "SIGN/VERIFY"),
        (
            &[("ProtectionLevel", "HSM"), ("Origin", "Aliyun_KMS")],
            "Aliyun_AES_256",
            "ENCRYPT/DECRYPT",
        ),
    ] {
        let made = make_key(&server, ask).await;
        assert_eq!((&made["KeySpec"], &made["KeyUsage"]), (&json!(spec), &json!(usage)));
    }
    let rotates = [("EnableAutomaticRotation", "true"), ("RotationInterval", "365d")];
    let made = make_key(&server, &rotates).await;
    assert_eq!(made["AutomaticRotation"], "Enabled");
    assert_eq!(made["RotationInterval"], "31536000s");
    assert_eq!(made["NextRotationDate"], "2027-01-02T03:04:05Z");
}

#[tokio::test]
async fn keys_of_a_region_are_listed_by_their_properties() {
    let mut server = TestServer::new().await;
    let first = make_key(&server, &[IN_REGION]).await;
    server.pass(1_000).await;
    let second = make_key(&server, &[IN_REGION, ("KeySpec", "EC_P256")]).await;
    let elsewhere = make_key(&server, &[("RegionId", "cn-beijing")]).await;
    assert!(elsewhere["Arn"].as_str().unwrap().starts_with("acs:kms:cn-beijing:"));
    assert_eq!(listed(&server, &[IN_REGION]).await, [id(&second), id(&first)]);
    assert_eq!(listed(&server, &[("RegionId", "cn-beijing")]).await, [id(&elsewhere)]);
    let page = [IN_REGION, ("PageNumber", "2"), ("PageSize", "1")];
    assert_eq!(listed(&server, &page).await, [id(&first)]);
    for (filter, expected) in [
        (r#"[{"Key":"KeySpec","Values":["EC_P256"]}]"#, vec![id(&second)]),
        (r#"[{"Key":"KeyUsage","Values":["ENCRYPT/DECRYPT"]}]"#, vec![id(&first)]),
        (r#"[{"Key":"KeyState","Values":["PendingDeletion"]}]"#, vec![]),
        (
            r#"[{"Key":"ProtectionLevel","Values":["SOFTWARE","HSM"]}]"#,
            vec![id(&second), id(&first)],
        ),
        (r#"[{"Key":"CreatorType","Values":["User"]}]"#, vec![id(&second), id(&first)]),
        (r#"[{"Key":"DKMSInstanceId","Values":["kst-1"]}]"#, vec![]),
    ] {
        assert_eq!(listed(&server, &[IN_REGION, ("Filters", filter)]).await, expected, "{filter}");
    }
    server.become_another_account().await;
    assert!(listed(&server, &[IN_REGION]).await.is_empty());
    let foreign = server.call("Kms.DescribeKey", &[("KeyId", id(&first))]).await;
    assert_eq!(foreign.refusal(), (404, "Forbidden.KeyNotFound"));
}

#[tokio::test]
async fn keys_that_cannot_be_are_refused() {
    let server = TestServer::new().await;
    let invalid = (400, "InvalidParameter");
    let long = "x".repeat(8_193);
    for (ask, refusal) in [
        (&[("KeySpec", "DES")][..], invalid),
        (&[("KeySpec", "EC_P256"), ("KeyUsage", "ENCRYPT/DECRYPT")], invalid),
        (&[("EnableAutomaticRotation", "true")], invalid),
        (&[("EnableAutomaticRotation", "true"), ("RotationInterval", "6d")], invalid),
        (&[("RotationInterval", "1y")], invalid),
        (&[("Description", &long)], invalid),
        (&[("Tags", "[{}]")], invalid),
        (&[("Tags", r#"[{"TagKey":"a"},{"TagKey":"a"}]"#)], invalid),
        (&[("Origin", "EXTERNAL")], (400, "UnsupportedOperation")),
        (&[("DKMSInstanceId", "kst-1")], (403, "Forbidden.DKMSInstanceNotFound")),
    ] {
        server.expect_code("Kms.CreateKey", ask, refusal).await;
    }
    server.expect_code("Kms.ListKeys", &[("Filters", "[{}]")], invalid).await;
    server.expect_code("Kms.ListKeys", &[("PageSize", "101")], invalid).await;
    let days = ("PendingWindowInDays", "7");
    for action in ["Kms.DescribeKey", "Kms.ScheduleKeyDeletion"] {
        for (name, code) in [
            ("key-none", "Forbidden.KeyNotFound"),
            ("acs:kms:cn-hangzhou:1:none", "Forbidden.KeyNotFound"),
            ("alias/acs/ecs", "Forbidden.AliasNotFound"),
        ] {
            server.expect_code(action, &[("KeyId", name), days], (404, code)).await;
        }
    }
    let made = make_key(&server, &[IN_REGION]).await;
    let key = ("KeyId", id(&made));
    let ask = [key, ("PendingWindowInDays", "6")];
    server.expect_code("Kms.ScheduleKeyDeletion", &ask, invalid).await;
    let kind = [IN_REGION, ("ResourceType", "key")];
    let none = [kind[0], kind[1], ("ResourceId.1", "key-none")];
    server.expect_code("Kms.ListTagResources", &none, (404, "InvalidResourceId.NotFound")).await;
    let region = [("RegionId", "mars"), kind[1]];
    let answer = server.call("Kms.ListTagResources", &region).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    let without_key = [kind[0], kind[1], ("Tag.1.Value", "x")];
    let answer = server.call("Kms.ListTagResources", &without_key).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let names: Vec<String> = (1..22).map(|number| format!("Tag.{number}.Key")).collect();
    let many = names.iter().map(|name| (name.as_str(), "x"));
    let answer = server
        .call("Kms.ListTagResources", &kind.into_iter().chain(many).collect::<Vec<_>>())
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let secrets = server.ok("Kms.ListTagResources", &[IN_REGION, ("ResourceType", "secret")]).await;
    assert_eq!(secrets.json["TagResources"]["TagResource"], json!([]));
}

#[tokio::test]
async fn account_has_a_thousand_keys_in_a_region_at_most() {
    use diskdock::store::EntityWrites;
    use domain::kms::KmsKey;

    let server = TestServer::new().await;
    let made = make_key(&server, &[IN_REGION]).await;
    let id = domain::kms::KmsKeyId::from(id(&made).to_owned());
    let store = &server.assembly.gateway.services.store;
    let plant = store.write(move |tx| {
        use diskdock::store::EntityReads;
        let first: KmsKey = tx.get(&id)?.unwrap();
        (1..1_000).try_for_each(|number| {
            tx.save(&KmsKey { id: format!("key-{number}").into(), ..first.clone() })
        })
    });
    plant.await.unwrap();
    let refused = (400, "Rejected.LimitExceeded");
    server.expect_code("Kms.CreateKey", &[IN_REGION], refused).await;
    make_key(&server, &[("RegionId", "cn-beijing")]).await;
}
