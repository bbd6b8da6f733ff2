//! Machines that seem to be off, and are not.

use std::process::{Command, Stdio};

use domain::Uptime;

use super::*;
use crate::hypervisor::qemu::record::Record;
use crate::hypervisor::qemu::tests::{FlawedVolumes, attachment, driver};
use crate::hypervisor::{DiskSpec, Progress};

/// The machine of this name with two disks, which it had open until its QEMU went.
async fn two_disks(driver: &Qemu, name: &str) -> std::sync::Arc<Machine> {
    let machine = driver.machine(&name.into()).unwrap();
    for disk in ["d-1", "d-2"] {
        let there = attachment(&machine.id, disk);
        driver.advance_create(&DiskSpec::empty(disk.into(), 1)).await.unwrap();
        driver.ensure_plugged(&there, false).await.unwrap();
        let opened = driver.find(&there.disk).await.unwrap().unwrap().opened;
        let was_on = |record: &mut Record| record.set_opened(&there.disk, Some(opened));
        machine.change(&mut *machine.state.lock().await, was_on).await.unwrap();
    }
    machine
}

fn is_open() -> StorageError {
    let (what, hint) = ("d-2 is open in process 1".to_owned(), "it goes".to_owned());
    StorageError::Taken { what, hint }
}

fn is_unreadable() -> StorageError {
    let source = rustix::io::Errno::IO.into();
    StorageError::Io { doing: "look at the locks of", path: "d-1.raw".into(), source }
}

/// Whether the machine is off, as all those see it that ask.
async fn is_off(driver: &Qemu, machine: &Machine) -> bool {
    let stopped = driver.advance_stop(&machine.id, true, Uptime(0)).await.unwrap();
    let observed = driver.look_at(&machine.id).await;
    assert_eq!(stopped == Progress::Done, observed.is_ok(), "{stopped:?}, {observed:?}");
    if stopped != Progress::Done {
        assert!(matches!(stopped, Progress::RetryAfter { .. }), "{stopped:?}");
        driver.delete_machine(&machine.id).await.unwrap_err();
    }
    observed.is_ok_and(|seen| !seen.unwrap().running)
}

fn break_second(volumes: &FlawedVolumes) {
    volumes.fail_always("refuse_if_written", |disk| (disk == "d-2").then(is_open));
}

#[tokio::test(start_paused = true)]
async fn machine_is_not_off_while_a_disk_is_open_although_another_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    let machine = two_disks(&driver, "i-one-open").await;
    std::fs::remove_file(directory.path().join("disks/d-1.raw")).unwrap();
    break_second(&volumes);
    let began = Instant::now();
    assert!(!is_off(&driver, &machine).await);
    assert!(began.elapsed() < 4 * CLOSE_TIMEOUT, "three of them have asked");
    volumes.repair();
    assert!(is_off(&driver, &machine).await, "a missing disk is nothing to wait for");
}

#[tokio::test(start_paused = true)]
async fn machine_whose_disks_cannot_be_looked_at_is_off_when_its_process_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, volumes) = driver(directory.path());
    let name = format!("i-unreadable-{}", std::process::id());
    let machine = two_disks(&driver, &name).await;
    volumes.fail_always("refuse_if_written", |_| Some(is_unreadable()));
    let mut process = Command::new("sh");
    process.args(["-c", "read line", "-name", &name]).stdin(Stdio::piped());
    let mut process = process.spawn().unwrap();
    assert!(!is_off(&driver, &machine).await);
    drop(process.stdin.take());
    process.wait().unwrap();
    assert!(is_off(&driver, &machine).await);
}
