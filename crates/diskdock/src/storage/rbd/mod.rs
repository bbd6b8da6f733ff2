//! Disks as images in a pool of Ceph (RADOS block devices).
//!
//! ```text
//! d-1              a disk
//! d-1@s-1          the moment of a snapshot that is being taken
//! d-1.next         what is to take the place of a disk that is set back
//! s-1, s-1@base    a snapshot, and what disks are made of
//! m-1.…, m-1.…@base  an image of the data directory, copied here once
//! ```
//!
//! QEMU opens an image by its own driver, past any cache, so that what a guest was told is written
//! is written; Ceph has it when the image is closed. Ceph is asked by its tool, always before QEMU
//! is: while Ceph is away, QEMU's monitor and guest would stand still with every node that is
//! opened or closed. That Ceph is silent says nothing of a disk: it is unknown, never gone.
//!
//! Which disks are damaged, and the images, are kept in the data directory.

mod client;
mod cluster;
mod fence;
mod image;
mod key_file;
mod masters;
mod opened_image;
mod options;
mod snapshots;
mod trash;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::DiskId;
use serde_json::json;

use super::directory::{Directory, REMEDY};
use super::error::StorageError;
use super::file_name::checked;
use super::files::Owner;
use super::images::ImageStart;
use super::snapshots::{Content, CopyWatch};
use super::volume_secret::VolumeSecret;
use super::volumes::{Deleted, Holder, Identity, NewVolume, Opened, SyncHandle, Volume, Volumes};
use client::{RbdClient, ToolTimeout};
use opened_image::OpenedImage;
use snapshots::unsupported;

pub(crate) use fence::{FencedClient, PoolControl, Still as StillFencing};
pub use options::RbdOptions;

/// How long what a disk takes is told without another look.
const USED_FOR: Duration = Duration::from_secs(60);

/// All disks of a pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rbd(Arc<RbdPool>);

#[derive(Debug)]
struct RbdPool {
    client: Arc<RbdClient>,
    /// The data directory: images, and which disks are damaged.
    local: Directory,
    /// The file with the key that QEMU reads.
    key: PathBuf,
    /// Held while an image of the data directory is copied into the pool.
    copying: Mutex<()>,
    /// Held while the trash is emptied.
    emptying: Mutex<()>,
    /// The bytes that disks took when it was looked at last.
    used: Mutex<HashMap<DiskId, (u64, Instant)>>,
    /// Held while that is looked at.
    measuring: Mutex<()>,
}

impl Rbd {
    /// Opens the pool for a server with this data directory. `owner` is the user that QEMU runs as;
    /// without, it is ourselves. Fails if the configuration or the key cannot be read, or the tool
    /// is missing; a Ceph that does not answer is waited for later.
    pub fn open(
        options: RbdOptions,
        data_directory: &Path,
        owner: Option<Owner>,
    ) -> Result<Rbd, StorageError> {
        let local = Directory::open(data_directory, owner)?;
        if !options.conf.is_file() {
            let what = format!("Ceph's configuration {}", options.conf.display());
            let hint = "name it with conf=FILE, after rbd:pool=…".to_owned();
            return Err(StorageError::Missing { what, hint });
        }
        let keyring = key_file::find_keyring(&options)?;
        let key = key_file::keep(&options, &keyring, (data_directory, &local))?;
        let rbd = Rbd(Arc::new(RbdPool {
            client: Arc::new(RbdClient::new(options, keyring)),
            local,
            key,
            copying: Mutex::default(),
            emptying: Mutex::default(),
            used: Mutex::default(),
            measuring: Mutex::default(),
        }));
        match rbd.names() {
            Ok(_) => rbd.empty_trash(),
            // Its guests run on, and it is asked again.
            Err(error @ StorageError::Unreachable { .. }) => {
                tracing::warn!(%error, "starts without")
            }
            Err(error) => return Err(error),
        }
        Ok(rbd)
    }

    fn secret(&self) -> VolumeSecret {
        VolumeSecret::Cephx(self.0.key.clone())
    }

    fn refuse_if_damaged(&self, disk: &DiskId) -> Result<(), StorageError> {
        self.0.local.refuse_if_damaged(disk)
    }

    fn missing(&self, disk: &DiskId) -> StorageError {
        StorageError::Missing {
            what: format!("the image {}", self.0.client.in_pool(disk.as_str())),
            hint: format!("{REMEDY}; what was deleted lately may be in `rbd trash ls`"),
        }
    }

    /// The image of a disk, which has to be there.
    fn require(&self, disk: &DiskId) -> Result<image::Info, StorageError> {
        let found = self.info(checked(disk.as_str())?)?.ok_or_else(|| self.missing(disk))?;
        if found.size == 0 {
            let path = PathBuf::from(self.0.client.in_pool(disk.as_str()));
            return Err(StorageError::corrupt(&path, format!("it has no bytes; {REMEDY}")));
        }
        Ok(found)
    }

    fn opened(&self, disk: &DiskId) -> Result<Opened, StorageError> {
        let found = self.require(disk)?;
        Ok(Opened { identity: Identity(format!("rbd {}", found.id)), bytes: found.size })
    }

    fn ids_with<I: From<String> + Ord>(&self, prefix: &str) -> Result<Vec<I>, StorageError> {
        let names = self.names()?.into_iter();
        // A name with a dot is no id.
        let ids = names.filter(|name| name.starts_with(prefix) && checked(name).is_ok());
        let mut ids: Vec<I> = ids.map(I::from).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Looks what a disk takes, in a thread of its own, unless such a look is under way.
    fn measure(&self, disk: &DiskId) {
        let (rbd, disk) = (self.clone(), disk.clone());
        std::thread::spawn(move || {
            let Ok(_measuring) = rbd.0.measuring.try_lock() else { return };
            if let Ok(Some(bytes)) = rbd.used_by(disk.as_str()) {
                rbd.used().insert(disk, (bytes, Instant::now()));
            }
        });
    }

    fn used(&self) -> std::sync::MutexGuard<'_, HashMap<DiskId, (u64, Instant)>> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Volumes for Rbd {
    fn create(&self, volume: &NewVolume, image: Option<&str>) -> Result<(), StorageError> {
        let content = image.map_or(Content::Empty, |image| Content::Image(image.to_owned()));
        self.make_disk(volume, &content)
    }

    fn adopt(&self, _: &NewVolume, _: &str, _: CopyWatch<'_>) -> Result<(), StorageError> {
        let hint = "create an empty disk and write to it from a guest";
        Err(unsupported("disks in Ceph RBD cannot be made of files yet", hint))
    }

    fn find(&self, disk: &DiskId) -> Result<Volume, StorageError> {
        self.refuse_if_damaged(disk)?;
        let opened = self.opened(disk)?;
        let options = &self.0.client.options;
        let node = json!({
            "driver": "rbd",
            "pool": options.pool,
            "image": disk.as_str(),
            "conf": options.conf,
            "user": options.user,
            "read-only": false,
            "discard": "unmap",
            // Without it, a QEMU that is killed takes along what Ceph was not told yet.
            "cache": { "direct": true, "no-flush": false },
        });
        let secret = Some(self.secret());
        Ok(Volume { opened, node, shared_node: None, is_shared: false, secret })
    }

    fn try_key(&self, _: &DiskId) -> Result<(), StorageError> {
        Ok(())
    }

    fn resize(&self, disk: &DiskId, size_gib: u32) -> Result<(), StorageError> {
        self.refuse_if_damaged(disk)?;
        self.require(disk)?;
        self.grow_image(disk.as_str(), size_gib)
    }

    fn sync(&self, disk: &DiskId) -> Result<(), StorageError> {
        self.refuse_if_damaged(disk)?;
        self.require(disk).map(drop)
    }

    /// Bytes under another name, or none, stay in the pool or in its trash.
    fn check_name(&self, _: &DiskId, _: &Opened) -> Result<(), StorageError> {
        Ok(())
    }

    fn open_for_sync(
        &self,
        disk: &DiskId,
        opened: Option<&Opened>,
    ) -> Result<Arc<dyn SyncHandle>, StorageError> {
        let handle = OpenedImage::look(self, disk)?;
        handle.check(opened)?;
        Ok(Arc::new(handle))
    }

    fn refuse_if_written(&self, disk: &DiskId) -> Result<(), StorageError> {
        self.refuse_if_open(checked(disk.as_str())?)
    }

    fn answers(&self, disk: &DiskId) -> Result<(), StorageError> {
        self.ask(ToolTimeout::Look, "status", checked(disk.as_str())?, &[]).map(drop)
    }

    fn refuse_second_opener(&self, disk: &DiskId) -> Result<(), StorageError> {
        self.refuse_if_open(checked(disk.as_str())?)
    }

    fn keeps_nameless(&self) -> bool {
        true
    }

    /// Only what is known without asking Ceph: machines are looked at all the time.
    fn problem(&self, disk: &DiskId, _: Option<&Opened>) -> Option<StorageError> {
        self.refuse_if_damaged(disk).err()
    }

    fn delete(&self, disk: &DiskId) -> Result<Deleted, StorageError> {
        let image = checked(disk.as_str())?;
        let next = format!("{image}.next");
        let (found, left) = (self.info(image)?, self.info(&next)?);
        let is_another = |left: &image::Info| found.as_ref().is_none_or(|it| it.id != left.id);
        if left.as_ref().is_some_and(is_another) {
            self.throw_away(&next)?;
        }
        let deleted = self.throw_away(image)?;
        self.0.local.0.damages.clear(self.0.local.disks(), disk)?;
        self.used().remove(disk);
        Ok(deleted)
    }

    /// Ceph keeps room for itself, and lets writes wait while it has none.
    fn has_free_space(&self) -> Result<bool, StorageError> {
        Ok(true)
    }

    fn free_bytes(&self) -> Result<u64, StorageError> {
        Ok(u64::MAX)
    }

    fn used_bytes(&self, disk: &DiskId) -> Result<Option<u64>, StorageError> {
        checked(disk.as_str())?;
        let known = self.used().get(disk).copied();
        if known.is_none_or(|(_, at)| at.elapsed() > USED_FOR) {
            self.measure(disk);
        }
        Ok(known.map(|(bytes, _)| bytes))
    }

    fn list(&self) -> Result<Vec<DiskId>, StorageError> {
        self.ids_with("d-")
    }

    /// Ceph tells the addresses of those that have an image open, not their processes.
    fn holders(&self, _: &DiskId) -> Result<Vec<Holder>, StorageError> {
        Ok(Vec::new())
    }

    fn mark_damaged(&self, disk: &DiskId, why: &str) {
        self.0.local.mark_damaged(disk, why);
    }

    fn damaged(&self) -> Vec<(DiskId, String)> {
        self.0.local.damaged()
    }

    fn write_damages(&self) {
        self.0.local.write_damages();
    }

    fn accept(&self, disk: &DiskId) -> Result<Option<String>, StorageError> {
        // A missing image cannot be accepted.
        self.require(disk)?;
        let accepted = self.0.local.0.damages.clear(self.0.local.disks(), disk)?;
        if let Some(why) = &accepted {
            tracing::warn!(%disk, why, "an operator accepts a damaged disk as it is");
        }
        Ok(accepted)
    }

    fn restore(&self, disk: &DiskId, _: &Opened, _: u32) -> Result<Opened, StorageError> {
        let hint =
            "an image that is open is in `rbd trash ls`, and `rbd trash restore` brings it back";
        Err(unsupported(&format!("{disk} is in Ceph RBD, which keeps its bytes"), hint))
    }

    fn image_start(&self, image: &str) -> Result<Option<ImageStart>, StorageError> {
        self.0.local.image_start(image)
    }
}
