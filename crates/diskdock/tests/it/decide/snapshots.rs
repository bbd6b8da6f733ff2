//! Actions that need snapshots, with a hypervisor that keeps none.

use diskdock::actions;
use diskdock::catalog::Needs;

use super::Bench;

/// A request of every action that needs them.
const REQUESTS: &[(&str, &[(&str, &str)])] = &[("CreateSnapshot", &[("DiskId", "d-1")])];

#[test]
fn actions_that_need_snapshots_are_refused_before_anything_is_looked_up() {
    let mut bench = Bench::new();
    bench.environment.keeps_snapshots = false;
    for (action, pairs) in REQUESTS {
        let refused = bench.run(action, pairs).err();
        assert_eq!(refused, Some("InvalidAccountStatus.SnapshotServiceUnavailable"), "{action}");
    }
    let needing = actions::all().map(|listed| listed.spec());
    let needing = needing.filter(|spec| spec.needs == Needs::Snapshots);
    let mut names: Vec<_> = needing.map(|spec| spec.name).collect();
    names.sort_unstable();
    assert_eq!(names, REQUESTS.iter().map(|(action, _)| *action).collect::<Vec<_>>());
}
