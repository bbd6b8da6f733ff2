//! Security groups: their rules, and the instances that are in them.

mod refusals;

use serde_json::{Value, json};

use crate::harness::{Pairs, REGION, Style, TestServer};

const LIST: (&str, &str, &str) = ("SecurityGroups", "SecurityGroup", "SecurityGroupId");

/// A new group without a VPC.
pub(super) async fn group(world: &TestServer) -> String {
    let ask = [("RegionId", REGION), ("SecurityGroupName", "web")];
    world.ok("CreateSecurityGroup", &ask).await.text_at("SecurityGroupId")
}

/// A group with its rules.
pub(super) async fn shown(world: &TestServer, group: &str) -> Value {
    let ask = [("RegionId", REGION), ("SecurityGroupId", group)];
    world.ok("DescribeSecurityGroupAttribute", &ask).await.json
}

fn rules(shown: &Value) -> &Vec<Value> {
    shown["Permissions"]["Permission"].as_array().unwrap()
}

#[tokio::test]
async fn create_security_group_is_shown_with_its_vpc_and_tags() {
    let mut world = TestServer::new().await;
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
    let id = world.ok("CreateSecurityGroup", &ask).await.text_at("SecurityGroupId");
    let other = group(&world).await;
    let all = world.ok("DescribeSecurityGroups", &[("RegionId", REGION)]).await;
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
        let mut found = world
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
    let one =
        world.ok("DescribeSecurityGroups", &[("RegionId", REGION), ("SecurityGroupId", &id)]).await;
    let one = &one.json["SecurityGroups"]["SecurityGroup"][0];
    assert_eq!(one["Tags"]["Tag"], json!([{ "TagKey": "team", "TagValue": "storage" }]));
    assert_eq!((&one["SecurityGroupType"], &one["EcsCount"]), (&"enterprise".into(), &0.into()));
    assert_eq!(shown(&world, &id).await["InnerAccessPolicy"], "Drop");
    assert_eq!(shown(&world, &other).await["InnerAccessPolicy"], "Accept");
    let rename =
        [("RegionId", REGION), ("SecurityGroupId", id.as_str()), ("SecurityGroupName", "db")];
    world.ok("ModifySecurityGroupAttribute", &rename).await;
    let describe = [rename[0], rename[1], ("Description", "the store")];
    world.ok("ModifySecurityGroupAttribute", &describe).await;
    let after = shown(&world, &id).await;
    assert_eq!(
        (&after["SecurityGroupName"], &after["Description"]),
        (&"db".into(), &"the store".into())
    );
    world.become_another_account().await;
    assert!(world.list("DescribeSecurityGroups", &[("RegionId", REGION)], LIST).await.is_empty());
}

#[tokio::test]
async fn authorize_security_group_adds_rules_once_and_revoke_takes_them_away() {
    let world = TestServer::new().await;
    let (id, other) = (group(&world).await, group(&world).await);
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
        world.ok("AuthorizeSecurityGroup", &ssh).await;
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
    world.ok("AuthorizeSecurityGroup", &[&target[..], &list].concat()).await;
    let out = [
        ("IpProtocol", "all"),
        ("PortRange", "-1/-1"),
        ("DestGroupId", "sg-of-another"),
        ("DestGroupOwnerId", "5"),
    ];
    world.ok("AuthorizeSecurityGroupEgress", &[&target[..], &out].concat()).await;
    let world = world.restart().await;
    check_shown(&world, &id).await;
    let refused = (403, "DependencyViolation");
    let by_other = [("RegionId", REGION), ("SecurityGroupId", other.as_str())];
    world.turns_down("DeleteSecurityGroup", &by_other, refused).await;
    let revoked = [&target[..], &list].concat();
    revoke_all(&world, &id, &ssh, &revoked).await;
    world.ok("DeleteSecurityGroup", &by_other).await;
    let answer = world.call_in(Style::XML, "DescribeSecurityGroupAttribute", &target).await;
    assert!(answer.text.contains("<Permissions></Permissions>"), "{}", answer.text);
}

/// The rules are shown, the weakest last, and found by their way and side.
async fn check_shown(world: &TestServer, id: &str) {
    let all = shown(world, id).await;
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
        let json = world.ok("DescribeSecurityGroupAttribute", &ask).await.json;
        assert_eq!(rules(&json).len(), count, "{name} {value}");
    }
}

/// Rules are revoked by their description, also again, and by their ids.
async fn revoke_all(world: &TestServer, id: &str, one: Pairs<'_>, list: Pairs<'_>) {
    let target = [("RegionId", REGION), ("SecurityGroupId", id)];
    for ask in [one, list, one] {
        world.ok("RevokeSecurityGroup", ask).await;
    }
    let left = shown(world, id).await;
    assert_eq!(rules(&left).len(), 1);
    let rule = rules(&left)[0]["SecurityGroupRuleId"].as_str().unwrap();
    let named = [target[0], target[1], ("SecurityGroupRuleId.1", rule)];
    let refused = (404, "InvalidSecurityGroupRuleId.NotFound");
    world.turns_down("RevokeSecurityGroup", &named, refused).await;
    world.ok("RevokeSecurityGroupEgress", &named).await;
    assert!(rules(&shown(world, id).await).is_empty());
}

#[tokio::test]
async fn join_security_group_and_leave_change_the_groups_of_an_instance() {
    let world = TestServer::new().await;
    let (one, other) = (group(&world).await, group(&world).await);
    let instance = world.run_one(&[("SecurityGroupId", Some(one.as_str()))]).await;
    let pair = |group| [("InstanceId", instance.as_str()), ("SecurityGroupId", group)];
    world.ok("JoinSecurityGroup", &pair(other.as_str())).await;
    let groups = world.show(&instance).await["SecurityGroupIds"]["SecurityGroupId"].clone();
    assert_eq!(groups, json!([one, other]));
    let instances = ("Instances", "Instance", "InstanceId");
    let of = [("RegionId", REGION), ("SecurityGroupId", other.as_str())];
    assert_eq!(world.list("DescribeInstances", &of, instances).await, [instance.as_str()]);
    let counted = world.ok("DescribeSecurityGroups", &of).await;
    assert_eq!(counted.json["SecurityGroups"]["SecurityGroup"][0]["EcsCount"], 1);
    world.turns_down("DeleteSecurityGroup", &of, (403, "DependencyViolation")).await;
    let again = (403, "InvalidInstanceId.AlreadyExists");
    world.turns_down("JoinSecurityGroup", &pair(&other), again).await;
    world.ok("LeaveSecurityGroup", &pair(&one)).await;
    world.turns_down("LeaveSecurityGroup", &pair(&one), (403, "InstanceNotInSecurityGroup")).await;
    world.turns_down("LeaveSecurityGroup", &pair(&other), (403, "InstanceLastSecurityGroup")).await;
    world.ok("DeleteSecurityGroup", &[("RegionId", REGION), ("SecurityGroupId", &one)]).await;
}
