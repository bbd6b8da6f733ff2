//! Both ways of walking a list.

use serde_json::Value;

use super::{ids, listed};
use crate::harness::{REGION, TestServer};

async fn disks(server: &TestServer, count: usize) -> Vec<String> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(server.available_disk().await);
    }
    made.reverse();
    made
}

async fn page(server: &TestServer, more: &[(&str, &str)]) -> Value {
    let ask: Vec<(&str, &str)> = [("RegionId", REGION)].into_iter().chain(more.to_vec()).collect();
    server.ok("DescribeDisks", &ask).await.json
}

#[tokio::test]
async fn describe_disks_by_page_number_returns_every_disk_once() {
    let server = TestServer::new().await;
    let all = disks(&server, 23).await;
    assert_eq!(ids(&server, &[]).await, all[..10], "ten unless asked for otherwise");
    let mut walked = Vec::new();
    for number in ["1", "2", "3", "4"] {
        let shown = page(&server, &[("PageNumber", number), ("PageSize", "9")]).await;
        assert_eq!(shown["PageNumber"], number.parse::<u32>().unwrap());
        assert_eq!((&shown["PageSize"], &shown["TotalCount"]), (&9.into(), &23.into()));
        assert_eq!(shown["NextToken"] == "", number != "1", "{number}");
        walked.extend(listed(&shown));
    }
    assert_eq!(walked, all);
    let named = [("DiskName", "*"), ("PageSize", "9"), ("PageNumber", "3")];
    assert_eq!(ids(&server, &named).await, all[18..], "a restricted list is paged as well");
}

#[tokio::test]
async fn describe_disks_by_next_token_returns_every_disk_once() {
    let server = TestServer::new().await;
    let all = disks(&server, 25).await;
    let mut walked = Vec::new();
    let mut shown = page(&server, &[("MaxResults", "10")]).await;
    loop {
        walked.extend(listed(&shown));
        let token = shown["NextToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
        let more = [("MaxResults", "10"), ("NextToken", token.as_str()), ("PageNumber", "7")];
        shown = page(&server, &more).await;
    }
    assert_eq!(walked, all, "PageNumber does not count with a token");
}

#[tokio::test]
async fn describe_disks_with_a_full_last_page_has_no_next_token() {
    let server = TestServer::new().await;
    let all = disks(&server, 20).await;
    let first = page(&server, &[("MaxResults", "10")]).await;
    let token = first["NextToken"].as_str().unwrap();
    let second = page(&server, &[("MaxResults", "10"), ("NextToken", token)]).await;
    assert_eq!(listed(&second), all[10..]);
    assert_eq!(second["NextToken"], "");
}

#[tokio::test]
async fn describe_disks_by_next_token_tolerates_concurrent_changes() {
    let server = TestServer::new().await;
    let all = disks(&server, 25).await;
    let first = page(&server, &[("MaxResults", "10")]).await;
    assert_eq!(listed(&first), all[..10]);
    server.available_disk().await;
    for gone in [&all[3], &all[9], &all[10], &all[20]] {
        server.ok("DeleteDisk", &[("DiskId", gone)]).await;
    }
    let token = first["NextToken"].as_str().unwrap();
    let second = page(&server, &[("MaxResults", "10"), ("NextToken", token)]).await;
    let mut walked = listed(&second);
    let token = second["NextToken"].as_str().unwrap();
    let third = page(&server, &[("MaxResults", "10"), ("NextToken", token)]).await;
    walked.extend(listed(&third));
    assert_eq!(third["NextToken"], "");
    let left: Vec<_> = all[11..].iter().filter(|disk| **disk != all[20]).cloned().collect();
    assert_eq!(walked, left, "none twice, none left out, none that came later");
}

#[tokio::test]
async fn describe_disks_clamps_max_results() {
    let server = TestServer::new().await;
    disks(&server, 12).await;
    for (asked, shown) in [("1", 10), ("-5", 10), ("11", 11), ("500", 12), ("100000", 12)] {
        assert_eq!(ids(&server, &[("MaxResults", asked)]).await.len(), shown, "{asked}");
    }
}

#[tokio::test]
async fn describe_disks_by_ids_is_paged() {
    let server = TestServer::new().await;
    let all = disks(&server, 15).await;
    let list = serde_json::to_string(&all).unwrap();
    let shown = page(&server, &[("DiskIds", &list)]).await;
    assert_eq!((listed(&shown).len(), &shown["TotalCount"]), (10, &15.into()));
    let first = page(&server, &[("DiskIds", &list), ("MaxResults", "10")]).await;
    let token = first["NextToken"].as_str().unwrap();
    let second = page(&server, &[("DiskIds", &list), ("NextToken", token)]).await;
    let mut walked = [listed(&first), listed(&second)].concat();
    assert_eq!(second["NextToken"], "");
    walked.sort();
    let mut expected = all;
    expected.sort();
    assert_eq!(walked, expected);
}

/// Like the aliyun CLI with `--pager`, which goes on as long as there is a token.
#[tokio::test]
async fn describe_disks_without_max_results_continues_by_next_token() {
    let server = TestServer::new().await;
    let all = disks(&server, 23).await;
    for restricted in [&[][..], &[("DiskName", "*")], &[("Portable", "true")]] {
        let mut walked = Vec::new();
        let mut token = String::new();
        for _ in 0..3 {
            let mut ask = restricted.to_vec();
            ask.extend((!token.is_empty()).then_some(("NextToken", token.as_str())));
            let shown = page(&server, &ask).await;
            walked.extend(listed(&shown));
            token = shown["NextToken"].as_str().unwrap().to_owned();
        }
        assert_eq!((walked, token.as_str()), (all.clone(), ""), "{restricted:?}");
    }
    let whole = page(&server, &[("PageSize", "23")]).await;
    assert_eq!((&whole["NextToken"], &whole["TotalCount"]), (&"".into(), &23.into()));
}
