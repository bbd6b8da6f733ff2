//! Monitors that are silent, files that are slow, and looks whether a machine is on.

use std::sync::mpsc;
use std::{fs, thread};

use qmp::commands::deadline;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::hypervisor::DiskSpec;
use crate::hypervisor::qemu::process::looked;
use crate::hypervisor::qemu::tests::{attachment, driver};

/// A client of a monitor that greets, negotiates and says no more.
async fn client_of_a_silent_monitor() -> (qmp::Client, tokio::io::DuplexStream) {
    let (ours, mut theirs) = tokio::io::duplex(4_096);
    let greeting = br#"{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}}}"#;
    for line in [greeting.as_slice(), br#"{"return": {}, "id": 1}"#] {
        theirs.write_all(line).await.unwrap();
        theirs.write_all(b"\n").await.unwrap();
    }
    // The reply is read after the command was sent, since nothing runs in between.
    (qmp::Client::over(ours, GREETING, None).await.unwrap(), theirs)
}

#[tokio::test(start_paused = true)]
async fn silent_monitor_is_a_transient_error_that_names_the_command() {
    let (client, _monitor) = client_of_a_silent_monitor().await;
    let began = Instant::now();
    let TransientError(words) = devices(&client).await.unwrap_err();
    assert_eq!(words, "QEMU: no reply to qom-list within 5s");
    assert_eq!(began.elapsed(), deadline::QUERY);
}

#[tokio::test]
async fn abandoned_call_runs_before_later_calls_of_its_machine() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Machine::new("i-1".into(), directory.path().to_owned());
    let write =
        |words: &'static str| move |directory: &Path| fs::write(directory.join("last"), words);
    let (go, stalls) = mpsc::channel();
    let slow = machine.with_files("write", move |directory| {
        stalls.recv().map_err(io::Error::other)?;
        write("given up")(directory)
    });
    tokio::select! {
        biased;
        _ = slow => panic!("it stalls"),
        () = std::future::ready(()) => {}
    }
    let next = machine.with_files("write", write("next"));
    let release = async { go.send(()).unwrap() };
    let (written, ()) = tokio::join!(next, release);
    written.unwrap();
    assert_eq!(fs::read_to_string(directory.path().join("last")).unwrap(), "next");
}

#[tokio::test]
async fn machine_that_was_never_on_costs_one_look_through_the_processes() {
    let directory = tempfile::tempdir().unwrap();
    let (driver, _) = driver(directory.path());
    let there = attachment(&format!("i-never-on-{}", std::process::id()).into(), "d-1");
    driver.advance_create(&DiskSpec::empty("d-1".into(), 1)).await.unwrap();
    driver.ensure_plugged(&there, false).await.unwrap();
    let threads = || looked::threads(there.instance.as_str());
    let at_first = threads().len();
    for _ in 0..3 {
        driver.reconcile_devices_now(&there.instance).await.unwrap();
        assert!(!driver.look_at(&there.instance).await.unwrap().unwrap().running);
    }
    assert_eq!(threads().len(), at_first, "three passes");
    // As an earlier version left it, or when it was lost.
    let machine = driver.machine(&there.instance).unwrap();
    fs::remove_file(machine.directory.join("power")).unwrap();
    for _ in 0..3 {
        driver.reconcile_devices_now(&there.instance).await.unwrap();
        driver.look_at(&there.instance).await.unwrap();
    }
    assert_eq!(threads().len(), at_first + 1);
    // The runtime of this test is this thread.
    assert!(!threads().contains(&thread::current().id()), "connections would wait");
}
