//! ModifyDiskAttribute and ModifyDiskChargeType.

use diskdock::catalog::{EncodedEffect, StoreChange};
use domain::{Category, ChargeType, Disk, Instance, InstanceId};
use serde_json::json;

use super::{Bench, NOW};

fn disk(id: &str, category: Category) -> Disk {
    let mut disk = Disk::new(id.into(), "1000".into(), category, 40, NOW);
    disk.region = "cn-hangzhou".to_owned();
    disk.zone = "cn-hangzhou-i".to_owned();
    disk
}

pub(super) fn instance(charge_type: ChargeType) -> Instance {
    let network = json!({
        "vswitch": "", "vpc": "", "security_groups": [], "private_ip": "10.0.0.1",
    });
    serde_json::from_value(json!({
        "id": "i-1", "account": "1000", "region": "cn-hangzhou", "zone": "cn-hangzhou-i",
        "instance_type": "ecs.g6.large", "image": "", "name": "i-1", "host_name": "i-1",
        "charge_type": charge_type, "expires_at": NOW.plus_s(86_400), "status": "Running",
        "stopped_mode": "Not-applicable", "system_disk": null, "network": network,
        "created_at": NOW,
    }))
    .unwrap()
}

/// A disk that is In_use on the instance.
fn attached(id: &str) -> Disk {
    let mut disk = disk(id, Category::CloudEssd);
    let on: InstanceId = "i-1".into();
    let generation = disk.begin_attach(on.clone(), "/dev/xvdb".to_owned(), NOW).unwrap();
    disk.finish_attach(&on, generation).unwrap();
    disk
}

fn saved(outcome: EncodedEffect) -> Vec<Disk> {
    let disk = |change: StoreChange| change.saved::<Disk>().expect("a disk is saved").clone();
    outcome.changes.into_iter().map(disk).collect()
}

#[test]
fn modify_disk_attribute_leaves_omitted_attributes_as_they_are() {
    let bench = Bench::new();
    let mut first = disk("d-1", Category::CloudAuto);
    first.description = "old".to_owned();
    bench.save(vec![first.clone()], vec![]);
    let pairs = [("DiskId", "d-1"), ("DiskName", "data-1"), ("BurstingEnabled", "true")];
    let changed = saved(bench.run("ModifyDiskAttribute", &pairs).unwrap());
    first.name = "data-1".to_owned();
    first.bursting_enabled = true;
    assert_eq!(changed, [first]);
}

#[test]
fn modify_disk_attribute_changes_all_disks_or_none() {
    let bench = Bench::new();
    bench.save(vec![disk("d-1", Category::Cloud), disk("d-2", Category::Cloud)], vec![]);
    let pairs = [("DiskIds.1", "d-1"), ("DiskIds.2", "d-2"), ("Description", "")];
    assert_eq!(saved(bench.run("ModifyDiskAttribute", &pairs).unwrap()).len(), 2);
    let missing = [("DiskIds.1", "d-1"), ("DiskIds.2", "d-3"), ("Description", "")];
    assert_eq!(bench.ask("ModifyDiskAttribute", &missing), Err("InvalidDiskId.NotFound"));
}

#[test]
fn refusals_of_modify_disk_attribute() {
    let bench = Bench::new();
    let mut fixed = disk("d-2", Category::Cloud);
    (fixed.portable, fixed.delete_with_instance) = (false, true);
    let mut shared = disk("d-3", Category::CloudAuto);
    shared.multi_attach = true;
    bench.save(vec![disk("d-1", Category::Cloud), fixed, shared], vec![]);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("DiskName", "ab")], "MissingParameter.DiskIdOrDiskIds"),
        (&[("DiskId", "d-1"), ("DiskIds.1", "d-1")], "ParameterConflict.DiskIdAndDiskIds"),
        (&[("DiskId", "d-1")], "NoAttributeToModify"),
        (&[("DiskId", "d-1"), ("DiskName", "1")], "InvalidDiskName.Malformed"),
        (&[("DiskId", "d-1"), ("RegionId", "mars-1")], "InvalidRegionId.MalFormed"),
        (&[("DiskId", "d-1"), ("RegionId", "cn-beijing")], "InvalidDiskId.NotFound"),
        (&[("DiskId", "d-2"), ("DeleteWithInstance", "false")], "DiskNotPortable"),
        (&[("DiskId", "d-3"), ("DeleteWithInstance", "true")], "DeleteWithInstance.Conflict"),
        (
            &[("DiskId", "d-1"), ("BurstingEnabled", "true")],
            "BurstingEnabledForDiskCategoryUnsupported",
        ),
        (
            &[("DiskId", "d-3"), ("BurstingEnabled", "true")],
            "BurstingEnabledForMultiAttachDiskUnsupported",
        ),
    ];
    for (pairs, code) in cases {
        assert_eq!(bench.ask("ModifyDiskAttribute", pairs), Err(*code), "{pairs:?}");
    }
}

fn switch(bench: &Bench, ids: &str, to: &str) -> Result<EncodedEffect, &'static str> {
    let pairs = [
        ("RegionId", "cn-hangzhou"),
        ("InstanceId", "i-1"),
        ("DiskIds", ids),
        ("DiskChargeType", to),
    ];
    bench.run("ModifyDiskChargeType", &pairs)
}

#[test]
fn modify_disk_charge_type_ties_a_subscription_disk_to_its_instance() {
    let mut bench = Bench::new();
    let instance = instance(ChargeType::PrePaid);
    bench.save(vec![attached("d-1")], vec![instance.clone()]);
    let paid = saved(switch(&bench, r#"["d-1"]"#, "PrePaid").unwrap()).remove(0);
    assert_eq!((paid.charge_type, paid.portable), (ChargeType::PrePaid, false));
    assert_eq!((paid.expires_at, paid.charge_type_changed_at), (instance.expires_at, Some(NOW)));

    bench = Bench::new();
    bench.save(vec![paid], vec![instance]);
    bench.now = NOW.plus_s(299);
    assert_eq!(switch(&bench, r#"["d-1"]"#, "PostPaid").err(), Some("Throttling"));
    bench.now = NOW.plus_s(300);
    let back = saved(switch(&bench, r#"["d-1"]"#, "PostPaid").unwrap()).remove(0);
    assert_eq!((back.charge_type, back.portable), (ChargeType::PostPaid, true));
    assert_eq!(back.expires_at, None);
}

#[test]
fn refusals_of_modify_disk_charge_type() {
    let bench = Bench::new();
    bench.save(
        vec![attached("d-1"), disk("d-2", Category::Cloud)],
        vec![instance(ChargeType::PrePaid)],
    );
    let code = |ids: &str, to: &str| switch(&bench, ids, to).err();
    assert_eq!(code(r#"["d-9"]"#, "PrePaid"), Some("InvalidDiskIds.NotFound"));
    assert_eq!(code("[]", "PrePaid"), Some("InvalidDiskIds.NotFound"));
    assert_eq!(code("d-1", "PrePaid"), Some("InvalidParameter.DiskIds"));
    let seventeen = serde_json::to_string(&vec!["d-1"; 17]).unwrap();
    assert_eq!(code(&seventeen, "PrePaid"), Some("InvalidParameter.DiskIds"));
    let free = code(r#"["d-2"]"#, "PrePaid");
    assert_eq!(free, Some("InvalidOperation.DiskMustAttachedToInstance"));
    assert_eq!(code(r#"["d-1"]"#, "PostPaid"), Some("ChargeTypeViolation"));
}

#[test]
fn modify_disk_charge_type_needs_a_subscription_instance_in_good_standing() {
    let mut bench = Bench::new();
    bench.save(vec![attached("d-1")], vec![instance(ChargeType::PrePaid)]);
    bench.now = NOW.plus_s(86_400);
    let expired = switch(&bench, r#"["d-1"]"#, "PrePaid").err();
    assert_eq!(expired, Some("InstanceExpiredOrInArrears"));

    bench = Bench::new();
    bench.save(vec![attached("d-1")], vec![instance(ChargeType::PostPaid)]);
    assert_eq!(switch(&bench, r#"["d-1"]"#, "PrePaid").err(), Some("ChargeTypeViolation"));
}
