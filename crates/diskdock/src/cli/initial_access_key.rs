//! The access key of a server that runs virtual machines: made at its first start, and left in the
//! data directory for users who may read that.

use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::assembly::Assembly;
use crate::gateway::keys::{DEFAULT_ACCOUNT, new_key};
use crate::private_file;
use crate::store::AccessKey;

/// The file in the data directory: two assignments that a shell reads too.
const FILE: &str = "access-key";
const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";

/// Where the key of a data directory lies.
pub(crate) fn path_in(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// Makes the key, unless there is one. The store has it first: a key without a file is
/// harmless, but a file with a key that the store does not know would mislead.
pub(super) async fn ensure(assembly: &Assembly, directory: &Path) -> Result<(), Failure> {
    let path = path_in(directory);
    if path.exists() {
        return Ok(());
    }
    let services = &assembly.gateway.services;
    let key = new_key(DEFAULT_ACCOUNT.into(), services.clock.now());
    let saved = key.clone();
    let written = services.store.write(move |tx| tx.save_access_key(&saved)).await;
    written.map_err(|error| Failure::new(error, ""))?;
    let reloaded = assembly.gateway.keys.reload(&services.store).await;
    reloaded.map_err(|error| Failure::new(error, ""))?;
    write(&path, &key).map_err(|error| {
        let what = format!("cannot write {}: {error}", path.display());
        Failure::new(what, "The data directory must be one that this user can write to.")
    })
}

fn write(path: &Path, key: &AccessKey) -> io::Result<()> {
    let text = format!("{ID}={}\n{SECRET}={}\n", key.id, key.secret);
    private_file::replace(path, text.as_bytes())
}

/// Id and secret of the key of a data directory; none if there is none that can be read.
pub(crate) fn read(directory: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(path_in(directory)).ok()?;
    let value = |name: &str| {
        let assignments = text.lines().filter_map(|line| line.split_once('='));
        assignments.filter(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned()).next()
    };
    Some((value(ID)?, value(SECRET)?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn read_returns_the_written_key_and_the_file_is_private() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(directory.path()), None);
        let key = new_key(DEFAULT_ACCOUNT.into(), domain::Moment(0));
        let path = path_in(directory.path());
        write(&path, &key).unwrap();
        assert_eq!(read(directory.path()), Some((key.id, key.secret)));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "ALIBABA_CLOUD_ACCESS_KEY_ID=half").unwrap();
        assert_eq!(read(directory.path()), None);
    }
}
