//! Starts with disks that cannot be opened at the moment.

use super::*;
use crate::hypervisor::DiskSpec;
use crate::hypervisor::qemu::tests::{attachment, driver, too_many_files};
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
