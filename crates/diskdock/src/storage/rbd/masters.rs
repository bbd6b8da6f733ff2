//! Images of the data directory in the pool: each is copied there once, when the first disk is made
//! of it, and disks are clones of it.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, UNIX_EPOCH};

use super::Rbd;
use super::snapshots::BASE;
use crate::storage::error::{At, StorageError};
use crate::storage::tool::Tool;

/// How long the copying of an image may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// The secret of the tool that copies.
const SECRET: &str = "ceph";

impl Rbd {
    /// The image of the pool that disks of this image are cloned from, whole.
    pub(super) fn master(&self, image: &str) -> Result<String, StorageError> {
        let record = self.0.local.image(image)?;
        let file = self.0.local.boot_files(&record).disk;
        let found = std::fs::metadata(&file).at("look at", &file)?;
        let made = found.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        // Another image that is imported under the same name later is another file.
        let made_s = made.map_or(0, |since| since.as_secs());
        let name = format!("{image}.{:x}.{made_s:x}", found.ino());
        if self.has_base(&name)? {
            return Ok(name);
        }
        let Ok(_copying) = self.0.copying.try_lock() else {
            return Err(StorageError::Taken {
                what: format!("{image}, or another image, is just being copied into the pool"),
                hint: "the disk is made when that has ended".to_owned(),
            });
        };
        if !self.has_base(&name)? {
            let bytes = self.0.local.0.images.virtual_bytes(&record)?;
            self.ensure(&name, || {
                self.create_image(&name, bytes)?;
                self.copy_into(&file, &name)
            })?;
            self.snap(&name, BASE)?;
        }
        Ok(name)
    }

    fn copy_into(&self, file: &std::path::Path, name: &str) -> Result<(), StorageError> {
        let options = &self.0.client.options;
        // A comma in a path would end it.
        let conf = options.conf.display().to_string().replace(',', ",,");
        let (pool, user) = (&options.pool, &options.user);
        let target = format!(
            "driver=rbd,pool={pool},image={name},conf={conf},user={user},key-secret={SECRET}"
        );
        let secret = self.secret().object(SECRET).to_string();
        let tool = Tool::new("convert").arg("-p").arg("-n").arg("--target-is-zero");
        let tool = tool.arg("-f").arg("qcow2").arg("--object").arg(secret);
        let tool = tool.arg("--target-image-opts").arg(file).arg(target);
        let owner = self.0.local.0.owner;
        tool.owned_by(owner).with_listener(SILENCE, &mut |_| {}).run().map(drop)
    }

    /// Whether an image has the snapshot that others are made of; with it, it is whole.
    pub(super) fn has_base(&self, image: &str) -> Result<bool, StorageError> {
        Ok(self.snaps(image)?.is_some_and(|snaps| snaps.iter().any(|snap| snap == BASE)))
    }
}
