//! Images that are deleted: into Ceph's trash first, which takes their name at once, and out of it
//! when nothing needs them any more.
//!
//! A snapshot is a clone of its disk, a disk made of it a clone of the snapshot: each holds what it
//! shares with the one before. So they are deleted in any order, and the bytes go with the last.

use serde::Deserialize;

use super::Rbd;
use super::client::{Code, ToolTimeout};
use crate::storage::error::StorageError;
use crate::storage::volumes::Deleted;

/// Looks through the trash at most, each of which freed something.
const LOOKS: usize = 64;

/// An image in the trash.
#[derive(Deserialize)]
struct Thrown {
    id: String,
    name: String,
}

impl Rbd {
    /// Takes an image away under its name, durably. Refused while it is open.
    pub(super) fn throw_away(&self, image: &str) -> Result<Deleted, StorageError> {
        if self.info(image)?.is_none() {
            return Ok(Deleted::WereMissing);
        }
        self.refuse_if_open(image)?;
        self.purge(image)?;
        let moved = self.ask(ToolTimeout::Change, "trash mv", image, &[])?;
        moved.expect(&[Code::Done, Code::Missing])?;
        self.empty_trash();
        Ok(Deleted::Now)
    }

    /// Gives the room back of images that were thrown away and are needed no more, in a thread of
    /// its own. The others are looked at again after another deletion, or a start.
    pub(super) fn empty_trash(&self) {
        let rbd = self.clone();
        std::thread::spawn(move || {
            // Another look is under way, and goes on until it frees nothing.
            let Ok(_looks) = rbd.0.emptying.try_lock() else { return };
            if let Err(error) = rbd.free_all() {
                tracing::warn!(%error, "what was deleted from Ceph still takes room there");
            }
        });
    }

    fn free_all(&self) -> Result<(), StorageError> {
        for _ in 0..LOOKS {
            let client = &self.0.client;
            let listed = client.ask(ToolTimeout::Look, "trash ls", None, &["--format", "json"])?;
            let thrown: Vec<Thrown> = listed.expect(&[Code::Done])?.read()?;
            let mut freed = 0;
            for image in thrown.iter().filter(|image| is_ours(&image.name)) {
                let id = image.id.as_str();
                let removed = self.ask(ToolTimeout::Content, "trash rm", id, &["--no-progress"])?;
                freed += usize::from(removed.code == Code::Done);
            }
            if freed == 0 {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether an image in the trash was a disk, a snapshot or an image of ours.
fn is_ours(name: &str) -> bool {
    ["d-", "s-", "m-"].iter().any(|prefix| name.starts_with(prefix))
}
