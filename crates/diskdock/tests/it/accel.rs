//! How guests run here: found out by running one, whatever the host.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use diskdock::hypervisor::qemu::accel::{Accel, AccelChoice, choose};

const QEMU: &str = "qemu-system-x86_64";

/// A program that stands in the place of QEMU.
fn impostor(directory: &Path, script: &str) -> std::path::PathBuf {
    let path = directory.join("qemu");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn probe_finds_that_tcg_runs_a_guest() {
    let choice = choose(Path::new(QEMU), AccelChoice::Tcg).await;
    let choice = choice.expect("these tests need QEMU: apt-get install qemu-system-x86");
    assert_eq!((choice.accel, choice.cpu_model), (Accel::Tcg, "max"));
    assert_eq!(choice.remark, None);
}

#[tokio::test]
async fn automatic_choice_works_and_warns_when_slow() {
    let choice = choose(Path::new(QEMU), AccelChoice::Auto).await.unwrap();
    match choice.accel {
        Accel::Kvm => assert_eq!((choice.cpu_model, choice.remark), ("host", None)),
        Accel::Tcg => {
            let remark = choice.remark.unwrap();
            assert!(remark.contains("kvm") && remark.contains("slower"), "{remark}");
            let refused = choose(Path::new(QEMU), AccelChoice::Kvm).await.unwrap_err();
            assert!(refused.contains("kvm") && !refused.contains("slower"), "{refused}");
        }
    }
}

#[tokio::test]
async fn probe_reports_a_missing_or_broken_qemu_with_its_message() {
    let missing = choose(Path::new("/nowhere/qemu"), AccelChoice::Auto).await.unwrap_err();
    assert!(missing.contains("/nowhere/qemu") && missing.contains("apt-get"), "{missing}");
    let directory = tempfile::tempdir().unwrap();
    let broken = impostor(directory.path(), "echo 'no such machine' >&2; exit 1");
    let told = choose(&broken, AccelChoice::Tcg).await.unwrap_err();
    assert!(told.contains("exit status: 1") && told.contains("no such machine"), "{told}");
}

#[tokio::test]
async fn probe_kills_a_guest_that_hangs() {
    let directory = tempfile::tempdir().unwrap();
    let left = directory.path().join("pid");
    let script = format!("echo $$ > {}; exec tail -f /dev/null", left.display());
    let began = Instant::now();
    let told = choose(&impostor(directory.path(), &script), AccelChoice::Tcg).await.unwrap_err();
    assert!(told.contains("did not end within 5 s"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(15));
    let pid = std::fs::read_to_string(left).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "it still runs");
}
