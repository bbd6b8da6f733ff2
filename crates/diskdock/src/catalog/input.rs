//! The decoded parameters of one request, and which of them the action has read.

use std::sync::atomic::{AtomicBool, Ordering};

/// All parameters of a request, sorted by name (byte order), each name once.
#[derive(Debug, Default)]
pub struct Input {
    pairs: Vec<(String, String)>,
    read: Vec<AtomicBool>,
    /// A Bloom filter of all names: most names that an action asks for are absent.
    marks: u64,
}

/// One bit of 64 that a name sets.
fn mark(name: &str) -> u64 {
    let first = name.bytes().next().unwrap_or(0);
    1 << ((name.len() * 7 + usize::from(first)) % 64)
}

impl Input {
    /// Takes pairs that are sorted by name and free of duplicates.
    pub fn from_sorted(pairs: Vec<(String, String)>) -> Input {
        debug_assert!(pairs.windows(2).all(|two| two[0].0 < two[1].0), "sorted and unique");
        let read = pairs.iter().map(|_| AtomicBool::new(false)).collect();
        let marks = pairs.iter().fold(0, |marks, (name, _)| marks | mark(name));
        Input { pairs, read, marks }
    }

    /// The value of `name`, which then counts as read.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        if self.marks & mark(name) == 0 {
            return None;
        }
        let at = self.pairs.binary_search_by(|(key, _)| key.as_str().cmp(name)).ok()?;
        self.read[at].store(true, Ordering::Relaxed);
        Some(&self.pairs[at].1)
    }

    /// The names that begin with `prefix`, without it.
    pub(crate) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let start = self.pairs.partition_point(|(key, _)| key.as_str() < prefix);
        self.pairs[start..].iter().map_while(move |(key, _)| key.strip_prefix(prefix))
    }

    /// The names that were not read.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().zip(&self.read);
        named.filter(|(_, read)| !read.load(Ordering::Relaxed)).map(|((name, _), _)| name.as_str())
    }

    /// All pairs, sorted by name.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}
