//! Security groups: their rules, and the instances that are in them.

mod refusals;

use serde_json::{Value, json};

use crate::harness::{Pairs, REGION, Style, TestServer};

const LIST: (&str, &str, &str) = ("SecurityGroups", "SecurityGroup", "SecurityGroupId");

/// A new group without a VPC.
pub(super) async fn group(server: &TestServer) -> String {
    let ask = [("RegionId", REGION), ("SecurityGroupName", "web")];
    server.ok("CreateSecurityGroup", &ask).await.text_at("SecurityGroupId")
}

/// A group with its rules.
pub(super) async fn shown(server: &TestServer, group: &str) -> Value {
    let ask = [("RegionId", REGION), ("SecurityGroupId", group)];
    server.ok("DescribeSecurityGroupAttribute", &ask).await.json
}

fn rules(shown: &Value) -> &Vec<Value> {
    shown["Permissions"]["Permission"].as_array().unwrap()
}

#[tokio::test]
async fn create_security_group_is_shown_with_its_vpc_and_tags() {
    let mut server = TestServer::new().await;
    let ask = [
        ("RegionId", REGION),
        ("SecurityGroupName", "web"),
        ("Description", "the web"),
        ("VpcId", "vpc-of-the-cloud"),
        ("SecurityGroupType", "enterprise"),
        ("ResourceGroupId", "rg-1"),
        ("Tag.1.Key", "team"),
        ("Tag.1.Value", "storage"),
    ];
    let id = server.ok("CreateSecurityGroup", &ask).await.text_at("SecurityGroupId");
    let other = group(&server).await;
    let all = server.ok("DescribeSecurityGroups", &[("RegionId", REGION)]).await;
    assert_eq!(all.json["TotalCount"], 2);
    let ids = format!("[\"{id}\",\"sg-none\"]");
    let cases: &[(&str, &str, &[&str])] = &[
        ("SecurityGroupId", &id, &[&id]),
        ("SecurityGroupIds", &ids, &[&id]),
        ("SecurityGroupName", "w*", &[&other, &id]),
        ("SecurityGroupName", "db", &[]),
        ("SecurityGroupType", "normal", &[&other]),
        ("VpcId", "vpc-of-the-cloud", &[&id]),
        ("NetworkType", "vpc", &[&id]),
        ("NetworkType", "classic", &[&other]),
        ("ResourceGroupId", "rg-1", &[&id]),
        ("Tag.1.Key", "team", &[&id]),
        ("ServiceManaged", "true", &[]),
        ("MaxResults", "1", &[&other]),
    ];
    for (name, value, expected) in cases {
        let mut found = server
            .list("DescribeSecurityGroups", &[("RegionId", REGION), (name, value)], LIST)
            .await;
        let mut expected = expected.to_vec();
        if found.len() > 1 {
            found.sort();
            expected.sort_unstable();
        }
        if *name != "MaxResults" {
            assert_eq!(found, expected, "{name} {value}");
        }
        assert_eq!(found.len(), expected.len(), "{name} {value}");
    }
    let one = server
        .ok("DescribeSecurityGroups", &[("RegionId", REGION), ("SecurityGroupId", &id)])
        .await;
    let one = &one.json["SecurityGroups"]["SecurityGroup"][0];
    assert_eq!(one["Tags"]["Tag"], json!([{ "TagKey": "team", "TagValue": "storage" }]));
    assert_eq!((&one["SecurityGroupType"], &one["EcsCount"]), (&"enterprise".into(), &0.into()));
    assert_eq!(shown(&server, &id).await["InnerAccessPolicy"], "Drop");
    assert_eq!(shown(&server, &other).await["InnerAccessPolicy"], "Accept");
    let rename =
        [("RegionId", REGION), ("SecurityGroupId", id.as_str()), ("SecurityGroupName", "db")];
    server.ok("ModifySecurityGroupAttribute", &rename).await;
    let describe = [rename[0], rename[1], ("Description", "the store")];
    server.ok("ModifySecurityGroupAttribute", &describe).await;
    let after = shown(&server, &id).await;
    assert_eq!(
        (&after["SecurityGroupName"], &after["Description"]),
        (&"db".into(), &"the store".into())
    );
    server.become_another_account().await;
    assert!(server.list("DescribeSecurityGroups", &[("RegionId", REGION)], LIST).await.is_empty());
}

#[tokio::test]
async fn authorize_security_group_adds_rules_once_and_revoke_takes_them_away() {
    let server = TestServer::new().await;
    let (id, other) = (group(&server).await, group(&server).await);
    let target = [("RegionId", REGION), ("SecurityGroupId", id.as_str())];
    let ssh = [
        ("IpProtocol", "tcp"),
        ("PortRange", "22/22"),
        ("SourceCidrIp", "10.0.0.0/8"),
        ("Policy", "Drop"),
        ("Priority", "5"),
        ("Description", "ssh"),
    ];
    let ssh = [&target[..], &ssh].concat();
    for _ in 0..2 {
        server.ok("AuthorizeSecurityGroup", &ssh).await;
    }
    let list = [
        ("Permissions.1.IpProtocol", "ICMP"),
        ("Permissions.1.PortRange", "-1/-1"),
        ("Permissions.1.Ipv6SourceCidrIp", "2001:db8::/32"),
        ("Permissions.2.IpProtocol", "udp"),
        ("Permissions.2.PortRange", "53/53"),
        ("Permissions.2.SourcePortRange", "1024/65535"),
        ("Permissions.2.SourceGroupId", other.as_str()),
    ];
    server.ok("AuthorizeSecurityGroup", &[&target[..], &list].concat()).await;
    let out = [
        ("IpProtocol", "all"),
        ("PortRange", "-1/-1"),
        ("DestGroupId", "sg-of-another"),
        ("DestGroupOwnerId", "5"),
    ];
    server.ok("AuthorizeSecurityGroupEgress", &[&target[..], &out].concat()).await;
    let server = server.restart().await;
    check_shown(&server, &id).await;
    let refused = (403, "DependencyViolation");
    let by_other = [("RegionId", REGION), ("SecurityGroupId", other.as_str())];
    server.expect_code("DeleteSecurityGroup", &by_other, refused).await;
    let revoked = [&target[..], &list].concat();
    revoke_all(&server, &id, &ssh, &revoked).await;
    server.ok("DeleteSecurityGroup", &by_other).await;
    let answer = server.call_in(Style::XML, "DescribeSecurityGroupAttribute", &target).await;
    assert!(answer.text.contains("<Permissions></Permissions>"), "{}", answer.text);
}

/// The rules are shown, the weakest last, and found by their way and side.
async fn check_shown(server: &TestServer, id: &str) {
    let all = shown(server, id).await;
    assert_eq!(rules(&all).len(), 4);
    let last = &rules(&all)[3];
    let expected = [
        ("IpProtocol", "TCP"),
        ("PortRange", "22/22"),
        ("SourceCidrIp", "10.0.0.0/8"),
        ("DestCidrIp", ""),
        ("Policy", "Drop"),
        ("Priority", "5"),
        ("Direction", "ingress"),
        ("NicType", "internet"),
        ("Description", "ssh"),
    ];
    for (name, value) in expected {
        assert_eq!(last[name], value, "{name}");
    }
    for (name, value, count) in [
        ("Direction", "egress", 1),
        ("Direction", "ingress", 3),
        ("Direction", "all", 4),
        ("NicType", "intranet", 0),
        ("NicType", "internet", 4),
        ("NextToken", "3", 1),
    ] {
        let ask = [("RegionId", REGION), ("SecurityGroupId", id), (name, value)];
        let json = server.ok("DescribeSecurityGroupAttribute", &ask).await.json;
        assert_eq!(rules(&json).len(), count, "{name} {value}");
    }
}

/// Rules are revoked by their description, also again, and by their ids.
async fn revoke_all(server: &TestServer, id: &str, one: Pairs<'_>, list: Pairs<'_>) {
    let target = [("RegionId", REGION), ("SecurityGroupId", id)];
    for ask in [one, list, one] {
        server.ok("RevokeSecurityGroup", ask).await;
    }
    let left = shown(server, id).await;
    assert_eq!(rules(&left).len(), 1);
    let rule = rules(&left)[0]["SecurityGroupRuleId"].as_str().unwrap();
    let named = [target[0], target[1], ("SecurityGroupRuleId.1", rule)];
    let refused = (404, "InvalidSecurityGroupRuleId.NotFound");
    server.expect_code("RevokeSecurityGroup", &named, refused).await;
    server.ok("RevokeSecurityGroupEgress", &named).await;
    assert!(rules(&shown(server, id).await).is_empty());
}

#[tokio::test]
async fn join_security_group_and_leave_change_the_groups_of_an_instance() {
    let server = TestServer::new().await;
    let (one, other) = (group(&server).await, group(&server).await);
    let instance = server.run_one(&[("SecurityGroupId", Some(one.as_str()))]).await;
    let pair = |group| [("InstanceId", instance.as_str()), ("SecurityGroupId", group)];
    server.ok("JoinSecurityGroup", &pair(other.as_str())).await;
    let groups = server.show(&instance).await["SecurityGroupIds"]["SecurityGroupId"].clone();
    assert_eq!(groups, json!([one, other]));
    let instances = ("Instances", "Instance", "InstanceId");
    let of = [("RegionId", REGION), ("SecurityGroupId", other.as_str())];
    assert_eq!(server.list("DescribeInstances", &of, instances).await, [instance.as_str()]);
    let counted = server.ok("DescribeSecurityGroups", &of).await;
    assert_eq!(counted.json["SecurityGroups"]["SecurityGroup"][0]["EcsCount"], 1);
    server.expect_code("DeleteSecurityGroup", &of, (403, "DependencyViolation")).await;
    let again = (403, "InvalidInstanceId.AlreadyExists");
    server.expect_code("JoinSecurityGroup", &pair(&other), again).await;
    server.ok("LeaveSecurityGroup", &pair(&one)).await;
    server
        .expect_code("LeaveSecurityGroup", &pair(&one), (403, "InstanceNotInSecurityGroup"))
        .await;
    server
        .expect_code("LeaveSecurityGroup", &pair(&other), (403, "InstanceLastSecurityGroup"))
        .await;
    server.ok("DeleteSecurityGroup", &[("RegionId", REGION), ("SecurityGroupId", &one)]).await;
}
