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

/// Sets `tag` among `tags`, in place of one with the same key.
pub fn set(tags: &mut Vec<Tag>, tag: Tag) {
    match tags.iter_mut().find(|present| present.key == tag.key) {
        Some(present) => *present = tag,
        None => tags.push(tag),
    }
}
