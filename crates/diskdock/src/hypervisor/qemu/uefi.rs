//! UEFI firmware: the code of Debian's package `ovmf`, which all machines share, and the variables
//! of each machine, such as the order in which it boots.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use super::machine::off_thread;
use super::process::User;
use crate::storage::no_follow;

/// The code, without secure boot.
pub(crate) const FIRMWARE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/// The variables of a machine that was never on.
pub(crate) const VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";
/// How to get both.
pub(crate) const INSTALL: &str = "apt-get install ovmf";
/// The variables in the directory that belongs to QEMU.
const FILE: &str = "uefi-variables.fd";

/// The files of both flash chips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UefiFiles {
    /// The code.
    pub firmware: PathBuf,
    /// The machine's variables.
    pub variables: PathBuf,
}

/// The first file of the package that cannot be read, if any.
pub(crate) fn missing() -> Option<String> {
    let unreadable = |path: &&str| File::open(path).is_err();
    [FIRMWARE, VARIABLES].into_iter().find(unreadable).map(str::to_owned)
}

/// Gives a machine its variables, unless it has them from an earlier start.
pub(super) async fn prepare(run: &Path, user: Option<User>) -> Result<UefiFiles, String> {
    let run = run.to_owned();
    let prepared = off_thread(move || {
        if let Some(path) = missing() {
            let what = format!("the image needs UEFI, and {path} cannot be read: {INSTALL}");
            return Err(io::Error::other(what));
        }
        let variables = run.join(FILE);
        if std::fs::symlink_metadata(&variables).is_err() {
            copy(Path::new(VARIABLES), &variables, user)?;
        }
        Ok(UefiFiles { firmware: FIRMWARE.into(), variables })
    });
    prepared.await.map_err(|error| error.to_string())
}

/// A copy for QEMU, whole or not at all.
fn copy(from: &Path, to: &Path, user: Option<User>) -> io::Result<()> {
    let new = to.with_extension("new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let mut options = File::options();
    let options = options.write(true).create_new(true).mode(0o600).custom_flags(no_follow());
    let mut file = options.open(&new)?;
    file.write_all(&std::fs::read(from)?)?;
    if let Some(user) = user {
        fchown(&file, Some(user.uid), Some(user.gid))?;
    }
    file.sync_all()?;
    std::fs::rename(&new, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_is_whole_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join(FILE));
        std::fs::write(&from, "variables").unwrap();
        // Left behind by a start that was cut off.
        std::fs::write(to.with_extension("new"), "vari").unwrap();
        copy(&from, &to, None).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"variables");
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
