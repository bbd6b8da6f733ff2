//! Files that only their owner may read: small ones, replaced as a whole, and large ones, which get
//! their name only when they are ready.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

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

/// Opens a plain file, making it if need be, that only its owner may read. Neither follows a link
/// nor waits for a pipe.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = File::options();
    let options = options.create(true).truncate(false).read(true).write(true).mode(0o600);
    let file = options.custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is no plain file; move it away"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Reads the first `most` bytes of a plain file; none if there is none. Neither follows a link nor
/// waits for a pipe.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let not_plain = || io::Error::other("it is no plain file; move it away");
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(found) if !found.is_file() => return Err(not_plain()),
        Ok(_) => {}
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    // It may have been replaced meanwhile.
    if !file.metadata()?.is_file() {
        return Err(not_plain());
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A file that is not ready yet, in the directory of the one that it is to become: removed if it is
/// not published, and used again if its process was killed.
pub(crate) struct StagedFile {
    path: PathBuf,
    /// Locked, so that no two processes write it.
    file: File,
}

impl StagedFile {
    /// Makes the file, empty. `ResourceBusy` if another process writes it.
    pub(crate) fn new(path: PathBuf) -> io::Result<StagedFile> {
        let staged = StagedFile { file: open_locked(&path)?, path };
        staged.file.set_len(0)?;
        Ok(staged)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Makes the file durable and gives it this name. `AlreadyExists` if that is taken, unless the
    /// file may take the place of the other.
    pub(crate) fn publish(&self, to: &Path, replace: bool) -> io::Result<()> {
        self.sync()?;
        if replace {
            fs::rename(&self.path, to)?;
        } else {
            name_anew(&self.path, to)?;
        }
        File::open(directory_of(to))?.sync_all()
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // After a rename, the file of another process may have this name.
        if is_same_file(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// How often a file is opened anew, if others remove it meanwhile.
const TRIES: usize = 16;

/// The file of this name, locked.
fn open_locked(path: &Path) -> io::Result<File> {
    for _ in 0..TRIES {
        let file = open(path)?;
        let busy = |_| io::Error::new(ErrorKind::ResourceBusy, "another process is writing it");
        file.try_lock().map_err(busy)?;
        if is_same_file(&file, path) {
            return Ok(file);
        }
    }
    Err(io::Error::other("other processes remove it again and again"))
}

fn is_same_file(file: &File, path: &Path) -> bool {
    let number = |found: fs::Metadata| (found.dev(), found.ino());
    let named = fs::symlink_metadata(path).map(number).ok();
    named.is_some() && file.metadata().map(number).ok() == named
}

/// Renames unless the name is taken, also where the file system cannot do that in one step.
fn name_anew(from: &Path, to: &Path) -> io::Result<()> {
    let renamed = renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE);
    match renamed.map_err(io::Error::from) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) => fs::hard_link(from, to),
        Ok(()) => Ok(()),
    }
}

/// The directory that a file is in.
fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|at| *at != Path::new("")).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
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
