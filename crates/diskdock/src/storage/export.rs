//! Disks and snapshots as files for other programs: there is all of such a file, or none.
//!
//! Only what nobody writes to is read: a snapshot, or a disk that no virtual machine has open.
//! `qemu-img` holds QEMU's lock on a disk meanwhile, so that no machine opens it.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use domain::DiskId;
use rustix::fs::{CWD, RenameFlags};
use serde_json::{Value, json};

use super::damage::Damages;
use super::directory::DiskFormat;
use super::error::{At, StorageError};
use super::images::Images;
use super::import::{ImportProgress, SILENCE, percent, require_room};
use super::qemu_img::Tool;
use super::{file_name, files, holders, qcow2, snapshot_files};
use crate::failpoint;

/// The directory of disks in the data directory.
const DISKS: &str = "disks";
/// Ids of snapshots begin with it.
const SNAPSHOT: &str = "s-";
/// Bytes of a block, as the system counts them.
const BLOCK: u64 = 512;

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
}

/// The file of a disk or snapshot: open, and looked at.
struct ExportSource {
    file: File,
    path: PathBuf,
    format: DiskFormat,
    virtual_bytes: u64,
    /// The file of the image that it lies on.
    base: Option<PathBuf>,
}

/// Writes the content of a disk or snapshot into a file, durably. Ends with an error, and without a
/// file, soon after `cancel` is set.
pub fn export(
    data_directory: &Path,
    export: &DiskExport,
    cancel: &AtomicBool,
    tell: &mut dyn FnMut(ImportProgress),
) -> Result<Exported, StorageError> {
    refuse_file_in_the_way(export)?;
    tell(ImportProgress::Checking);
    let source = ExportSource::find(data_directory, &export.id)?;
    let staging = StagedExport::beside(&export.file)?;
    require_room(&staging.path, source.measure()?)?;
    let mut on_output = |text: &str| {
        if let Some(percent) = percent(text) {
            tell(ImportProgress::Copied(percent));
        }
    };
    let tool = Tool::new("convert").arg("-p").arg("-O").arg(export.format.as_str());
    let tool = tool.arg(source.node()).arg(&staging.path).cancelled_by(cancel);
    let copied = tool.with_listener(SILENCE, &mut on_output).run();
    copied.map_err(|fault| source.named(fault).or_full(&staging.path))?;
    // Whoever wrote to it meanwhile has passed by the lock.
    source.read_header(data_directory)?;
    failpoint::hit("export.copied");
    tell(ImportProgress::Saving);
    let written = staging.publish(export)?;
    failpoint::hit("export.published");
    let allocated_bytes = written.blocks() * BLOCK;
    Ok(Exported { virtual_bytes: source.virtual_bytes, allocated_bytes })
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
        let mut source = ExportSource { file, path, format, virtual_bytes: 0, base: None };
        (source.virtual_bytes, source.base) = source.read_header(data_directory)?;
        Ok(source)
    }

    /// Bytes that a guest sees, and the file of the image that it lies on: one of this directory,
    /// or none. Any other reference could make a file of this host part of the export.
    fn read_header(&self, data_directory: &Path) -> Result<(u64, Option<PathBuf>), StorageError> {
        if self.format == DiskFormat::Raw {
            return Ok((self.file.metadata().at("look at", &self.path)?.len(), None));
        }
        let corrupt = |why: &str| StorageError::corrupt(&self.path, why);
        let header = qcow2::read(&self.file).map_err(|why| corrupt(&why))?;
        if header.external_data || header.encrypted {
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
        let own = file(Path::new(&self.opened()));
        let node = match (self.format, &self.base) {
            (DiskFormat::Raw, _) => json!({ "driver": "raw", "file": own }),
            (DiskFormat::Qcow2, None) => {
                json!({ "driver": "qcow2", "file": own, "backing": null })
            }
            (DiskFormat::Qcow2, Some(base)) => {
                let image = json!({ "driver": "qcow2", "file": file(base), "backing": null });
                json!({ "driver": "qcow2", "file": own, "backing": image })
            }
        };
        format!("json:{node}")
    }

    /// The bytes of data that have to be copied.
    fn measure(&self) -> Result<u64, StorageError> {
        // For a raw file it would count the holes.
        let tool = Tool::new("measure").arg("--output=json").arg("-O").arg("qcow2");
        let output = tool.arg(self.node()).run().map_err(|fault| self.named(fault))?;
        let measured: Value = serde_json::from_str(&output).unwrap_or_default();
        measured["required"].as_u64().ok_or_else(|| StorageError::Tool {
            command: "qemu-img measure".to_owned(),
            words: "it did not say how many bytes are required".to_owned(),
        })
    }

    /// The path of the open file, independent of its name.
    fn opened(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    /// A failure of a command, with the file's own name.
    fn named(&self, fault: StorageError) -> StorageError {
        match fault {
            StorageError::Tool { command, words } => {
                let words = words.replace(&self.opened(), &self.path.display().to_string());
                StorageError::Tool { command, words }
            }
            other => other,
        }
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

/// The file before it has its name, locked as long as it is worked on, and removed on drop.
struct StagedExport {
    path: PathBuf,
    _lock: File,
}

impl StagedExport {
    fn beside(file: &Path) -> Result<StagedExport, StorageError> {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("export");
        let path = file.with_file_name(format!(".{name}.part"));
        if let Ok(left) = files::open(&path, false) {
            if left.try_lock().is_err() {
                let what = format!("{} is being written already", file.display());
                let hint = "wait for that export, or name another file".to_owned();
                return Err(StorageError::Taken { what, hint });
            }
            // Of an export that was killed.
            files::remove(&path)?;
        }
        let lock = files::create(&path)?;
        lock.try_lock().map_err(std::io::Error::from).at("lock", &path)?;
        Ok(StagedExport { path, _lock: lock })
    }

    /// Makes it durable and gives it its name.
    fn publish(self, export: &DiskExport) -> Result<std::fs::Metadata, StorageError> {
        let DiskExport { file, replace, .. } = export;
        files::sync(&self.path)?;
        let flags = if *replace { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
        match rustix::fs::renameat_with(CWD, &self.path, CWD, file, flags) {
            Err(rustix::io::Errno::EXIST) => return Err(is_there(file)),
            named => named.at("name", file)?,
        }
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        files::sync(directory.unwrap_or(Path::new(".")))?;
        std::fs::symlink_metadata(file).at("look at", file)
    }
}

impl Drop for StagedExport {
    fn drop(&mut self) {
        // It has its name by now, or is not wanted.
        let _ = std::fs::remove_file(&self.path);
    }
}
