//! Roles of RAM.

use domain::UnknownFields;
use domain::ram::{AttachedPolicies, RamRole};
use serde_json::json;

use crate::harness::{ACCOUNT, REGION, TestServer};

const TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"RAM":["acs:ram::1000000000000001:root"]}}]}"#;
const OTHER_TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
const DOCUMENT: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}"#;

const ROLE: (&str, &str) = ("RoleName", "operators");

async fn make_role(server: &TestServer, name: &str) {
    let ask = [("RoleName", name), ("AssumeRolePolicyDocument", TRUST)];
    server.ok("Ram.CreateRole", &ask).await;
}

async fn make_policy(server: &TestServer, name: &str) {
    let ask = [("PolicyName", name), ("PolicyDocument", DOCUMENT)];
    server.ok("Ram.CreatePolicy", &ask).await;
}

fn attachment<'a>(role: &'a str, kind: &'a str, policy: &'a str) -> [(&'a str, &'a str); 3] {
    [("RoleName", role), ("PolicyType", kind), ("PolicyName", policy)]
}

#[tokio::test]
async fn role_is_made_shown_changed_and_deleted() {
    let server = TestServer::new().await;
    let tag = ("Tag", r#"[{"Key":"team","Value":"storage"}]"#);
    let login = ("AllowConsoleLogin", "true");
    let ask = [ROLE, ("AssumeRolePolicyDocument", TRUST), ("Description", "of disks"), tag, login];
    let made = server.ok("Ram.CreateRole", &ask).await.json["Role"].clone();
    assert_eq!(made["Arn"], format!("acs:ram::{ACCOUNT}:role/operators"));
    assert_eq!(
        (&made["MaxSessionDuration"], &made["Description"]),
        (&json!(3600), &json!("of disks"))
    );
    let server = server.restart().await;
    let shown = server.ok("Ram.GetRole", &[ROLE]).await.json["Role"].clone();
    assert_eq!(shown["AssumeRolePolicyDocument"], TRUST);
    assert_eq!(
        (&shown["AllowConsoleLogin"], &shown["IsServiceLinkedRole"]),
        (&json!(true), &json!(false))
    );
    for name in ["RoleId", "RoleName", "Arn", "CreateDate", "Description", "AllowConsoleLogin"] {
        assert_eq!(shown[name], made[name], "{name}");
    }
    server.pass(2_000).await;
    let change = [
        ROLE,
        ("NewAssumeRolePolicyDocument", OTHER_TRUST),
        ("NewDescription", "of machines"),
        ("NewMaxSessionDuration", "43200"),
        ("NewAllowConsoleLogin", "false"),
    ];
    let changed = server.ok("Ram.UpdateRole", &change).await.json["Role"].clone();
    assert_eq!(changed["MaxSessionDuration"], 43_200);
    assert_eq!(changed["AllowConsoleLogin"], false);
    assert_eq!(changed["AssumeRolePolicyDocument"], OTHER_TRUST);
    assert_ne!(changed["UpdateDate"], shown["UpdateDate"]);
    make_role(&server, "readers").await;
    let listed = server.ok("Ram.ListRoles", &[("MaxItems", "1")]).await.json;
    assert_eq!(listed["Roles"]["Role"][0]["RoleName"], "readers", "newest first");
    assert_eq!(listed["IsTruncated"], true);
    let next = [("Marker", listed["Marker"].as_str().unwrap())];
    let listed = server.ok("Ram.ListRoles", &next).await.json;
    assert_eq!(listed["Roles"]["Role"][0]["Description"], "of machines");
    assert_eq!(listed["IsTruncated"], false);
    let tagged = server.ok("Ram.ListRoles", &[tag]).await.json;
    assert_eq!(tagged["Roles"]["Role"].as_array().unwrap().len(), 1);
    let tags = &tagged["Roles"]["Role"][0]["Tags"]["Tag"];
    assert_eq!(*tags, json!([{ "TagKey": "team", "TagValue": "storage" }]));
    server.ok("Ram.DeleteRole", &[ROLE]).await;
    assert_eq!(server.call("Ram.GetRole", &[ROLE]).await.refusal(), (404, "EntityNotExist.Role"));
}

#[tokio::test]
async fn policies_of_a_role_are_attached_listed_and_detached() {
    let server = TestServer::new().await;
    make_role(&server, "operators").await;
    make_policy(&server, "writers").await;
    let own = attachment("operators", "Custom", "writers");
    let system = attachment("operators", "System", "ReadOnlyAccess");
    server.ok("Ram.AttachPolicyToRole", &own).await;
    server.ok("Ram.AttachPolicyToRole", &system).await;
    let again = server.call("Ram.AttachPolicyToRole", &own).await;
    assert_eq!(again.refusal(), (409, "EntityAlreadyExists.Role.Policy"));
    let listed = server.ok("Ram.ListPoliciesForRole", &[ROLE]).await.json;
    let listed = listed["Policies"]["Policy"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["PolicyName"], "writers");
    let shown = server.ok("Ram.GetPolicy", &own[1..]).await.json;
    assert_eq!(shown["Policy"]["AttachmentCount"], 1);
    let gone = server.call("Ram.DeletePolicy", &[("PolicyName", "writers")]).await;
    assert_eq!(gone.refusal(), (409, "DeleteConflict.Policy.User"));
    let gone = server.call("Ram.DeleteRole", &[ROLE]).await;
    assert_eq!(gone.refusal(), (409, "DeleteConflict.Role.Policy"));
    server.ok("Ram.DetachPolicyFromRole", &own).await;
    let again = server.call("Ram.DetachPolicyFromRole", &own).await;
    assert_eq!(again.refusal(), (404, "EntityNotExist.Role.Policy"));
    server.ok("Ram.DetachPolicyFromRole", &system).await;
    server.ok("Ram.DeletePolicy", &[("PolicyName", "writers")]).await;
    server.ok("Ram.DeleteRole", &[ROLE]).await;
}

#[tokio::test]
async fn roles_that_cannot_be_are_refused() {
    let server = TestServer::new().await;
    make_role(&server, "operators").await;
    make_policy(&server, "writers").await;
    let long = "x".repeat(2_049);
    let create = |name, document| [("RoleName", name), ("AssumeRolePolicyDocument", document)];
    for (ask, refusal) in [
        (create("operators", TRUST), (409, "EntityAlreadyExists.Role")),
        (create("no role", TRUST), (400, "InvalidParameter.RoleName.InvalidChars")),
        (create("other", DOCUMENT), (400, "MalformedPolicyDocument")),
        (create("other", &long), (400, "InvalidParameter.AssumeRolePolicyDocument.Length")),
    ] {
        server.expect_code("Ram.CreateRole", &ask, refusal).await;
    }
    let malformed = [ROLE, ("NewAssumeRolePolicyDocument", "{}")];
    server.expect_code("Ram.UpdateRole", &malformed, (400, "MalformedPolicyDocument")).await;
    for action in ["GetRole", "UpdateRole", "DeleteRole", "ListPoliciesForRole"] {
        let action = format!("Ram.{action}");
        let ask = [("RoleName", "none")];
        server.expect_code(&action, &ask, (404, "EntityNotExist.Role")).await;
        let ask = [("RoleName", "no role")];
        server.expect_code(&action, &ask, (400, "InvalidParameter.RoleName.InvalidChars")).await;
    }
    for action in ["Ram.AttachPolicyToRole", "Ram.DetachPolicyFromRole"] {
        for (ask, refusal) in [
            (attachment("none", "Custom", "writers"), (404, "EntityNotExist.Role")),
            (
                attachment("no role", "Custom", "writers"),
                (400, "InvalidParameter.RoleName.InvalidChars"),
            ),
            (attachment("operators", "System", "writers"), (404, "EntityNotExist.Policy")),
            (
                attachment("operators", "Custom", "a b"),
                (400, "InvalidParameter.PolicyName.InvalidChars"),
            ),
        ] {
            server.expect_code(action, &ask, refusal).await;
        }
    }
}

#[tokio::test]
async fn roles_and_their_policies_have_limits() {
    let server = TestServer::new().await;
    make_role(&server, "operators").await;
    for number in 0..21 {
        let name = format!("policy-{number}");
        make_policy(&server, &name).await;
        let ask = attachment("operators", "Custom", &name);
        let answer = server.call("Ram.AttachPolicyToRole", &ask).await;
        let expected = if number < 20 { "" } else { "LimitExceeded.Role.Policy" };
        assert_eq!(answer.json["Code"].as_str().unwrap_or_default(), expected);
    }
    let store = &server.assembly.gateway.services.store;
    let plant = store.write(|tx| {
        use diskdock::store::EntityWrites;
        (1..1_000).try_for_each(|number| tx.save(&planted_role(number)))
    });
    plant.await.unwrap();
    let ask = [("RoleName", "more"), ("AssumeRolePolicyDocument", TRUST)];
    server.expect_code("Ram.CreateRole", &ask, (409, "LimitExceeded.Role")).await;
    server.ok("DescribeRegions", &[("RegionId", REGION)]).await;
}

/// Tags of roles or policies as ListTagResources tells them: name, key, value.
async fn listed_tags(server: &TestServer, ask: &[(&str, &str)]) -> Vec<[String; 3]> {
    let listed = server.ok("Ram.ListTagResources", ask).await.json;
    let entries = listed["TagResources"].as_array().unwrap().iter();
    let text = |one: &serde_json::Value, name: &str| one[name].as_str().unwrap().to_owned();
    let row = |one| ["ResourceName", "TagKey", "TagValue"].map(|name| text(one, name));
    entries.map(row).collect()
}

#[tokio::test]
async fn tags_of_roles_and_policies_are_set_listed_and_taken_off() {
    let server = TestServer::new().await;
    make_role(&server, "operators").await;
    make_role(&server, "readers").await;
    make_policy(&server, "writers").await;
    let of_roles = ("ResourceType", "role");
    let both = ("ResourceNames", r#"["operators","readers"]"#);
    let one = ("ResourceNames", r#"["operators"]"#);
    let tags = r#"[{"Key":"team","Value":"storage"},{"Key":"env","Value":"test"}]"#;
    server.ok("Ram.TagResources", &[of_roles, both, ("Tag", tags)]).await;
    let again = ("Tag", r#"[{"Key":"env","Value":"live"}]"#);
    server.ok("Ram.TagResources", &[of_roles, one, again]).await;
    let server = server.restart().await;
    let expected = [["operators", "team", "storage"], ["operators", "env", "live"]];
    assert_eq!(listed_tags(&server, &[of_roles, one]).await, expected);
    assert_eq!(listed_tags(&server, &[of_roles, again]).await, expected[1..]);
    assert_eq!(listed_tags(&server, &[of_roles]).await.len(), 4);
    assert!(listed_tags(&server, &[("ResourceType", "policy")]).await.is_empty());
    let shown = server.ok("Ram.ListRoles", &[again]).await.json;
    assert_eq!(shown["Roles"]["Role"].as_array().unwrap().len(), 1);
    let keys = ("TagKeys", r#"["team","none"]"#);
    server.ok("Ram.UntagResources", &[of_roles, one, keys]).await;
    assert_eq!(listed_tags(&server, &[of_roles, one]).await, expected[1..]);
    server.ok("Ram.UntagResources", &[of_roles, both, ("All", "true")]).await;
    assert!(listed_tags(&server, &[of_roles]).await.is_empty());
    let policy = [("ResourceType", "policy"), ("ResourceNames", r#"["writers"]"#)];
    server.ok("Ram.TagResources", &[policy[0], policy[1], again]).await;
    assert_eq!(listed_tags(&server, &policy).await, [["writers", "env", "live"]]);
    server.ok("Ram.UntagResources", &policy).await;
    assert_eq!(listed_tags(&server, &policy).await.len(), 1, "nothing was named");
}

#[tokio::test]
async fn tags_of_roles_and_policies_that_cannot_be_are_refused() {
    let server = TestServer::new().await;
    make_role(&server, "operators").await;
    let tag = ("Tag", r#"[{"Key":"team","Value":"storage"}]"#);
    for action in ["Ram.TagResources", "Ram.UntagResources"] {
        for (kind, name, refusal) in [
            ("role", r#"["operators","none"]"#, (404, "EntityNotExist.Role")),
            ("role", r#"["no role"]"#, (400, "InvalidParameter.RoleName.InvalidChars")),
            ("policy", r#"["none"]"#, (404, "EntityNotExist.Policy")),
            ("policy", r#"["ReadOnlyAccess"]"#, (404, "EntityNotExist.Policy")),
            ("policy", r#"["a b"]"#, (400, "InvalidParameter.PolicyName.InvalidChars")),
        ] {
            let ask = [("ResourceType", kind), ("ResourceNames", name), tag];
            server.expect_code(action, &ask, refusal).await;
        }
    }
    let of_role = [("ResourceType", "role"), ("ResourceNames", r#"["operators"]"#)];
    for number in 0..21 {
        let tag = format!(r#"[{{"Key":"key-{number}","Value":""}}]"#);
        let ask = [of_role[0], of_role[1], ("Tag", tag.as_str())];
        let answer = server.call("Ram.TagResources", &ask).await;
        assert_eq!(answer.status, if number < 20 { 200 } else { 400 }, "{}", answer.text);
    }
}

fn planted_role(number: usize) -> RamRole {
    RamRole {
        id: format!("4{number}").into(),
        account: ACCOUNT.into(),
        name: format!("role-{number}"),
        description: String::new(),
        trust: TRUST.to_owned(),
        longest_session_s: 3_600,
        console_login: false,
        policies: AttachedPolicies::default(),
        tags: Vec::new(),
        created_at: domain::Moment(0),
        updated_at: domain::Moment(0),
        unknown: UnknownFields::default(),
    }
}
