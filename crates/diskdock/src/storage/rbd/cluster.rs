//! Questions to the cluster as a whole, asked by Ceph's tool `ceph`.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Rbd;
use super::fence::ip_of;
use super::key_file::{find_keyring, fingerprint};
use super::options::RbdOptions;
use crate::storage::error::StorageError;
use crate::storage::tool::{Tool, ToolOutput};

/// The tool, and its package.
const CEPH: (&str, &str) = ("ceph", "ceph-common");
/// The tool for objects, and its package.
const RADOS: (&str, &str) = ("rados", "ceph-common");
/// The name of the lock, and how long it stays, in seconds.
const LOCK: &str = "address";
const LOCKED_FOR_S: &str = "20";
/// How long the tool waits for monitors, in seconds.
const MONITORS_S: &str = "10";
/// The deadline of a command, which is one round of the monitors.
const DEADLINE: Duration = Duration::from_secs(40);
/// The exit code of a tool that the monitors did not answer: ETIMEDOUT, and its own.
const SILENT: [i32; 2] = [110, 1];

impl Rbd {
    /// The fingerprint of the key of the options' user; empty if its keyring has none.
    pub(crate) fn key_fingerprint(options: &RbdOptions) -> Result<String, StorageError> {
        fingerprint(options)
    }

    /// The id of the cluster; none if it does not answer. Fails if the key may not ask, or cannot
    /// be read.
    pub(crate) fn cluster_of(options: &RbdOptions) -> Result<Option<String>, StorageError> {
        let keyring = find_keyring(options)?;
        let began = Instant::now();
        let ended = ask(options, &keyring, &["fsid"]);
        let ended = match ended {
            Err(StorageError::Tool { .. }) if began.elapsed() >= DEADLINE => return Ok(None),
            ended => ended?,
        };
        match ended.status.code() {
            Some(0) => Ok(Some(ended.stdout.trim().to_owned()).filter(|id| !id.is_empty())),
            Some(code) if SILENT.contains(&code) => Ok(None),
            Some(_) | None => {
                let words = ended.message();
                Err(StorageError::Tool { command: "ceph fsid".to_owned(), words })
            }
        }
    }
}

/// A lock of an object.
#[derive(Deserialize)]
struct ObjectLock {
    lockers: Vec<Locker>,
}

#[derive(Deserialize)]
struct Locker {
    cookie: String,
    addr: String,
}

/// The address of the one that locked with this cookie: others may have the lock as well, such as
/// an earlier process of the same user, which came from another address.
fn locked_from(lockers: &[Locker], cookie: &str) -> Option<IpAddr> {
    lockers.iter().find(|one| one.cookie == cookie).and_then(|one| ip_of(&one.addr))
}

impl Rbd {
    /// The address that Ceph sees this computer at: that of a client which locks an object of the
    /// pool, named after the user, for a moment. The cookie of the lock is random.
    pub(crate) fn address_of(options: &RbdOptions, cookie: u64) -> Result<IpAddr, StorageError> {
        let keyring = find_keyring(options)?;
        let object = format!("address.{}", options.user);
        let rados = |words: &[&str]| {
            let mut tool = Tool::of(RADOS, "--conf", DEADLINE).arg(&options.conf);
            tool = tool.arg("--name").arg(format!("client.{}", options.user));
            tool = tool.arg("--keyring").arg(&keyring).arg("--pool").arg(&options.pool);
            for word in words {
                tool = tool.arg(word);
            }
            tool.run()
        };
        // One that a process left which was killed ends by itself.
        let cookie = cookie.to_string();
        let shared = ["--lock-type", "shared", "--lock-duration", LOCKED_FOR_S];
        let lock = ["--lock-cookie", &cookie, "lock", "get", &object, LOCK];
        rados(&[&shared[..], &lock[..]].concat())?;
        let told = rados(&["lock", "info", &object, LOCK])?;
        let wrong = |words: String| StorageError::Tool { command: "rados lock info".into(), words };
        let told: ObjectLock = serde_json::from_str(&told)
            .map_err(|error| wrong(format!("its answer cannot be read: {error}")))?;
        let seen = locked_from(&told.lockers, &cookie);
        seen.ok_or_else(|| wrong("it does not name this client".to_owned()))
    }
}

/// Runs `ceph` with these words.
pub(super) fn ask(
    options: &RbdOptions,
    keyring: &Path,
    words: &[&str],
) -> Result<ToolOutput, StorageError> {
    let mut tool = Tool::of(CEPH, "--conf", DEADLINE).arg(&options.conf);
    tool = tool.arg("--name").arg(format!("client.{}", options.user));
    tool = tool.arg("--keyring").arg(keyring).arg("--connect-timeout").arg(MONITORS_S);
    for word in words {
        tool = tool.arg(word);
    }
    tool.output()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_that_of_ones_own_lock() {
        let told = r#"[{"name": "client.1", "cookie": "7", "addr": "10.77.0.2:0/1"},
                       {"name": "client.2", "cookie": "8", "addr": "10.77.0.3:0/2"}]"#;
        let lockers: Vec<Locker> = serde_json::from_str(told).unwrap();
        assert_eq!(locked_from(&lockers, "7"), Some("10.77.0.2".parse().unwrap()));
        assert_eq!(locked_from(&lockers, "8"), Some("10.77.0.3".parse().unwrap()));
        assert_eq!(locked_from(&lockers, "9"), None, "others say nothing of it");
    }
}
