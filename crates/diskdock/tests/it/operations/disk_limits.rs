//! The limits of disks, as a driver that throttles is told of them.

use diskdock::hypervisor::DiskLimit;
use diskdock::operations::{MissingInHypervisor, reconcile};
use domain::performance::Performance;
use domain::{Category, DiskId, DiskStatus, InstanceId, InstanceStatus};

use super::transient_errors::Bench;
use crate::harness::BEGINNING;
use crate::store_contract::entities;

fn told(bench: &Bench) -> Vec<(InstanceId, DiskLimit)> {
    std::mem::take(&mut bench.driver.limits.lock().unwrap())
}

fn limit(disk: &str, iops: u32, throughput: u32) -> DiskLimit {
    DiskLimit { disk: DiskId::from(disk), performance: Performance { iops, throughput } }
}

#[tokio::test]
async fn attach_limits_the_disk_as_soon_as_it_is_plugged() {
    let bench = Bench::empty();
    let mut disk = entities::disk("one");
    disk.begin_attach("i-one".into(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
    let work = r#"{"slot":{"instance":"i-one","disk":"d-one","generation":1},
        "limit":{"disk":"d-one","performance":{"iops":1960,"throughput":103}}}"#;
    bench.begin(Some(disk), entities::instance("one"), ("disk.attach", work.to_owned())).await;
    bench.pass(0).await;
    assert_eq!(told(&bench), [], "the guest does not have it yet");
    bench.pass(1_000).await;
    assert_eq!(told(&bench), [("i-one".into(), limit("d-one", 1_960, 103))]);
    assert_eq!(bench.disk().status(), DiskStatus::InUse);
}

#[tokio::test]
async fn reconcile_limits_the_attached_disks_of_running_instances() {
    let bench = Bench::empty();
    for (name, status) in [("on", InstanceStatus::Running), ("off", InstanceStatus::Stopped)] {
        let (mut instance, mut disk) = (entities::instance(name), entities::disk(name));
        instance.status = status;
        (disk.category, disk.size_gib) = (Category::CloudEfficiency, 20);
        let at = InstanceId::from(format!("i-{name}").as_str());
        disk.begin_attach(at.clone(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
        disk.finish_attach(&at, 1).unwrap();
        let mut coming = entities::disk(&format!("{name}-coming"));
        coming.begin_attach(at, "/dev/xvdc".to_owned(), BEGINNING).unwrap();
        let write = bench.store.write(move |tx| {
            tx.save_instance(&instance)?;
            tx.save_disk(&coming)?;
            tx.save_disk(&disk)
        });
        write.await.unwrap();
    }
    let driver = bench.driver.as_ref();
    reconcile(&bench.store, driver, MissingInHypervisor::Report, BEGINNING).await.unwrap();
    assert_eq!(told(&bench), [("i-on".into(), limit("d-on", 1_960, 103))]);
}
