//! Whom QEMU runs as.

use std::os::unix::fs::MetadataExt;

use nix::unistd::{User, geteuid};

use crate::storage::Owner;

/// The default user of QEMU, without any rights.
pub const BY_DEFAULT: &str = "nobody";

/// Whom machines run as: the named user where this process may change to it, else ourselves.
pub fn of_machines(name: &str) -> Result<Option<Owner>, String> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let found = User::from_name(name).map_err(|error| format!("cannot look up {name}: {error}"))?;
    let found = found.ok_or_else(|| format!("there is no user {name}"))?;
    Ok(Some(Owner { uid: found.uid.as_raw(), gid: found.gid.as_raw() }))
}

/// Whether this user may read and write a file, by its mode.
pub fn may_use(path: &str, user: Owner) -> bool {
    let Ok(found) = std::fs::metadata(path) else { return false };
    let wanted = if found.uid() == user.uid {
        0o600
    } else if found.gid() == user.gid {
        0o060
    } else {
        0o006
    };
    found.mode() & wanted == wanted
}
