//! The control that says when to look again.

use serde_json::json;

use crate::harness::TestServer;

async fn number(server: &TestServer, query: &str) -> u64 {
    let reply = server.control("GET", &format!("/changes{query}"), "").await;
    reply["number"].as_u64().unwrap()
}

#[tokio::test]
async fn changes_replies_at_the_next_write() {
    let server = TestServer::new().await;
    let before = number(&server, "").await;
    let query = format!("?after={before}");
    let (after, _) = tokio::join!(number(&server, &query), server.available_disk());
    assert!(after > before);
    assert!(number(&server, &format!("?after={}", before + 1_000_000)).await > before);
}

#[tokio::test]
async fn changes_counts_writes_of_the_world_of_a_key() {
    let server = TestServer::new().await;
    let made = server.control("POST", "/worlds", &json!({"name": "one"}).to_string()).await;
    let key = made["access_key_id"].as_str().unwrap();
    for _ in 0..50 {
        server.control("POST", "/worlds/one/reset", "").await;
    }
    let of_key = number(&server, &format!("?key={key}")).await;
    let world = server.control("GET", "/worlds/one/changes", "").await;
    assert_eq!(world["number"], of_key);
    assert!(number(&server, "?key=nobody").await < of_key, "the main world had fewer writes");
}
