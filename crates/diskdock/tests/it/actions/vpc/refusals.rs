//! Refusals of the actions on VPCs and vSwitches.

use super::{vpc, vswitch};
use crate::harness::{Pairs, REGION, Refused, TestServer, ZONE};

async fn all_refused(server: &TestServer, action: &str, base: Pairs<'_>, cases: &[Refused<'_>]) {
    for (pairs, status, code) in cases {
        let kept = base.iter().filter(|(name, _)| pairs.iter().all(|(other, _)| other != name));
        let ask: Vec<_> = kept.chain(pairs.iter()).copied().collect();
        server.expect_code(action, &ask, (*status, code)).await;
    }
}

const SAME_KEYS: Pairs<'_> = &[("Tag.1.Key", "team"), ("Tag.2.Key", "team")];
const NO_KEY: Pairs<'_> = &[("Tag.1.Value", "storage")];

fn many_tags() -> Vec<(String, String)> {
    (1..=21).map(|n| (format!("Tag.{n}.Key"), format!("key-{n}"))).collect()
}

#[tokio::test]
async fn create_vpc_refuses_what_is_not_valid() {
    let server = TestServer::new().await;
    let tags = many_tags();
    let tags: Vec<_> = tags.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    let cases: &[Refused<'_>] = &[
        (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        (&[("CidrBlock", "10.0.0.1/8")], 400, "InvalidParameter"),
        (&[("CidrBlock", "224.0.0.0/8")], 400, "InvalidParameter"),
        (&[("VpcName", "http://x")], 400, "InvalidVpcName.Malformed"),
        (&[("Description", "https://x")], 400, "InvalidVpcDiscription.Malformed"),
        (&[("UserCidr", "1.0.0.0/8,2.0.0.0/8,3.0.0.0/8,4.0.0.0/8")], 400, "InvalidUserCidr.Quota"),
        (&[("UserCidr", "1.0.0.1/8")], 400, "IllegalParam.UserCidr"),
        (&[("UserCidr", "100.64.1.0/24")], 400, "InvalidUserCidr.Malformed"),
        (&[("EnableIpv6", "true")], 400, "OperationUnsupported.Ipv6Feature"),
        (&[("Ipv4IpamPoolId", "ipam-1")], 400, "UnsupportedFeature.Ipam"),
        (&[("Ipv4CidrMask", "16")], 400, "UnsupportedFeature.Ipam"),
        (SAME_KEYS, 400, "Duplicate.TagKey"),
        (NO_KEY, 400, "InvalidTag.Mismatch"),
        (&tags, 400, "InvalidTagCount"),
    ];
    all_refused(&server, "Vpc.CreateVpc", &[("RegionId", REGION)], cases).await;
    for _ in 0..10 {
        vpc(&server, "10.0.0.0/8").await;
    }
    let eleventh: &[Refused<'_>] = &[(&[], 400, "QuotaExceeded.Vpc")];
    all_refused(&server, "Vpc.CreateVpc", &[("RegionId", REGION)], eleventh).await;
}

#[tokio::test]
async fn create_v_switch_refuses_what_is_not_valid() {
    let server = TestServer::new().await;
    let network = vpc(&server, "10.1.0.0/16").await;
    vswitch(&server, &network, "10.1.1.0/24").await;
    let tags = many_tags();
    let tags: Vec<_> = tags.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    let base = [("VpcId", network.as_str()), ("ZoneId", ZONE), ("CidrBlock", "10.1.2.0/24")];
    let cases: &[Refused<'_>] = &[
        (&[("VpcId", "vpc-none")], 404, "InvalidVpcId.NotFound"),
        (&[("RegionId", "cn-beijing")], 404, "InvalidVpcId.NotFound"),
        (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        (&[("ZoneId", "cn-beijing-a")], 404, "InvalidZoneId.NotFound"),
        (&[("CidrBlock", "10.1.2.1/24")], 400, "InvalidCidrBlock.Malformed"),
        (&[("CidrBlock", "10.2.0.0/24")], 400, "IllegalParam.CidrBlock"),
        (&[("CidrBlock", "10.1.2.0/30")], 400, "InvalidCirdrBlock.MaskLength"),
        (&[("CidrBlock", "10.1.1.0/28")], 400, "InvalidCidrBlock.Overlapped"),
        (&[("CidrBlock", "10.1.0.0/16")], 400, "InvalidCidrBlock.Overlapped"),
        (&[("VSwitchName", "http://x")], 400, "InvalidVSwitchName.Malformed"),
        (&[("Description", "http://x")], 400, "InvalidVSwitchDiscription.Malformed"),
        (&[("Ipv6CidrBlock", "12")], 400, "OperationFailed.VpcIpv6Disabled"),
        (SAME_KEYS, 400, "Duplicate.TagKey"),
        (NO_KEY, 400, "InvalidTag.Mismatch"),
        (&tags, 400, "InvalidTagCount"),
    ];
    all_refused(&server, "Vpc.CreateVSwitch", &base, cases).await;
    let pending = server.ok("Vpc.CreateVpc", &[("RegionId", REGION)]).await.text_at("VpcId");
    let ask = [("VpcId", pending.as_str()), ("CidrBlock", "172.16.0.0/24")];
    let cases: &[Refused<'_>] = &[(&ask, 400, "IncorrectVpcStatus")];
    all_refused(&server, "Vpc.CreateVSwitch", &base, cases).await;
    server.expect_code("Vpc.DeleteVpc", &ask[..1], (400, "IncorrectVpcStatus")).await;
}

#[tokio::test]
async fn reads_and_deletions_refuse_what_is_not_there() {
    let server = TestServer::new().await;
    let network = vpc(&server, "10.1.0.0/16").await;
    let ids = vec!["vpc-1"; 21].join(",");
    let tags = many_tags();
    let tags: Vec<_> = tags.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    for action in ["Vpc.DescribeVpcs", "Vpc.DescribeVSwitches", "Vpc.DescribeRouteTableList"] {
        let cases: &[Refused<'_>] = &[
            (&[("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
            (NO_KEY, 400, "InvalidTag.Mismatch"),
            (&tags, 400, "InvalidTagCount"),
        ];
        all_refused(&server, action, &[("RegionId", REGION)], cases).await;
    }
    let cases: &[(&str, Refused<'_>)] = &[
        (
            "Vpc.DescribeVpcs",
            (&[("RegionId", REGION), ("VpcId", &ids)], 400, "InvalidVpcIdNumber.NotSupported"),
        ),
        ("Vpc.DescribeVSwitches", (&[], 400, "MissingParameter")),
        (
            "Vpc.DescribeVpcAttribute",
            (&[("RegionId", REGION), ("VpcId", "vpc-1")], 404, "InvalidVpcId.NotFound"),
        ),
        (
            "Vpc.DescribeVpcAttribute",
            (&[("RegionId", "mars"), ("VpcId", &network)], 404, "InvalidRegionId.NotFound"),
        ),
        (
            "Vpc.DescribeVSwitchAttributes",
            (&[("VSwitchId", "vsw-1")], 404, "InvalidVSwitchId.NotFound"),
        ),
        (
            "Vpc.DescribeVSwitchAttributes",
            (&[("VSwitchId", "vsw-1"), ("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        ),
        ("Vpc.DeleteVpc", (&[("VpcId", "vpc-1")], 404, "InvalidVpcId.NotFound")),
        (
            "Vpc.DeleteVpc",
            (&[("VpcId", &network), ("RegionId", "cn-beijing")], 404, "InvalidVpcId.NotFound"),
        ),
        (
            "Vpc.DeleteVpc",
            (&[("VpcId", &network), ("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        ),
        ("Vpc.DeleteVSwitch", (&[("VSwitchId", "vsw-1")], 404, "InvalidVSwitchId.NotFound")),
        (
            "Vpc.DeleteVSwitch",
            (&[("VSwitchId", "vsw-1"), ("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        ),
    ];
    for (action, (pairs, status, code)) in cases {
        server.expect_code(action, pairs, (*status, code)).await;
    }
    let ask = [("VpcId", network.as_str()), ("ZoneId", ZONE), ("CidrBlock", "10.1.0.0/24")];
    let pending = server.ok("Vpc.CreateVSwitch", &ask).await.text_at("VSwitchId");
    let refused = (400, "IncorrectVSwitchStatus");
    server.expect_code("Vpc.DeleteVSwitch", &[("VSwitchId", &pending)], refused).await;
}

#[tokio::test]
async fn client_tokens_of_networks_answer_as_before() {
    let server = TestServer::new().await;
    let ask = |range| [("RegionId", REGION), ("CidrBlock", range), ("ClientToken", "vpc-1")];
    let first = server.ok("Vpc.CreateVpc", &ask("10.0.0.0/8")).await.text_at("VpcId");
    assert_eq!(server.ok("Vpc.CreateVpc", &ask("10.0.0.0/8")).await.text_at("VpcId"), first);
    let mismatch = (400, "IdempotentParameterMismatch");
    server.expect_code("Vpc.CreateVpc", &ask("10.0.0.0/16"), mismatch).await;
    server.drain().await;
    let ask = |range| {
        let place = [("VpcId", first.as_str()), ("ZoneId", ZONE)];
        [place[0], place[1], ("CidrBlock", range), ("ClientToken", "vsw-1")]
    };
    server.ok("Vpc.CreateVSwitch", &ask("10.0.0.0/24")).await;
    let mismatch = (400, "Duplicated.ClientToken");
    server.expect_code("Vpc.CreateVSwitch", &ask("10.0.1.0/24"), mismatch).await;
    let other = vpc(&server, "10.0.0.0/8").await;
    server.ok("Vpc.DeleteVpc", &[("VpcId", &other), ("ClientToken", "delete-1")]).await;
    let again = [("VpcId", first.as_str()), ("ClientToken", "delete-1")];
    server.expect_code("Vpc.DeleteVpc", &again, (400, "IdempotentParameterMismatch")).await;
}
