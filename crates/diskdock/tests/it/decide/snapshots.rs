//! Actions that need snapshots or other bytes, with a hypervisor that has none of that.

use diskdock::actions;
use diskdock::catalog::Needs;

use super::Bench;

/// A request of every action that needs them.
const REQUESTS: &[(&str, &[(&str, &str)])] = &[
    ("CopySnapshot", COPY),
    (
        "CreateAutoSnapshotPolicy",
        &[
            ("regionId", "cn-hangzhou"),
            ("timePoints", "[\"1\"]"),
            ("repeatWeekdays", "[\"1\"]"),
            ("retentionDays", "-1"),
        ],
    ),
    ("CreateImage", &[("RegionId", "cn-hangzhou")]),
    ("CreateSnapshot", &[("DiskId", "d-1")]),
    ("CreateSnapshotGroup", &[("RegionId", "cn-hangzhou")]),
    ("ReInitDisk", &[("DiskId", "d-1")]),
    ("ReplaceSystemDisk", &[("InstanceId", "i-1")]),
    ("ResetDisk", &[("DiskId", "d-1"), ("SnapshotId", "s-1")]),
];

/// A copy to another region.
const COPY: &[(&str, &str)] = &[
    ("RegionId", "cn-hangzhou"),
    ("SnapshotId", "s-1"),
    ("DestinationRegionId", "cn-beijing"),
    ("DestinationSnapshotName", "copy"),
    ("DestinationSnapshotDescription", "of the other"),
];

#[test]
fn actions_that_need_snapshots_are_refused_before_anything_is_looked_up() {
    let mut bench = Bench::new();
    bench.environment.can_snapshot = false;
    for (action, pairs) in REQUESTS {
        let refused = bench.run(action, pairs).err();
        assert_eq!(refused, Some("InvalidAccountStatus.SnapshotServiceUnavailable"), "{action}");
    }
    assert_eq!(names_of(Needs::Snapshots), names_in(REQUESTS));
}

fn names_of(needs: Needs) -> Vec<&'static str> {
    let needing = actions::all().map(|listed| listed.spec());
    let needing = needing.filter(|spec| spec.needs == needs);
    let mut names: Vec<_> = needing.map(|spec| spec.name).collect();
    names.sort_unstable();
    names
}

fn names_in(requests: &[(&'static str, &[(&str, &str)])]) -> Vec<&'static str> {
    requests.iter().map(|(action, _)| *action).collect()
}
