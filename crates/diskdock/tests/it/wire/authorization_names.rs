//! One resource is the same for policies by whatever name, and in whatever region, a request names
//! it.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, REGION, Signer, TestServer};

const ELSEWHERE: &str = "cn-beijing";
const FORBIDDEN: (u16, &str) = (403, "Forbidden.RAM");
const NO_PERMISSION: (u16, &str) = (403, "NoPermission");
const TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"RAM":"acs:ram::1000000000000001:root"}}]}"#;
const READERS: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}"#;

fn allow(resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": "*", "Resource": resource })
}

fn deny(resource: &str) -> Value {
    json!({ "Effect": "Deny", "Action": "*", "Resource": resource })
}

/// A key that may do everything but with this.
async fn key_without(server: &TestServer, resource: &str) -> Signer {
    server.limited_key(json!([allow("*"), deny(resource)])).await
}

/// A key of a new user who may do everything with what this names.
async fn user_with(server: &TestServer, name: &str, statements: &Value) -> Signer {
    let document = json!({ "Version": "1", "Statement": statements }).to_string();
    server.ok("Ram.CreateUser", &[("UserName", name)]).await;
    let policy = format!("{name}-may");
    let ask = [("PolicyName", policy.as_str()), ("PolicyDocument", &document)];
    server.ok("Ram.CreatePolicy", &ask).await;
    let ask = [("PolicyName", policy.as_str()), ("PolicyType", "Custom"), ("UserName", name)];
    server.ok("Ram.AttachPolicyToUser", &ask).await;
    let reply = server.ok("Ram.CreateAccessKey", &[("UserName", name)]).await.json;
    let text = |name: &str| reply["AccessKey"][name].as_str().unwrap().to_owned();
    Signer::new(&text("AccessKeyId"), &text("AccessKeySecret"))
}

#[tokio::test]
async fn tags_count_for_resources_that_are_named_by_their_names() {
    let mut server = TestServer::new().await;
    let tag = [("Tag.1.Key", "env"), ("Tag.1.Value", "live")];
    let pair = [("RegionId", REGION), ("KeyPairName", "ops"), tag[0], tag[1]];
    let pair = server.ok("CreateKeyPair", &pair).await.text_at("KeyPairId");
    let role = [("RoleName", "operators"), ("AssumeRolePolicyDocument", TRUST)];
    server.ok("Ram.CreateRole", &role).await;
    let policy = [("PolicyName", "readers"), ("PolicyDocument", READERS)];
    server.ok("Ram.CreatePolicy", &policy).await;
    for (kind, names) in [("role", r#"["operators"]"#), ("policy", r#"["readers"]"#)] {
        let tag = ("Tag", r#"[{"Key":"env","Value":"live"}]"#);
        server
            .ok("Ram.TagResources", &[("ResourceType", kind), ("ResourceNames", names), tag])
            .await;
    }
    let is_live = json!({ "StringEquals": { "acs:ResourceTag/env": "live" } });
    let on_live =
        |effect| json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": is_live });
    let mut never_live = server.limited_key(json!([allow("*"), on_live("Deny")])).await;
    let mut live_only = server.limited_key(json!([on_live("Allow")])).await;
    let attach = [("RegionId", REGION), ("KeyPairName", "ops"), ("InstanceIds", "[]")];
    let tag_pair = [
        ("RegionId", REGION),
        ("ResourceType", "keypair"),
        ("ResourceId.1", &pair),
        tag[0],
        tag[1],
    ];
    let of_policy = [("PolicyType", "Custom"), ("PolicyName", "readers")];
    let asks: [(&str, &[(&str, &str)], _); 4] = [
        ("DetachKeyPair", &attach, FORBIDDEN),
        ("TagResources", &tag_pair, FORBIDDEN),
        ("Ram.GetRole", &[("RoleName", "operators")], NO_PERMISSION),
        ("Ram.GetPolicy", &of_policy, NO_PERMISSION),
    ];
    for (action, ask, refused) in asks {
        let answer = server.call_as(&mut never_live, action, ask).await;
        assert_eq!(answer.refusal(), refused, "{action}");
        let answer = server.call_as(&mut live_only, action, ask).await;
        assert_ne!(answer.status, 403, "{action}: {}", answer.text);
    }
    let system = [("PolicyType", "System"), ("PolicyName", "readers")];
    let answer = server.call_as(&mut live_only, "Ram.GetPolicy", &system).await;
    assert_eq!(answer.refusal(), NO_PERMISSION, "the service's own has no tags");
    let other = [("RegionId", ELSEWHERE), attach[1], attach[2]];
    let answer = server.call_as(&mut live_only, "DetachKeyPair", &other).await;
    assert_eq!(answer.refusal(), FORBIDDEN, "the key pair is in another region");
}

#[tokio::test]
async fn region_is_that_of_the_resources_unless_the_action_asks_for_one() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let mut here = server.limited_key(json!([allow(&format!("acs:ecs:{REGION}:*:*"))])).await;
    let mut elsewhere =
        server.limited_key(json!([allow(&format!("acs:ecs:{ELSEWHERE}:*:*"))])).await;
    let mut no_snapshots = key_without(&server, &format!("acs:ecs:{REGION}:*:snapshot/*")).await;
    let of_disk = ("DiskId", disk.as_str());
    for ask in [&[of_disk][..], &[of_disk, ("RegionId", ELSEWHERE)]] {
        let answer = server.call_as(&mut no_snapshots, "CreateSnapshot", ask).await;
        assert_eq!(answer.refusal(), FORBIDDEN, "{ask:?}");
        let answer = server.call_as(&mut elsewhere, "CreateSnapshot", ask).await;
        assert_eq!(answer.refusal(), FORBIDDEN, "{ask:?}");
    }
    let answer = server.call_as(&mut here, "CreateSnapshot", &[of_disk]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let unplaced = server.call_as(&mut no_snapshots, "DescribeSnapshots", &[]).await;
    assert_eq!(unplaced.refusal(), FORBIDDEN, "the list may be that of any region");
    let schedule =
        [("timePoints", r#"["1"]"#), ("repeatWeekdays", r#"["1"]"#), ("retentionDays", "1")];
    let mut ask = vec![("regionId", REGION), schedule[0], schedule[1], schedule[2]];
    let mut no_policies =
        key_without(&server, &format!("acs:ecs:{REGION}:*:snapshotpolicy/*")).await;
    let answer = server.call_as(&mut here, "CreateAutoSnapshotPolicy", &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = server.call_as(&mut no_policies, "CreateAutoSnapshotPolicy", &ask).await;
    assert_eq!(answer.refusal(), FORBIDDEN);
    ask.push(("RegionId", ELSEWHERE));
    let answer = server.call_as(&mut no_policies, "CreateAutoSnapshotPolicy", &ask).await;
    assert_eq!(answer.refusal(), FORBIDDEN, "regionId says where the policy is made");
}

#[tokio::test]
async fn key_is_the_same_by_its_id_and_by_its_arn() {
    let mut server = TestServer::new().await;
    let made =
        server.ok("Kms.CreateKey", &[("RegionId", REGION)]).await.json["KeyMetadata"].clone();
    let (id, arn) = (made["KeyId"].as_str().unwrap(), made["Arn"].as_str().unwrap());
    let mut denied = key_without(&server, &format!("acs:kms:*:*:key/{id}")).await;
    let only = json!([allow(&format!("acs:kms:{REGION}:*:key/{id}"))]);
    let mut allowed = server.limited_key(only).await;
    for name in [id, arn] {
        let answer = server.call_as(&mut denied, "Kms.DescribeKey", &[("KeyId", name)]).await;
        assert_eq!(answer.refusal(), (400, "Forbidden.NoPermission"), "{name}");
        let answer = server.call_as(&mut allowed, "Kms.DescribeKey", &[("KeyId", name)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let somewhere = format!("acs:kms:{REGION}:*:*");
    let mut denied = key_without(&server, &somewhere).await;
    let mut allowed = server.limited_key(json!([allow(&somewhere)])).await;
    let ask = [("RegionId", REGION)];
    let answer = server.call_as(&mut denied, "Kms.CreateKey", &ask).await;
    assert_eq!(answer.refusal(), (400, "Forbidden.NoPermission"));
    let answer = server.call_as(&mut allowed, "Kms.CreateKey", &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn image_of_a_family_is_the_image_that_the_family_leads_to() {
    let mut server = TestServer::new().await;
    let family = ("ImageFamily", "acs:centos_7_3_x64");
    let shown = server.ok("DescribeImages", &[("RegionId", REGION), family]).await.json;
    let image = shown["Images"]["Image"][0]["ImageId"].as_str().unwrap().to_owned();
    let mut denied = key_without(&server, &format!("acs:ecs:*:*:image/{image}")).await;
    let mut other = key_without(&server, "acs:ecs:*:*:image/m-other").await;
    let ask = [("RegionId", REGION), ("InstanceType", "ecs.g6.large"), family];
    let answer = server.call_as(&mut denied, "RunInstances", &ask).await;
    assert_eq!(answer.refusal(), FORBIDDEN);
    let answer = server.call_as(&mut other, "RunInstances", &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn requests_about_the_own_user_are_about_the_user_that_calls() {
    let mut server = TestServer::new().await;
    let own = format!("acs:ram:*:{ACCOUNT}:user/dan");
    let mut dan = user_with(&server, "dan", &json!([allow(&own)])).await;
    let answer = server.call_as(&mut dan, "Ram.ListAccessKeys", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = server.call_as(&mut dan, "Ram.ListAccessKeys", &[("UserName", "eve")]).await;
    assert_eq!(answer.refusal(), NO_PERMISSION);
    let but = json!([allow("*"), deny(&format!("acs:ram:*:{ACCOUNT}:user/eve"))]);
    let mut eve = user_with(&server, "eve", &but).await;
    for ask in [&[][..], &[("UserName", "eve")]] {
        let answer = server.call_as(&mut eve, "Ram.CreateAccessKey", ask).await;
        assert_eq!(answer.refusal(), NO_PERMISSION, "{ask:?}");
    }
}

#[tokio::test]
async fn parameters_that_an_action_does_not_read_name_nothing() {
    let mut server = TestServer::new().await;
    let (mine, other) = (server.available_disk().await, server.available_disk().await);
    let only = json!([allow(&format!("acs:ecs:*:*:disk/{mine}"))]);
    let mut limited = server.limited_key(only).await;
    let region = ("RegionId", REGION);
    let asks: [&[(&str, &str)]; 2] = [
        &[region, ("ResourceType", "disk"), ("ResourceId.1", &mine)],
        &[region, ("DiskIds.1", &mine)],
    ];
    for ask in asks {
        let answer = server.call_as(&mut limited, "DescribeDisks", ask).await;
        assert_eq!(answer.refusal(), FORBIDDEN, "{ask:?} would list {other}");
    }
    let named = format!("[\"{mine}\"]");
    let answer =
        server.call_as(&mut limited, "DescribeDisks", &[region, ("DiskIds", &named)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    server.ok("Ram.CreatePolicy", &[("PolicyName", "readers"), ("PolicyDocument", READERS)]).await;
    let mut limited = key_without(&server, "acs:ram:*:*:policy/readers").await;
    let ask = [("PolicyName", "readers"), ("PolicyType", "System")];
    let answer = server.call_as(&mut limited, "Ram.DeletePolicy", &ask).await;
    assert_eq!(answer.refusal(), NO_PERMISSION);
}
