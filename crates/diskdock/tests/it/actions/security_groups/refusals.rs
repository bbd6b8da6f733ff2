//! Refusals of the actions on security groups.

use domain::{InstanceStatus, LockReason};

use super::group;
use crate::harness::{Pairs, REGION, Refused, TestServer};

async fn all_refused(server: &TestServer, action: &str, base: Pairs<'_>, cases: &[Refused<'_>]) {
    for (pairs, status, code) in cases {
        let kept = base.iter().filter(|(name, _)| pairs.iter().all(|(other, _)| other != name));
        let ask: Vec<_> = kept.chain(pairs.iter()).copied().collect();
        server.expect_code(action, &ask, (*status, code)).await;
    }
}

#[tokio::test]
async fn create_security_group_refuses_what_is_not_valid() {
    let server = TestServer::new().await;
    let tags: Vec<_> = (1..=21).map(|n| (format!("Tag.{n}.Key"), format!("key-{n}"))).collect();
    let tags: Vec<_> = tags.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    let pending = server.ok("Vpc.CreateVpc", &[("RegionId", REGION)]).await.text_at("VpcId");
    let elsewhere =
        server.ok("Vpc.CreateVpc", &[("RegionId", "cn-beijing")]).await.text_at("VpcId");
    let cases: &[Refused<'_>] = &[
        (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        (&[("SecurityGroupName", "1")], 400, "InvalidSecurityGroupName.Malformed"),
        (&[("Description", "http://x")], 400, "InvalidSecurityGroupDiscription.Malformed"),
        (&[("SecurityGroupType", "large")], 400, "InvalidParams.GroupType"),
        (&[("SecurityGroupType", "enterprise")], 400, "InvalidParams.VpcIdGroupType"),
        (&[("VpcId", &pending)], 400, "IncorrectVpcStatus"),
        (&[("VpcId", &elsewhere)], 404, "InvalidVpcId.NotFound"),
        (&[("Tag.1.Key", "team"), ("Tag.2.Key", "team")], 400, "Duplicate.TagKey"),
        (&[("Tag.1.Value", "storage")], 400, "InvalidTag.Mismatch"),
        (&tags, 400, "InvalidTagCount"),
    ];
    all_refused(&server, "CreateSecurityGroup", &[("RegionId", REGION)], cases).await;
    let ask = |name| [("RegionId", REGION), ("SecurityGroupName", name), ("ClientToken", "sg-1")];
    server.ok("CreateSecurityGroup", &ask("web")).await;
    let mismatch = (400, "IdempotentParameterMismatch");
    server.expect_code("CreateSecurityGroup", &ask("other"), mismatch).await;
    for _ in 1..100 {
        group(&server).await;
    }
    let full: &[Refused<'_>] = &[(&[], 403, "QuotaExceed.SecurityGroup")];
    all_refused(&server, "CreateSecurityGroup", &[("RegionId", REGION)], full).await;
}

#[tokio::test]
async fn reads_and_changes_of_groups_refuse_what_is_not_there() {
    let server = TestServer::new().await;
    let id = group(&server).await;
    let target = [("RegionId", REGION), ("SecurityGroupId", id.as_str())];
    let unknown = "InvalidSecurityGroupId.NotFound";
    let of_group: &[(&str, &str)] = &[
        ("DescribeSecurityGroupAttribute", unknown),
        ("ModifySecurityGroupAttribute", unknown),
        ("DeleteSecurityGroup", "InvalidSecurityGroup.NotFound"),
    ];
    for (action, code) in of_group {
        let cases: &[Refused<'_>] = &[
            (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
            (&[("RegionId", "cn-beijing")], 404, code),
            (&[("SecurityGroupId", "sg-none")], 404, code),
        ];
        all_refused(&server, action, &target, cases).await;
    }
    let cases: &[Refused<'_>] = &[
        (&[], 400, "InvalidParameter"),
        (&[("SecurityGroupName", "1")], 400, "InvalidSecurityGroupName.Malformed"),
        (&[("Description", "http://x")], 400, "InvalidSecurityGroupDiscription.Malformed"),
    ];
    all_refused(&server, "ModifySecurityGroupAttribute", &target, cases).await;
    let cases: &[Refused<'_>] = &[
        (&[("NicType", "both")], 400, "InvalidNicType.ValueNotSupported"),
        (&[("NextToken", "next")], 400, "InvalidParameter"),
    ];
    all_refused(&server, "DescribeSecurityGroupAttribute", &target, cases).await;
    let tags: Vec<_> = (1..=21).map(|n| (format!("Tag.{n}.Key"), format!("key-{n}"))).collect();
    let tags: Vec<_> = tags.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    let cases: &[Refused<'_>] = &[
        (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        (&[("NextToken", "next")], 400, "InValidParameter.NextToken"),
        (&[("SecurityGroupType", "large")], 400, "InvalidParameter.SecurityGroupType"),
        (&[("Tag.1.Value", "storage")], 400, "InvalidTag.Mismatch"),
        (&tags, 400, "InvalidTagCount"),
    ];
    all_refused(&server, "DescribeSecurityGroups", &target[..1], cases).await;
}

const RULE: Pairs<'_> = &[("IpProtocol", "tcp"), ("PortRange", "22/22")];

/// The refusals that all four actions on rules have; `end` is the end that the action asks for.
async fn rules_refused(server: &TestServer, action: &str, group: &str, end: &str, missing: &str) {
    let base = [&[("RegionId", REGION), ("SecurityGroupId", group), (end, "10.0.0.0/8")], RULE];
    let base = base.concat();
    let list = if end == "SourceCidrIp" { "SourcePrefixListId" } else { "DestPrefixListId" };
    let without = |name: &str| -> Vec<_> {
        base.iter().filter(|(other, _)| *other != name).copied().collect()
    };
    let cases: &[Refused<'_>] = &[
        (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        (&[("SecurityGroupId", "sg-none")], 404, "InvalidSecurityGroupId.NotFound"),
        (&[("IpProtocol", "sctp")], 400, "InvalidIpProtocol.ValueNotSupported"),
        (&[("PortRange", "22")], 400, "InvalidParam.PortRange"),
        (&[("SourcePortRange", "0/1")], 400, "InvalidParam.PortRange"),
        (&[("IpProtocol", "icmp")], 400, "InvalidIpProtocol.Malformed"),
        (&[("SourceCidrIp", "10.0.0.0/33")], 400, "InvalidSourceCidrIp.Malformed"),
        (&[("DestCidrIp", "10.0.0.0/33")], 400, "InvalidDestCidrIp.Malformed"),
        (&[("Ipv6SourceCidrIp", "x")], 400, "InvalidParam.Ipv6SourceCidrIp"),
        (&[("Ipv6DestCidrIp", "x")], 400, "InvalidParam.Ipv6DestCidrIp"),
        (
            &[("SourceCidrIp", "10.0.0.0/8"), ("Ipv6SourceCidrIp", "::/0")],
            400,
            "InvalidParam.SourceIp",
        ),
        (&[("DestCidrIp", "10.0.0.0/8"), ("Ipv6DestCidrIp", "::/0")], 400, "InvalidParam.DestIp"),
        (&[("Priority", "101")], 400, "InvalidPriority.ValueNotSupported"),
        (&[("Policy", "maybe")], 400, "InvalidPolicy.Malformed"),
        (&[("NicType", "both")], 400, "InvalidNicType.ValueNotSupported"),
        (&[("Description", "http://x")], 400, "InvalidSecurityGroupDiscription.Malformed"),
        (
            &[
                ("Permissions.1.IpProtocol", "tcp"),
                ("Permissions.1.PortRange", "80/80"),
                ("Permissions.1.SourceCidrIp", "10.0.0.0/8"),
                ("Permissions.1.DestCidrIp", "10.0.0.0/8"),
            ],
            400,
            "InvalidParam.Permissions",
        ),
    ];
    all_refused(server, action, &base, cases).await;
    let ported = without("PortRange");
    server.expect_code(action, &ported, (400, "InvalidPortRange.Malformed")).await;
    let mut bare = without(end);
    server.expect_code(action, &bare, (400, missing)).await;
    bare.push((list, "pl-1"));
    server.expect_code(action, &bare, (404, "InvalidPrefixListId.NotFound")).await;
    let mut twice = vec![("RegionId", REGION), ("SecurityGroupId", group)];
    for (name, value) in [
        ("Permissions.1.IpProtocol", "tcp"),
        ("Permissions.1.PortRange", "80/80"),
        ("Permissions.1.SourceCidrIp", "10.0.0.0/8"),
        ("Permissions.1.DestCidrIp", "10.0.0.0/8"),
        ("Permissions.2.IpProtocol", "tcp"),
        ("Permissions.2.PortRange", "80/80"),
        ("Permissions.2.SourceCidrIp", "10.0.0.0/8"),
        ("Permissions.2.DestCidrIp", "10.0.0.0/8"),
    ] {
        twice.push((name, value));
    }
    server.expect_code(action, &twice, (400, "InvalidParam.DuplicatePermissions")).await;
}

#[tokio::test]
async fn actions_on_rules_refuse_what_makes_no_rule() {
    let server = TestServer::new().await;
    let id = group(&server).await;
    for (action, end, missing) in [
        ("AuthorizeSecurityGroup", "SourceCidrIp", "MissingParameter.Source"),
        ("AuthorizeSecurityGroupEgress", "DestCidrIp", "MissingParameter.Dest"),
        ("RevokeSecurityGroup", "SourceCidrIp", "MissingParameter.Source"),
        ("RevokeSecurityGroupEgress", "DestCidrIp", "MissingParameter.Dest"),
    ] {
        rules_refused(&server, action, &id, end, missing).await;
        let base = [&[("RegionId", REGION), ("SecurityGroupId", id.as_str())], RULE].concat();
        let token = [&base[..], &[(end, "10.0.0.0/8"), ("ClientToken", action)]].concat();
        server.ok(action, &token).await;
        let other = [&token[..], &[("Priority", "7")]].concat();
        server.expect_code(action, &other, (400, "IdempotentParameterMismatch")).await;
    }
    for action in ["RevokeSecurityGroup", "RevokeSecurityGroupEgress"] {
        let named = [
            ("RegionId", REGION),
            ("SecurityGroupId", id.as_str()),
            ("SecurityGroupRuleId.1", "sgr-1"),
        ];
        server.expect_code(action, &named, (404, "InvalidSecurityGroupRuleId.NotFound")).await;
        let twice = [&named[..], &[("SecurityGroupRuleId.2", "sgr-1")]].concat();
        server.expect_code(action, &twice, (400, "InvalidParam.SecurityGroupRuleIdRepeated")).await;
    }
}

#[tokio::test]
async fn authorize_security_group_refuses_groups_elsewhere_and_too_many_rules() {
    let server = TestServer::new().await;
    let id = group(&server).await;
    let vpc = [("RegionId", REGION), ("VpcId", "vpc-1")];
    let other = server.ok("CreateSecurityGroup", &vpc).await.text_at("SecurityGroupId");
    for (action, parameter, end, unknown, elsewhere) in [
        (
            "AuthorizeSecurityGroup",
            "SourceGroupId",
            "SourceCidrIp",
            "InvalidSourceGroupId.NotFound",
            "InvalidSourceGroupId.Mismatch",
        ),
        (
            "AuthorizeSecurityGroupEgress",
            "DestGroupId",
            "DestCidrIp",
            "InvalidDestGroupId.NotFound",
            "InvalidDestGroupId.Mismatch",
        ),
    ] {
        let base = [&[("RegionId", REGION), ("SecurityGroupId", id.as_str())], RULE].concat();
        let cases: &[Refused<'_>] =
            &[(&[(parameter, "sg-none")], 404, unknown), (&[(parameter, &other)], 400, elsewhere)];
        all_refused(&server, action, &base, cases).await;
        let full = group(&server).await;
        for part in 0..2 {
            let mut ask = vec![
                ("RegionId".to_owned(), REGION.to_owned()),
                ("SecurityGroupId".to_owned(), full.clone()),
            ];
            for number in 1..=100 {
                let name = |member: &str| format!("Permissions.{number}.{member}");
                ask.push((name("IpProtocol"), "tcp".to_owned()));
                ask.push((name("PortRange"), format!("1/{}", part * 100 + number)));
                ask.push((name(end), "10.0.0.0/8".to_owned()));
            }
            let ask: Vec<_> = ask.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            server.ok(action, &ask).await;
        }
        let more = [&[("RegionId", REGION), ("SecurityGroupId", full.as_str())], RULE].concat();
        let more = [&more[..], &[(end, "10.0.0.0/8")]].concat();
        server.expect_code(action, &more, (403, "AuthorizationLimitExceed")).await;
    }
}

#[tokio::test]
async fn join_and_leave_refuse_what_does_not_fit() {
    let server = TestServer::new().await;
    let id = group(&server).await;
    let vpc = [("RegionId", REGION), ("VpcId", "vpc-1")];
    let of_vpc = server.ok("CreateSecurityGroup", &vpc).await.text_at("SecurityGroupId");
    let instance = server.run_one(&[]).await;
    let base = [("InstanceId", instance.as_str()), ("SecurityGroupId", id.as_str())];
    for action in ["JoinSecurityGroup", "LeaveSecurityGroup"] {
        let cases: &[Refused<'_>] = &[
            (&[("InstanceId", "i-none")], 404, "InvalidInstanceId.NotFound"),
            (&[("SecurityGroupId", "sg-none")], 404, "InvalidSecurityGroupId.NotFound"),
            (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
            (&[("NetworkInterfaceId", "eni-1")], 403, "InvalidParam.EniIdAndInstanceId.Conflict"),
        ];
        all_refused(&server, action, &base, cases).await;
        let interface = [("NetworkInterfaceId", "eni-1"), base[1]];
        server.expect_code(action, &interface, (404, "InvalidEniId.NotFound")).await;
    }
    let elsewhere: &[Refused<'_>] =
        &[(&[("SecurityGroupId", &of_vpc)], 400, "InvalidInstanceId.Mismatch")];
    all_refused(&server, "JoinSecurityGroup", &base, elsewhere).await;
    for _ in 0..4 {
        let other = group(&server).await;
        server.ok("JoinSecurityGroup", &[base[0], ("SecurityGroupId", &other)]).await;
    }
    let full = (400, "InstanceSecurityGroupLimitExceeded");
    server.expect_code("JoinSecurityGroup", &base, full).await;
    server.put_in(&instance, InstanceStatus::Starting).await;
    for action in ["JoinSecurityGroup", "LeaveSecurityGroup"] {
        server.expect_code(action, &base, (403, "IncorrectInstanceStatus")).await;
    }
    server.change_instance(&instance, |one| one.locks.push(LockReason::Security)).await;
    for action in ["JoinSecurityGroup", "LeaveSecurityGroup"] {
        server.expect_code(action, &base, (403, "InstanceLockedForSecurity")).await;
    }
}
