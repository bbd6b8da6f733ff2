//! Tags: a key and a value on a resource.

use serde::{Deserialize, Serialize};

/// One tag. Keys are unique within a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// 0 to 128 characters.
    pub value: String,
}

impl Tag {
    /// A tag that the service itself writes.
    pub fn new(key: &str, value: &str) -> Tag {
        Tag { key: key.to_owned(), value: value.to_owned() }
    }
}

/// The tag of a snapshot or a group for which the file systems of the guest stood still. Without
/// it, they are as after a power cut. The name is diskdock's own, of the kind that the service
/// gives.
const CONSISTENCY: (&str, &str) = ("acs:diskdock:consistency", "file-system");

/// Says by a tag that the file systems stood still.
pub fn mark_consistent(tags: &mut Vec<Tag>) {
    set(tags, Tag::new(CONSISTENCY.0, CONSISTENCY.1));
}

/// Sets `tag` among `tags`, in place of one with the same key.
pub fn set(tags: &mut Vec<Tag>, tag: Tag) {
    match tags.iter_mut().find(|present| present.key == tag.key) {
        Some(present) => *present = tag,
        None => tags.push(tag),
    }
}
