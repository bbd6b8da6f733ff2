//! Small files that only their owner may read, replaced as a whole.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes a file durably: after a crash, it holds all of this or what it held before.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    write_beside(path, content)?.sync_all()?;
    put_in_place(path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// The same for a file that is written anew at every start, and need not outlive a crash.
pub(crate) fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    write_beside(path, content)?;
    put_in_place(path)
}

fn beside(path: &Path) -> PathBuf {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    new.into()
}

/// Always a new file, so that type and mode of an older one do not matter.
fn write_beside(path: &Path, content: &[u8]) -> io::Result<File> {
    let new = beside(path);
    // Left behind by a write that was cut off.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(content)?;
    Ok(file)
}

fn put_in_place(path: &Path) -> io::Result<()> {
    fs::rename(beside(path), path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn replace_is_private_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.json");
        for content in ["one", "another"] {
            fs::write(directory.path().join("file.json.new"), "cut o").unwrap();
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
