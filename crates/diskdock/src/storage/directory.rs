//! Disks as files in a directory.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use domain::DiskId;

use super::block_node::file_node;
use super::create_volume::UNNAMED;
use super::damage::Damages;
use super::disk_file::DiskFile;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::file_io::{DiskCache, FileIo, TRIAL_BYTES};
use super::files::{self, Owner};
use super::images::{BootFiles, ImageRecord, ImageStart, Images};
use super::keys::DiskKeys;
use super::snapshots::CopyWatch;
use super::staging;
use super::volume_secret::VolumeSecret;
use super::volume_sync::{FileSyncHandle, identity};
use super::volumes::{Deleted, Holder, NewVolume, Opened, SyncHandle, Volume, Volumes};
use super::{
    CLOSED, GIB, PASSABLE, copy, file_listing, file_name, holders, recover_deleted, snapshot_files,
    volume_sync,
};
use crate::{failpoint, reserve};

/// The directory of disks in the data directory.
pub(super) const DISKS: &str = "disks";

/// All disks and images of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Directory(pub(super) Arc<DirectoryInner>);

#[derive(Debug)]
pub(super) struct DirectoryInner {
    disks: PathBuf,
    pub(super) snapshots: PathBuf,
    /// Device and inode of `disks`, by which it is known again.
    opened: (u64, u64),
    pub(super) owner: Owner,
    pub(super) images: Images,
    pub(super) keys: DiskKeys,
    pub(super) damages: Damages,
    /// How QEMU reads and writes the files, and how the copies that it makes of them.
    io: OnceLock<(FileIo, FileIo)>,
}

impl Directory {
    /// Opens the disks of a data directory that one server has for itself: makes the directories,
    /// gives everything its owner, clears away what a crash left half made.
    ///
    /// `owner` is the user that QEMU runs as, who must be able to pass through the data directory;
    /// without, it is ourselves.
    pub fn open(data_directory: &Path, owner: Option<Owner>) -> Result<Directory, StorageError> {
        let ourselves = Owner::ourselves();
        let owner = owner.unwrap_or(ourselves);
        let group = (owner != ourselves).then_some(owner.gid);
        let images = Images::open_for(data_directory, group)?;
        let disks = images.disks().to_owned();
        files::directory(&disks, CLOSED)?;
        staging::clear_left_behind(&disks)?;
        let opened = device_and_inode(&disks)?;
        let damages = Damages::load(&disks)?;
        let snapshots = snapshot_files::open(data_directory)?;
        let beside = disks.parent().unwrap_or(&disks);
        let keys = DiskKeys::open(beside, owner, owner_and_mode(owner))?;
        let io = OnceLock::new();
        let inner = DirectoryInner { disks, snapshots, opened, owner, images, keys, damages, io };
        let directory = Directory(Arc::new(inner));
        for file in directory.files()?.into_iter().chain(directory.snapshot_paths()?) {
            files::apply_owner(&file, owner, files::PRIVATE)?;
        }
        let (keeper, mode) = directory.owner_and_mode();
        for keeps in [directory.disks(), directory.0.snapshots.as_path()] {
            files::apply_owner(keeps, keeper, mode)?;
        }
        Ok(directory)
    }

    /// Chooses how files are read and written, once; what is chosen is tried out.
    ///
    /// Copies go past the page cache wherever that works: a sync of a guest would wait for what
    /// they have there.
    pub fn with_cache(self, cache: DiskCache) -> Result<Directory, StorageError> {
        let staging = self.staging()?;
        let path = staging.file(UNNAMED);
        files::create(&path)?.set_len(TRIAL_BYTES).at("make room in", &path)?;
        files::apply_owner(&path, self.0.owner, files::PRIVATE)?;
        let direct = FileIo::direct(&path, self.0.owner);
        let of_copies = *direct.as_ref().unwrap_or(&FileIo::CACHED);
        let of_disks = match cache {
            DiskCache::Writeback => FileIo::CACHED,
            DiskCache::None => direct?,
        };
        let _ = self.0.io.set((of_disks, of_copies));
        Ok(self)
    }

    /// How QEMU reads and writes the files, and how the copies that it makes of them.
    pub(super) fn io(&self) -> (FileIo, FileIo) {
        *self.0.io.get_or_init(|| (FileIo::CACHED, FileIo::CACHED))
    }

    /// The images that can be used.
    pub fn images(&self) -> Result<Vec<ImageRecord>, StorageError> {
        self.0.images.list().map(|listing| listing.records)
    }

    /// The image of this id.
    pub fn image(&self, id: &str) -> Result<ImageRecord, StorageError> {
        self.0.images.record(id)
    }

    /// The files that an image is booted from: absolute.
    pub fn boot_files(&self, image: &ImageRecord) -> BootFiles {
        self.0.images.boot_files(image)
    }

    /// The path of a disk's file, which need not exist.
    pub fn path_of(&self, disk: &DiskId) -> Result<PathBuf, StorageError> {
        let found = self.path(disk)?.map(|(path, _)| path);
        found.map_or_else(|| self.named(disk, DiskFormat::Raw), Ok)
    }

    pub(super) fn disks(&self) -> &Path {
        &self.0.disks
    }

    /// Owner and mode of the directories of disks.
    pub(super) fn owner_and_mode(&self) -> (Owner, u32) {
        owner_and_mode(self.0.owner)
    }

    pub(super) fn named(&self, disk: &DiskId, format: DiskFormat) -> Result<PathBuf, StorageError> {
        let id = file_name::checked(disk.as_str())?;
        Ok(self.disks().join(format!("{id}.{}", format.as_str())))
    }

    pub(super) fn path(
        &self,
        disk: &DiskId,
    ) -> Result<Option<(PathBuf, DiskFormat)>, StorageError> {
        for format in DiskFormat::ALL {
            let path = self.named(disk, format)?;
            // Only a name that is not there is none: a directory that cannot be read may hold it.
            match std::fs::symlink_metadata(&path) {
                Ok(_) => return Ok(Some((path, format))),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).at("look for", &path),
            }
        }
        self.check_still_there()?;
        Ok(None)
    }

    /// A file that is not there proves nothing if its directory is another one by now, as when a
    /// file system was unmounted.
    fn check_still_there(&self) -> Result<(), StorageError> {
        if device_and_inode(self.disks())? == self.0.opened {
            return Ok(());
        }
        let why = "it is not the directory that was opened when the server started; look whether \
                   its file system is still mounted, then start the server again";
        Err(StorageError::corrupt(self.disks(), why))
    }

    /// The files of all disks.
    fn files(&self) -> Result<Vec<PathBuf>, StorageError> {
        file_listing::paths_of_disks(self.disks())
    }

    pub(super) fn refuse_if_damaged(&self, disk: &DiskId) -> Result<(), StorageError> {
        match self.0.damages.of(disk) {
            Some(why) => Err(StorageError::Damaged { disk: disk.clone(), why }),
            None => Ok(()),
        }
    }

    pub(super) fn sync_handle(&self, disk: &DiskId, found: DiskFile) -> FileSyncHandle {
        FileSyncHandle { directory: self.clone(), disk: disk.clone(), found }
    }
}

impl Volumes for Directory {
    fn create(&self, volume: &NewVolume, image: Option<&str>) -> Result<(), StorageError> {
        if self.path(&volume.disk)?.is_some() {
            return self.sync(&volume.disk);
        }
        match image {
            None => self.create_empty(volume),
            Some(image) => self.create_overlay(volume, &self.image(image)?),
        }
    }

    fn adopt(
        &self,
        volume: &NewVolume,
        staged: &str,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        self.adopt_staged(volume, staged, watch)
    }

    fn find(&self, disk: &DiskId) -> Result<Volume, StorageError> {
        let found = self.sound_file(disk)?;
        let held = found.file.metadata().at("look at", &found.path)?;
        let (of_disks, past_cache) = self.io();
        let node = file_node(&found.path, found.format, of_disks);
        // A qcow2 file has tables that each QEMU would keep in memory for itself.
        let is_raw = found.format == DiskFormat::Raw;
        let shared_node = is_raw.then(|| file_node(&found.path, found.format, past_cache));
        let opened = Opened { identity: identity(&held, found.format), bytes: found.bytes };
        let key = self.key_of(disk.as_str(), found.encrypted)?;
        let secret = key.map(VolumeSecret::Luks);
        Ok(Volume { opened, node, shared_node, is_shared: false, secret })
    }

    fn try_key(&self, disk: &DiskId) -> Result<(), StorageError> {
        let found = self.sound_file(disk)?;
        if !found.encrypted {
            return Ok(());
        }
        self.0.keys.try_out(disk.as_str(), &found, self.0.owner)
    }

    fn resize(&self, disk: &DiskId, size_gib: u32) -> Result<(), StorageError> {
        let found = self.sound_file(disk)?;
        let bytes = u64::from(size_gib) * GIB;
        if found.bytes < bytes {
            self.grow(disk, &found, bytes)?;
        }
        self.sync_handle(disk, found).sync()
    }

    fn sync(&self, disk: &DiskId) -> Result<(), StorageError> {
        let found = self.sound_file(disk)?;
        self.sync_handle(disk, found).sync()?;
        files::sync(self.disks())
    }

    fn open_for_sync(
        &self,
        disk: &DiskId,
        opened: Option<&Opened>,
    ) -> Result<Arc<dyn SyncHandle>, StorageError> {
        if let Some(opened) = opened {
            self.check_name(disk, opened)?;
        }
        let found = self.sound_file(disk)?;
        let handle = self.sync_handle(disk, found);
        handle.check(opened)?;
        Ok(Arc::new(handle))
    }

    fn check_name(&self, disk: &DiskId, opened: &Opened) -> Result<(), StorageError> {
        volume_sync::check_name(self, disk, opened)
    }

    fn refuse_if_written(&self, disk: &DiskId) -> Result<(), StorageError> {
        let (path, _) = self.path(disk)?.ok_or_else(|| missing(disk))?;
        holders::refuse_if_written(&path)
    }

    fn delete(&self, disk: &DiskId) -> Result<Deleted, StorageError> {
        let Some((path, _)) = self.path(disk)? else {
            self.0.damages.clear(self.disks(), disk)?;
            self.0.keys.remove(disk.as_str())?;
            return Ok(Deleted::WereMissing);
        };
        // Only regular files are opened.
        if path.symlink_metadata().at("look at", &path)?.is_file() {
            holders::refuse_if_locked(&path)?;
        }
        for format in DiskFormat::ALL {
            files::remove(&self.named(disk, format)?)?;
        }
        self.0.damages.clear(self.disks(), disk)?;
        files::sync(self.disks())?;
        failpoint::hit("encrypted.file_deleted");
        self.0.keys.remove(disk.as_str())?;
        Ok(Deleted::Now)
    }

    fn has_free_space(&self) -> Result<bool, StorageError> {
        reserve::is_room_for_disks(self.disks()).at("look for room in", self.disks())
    }

    fn free_bytes(&self) -> Result<u64, StorageError> {
        files::free_bytes(self.disks()).at("look for room in", self.disks())
    }

    fn used_bytes(&self, disk: &DiskId) -> Result<Option<u64>, StorageError> {
        self.path(disk)?.map(|(path, _)| file_listing::allocated_bytes(&path)).transpose()
    }

    fn list(&self) -> Result<Vec<DiskId>, StorageError> {
        self.check_still_there()?;
        Ok(file_listing::ids_of_disks(&self.files()?))
    }

    fn holders(&self, disk: &DiskId) -> Result<Vec<Holder>, StorageError> {
        let (path, _) = self.path(disk)?.ok_or_else(|| missing(disk))?;
        holders::of(&path)
    }

    fn mark_damaged(&self, disk: &DiskId, why: &str) {
        tracing::error!(%disk, why, "a disk is damaged");
        self.0.damages.mark(self.disks(), disk, why);
    }

    fn damaged(&self) -> Vec<(DiskId, String)> {
        self.0.damages.all()
    }

    fn write_damages(&self) {
        self.0.damages.write_missing(self.disks());
    }

    fn accept(&self, disk: &DiskId) -> Result<Option<String>, StorageError> {
        // A missing file cannot be accepted.
        self.open_file(disk)?;
        let accepted = self.0.damages.clear(self.disks(), disk)?;
        if let Some(why) = &accepted {
            tracing::warn!(%disk, why, "an operator accepts a damaged disk as it is");
        }
        Ok(accepted)
    }

    fn restore(
        &self,
        disk: &DiskId,
        opened: &Opened,
        process: u32,
    ) -> Result<Opened, StorageError> {
        if let Some((path, _)) = self.path(disk)? {
            let hint = "move that file away first, or accept it as the disk".to_owned();
            return Err(StorageError::Taken { what: format!("{} is there", path.display()), hint });
        }
        let (held, format) = recover_deleted::held(process, opened)?;
        let staging = self.staging()?;
        copy::copy(&held, &staging.file(UNNAMED), &|_| true)?;
        self.finish(staging, disk, format)?;
        self.find(disk).map(|volume| volume.opened)
    }

    fn image_start(&self, image: &str) -> Result<Option<ImageStart>, StorageError> {
        match self.image(image) {
            Ok(image) => Ok(Some(match self.boot_files(&image).kernel {
                Some(kernel) => ImageStart::Kernel(kernel),
                None => ImageStart::Disk(image.boot.boot_mode()),
            })),
            Err(StorageError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The remedy for a damaged file.
pub(super) const REMEDY: &str = "restore it from a backup, or delete the disk";

pub(super) fn missing(disk: &DiskId) -> StorageError {
    StorageError::Missing {
        what: format!("the file of disk {disk}"),
        hint: "put it back, restore it from a backup, or delete the disk".to_owned(),
    }
}

fn owner_and_mode(owner: Owner) -> (Owner, u32) {
    let ourselves = Owner::ourselves();
    let mode = if owner == ourselves { CLOSED } else { PASSABLE };
    (Owner { gid: owner.gid, ..ourselves }, mode)
}

fn device_and_inode(directory: &Path) -> Result<(u64, u64), StorageError> {
    let found = std::fs::symlink_metadata(directory).at("look at", directory)?;
    Ok((found.dev(), found.ino()))
}
