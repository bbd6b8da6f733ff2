//! Disks and snapshots as files for other programs: there is all of such a file, or none.
//!
//! Only what nobody writes to is read: a snapshot, or a disk that no virtual machine has open.
//! `qemu-img` holds QEMU's lock on a disk meanwhile, so that no machine opens it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use domain::DiskId;
use serde_json::json;

use super::damage::Damages;
use super::directory::DISKS;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::images::Images;
use super::import::{TransferProgress, require_room, run_copy};
use super::keys::{self, DiskKey, DiskKeys, SECRET};
use super::opened_file::OpenedFile;
use super::tool::Tool;
use super::{file_name, files, holders, qcow2, snapshot_files};
use crate::failpoint;
use crate::private_file::StagedFile;

/// Ids of snapshots begin with it.
const SNAPSHOT: &str = "s-";

/// A file to be.
#[derive(Clone, Debug)]
pub struct DiskExport {
    /// The disk or snapshot.
    pub id: String,
    /// The file.
    pub file: PathBuf,
    /// Its format.
    pub format: DiskFormat,
    /// Whether it takes the place of a file that is there.
    pub replace: bool,
}

/// The size of a file that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Bytes that a guest sees.
    pub virtual_bytes: u64,
    /// Bytes that the file takes on its file system.
    pub allocated_bytes: u64,
    /// Whether the disk or snapshot is encrypted, which the file is not.
    pub was_encrypted: bool,
}

/// The file of a disk or snapshot: open, and looked at.
struct ExportSource {
    opened: OpenedFile,
    format: DiskFormat,
    virtual_bytes: u64,
    /// The file of the image that it lies on.
    base: Option<PathBuf>,
    /// The key that opens it, if it is encrypted.
    key: Option<DiskKey>,
}

/// Writes the content of a disk or snapshot into a file, durably. Ends with an error, and without a
/// file, soon after `cancel` is set.
pub fn export(
    data_directory: &Path,
    export: &DiskExport,
    cancel: &AtomicBool,
    tell: &mut dyn FnMut(TransferProgress),
) -> Result<Exported, StorageError> {
    refuse_file_in_the_way(export)?;
    tell(TransferProgress::Checking);
    let source = ExportSource::find(data_directory, &export.id)?;
    let staging = stage(&export.file)?;
    let node = source.node();
    let tool = |verb: &str| Tool::new(verb).with_key(SECRET, source.key.as_ref());
    require_room(staging.path(), source.opened.measure(tool("measure"), &node)?)?;
    let tool = tool("convert").arg("-p").arg("-O").arg(export.format.as_str());
    let tool = tool.arg(node).arg(staging.path()).cancelled_by(cancel);
    let copied = run_copy(tool, tell);
    copied.map_err(|fault| source.opened.named(fault).or_full(staging.path()))?;
    // Whoever wrote to it meanwhile has passed by the lock.
    source.read_header(data_directory)?;
    failpoint::hit("export.copied");
    tell(TransferProgress::Saving);
    let DiskExport { file, replace, .. } = export;
    staging.publish(file, *replace).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => is_there(file),
        _ => StorageError::io("name", file, error),
    })?;
    failpoint::hit("export.published");
    let written = std::fs::symlink_metadata(file).at("look at", file)?;
    let allocated_bytes = files::allocated_bytes(&written);
    let (virtual_bytes, was_encrypted) = (source.virtual_bytes, source.key.is_some());
    Ok(Exported { virtual_bytes, allocated_bytes, was_encrypted })
}

impl ExportSource {
    fn find(data_directory: &Path, id: &str) -> Result<ExportSource, StorageError> {
        let id = file_name::checked(id)?;
        let is_snapshot = id.starts_with(SNAPSHOT);
        let folder = if is_snapshot { snapshot_files::DIRECTORY } else { DISKS };
        let folder = data_directory.join(folder);
        let (path, format) = locate(&folder, id)?;
        if !is_snapshot {
            refuse_if_damaged(&folder, id)?;
            refuse_if_in_use(&path, id)?;
        }
        let file = files::open(&path, false).at("open", &path)?;
        let opened = OpenedFile { file, path };
        let mut source = ExportSource { opened, format, virtual_bytes: 0, base: None, key: None };
        (source.virtual_bytes, source.base) = source.read_header(data_directory)?;
        let is_encrypted = format == DiskFormat::Qcow2
            && qcow2::read(&source.opened.file).is_ok_and(|header| header.luks);
        if is_encrypted {
            source.key = Some(DiskKeys::of(data_directory).require(id)?);
        }
        Ok(source)
    }

    /// Bytes that a guest sees, and the file of the image that it lies on: one of this directory,
    /// or none. Any other reference could make a file of this host part of the export.
    fn read_header(&self, data_directory: &Path) -> Result<(u64, Option<PathBuf>), StorageError> {
        if self.format == DiskFormat::Raw {
            return Ok((self.opened.file.metadata().at("look at", &self.opened.path)?.len(), None));
        }
        let corrupt = |why: &str| StorageError::corrupt(&self.opened.path, why);
        let header = qcow2::read(&self.opened.file).map_err(|why| corrupt(&why))?;
        if header.is_foreign() {
            return Err(corrupt("it has features that diskdock never gives a disk"));
        }
        let Some(base) = header.backing.map(PathBuf::from) else {
            return Ok((header.virtual_bytes, None));
        };
        let absolute = std::path::absolute(data_directory).at("find", data_directory)?;
        let images = Images::of(&absolute);
        let Some(image) = images.owning(&base) else {
            let why = format!("it lies on {}, which is no image of this directory", base.display());
            return Err(corrupt(&why));
        };
        let base = images.boot_files(&images.record(image)?).disk;
        Ok((header.virtual_bytes, Some(base)))
    }

    /// How `qemu-img` opens it: by what was looked at, not by what the file says of itself.
    fn node(&self) -> String {
        let file = |path: &Path| json!({ "driver": "file", "filename": path });
        let own = file(Path::new(&self.opened.node()));
        let mut node = match (self.format, &self.base) {
            (DiskFormat::Raw, _) => json!({ "driver": "raw", "file": own }),
            (DiskFormat::Qcow2, None) => {
                json!({ "driver": "qcow2", "file": own, "backing": null })
            }
            (DiskFormat::Qcow2, Some(base)) => {
                let image = json!({ "driver": "qcow2", "file": file(base), "backing": null });
                json!({ "driver": "qcow2", "file": own, "backing": image })
            }
        };
        if self.key.is_some() {
            keys::encrypt(&mut node, SECRET);
        }
        format!("json:{node}")
    }
}

fn locate(folder: &Path, id: &str) -> Result<(PathBuf, DiskFormat), StorageError> {
    for format in DiskFormat::ALL {
        let path = folder.join(format!("{id}.{}", format.as_str()));
        if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            return Ok((path, format));
        }
    }
    if folder.join(format!("{id}.part")).exists() {
        let hint = "wait until DescribeSnapshots shows it as accomplished".to_owned();
        return Err(StorageError::Taken { what: format!("{id} is still being made"), hint });
    }
    let hint = "name the data directory of its server with --data-dir; disks of a simulated \
                hypervisor have no bytes";
    let what = format!("the file of {id} in {}", folder.display());
    Err(StorageError::Missing { what, hint: hint.to_owned() })
}

fn refuse_if_damaged(disks: &Path, id: &str) -> Result<(), StorageError> {
    let disk = DiskId::from(id);
    match Damages::load(disks)?.of(&disk) {
        Some(why) => Err(StorageError::Damaged { disk, why }),
        None => Ok(()),
    }
}

/// A disk in use is exported from a snapshot only.
fn refuse_if_in_use(path: &Path, id: &str) -> Result<(), StorageError> {
    holders::refuse_if_locked(path).map_err(|fault| match fault {
        StorageError::Taken { .. } => {
            let hint = format!(
                "export a snapshot of it: diskdock call CreateSnapshot --DiskId {id} --wait, then \
                 diskdock disk export s-…"
            );
            let what =
                format!("{id} is in use: a virtual machine, or another program, has it open");
            StorageError::Taken { what, hint }
        }
        other => other,
    })
}

fn refuse_file_in_the_way(export: &DiskExport) -> Result<(), StorageError> {
    match std::fs::symlink_metadata(&export.file) {
        Ok(found) if !found.is_file() => {
            Err(StorageError::corrupt(&export.file, "it is there, and is no plain file"))
        }
        Ok(_) if !export.replace => Err(is_there(&export.file)),
        _ => Ok(()),
    }
}

fn is_there(file: &Path) -> StorageError {
    let what = format!("{} is there already", file.display());
    StorageError::Taken { what, hint: "name another file, or replace it with --force".to_owned() }
}

/// The file before it has its name.
fn stage(file: &Path) -> Result<StagedFile, StorageError> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("export");
    let path = file.with_file_name(format!(".{name}.part"));
    StagedFile::new(path.clone()).map_err(|error| match error.kind() {
        ErrorKind::ResourceBusy => {
            let what = format!("{} is being written already", file.display());
            let hint = "wait for that export, or name another file".to_owned();
            StorageError::Taken { what, hint }
        }
        _ => StorageError::io("make", &path, error),
    })
}
