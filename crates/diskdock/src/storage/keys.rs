//! The keys of encrypted disks and snapshots: a file for each, which only the user of QEMU may
//! read, as it may the disk.
//!
//! A key is a random passphrase that opens the LUKS header of one file. It is durable before the
//! file has its name, and deleted after it. `qemu-img` and QEMU are told the path of a key, never
//! the key itself, so that it is on no command line and in no message to a monitor.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::disk_file::DiskFile;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::files::{self, Owner};
use super::staging::{self, StagingDirectory};
use super::tool::Tool;
use super::{CLOSED, file_name};
use crate::failpoint;

/// The directory in the data directory.
const DIRECTORY: &str = "keys";
/// The end of the name of a key's file.
const END: &str = "key";
/// Random bytes of a key; its file has two digits for each.
const BYTES: usize = 32;
/// The file in a staging directory.
const UNNAMED: &str = "key";
/// How long a header takes to open, in milliseconds: less than QEMU does least. A longer time would
/// make a weak passphrase dear to guess, and these are random.
const OPENS_WITHIN_MS: u32 = 10;

/// The key of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DiskKey {
    path: PathBuf,
}

impl DiskKey {
    /// QEMU's object of this name that holds the key: its path.
    pub(super) fn secret(&self, name: &str) -> Value {
        let path = self.path.display().to_string();
        json!({ "qom-type": "secret", "id": name, "file": path })
    }
}

/// A file that `qemu-img` reads or writes, and what opens it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FormattedFile<'a> {
    pub path: &'a Path,
    pub format: DiskFormat,
    /// The key of an encrypted one.
    pub key: Option<&'a DiskKey>,
}

impl FormattedFile<'_> {
    /// The same as options, as `qemu-img` takes them for a file that is written to.
    pub(super) fn options(&self, secret: &str) -> String {
        let (format, path) = (self.format.as_str(), self.path.display().to_string());
        let encrypted = format!("encrypt.format=luks,encrypt.key-secret={secret},");
        let encrypted = if self.key.is_some() { encrypted } else { String::new() };
        // A comma in a path would end it.
        let path = path.replace(',', ",,");
        format!("driver={format},{encrypted}file.driver=file,file.filename={path}")
    }

    /// How `qemu-img` opens it, with a secret of this name.
    pub(super) fn node(&self, secret: &str) -> String {
        let file = json!({ "driver": "file", "filename": self.path.display().to_string() });
        let mut node = json!({ "driver": self.format.as_str(), "file": file });
        if self.key.is_some() {
            encrypt(&mut node, secret);
        }
        format!("json:{node}")
    }
}

/// Has a qcow2 node opened with the secret of this name.
pub(super) fn encrypt(node: &mut Value, secret: &str) {
    node["encrypt"] = json!({ "format": "luks", "key-secret": secret });
}

/// The options with which `qemu-img` makes an encrypted qcow2 file.
pub(super) fn luks_options(secret: &str) -> String {
    format!("encrypt.format=luks,encrypt.key-secret={secret},encrypt.iter-time={OPENS_WITHIN_MS}")
}

impl<'a> Tool<'a> {
    /// Gives it a key as the secret of this name, if there is one.
    pub(super) fn with_key(self, name: &str, key: Option<&DiskKey>) -> Tool<'a> {
        match key {
            Some(key) => self.arg("--object").arg(key.secret(name).to_string()),
            None => self,
        }
    }
}

/// The keys of a data directory.
#[derive(Clone, Debug)]
pub(super) struct DiskKeys {
    directory: PathBuf,
}

impl DiskKeys {
    /// The keys of a data directory as they are; there need not be any.
    pub(super) fn of(data_directory: &Path) -> DiskKeys {
        DiskKeys { directory: data_directory.join(DIRECTORY) }
    }

    /// Gives everything its owner, and clears away what a crash left half made.
    pub(super) fn open(
        data_directory: &Path,
        owner: Owner,
        keeper: (Owner, u32),
    ) -> Result<DiskKeys, StorageError> {
        let keys = DiskKeys::of(data_directory);
        if keys.directory.symlink_metadata().is_err() {
            return Ok(keys);
        }
        keys.make_directory(keeper)?;
        staging::clear_left_behind(&keys.directory)?;
        for (_, path) in keys.list()? {
            files::apply_owner(&path, owner, files::PRIVATE)?;
        }
        Ok(keys)
    }

    /// Makes the directory, unless it is there.
    fn make_directory(&self, (keeper, mode): (Owner, u32)) -> Result<(), StorageError> {
        files::directory(&self.directory, CLOSED)?;
        files::apply_owner(&self.directory, keeper, mode)?;
        self.directory.parent().map_or(Ok(()), files::sync)
    }

    fn path(&self, id: &str) -> Result<PathBuf, StorageError> {
        Ok(self.directory.join(format!("{}.{END}", file_name::checked(id)?)))
    }

    /// The key of a disk or snapshot, durable; made if there is none. One that is there is used
    /// again: whoever makes a file of this name at the same time has it too.
    pub(super) fn ensure(
        &self,
        id: &str,
        owner: Owner,
        keeper: (Owner, u32),
    ) -> Result<DiskKey, StorageError> {
        let path = self.path(id)?;
        if path.symlink_metadata().is_err() {
            self.make_directory(keeper)?;
            let staging = StagingDirectory::begin(&self.directory, keeper.0, keeper.1)?;
            let made = staging.file(UNNAMED);
            let mut file = files::create(&made)?;
            file.write_all(new_key().as_bytes()).at("write", &made)?;
            files::apply_owner(&made, owner, files::PRIVATE)?;
            file.sync_all().at("make durable", &made)?;
            staging.publish(UNNAMED, &path)?;
        }
        files::sync(&self.directory)?;
        failpoint::hit("encrypted.key_made");
        self.require(id)
    }

    /// The key of an encrypted disk or snapshot, which has to be there.
    pub(super) fn require(&self, id: &str) -> Result<DiskKey, StorageError> {
        let path = self.path(id)?;
        let unusable =
            |why: String| StorageError::Key { id: id.to_owned(), path: path.clone(), why };
        let file = match files::open(&path, false) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(unusable("it is missing".to_owned()));
            }
            opened => opened.at("open", &path)?,
        };
        if has_form_of_key(&file).at("read", &path)? {
            Ok(DiskKey { path })
        } else {
            Err(unusable(format!("it has not the {} digits of a key", 2 * BYTES)))
        }
    }

    /// Deletes the key of a disk or snapshot whose file is gone; false if there is none.
    pub(super) fn remove(&self, id: &str) -> Result<bool, StorageError> {
        let removed = files::remove(&self.path(id)?)?;
        if removed {
            files::sync(&self.directory)?;
        }
        Ok(removed)
    }

    /// The keys that are there, with the ids of their disks and snapshots.
    pub(super) fn list(&self) -> Result<Vec<(String, PathBuf)>, StorageError> {
        if self.directory.symlink_metadata().is_err() {
            return Ok(Vec::new());
        }
        let found = files::in_directory(&self.directory)?.into_iter().filter_map(|path| {
            let id = file_name::checked(path.file_stem()?.to_str()?).ok()?.to_owned();
            (path.extension()? == END).then_some((id, path))
        });
        Ok(found.collect())
    }

    /// Whether a key opens the file of a disk. It is tried out with QEMU's own tool, as this user.
    pub(super) fn try_out(
        &self,
        id: &str,
        found: &DiskFile,
        owner: Owner,
    ) -> Result<(), StorageError> {
        let key = self.require(id)?;
        let content = FormattedFile { path: &found.path, format: found.format, key: Some(&key) };
        // A look at the first sector, beside whoever has it open.
        let tool = Tool::new("map").arg("-U").arg("--output=json").arg("--max-length=512");
        let tool = tool.with_key(SECRET, Some(&key)).arg(content.node(SECRET));
        let ended = tool.owned_by(owner).output()?;
        if ended.status.success() {
            return Ok(());
        }
        // Its header was read before, and its image is there.
        let why = format!("it does not open {} ({})", found.path.display(), ended.message());
        Err(StorageError::Key { id: id.to_owned(), path: key.path, why })
    }
}

/// The name of the only secret of a command.
pub(super) const SECRET: &str = "key";

/// Whether a file holds a key and nothing else.
fn has_form_of_key(file: &File) -> std::io::Result<bool> {
    let mut text = Vec::new();
    file.take(2 * BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text.len() == 2 * BYTES && text.iter().all(u8::is_ascii_hexdigit))
}

/// A random key, in the digits that QEMU takes for a passphrase.
fn new_key() -> String {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(data: &Path) -> DiskKeys {
        DiskKeys::open(data, Owner::ourselves(), (Owner::ourselves(), CLOSED)).unwrap()
    }

    fn ensure(keys: &DiskKeys, id: &str) -> DiskKey {
        keys.ensure(id, Owner::ourselves(), (Owner::ourselves(), CLOSED)).unwrap()
    }

    #[test]
    fn ensure_makes_a_key_once_and_another_one_for_another_id() {
        let data = tempfile::tempdir().unwrap();
        let keys = keys(data.path());
        let read = |key: &DiskKey| std::fs::read_to_string(&key.path).unwrap();
        let first = read(&ensure(&keys, "d-1"));
        assert_eq!(first.len(), 64);
        assert_eq!(read(&ensure(&keys, "d-1")), first);
        assert_ne!(read(&ensure(&keys, "d-2")), first);
        assert!(keys.remove("d-1").unwrap() && !keys.remove("d-1").unwrap());
        assert_ne!(read(&ensure(&keys, "d-1")), first);
        let ids: Vec<_> = keys.list().unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
    }

    #[test]
    fn require_tells_a_missing_key_and_one_of_another_form() {
        let data = tempfile::tempdir().unwrap();
        let keys = keys(data.path());
        ensure(&keys, "d-2");
        let missing = keys.require("d-1").unwrap_err();
        assert!(
            missing.needs_operator() && missing.to_string().contains("is missing"),
            "{missing}"
        );
        for wrong in ["", "short", &"0".repeat(65), &"x".repeat(64)] {
            std::fs::write(keys.path("d-1").unwrap(), wrong).unwrap();
            let unusable = keys.require("d-1").unwrap_err();
            assert!(unusable.to_string().contains("64 digits"), "{unusable}");
            // What a key has in its place is never told.
            assert!(wrong.is_empty() || !unusable.to_string().contains(wrong), "{unusable}");
        }
    }

    #[test]
    fn secret_is_a_path_and_not_the_key() {
        let data = tempfile::tempdir().unwrap();
        let key = ensure(&keys(data.path()), "d-1");
        let told = key.secret("key-d-1.1").to_string();
        assert!(told.contains("keys/d-1.key"), "{told}");
        assert!(!told.contains(&std::fs::read_to_string(&key.path).unwrap()), "{told}");
    }
}
