//! TagResources, UntagResources, AddTags and RemoveTags.

use serde_json::json;

use crate::harness::{REGION, Refused, TestServer};

/// The tags that DescribeDisks shows, as pairs.
async fn tags(server: &TestServer, disk: &str) -> Vec<(String, String)> {
    let shown = server.describe(disk).await;
    let text = |tag: &serde_json::Value, name: &str| tag[name].as_str().unwrap().to_owned();
    let tags = shown["Tags"]["Tag"].as_array().unwrap().iter();
    tags.map(|tag| (text(tag, "TagKey"), text(tag, "TagValue"))).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

const DISKS: [(&str, &str); 2] = [("RegionId", REGION), ("ResourceType", "disk")];

#[tokio::test]
async fn tag_resources_sets_and_replaces_tags_of_all_that_are_named() {
    let server = TestServer::new().await;
    let (first, second) = (server.available_disk().await, server.available_disk().await);
    let both = [("ResourceId.1", first.as_str()), ("ResourceId.2", second.as_str())];
    let tagged = [("Tag.1.Key", "team"), ("Tag.1.Value", "storage"), ("Tag.2.Key", "tier")];
    let ask = [&DISKS[..], &both, &tagged, &[("Tag.2.Value", "")]].concat();
    server.ok("TagResources", &ask).await;
    for disk in [&first, &second] {
        assert_eq!(tags(&server, disk).await, pairs(&[("team", "storage"), ("tier", "")]));
    }
    let replaced =
        [("ResourceId.1", first.as_str()), ("Tag.1.Key", "team"), ("Tag.1.Value", "web")];
    server.ok("TagResources", &[&DISKS[..], &replaced].concat()).await;
    assert_eq!(tags(&server, &first).await, pairs(&[("team", "web"), ("tier", "")]));
    let found = [("RegionId", REGION), ("Tag.1.Key", "team"), ("Tag.1.Value", "web")];
    let found = server.list("DescribeDisks", &found, ("Disks", "Disk", "DiskId")).await;
    assert_eq!(found, [first]);
}

#[tokio::test]
async fn tag_resources_tags_instances() {
    let server = TestServer::new().await;
    let id = server.running_instance().await;
    let ask = [
        ("RegionId", REGION),
        ("ResourceType", "instance"),
        ("ResourceId.1", id.as_str()),
        ("Tag.1.Key", "team"),
        ("Tag.1.Value", "storage"),
    ];
    server.ok("TagResources", &ask).await;
    let tag = json!([{"TagKey": "team", "TagValue": "storage"}]);
    assert_eq!(server.show(&id).await["Tags"]["Tag"], tag);
    let mut ask = ask;
    ask[3..].copy_from_slice(&[("Tag.1.Key", "diskdock:forward"), ("Tag.1.Value", "no ports")]);
    server.expect_code("TagResources", &ask, (400, "InvalidTagValue.Malformed")).await;
}

#[tokio::test]
async fn untag_resources_takes_off_what_is_named_or_all() {
    let server = TestServer::new().await;
    let tagged = |disk: &mut domain::Disk| {
        let tag = |(key, value)| domain::Tag::new(key, value);
        disk.tags = [("a", "1"), ("b", "2"), ("c", "3"), ("acs:ours", "4")].map(tag).into();
    };
    let disk = server.disk_with(tagged).await;
    let one = [("ResourceId.1", disk.as_str())];
    let named = [("TagKey.1", "a"), ("TagKey.2", "none")];
    server.ok("UntagResources", &[&DISKS[..], &one, &named].concat()).await;
    let left = [("b", "2"), ("c", "3"), ("acs:ours", "4")];
    assert_eq!(tags(&server, &disk).await, pairs(&left));
    server.ok("UntagResources", &[&DISKS[..], &one, &[("All", "true")]].concat()).await;
    assert_eq!(tags(&server, &disk).await, pairs(&[("acs:ours", "4")]));
}

#[tokio::test]
async fn add_tags_and_remove_tags_do_without_a_region() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let one = [("ResourceType", "disk"), ("ResourceId", disk.as_str())];
    let both = [("Tag.1.key", "team"), ("Tag.1.value", "storage"), ("Tag.2.Key", "tier")];
    server.ok("AddTags", &[&one[..], &both].concat()).await;
    assert_eq!(tags(&server, &disk).await, pairs(&[("team", "storage"), ("tier", "")]));
    let other_value = [("Tag.1.Key", "team"), ("Tag.1.Value", "web")];
    server.ok("RemoveTags", &[&one[..], &other_value].concat()).await;
    assert_eq!(tags(&server, &disk).await.len(), 2, "no tag has that value");
    server.ok("RemoveTags", &[&one[..], &[("Tag.1.Key", "team")]].concat()).await;
    assert_eq!(tags(&server, &disk).await, pairs(&[("tier", "")]));
}

/// Parameters that name this many tags.
fn many(count: usize) -> Vec<(String, String)> {
    let key = |n| (format!("Tag.{n}.Key"), format!("key-{n}"));
    let value = |n| (format!("Tag.{n}.Value"), "v".to_owned());
    (1..=count).flat_map(|n| [key(n), value(n)]).collect()
}

fn borrowed(owned: &[(String, String)]) -> Vec<(&str, &str)> {
    owned.iter().map(|(name, value)| (&**name, &**value)).collect()
}

#[tokio::test]
async fn a_resource_has_at_most_20_tags() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let (twenty, more) = (many(20), many(21));
    let several = [&DISKS[..], &[("ResourceId.1", &disk)]].concat();
    let one = [("ResourceType", "disk"), ("ResourceId", disk.as_str())];
    let ask = [&several[..], &borrowed(&more)].concat();
    server.expect_code("TagResources", &ask, (400, "NumberExceed.Tags")).await;
    let ask = [&one[..], &borrowed(&more)].concat();
    server.expect_code("AddTags", &ask, (400, "InvalidTagCount")).await;
    server.ok("TagResources", &[&several[..], &borrowed(&twenty)].concat()).await;
    let another = [("Tag.1.Key", "another"), ("Tag.1.Value", "v")];
    let refused = (400, "OperationDenied.QuotaExceed");
    server.expect_code("TagResources", &[&several[..], &another].concat(), refused).await;
    server.expect_code("AddTags", &[&one[..], &another].concat(), refused).await;
    let same = [("Tag.1.Key", "key-1"), ("Tag.1.Value", "new")];
    server.ok("TagResources", &[&several[..], &same].concat()).await;
}

#[tokio::test]
async fn refusals_of_tag_resources() {
    let mut server = TestServer::new().await;
    let disk = server.available_disk().await;
    let one = ("ResourceId.1", disk.as_str());
    let tag = [("Tag.1.Key", "team"), ("Tag.1.Value", "storage")];
    let cases: &[Refused<'_>] = &[
        (&[one, DISKS[1], tag[0], tag[1]], 404, "MissingParameter.RegionId"),
        (&[one, DISKS[0], tag[0], tag[1]], 404, "MissingParameter.ResourceType"),
        (&[one, DISKS[0], ("ResourceType", "cat"), tag[0]], 404, "InvalidResourceType.NotFound"),
        (&[DISKS[0], DISKS[1], tag[0], tag[1]], 404, "MissingParameter.ResourceIds"),
        (&[one, DISKS[0], DISKS[1]], 404, "MissingParameter.Tags"),
        (&[one, DISKS[0], DISKS[1], tag[0]], 400, "InvalidTag.Mismatch"),
        (&[one, DISKS[0], DISKS[1], tag[1]], 400, "InvalidTag.Mismatch"),
        (
            &[one, DISKS[0], DISKS[1], ("Tag.1.Key", "acs:a"), tag[1]],
            400,
            "InvalidTagKey.Malformed",
        ),
        (
            &[one, DISKS[0], DISKS[1], tag[0], ("Tag.1.Value", "http://x")],
            400,
            "InvalidTagValue.Malformed",
        ),
        (
            &[one, DISKS[0], DISKS[1], tag[0], tag[1], ("Tag.2.Key", "team"), ("Tag.2.Value", "")],
            400,
            "Duplicate.TagKey",
        ),
        (
            &[one, ("RegionId", "cn-beijing"), DISKS[1], tag[0], tag[1]],
            404,
            "InvalidResourceId.NotFound",
        ),
        (
            &[one, ("ResourceId.2", "d-none"), DISKS[0], DISKS[1], tag[0], tag[1]],
            404,
            "InvalidResourceId.NotFound",
        ),
        (
            &[one, DISKS[0], ("ResourceType", "ddh"), tag[0], tag[1]],
            404,
            "InvalidResourceId.NotFound",
        ),
    ];
    for (ask, status, code) in cases {
        server.expect_code("TagResources", ask, (*status, code)).await;
    }
    let ids: Vec<_> = (1..=51).map(|n| (format!("ResourceId.{n}"), disk.clone())).collect();
    let too_many = [&[DISKS[0], DISKS[1]], &borrowed(&ids)[..], &tag].concat();
    server.expect_code("TagResources", &too_many, (400, "NumberExceed.ResourceIds")).await;
    server.become_another_account().await;
    let ask = [one, DISKS[0], DISKS[1], tag[0], tag[1]];
    server.expect_code("TagResources", &ask, (404, "InvalidResourceId.NotFound")).await;
}

#[tokio::test]
async fn refusals_of_untag_resources() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let one = ("ResourceId.1", disk.as_str());
    let keys: Vec<_> = (1..=21).map(|n| (format!("TagKey.{n}"), format!("key-{n}"))).collect();
    let ids: Vec<_> = (1..=51).map(|n| (format!("ResourceId.{n}"), disk.clone())).collect();
    let named = ("TagKey.1", "team");
    let all = ("All", "true");
    let several = [&[one, DISKS[0], DISKS[1]], &borrowed(&keys)[..]].concat();
    let too_many = [&[named, DISKS[0], DISKS[1]], &borrowed(&ids)[..]].concat();
    let cases: &[Refused<'_>] = &[
        (&[one, DISKS[0], DISKS[1]], 404, "MissingParameter.Tags"),
        (&[one, DISKS[0], DISKS[1], named, all], 403, "Param.Conflict"),
        (&[one, ("RegionId", "xx"), DISKS[1], named], 404, "InvalidRegionId.NotFound"),
        (&several, 400, "NumberExceed.Tags"),
        (&too_many, 400, "NumberExceed.ResourceIds"),
        (
            &[("ResourceId.1", "d-none"), DISKS[0], DISKS[1], named],
            404,
            "InvalidResourceId.NotFound",
        ),
    ];
    for (ask, status, code) in cases {
        server.expect_code("UntagResources", ask, (*status, code)).await;
    }
}

#[tokio::test]
async fn refusals_of_add_tags_and_remove_tags() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let one = [("ResourceType", "disk"), ("ResourceId", disk.as_str())];
    let none = [("ResourceType", "disk"), ("ResourceId", "d-none")];
    let (key, value) = (("Tag.1.Key", "team"), ("Tag.1.Value", "storage"));
    for action in ["AddTags", "RemoveTags"] {
        let cases: &[Refused<'_>] = &[
            (&[one[0], one[1]], 400, "InvalidTagCount"),
            (&[one[0], one[1], value], 400, "InvalidTag.Mismatch"),
            (&[none[0], none[1], key, value], 404, "InvalidResourceId.NotFound"),
            (&[one[0], one[1], key, ("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        ];
        for (ask, status, code) in cases {
            server.expect_code(action, ask, (*status, code)).await;
        }
    }
    let twice = [one[0], one[1], key, ("Tag.2.Key", "team")];
    server.expect_code("AddTags", &twice, (400, "Duplicate.TagKey")).await;
    let instance = server.running_instance().await;
    let ask = [
        ("ResourceType", "instance"),
        ("ResourceId", instance.as_str()),
        ("Tag.1.Key", "diskdock:forward"),
        ("Tag.1.Value", "no ports"),
    ];
    server.expect_code("AddTags", &ask, (400, "InvalidTagValue.Malformed")).await;
}
