//! ResizeDisk's operation on the hypervisor.

use domain::{Category, Disk, InstanceId};
use serde_json::{Value, json};

use super::{Bench, NOW};

fn disk(id: &str) -> Disk {
    Disk::new(id.into(), "1000".into(), Category::CloudEssd, 40, NOW)
}

/// The work that a resize to 60 GiB starts, as it is saved.
fn started(disk: Disk) -> Value {
    let bench = Bench::new();
    let id = disk.id.to_string();
    bench.save(vec![disk], vec![super::modify::instance(domain::ChargeType::PostPaid)]);
    let outcome = bench.run("ResizeDisk", &[("DiskId", &id), ("NewSize", "60")]).unwrap();
    assert_eq!(outcome.start.len(), 1);
    serde_json::from_str(&outcome.start[0].state()).unwrap()
}

#[test]
fn resize_disk_starts_its_operation_with_the_instances_of_the_disk() {
    let limit =
        |disk: &str| json!({ "disk": disk, "performance": { "iops": 4_800, "throughput": 150 } });
    let free =
        json!({ "disk": { "disk": "d-1", "size_gib": 60 }, "on": [], "limit": limit("d-1") });
    assert_eq!(started(disk("d-1")), free);
    let mut used = disk("d-2");
    "m-1".clone_into(&mut used.image);
    let on: InstanceId = "i-1".into();
    let generation = used.begin_attach(on.clone(), "/dev/xvdb".to_owned(), NOW).unwrap();
    used.finish_attach(&on, generation).unwrap();
    let disk = json!({ "disk": "d-2", "size_gib": 60, "image": "m-1" });
    let expected = json!({ "disk": disk, "on": ["i-1"], "limit": limit("d-2") });
    assert_eq!(started(used), expected);
}
