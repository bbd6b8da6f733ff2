//! Keys with policies: what they may do, and how everything else is refused.

use diskdock::actions::{self, PRODUCTS};
use serde_json::json;

use crate::catalog::examples::{Pairs, put_required};
use crate::harness::{ACCOUNT, REGION, Style, TestServer};

#[tokio::test]
async fn key_that_may_only_describe_disks_can_do_nothing_else() {
    let mut server = TestServer::new().await;
    let allow = json!([{ "Effect": "Allow", "Action": "ecs:DescribeDisks", "Resource": "*" }]);
    let mut reader = server.limited_key(allow).await;
    let region = [("RegionId", REGION)];
    let answer = server.call_as(&mut reader, "DescribeDisks", &region).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let before = server.export_json();
    let mut refused = 0;
    for listed in actions::all() {
        let (key, spec) = (listed.key(PRODUCTS), listed.spec());
        if spec.open || key == "DescribeDisks" {
            continue;
        }
        let mut pairs = Pairs::new();
        put_required(spec.parameters, "", &mut pairs);
        let ask: Vec<_> = pairs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let answer = server.call_as(&mut reader, &key, &ask).await;
        let error = listed.product.errors.not_allowed;
        assert_eq!(answer.refusal(), (error.status, error.code), "{key}: {}", answer.text);
        refused += 1;
    }
    assert!(refused > 80, "{refused}");
    assert_eq!(server.export_json(), before);
    let open = server.call_as(&mut reader, "Sts.GetCallerIdentity", &[]).await;
    assert_eq!(open.text_at("AccountId"), ACCOUNT);
}

#[tokio::test]
async fn refusal_by_policy_tells_what_was_denied_in_json_and_xml() {
    let mut server = TestServer::new().await;
    let statements = json!([
        { "Effect": "Allow", "Action": "ecs:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "ecs:DetachDisk", "Resource": "*" },
    ]);
    let mut limited = server.limited_key(statements).await;
    let ask = [("InstanceId", "i-1"), ("DiskId", "d-1")];
    let answer = server.call_as(&mut limited, "DetachDisk", &ask).await;
    let detail = &answer.json["AccessDeniedDetail"];
    assert_eq!(detail["AuthAction"], "ecs:DetachDisk");
    assert_eq!(detail["AuthPrincipalOwnerId"], ACCOUNT);
    assert_eq!(detail["NoPermissionType"], "ExplicitDeny");
    assert_eq!(detail["PolicyType"], "AccountLevelIdentityBasedPolicy");
    let answer = server.call_as(&mut limited, "Vpc.CreateVpc", &[("RegionId", REGION)]).await;
    assert_eq!(answer.json["AccessDeniedDetail"]["NoPermissionType"], "ImplicitDeny");
    std::mem::swap(&mut server.signer, &mut limited);
    let answer = server.call_in(Style::XML, "DetachDisk", &ask).await;
    let reply = "<AccessDeniedDetail><AuthAction>ecs:DetachDisk</AuthAction>";
    assert!(answer.text.contains(reply), "{}", answer.text);
    let unknown = server.call("AttachDisk", &ask).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
}

#[tokio::test]
async fn policies_are_about_the_resources_that_a_request_names() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (one, other) = (server.available_disk().await, server.available_disk().await);
    let disk = format!("acs:ecs:{REGION}:{ACCOUNT}:disk/{one}");
    let statements = json!([
        { "Effect": "Allow", "Action": "*", "Resource": [disk, "acs:ecs:*:*:instance/*"] },
    ]);
    let mut limited = server.limited_key(statements).await;
    let pair = |disk| [("InstanceId", instance.as_str()), ("DiskId", disk)];
    let refused = (403, "Forbidden.RAM");
    let answer = server.call_as(&mut limited, "AttachDisk", &pair(other.as_str())).await;
    assert_eq!(answer.refusal(), refused);
    let answer = server.call_as(&mut limited, "AttachDisk", &pair(one.as_str())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for ids in [format!("['{one}','{other}']"), format!("[\"{other}\"]")] {
        let ask = [("RegionId", REGION), ("DiskIds", ids.as_str())];
        let answer = server.call_as(&mut limited, "DescribeDisks", &ask).await;
        assert_eq!(answer.refusal(), refused, "{ids}");
    }
    let tag = |id| {
        let kind = [("RegionId", REGION), ("ResourceType", "disk"), ("ResourceId.1", id)];
        [kind[0], kind[1], kind[2], ("Tag.1.Key", "team"), ("Tag.1.Value", "storage")]
    };
    let answer = server.call_as(&mut limited, "TagResources", &tag(other.as_str())).await;
    assert_eq!(answer.refusal(), refused);
    let answer = server.call_as(&mut limited, "TagResources", &tag(one.as_str())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for (action, ask) in [("DescribeDisks", [("RegionId", REGION)])] {
        let answer = server.call_as(&mut limited, action, &ask).await;
        assert_eq!(answer.refusal(), refused, "{action}");
    }
}

#[tokio::test]
async fn policies_ask_for_tags_and_the_time_and_hold_for_dry_runs() {
    let mut server = TestServer::new().await;
    let disk = server.available_disk().await;
    let until = json!({
        "StringEquals": { "acs:ResourceTag/team": "storage" },
        "DateLessThan": { "acs:CurrentTime": "2026-01-02T03:05:00Z" },
    });
    let statements =
        json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": until }]);
    let mut limited = server.limited_key(statements).await;
    let ask = [("DiskId", disk.as_str()), ("RegionId", REGION), ("DiskName", "kept")];
    let refused = (403, "Forbidden.RAM");
    let answer = server.call_as(&mut limited, "ModifyDiskAttribute", &ask).await;
    assert_eq!(answer.refusal(), refused);
    let tagged = domain::Tag::new("team", "storage");
    server.change_disk(&disk, move |disk| disk.tags.push(tagged.clone())).await;
    let answer = server.call_as(&mut limited, "ModifyDiskAttribute", &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    server.pass(60_000).await;
    let answer = server.call_as(&mut limited, "ModifyDiskAttribute", &ask).await;
    assert_eq!(answer.refusal(), refused);
    let dry = [("RegionId", REGION), ("DiskIds", "[]"), ("DryRun", "true")];
    let answer = server.call_as(&mut limited, "DescribeDisks", &dry).await;
    assert_eq!(answer.refusal(), refused);
    let dry = [("InstanceId", "i-1"), ("InstanceType", "ecs.g6.large"), ("DryRun", "true")];
    let answer = server.call_as(&mut limited, "ModifyInstanceSpec", &dry).await;
    assert_eq!(answer.refusal(), refused);
}

#[tokio::test]
async fn explain_names_the_statement_that_decides() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let statements = json!([
        { "Effect": "Allow", "Action": "ecs:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "ecs:DeleteDisk", "Resource": "*",
          "Condition": { "NotIpAddress": { "acs:SourceIp": "10.0.0.0/8" } } },
    ]);
    let limited = server.limited_key(statements.clone()).await;
    let explain = async |key: &str, action: &str, address: &str| {
        let parameters = json!({ "DiskId": disk });
        let body = json!({ "key": key, "action": action, "parameters": parameters,
            "address": address });
        server.control("POST", "/explain", &body.to_string()).await
    };
    let key = limited.id.as_str();
    let reply = explain(key, "DeleteDisk", "192.168.0.1").await;
    assert_eq!(reply["allowed"], false);
    let about = &reply["resources"][0];
    assert_eq!(about["resource"], format!("acs:ecs:{REGION}:{ACCOUNT}:disk/{disk}"));
    assert_eq!(about["verdict"], "ExplicitDeny");
    assert_eq!((&about["number"], &about["statement"]), (&json!(2), &statements[1]));
    let reply = explain(key, "DeleteDisk", "10.1.2.3").await;
    assert_eq!(reply["allowed"], true);
    assert_eq!(reply["resources"][0]["number"], 1);
    let reply = explain(key, "Vpc.CreateVpc", "10.1.2.3").await;
    assert_eq!(reply["resources"][0]["verdict"], "ImplicitDeny");
    assert!(reply["resources"][0].get("statement").is_none());
    let reply = explain(&server.signer.id, "DeleteDisk", "10.1.2.3").await;
    assert_eq!((&reply["allowed"], &reply["resources"]), (&json!(true), &json!([])));
    assert_eq!(server.status_of(&disk).await, "Available");
    for (body, status) in [
        (json!({ "key": "nobody", "action": "DeleteDisk" }), 404),
        (json!({ "key": key, "action": "DropDisk" }), 404),
        (json!({ "action": "DropDisk" }), 400),
    ] {
        let (told_status, reply) = server.try_control("POST", "/explain", &body.to_string()).await;
        assert_eq!(told_status, status, "{reply}");
    }
}

#[tokio::test]
async fn requests_that_make_something_are_about_its_kind_and_what_they_name() {
    let mut server = TestServer::new().await;
    let disk = server.available_disk().await;
    let mut limited = server
        .limited_key(json!([
            { "Effect": "Allow", "Action": "*", "Resource": ["acs:ecs:*:*:disk/*", "acs:vpc:*:*:vpc/*"] },
        ]))
        .await;
    let snapshot = [("DiskId", disk.as_str())];
    let answer = server.call_as(&mut limited, "CreateSnapshot", &snapshot).await;
    assert_eq!(answer.refusal(), (403, "Forbidden.RAM"), "a snapshot is made as well");
    let vpc = [("RegionId", REGION), ("VpcName", "made")];
    let answer = server.call_as(&mut limited, "Vpc.CreateVpc", &vpc).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let made = answer.text_at("VpcId");
    let listed = [("RegionId", REGION), ("VpcId", made.as_str())];
    let answer = server.call_as(&mut limited, "Vpc.DescribeVSwitches", &listed).await;
    assert_eq!(answer.refusal(), (403, "Forbidden.RAM"), "vSwitches are listed, not the VPC");
    let answer = server.call_as(&mut limited, "Vpc.DescribeVpcs", &listed).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}
