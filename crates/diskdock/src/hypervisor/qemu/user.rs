//! The user that QEMU runs as.

use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use rustix::process::geteuid;

use crate::storage::Owner;

/// The default user of QEMU, without any rights.
pub const BY_DEFAULT: &str = "nobody";
/// The exit code of `getent` for an unknown name.
const UNKNOWN_NAME: i32 = 2;

/// Whom machines run as: the named user where this process may change to it, else ourselves.
pub fn of_machines(name: &str) -> Result<Option<Owner>, String> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    find(name)?.ok_or_else(|| format!("there is no user {name}")).map(Some)
}

/// User and primary group of a name, from whatever the host takes its users from; none if there is
/// no such user.
pub(crate) fn find(name: &str) -> Result<Option<Owner>, String> {
    let cannot = |why: &dyn std::fmt::Display| format!("cannot look up {name}: {why}");
    let mut command = Command::new("getent");
    command.args(["--", "passwd", name]).env("LC_ALL", "C").stdin(Stdio::null());
    let output = command.output().map_err(|error| cannot(&error))?;
    match output.status.code() {
        Some(0) => {
            let line = String::from_utf8_lossy(&output.stdout);
            let owner = parse(name, &line);
            owner.map(Some).ok_or_else(|| cannot(&format_args!("getent says {line:?}")))
        }
        Some(UNKNOWN_NAME) => Ok(None),
        _ => Err(cannot(&String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// `name:password:user:group:…`. An entry of another name means that the name was a number.
fn parse(name: &str, line: &str) -> Option<Owner> {
    let fields: Vec<&str> = line.trim_end().split(':').collect();
    let [found, _, uid, gid, ..] = fields[..] else { return None };
    let owner = Owner { uid: uid.parse().ok()?, gid: gid.parse().ok()? };
    (found == name).then_some(owner)
}

/// Whether this user may read and write a file, by its mode.
pub(crate) fn may_use(path: &str, user: Owner) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_knows_root_and_tells_a_missing_user_from_a_failure() {
        assert_eq!(find("root"), Ok(Some(Owner { uid: 0, gid: 0 })));
        assert_eq!(find("nobody-of-this-name"), Ok(None));
        assert_eq!(find("--help"), Ok(None), "a name is no option");
    }

    #[test]
    fn parse_takes_user_and_group_of_that_name_only() {
        let line = "diskdock-qemu:x:998:107::/nonexistent:/usr/sbin/nologin\n";
        assert_eq!(parse("diskdock-qemu", line), Some(Owner { uid: 998, gid: 107 }));
        assert_eq!(parse("998", line), None);
        assert_eq!(parse("diskdock-qemu", "diskdock-qemu:x:many:107"), None);
    }
}
