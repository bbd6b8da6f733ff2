//! Starts that cannot succeed at the moment, since a disk cannot be opened or is leaving, or QEMU
//! does not answer.

use super::*;
use crate::hypervisor::DiskSpec;
use crate::hypervisor::qemu::tests::{attachment, driver, driver_with, spec, too_many_files};
use crate::storage::StorageError;

#[tokio::test]
async fn start_waits_for_a_disk_that_cannot_be_opened_at_the_moment() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    let there = attachment(&"i-start".into(), "d-1");
    driver.advance_create(&DiskSpec::empty("d-1".into(), 1)).await.unwrap();
    driver.ensure_plugged(&there, false).await.unwrap();
    let machine = driver.machine(&there.instance).unwrap();
    let mut state = machine.state.lock().await;
    let opened = driver.find(&there.disk).await.unwrap().unwrap().opened;
    let was_on = |record: &mut Record| record.set_opened(&there.disk, Some(opened));
    machine.change(&mut state, was_on).await.unwrap();
    let open = || StorageError::Taken {
        what: "the disk is open in process 1".into(),
        hint: "it goes when that has ended".into(),
    };
    for (call, error) in [
        ("refuse_if_written", open()),
        ("open_for_sync", too_many_files()),
        ("find", too_many_files()),
    ] {
        let words = error.to_string();
        volumes.fail(call, error);
        let waits = driver.volumes_to_boot(&machine, &mut state).await;
        assert_eq!(waits.unwrap_err().0, words);
    }
    assert_eq!(driver.volumes_to_boot(&machine, &mut state).await.unwrap().unwrap().len(), 1);
    std::fs::remove_file(directory.path().join("disks/d-1.raw")).unwrap();
    let lost = driver.volumes_to_boot(&machine, &mut state).await.unwrap().unwrap_err();
    assert!(lost.contains("d-1"), "{lost}");
}

/// The reason for which a start waits or fails.
async fn start(driver: &Qemu, spec: &MachineSpec) -> String {
    match driver.advance_start(spec).await {
        Ok(Progress::RetryAfter { because, .. } | Progress::Failed(because)) => because,
        Ok(other) => panic!("{other:?}"),
        Err(TransientError(why)) => format!("not yet: {why}"),
    }
}

#[tokio::test]
async fn start_waits_for_a_disk_for_as_long_as_it_is_leaving() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, _) = driver(directory.path());
    let there = attachment(&"i-leaving".into(), "d-1");
    driver.advance_create(&DiskSpec::empty("d-1".into(), 1)).await.unwrap();
    driver.ensure_plugged(&there, false).await.unwrap();
    let leaving = vec![(there.disk.clone(), there.generation)];
    let machine = MachineSpec { leaving, ..spec("i-leaving") };
    tokio::time::pause();
    for _ in 0..2 {
        let waits = start(&driver, &machine).await;
        assert!(waits.contains("is Detaching"), "{waits}");
        tokio::time::advance(Duration::from_secs(100)).await;
    }
    let given_up = MachineSpec { leaving: Vec::new(), ..machine };
    let goes_on = start(&driver, &given_up).await;
    assert!(!goes_on.contains("is Detaching"), "{goes_on}");
}

#[tokio::test]
async fn start_is_tried_again_while_qemu_does_not_list_its_machine_types() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("qemu");
    let (driver, _) = driver_with(directory.path(), &program);
    let image = "m-gone".to_owned();
    let machine = MachineSpec { image, ..spec("i-types") };
    let known = driver.machine(&machine.instance).unwrap();
    let boots = |record: &mut Record| record.starts_from = Some(StartsFrom::Bios);
    known.change(&mut *known.state.lock().await, boots).await.unwrap();
    for _ in 1..3 {
        let waits = start(&driver, &machine).await;
        assert!(waits.starts_with("not yet") && waits.contains("cannot be run"), "{waits}");
    }
    let ends = start(&driver, &machine).await;
    assert!(!ends.starts_with("not yet") && ends.contains("cannot be run"), "{ends}");
}
