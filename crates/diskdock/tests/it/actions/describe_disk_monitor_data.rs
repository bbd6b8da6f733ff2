//! DescribeDiskMonitorData: points at the times at which the disk was attached, and nothing in
//! them.

use diskdock::catalog::times::with_seconds;

use crate::harness::{Refused, TestServer};

#[tokio::test]
async fn describe_disk_monitor_data_has_a_point_for_each_period_on_an_instance() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let clock = &server.assembly.gateway.services.clock;
    let begin = clock.now();
    server.pass(600_000).await;
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.finish_all().await;
    server.pass(600_000).await;
    let (start, end) = (with_seconds(begin), with_seconds(begin.plus_s(1_200)));
    let ask = [("DiskId", disk.as_str()), ("StartTime", &start), ("EndTime", &end)];
    let told = server.ok("DescribeDiskMonitorData", &ask).await.json;
    let points = told["MonitorData"]["DiskMonitorData"].as_array().unwrap();
    assert!((9..=11).contains(&points.len()), "ten minutes on the instance: {}", points.len());
    assert_eq!(told["TotalCount"], points.len());
    for point in points {
        assert_eq!(point["DiskId"], disk.as_str());
        for value in ["BPSRead", "BPSWrite", "BPSTotal", "IOPSTotal", "LatencyRead"] {
            assert_eq!(point[value], 0, "{value}");
        }
    }
    let fresh = server.available_disk().await;
    let ask = [("DiskId", fresh.as_str()), ask[1], ask[2]];
    assert_eq!(server.ok("DescribeDiskMonitorData", &ask).await.json["TotalCount"], 0);
}

#[tokio::test]
async fn describe_disk_monitor_data_refuses_spans_that_have_no_data() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let now = server.assembly.gateway.services.clock.now();
    let (start, end) = (with_seconds(now.plus_s(-3_600)), with_seconds(now));
    let (old, late) = (with_seconds(now.plus_s(-31 * 86_400)), with_seconds(now.plus_s(40_000)));
    let (id, from, to) = (("DiskId", disk.as_str()), ("StartTime", &*start), ("EndTime", &*end));
    let rows: [Refused<'_>; 9] = [
        (&[id, from], 400, "MissingParameter"),
        (&[("DiskId", "d-none"), from, to], 404, "InvalidDiskId.NotFound"),
        (&[id, ("StartTime", "x"), to], 400, "InvalidStartTime.Malformed"),
        (&[id, from, ("EndTime", "x")], 400, "InvalidEndTime.Malformed"),
        (&[id, from, to, ("Period", "61")], 400, "InvalidPeriod.ValueNotSupported"),
        (&[id, from, to, ("Period", "x")], 400, "InvalidPeriod.ValueNotSupported"),
        (&[id, ("StartTime", &old), to], 400, "InvalidStartTime.TooEarly"),
        (&[id, ("StartTime", &end), ("EndTime", &start)], 400, "InvalidParameter.EndTime"),
        (&[id, from, ("EndTime", &late)], 400, "InvalidParameter.TooManyDataQueried"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("DescribeDiskMonitorData", ask, (status, code)).await;
    }
}
