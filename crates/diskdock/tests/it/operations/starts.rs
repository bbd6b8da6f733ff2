//! A start that is given up leaves no machine running behind a Stopped instance.

use std::sync::atomic::Ordering;

use diskdock::hypervisor::Machines;
use domain::{InstanceId, InstanceStatus};

use super::transient_errors::Bench;
use crate::store_contract::entities;

/// A start of a machine without disks, as it is saved.
const STARTING: &str = r#"{"build":{"machine":{"instance":"i-one","processors":2,"memory_mib":8192,
    "disk_quantity":17,"image":"","system_disk":null,"host_name":"one"},"disks":[],"making":[],
    "introduced":false,"existing":true},"built":false}"#;

/// A forced reboot of the same, as it is saved.
const REBOOTING: &str = r#"{"machine":{"instance":"i-one","processors":2,"memory_mib":8192,
    "disk_quantity":17,"image":"","system_disk":null,"host_name":"one"},"force":true,"off":false}"#;

async fn starting() -> Bench {
    beginning("instance.start", STARTING).await
}

async fn beginning(kind: &'static str, operation: &str) -> Bench {
    let bench = Bench::empty();
    let mut instance = entities::instance("one");
    instance.status = InstanceStatus::Starting;
    bench.begin(None, instance, (kind, operation.to_owned())).await;
    bench.driver.mute.store(true, Ordering::SeqCst);
    bench
}

impl Bench {
    fn status(&self) -> InstanceStatus {
        let found = self.store.read_blocking(|tx| tx.instance(&"i-one".into()));
        found.unwrap().unwrap().status
    }

    async fn is_on(&self) -> bool {
        let id = InstanceId::from("i-one");
        self.driver.driver.observe(&id).await.unwrap().is_some_and(|observed| observed.running)
    }
}

#[tokio::test]
async fn start_that_times_out_powers_off_before_the_instance_is_stopped() {
    let bench = starting().await;
    bench.pass(1_000).await;
    bench.pass(60_000).await;
    assert!(bench.is_on().await, "the guest boots, and the driver does not report it");
    assert_eq!(bench.status(), InstanceStatus::Starting);
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    bench.pass(239_000).await;
    assert_eq!(bench.runner.in_flight_rows()[0].phase, "compensate");
    assert_eq!((bench.status(), bench.is_on().await), (InstanceStatus::Starting, true));
    bench.driver.out_of_reach.store(false, Ordering::SeqCst);
    bench.pass(30_000).await;
    assert_eq!((bench.status(), bench.is_on().await), (InstanceStatus::Stopped, false));
    assert_eq!(bench.runner.in_flight(), 0);
    let given_up = bench.store.read_blocking(|tx| tx.failed_operations()).unwrap();
    assert!(given_up[0].last_event.starts_with("given up at the deadline"), "{given_up:?}");
}

#[tokio::test]
async fn start_that_cannot_be_undone_counts_as_running_until_the_machine_is_seen_off() {
    let bench = starting().await;
    bench.pass(1_000).await;
    bench.pass(60_000).await;
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    for _ in 0..22 {
        bench.pass(30_000).await;
    }
    assert_eq!(bench.runner.in_flight(), 0, "both deadlines have passed");
    assert_eq!((bench.status(), bench.is_on().await), (InstanceStatus::Running, true));
}

#[tokio::test]
async fn reboot_that_cannot_be_undone_counts_as_running_until_the_machine_is_seen_off() {
    let bench = beginning("instance.reboot", REBOOTING).await;
    bench.pass(1_000).await;
    bench.pass(60_000).await;
    assert!(bench.is_on().await, "it is off, and on again");
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    for _ in 0..22 {
        bench.pass(30_000).await;
    }
    assert_eq!(bench.runner.in_flight(), 0, "both deadlines have passed");
    assert_eq!((bench.status(), bench.is_on().await), (InstanceStatus::Running, true));
}

#[tokio::test]
async fn start_that_never_began_powers_nothing_off() {
    let bench = starting().await;
    bench.driver.out_of_reach.store(true, Ordering::SeqCst);
    for _ in 0..11 {
        bench.pass(30_000).await;
    }
    assert_eq!(bench.status(), InstanceStatus::Stopped, "nothing had to be compensated");
    assert_eq!(bench.runner.in_flight(), 0);
}
