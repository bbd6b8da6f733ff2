//! Calls for disks that meet an error of the host which passes.

use std::path::PathBuf;

use rustix::io::Errno;

use super::*;
use crate::hypervisor::qemu::record::Record;
use crate::hypervisor::qemu::tests::{attachment, driver, too_many_files};
use crate::hypervisor::{AttachmentId, DiskContent};

/// Errors that may be gone at the next attempt.
fn passing() -> [StorageError; 3] {
    let path = PathBuf::from("disk");
    let (command, words) = ("qemu-img create".to_owned(), "it took too long".to_owned());
    [
        too_many_files(),
        StorageError::Io { doing: "write", path, source: Errno::IO.into() },
        StorageError::Tool { command, words },
    ]
}

/// Takes steps until one does not wait for a copy.
async fn until_ended(
    step: impl AsyncFn() -> Result<Progress, TransientError>,
) -> Result<Progress, TransientError> {
    loop {
        match step().await {
            Ok(Progress::Suspended { .. } | Progress::RetryAfter { .. }) => {}
            ended => return ended,
        }
    }
}

#[tokio::test]
async fn create_goes_on_after_an_error_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    let disk = DiskSpec::empty("d-1".into(), 1);
    for error in passing() {
        let words = error.to_string();
        volumes.fail("create", error);
        assert_eq!(driver.advance_create(&disk).await.unwrap_err().0, words);
    }
    assert_eq!(driver.advance_create(&disk).await.unwrap(), Progress::Done);
    let lost = DiskSpec { image: Some("m-lost".into()), ..DiskSpec::empty("d-2".into(), 1) };
    let failed = driver.advance_create(&lost).await.unwrap();
    assert!(matches!(failed, Progress::Failed(_)), "{failed:?}");
}

#[tokio::test]
async fn create_from_a_snapshot_goes_on_after_an_error_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    let (first, snapshot) = (DiskSpec::empty("d-1".into(), 1), SnapshotId::from("s-1"));
    driver.advance_create(&first).await.unwrap();
    let copied =
        async |spec: &DiskSpec| until_ended(async || driver.advance_create(spec).await).await;
    while driver.advance_snapshot(&snapshot, &first.disk).await.unwrap() != Progress::Done {}
    let second = DiskSpec { snapshot: Some(snapshot.clone()), ..DiskSpec::empty("d-2".into(), 1) };
    for error in passing() {
        let words = error.to_string();
        volumes.fail("create_from", error);
        assert_eq!(copied(&second).await.unwrap_err().0, words);
    }
    let full = || StorageError::NoSpace { path: "disk".into(), wanted: "1".into(), available: 0 };
    volumes.fail("create_from", full());
    assert_eq!(copied(&second).await.unwrap(), Progress::Failed(full().to_string()));
    assert_eq!(copied(&second).await.unwrap(), Progress::Done);
}

#[tokio::test]
async fn resize_of_a_closed_disk_goes_on_after_an_error_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    driver.advance_create(&DiskSpec::empty("d-1".into(), 1)).await.unwrap();
    let larger = DiskSpec::empty("d-1".into(), 2);
    for call in ["find", "resize"] {
        for error in passing() {
            let words = error.to_string();
            volumes.fail(call, error);
            assert_eq!(driver.advance_resize(&larger, &[]).await.unwrap_err().0, words);
        }
    }
    assert_eq!(driver.advance_resize(&larger, &[]).await.unwrap(), Progress::Done);
}

#[tokio::test]
async fn attach_goes_on_after_an_error_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    driver.advance_create(&DiskSpec::empty("d-1".into(), 1)).await.unwrap();
    let there = attachment(&"i-attach".into(), "d-1");
    for error in passing() {
        let words = error.to_string();
        volumes.fail("find", error);
        assert_eq!(driver.ensure_plugged(&there, false).await.unwrap_err().0, words);
    }
    assert_eq!(driver.ensure_plugged(&there, false).await.unwrap(), Progress::Done);
    let lost = attachment(&"i-attach".into(), "d-lost");
    let failed = driver.ensure_plugged(&lost, false).await.unwrap();
    assert!(matches!(failed, Progress::Failed(_)), "{failed:?}");
}

#[tokio::test]
async fn snapshot_copy_and_new_content_go_on_after_an_error_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    let (disk, snapshot) = (DiskSpec::empty("d-1".into(), 1), SnapshotId::from("s-1"));
    let copy = SnapshotId::from("s-2");
    driver.advance_create(&disk).await.unwrap();
    let take = async || driver.advance_snapshot(&snapshot, &disk.disk).await;
    let copies = async || driver.advance_copy_snapshot(&snapshot, &copy, false).await;
    let set_back = async || driver.advance_reinit(&disk, &DiskContent::Empty).await;
    for error in passing() {
        let words = error.to_string();
        volumes.fail("take", error);
        assert_eq!(until_ended(take).await.unwrap_err().0, words);
    }
    assert_eq!(until_ended(take).await.unwrap(), Progress::Done);
    for error in passing() {
        let words = error.to_string();
        volumes.fail("copy_snapshot", error);
        assert_eq!(until_ended(copies).await.unwrap_err().0, words);
    }
    assert_eq!(until_ended(copies).await.unwrap(), Progress::Done);
    for error in passing() {
        let words = error.to_string();
        volumes.fail("set_back", error);
        assert_eq!(until_ended(set_back).await.unwrap_err().0, words);
    }
    assert_eq!(until_ended(set_back).await.unwrap(), Progress::Done);
    let full = || StorageError::NoSpace { path: "disk".into(), wanted: "1".into(), available: 0 };
    volumes.fail("set_back", full());
    assert_eq!(until_ended(set_back).await.unwrap(), Progress::Failed(full().to_string()));
}

/// A machine that counts as one that has the only disk open.
async fn machine_with(driver: &Qemu, there: &AttachmentId) -> Arc<Machine> {
    driver.advance_create(&DiskSpec::empty(there.disk.clone(), 1)).await.unwrap();
    driver.ensure_plugged(there, false).await.unwrap();
    let machine = driver.machine(&there.instance).unwrap();
    let opened = driver.find(&there.disk).await.unwrap().unwrap().opened;
    let was_on = |record: &mut Record| record.set_opened(&there.disk, Some(opened));
    machine.change(&mut *machine.state.lock().await, was_on).await.unwrap();
    machine
}

/// Ways in which a file may be taken from under its guest.
const REPLACED: [fn(&Path); 6] = [
    |_| {},
    |file| std::fs::write(file, "").unwrap(),
    |file| std::fs::write(file, "no whole sectors").unwrap(),
    |file| std::fs::write(file, [0; 4_096]).unwrap(),
    |file| std::os::unix::fs::symlink("elsewhere", file).unwrap(),
    |file| std::fs::create_dir(file).unwrap(),
];

#[tokio::test]
async fn last_copy_counts_as_lost_whatever_has_the_name_of_its_file() {
    for (replace, is_damaged) in
        REPLACED.iter().flat_map(|replace| [(replace, false), (replace, true)])
    {
        let directory = tempfile::tempdir().unwrap();
        let (driver, volumes) = driver(directory.path());
        let there = attachment(&"i-holds".into(), "d-1");
        let machine = machine_with(&driver, &there).await;
        let mut state = machine.state.lock().await;
        assert_eq!(driver.loss_by_exit(&machine, &mut state).await.unwrap(), None);
        volumes.fail("check_name", too_many_files());
        assert!(driver.loss_by_exit(&machine, &mut state).await.is_err(), "it cannot be told");
        if is_damaged {
            volumes.mark_damaged(&there.disk, "a test");
            assert_eq!(driver.loss_by_exit(&machine, &mut state).await.unwrap(), None);
        }
        let file = directory.path().join("disks/d-1.raw");
        std::fs::rename(&file, directory.path().join("aside")).unwrap();
        replace(&file);
        let lost = driver.loss_by_exit(&machine, &mut state).await.unwrap().unwrap();
        assert!(lost.contains("d-1") && lost.contains("last copy"), "{lost}");
    }
}

#[tokio::test]
async fn disk_whose_last_copy_went_with_its_machine_is_damaged_whatever_has_its_name() {
    for replace in REPLACED {
        let directory = tempfile::tempdir().unwrap();
        let (driver, volumes) = driver(directory.path());
        let there = attachment(&"i-ended".into(), "d-1");
        let machine = machine_with(&driver, &there).await;
        let mut state = machine.state.lock().await;
        let at = machine.record(&mut state).await.unwrap().unwrap().at(&there).unwrap().clone();
        let file = directory.path().join("disks/d-1.raw");
        let aside = directory.path().join("aside");
        std::fs::rename(&file, &aside).unwrap();
        replace(&file);
        assert!(driver.sync_after_exit(&machine, &mut state, &at).await.is_err());
        let _ = std::fs::remove_file(&file).or_else(|_| std::fs::remove_dir(&file));
        std::fs::rename(&aside, &file).unwrap();
        let kept = driver.sync_after_exit(&machine, &mut state, &at).await.unwrap_err();
        assert!(matches!(kept, StorageError::Damaged { .. }), "{kept}");
        assert_eq!(volumes.damaged().len(), 1);
    }
}
