//! Actions of the other products that clients of ECS call.

use serde_json::json;

use crate::harness::{ACCOUNT, Style, TestServer};

#[tokio::test]
async fn get_caller_identity_tells_the_account_of_the_key() {
    let mut server = TestServer::new().await;
    let caller = server.ok("Sts.GetCallerIdentity", &[]).await;
    assert_eq!(caller.text_at("AccountId"), ACCOUNT);
    assert_eq!(caller.text_at("Arn"), format!("acs:ram::{ACCOUNT}:root"));
    assert_eq!(caller.text_at("IdentityType"), "Account");
    assert_eq!(caller.text_at("UserId"), ACCOUNT);
    assert!(caller.json.get("RoleId").is_none());
    server.become_another_account().await;
    for style in Style::ALL {
        let caller = server.call_in(*style, "Sts.GetCallerIdentity", &[]).await;
        assert_eq!(caller.text_at("AccountId"), "2000000000000002", "{style:?}");
        assert!(!style.xml || caller.text.contains("<GetCallerIdentityResponse>"), "{style:?}");
    }
}

/// The endpoints in an answer of DescribeEndpoints.
async fn endpoints(server: &TestServer, ask: &[(&str, &str)]) -> Vec<String> {
    let path = ("Endpoints", "Endpoint", "Endpoint");
    server.list("Location.DescribeEndpoints", ask, path).await
}

#[tokio::test]
async fn describe_endpoints_answers_this_server_for_every_product_that_is_here() {
    let server = TestServer::new().await;
    let ask = [("Id", "cn-hangzhou"), ("ServiceCode", "ecs"), ("Type", "openAPI")];
    let answer = server.ok("Location.DescribeEndpoints", &ask).await;
    let expected = json!([{
        "Endpoint": "127.0.0.1:5260", "Id": "cn-hangzhou", "Namespace": "", "SerivceCode": "ecs",
        "Type": "openAPI", "Protocols": { "Protocols": ["HTTP", "HTTPS"] },
    }]);
    assert_eq!(answer.json["Endpoints"]["Endpoint"], expected);
    assert_eq!(answer.json["Success"], true);
    for product in ["sts", "location", "resourcemanager", "bssopenapi"] {
        let ask = [("Id", "cn-beijing"), ("ServiceCode", product)];
        assert_eq!(endpoints(&server, &ask).await, ["127.0.0.1:5260"], "{product}");
    }
    for (id, product, kind) in
        [("mars", "ecs", ""), ("cn-beijing", "oss", ""), ("cn-beijing", "ecs", "innerAPI")]
    {
        let ask = [("Id", id), ("ServiceCode", product), ("Type", kind)];
        assert!(endpoints(&server, &ask).await.is_empty(), "{ask:?}");
    }
}

/// A client behind HTTP_PROXY reaches this server by the vendor's names.
#[tokio::test]
async fn describe_endpoints_keeps_a_caller_of_the_vendors_host_at_the_vendors_hosts() {
    let server = TestServer::new().await;
    let now = server.assembly.gateway.services.clock.now();
    for (product, host) in [
        ("ecs", "ecs.cn-beijing.aliyuncs.com"),
        ("resourcemanager", "resourcemanager.aliyuncs.com"),
    ] {
        let ask = [("Id", "cn-beijing"), ("ServiceCode", product)];
        let action = "Location.DescribeEndpoints";
        let mut request = server.signer.sign(Style::default(), action, &ask, now);
        request.headers_mut().insert("host", "location.aliyuncs.com".parse().unwrap());
        let answer = server.send(request).await.unwrap();
        assert_eq!(answer.json["Endpoints"]["Endpoint"][0]["Endpoint"], host);
    }
}

#[tokio::test]
async fn list_resource_groups_shows_the_default_group() {
    let server = TestServer::new().await;
    let path = ("ResourceGroups", "ResourceGroup", "Id");
    let list = async |ask: &[(&str, &str)]| {
        server.list("ResourceManager.ListResourceGroups", ask, path).await
    };
    let answer = server.ok("ResourceManager.ListResourceGroups", &[]).await;
    assert_eq!(answer.json["TotalCount"], 1);
    let group = &answer.json["ResourceGroups"]["ResourceGroup"][0];
    assert_eq!((&group["Name"], &group["Status"]), (&"default".into(), &"OK".into()));
    assert_eq!(group["AccountId"], ACCOUNT);
    let id = group["Id"].as_str().unwrap();
    assert!(id.starts_with("rg-"));
    let same: &[(&str, &str)] =
        &[("Name", "def"), ("Status", "OK"), ("ResourceGroupId", id), ("ResourceGroupIds.1", id)];
    for filter in same {
        assert_eq!(list(&[*filter]).await, [id], "{filter:?}");
    }
    let none: &[(&str, &str)] = &[
        ("Name", "web"),
        ("DisplayName", "web"),
        ("Status", "Creating"),
        ("ResourceGroupId", "rg-none"),
        ("ResourceGroupIds.1", "rg-none"),
        ("Tag.1.Key", "team"),
        ("PageNumber", "2"),
    ];
    for filter in none {
        assert!(list(&[*filter]).await.is_empty(), "{filter:?}");
    }
}

#[tokio::test]
async fn query_available_instances_says_success_and_nothing_more() {
    let server = TestServer::new().await;
    let ask =
        [("ProductCode", "vipcloudfw"), ("SubscriptionType", "Subscription"), ("PageNum", "1")];
    let answer = server.ok("BssOpenApi.QueryAvailableInstances", &ask).await;
    assert_eq!((&answer.json["Code"], &answer.json["Success"]), (&"Success".into(), &true.into()));
    let data = json!({ "PageNum": 1, "PageSize": 20, "TotalCount": 0, "InstanceList": [] });
    assert_eq!(answer.json["Data"], data);
}

#[tokio::test]
async fn action_of_another_product_that_is_not_here_is_named() {
    let server = TestServer::new().await;
    let answer = server.call("Sts.AssumeRoleWithOIDC", &[]).await;
    assert_eq!(answer.refusal(), (404, "InvalidAction.NotFound"));
    let told = "Specified api is not found: AssumeRoleWithOIDC is an action that this server does not have.";
    assert_eq!(answer.message(), told);
    let answer = server.call("Sts.DetachDisk", &[]).await;
    assert_eq!(answer.refusal(), (404, "InvalidAction.NotFound"));
}
