//! The key of a user of Ceph: found where Ceph's tools find it, and kept for QEMU in a file of its
//! own, which only the user of QEMU may read. It is on no command line and in no message.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::options::RbdOptions;
use crate::storage::directory::Directory;
use crate::storage::error::{At, StorageError};
use crate::storage::files;
use crate::storage::tool::Tool;
use crate::storage::{CLOSED, file_name};

/// The directory in the data directory.
const DIRECTORY: &str = "ceph";
/// The end of the name of a key's file.
const END: &str = "key";
/// Bytes of a keyring that are read.
const KEYRING_BYTES: u64 = 64 * 1024;
/// Bytes of the sum that a fingerprint has: a key is random.
const FINGERPRINT_BYTES: usize = 16;
/// Ceph's tool that reads its configuration, and its package.
const CEPH_CONF: (&str, &str) = ("ceph-conf", "ceph-common");
/// How long that may take.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// The file that holds the key: the one that was named, or the first that is there of those that
/// Ceph's tools look at.
pub(super) fn find_keyring(options: &RbdOptions) -> Result<PathBuf, StorageError> {
    if let Some(keyring) = &options.keyring {
        return Ok(keyring.clone());
    }
    let RbdOptions { conf, user, .. } = options;
    let tool = Tool::of(CEPH_CONF, "--conf", READ_WITHIN).arg(conf);
    let tool = tool.arg("--name").arg(format!("client.{user}"));
    let named = tool.arg("--show-config-value").arg("keyring").run()?;
    let paths = named.split([',', ';', '\n']).map(str::trim).filter(|path| !path.is_empty());
    let found = paths.map(PathBuf::from).find(|path| path.is_file());
    found.ok_or_else(|| StorageError::Missing {
        what: format!("the key of client.{user}"),
        hint: format!("name its file with keyring=FILE, or in {}", conf.display()),
    })
}

/// The fingerprint of the user's key, by which another key is told from it.
pub(super) fn fingerprint(options: &RbdOptions) -> Result<String, StorageError> {
    let text = read(&find_keyring(options)?)?;
    let key = key_of(&text, &options.user).unwrap_or_default();
    Ok(if key.is_empty() { String::new() } else { fingerprint_of(key) })
}

fn fingerprint_of(key: &str) -> String {
    let sum = Sha256::digest(key.as_bytes());
    sum.iter().take(FINGERPRINT_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

fn read(keyring: &Path) -> Result<String, StorageError> {
    let file = files::open(keyring, false).at("open", keyring)?;
    let mut text = String::new();
    file.take(KEYRING_BYTES).read_to_string(&mut text).at("read", keyring)?;
    Ok(text)
}

/// Takes the key out of a keyring into a file for QEMU, durably.
pub(super) fn keep(
    options: &RbdOptions,
    keyring: &Path,
    (data_directory, local): (&Path, &Directory),
) -> Result<PathBuf, StorageError> {
    let text = read(keyring)?;
    let user = &options.user;
    let key = key_of(&text, user)
        .ok_or_else(|| StorageError::corrupt(keyring, format!("it has no key of client.{user}")))?;
    let directory = data_directory.join(DIRECTORY);
    files::directory(&directory, CLOSED)?;
    let (keeper, mode) = local.owner_and_mode();
    files::apply_owner(&directory, keeper, mode)?;
    let path =
        directory.join(format!("{}.{END}", file_name::checked(&user.replace(['.', '_'], "-"))?));
    // A QEMU that is being started may read the old one.
    let fresh = path.with_extension("new");
    files::remove(&fresh)?;
    let mut file = files::create(&fresh)?;
    file.write_all(key.as_bytes()).and_then(|()| file.sync_all()).at("write", &fresh)?;
    files::apply_owner(&fresh, local.0.owner, files::PRIVATE)?;
    std::fs::rename(&fresh, &path).at("name", &path)?;
    files::sync(&directory)?;
    Ok(path)
}

/// The key of a user in the text of a keyring.
fn key_of<'a>(keyring: &'a str, user: &str) -> Option<&'a str> {
    let section = format!("[client.{user}]");
    let lines = keyring.lines().map(str::trim).skip_while(|line| *line != section).skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    lines.find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "key").then(|| value.trim()).filter(|key| !key.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_of_takes_the_key_of_that_user_only() {
        let keyring = "[client.a]\n\tcaps mon = \"allow r\"\n\tkey = QQ==\n[client.b]\n key=Qg==\n";
        assert_eq!(key_of(keyring, "a"), Some("QQ=="));
        assert_eq!(key_of(keyring, "b"), Some("Qg=="));
        assert_eq!(key_of(keyring, "c"), None);
        let (a, b) = (fingerprint_of("QQ=="), fingerprint_of("Qg=="));
        assert!(a.len() == 32 && a != b && !a.contains("QQ=="), "{a} {b}");
        assert_eq!(key_of("[client.a]\ncaps osd = \"x\"\n[client.b]\nkey = Qg==\n", "a"), None);
    }
}
