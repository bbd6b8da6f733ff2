//! Users, policies and keys of RAM.

use domain::UnknownFields;
use domain::ram::{RamPolicy, RamPolicyId, RamUser};
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, REGION, Signer, TestServer};

const READERS: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}"#;

async fn make_user(server: &TestServer, name: &str) {
    server.ok("Ram.CreateUser", &[("UserName", name)]).await;
}

async fn make_policy(server: &TestServer, name: &str, document: &str) {
    let ask = [("PolicyName", name), ("PolicyDocument", document)];
    server.ok("Ram.CreatePolicy", &ask).await;
}

fn attachment<'a>(user: &'a str, kind: &'a str, policy: &'a str) -> [(&'a str, &'a str); 3] {
    [("UserName", user), ("PolicyType", kind), ("PolicyName", policy)]
}

/// A signer with a new key of this user.
async fn key_of(server: &TestServer, user: &str) -> Signer {
    let reply = server.ok("Ram.CreateAccessKey", &[("UserName", user)]).await.json;
    let text = |name: &str| reply["AccessKey"][name].as_str().unwrap().to_owned();
    Signer::new(&text("AccessKeyId"), &text("AccessKeySecret"))
}

#[tokio::test]
async fn user_may_do_what_its_policies_allow_at_once() {
    let mut server = TestServer::new().await;
    make_user(&server, "alice").await;
    make_policy(&server, "readers", READERS).await;
    let mut alice = key_of(&server, "alice").await;
    let region = [("RegionId", REGION)];
    let refused = (403, "Forbidden.RAM");
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.refusal(), refused, "a user may do nothing at first");
    let id = answer.json["AccessDeniedDetail"]["AuthPrincipalDisplayName"].clone();
    let user = server.ok("Ram.GetUser", &[("UserName", "alice")]).await.json;
    assert_eq!(user["User"]["UserId"], id);
    server.ok("Ram.AttachPolicyToUser", &attachment("alice", "Custom", "readers")).await;
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = server.call_as(&mut alice, "Vpc.CreateVpc", &region).await;
    assert_eq!(answer.refusal(), refused);
    let listed = server.call_as(&mut alice, "Ram.ListUsers", &[]).await;
    assert_eq!(listed.refusal(), (403, "NoPermission"));
    server
        .ok("Ram.AttachPolicyToUser", &attachment("alice", "System", "AliyunVPCFullAccess"))
        .await;
    let answer = server.call_as(&mut alice, "Vpc.CreateVpc", &region).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    server.ok("Ram.DetachPolicyFromUser", &attachment("alice", "Custom", "readers")).await;
    let mut server = server.restart().await;
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.refusal(), refused);
    let whoami = server.call_as(&mut alice, "Sts.GetCallerIdentity", &[]).await.json;
    assert_eq!(whoami["IdentityType"], "RAMUser");
    assert_eq!(whoami["Arn"], format!("acs:ram::{ACCOUNT}:user/alice"));
    assert_eq!((&whoami["UserId"], &whoami["PrincipalId"]), (&id, &id));
    let reply =
        json!({ "key": alice.id, "action": "Vpc.CreateVpc", "parameters": { "RegionId": REGION } });
    let reply = server.control("POST", "/explain", &reply.to_string()).await;
    assert_eq!(reply["resources"][0]["policy"], "System policy AliyunVPCFullAccess");
}

#[tokio::test]
async fn keys_of_a_user_are_made_refused_and_removed() {
    let mut server = TestServer::new().await;
    make_user(&server, "bob").await;
    server.ok("Ram.AttachPolicyToUser", &attachment("bob", "System", "AdministratorAccess")).await;
    let mut bob = key_of(&server, "bob").await;
    let user = [("UserName", "bob")];
    let listed = server.ok("Ram.ListAccessKeys", &user).await.json;
    assert_eq!(listed["AccessKeys"]["AccessKey"][0]["AccessKeyId"], bob.id.as_str());
    assert!(!listed.to_string().contains("Secret"));
    let key = bob.id.clone();
    let of_key = [("UserName", "bob"), ("UserAccessKeyId", key.as_str())];
    let switch = |status| [of_key[0], of_key[1], ("Status", status)];
    server.ok("Ram.UpdateAccessKey", &switch("Inactive")).await;
    let answer = server.call_as(&mut bob, "DescribeRegions", &[]).await;
    assert_eq!(answer.code(), "InvalidAccessKeyId.Inactive", "{}", answer.text);
    server.ok("Ram.UpdateAccessKey", &switch("Active")).await;
    let own = server.call_as(&mut bob, "Ram.CreateAccessKey", &[]).await;
    assert_eq!(own.status, 200, "{}", own.text);
    let third = server.call("Ram.CreateAccessKey", &user).await;
    assert_eq!(third.refusal(), (409, "LimitExceeded.User.AccessKey"));
    let listed = server.call_as(&mut bob, "Ram.ListAccessKeys", &[]).await.json;
    assert_eq!(listed["AccessKeys"]["AccessKey"].as_array().unwrap().len(), 2);
    server.ok("Ram.DeleteAccessKey", &of_key).await;
    let answer = server.call_as(&mut bob, "DescribeRegions", &[]).await;
    assert_eq!(answer.refusal(), (404, "InvalidAccessKeyId.NotFound"));
    for action in ["Ram.DeleteAccessKey", "Ram.UpdateAccessKey"] {
        let answer = server.call(action, &switch("Active")).await;
        assert_eq!(answer.refusal(), (404, "EntityNotExist.User.AccessKey"), "{action}");
    }
    for action in
        ["Ram.CreateAccessKey", "Ram.ListAccessKeys", "Ram.DeleteAccessKey", "Ram.UpdateAccessKey"]
    {
        let ask = |user| [("UserName", user), ("UserAccessKeyId", "k"), ("Status", "Active")];
        let answer = server.call(action, &ask("nobody")).await;
        assert_eq!(answer.refusal(), (404, "EntityNotExist.User"), "{action}");
        let answer = server.call(action, &ask("no/body")).await;
        assert_eq!(answer.refusal(), (400, "InvalidParameter.UserName.InvalidChars"), "{action}");
    }
}

#[tokio::test]
async fn key_with_policies_makes_no_key_of_the_account_itself() {
    let mut server = TestServer::new().await;
    let all = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]);
    let mut limited = server.limited_key(all).await;
    for action in ["Ram.CreateAccessKey", "Ram.ListAccessKeys"] {
        let answer = server.call_as(&mut limited, action, &[]).await;
        assert_eq!(answer.refusal(), (404, "EntityNotExist.User"), "{action}");
    }
    let made = server.ok("Ram.CreateAccessKey", &[]).await.json;
    let text = |name: &str| made["AccessKey"][name].as_str().unwrap();
    let mut root = Signer::new(text("AccessKeyId"), text("AccessKeySecret"));
    let answer = server.call_as(&mut root, "Ram.ListUsers", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn users_are_made_listed_changed_and_deleted() {
    let server = TestServer::new().await;
    let ask = [
        ("UserName", "carol"),
        ("DisplayName", "Carol"),
        ("Email", "carol@example.com"),
        ("MobilePhone", "86-18600000000"),
        ("Comments", "on call"),
    ];
    let made = server.ok("Ram.CreateUser", &ask).await.json["User"].clone();
    assert_eq!((&made["DisplayName"], &made["Comments"]), (&json!("Carol"), &json!("on call")));
    server.pass(1_000).await;
    make_user(&server, "dave").await;
    let listed = server.ok("Ram.ListUsers", &[("MaxItems", "1")]).await.json;
    assert_eq!(listed["Users"]["User"][0]["UserName"], "dave");
    assert_eq!(listed["IsTruncated"], true);
    let marker = listed["Marker"].as_str().unwrap();
    let rest = server.ok("Ram.ListUsers", &[("Marker", marker)]).await.json;
    assert_eq!(rest["Users"]["User"][0]["UserId"], made["UserId"]);
    assert_eq!((&rest["IsTruncated"], &rest["Marker"]), (&json!(false), &Value::Null));
    let answer = server.call("Ram.ListUsers", &[("Marker", "?")]).await;
    assert_eq!(answer.refusal(), (400, "InvalidParameter"), "{}", answer.text);
    let rename = [("UserName", "carol"), ("NewUserName", "caroline"), ("NewComments", "")];
    let changed = server.ok("Ram.UpdateUser", &rename).await.json["User"].clone();
    assert_eq!(changed["UserId"], made["UserId"]);
    assert_eq!((&changed["DisplayName"], &changed["Comments"]), (&json!("Carol"), &json!("")));
    assert_ne!(changed["UpdateDate"], changed["CreateDate"]);
    let gone = server.call("Ram.GetUser", &[("UserName", "carol")]).await;
    assert_eq!(gone.refusal(), (404, "EntityNotExist.User"));
    let key = key_of(&server, "dave").await;
    server.ok("Ram.AttachPolicyToUser", &attachment("dave", "System", "ReadOnlyAccess")).await;
    let dave = [("UserName", "dave")];
    let answer = server.call("Ram.DeleteUser", &dave).await;
    assert_eq!(answer.refusal(), (409, "DeleteConflict.User.AccessKey"));
    let of_key = [("UserName", "dave"), ("UserAccessKeyId", key.id.as_str())];
    server.ok("Ram.DeleteAccessKey", &of_key).await;
    let answer = server.call("Ram.DeleteUser", &dave).await;
    assert_eq!(answer.refusal(), (409, "DeleteConflict.User.Policy"));
    server.ok("Ram.DetachPolicyFromUser", &attachment("dave", "System", "ReadOnlyAccess")).await;
    server.ok("Ram.DeleteUser", &dave).await;
    assert_eq!(server.call("Ram.GetUser", &dave).await.status, 404);
}

#[tokio::test]
async fn users_that_are_taken_unknown_or_malformed_are_refused() {
    let server = TestServer::new().await;
    make_user(&server, "dave").await;
    make_user(&server, "caroline").await;
    for (action, ask, refusal) in [
        ("Ram.CreateUser", [("UserName", "dave"), ("", "")], (409, "EntityAlreadyExists.User")),
        (
            "Ram.CreateUser",
            [("UserName", "a b"), ("", "")],
            (400, "InvalidParameter.UserName.InvalidChars"),
        ),
        (
            "Ram.UpdateUser",
            [("UserName", "dave"), ("NewUserName", "caroline")],
            (409, "EntityAlreadyExists.User"),
        ),
        (
            "Ram.UpdateUser",
            [("UserName", "dave"), ("NewUserName", "a/b")],
            (400, "InvalidParameter.NewUserName.InvalidChars"),
        ),
        ("Ram.UpdateUser", [("UserName", "erin"), ("", "")], (404, "EntityNotExist.User")),
        (
            "Ram.UpdateUser",
            [("UserName", "e n"), ("", "")],
            (400, "InvalidParameter.UserName.InvalidChars"),
        ),
        (
            "Ram.GetUser",
            [("UserName", "e n"), ("", "")],
            (400, "InvalidParameter.UserName.InvalidChars"),
        ),
        ("Ram.DeleteUser", [("UserName", "erin"), ("", "")], (404, "EntityNotExist.User")),
        (
            "Ram.DeleteUser",
            [("UserName", "e n"), ("", "")],
            (400, "InvalidParameter.UserName.InvalidChars"),
        ),
        ("Ram.ListPoliciesForUser", [("UserName", "erin"), ("", "")], (404, "EntityNotExist.User")),
        (
            "Ram.ListPoliciesForUser",
            [("UserName", "e n"), ("", "")],
            (400, "InvalidParameter.UserName.InvalidChars"),
        ),
    ] {
        let ask: Vec<_> = ask.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        let answer = server.call(action, &ask).await;
        assert_eq!(answer.refusal(), refusal, "{action} {ask:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn policies_are_made_listed_attached_and_deleted() {
    let server = TestServer::new().await;
    make_user(&server, "frank").await;
    let ask = [
        ("PolicyName", "readers"),
        ("PolicyDocument", READERS),
        ("Description", "may look"),
        ("Tag", r#"[{"Key":"team","Value":"storage"}]"#),
    ];
    let made = server.ok("Ram.CreatePolicy", &ask).await.json["Policy"].clone();
    assert_eq!((&made["PolicyType"], &made["DefaultVersion"]), (&json!("Custom"), &json!("v1")));
    let custom = [("PolicyType", "Custom"), ("PolicyName", "readers")];
    let attached = attachment("frank", "Custom", "readers");
    server.ok("Ram.AttachPolicyToUser", &attached).await;
    let shown = server.ok("Ram.GetPolicy", &custom).await.json;
    assert_eq!(shown["DefaultPolicyVersion"]["PolicyDocument"], READERS);
    assert_eq!(shown["Policy"]["AttachmentCount"], 1);
    let system = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess")];
    server.ok("Ram.GetPolicy", &system).await;
    let of_user = server.ok("Ram.ListPoliciesForUser", &[("UserName", "frank")]).await.json;
    assert_eq!(of_user["Policies"]["Policy"][0]["Description"], "may look");
    let own = server.ok("Ram.ListPolicies", &[("PolicyType", "Custom")]).await.json;
    assert_eq!(own["Policies"]["Policy"][0]["Tags"]["Tag"][0]["TagKey"], "team");
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let mut ask = vec![("MaxItems", "3")];
        ask.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = server.ok("Ram.ListPolicies", &ask).await.json;
        let list = page["Policies"]["Policy"].as_array().unwrap().clone();
        names.extend(list.iter().map(|one| one["PolicyName"].as_str().unwrap().to_owned()));
        if page["IsTruncated"] == false {
            break;
        }
        marker = page["Marker"].as_str().map(str::to_owned);
    }
    assert_eq!(names.len(), 10, "{names:?}");
    assert_eq!(names[0], "readers");
    let answer = server.call("Ram.ListPolicies", &[("Marker", "?")]).await;
    assert_eq!(answer.refusal(), (400, "InvalidParameter"), "{}", answer.text);
    let tagged = [("ResourceType", "policy"), ("ResourceNames", r#"["readers"]"#)];
    let tags = server.ok("Ram.ListTagResources", &tagged).await.json;
    assert_eq!(tags["TagResources"][0]["TagValue"], "storage");
    let delete = [("PolicyName", "readers")];
    let answer = server.call("Ram.DeletePolicy", &delete).await;
    assert_eq!(answer.refusal(), (409, "DeleteConflict.Policy.User"));
    let answer = server.call("Ram.AttachPolicyToUser", &attached).await;
    assert_eq!(answer.refusal(), (409, "EntityAlreadyExists.User.Policy"));
    server.ok("Ram.DetachPolicyFromUser", &attached).await;
    let answer = server.call("Ram.DetachPolicyFromUser", &attached).await;
    assert_eq!(answer.refusal(), (404, "EntityNotExist.User.Policy"));
    server.ok("Ram.DeletePolicy", &delete).await;
    let answer = server.call("Ram.GetPolicy", &custom).await;
    assert_eq!(answer.refusal(), (404, "EntityNotExist.Policy"));
}

#[tokio::test]
async fn policies_that_are_none_or_unknown_are_refused() {
    let server = TestServer::new().await;
    make_user(&server, "grace").await;
    make_policy(&server, "readers", READERS).await;
    let too_long = "{".repeat(6_145);
    let create = |name, document| [("PolicyName", name), ("PolicyDocument", document)];
    for (ask, refusal) in [
        (create("readers", READERS), (409, "EntityAlreadyExists.Policy")),
        (create("re aders", READERS), (400, "InvalidParameter.PolicyName.InvalidChars")),
        (create("other", too_long.as_str()), (400, "InvalidParameter.PolicyDocument.Length")),
        (create("other", "{"), (400, "MalformedPolicyDocument")),
        (create("other", r#"{"Version":"2","Statement":[]}"#), (400, "MalformedPolicyDocument")),
    ] {
        let answer = server.call("Ram.CreatePolicy", &ask).await;
        assert_eq!(answer.refusal(), refusal, "{}", answer.text);
    }
    for action in ["Ram.AttachPolicyToUser", "Ram.DetachPolicyFromUser"] {
        for (ask, refusal) in [
            (attachment("nobody", "Custom", "readers"), (404, "EntityNotExist.User")),
            (
                attachment("no body", "Custom", "readers"),
                (400, "InvalidParameter.UserName.InvalidChars"),
            ),
            (attachment("grace", "System", "readers"), (404, "EntityNotExist.Policy")),
            (
                attachment("grace", "Custom", "a b"),
                (400, "InvalidParameter.PolicyName.InvalidChars"),
            ),
        ] {
            assert_eq!(server.call(action, &ask).await.refusal(), refusal, "{action} {ask:?}");
        }
    }
    let malformed = "InvalidParameter.PolicyName.InvalidChars";
    for (name, code) in [("none", "EntityNotExist.Policy"), ("a b", malformed)] {
        let ask = [("PolicyName", name), ("PolicyType", "Custom")];
        for action in ["Ram.DeletePolicy", "Ram.GetPolicy"] {
            assert_eq!(server.call(action, &ask).await.code(), code, "{action}");
        }
    }
}

#[tokio::test]
async fn users_policies_and_attachments_have_limits() {
    let server = TestServer::new().await;
    make_user(&server, "heidi").await;
    for number in 0..21 {
        let name = format!("policy-{number}");
        make_policy(&server, &name, READERS).await;
        let ask = attachment("heidi", "Custom", &name);
        let answer = server.call("Ram.AttachPolicyToUser", &ask).await;
        let expected = if number < 20 { "" } else { "LimitExceeded.User.Policy" };
        assert_eq!(answer.json["Code"].as_str().unwrap_or_default(), expected);
    }
    let store = &server.assembly.gateway.services.store;
    store
        .write(|tx| {
            use diskdock::store::EntityWrites;
            for number in 1..1_000 {
                tx.save(&planted_user(number))?;
            }
            for number in 21..1_500 {
                tx.save(&planted_policy(number))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let answer = server.call("Ram.CreateUser", &[("UserName", "ivan")]).await;
    assert_eq!(answer.refusal(), (409, "LimitExceeded.User"));
    let ask = [("PolicyName", "more"), ("PolicyDocument", READERS)];
    let answer = server.call("Ram.CreatePolicy", &ask).await;
    assert_eq!(answer.refusal(), (409, "LimitExceeded.Policy"));
}

fn planted_user(number: usize) -> RamUser {
    RamUser {
        id: format!("3{number}").into(),
        account: ACCOUNT.into(),
        name: format!("user-{number}"),
        display_name: String::new(),
        email: String::new(),
        mobile_phone: String::new(),
        comments: String::new(),
        groups: Vec::new(),
        policies: Default::default(),
        login_profile: None,
        created_at: domain::Moment(0),
        updated_at: domain::Moment(0),
        unknown: UnknownFields::default(),
    }
}

fn planted_policy(number: usize) -> RamPolicy {
    let (name, account) = (format!("policy-{number}"), domain::AccountId::from(ACCOUNT));
    let id = RamPolicyId::of(&account, &name);
    RamPolicy::new(id, account, name, READERS.to_owned(), domain::Moment(0))
}
