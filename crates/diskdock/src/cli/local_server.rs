//! The server that has a data directory of this host open: its admin token and its access key lie
//! there, for users who may read them.

use std::path::{Path, PathBuf};

use super::data_directory::{is_held, read_server_file};
use super::initial_access_key;

/// The default data directory.
pub(crate) const DEFAULT_DIRECTORY: &str = "diskdock-data";
/// The variable that names another directory.
const VARIABLE: &str = "DISKDOCK_DATA_DIR";

/// A server of this host, known by its data directory.
#[derive(Clone, Debug)]
pub(crate) struct LocalServer {
    directory: PathBuf,
}

impl LocalServer {
    /// The server at this endpoint, if it is the one that has the usual data directory open.
    /// Nothing of another server is ever sent to it.
    pub(crate) fn at(endpoint: &str) -> Option<LocalServer> {
        let directory = std::env::var_os(VARIABLE).unwrap_or_else(|| DEFAULT_DIRECTORY.into());
        LocalServer::of(Path::new(&directory), endpoint)
    }

    /// The server at this endpoint, if it is the one that has this directory open.
    fn of(directory: &Path, endpoint: &str) -> Option<LocalServer> {
        let is_open = is_held(directory).unwrap_or(false);
        let address = read_server_file(directory, "endpoint").ok()?;
        let plain =
            |text: &str| text.trim_end_matches('/').trim_start_matches("http://").to_owned();
        let is_it = is_open && plain(&address) == plain(endpoint);
        is_it.then(|| LocalServer { directory: directory.to_owned() })
    }

    /// Its admin token; `None` if this user may not read it.
    pub(crate) fn admin_token(&self) -> Option<String> {
        read_server_file(&self.directory, "admin-token").ok()
    }

    /// Id and secret of its first access key; none where it has none, or this user may not read it.
    pub(crate) fn access_key(&self) -> Option<(String, String)> {
        initial_access_key::read(&self.directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{Durability, Sqlite};

    #[test]
    fn of_knows_a_server_only_while_it_runs_and_at_its_address() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        std::fs::write(at.join("endpoint"), "http://127.0.0.1:5260\n").unwrap();
        std::fs::write(at.join("admin-token"), "secret\n").unwrap();
        let find = |endpoint: &str| LocalServer::of(at, endpoint);
        assert!(find("http://127.0.0.1:5260").is_none(), "no server has the directory open");
        let store = Sqlite::open(at, Durability::Relaxed).unwrap();
        assert!(find("http://127.0.0.1:5261").is_none());
        let found = find("127.0.0.1:5260/").unwrap();
        assert_eq!(found.admin_token().as_deref(), Some("secret"));
        assert_eq!(found.access_key(), None);
        drop(store);
    }
}
