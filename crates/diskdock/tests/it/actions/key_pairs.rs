//! Key pairs: made, imported, given to instances, and deleted.

use serde_json::{Value, json};

use crate::harness::{REGION, TestServer};

const PUBLIC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";

fn region_and<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("RegionId", REGION)], more].concat()
}

async fn import(server: &TestServer, name: &str) {
    let ask = region_and(&[("KeyPairName", name), ("PublicKeyBody", PUBLIC)]);
    server.ok("ImportKeyPair", &ask).await;
}

async fn pairs(server: &TestServer, more: &[(&str, &str)]) -> Vec<Value> {
    let reply = server.ok("DescribeKeyPairs", &region_and(more)).await.json;
    reply["KeyPairs"]["KeyPair"].as_array().unwrap().clone()
}

#[tokio::test]
async fn key_pairs_are_made_imported_and_listed() {
    let server = TestServer::new().await;
    let tag = [("Tag.1.Key", "team"), ("Tag.1.Value", "storage")];
    let made = region_and(&[("KeyPairName", "made"), tag[0], tag[1]]);
    let made = server.ok("CreateKeyPair", &made).await.json;
    assert!(made["KeyPairId"].as_str().unwrap().starts_with("ssh-"));
    assert!(made["PrivateKeyBody"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    server.pass(1_000).await;
    let with_comment = format!("{PUBLIC} alice@example.com");
    let ask = region_and(&[("KeyPairName", "imported"), ("PublicKeyBody", &with_comment)]);
    let imported = server.ok("ImportKeyPair", &ask).await.json;
    let all = pairs(&server, &[]).await;
    let names: Vec<_> = all.iter().map(|pair| pair["KeyPairName"].as_str().unwrap()).collect();
    assert_eq!(names, ["imported", "made"]);
    assert!(all[0].get("PublicKey").is_none(), "only if it is asked for");
    let shown = pairs(&server, &[("KeyPairName", "imp*"), ("IncludePublicKey", "true")]).await;
    assert_eq!(shown[0]["PublicKey"], PUBLIC);
    assert_eq!(shown[0]["KeyPairFingerPrint"], imported["KeyPairFingerPrint"]);
    let print = made["KeyPairFingerPrint"].as_str().unwrap();
    assert_eq!(pairs(&server, &[("KeyPairFingerPrint", print)]).await, [all[1].clone()]);
    assert_eq!(pairs(&server, &tag).await, [all[1].clone()]);
    let server = server.restart().await;
    assert_eq!(pairs(&server, &[]).await, all);
}

#[tokio::test]
async fn create_and_import_key_pair_refuse_names_keys_and_tags() {
    let server = TestServer::new().await;
    import(&server, "taken").await;
    let key = ("PublicKeyBody", PUBLIC);
    for action in ["CreateKeyPair", "ImportKeyPair"] {
        for (more, refusal) in [
            (vec![("KeyPairName", "taken"), key], (400, "KeyPair.AlreadyExist")),
            (vec![("KeyPairName", "1st"), key], (400, "InvalidKeyPairName.Malformed")),
            (vec![("KeyPairName", "new"), key, ("Tag.1.Value", "v")], (400, "InvalidTag.Mismatch")),
            (
                vec![("KeyPairName", "new"), key, ("Tag.1.Key", "k"), ("Tag.2.Key", "k")],
                (400, "Duplicate.TagKey"),
            ),
        ] {
            let answer = server.call(action, &region_and(&more)).await;
            assert_eq!(answer.refusal(), refusal, "{action} {more:?}: {}", answer.text);
        }
        let keys: Vec<String> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
        let mut many = region_and(&[("KeyPairName", "new"), key]);
        many.extend(keys.iter().map(|key| (key.as_str(), key.as_str())));
        assert_eq!(server.call(action, &many).await.code(), "InvalidTagCount", "{action}");
        let elsewhere = [("RegionId", "no-such"), ("KeyPairName", "new"), key];
        let answer = server.call(action, &elsewhere).await;
        assert_eq!(answer.refusal(), (404, "InvalidRegionId.NotFound"), "{action}");
    }
    for body in ["ssh-rsa AAAA", "ssh-ed25519 AAAA", "-----BEGIN PUBLIC KEY-----"] {
        let ask = region_and(&[("KeyPairName", "new"), ("PublicKeyBody", body)]);
        let answer = server.call("ImportKeyPair", &ask).await;
        assert_eq!(answer.refusal(), (400, "InvalidPublicKeyBody.Malformed"), "{body}");
    }
    for number in 1..500 {
        import(&server, &format!("pair-{number}")).await;
    }
    for action in ["CreateKeyPair", "ImportKeyPair"] {
        let ask = region_and(&[("KeyPairName", "more"), key]);
        let answer = server.call(action, &ask).await;
        assert_eq!(answer.refusal(), (403, "QuotaExceed.KeyPair"), "{action}");
    }
}

#[tokio::test]
async fn instances_are_given_a_key_pair_and_lose_it() {
    let server = TestServer::new().await;
    import(&server, "ops").await;
    import(&server, "web").await;
    let launched = server.run_one(&[("KeyPairName", Some("ops"))]).await;
    let other = server.running_instance().await;
    let id = launched.as_str().into();
    let store = &server.assembly.gateway.services.store;
    let kept = store.read(move |tx| tx.instance(&id)).await.unwrap().unwrap();
    assert_eq!(kept.public_key, PUBLIC);
    let both = json!([launched, other]).to_string();
    let ask = region_and(&[("KeyPairName", "web"), ("InstanceIds", &both)]);
    let reply = server.ok("AttachKeyPair", &ask).await.json;
    assert_eq!((&reply["TotalCount"], &reply["FailCount"]), (&json!("2"), &json!("0")));
    assert_eq!(reply["Results"]["Result"][0]["Success"], "true");
    for id in [&launched, &other] {
        assert_eq!(server.show(id).await["KeyPairName"], "web");
    }
    let names = region_and(&[("KeyPairNames", r#"["ops","web"]"#)]);
    let refusal = (400, "InvalidParameter.KeypairAlreadyAttachedInstance");
    assert_eq!(server.call("DeleteKeyPairs", &names).await.refusal(), refusal);
    let one = json!([launched]).to_string();
    server.ok("DetachKeyPair", &region_and(&[("KeyPairName", "web"), ("InstanceIds", &one)])).await;
    let reply = server.ok("DetachKeyPair", &ask).await.json;
    assert_eq!(reply["FailCount"], "1", "one of them does not have it any more");
    let results = reply["Results"]["Result"].as_array().unwrap();
    let of = |id: &str| results.iter().find(|one| one["InstanceId"] == id).unwrap().clone();
    assert_eq!(
        (&of(&launched)["Success"], &of(&other)["Success"]),
        (&json!("false"), &json!("true"))
    );
    assert_eq!(server.show(&other).await["KeyPairName"], "");
    server.ok("DeleteKeyPairs", &names).await;
    server.ok("DeleteKeyPairs", &names).await;
    assert_eq!(pairs(&server, &[]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn attach_and_detach_key_pair_refuse_what_is_not_there() {
    let mut server = TestServer::new().await;
    import(&server, "ops").await;
    let instance = server.running_instance().await;
    let ids = json!([instance]).to_string();
    let asked = region_and(&[("OSType", "windows")]);
    let images = server.ok("DescribeImages", &asked).await.json;
    let windows = images["Images"]["Image"][0]["ImageId"].as_str().unwrap().to_owned();
    for action in ["AttachKeyPair", "DetachKeyPair"] {
        let none = r#"["i-none"]"#;
        for (name, ids, refusal) in [
            ("none", ids.as_str(), (400, "InvalidKeyPairName.NotFound")),
            ("ops", none, (400, "InvalidInstanceIds.ValueNotSupported")),
        ] {
            let ask = region_and(&[("KeyPairName", name), ("InstanceIds", ids)]);
            assert_eq!(server.call(action, &ask).await.refusal(), refusal, "{action}");
        }
        let image = windows.clone();
        server.change_instance(&instance, move |instance| instance.image.clone_from(&image)).await;
        let ask = region_and(&[("KeyPairName", "ops"), ("InstanceIds", &ids)]);
        let answer = server.call(action, &ask).await;
        assert_eq!(answer.refusal(), (403, "DependencyViolation.WindowsInstance"), "{action}");
        let elsewhere = [("RegionId", "no-such"), ("KeyPairName", "ops"), ("InstanceIds", &ids)];
        assert_eq!(server.call(action, &elsewhere).await.code(), "InvalidRegionId.NotFound");
    }
    let elsewhere = [("RegionId", "no-such"), ("KeyPairNames", "[\"ops\"]")];
    assert_eq!(server.call("DeleteKeyPairs", &elsewhere).await.code(), "InvalidRegionId.NotFound");
    assert_eq!(
        server.call("DescribeKeyPairs", &elsewhere).await.code(),
        "InvalidRegionId.NotFound"
    );
    let tags = region_and(&[("Tag.1.Value", "v")]);
    assert_eq!(server.call("DescribeKeyPairs", &tags).await.code(), "InvalidTag.Mismatch");
    let keys: Vec<String> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let many: Vec<_> = keys.iter().map(|key| (key.as_str(), key.as_str())).collect();
    let answer = server.call("DescribeKeyPairs", &region_and(&many)).await;
    assert_eq!(answer.code(), "InvalidTagCount");
    let other = server.become_another_account().await;
    let ask = region_and(&[("KeyPairName", "ops"), ("InstanceIds", &ids)]);
    let answer = server.call("AttachKeyPair", &ask).await;
    assert_eq!(answer.code(), "InvalidKeyPairName.NotFound", "another account's");
    server.signer = other;
}
