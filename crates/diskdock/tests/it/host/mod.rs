//! The commands of an operator on a host, with the real program: image import, doctor.

mod doctor;
mod exposure;
mod image;
mod offered;

use std::path::Path;
use std::process::{Command, Output};

/// Runs `diskdock` on a data directory.
pub(crate) fn diskdock(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env("DISKDOCK_DATA_DIR", data).args(arguments).output().unwrap()
}

/// Standard output of a run that goes well.
#[track_caller]
pub(crate) fn out(data: &Path, arguments: &[&str]) -> String {
    let output = diskdock(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", complaint(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The standard error of a run.
pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
