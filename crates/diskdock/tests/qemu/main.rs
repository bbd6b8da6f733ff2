//! The QEMU driver keeps the contract, with a real guest. Needs QEMU and what `tests/guest/build`
//! makes; `cargo test --test qemu` runs it.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "../contract/hypervisor.rs"]
mod contract;

use std::path::{Path, PathBuf};
use std::time::Duration;

use diskdock::clock::Clock;
use diskdock::hypervisor::qemu::accel::Wish;
use diskdock::hypervisor::qemu::{Config, Qemu, user};
use diskdock::storage::{Images, Import};

use contract::{Bench, Pass, contract};

/// What `tests/guest/build` makes.
fn guest(file: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| workspace.join("target"), PathBuf::from);
    let path = target.join("guest").join(file);
    assert!(path.is_file(), "{} is not there: run tests/guest/build", path.display());
    path
}
