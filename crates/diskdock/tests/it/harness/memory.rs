//! The store that keeps nothing, for stories: with DISKDOCK_TEST_STORE=memory they run over it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use diskdock::store::memory::Memory;

use super::again;

/// Stores that were opened in each directory.
static OPENED: LazyLock<Mutex<HashMap<PathBuf, Vec<Memory>>>> = LazyLock::new(Mutex::default);

/// Whether stories are to run over it.
pub(crate) fn is_wanted() -> bool {
    std::env::var("DISKDOCK_TEST_STORE").is_ok_and(|store| store == "memory")
}

/// The store of a directory. Opened again, as by a server that starts anew, it is a copy of what is
/// there now.
pub(crate) fn opened(directory: &Path) -> Memory {
    let mut opened = OPENED.lock().unwrap();
    let before = opened.entry(directory.to_owned()).or_default();
    let own = directory.join(format!("memory-{}", before.len()));
    let memory = again(|| match before.last() {
        Some(last) => last.fork(&own),
        None => Memory::open(&own),
    });
    before.push(memory.clone());
    memory
}
