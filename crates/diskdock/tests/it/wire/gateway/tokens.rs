//! Doing something once: ClientToken. Doing nothing: DryRun.

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::Entry;

use crate::harness::{REGION, TestServer, ZONE};

fn disk_of<'a>(size: &'a str, token: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("Size", size),
        ("DiskCategory", "cloud_essd"),
        ("ClientToken", token),
    ]
}

async fn count(server: &TestServer) -> u64 {
    let answer = server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    answer.json["TotalCount"].as_u64().unwrap()
}

#[tokio::test]
async fn repeated_token_returns_the_same_reply_without_effect() {
    let server = TestServer::new().await;
    let first = server.ok("CreateDisk", &disk_of("20", "t-1")).await.text_at("DiskId");
    for _ in 0..3 {
        server.pass(1_000).await;
        let again = server.ok("CreateDisk", &disk_of("20", "t-1")).await;
        assert_eq!(again.text_at("DiskId"), first);
    }
    assert_eq!(count(&server).await, 1);
    let server = server.restart().await;
    let again = server.ok("CreateDisk", &disk_of("20", "t-1")).await;
    assert_eq!(again.text_at("DiskId"), first, "the memory outlives a restart");
}

#[tokio::test]
async fn token_with_other_parameters_is_refused() {
    let server = TestServer::new().await;
    server.ok("CreateDisk", &disk_of("20", "t-1")).await;
    let mismatch =
        (400, "IdempotentParameterMismatch", "The request is retried with updated parameters.");
    server.expect_refusal("CreateDisk", &disk_of("21", "t-1"), mismatch).await;
    server.ok("CreateDisk", &disk_of("20", "T-1")).await;
    assert_eq!(count(&server).await, 2, "tokens differ by case");
}

#[tokio::test]
async fn token_whose_first_use_failed_can_be_used() {
    let server = TestServer::new().await;
    let size = (
        400,
        "InvalidDiskSize.NotSupported",
        "The specified parameter size is not valid. \
                Expected a whole number from 1 to 65536.",
    );
    server.expect_refusal("CreateDisk", &disk_of("0", "t-1"), size).await;
    let level = (
        403,
        "OperationDenied.PerformanceLevelNotMatch",
        "The specified PerformanceLevel and Size do not match.",
    );
    server.expect_refusal("CreateDisk", &disk_of("5", "t-1"), level).await;
    server.ok("CreateDisk", &disk_of("20", "t-1")).await;
}

#[tokio::test]
async fn tokens_of_two_accounts_are_independent() {
    let mut server = TestServer::new().await;
    let first = server.ok("CreateDisk", &disk_of("20", "t-1")).await.text_at("DiskId");
    server.become_another_account().await;
    let other = server.ok("CreateDisk", &disk_of("30", "t-1")).await.text_at("DiskId");
    assert_ne!(first, other);
}

#[tokio::test]
async fn token_longer_than_64_ascii_characters_is_refused() {
    let server = TestServer::new().await;
    let message = "The ClientToken provided is invalid. Expected text of 1 to 64 characters, ASCII \
                   only.";
    for token in ["é", &"x".repeat(65)] {
        let refusal = (400, "InvalidClientToken.ValueNotSupported", message);
        server.expect_refusal("CreateDisk", &disk_of("20", token), refusal).await;
    }
    server.ok("CreateDisk", &disk_of("20", &"x".repeat(64))).await;
    server.ok("CreateDisk", &disk_of("20", "")).await;
}

#[tokio::test]
async fn concurrent_requests_with_one_token_have_one_effect() {
    let server = TestServer::new().await;
    let ask = disk_of("20", "t-1");
    let (one, other) = tokio::join!(server.ok("CreateDisk", &ask), server.ok("CreateDisk", &ask));
    assert_eq!(one.text_at("DiskId"), other.text_at("DiskId"));
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn dry_run_reports_the_outcome_and_changes_nothing() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let attached = server.disk_on(&instance).await;
    let free = server.available_disk().await;
    let passed =
        (400, "DryRunOperation", "Request validation has been passed with DryRun flag set.");
    let dry = ("DryRun", "True");
    let place = disk_of("20", "t-1");
    let create: Vec<_> = place.iter().copied().chain([dry]).collect();
    let calls: [(&str, Vec<(&str, &str)>); 5] = [
        ("CreateDisk", create),
        ("AttachDisk", vec![("InstanceId", &instance), ("DiskId", &free), dry]),
        ("DetachDisk", vec![("InstanceId", &instance), ("DiskId", &attached), dry]),
        ("DeleteDisk", vec![("DiskId", &free), dry]),
        ("DescribeDisks", vec![("RegionId", REGION), dry]),
    ];
    for (action, ask) in &calls {
        server.expect_refusal(action, ask, passed).await;
    }
    let missing = (404, "InvalidDiskId.NotFound", "The specified disk does not exist.");
    server.expect_refusal("DeleteDisk", &[("DiskId", "d-nowhere"), dry], missing).await;
    server.ok("CreateDisk", &place).await;
}

#[tokio::test]
async fn dry_run_of_every_write_action_changes_nothing() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    server.disk_on(&instance).await;
    let before = server.export_json();
    for entry in actions::all().filter(|listed| matches!(listed.entry, Entry::Action(_))) {
        let spec = entry.spec();
        let examples: Vec<(&str, &str)> = spec
            .parameters
            .iter()
            .filter(|parameter| !parameter.example.is_empty() && parameter.name != "DryRun")
            .map(|parameter| (parameter.name, parameter.example))
            .chain([("DryRun", "true")])
            .collect();
        let answer = server.call(&entry.key(PRODUCTS), &examples).await;
        assert!((400..500).contains(&answer.status), "{}: {}", spec.name, answer.text);
        assert_eq!(server.export_json(), before, "{}", spec.name);
    }
}
