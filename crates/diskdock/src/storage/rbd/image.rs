//! Commands about one image of the pool.
//!
//! An image that was made carries a mark once it is whole: a command of Ceph's that is cut off
//! leaves an image that looks like another one. One without a mark is made anew.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Rbd;
use super::client::{Answer, Code, ToolTimeout};
use crate::storage::GIB;
use crate::storage::error::StorageError;

/// Features of every image: `exclusive-lock` guards what Ceph keeps of it (not what guests write:
/// see `docs/ceph.md`), `object-map` and `fast-diff` tell what it takes.
const FEATURES: &str = "layering,exclusive-lock,object-map,fast-diff,deep-flatten";
/// The mark of an image that is whole.
const MARK: &str = "diskdock.whole";
/// Clones that let their parent be deleted.
const CLONES: [&str; 2] = ["--rbd-default-clone-format", "2"];

/// An image.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    /// Its identity, which no other image of the pool ever has.
    pub id: String,
    /// Bytes.
    pub size: u64,
}

/// How an image came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ensured {
    /// It was there before.
    WasThere,
    /// It was made now.
    Made,
}

/// Where an image is open.
#[derive(Debug, Deserialize)]
pub(super) struct Watcher {
    pub address: String,
}

#[derive(Deserialize)]
pub(super) struct ImageWatchers {
    pub watchers: Vec<Watcher>,
}

#[derive(Deserialize)]
struct NamedImage {
    name: String,
}

#[derive(Deserialize)]
struct Used {
    images: Vec<UsedImage>,
}

#[derive(Deserialize)]
struct UsedImage {
    used_size: u64,
}

impl Rbd {
    pub(super) fn ask(
        &self,
        timeout: ToolTimeout,
        verb: &str,
        image: &str,
        rest: &[&str],
    ) -> Result<Answer, StorageError> {
        self.0.client.ask(timeout, verb, Some(image), rest)
    }

    /// The names of all images, which proves that the pool is there.
    pub(super) fn names(&self) -> Result<Vec<String>, StorageError> {
        self.0.client.names()
    }

    /// The answer of the tool about an image, in JSON; none if the pool has none of this name. A
    /// pool that is not there, or may not be looked at, is an error.
    fn look<T: DeserializeOwned>(
        &self,
        timeout: ToolTimeout,
        verb: &str,
        image: &str,
    ) -> Result<Option<T>, StorageError> {
        let answer = self.ask(timeout, verb, image, &["--format", "json"])?;
        answer.read_of(image, || self.names())
    }

    /// The image; none if it is not there.
    pub(super) fn info(&self, image: &str) -> Result<Option<Info>, StorageError> {
        self.look(ToolTimeout::Look, "info", image)
    }

    /// Where the image is open for writing; none if it is not there.
    pub(super) fn watchers(&self, image: &str) -> Result<Option<Vec<Watcher>>, StorageError> {
        let found: Option<ImageWatchers> = self.look(ToolTimeout::Look, "status", image)?;
        Ok(found.map(|found| found.watchers))
    }

    /// Fails if the image is open somewhere. A QEMU that was killed has it open for some 30 s.
    pub(super) fn refuse_if_open(&self, image: &str) -> Result<(), StorageError> {
        let Some(watcher) = self.watchers(image)?.and_then(|mut watchers| watchers.pop()) else {
            return Ok(());
        };
        let hint = "it goes when that has closed it, or half a minute after that has died";
        Err(StorageError::Taken {
            what: format!("{} is open at {}", self.0.client.in_pool(image), watcher.address),
            hint: hint.to_owned(),
        })
    }

    /// Makes an image with `make`, unless there is one that is whole: that may be smaller.
    pub(super) fn ensure(
        &self,
        image: &str,
        make: impl FnOnce() -> Result<(), StorageError>,
    ) -> Result<Ensured, StorageError> {
        if self.is_whole(image)? {
            return Ok(Ensured::WasThere);
        }
        self.remove_unfinished(image)?;
        make()?;
        self.set_meta(image, MARK, "1")?;
        Ok(Ensured::Made)
    }

    /// Writes a word of ours to the header of an image.
    pub(super) fn set_meta(&self, image: &str, key: &str, word: &str) -> Result<(), StorageError> {
        let set = self.ask(ToolTimeout::Change, "image-meta set", image, &[key, word])?;
        set.expect(&[Code::Done]).map(drop)
    }

    /// A word of ours in the header of an image; none if it has none, or is not there.
    pub(super) fn meta(&self, image: &str, key: &str) -> Result<Option<String>, StorageError> {
        let answer = self.ask(ToolTimeout::Look, "image-meta get", image, &[key])?;
        let answer = answer.expect(&[Code::Done, Code::Missing])?;
        Ok((answer.code == Code::Done).then(|| answer.text()))
    }

    /// Whether an image is there, and was made to its end.
    pub(super) fn is_whole(&self, image: &str) -> Result<bool, StorageError> {
        Ok(self.meta(image, MARK)?.is_some())
    }

    /// Deletes an image that was not made to its end, if there is one.
    fn remove_unfinished(&self, image: &str) -> Result<(), StorageError> {
        if self.names()?.iter().any(|name| name == image) {
            self.purge(image)?;
            let removed = self.ask(ToolTimeout::Content, "rm", image, &["--no-progress"])?;
            removed.expect(&[Code::Done, Code::Missing])?;
        }
        Ok(())
    }

    /// Makes an empty image, which takes room for what is written only.
    pub(super) fn create_image(&self, image: &str, bytes: u64) -> Result<(), StorageError> {
        let size = format!("{bytes}B");
        let rest = ["--size", &size, "--image-feature", FEATURES];
        self.ask(ToolTimeout::Change, "create", image, &rest)?.expect(&[Code::Done]).map(drop)
    }

    /// Makes an image as a copy on write of a snapshot of another one.
    pub(super) fn clone_image(
        &self,
        (from, snapshot): (&str, &str),
        to: &str,
    ) -> Result<(), StorageError> {
        let to = self.0.client.in_pool(to);
        let rest = [to.as_str(), "--image-feature", FEATURES, CLONES[0], CLONES[1]];
        let from = format!("{from}@{snapshot}");
        self.ask(ToolTimeout::Change, "clone", &from, &rest)?.expect(&[Code::Done]).map(drop)
    }

    /// Makes an image larger, never smaller.
    pub(super) fn grow_image(&self, image: &str, size_gib: u32) -> Result<(), StorageError> {
        let bytes = u64::from(size_gib) * GIB;
        if self.info(image)?.is_some_and(|found| found.size >= bytes) {
            return Ok(());
        }
        let size = format!("{bytes}B");
        let grown =
            self.ask(ToolTimeout::Change, "resize", image, &["--size", &size, "--no-progress"]);
        grown?.expect(&[Code::Done]).map(drop)
    }

    /// Takes a snapshot of an image at this moment, whoever writes to it. One that is there stays.
    pub(super) fn snap(&self, image: &str, snapshot: &str) -> Result<(), StorageError> {
        let at = format!("{image}@{snapshot}");
        let made = self.ask(ToolTimeout::Change, "snap create", &at, &["--no-progress"])?;
        made.expect(&[Code::Done, Code::Exists]).map(drop)
    }

    /// Gives up a snapshot of an image. Ceph keeps what clones need of it until they are gone.
    pub(super) fn unsnap(&self, image: &str, snapshot: &str) -> Result<(), StorageError> {
        let at = format!("{image}@{snapshot}");
        let removed = self.ask(ToolTimeout::Change, "snap rm", &at, &["--no-progress"])?;
        removed.expect(&[Code::Done, Code::Missing]).map(drop)
    }

    /// The snapshots of an image; none if it is not there.
    pub(super) fn snaps(&self, image: &str) -> Result<Option<Vec<String>>, StorageError> {
        let found: Option<Vec<NamedImage>> = self.look(ToolTimeout::Look, "snap ls", image)?;
        Ok(found.map(|snaps| snaps.into_iter().map(|snap| snap.name).collect()))
    }

    /// Gives up all snapshots of an image.
    pub(super) fn purge(&self, image: &str) -> Result<(), StorageError> {
        let purged = self.ask(ToolTimeout::Change, "snap purge", image, &["--no-progress"])?;
        purged.expect(&[Code::Done, Code::Missing]).map(drop)
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let to = self.0.client.in_pool(to);
        self.ask(ToolTimeout::Change, "rename", from, &[&to])?.expect(&[Code::Done]).map(drop)
    }

    /// The bytes that an image takes, without what it shares with others.
    pub(super) fn used_by(&self, image: &str) -> Result<Option<u64>, StorageError> {
        let found: Option<Used> = self.look(ToolTimeout::Change, "du", image)?;
        Ok(found.map(|used| used.images.iter().map(|image| image.used_size).sum()))
    }
}
