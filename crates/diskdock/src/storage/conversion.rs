//! Content that is copied from one form into another: raw, qcow2, encrypted.

use std::path::Path;

use domain::SnapshotId;

use super::directory::Directory;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::import::{TransferProgress, run_copy};
use super::keys::{DiskKey, FormattedFile};
use super::snapshots::CopyWatch;
use super::tool::Tool;
use super::{GIB, copy, files, qcow2};

/// The names of the two secrets of a conversion.
const FROM: &str = "from";
const TO: &str = "to";

/// The file of a whole snapshot, looked at.
pub(super) struct SnapshotFile {
    pub virtual_bytes: u64,
    /// The key that opens it, if it is encrypted.
    pub key: Option<DiskKey>,
}

impl Directory {
    /// `qemu-img convert` into a new file of a staging directory, as QEMU's user.
    pub(super) fn convert(
        &self,
        from: FormattedFile<'_>,
        to: FormattedFile<'_>,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        files::create(to.path)?;
        files::apply_owner(to.path, self.0.owner, files::PRIVATE)?;
        let tool = Tool::new("convert").arg("-p").arg("-O").arg(to.format.as_str());
        let tool = tool.with_key(FROM, from.key).arg(from.node(FROM)).arg(to.path);
        self.copy_with(tool, to.path, watch)
    }

    /// The same into an encrypted file of so many bytes, of which those behind the last are zeros.
    pub(super) fn encrypt(
        &self,
        from: FormattedFile<'_>,
        (to, key): (&Path, &DiskKey),
        bytes: u64,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        self.make_empty(to, bytes, Some(key))?;
        let made = FormattedFile { path: to, format: DiskFormat::Qcow2, key: Some(key) };
        let tool = Tool::new("convert").arg("-p").arg("-n").arg("--target-is-zero");
        let tool = tool.with_key(FROM, from.key).with_key(TO, Some(key));
        let tool = tool.arg("--target-image-opts").arg(from.node(FROM)).arg(made.options(TO));
        self.copy_with(tool, to, watch)
    }

    fn copy_with(
        &self,
        tool: Tool<'_>,
        to: &Path,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        let copied = run_copy(tool.owned_by(self.0.owner), &mut |progress| {
            if let TransferProgress::Copied(percent) = progress {
                // The result is thrown away if the copy is not wanted any more.
                let _ = watch(percent as u8);
            }
        });
        copied.map_err(|fault| fault.or_full(to))
    }

    /// Looks at the file of a whole snapshot, which holds all its bytes by itself.
    pub(super) fn look_at_snapshot(
        &self,
        snapshot: &SnapshotId,
        (path, format): (&Path, DiskFormat),
    ) -> Result<SnapshotFile, StorageError> {
        let file = files::open(path, false).at("open", path)?;
        if format == DiskFormat::Raw {
            let virtual_bytes = file.metadata().at("look at", path)?.len();
            return Ok(SnapshotFile { virtual_bytes, key: None });
        }
        let header = qcow2::read(&file).map_err(|why| StorageError::corrupt(path, why))?;
        if header.backing.is_some() || header.is_foreign() {
            let why = "a snapshot holds all its bytes by itself, and this one does not";
            return Err(StorageError::corrupt(path, why));
        }
        let key = self.key_of(snapshot.as_str(), header.luks)?;
        Ok(SnapshotFile { virtual_bytes: header.virtual_bytes, key })
    }

    /// Fills a new file with the content of a whole snapshot, of this size at least: raw, or
    /// encrypted if there is a key. Encrypted content is never written in plain.
    pub(super) fn fill_with(
        &self,
        snapshot: &SnapshotId,
        size_gib: u32,
        (to, key): (&Path, Option<&DiskKey>),
        watch: CopyWatch<'_>,
    ) -> Result<DiskFormat, StorageError> {
        let (path, format) = self.require_whole(snapshot)?;
        let found = self.look_at_snapshot(snapshot, (&path, format))?;
        if found.key.is_some() && key.is_none() {
            let why = "it is encrypted, and the disk to be made of it is not";
            return Err(StorageError::corrupt(&path, why));
        }
        let from = FormattedFile { path: &path, format, key: found.key.as_ref() };
        let wanted = u64::from(size_gib) * GIB;
        if let Some(key) = key {
            self.encrypt(from, (to, key), wanted.max(found.virtual_bytes), watch)?;
            return Ok(DiskFormat::Qcow2);
        }
        match format {
            DiskFormat::Raw => {
                copy::copy(&files::open(&path, false).at("open", &path)?, to, watch)?;
            }
            DiskFormat::Qcow2 => {
                self.convert(
                    from,
                    FormattedFile { path: to, format: DiskFormat::Raw, key },
                    watch,
                )?;
            }
        }
        if found.virtual_bytes < wanted {
            files::open(to, true).and_then(|file| file.set_len(wanted)).at("make room in", to)?;
        }
        Ok(DiskFormat::Raw)
    }
}
