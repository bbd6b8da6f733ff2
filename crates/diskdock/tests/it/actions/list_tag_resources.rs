//! ListTagResources and DescribeTags.

use serde_json::{Value, json};

use crate::harness::{REGION, Refused, TestServer};

const DISKS: [(&str, &str); 2] = [("RegionId", REGION), ("ResourceType", "disk")];

async fn tagged_disk(server: &TestServer, tags: &'static [(&str, &str)]) -> String {
    let tag = |(key, value): &(&str, &str)| domain::Tag::new(key, value);
    server.disk_with(move |disk| disk.tags = tags.iter().map(tag).collect()).await
}

/// Disks in the answer of ListTagResources, in its order.
async fn listed(server: &TestServer, ask: &[(&str, &str)]) -> Vec<String> {
    let path = ("TagResources", "TagResource", "ResourceId");
    let mut ids = server.list("ListTagResources", &[&DISKS[..], ask].concat(), path).await;
    ids.dedup();
    ids
}

#[tokio::test]
async fn list_tag_resources_shows_every_tag_of_what_matches() {
    let server = TestServer::new().await;
    let web = tagged_disk(&server, &[("team", "web"), ("tier", "gold")]).await;
    server.pass(1_000).await;
    let store = tagged_disk(&server, &[("team", "storage")]).await;
    let plain = server.available_disk().await;
    let ask = [&DISKS[..], &[("ResourceId.1", web.as_str())]].concat();
    let answer = server.ok("ListTagResources", &ask).await;
    let row = |key: &str, value: &str| json!({"ResourceId": web, "ResourceType": "disk", "TagKey": key, "TagValue": value});
    let rows = Value::from(vec![row("team", "web"), row("tier", "gold")]);
    assert_eq!(answer.json["TagResources"]["TagResource"], rows);
    assert_eq!(answer.text_at("NextToken"), "");
    assert_eq!(listed(&server, &[("Tag.1.Key", "team")]).await, [store.as_str(), &web]);
    let exact = [("Tag.1.Key", "team"), ("Tag.1.Value", "web"), ("Tag.2.Key", "tier")];
    assert_eq!(listed(&server, &exact).await, [web.as_str()]);
    let like = [("TagFilter.1.TagKey", "tea"), ("TagFilter.1.TagValues.1", "stor")];
    assert_eq!(listed(&server, &like).await, [store.as_str()]);
    assert!(listed(&server, &[("ResourceId.1", &plain)]).await.is_empty());
    assert!(listed(&server, &[("ResourceId.1", "d-none")]).await.is_empty());
    let images = [("RegionId", REGION), ("ResourceType", "image"), ("Tag.1.Key", "team")];
    let answer = server.ok("ListTagResources", &images).await;
    assert_eq!(answer.json["TagResources"]["TagResource"], json!([]));
}

#[tokio::test]
async fn list_tag_resources_walks_over_all_pages() {
    let server = TestServer::new().await;
    for _ in 0..51 {
        tagged_disk(&server, &[("team", "web")]).await;
    }
    let ask = [&DISKS[..], &[("Tag.1.Key", "team")]].concat();
    let first = server.ok("ListTagResources", &ask).await;
    let token = first.text_at("NextToken");
    assert_eq!(first.json["TagResources"]["TagResource"].as_array().unwrap().len(), 50);
    let second =
        server.ok("ListTagResources", &[&ask[..], &[("NextToken", &token)]].concat()).await;
    assert_eq!(second.json["TagResources"]["TagResource"].as_array().unwrap().len(), 1);
    assert_eq!(second.text_at("NextToken"), "");
}

#[tokio::test]
async fn list_tag_resources_shows_nothing_of_another_account() {
    let mut server = TestServer::new().await;
    tagged_disk(&server, &[("team", "web")]).await;
    server.become_another_account().await;
    assert!(listed(&server, &[("Tag.1.Key", "team")]).await.is_empty());
    let tags = server.ok("DescribeTags", &[("RegionId", REGION)]).await;
    assert_eq!(tags.json["Tags"]["Tag"], json!([]));
}

#[tokio::test]
async fn refusals_of_list_tag_resources() {
    let server = TestServer::new().await;
    let key = ("Tag.1.Key", "team");
    let filter = ("TagFilter.1.TagKey", "team");
    let owned = |name: &str, count: usize| -> Vec<(String, String)> {
        (1..=count).map(|n| (name.replace('N', &n.to_string()), format!("x-{n}"))).collect()
    };
    let ids = owned("ResourceId.N", 51);
    let tags = owned("Tag.N.Key", 21);
    let filters = owned("TagFilter.N.TagKey", 6);
    let values = owned("TagFilter.1.TagValues.N", 6);
    let with =
        |more: &'static [(&str, &str)], owned: &[(String, String)]| -> Vec<(String, String)> {
            let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            more.chain(owned.iter().cloned()).collect()
        };
    let cases = [
        (with(&[], &ids), (400, "NumberExceed.ResourceIds")),
        (with(&[], &tags), (400, "NumberExceed.Tags")),
        (with(&[], &filters), (403, "InvalidTagFilter.Malformed")),
        (with(&[("TagFilter.1.TagKey", "team")], &values), (403, "NumberExceed.TagValues")),
    ];
    for (more, refused) in &cases {
        let more: Vec<_> = more.iter().map(|(name, value)| (&**name, &**value)).collect();
        let ask = [&DISKS[..], &more].concat();
        server.expect_code("ListTagResources", &ask, *refused).await;
    }
    let cases: &[Refused<'_>] = &[
        (&[], 403, "BothEmpty.TagsAndResources"),
        (&[key, filter], 400, "InvalidTags.MalFormed"),
        (&[("Tag.1.Value", "web")], 400, "InvalidTag.Mismatch"),
        (&[key, ("NextToken", "made up")], 403, "Invalid.NextToken"),
    ];
    for (more, status, code) in cases {
        let ask = [&DISKS[..], *more].concat();
        server.expect_code("ListTagResources", &ask, (*status, code)).await;
    }
    let ask = [("ResourceType", "disk"), key];
    server.expect_code("ListTagResources", &ask, (404, "MissingParameter.RegionId")).await;
    let ask = [("RegionId", REGION), key];
    server.expect_code("ListTagResources", &ask, (404, "MissingParameter.ResourceType")).await;
}

#[tokio::test]
async fn describe_tags_counts_resources_of_every_kind() {
    let server = TestServer::new().await;
    let web = tagged_disk(&server, &[("team", "web"), ("tier", "gold")]).await;
    tagged_disk(&server, &[("team", "web")]).await;
    let tag = |one: &mut domain::Instance| one.tags = vec![domain::Tag::new("team", "web")];
    server.plant_instance(tag).await;
    let answer = server.ok("DescribeTags", &[("RegionId", REGION)]).await;
    assert_eq!(answer.json["TotalCount"], 2);
    assert_eq!(answer.json["PageSize"], 50);
    let tags = &answer.json["Tags"]["Tag"];
    assert_eq!((&tags[0]["TagKey"], &tags[0]["TagValue"]), (&"team".into(), &"web".into()));
    let counts = &tags[0]["ResourceTypeCount"];
    assert_eq!((&counts["Disk"], &counts["Instance"]), (&2.into(), &1.into()));
    let keys = async |more: &[(&str, &str)]| {
        let ask = [&[("RegionId", REGION)], more].concat();
        server.list("DescribeTags", &ask, ("Tags", "Tag", "TagKey")).await
    };
    assert_eq!(keys(&[("ResourceType", "instance")]).await, ["team"]);
    assert_eq!(keys(&[("ResourceType", "disk"), ("ResourceId", &web)]).await, ["team", "tier"]);
    assert_eq!(keys(&[("Tag.1.Key", "tier")]).await, ["tier"]);
    assert_eq!(keys(&[("PageSize", "1"), ("PageNumber", "2")]).await, ["tier"]);
    let unknown = [("RegionId", REGION), ("ResourceType", "cat")];
    server.expect_code("DescribeTags", &unknown, (404, "InvalidResourceType.NotFound")).await;
    let alone = [("RegionId", REGION), ("Tag.1.Value", "web")];
    server.expect_code("DescribeTags", &alone, (400, "InvalidTag.Mismatch")).await;
    let many: Vec<_> = (1..=21).map(|n| (format!("Tag.{n}.Key"), "x".to_owned())).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (&**name, &**value)).collect();
    let ask = [&[("RegionId", REGION)], &many[..]].concat();
    server.expect_code("DescribeTags", &ask, (400, "InvalidTagCount")).await;
    let one = [("ResourceType", "disk"), ("ResourceId", web.as_str())];
    server.expect_code("RemoveTags", &[&one[..], &many].concat(), (400, "InvalidTagCount")).await;
}
