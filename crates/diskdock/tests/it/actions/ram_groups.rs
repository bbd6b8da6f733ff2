//! Groups of users of RAM.

use domain::UnknownFields;
use domain::ram::RamGroup;
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, REGION, Signer, TestServer};

const READERS: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}"#;
const GROUP: (&str, &str) = ("GroupName", "operators");
const ALICE: (&str, &str) = ("UserName", "alice");

async fn make_policy(server: &TestServer, name: &str) {
    let ask = [("PolicyName", name), ("PolicyDocument", READERS)];
    server.ok("Ram.CreatePolicy", &ask).await;
}

fn attachment<'a>(group: &'a str, policy: &'a str) -> [(&'a str, &'a str); 3] {
    [("GroupName", group), ("PolicyType", "Custom"), ("PolicyName", policy)]
}

/// A server with a group, a user and a policy.
async fn furnished() -> TestServer {
    let server = TestServer::new().await;
    server.ok("Ram.CreateGroup", &[GROUP]).await;
    server.ok("Ram.CreateUser", &[ALICE]).await;
    make_policy(&server, "readers").await;
    server
}

fn names(listed: &Value, path: [&str; 2], name: &str) -> Vec<String> {
    let entries = listed[path[0]][path[1]].as_array().unwrap().iter();
    entries.map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn group_is_made_shown_changed_and_deleted() {
    let server = TestServer::new().await;
    let made = server.ok("Ram.CreateGroup", &[GROUP, ("Comments", "of disks")]).await.json;
    let made = made["Group"].clone();
    assert!(made["GroupId"].as_str().unwrap().starts_with("g-"));
    let server = server.restart().await;
    let shown = server.ok("Ram.GetGroup", &[GROUP]).await.json["Group"].clone();
    for name in ["GroupId", "GroupName", "Comments", "CreateDate"] {
        assert_eq!(shown[name], made[name], "{name}");
    }
    server.pass(2_000).await;
    let change = [GROUP, ("NewGroupName", "admins"), ("NewComments", "")];
    let changed = server.ok("Ram.UpdateGroup", &change).await.json["Group"].clone();
    assert_eq!((&changed["GroupName"], &changed["Comments"]), (&json!("admins"), &json!("")));
    assert_ne!(changed["UpdateDate"], shown["UpdateDate"]);
    assert_eq!(changed["GroupId"], made["GroupId"]);
    server.ok("Ram.CreateGroup", &[("GroupName", "readers")]).await;
    let listed = server.ok("Ram.ListGroups", &[("MaxItems", "1")]).await.json;
    assert_eq!(names(&listed, ["Groups", "Group"], "GroupName"), ["readers"], "newest first");
    let next = [("Marker", listed["Marker"].as_str().unwrap())];
    let listed = server.ok("Ram.ListGroups", &next).await.json;
    assert_eq!(names(&listed, ["Groups", "Group"], "GroupName"), ["admins"]);
    assert_eq!(listed["IsTruncated"], false);
    server.ok("Ram.UpdateGroup", &[("GroupName", "admins"), ("NewGroupName", "admins")]).await;
    server.ok("Ram.DeleteGroup", &[("GroupName", "admins")]).await;
    let gone = server.call("Ram.GetGroup", &[("GroupName", "admins")]).await;
    assert_eq!(gone.refusal(), (404, "EntityNotExist.Group"));
}

#[tokio::test]
async fn user_may_do_what_the_policies_of_its_groups_allow() {
    let mut server = furnished().await;
    let reply = server.ok("Ram.CreateAccessKey", &[ALICE]).await.json;
    let text = |name: &str| reply["AccessKey"][name].as_str().unwrap().to_owned();
    let mut alice = Signer::new(&text("AccessKeyId"), &text("AccessKeySecret"));
    let region = [("RegionId", REGION)];
    let refused = (403, "Forbidden.RAM");
    server.ok("Ram.AttachPolicyToGroup", &attachment("operators", "readers")).await;
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.refusal(), refused, "not in the group yet");
    server.ok("Ram.AddUserToGroup", &[GROUP, ALICE]).await;
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = server.call_as(&mut alice, "Vpc.CreateVpc", &region).await;
    assert_eq!(answer.refusal(), refused);
    let mut server = server.restart().await;
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let listed = server.ok("Ram.ListGroupsForUser", &[ALICE]).await.json;
    assert_eq!(names(&listed, ["Groups", "Group"], "GroupName"), ["operators"]);
    let listed = server.ok("Ram.ListUsersForGroup", &[GROUP]).await.json;
    assert_eq!(names(&listed, ["Users", "User"], "UserName"), ["alice"]);
    let listed = server.ok("Ram.ListPoliciesForGroup", &[GROUP]).await.json;
    assert_eq!(names(&listed, ["Policies", "Policy"], "PolicyName"), ["readers"]);
    let policy = [("PolicyType", "Custom"), ("PolicyName", "readers")];
    let shown = server.ok("Ram.GetPolicy", &policy).await.json;
    assert_eq!(shown["Policy"]["AttachmentCount"], 1);
    server.ok("Ram.RemoveUserFromGroup", &[GROUP, ALICE]).await;
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.refusal(), refused);
    server.ok("Ram.AddUserToGroup", &[GROUP, ALICE]).await;
    server.ok("Ram.DetachPolicyFromGroup", &attachment("operators", "readers")).await;
    let answer = server.call_as(&mut alice, "DescribeDisks", &region).await;
    assert_eq!(answer.refusal(), refused);
}

#[tokio::test]
async fn delete_refuses_members_of_groups_and_attached_policies() {
    let server = furnished().await;
    server.ok("Ram.AddUserToGroup", &[GROUP, ALICE]).await;
    server.ok("Ram.AttachPolicyToGroup", &attachment("operators", "readers")).await;
    let policy = [("PolicyName", "readers")];
    server.expect_code("Ram.DeleteUser", &[ALICE], (409, "DeleteConflict.User.Group")).await;
    server.expect_code("Ram.DeletePolicy", &policy, (409, "DeleteConflict.Policy.Group")).await;
    server.expect_code("Ram.DeleteGroup", &[GROUP], (409, "DeleteConflict.Group.User")).await;
    server.ok("Ram.RemoveUserFromGroup", &[GROUP, ALICE]).await;
    server.expect_code("Ram.DeleteGroup", &[GROUP], (409, "DeleteConflict.Group.Policy")).await;
    server.ok("Ram.DetachPolicyFromGroup", &attachment("operators", "readers")).await;
    server.ok("Ram.DeleteGroup", &[GROUP]).await;
    server.ok("Ram.DeleteUser", &[ALICE]).await;
    server.ok("Ram.DeletePolicy", &policy).await;
}

#[tokio::test]
async fn requests_about_groups_that_cannot_be_are_refused() {
    let server = furnished().await;
    let long = "x".repeat(65);
    let comments = "x".repeat(129);
    let named = |name| [("GroupName", name), ALICE];
    for (ask, refusal) in [
        (named("operators"), (409, "EntityAlreadyExists.Group")),
        (named("no group"), (400, "InvalidParameter.GroupName.InvalidChars")),
        (named(&long), (400, "InvalidParameter.GroupName.Length")),
        (
            [("GroupName", "more"), ("Comments", &comments)],
            (400, "InvalidParameter.Comments.Length"),
        ),
    ] {
        server.expect_code("Ram.CreateGroup", &ask, refusal).await;
    }
    server.ok("Ram.CreateGroup", &[("GroupName", "admins")]).await;
    for (name, value, refusal) in [
        ("NewGroupName", "admins", (409, "EntityAlreadyExists.Group")),
        ("NewGroupName", "no group", (400, "InvalidParameter.NewGroupName.InvalidChars")),
        ("NewGroupName", &long, (400, "InvalidParameter.NewGroupName.Length")),
        ("NewComments", &comments, (400, "InvalidParameter.NewComments.Length")),
    ] {
        server.expect_code("Ram.UpdateGroup", &[GROUP, (name, value)], refusal).await;
    }
    for action in [
        "GetGroup",
        "UpdateGroup",
        "DeleteGroup",
        "ListUsersForGroup",
        "ListPoliciesForGroup",
        "AddUserToGroup",
        "RemoveUserFromGroup",
        "AttachPolicyToGroup",
        "DetachPolicyFromGroup",
    ] {
        let action = format!("Ram.{action}");
        let with = |name| {
            [("GroupName", name), ALICE, ("PolicyType", "Custom"), ("PolicyName", "readers")]
        };
        for (name, refusal) in [
            ("none", (404, "EntityNotExist.Group")),
            ("no group", (400, "InvalidParameter.GroupName.InvalidChars")),
            (&long, (400, "InvalidParameter.GroupName.Length")),
        ] {
            server.expect_code(&action, &with(name), refusal).await;
        }
    }
}

#[tokio::test]
async fn requests_about_users_and_policies_that_cannot_be_in_groups_are_refused() {
    let server = furnished().await;
    let long = "x".repeat(65);
    for action in ["Ram.AddUserToGroup", "Ram.RemoveUserFromGroup", "Ram.ListGroupsForUser"] {
        for (name, refusal) in [
            ("nobody", (404, "EntityNotExist.User")),
            ("no body", (400, "InvalidParameter.UserName.InvalidChars")),
            (&long, (400, "InvalidParameter.UserName.Length")),
        ] {
            server.expect_code(action, &[GROUP, ("UserName", name)], refusal).await;
        }
    }
    server.expect_code("Ram.ListGroups", &[("Marker", "none")], (400, "InvalidParameter")).await;
    server.ok("Ram.AddUserToGroup", &[GROUP, ALICE]).await;
    let again = (409, "EntityAlreadyExists.User.Group");
    server.expect_code("Ram.AddUserToGroup", &[GROUP, ALICE], again).await;
    server.ok("Ram.RemoveUserFromGroup", &[GROUP, ALICE]).await;
    let again = (404, "EntityNotExist.User.Group");
    server.expect_code("Ram.RemoveUserFromGroup", &[GROUP, ALICE], again).await;
    for (action, refusal) in [
        ("Ram.AttachPolicyToGroup", (409, "EntityAlreadyExists.Group.Policy")),
        ("Ram.DetachPolicyFromGroup", (404, "EntityNotExist.Group.Policy")),
    ] {
        let of = |policy| attachment("operators", policy);
        server.expect_code(action, &of("none"), (404, "EntityNotExist.Policy")).await;
        let malformed = (400, "InvalidParameter.PolicyName.InvalidChars");
        server.expect_code(action, &of("a b"), malformed).await;
        server.ok(action, &of("readers")).await;
        server.expect_code(action, &of("readers"), refusal).await;
    }
}

#[tokio::test]
async fn groups_have_limits() {
    let server = furnished().await;
    for number in 0..21 {
        let name = format!("policy-{number}");
        make_policy(&server, &name).await;
        let answer = server.call("Ram.AttachPolicyToGroup", &attachment("operators", &name)).await;
        let expected = if number < 20 { "" } else { "LimitExceeded.Group.Policy" };
        assert_eq!(answer.json["Code"].as_str().unwrap_or_default(), expected);
    }
    for number in 0..11 {
        let name = format!("group-{number}");
        server.ok("Ram.CreateGroup", &[("GroupName", &name)]).await;
        let answer = server.call("Ram.AddUserToGroup", &[("GroupName", &name), ALICE]).await;
        let expected = if number < 10 { "" } else { "LimitExceeded.User.Group" };
        assert_eq!(answer.json["Code"].as_str().unwrap_or_default(), expected);
    }
    let store = &server.assembly.gateway.services.store;
    let plant = store.write(|tx| {
        use diskdock::store::EntityWrites;
        (0..38).try_for_each(|number| tx.save(&planted_group(number)))
    });
    plant.await.unwrap();
    server
        .expect_code("Ram.CreateGroup", &[("GroupName", "more")], (409, "LimitExceeded.Group"))
        .await;
}

fn planted_group(number: usize) -> RamGroup {
    RamGroup {
        id: format!("g-{number}").into(),
        account: ACCOUNT.into(),
        name: format!("planted-{number}"),
        comments: String::new(),
        policies: Default::default(),
        created_at: domain::Moment(0),
        updated_at: domain::Moment(0),
        unknown: UnknownFields::default(),
    }
}
