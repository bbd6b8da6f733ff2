//! The images of a data directory: records, lists and deletion.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use domain::inventory::{Architecture, BootMode, Image, OsType};
use serde::{Deserialize, Serialize};

use super::directory::DISKS;
use super::error::{At, StorageError};
use super::files::{self, Owner};
use super::staging::{self, StagingDirectory};
use super::{CLOSED, PASSABLE, file_name, qcow2};

pub(super) const RECORD: &str = "image.json";
pub(super) const DISK: &str = "disk.qcow2";
pub(super) const KERNEL: &str = "kernel";
pub(super) const INITRD: &str = "initrd";
/// The content of an image in its staging directory.
pub(super) const CONTENT: &str = "content";
/// The largest record in bytes.
const RECORD_BYTES: u64 = 64 * 1024;
/// The most images of a data directory; more are left out of lists.
pub(super) const IMAGES: usize = 10_000;

/// The record of an image: `image.json` in its directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// The ImageId: 1 to 64 letters, digits and dashes.
    pub id: String,
    /// The ImageName.
    pub name: String,
    /// The OSName.
    pub os_name: String,
    /// Size in GiB; a system disk is at least as large.
    pub size_gib: u32,
    /// How it is started.
    pub boot: ImageBoot,
    /// When it was imported: `2026-01-02T03:04:05Z`.
    pub created_at: String,
}

/// How a machine starts from an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum ImageBoot {
    /// By the boot loader on its disk.
    Disk {
        /// Which firmware it is made for.
        #[serde(default)]
        boot_mode: BootMode,
    },
    /// By a kernel that the virtual machine is given; its disk may be empty.
    Kernel {
        /// The kernel's command line.
        command_line: String,
        /// Whether there is an initial file system beside the kernel.
        initrd: bool,
    },
}

impl ImageBoot {
    /// The `BootMode` that callers see.
    pub(crate) fn boot_mode(&self) -> BootMode {
        match self {
            ImageBoot::Disk { boot_mode } => *boot_mode,
            ImageBoot::Kernel { .. } => BootMode::Bios,
        }
    }
}

/// How machines of an image boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageStart {
    /// The boot loader on their system disk.
    Disk(BootMode),
    /// The kernel of the image.
    Kernel(KernelFiles),
}

/// The files that an image is started from: absolute paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootFiles {
    /// Its disk, in qcow2, which system disks are copies on write of.
    pub disk: PathBuf,
    /// Its kernel, if the virtual machine is to be given one.
    pub kernel: Option<KernelFiles>,
}

/// A kernel that a virtual machine is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFiles {
    /// The kernel.
    pub kernel: PathBuf,
    /// Its initial file system.
    pub initrd: Option<PathBuf>,
    /// Its command line.
    pub command_line: String,
}

/// The result of reading all images.
#[derive(Debug, Default)]
pub struct ImageListing {
    /// The images that can be used, sorted by id.
    pub records: Vec<ImageRecord>,
    /// The faults of the others.
    pub faults: Vec<StorageError>,
}

/// The images of a data directory.
#[derive(Clone, Debug)]
pub struct Images {
    directory: PathBuf,
    disks: PathBuf,
    /// The group that may read them.
    group: Option<u32>,
}

impl Images {
    /// The images of a data directory as they are; there need not be any.
    pub fn of(data_directory: &Path) -> Images {
        // Without links, so that what disks say of their image stays comparable.
        let absolute = std::path::absolute(data_directory);
        let absolute = absolute.unwrap_or_else(|_| data_directory.to_owned());
        let data_directory = absolute.canonicalize().unwrap_or(absolute);
        let directory = data_directory.join("images");
        let shared = |found: &std::fs::Metadata| found.mode() & 0o777 == PASSABLE;
        let found = std::fs::symlink_metadata(&directory).ok();
        let group = found.filter(shared).map(|found| found.gid());
        Images { disks: data_directory.join(DISKS), directory, group }
    }

    /// Opens them for changes, also beside the server: makes the directory, clears away what a
    /// crash left half made.
    pub fn open(data_directory: &Path) -> Result<Images, StorageError> {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, CLOSED);
        builder.recursive(true).create(data_directory).at("make", data_directory)?;
        let images = Images::of(data_directory);
        files::directory(&images.directory, CLOSED)?;
        staging::clear_left_behind(&images.directory)?;
        Ok(images)
    }

    /// Opens them for a server whose virtual machines read them as members of this group.
    pub(super) fn open_for(
        data_directory: &Path,
        group: Option<u32>,
    ) -> Result<Images, StorageError> {
        let images = Images { group, ..Images::open(data_directory)? };
        for entry in std::fs::read_dir(&images.directory).at("list", &images.directory)?.flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && file_name::checked(&entry.file_name().to_string_lossy()).is_ok() {
                images.apply_owner(&entry.path())?;
            }
        }
        let (owner, mode) = images.owner_and_mode();
        files::apply_owner(&images.directory, owner, mode)?;
        Ok(images)
    }

    /// Reads all images.
    pub fn list(&self) -> Result<ImageListing, StorageError> {
        let entries = match std::fs::read_dir(&self.directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(ImageListing::default());
            }
            entries => entries.at("list", &self.directory)?,
        };
        let mut listing = ImageListing::default();
        for entry in entries.flatten().take(IMAGES) {
            let id = entry.file_name().to_string_lossy().into_owned();
            if id.starts_with('.') {
                continue;
            }
            match self.record(&id) {
                Ok(record) => listing.records.push(record),
                // It went while we looked.
                Err(StorageError::Missing { .. }) if !entry.path().exists() => {}
                Err(fault) => listing.faults.push(fault),
            }
        }
        listing.records.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(listing)
    }

    /// The record of an image.
    pub fn record(&self, id: &str) -> Result<ImageRecord, StorageError> {
        let path = self.of_image(id)?.join(RECORD);
        let file = match files::open(&path, false) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(id)),
            opened => opened.at("open", &path)?,
        };
        let mut text = String::new();
        file.take(RECORD_BYTES).read_to_string(&mut text).at("read", &path)?;
        let record: ImageRecord = serde_json::from_str(&text)
            .map_err(|error| StorageError::corrupt(&path, format!("{error}; {REMEDY}")))?;
        if record.id != id || record.size_gib == 0 {
            let why = format!("it is not the record of {id}; {REMEDY}");
            return Err(StorageError::corrupt(&path, why));
        }
        Ok(record)
    }

    /// The files that an image is started from.
    pub fn boot_files(&self, image: &ImageRecord) -> BootFiles {
        let directory = self.directory.join(&image.id);
        let kernel = match &image.boot {
            ImageBoot::Disk { .. } => None,
            ImageBoot::Kernel { command_line, initrd } => Some(KernelFiles {
                kernel: directory.join(KERNEL),
                initrd: initrd.then(|| directory.join(INITRD)),
                command_line: command_line.clone(),
            }),
        };
        BootFiles { disk: directory.join(DISK), kernel }
    }

    /// Bytes that a guest sees of an image's disk.
    pub fn virtual_bytes(&self, image: &ImageRecord) -> Result<u64, StorageError> {
        let path = self.boot_files(image).disk;
        let file = files::open(&path, false).at("open", &path)?;
        let header = qcow2::read(&file)
            .map_err(|why| StorageError::corrupt(&path, format!("{why}; {REMEDY}")))?;
        Ok(header.virtual_bytes)
    }

    /// The disks that are copies on write of an image, by their ids.
    pub fn disks_on(&self, id: &str) -> Result<Vec<String>, StorageError> {
        let Ok(entries) = std::fs::read_dir(&self.disks) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            let Some(disk) = disk_of(&path) else { continue };
            let header = files::open(&path, false).at("open", &path)?;
            // One that cannot be read may well lie on it.
            let on_it = qcow2::read(&header).map_or(true, |header| {
                let base = header.backing.unwrap_or_default();
                self.owning(Path::new(&base)) == Some(id)
            });
            if on_it {
                found.push(disk);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Deletes an image that no disk is based on.
    pub fn delete(&self, id: &str) -> Result<(), StorageError> {
        let path = self.of_image(id)?;
        if std::fs::symlink_metadata(&path).is_err() {
            return Err(missing(id));
        }
        self.refuse_if_used(id)?;
        let staging = self.staging()?;
        let aside = staging.file(CONTENT);
        std::fs::rename(&path, &aside).at("rename", &path)?;
        // A concurrent create of a disk on it looks for the image again afterwards.
        if let Err(used) = self.refuse_if_used(id) {
            std::fs::rename(&aside, &path).at("rename", &aside)?;
            return Err(used);
        }
        files::sync(&self.directory)
    }

    fn refuse_if_used(&self, id: &str) -> Result<(), StorageError> {
        let disks = self.disks_on(id)?;
        if disks.is_empty() {
            return Ok(());
        }
        let what = format!("image {id} is in use by {}", disks.join(", "));
        let hint = "delete the instances with these system disks first".to_owned();
        Err(StorageError::Taken { what, hint })
    }

    /// The image that a file belongs to, by its path.
    pub(super) fn owning<'a>(&self, file: &'a Path) -> Option<&'a str> {
        let inside = file.strip_prefix(&self.directory).ok()?.to_str()?;
        let id = inside.strip_suffix(DISK)?.strip_suffix('/')?;
        file_name::checked(id).ok()
    }

    /// The directory of disks.
    pub(super) fn disks(&self) -> &Path {
        &self.disks
    }

    /// The directory of images.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The directory of an image, which need not exist.
    pub(super) fn of_image(&self, id: &str) -> Result<PathBuf, StorageError> {
        Ok(self.directory.join(file_name::checked(id)?))
    }

    pub(super) fn staging(&self) -> Result<StagingDirectory, StorageError> {
        let (owner, mode) = self.owner_and_mode();
        StagingDirectory::begin(&self.directory, owner, mode)
    }

    /// Gives the directory of an image and all that is in it owner and mode.
    pub(super) fn apply_owner(&self, directory: &Path) -> Result<(), StorageError> {
        let (owner, mode) = self.owner_and_mode();
        let of_file = if self.group.is_some() { files::SHARED } else { files::PRIVATE };
        for entry in std::fs::read_dir(directory).at("list", directory)?.flatten() {
            files::apply_owner(&entry.path(), owner, of_file)?;
        }
        files::apply_owner(directory, owner, mode)
    }

    fn owner_and_mode(&self) -> (Owner, u32) {
        let ourselves = Owner::ourselves();
        match self.group {
            Some(gid) => (Owner { gid, ..ourselves }, PASSABLE),
            None => (ourselves, CLOSED),
        }
    }
}

impl ImageRecord {
    /// The image as it is offered to callers.
    pub(crate) fn offered(&self) -> Image {
        Image {
            id: self.id.clone(),
            own_name: Some(self.name.clone()),
            os_name: self.os_name.clone(),
            os_name_en: self.os_name.clone(),
            os_type: OsType::Linux,
            architecture: Architecture::X86,
            platform: "Others Linux".to_owned(),
            size_gib: self.size_gib,
            creation_time: self.created_at.clone(),
            image_family: String::new(),
            boot_mode: self.boot.boot_mode(),
            description: String::new(),
            nvme_support: false,
            cloud_init: matches!(self.boot, ImageBoot::Disk { .. }),
            login_as_non_root: false,
        }
    }
}

/// The remedy for a damaged image.
const REMEDY: &str = "delete the image and import it again";

fn missing(id: &str) -> StorageError {
    StorageError::Missing {
        what: format!("image {id}"),
        hint: "see `diskdock image list`, or import it: diskdock image import".to_owned(),
    }
}

/// The id of a disk that may lie on an image, from the path of its file.
fn disk_of(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let id = file.strip_suffix(".qcow2")?;
    file_name::checked(id).ok().map(str::to_owned)
}
