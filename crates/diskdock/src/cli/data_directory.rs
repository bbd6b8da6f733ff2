//! A data directory of this host as commands see it: whether a server has it open, and what that
//! server wrote there for its users.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::Failure;

/// Whether a server has the store open.
pub(crate) fn is_held(directory: &Path) -> Result<bool, Failure> {
    let path = directory.join("lock");
    let Ok(file) = File::open(&path) else { return Ok(false) };
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => {
            Err(Failure::new(format!("cannot lock {}: {error}", path.display()), ""))
        }
    }
}

/// The address or the token that a server has written to its data directory.
pub(crate) fn read_server_file(directory: &Path, name: &str) -> Result<String, Failure> {
    let path = directory.join(name);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint = "A running server writes it; is this its data directory?";
        Failure::new(format!("cannot read {}: {error}", path.display()), hint)
    })?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{Durability, Sqlite};

    #[test]
    fn is_held_while_a_store_is_open() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_held(directory.path()).unwrap());
        let store = Sqlite::open(directory.path(), Durability::Relaxed).unwrap();
        assert!(is_held(directory.path()).unwrap());
        drop(store);
        assert!(!is_held(directory.path()).unwrap());
    }
}
