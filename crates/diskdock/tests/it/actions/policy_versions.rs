//! Versions of policies of RAM, and who has a policy.

use serde_json::{Value, json};

use crate::harness::{Refused, Signer, TestServer};

const NAME: (&str, &str) = ("PolicyName", "readers");
const OWN: (&str, &str) = ("PolicyType", "Custom");

fn document(action: &str) -> String {
    format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
    )
}

/// A server with a policy that allows DescribeDisks.
async fn with_policy() -> TestServer {
    let server = TestServer::new().await;
    let ask = [NAME, ("PolicyDocument", &document("ecs:DescribeDisks"))];
    server.ok("Ram.CreatePolicy", &ask).await;
    server
}

/// Another version, for this action; gives its id.
async fn add(server: &TestServer, action: &str, more: &[(&str, &str)]) -> String {
    let document = document(action);
    let ask = [&[NAME, ("PolicyDocument", &document)], more].concat();
    let reply = server.ok("Ram.CreatePolicyVersion", &ask).await.json;
    reply["PolicyVersion"]["VersionId"].as_str().unwrap().to_owned()
}

/// The ids of all versions with a mark on the one that counts.
async fn versions(server: &TestServer) -> Vec<String> {
    let reply = server.ok("Ram.ListPolicyVersions", &[OWN, NAME]).await.json;
    let all = reply["PolicyVersions"]["PolicyVersion"].as_array().unwrap().clone();
    let mark = |one: &Value| if one["IsDefaultVersion"] == true { "*" } else { "" };
    all.iter().map(|one| format!("{}{}", one["VersionId"].as_str().unwrap(), mark(one))).collect()
}

/// As Terraform changes a policy: a version that counts, with room made for it.
#[tokio::test]
async fn create_policy_version_counts_if_asked_and_makes_room() {
    let server = with_policy().await;
    assert_eq!(add(&server, "ecs:DescribeRegions", &[]).await, "v2");
    assert_eq!(versions(&server).await, ["v2", "v1*"]);
    let counts = [
        ("SetAsDefault", "true"),
        ("RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded"),
    ];
    assert_eq!(add(&server, "ecs:*", &counts).await, "v3");
    let reply = server.ok("Ram.GetPolicy", &[OWN, NAME]).await.json;
    assert_eq!(reply["Policy"]["DefaultVersion"], "v3");
    assert_eq!(reply["DefaultPolicyVersion"]["PolicyDocument"], document("ecs:*"));
    for number in ["v4", "v5"] {
        assert_eq!(add(&server, "ecs:*", &[]).await, number);
    }
    let ask = [NAME, ("PolicyDocument", &document("ecs:*"))];
    let full = (409, "LimitExceeded.Policy.Version");
    server.expect_code("Ram.CreatePolicyVersion", &ask, full).await;
    assert_eq!(add(&server, "ecs:*", &counts).await, "v6");
    assert_eq!(versions(&server).await, ["v6*", "v5", "v4", "v3", "v2"]);
    let server = server.restart().await;
    assert_eq!(versions(&server).await, ["v6*", "v5", "v4", "v3", "v2"]);
}

/// Whether the owner of a key may call an action.
async fn may(server: &mut TestServer, signer: &mut Signer, action: &str) -> bool {
    server.call_as(signer, action, &[("RegionId", "cn-hangzhou")]).await.status == 200
}

#[tokio::test]
async fn set_default_policy_version_decides_what_users_may() {
    let mut server = with_policy().await;
    server.ok("Ram.CreateUser", &[("UserName", "alice")]).await;
    let attach = [OWN, NAME, ("UserName", "alice")];
    server.ok("Ram.AttachPolicyToUser", &attach).await;
    let key = server.ok("Ram.CreateAccessKey", &[("UserName", "alice")]).await.json;
    let text = |name: &str| key["AccessKey"][name].as_str().unwrap();
    let mut alice = Signer::new(text("AccessKeyId"), text("AccessKeySecret"));
    add(&server, "ecs:DescribeSnapshots", &[]).await;
    assert!(may(&mut server, &mut alice, "DescribeDisks").await);
    assert!(!may(&mut server, &mut alice, "DescribeSnapshots").await);
    server.ok("Ram.SetDefaultPolicyVersion", &[NAME, ("VersionId", "v2")]).await;
    assert!(!may(&mut server, &mut alice, "DescribeDisks").await);
    assert!(may(&mut server, &mut alice, "DescribeSnapshots").await);
    server.ok("Ram.DeletePolicyVersion", &[NAME, ("VersionId", "v1")]).await;
    assert_eq!(versions(&server).await, ["v2*"]);
    assert!(may(&mut server, &mut alice, "DescribeSnapshots").await);
}

#[tokio::test]
async fn get_policy_version_shows_a_version_that_does_not_count() {
    let server = with_policy().await;
    add(&server, "ecs:*", &[]).await;
    let ask = [OWN, NAME, ("VersionId", "v2")];
    let reply = server.ok("Ram.GetPolicyVersion", &ask).await.json["PolicyVersion"].clone();
    assert_eq!((&reply["VersionId"], &reply["IsDefaultVersion"]), (&"v2".into(), &false.into()));
    assert_eq!(reply["PolicyDocument"], document("ecs:*"));
    let system = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess")];
    let first = [&system[..], &[("VersionId", "v1")]].concat();
    let reply = server.ok("Ram.GetPolicyVersion", &first).await.json["PolicyVersion"].clone();
    assert_eq!(reply["IsDefaultVersion"], true);
    let reply = server.ok("Ram.ListPolicyVersions", &system).await.json;
    assert_eq!(reply["PolicyVersions"]["PolicyVersion"].as_array().unwrap().len(), 1);
    let second = [&system[..], &[("VersionId", "v2")]].concat();
    let missing = (404, "EntityNotExist.Policy.Version");
    server.expect_code("Ram.GetPolicyVersion", &second, missing).await;
}

/// As Terraform deletes a policy by force: whoever has it, then the versions, then the policy.
#[tokio::test]
async fn list_entities_for_policy_names_all_that_have_it() {
    let server = with_policy().await;
    let trust = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"RAM":["acs:ram::1000000000000001:root"]}}]}"#;
    let role = [("RoleName", "operators"), ("AssumeRolePolicyDocument", trust)];
    server.ok("Ram.CreateRole", &role).await;
    server.ok("Ram.CreateUser", &[("UserName", "alice")]).await;
    server.ok("Ram.CreateUser", &[("UserName", "bob")]).await;
    server.ok("Ram.CreateGroup", &[("GroupName", "admins")]).await;
    for (action, who) in [
        ("Ram.AttachPolicyToUser", ("UserName", "alice")),
        ("Ram.AttachPolicyToRole", ("RoleName", "operators")),
        ("Ram.AttachPolicyToGroup", ("GroupName", "admins")),
    ] {
        server.ok(action, &[OWN, NAME, who]).await;
    }
    let reply = server.ok("Ram.ListEntitiesForPolicy", &[OWN, NAME]).await.json;
    let names = |list: &str, entry: &str, name: &str| -> Vec<Value> {
        reply[list][entry].as_array().unwrap().iter().map(|one| one[name].clone()).collect()
    };
    assert_eq!(names("Users", "User", "UserName"), [json!("alice")]);
    assert_eq!(names("Groups", "Group", "GroupName"), [json!("admins")]);
    let arn = json!("acs:ram::1000000000000001:role/operators");
    assert_eq!(names("Roles", "Role", "Arn"), [arn]);
    let system = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess")];
    let reply = server.ok("Ram.ListEntitiesForPolicy", &system).await.json;
    assert_eq!(reply["Users"]["User"], json!([]));
}

#[tokio::test]
async fn delete_policy_takes_its_versions_along_if_asked() {
    let server = with_policy().await;
    add(&server, "ecs:*", &[]).await;
    let several = (409, "DeleteConflict.Policy.Version");
    server.expect_code("Ram.DeletePolicy", &[NAME], several).await;
    server.ok("Ram.DeletePolicy", &[NAME, ("CascadingDelete", "true")]).await;
    server.expect_code("Ram.GetPolicy", &[OWN, NAME], (404, "EntityNotExist.Policy")).await;
}

#[tokio::test]
async fn update_policy_description_changes_it_alone() {
    let server = with_policy().await;
    let ask = [NAME, ("NewDescription", "for auditors")];
    let reply = server.ok("Ram.UpdatePolicyDescription", &ask).await.json["Policy"].clone();
    assert_eq!(
        (&reply["Description"], &reply["DefaultVersion"]),
        (&"for auditors".into(), &"v1".into())
    );
    let reply = server.ok("Ram.GetPolicy", &[OWN, NAME]).await.json;
    assert_eq!(reply["Policy"]["Description"], "for auditors");
    assert_eq!(reply["DefaultPolicyVersion"]["PolicyDocument"], document("ecs:DescribeDisks"));
}

#[tokio::test]
async fn actions_on_versions_answer_the_first_error() {
    let server = with_policy().await;
    let long = ("PolicyName", "x".repeat(129));
    let long = (long.0, long.1.as_str());
    let (odd, none) = (("PolicyName", "a b"), ("PolicyName", "none"));
    let version = |id: &'static str| ("VersionId", id);
    let good = document("ecs:*");
    let good = ("PolicyDocument", good.as_str());
    let (chars, missing) = ("InvalidParameter.PolicyName.InvalidChars", "EntityNotExist.Policy");
    let (length, text) = ("InvalidParameter.PolicyName.Length", "x".repeat(1025));
    let no_version = "EntityNotExist.Policy.Version";
    let (format, kind) = ("InvalidParameter.VersionId.Format", ("PolicyType", "Other"));
    let counts = "DeleteConflict.Policy.Version.Default";
    let document = "InvalidParameter.PolicyDocument.Length";
    let cases: &[(&str, &[Refused<'_>])] = &[
        (
            "Ram.CreatePolicyVersion",
            &[
                (&[odd, good], 400, chars),
                (&[none, good], 404, missing),
                (&[NAME, ("PolicyDocument", "{}")], 400, "MalformedPolicyDocument"),
                (&[NAME, ("PolicyDocument", &"x".repeat(6145))], 400, document),
            ],
        ),
        (
            "Ram.DeletePolicyVersion",
            &[
                (&[long, version("v1")], 400, length),
                (&[odd, version("v1")], 400, chars),
                (&[none, version("v1")], 404, missing),
                (&[NAME, version("1")], 400, format),
                (&[NAME, version("v2")], 404, no_version),
                (&[NAME, version("v1")], 409, counts),
            ],
        ),
        (
            "Ram.SetDefaultPolicyVersion",
            &[
                (&[odd, version("v1")], 400, chars),
                (&[none, version("v1")], 404, missing),
                (&[long, version("v1")], 400, length),
                (&[NAME, version("v01")], 400, format),
                (&[NAME, version("v2")], 404, no_version),
            ],
        ),
        (
            "Ram.GetPolicyVersion",
            &[
                (&[OWN, odd, version("v1")], 400, chars),
                (&[OWN, none, version("v1")], 404, missing),
                (&[kind, NAME, version("v1")], 400, "InvalidParameter.PolicyType"),
                (&[OWN, NAME, version("x")], 400, format),
                (&[OWN, long, version("v1")], 400, length),
            ],
        ),
        (
            "Ram.UpdatePolicyDescription",
            &[
                (&[odd, ("NewDescription", "a")], 400, chars),
                (&[none, ("NewDescription", "a")], 404, missing),
                (&[NAME, ("NewDescription", &text)], 400, "InvalidParameter.Description.Length"),
            ],
        ),
    ];
    for (action, cases) in cases {
        for (ask, status, code) in *cases {
            server.expect_code(action, ask, (*status, code)).await;
        }
    }
}

#[tokio::test]
async fn lists_about_a_policy_answer_the_first_error() {
    let server = with_policy().await;
    let long = "x".repeat(129);
    let long = ("PolicyName", long.as_str());
    let odd = "InvalidParameter.PolicyName.InvalidChars";
    let cases: &[Refused<'_>] = &[
        (&[OWN, ("PolicyName", "a b")], 400, odd),
        (&[OWN, ("PolicyName", "none")], 404, "EntityNotExist.Policy"),
        (&[("PolicyType", "Other"), NAME], 400, "InvalidParameter.PolicyType"),
        (&[OWN, long], 400, "InvalidParameter.PolicyName.Length"),
    ];
    for action in ["Ram.ListPolicyVersions", "Ram.ListEntitiesForPolicy"] {
        for (ask, status, code) in cases {
            server.expect_code(action, ask, (*status, code)).await;
        }
    }
}
