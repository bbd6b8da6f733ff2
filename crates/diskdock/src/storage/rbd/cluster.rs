//! Questions to the cluster as a whole, asked by Ceph's tool `ceph`.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Rbd;
use super::fence::ip_of;
use super::key_file::find_keyring;
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
    addr: String,
}

impl Rbd {
    /// The address that Ceph sees this computer at: that of a client which locks an object of the
    /// pool, named after the user, for a moment.
    pub(crate) fn address_of(options: &RbdOptions) -> Result<IpAddr, StorageError> {
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
        let lock = ["lock", "get", &object, LOCK];
        rados(&[&["--lock-type", "shared", "--lock-duration", LOCKED_FOR_S], &lock[..]].concat())?;
        let told = rados(&["lock", "info", &object, LOCK])?;
        let wrong = |words: String| StorageError::Tool { command: "rados lock info".into(), words };
        let told: ObjectLock = serde_json::from_str(&told)
            .map_err(|error| wrong(format!("its answer cannot be read: {error}")))?;
        let seen = told.lockers.last().and_then(|one| ip_of(&one.addr));
        seen.ok_or_else(|| wrong("it names nobody".to_owned()))
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
