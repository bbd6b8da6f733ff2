//! The QEMU driver keeps the contract, with a real guest. Needs QEMU and what `tests/guest/build`
//! makes; `cargo test --test qemu` runs it.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "../contract/hypervisor.rs"]
mod contract;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diskdock::clock::Clock;
use diskdock::hypervisor::qemu::accel::AccelChoice;
use diskdock::hypervisor::qemu::network::{Network, Programs};
use diskdock::hypervisor::qemu::throttle::DiskThrottle;
use diskdock::hypervisor::qemu::{Config, Qemu, prepare, user};
use diskdock::storage::{Directory, DiskCache, Images, Import, ImportedFiles};

use contract::{Bench, Pass, contract};

/// A file that `tests/guest/build` makes.
fn guest(file: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| workspace.join("target"), PathBuf::from);
    let path = target.join("guest").join(file);
    assert!(path.is_file(), "{} is not there: run tests/guest/build", path.display());
    path
}

/// The image of the tiny guest, imported into a fresh data directory.
fn import(data_directory: &Path) -> String {
    let what = ImportedFiles::Kernel {
        kernel: guest("vmlinuz"),
        initrd: Some(guest("initrd.gz")),
        command_line: "console=ttyS0 quiet no_timer_check".to_owned(),
        disk: None,
        empty_gib: 1,
    };
    let import = Import {
        id: "m-guest".to_owned(),
        name: "guest".to_owned(),
        os_name: "busybox".to_owned(),
        created_at: "2026-01-02T03:04:05Z".to_owned(),
        what,
    };
    let images = Images::open(data_directory).unwrap();
    images.import(&import, &mut |_| {}).unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn the_qemu_driver_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    // QEMU runs as another user, who has to get there.
    std::fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).unwrap();
    let image = import(directory.path());
    let config = Config {
        program: "qemu-system-x86_64".into(),
        accel: AccelChoice::Tcg,
        user: user::of_machines(user::BY_DEFAULT).unwrap(),
        network: Network::None,
        programs: Programs { relay: "diskdock".into(), passt: "passt".into() },
        throttle: DiskThrottle::Documented,
        freeze_guests: true,
        shutdown_grace_ms: 30_000,
    };
    let prepared = prepare(directory.path(), config.user).unwrap();
    let disks = Directory::open(&prepared, config.user).unwrap();
    let disks = disks.with_cache(DiskCache::None).unwrap();
    let driver = Qemu::open(config, &prepared, Arc::new(disks));
    let clock = Clock::default();
    let pass = |milliseconds: i64| -> Pass {
        let milliseconds = u64::try_from(milliseconds).unwrap().min(500);
        Box::pin(tokio::time::sleep(Duration::from_millis(milliseconds)))
    };
    let now = || clock.uptime();
    let bench = Bench { driver: driver.as_ref(), now: &now, pass: &pass, image: &image };
    contract(&bench).await;
}
