//! Whom QEMU runs as.

use nix::unistd::{User, geteuid};

use crate::storage::Owner;

/// Who runs QEMU unless somebody else is named: a user that can do nothing.
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
