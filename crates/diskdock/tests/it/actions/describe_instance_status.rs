//! DescribeInstanceStatus: ids and statuses, nothing else.

use domain::InstanceStatus;

use crate::harness::{REGION, Refused, TestServer};

fn field(name: &str) -> (&str, &str, &str) {
    ("InstanceStatuses", "InstanceStatus", name)
}

#[tokio::test]
async fn describe_instance_status_shows_every_status() {
    let server = TestServer::new().await;
    for status in [
        InstanceStatus::Pending,
        InstanceStatus::Starting,
        InstanceStatus::Running,
        InstanceStatus::Stopping,
        InstanceStatus::Stopped,
    ] {
        let id = server.running_instance().await;
        server.put_in(&id, status).await;
        let ask = [("RegionId", REGION), ("InstanceId.1", &id)];
        let shown = server.list("DescribeInstanceStatus", &ask, field("Status")).await;
        assert_eq!(shown, [status.as_str()]);
        let shown = server.list("DescribeInstanceStatus", &ask, field("InstanceId")).await;
        assert_eq!(shown, [id]);
    }
}

#[tokio::test]
async fn describe_instance_status_filters_by_zone_and_pages() {
    let server = TestServer::new().await;
    let there = server.plant_instance(|i| i.zone = "cn-hangzhou-h".to_owned()).await;
    let mut ids = server.run(&[("Amount", Some("12"))]).await;
    let ask = [("RegionId", REGION), ("ZoneId", "cn-hangzhou-h")];
    assert_eq!(server.list("DescribeInstanceStatus", &ask, field("InstanceId")).await, [&*there]);
    let mut seen = Vec::new();
    for (number, size) in [("1", 5), ("2", 5), ("3", 3), ("4", 0)] {
        let ask = [("RegionId", REGION), ("PageNumber", number), ("PageSize", "5")];
        let answer = server.ok("DescribeInstanceStatus", &ask).await;
        assert_eq!((&answer.json["TotalCount"], &answer.json["PageSize"]), (&13.into(), &5.into()));
        let page = server.list("DescribeInstanceStatus", &ask, field("InstanceId")).await;
        assert_eq!(page.len(), size);
        seen.extend(page);
    }
    ids.push(there);
    ids.sort();
    seen.sort();
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn describe_instance_status_refuses_unknown_region_zone_and_too_many_ids() {
    let server = TestServer::new().await;
    let names: Vec<String> = (1..=101).map(|n| format!("InstanceId.{n}")).collect();
    let mut many: Vec<_> = names.iter().map(|name| (name.as_str(), "i-1")).collect();
    many.push(("RegionId", REGION));
    let rows: &[Refused] = &[
        (&[], 400, "MissingParameter"),
        (&[("RegionId", "nowhere")], 404, "InvalidRegionId.NotFound"),
        (&[("RegionId", REGION), ("ZoneId", "nowhere")], 404, "InvalidZoneId.NotFound"),
        (&many, 403, "InvalidParameter.TooManyInstanceIds"),
        (&[("RegionId", REGION), ("PageSize", "51")], 400, "InvalidParameter"),
    ];
    for (parameters, status, code) in rows {
        server.expect_code("DescribeInstanceStatus", parameters, (*status, code)).await;
    }
}
