//! DescribeDiskMonitorData: points at the times at which the disk was attached, with what the
//! hypervisor has seen in the period before each.

use std::sync::Arc;

use diskdock::catalog::Environment;
use diskdock::catalog::times::with_seconds;
use domain::usage::{DiskUse, MinuteOfUse};

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
    let reply = server.ok("DescribeDiskMonitorData", &ask).await.json;
    let points = reply["MonitorData"]["DiskMonitorData"].as_array().unwrap();
    assert!((9..=11).contains(&points.len()), "ten minutes on the instance: {}", points.len());
    assert_eq!(reply["TotalCount"], points.len());
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
async fn describe_disk_monitor_data_shows_what_was_done_in_the_period_before_a_point() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let services = &server.assembly.gateway.services;
    let begin = services.clock.now();
    server.pass(600_000).await;
    let minute = begin.seconds().div_euclid(60) + 3;
    let of_disk = DiskUse {
        reads: 60,
        writes: 6_000,
        read_bytes: 60_000,
        written_bytes: 24_576_000,
        read_ns: 6_000_000,
        write_ns: 3_000_000_000,
    };
    let plain = Environment::clone(&services.environment.current());
    services.environment.replace(Environment {
        use_of_disk: Arc::new(move |_| vec![MinuteOfUse { minute, of_disk }]),
        ..plain
    });
    let (start, end) = (with_seconds(begin), with_seconds(begin.plus_s(600)));
    let ask = [("DiskId", disk.as_str()), ("StartTime", &start), ("EndTime", &end)];
    let reply = server.ok("DescribeDiskMonitorData", &ask).await.json;
    let points = reply["MonitorData"]["DiskMonitorData"].as_array().unwrap();
    let busy: Vec<_> = points.iter().filter(|point| point["IOPSTotal"] != 0).collect();
    assert_eq!(busy.len(), 1, "{points:?}");
    let after = with_seconds(domain::Moment((minute + 1) * 60_000));
    assert_eq!(busy[0]["TimeStamp"], after.as_str());
    let values = [
        ("BPSRead", 1_000),
        ("BPSWrite", 409_600),
        ("BPSTotal", 410_600),
        ("IOPSRead", 1),
        ("IOPSWrite", 100),
        ("IOPSTotal", 101),
        ("LatencyRead", 100),
        ("LatencyWrite", 500),
    ];
    for (name, value) in values {
        assert_eq!(busy[0][name], value, "{name}");
    }
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
