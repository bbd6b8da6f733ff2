//! The pool of disks.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::DiskId;

use super::draft::{self, Draft};
use super::fault::{At, StorageError};
use super::files::{self, Owner};
use super::images::{BootFiles, ImageRecord, Images};
use super::tool::Tool;
use super::{CLOSED, GIB, PASSABLE, name, qcow2};

/// Bytes that raw images are counted in.
const SECTOR: u64 = 512;
/// The file in a draft.
const UNNAMED: &str = "disk";

/// How the bytes of a disk lie in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the guest sees them.
    Raw,
    /// What differs from an image.
    Qcow2,
}

impl Format {
    const ALL: [Format; 2] = [Format::Raw, Format::Qcow2];

    /// QEMU's name for it, and the end of the file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Raw => "raw",
            Format::Qcow2 => "qcow2",
        }
    }
}

/// The file of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFile {
    /// Where it is: absolute.
    pub path: PathBuf,
    /// How the bytes lie in it.
    pub format: Format,
    /// Bytes that the guest sees.
    pub bytes: u64,
}

/// All disks and images of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    disks: PathBuf,
    owner: Owner,
    images: Images,
}

impl Pool {
    /// Opens the pool of a data directory that one server has for itself: makes its directories,
    /// gives everything its owner, clears away what a crash left half made.
    ///
    /// `owner` is the user that QEMU runs as, who must be able to pass through the data directory;
    /// without, it is ourselves.
    pub fn open(data_directory: &Path, owner: Option<Owner>) -> Result<Pool, StorageError> {
        let ourselves = Owner::ourselves();
        let owner = owner.unwrap_or(ourselves);
        let group = (owner != ourselves).then_some(owner.gid);
        let images = Images::open_for(data_directory, group)?;
        let disks = images.disks().to_owned();
        let pool = Pool(Arc::new(Inner { disks, owner, images }));
        files::directory(pool.disks(), CLOSED)?;
        draft::clear_left_behind(pool.disks())?;
        for file in pool.names()? {
            files::apply_owner(&file, owner, files::PRIVATE)?;
        }
        let (keeper, mode) = pool.keeper();
        files::apply_owner(pool.disks(), keeper, mode)?;
        Ok(pool)
    }

    /// Makes a disk: empty, or as a copy on write of an image and at least as large as it. Does
    /// nothing if there is one already.
    pub fn create(
        &self,
        disk: &DiskId,
        size_gib: u32,
        image: Option<&str>,
    ) -> Result<(), StorageError> {
        if self.path(disk)?.is_some() {
            return self.make_durable(disk);
        }
        let bytes = u64::from(size_gib) * GIB;
        match image {
            None => self.create_empty(disk, bytes),
            Some(image) => self.create_overlay(disk, bytes, &self.image(image)?),
        }
    }

    /// The file of a disk, after a look at whether it can be used.
    pub fn find(&self, disk: &DiskId) -> Result<DiskFile, StorageError> {
        let (path, format) = self.path(disk)?.ok_or_else(|| missing(disk))?;
        let file = files::open(&path, false).at("open", &path)?;
        let bytes = match format {
            Format::Raw => raw_bytes(&file, &path)?,
            Format::Qcow2 => self.overlay_bytes(&file, &path)?,
        };
        Ok(DiskFile { path, format, bytes })
    }

    /// Makes a disk larger that no virtual machine has open. Never makes one smaller; does nothing
    /// if it is as large already.
    pub fn resize(&self, disk: &DiskId, size_gib: u32) -> Result<(), StorageError> {
        let found = self.find(disk)?;
        let bytes = u64::from(size_gib) * GIB;
        if found.bytes < bytes {
            self.grow(&found, bytes)?;
        }
        self.make_durable(disk)
    }

    /// Waits until the disk, with everything that was written to it, would survive a crash.
    pub fn make_durable(&self, disk: &DiskId) -> Result<(), StorageError> {
        let (path, _) = self.path(disk)?.ok_or_else(|| missing(disk))?;
        files::sync(&path)?;
        files::sync(self.disks())
    }

    /// Removes a disk for good. Does nothing if there is none.
    pub fn discard(&self, disk: &DiskId) -> Result<(), StorageError> {
        for format in Format::ALL {
            files::remove(&self.named(disk, format)?)?;
        }
        files::sync(self.disks())
    }

    /// The images that can be used.
    pub fn images(&self) -> Result<Vec<ImageRecord>, StorageError> {
        self.0.images.survey().map(|survey| survey.records)
    }

    /// The image of this id.
    pub fn image(&self, id: &str) -> Result<ImageRecord, StorageError> {
        self.0.images.record(id)
    }

    /// The files that an image is booted from: absolute.
    pub fn boot_files(&self, image: &ImageRecord) -> BootFiles {
        self.0.images.boot_files(image)
    }

    fn disks(&self) -> &Path {
        &self.0.disks
    }

    /// Whose the directories of disks are, and their mode.
    fn keeper(&self) -> (Owner, u32) {
        let ourselves = Owner::ourselves();
        let mode = if self.0.owner == ourselves { CLOSED } else { PASSABLE };
        (Owner { gid: self.0.owner.gid, ..ourselves }, mode)
    }

    fn named(&self, disk: &DiskId, format: Format) -> Result<PathBuf, StorageError> {
        let id = name::checked(disk.as_str())?;
        Ok(self.disks().join(format!("{id}.{}", format.as_str())))
    }

    fn path(&self, disk: &DiskId) -> Result<Option<(PathBuf, Format)>, StorageError> {
        for format in Format::ALL {
            let path = self.named(disk, format)?;
            if std::fs::symlink_metadata(&path).is_ok() {
                return Ok(Some((path, format)));
            }
        }
        Ok(None)
    }

    /// The files of all disks.
    fn names(&self) -> Result<Vec<PathBuf>, StorageError> {
        let entries = std::fs::read_dir(self.disks()).at("list", self.disks())?;
        let paths = entries.flatten().map(|entry| entry.path());
        let is_disk = |path: &PathBuf| {
            let extension = path.extension().and_then(|end| end.to_str());
            let known = Format::ALL.iter().any(|format| Some(format.as_str()) == extension);
            known && path.symlink_metadata().is_ok_and(|found| found.is_file())
        };
        Ok(paths.filter(is_disk).collect())
    }

    fn create_empty(&self, disk: &DiskId, bytes: u64) -> Result<(), StorageError> {
        let draft = self.draft()?;
        let path = draft.file(UNNAMED);
        let file = files::create(&path)?;
        file.set_len(bytes).at("make room in", &path)?;
        self.finish(draft, disk, Format::Raw)
    }

    fn create_overlay(
        &self,
        disk: &DiskId,
        bytes: u64,
        image: &ImageRecord,
    ) -> Result<(), StorageError> {
        let base = self.boot_files(image).disk;
        let bytes = bytes.max(self.0.images.virtual_bytes(image)?);
        let draft = self.draft()?;
        let path = draft.file(UNNAMED);
        files::create(&path)?;
        files::apply_owner(&path, self.0.owner, files::PRIVATE)?;
        let tool = Tool::new("create").arg("-q").arg("-f").arg("qcow2").arg("-F").arg("qcow2");
        let tool = tool.arg("-b").arg(&base).arg(&path).arg(bytes.to_string());
        tool.owned_by(self.0.owner).run().map_err(|fault| fault.or_full(&path))?;
        self.finish(draft, disk, Format::Qcow2)?;
        // Whoever deletes an image takes its name away first and then looks for disks on it.
        let still_there = self.image(&image.id);
        if still_there.is_err() {
            self.discard(disk)?;
        }
        still_there.map(drop)
    }

    fn draft(&self) -> Result<Draft, StorageError> {
        let (keeper, mode) = self.keeper();
        Draft::begin(self.disks(), keeper, mode)
    }

    fn finish(&self, draft: Draft, disk: &DiskId, format: Format) -> Result<(), StorageError> {
        let path = draft.file(UNNAMED);
        files::apply_owner(&path, self.0.owner, files::PRIVATE)?;
        files::sync(&path)?;
        // If somebody was faster, that disk is as good.
        draft.publish(UNNAMED, &self.named(disk, format)?).map(drop)
    }

    fn grow(&self, found: &DiskFile, bytes: u64) -> Result<(), StorageError> {
        if found.format == Format::Raw {
            let file = files::open(&found.path, true).at("open", &found.path)?;
            return file.set_len(bytes).at("make room in", &found.path);
        }
        let tool = Tool::new("resize").arg("-q").arg("-f").arg("qcow2");
        let tool = tool.arg(&found.path).arg(bytes.to_string());
        let grown = tool.owned_by(self.0.owner).run();
        grown.map(drop).map_err(|fault| fault.or_full(&found.path))
    }

    fn overlay_bytes(&self, file: &File, path: &Path) -> Result<u64, StorageError> {
        let corrupt = |why: &str| StorageError::corrupt(path, format!("{why}; {REMEDY}"));
        let header = qcow2::read(file).map_err(|why| corrupt(&why))?;
        let base = header.backing.ok_or_else(|| corrupt("it names no image"))?;
        if header.external_data || header.encrypted {
            return Err(corrupt("it has features that diskdock never gives a disk"));
        }
        match self.0.images.owning(Path::new(&base)) {
            Some(id) => self.image(id).map(|_| header.virtual_bytes),
            None => Err(corrupt(&format!("it lies on {base}, which is no image of this pool"))),
        }
    }
}

/// What to do about a file that was damaged.
const REMEDY: &str = "restore it from a backup, or delete the disk";

fn missing(disk: &DiskId) -> StorageError {
    StorageError::Missing {
        what: format!("the file of disk {disk}"),
        hint: "restore it from a backup, or delete the disk".to_owned(),
    }
}

fn raw_bytes(file: &File, path: &Path) -> Result<u64, StorageError> {
    let bytes = file.metadata().at("look at", path)?.len();
    // A sector that cannot be read tells of a broken file system before a guest finds out.
    file.read_at(&mut [0; SECTOR as usize], 0).at("read", path)?;
    if bytes == 0 || bytes % SECTOR != 0 {
        let why = format!("its {bytes} bytes are no whole number of sectors; {REMEDY}");
        return Err(StorageError::corrupt(path, why));
    }
    Ok(bytes)
}
