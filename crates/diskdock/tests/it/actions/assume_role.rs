//! Temporary keys of roles.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Answer, REGION, Signer, Style, TestServer};

const ARN: &str = "acs:ram::1000000000000001:role/operators";
const OF_ALICE: [(&str, &str); 2] = [("RoleArn", ARN), ("RoleSessionName", "alice@work")];
/// The session as refusals name it.
const SESSION: &str = "operators:alice@work";
const MISMATCH: (u16, &str) = (400, "InvalidSecurityToken.MismatchWithAccessKey");

/// A document that names these, on a condition.
fn trust(principals: &Value, condition: Option<Value>) -> String {
    let mut statement = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "RAM": principals } });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    json!({ "Version": "1", "Statement": [statement] }).to_string()
}

/// A role of a name that may do what a service's own policy allows.
async fn make_role(server: &TestServer, name: &str, document: &str, policy: &str) {
    let ask = [("RoleName", name), ("AssumeRolePolicyDocument", document)];
    server.ok("Ram.CreateRole", &ask).await;
    let ask = [("RoleName", name), ("PolicyType", "System"), ("PolicyName", policy)];
    server.ok("Ram.AttachPolicyToRole", &ask).await;
}

/// A key of a new user who may assume roles.
async fn make_user(server: &TestServer, name: &str) -> Signer {
    server.ok("Ram.CreateUser", &[("UserName", name)]).await;
    let policy = ("PolicyName", "AliyunSTSAssumeRoleAccess");
    let ask = [("UserName", name), ("PolicyType", "System"), policy];
    server.ok("Ram.AttachPolicyToUser", &ask).await;
    let reply = server.ok("Ram.CreateAccessKey", &[("UserName", name)]).await.json;
    let text = |name: &str| reply["AccessKey"][name].as_str().unwrap().to_owned();
    Signer::new(&text("AccessKeyId"), &text("AccessKeySecret"))
}

/// A server with a role for ECS, and a user who may assume it.
async fn server_with_role() -> (TestServer, Signer) {
    let server = TestServer::new().await;
    let account = json!([format!("acs:ram::{ACCOUNT}:root")]);
    make_role(&server, "operators", &trust(&account, None), "AliyunECSFullAccess").await;
    let alice = make_user(&server, "alice").await;
    (server, alice)
}

/// The signer of a temporary key.
fn signer_of(assumed: &Answer) -> Signer {
    assert_eq!(assumed.status, 200, "{}", assumed.text);
    let text = |name: &str| assumed.json["Credentials"][name].as_str().unwrap().to_owned();
    let signer = Signer::new(&text("AccessKeyId"), &text("AccessKeySecret"));
    signer.with_token(Some(text("SecurityToken")))
}

#[tokio::test]
async fn temporary_key_may_do_what_the_role_may_until_it_ends() {
    let (mut server, mut alice) = server_with_role().await;
    let region = [("RegionId", REGION)];
    let refused = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(refused.refusal(), (403, "Forbidden.RAM"), "alice herself may not");
    let mut ask = OF_ALICE.to_vec();
    ask.extend([("DurationSeconds", "900"), ("SourceIdentity", "alice")]);
    let assumed = server.call_as(&mut alice, "Sts.AssumeRole", &ask).await;
    let session = &assumed.json["AssumedRoleUser"];
    assert_eq!(session["Arn"], format!("{ARN}/alice@work"));
    let role = server.ok("Ram.GetRole", &[("RoleName", "operators")]).await.json["Role"].clone();
    let role = role["RoleId"].as_str().unwrap();
    assert_eq!(session["AssumedRoleId"], format!("{role}:alice@work"));
    assert_eq!(assumed.json["SourceIdentity"], "alice");
    assert_eq!(assumed.json["Credentials"]["Expiration"], "2026-01-02T03:19:05Z");
    let mut operator = signer_of(&assumed);
    assert!(operator.id.starts_with("STS."));
    let mut server = server.restart().await;
    std::mem::swap(&mut server.signer, &mut operator);
    for style in Style::ALL {
        let answer = server.call_in(*style, "DescribeDisks", &region).await;
        assert_eq!(answer.status, 200, "{style:?}: {}", answer.text);
    }
    let caller = server.ok("Sts.GetCallerIdentity", &[]).await.json;
    assert_eq!(caller["IdentityType"], "AssumedRoleUser");
    assert_eq!(caller["AccountId"], ACCOUNT);
    assert_eq!(caller["Arn"], format!("acs:ram::{ACCOUNT}:assumed-role/operators/alice@work"));
    assert_eq!(caller["PrincipalId"], format!("{role}:alice@work"));
    assert_eq!((&caller["RoleId"], caller.get("UserId")), (&json!(role), None));
    let denied = server.call("Vpc.CreateVpc", &region).await;
    let detail = &denied.json["AccessDeniedDetail"];
    assert_eq!(denied.refusal(), (403, "Forbidden.RAM"));
    assert_eq!(
        (&detail["AuthPrincipalType"], &detail["AuthPrincipalDisplayName"]),
        (&json!("AssumedRoleUser"), &json!(SESSION))
    );
    assert_eq!(detail["PolicyType"], "AccountLevelIdentityBasedPolicy");
    server.pass(900_000).await;
    for style in Style::ALL {
        let answer = server.call_in(*style, "DescribeDisks", &region).await;
        assert_eq!(answer.refusal(), (400, "InvalidSecurityToken.Expired"), "{style:?}");
    }
}

#[tokio::test]
async fn temporary_key_is_refused_without_its_token_or_with_another() {
    let (mut server, mut alice) = server_with_role().await;
    let assumed = server.call_as(&mut alice, "Sts.AssumeRole", &OF_ALICE).await;
    let other = server.call_as(&mut alice, "Sts.AssumeRole", &OF_ALICE).await;
    let (operator, mut other) = (signer_of(&assumed), signer_of(&other));
    for (token, refusal) in [
        (None, (400, "MissingSecurityToken")),
        (other.token.clone(), MISMATCH),
        (Some("short".to_owned()), MISMATCH),
    ] {
        let mut spoilt = Signer::new(&operator.id, &operator.secret).with_token(token);
        std::mem::swap(&mut server.signer, &mut spoilt);
        for style in Style::ALL {
            let answer = server.call_in(*style, "DescribeRegions", &[]).await;
            assert_eq!(answer.refusal(), refusal, "{style:?}: {}", answer.text);
        }
        std::mem::swap(&mut server.signer, &mut spoilt);
    }
    let mut lasting = Signer::new(&alice.id, &alice.secret).with_token(other.token.clone());
    let answer = server.call_as(&mut lasting, "DescribeRegions", &[]).await;
    assert_eq!(answer.refusal(), MISMATCH);
    let listed = server.ok("Ram.ListAccessKeys", &[]).await.json;
    assert_eq!(listed["AccessKeys"]["AccessKey"], json!([]), "it is no key of the account");
    let keys = server.control("GET", "/keys", "").await;
    let shown = keys["keys"].as_array().unwrap();
    let shown = shown.iter().find(|key| key["id"] == other.id.as_str()).unwrap();
    assert_eq!(shown["role"], "operators");
    assert_eq!(shown["expires_at"], "2026-01-02T04:04:05Z");
    server.control("POST", &format!("/keys/{}/disable", other.id), "").await;
    let answer = server.call_as(&mut other, "DescribeRegions", &[]).await;
    assert_eq!(answer.code(), "InvalidAccessKeyId.Inactive");
    let made = server.call_as(&mut signer_of(&assumed), "Ram.CreateAccessKey", &[]).await;
    assert_eq!(made.status, 403, "{}", made.text);
}

#[tokio::test]
async fn assume_role_asks_the_policies_of_the_caller_and_the_document_of_the_role() {
    let (mut server, mut alice) = server_with_role().await;
    let root = server.call("Sts.AssumeRole", &OF_ALICE).await;
    assert_eq!(root.refusal(), (403, "NoPermission"));
    assert_eq!(root.message(), "Roles may not be assumed by root accounts.");
    server.ok("Ram.CreateUser", &[("UserName", "bob")]).await;
    let reply = server.ok("Ram.CreateAccessKey", &[("UserName", "bob")]).await.json;
    let text = |name: &str| reply["AccessKey"][name].as_str().unwrap().to_owned();
    let mut bob = Signer::new(&text("AccessKeyId"), &text("AccessKeySecret"));
    let denied = server.call_as(&mut bob, "Sts.AssumeRole", &OF_ALICE).await;
    assert_eq!(denied.refusal(), (403, "NoPermission"));
    assert_eq!(denied.json["AccessDeniedDetail"]["PolicyType"], "AccountLevelIdentityBasedPolicy");
    let narrow = json!({ "Version": "1", "Statement": [{ "Effect": "Allow",
        "Action": "sts:AssumeRole", "Resource": "acs:ram:*:1000000000000001:role/oper*" }] });
    let policy = [("PolicyName", "oper"), ("PolicyDocument", &narrow.to_string())];
    server.ok("Ram.CreatePolicy", &policy).await;
    let ask = [("UserName", "bob"), ("PolicyType", "Custom"), ("PolicyName", "oper")];
    server.ok("Ram.AttachPolicyToUser", &ask).await;
    server.call_as(&mut bob, "Sts.AssumeRole", &OF_ALICE).await.json["Credentials"]
        .as_object()
        .expect("a policy about the ARN of the role");
    let bobs = trust(&json!(format!("acs:ram::{ACCOUNT}:user/bob")), None);
    let change = [("RoleName", "operators"), ("NewAssumeRolePolicyDocument", bobs.as_str())];
    server.ok("Ram.UpdateRole", &change).await;
    let denied = server.call_as(&mut alice, "Sts.AssumeRole", &OF_ALICE).await;
    assert_eq!(denied.refusal(), (403, "NoPermission"));
    assert_eq!(denied.json["AccessDeniedDetail"]["PolicyType"], "AssumeRolePolicy");
    let answer = server.call_as(&mut bob, "Sts.AssumeRole", &OF_ALICE).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let external = json!({ "StringEquals": { "sts:ExternalId": "abcd1234" } });
    let on_id = trust(&json!([format!("acs:ram::{ACCOUNT}:root")]), Some(external));
    let change = [("RoleName", "operators"), ("NewAssumeRolePolicyDocument", on_id.as_str())];
    server.ok("Ram.UpdateRole", &change).await;
    for (id, status) in [(None, 403), (Some("other"), 403), (Some("abcd1234"), 200)] {
        let ask: Vec<_> = OF_ALICE.into_iter().chain(id.map(|id| ("ExternalId", id))).collect();
        let answer = server.call_as(&mut alice, "Sts.AssumeRole", &ask).await;
        assert_eq!(answer.status, status, "{id:?} {}", answer.text);
    }
}

#[tokio::test]
async fn policy_of_a_session_narrows_the_role_and_does_not_widen_it() {
    let (mut server, mut alice) = server_with_role().await;
    let policy = json!({ "Version": "1", "Statement": [{ "Effect": "Allow",
        "Action": ["ecs:DescribeDisks", "vpc:*"], "Resource": "*" }] });
    let mut ask = OF_ALICE.to_vec();
    let policy = policy.to_string();
    ask.push(("Policy", &policy));
    let assumed = server.call_as(&mut alice, "Sts.AssumeRole", &ask).await;
    let mut reader = signer_of(&assumed);
    let region = [("RegionId", REGION)];
    let answer = server.call_as(&mut reader, "DescribeDisks", &region).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for (action, kind) in [
        ("DescribeInstances", "SessionPolicy"),
        ("Vpc.CreateVpc", "AccountLevelIdentityBasedPolicy"),
    ] {
        let answer = server.call_as(&mut reader, action, &region).await;
        assert_eq!(answer.refusal(), (403, "Forbidden.RAM"));
        assert_eq!(answer.json["AccessDeniedDetail"]["PolicyType"], kind, "{action}");
    }
    let explain = json!({ "key": reader.id, "action": "DescribeDisks", "parameters": {} });
    let reply = server.control("POST", "/explain", &explain.to_string()).await;
    assert_eq!(
        (&reply["allowed"], &reply["resources"][0]["verdict"]),
        (&json!(true), &json!("Allow"))
    );
    let ask = [
        ("RoleName", "operators"),
        ("PolicyType", "System"),
        ("PolicyName", "AliyunECSFullAccess"),
    ];
    server.ok("Ram.DetachPolicyFromRole", &ask).await;
    let answer = server.call_as(&mut reader, "DescribeDisks", &region).await;
    assert_eq!(answer.refusal(), (403, "Forbidden.RAM"), "policies of the role count at once");
    server.ok("Ram.DeleteRole", &[("RoleName", "operators")]).await;
    let answer = server.call_as(&mut reader, "DescribeDisks", &region).await;
    assert_eq!(answer.refusal(), (403, "Forbidden.RAM"), "a role that is gone may do nothing");
}

#[tokio::test]
async fn role_of_another_account_gives_access_to_that_account() {
    let (mut server, mut alice) = server_with_role().await;
    let disk = server.available_disk().await;
    let other = "2000000000000002";
    server.become_another_account().await;
    let theirs = server.available_disk().await;
    let named = trust(&json!([format!("acs:ram::{ACCOUNT}:user/alice")]), None);
    make_role(&server, "guests", &named, "AliyunECSReadOnlyAccess").await;
    let closed = trust(&json!([format!("acs:ram::{other}:root")]), None);
    make_role(&server, "closed", &closed, "AliyunECSReadOnlyAccess").await;
    let arn = format!("acs:ram::{other}:role/guests");
    let ask = [("RoleArn", arn.as_str()), OF_ALICE[1]];
    let assumed = server.call_as(&mut alice, "Sts.AssumeRole", &ask).await;
    let mut guest = signer_of(&assumed);
    let listed = server.call_as(&mut guest, "DescribeDisks", &[("RegionId", REGION)]).await;
    assert!(listed.text.contains(theirs.as_str()) && !listed.text.contains(disk.as_str()));
    let arn = format!("acs:ram::{other}:role/closed");
    let ask = [("RoleArn", arn.as_str()), OF_ALICE[1]];
    let denied = server.call_as(&mut alice, "Sts.AssumeRole", &ask).await;
    assert_eq!(denied.refusal(), (403, "NoPermission"));
    // From role to role.
    let chained = trust(&json!([format!("acs:ram::{other}:role/guests")]), None);
    make_role(&server, "next", &chained, "ReadOnlyAccess").await;
    let arn = format!("acs:ram::{other}:role/next");
    let ask = [("RoleArn", arn.as_str()), OF_ALICE[1]];
    let denied = server.call_as(&mut guest, "Sts.AssumeRole", &ask).await;
    assert_eq!(denied.refusal(), (403, "NoPermission"), "the role has no sts:AssumeRole");
    let policy = ("PolicyName", "AliyunSTSAssumeRoleAccess");
    let more = [("RoleName", "guests"), ("PolicyType", "System"), policy];
    server.ok("Ram.AttachPolicyToRole", &more).await;
    let assumed = server.call_as(&mut guest, "Sts.AssumeRole", &ask).await;
    assert!(signer_of(&assumed).id.starts_with("STS."));
}

#[tokio::test]
async fn assume_role_refuses_what_is_malformed() {
    let (mut server, mut alice) = server_with_role().await;
    let long = "x".repeat(2_049);
    for (parameter, refusal) in [
        (("RoleArn", "operators"), (400, "InvalidParameter.RoleArn")),
        (("RoleArn", "acs:ram::1:user/operators"), (400, "InvalidParameter.RoleArn")),
        (("RoleArn", "acs:ram::1:role/a b"), (400, "InvalidParameter.RoleArn")),
        (("RoleArn", "acs:ram::1000000000000001:role/none"), (404, "EntityNotExist.Role")),
        (("RoleSessionName", "a"), (400, "InvalidParameter.RoleSessionName")),
        (("RoleSessionName", "a b"), (400, "InvalidParameter.RoleSessionName")),
        (("DurationSeconds", "899"), (400, "InvalidParameter.DurationSeconds")),
        (("DurationSeconds", "43201"), (400, "InvalidParameter.DurationSeconds")),
        (("DurationSeconds", "3601"), (400, "InvalidParameter.DurationSeconds")),
        (("ExternalId", "a"), (400, "InvalidParameter.ExternalId")),
        (("Policy", &long), (400, "InvalidParameter.PolicySize")),
        (("Policy", "{}"), (400, "InvalidParameter.PolicyGrammar")),
    ] {
        let kept = OF_ALICE.into_iter().filter(|(name, _)| *name != parameter.0);
        let ask: Vec<_> = kept.chain([parameter]).collect();
        let answer = server.call_as(&mut alice, "Sts.AssumeRole", &ask).await;
        assert_eq!(answer.refusal(), refusal, "{parameter:?}");
    }
}

#[tokio::test]
async fn temporary_keys_are_bounded_and_removed_when_they_have_ended() {
    let (mut server, mut alice) = server_with_role().await;
    let assumed = server.call_as(&mut alice, "Sts.AssumeRole", &OF_ALICE).await;
    let mut operator = signer_of(&assumed);
    let store = std::sync::Arc::clone(&server.assembly.gateway.services.store);
    let plant = store.write(|tx| {
        let keys = tx.access_keys()?;
        let made = keys.into_iter().find(|key| key.session.is_some()).unwrap();
        (1..1_000).try_for_each(|number| {
            let id = format!("STS.{number}");
            tx.save_access_key(&diskdock::store::AccessKey { id, ..made.clone() })
        })
    });
    plant.await.unwrap();
    let full = server.call_as(&mut alice, "Sts.AssumeRole", &OF_ALICE).await;
    assert_eq!(full.refusal(), (400, "Throttling.User"));
    server.pass(3_600_000).await;
    let again = server.call_as(&mut alice, "Sts.AssumeRole", &OF_ALICE).await;
    assert_eq!(again.status, 200, "{}", again.text);
    server.assembly.life.run_maintenance().await;
    let keys = store.read(|tx| tx.access_keys()).await.unwrap();
    assert_eq!(keys.iter().filter(|key| key.session.is_some()).count(), 1);
    let answer = server.call_as(&mut operator, "DescribeRegions", &[]).await;
    assert_eq!(answer.refusal(), (400, "InvalidSecurityToken.Expired"));
}

#[tokio::test]
async fn explain_asks_the_document_of_the_role_too() {
    let (server, alice) = server_with_role().await;
    let nobody = json!([format!("acs:ram::{ACCOUNT}:user/bob")]);
    make_role(&server, "closed", &trust(&nobody, None), "AliyunECSFullAccess").await;
    let explain = async |key: &str, role: &str| {
        let parameters = json!({ "RoleArn": format!("acs:ram::{ACCOUNT}:role/{role}") });
        let body = json!({ "key": key, "action": "Sts.AssumeRole", "parameters": parameters });
        server.control("POST", "/explain", &body.to_string()).await
    };
    let reply = explain(&alice.id, "operators").await;
    assert_eq!((&reply["allowed"], &reply["why"]), (&json!(true), &json!("")));
    let reply = explain(&alice.id, "closed").await;
    assert_eq!(reply["allowed"], false);
    assert_eq!(reply["resources"][0]["verdict"], "Allow", "her policies allow it");
    let why = reply["why"].as_str().unwrap();
    assert!(why.ends_with("(AssumeRolePolicy: ImplicitDeny)"), "{why}");
    let reply = explain(&server.signer.id, "operators").await;
    assert_eq!(reply["allowed"], false, "a key of the account assumes no role");
    assert_eq!(reply["why"], "Roles may not be assumed by root accounts.");
}
