//! The place of the bytes of disks, and its mark in a data directory: with another place, none of
//! its disks would be found.

use std::path::Path;
use std::{fmt, io};

use super::RbdOptions;
use crate::private_file;

/// The word for the data directory.
const DIRECTORY: &str = "directory";
/// The file in the data directory, which there is once disks are elsewhere.
const MARK: &str = "storage";
/// Bytes of it that are read.
const MARK_BYTES: u64 = 1_024;

/// The place of the bytes of disks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoragePlace {
    /// Files in the data directory.
    Directory,
    /// A pool of Ceph.
    Rbd(RbdOptions),
}

impl StoragePlace {
    /// Reads `directory`, or `rbd:pool=…` as [`RbdOptions::parse`] does.
    pub fn parse(text: &str) -> Result<StoragePlace, String> {
        match text {
            DIRECTORY => Ok(StoragePlace::Directory),
            _ if text.starts_with("rbd:") => RbdOptions::parse(text).map(StoragePlace::Rbd),
            _ => Err(format!("`{text}` is neither directory nor rbd:pool=NAME,…")),
        }
    }

    /// Where the disks of a data directory are, in words of `--storage`; none if they are there.
    pub(crate) fn elsewhere(data_directory: &Path) -> io::Result<Option<String>> {
        let mark = private_file::read(&data_directory.join(MARK), MARK_BYTES)?;
        let mark = mark.map(|text| String::from_utf8_lossy(&text).trim().to_owned());
        Ok(mark.filter(|mark| mark != DIRECTORY))
    }

    /// Gives the place that the disks of a data directory are in if it is another one. That of a
    /// directory without state is written down.
    pub(crate) fn claim(
        &self,
        data_directory: &Path,
        has_state: bool,
    ) -> io::Result<Result<(), String>> {
        let (found, wanted) = (StoragePlace::elsewhere(data_directory)?, self.mark());
        let found = found.unwrap_or_else(|| DIRECTORY.to_owned());
        if found == wanted {
            return Ok(Ok(()));
        }
        if has_state {
            return Ok(Err(found));
        }
        let mark = format!("{wanted}\n");
        private_file::replace(&data_directory.join(MARK), mark.as_bytes()).map(Ok)
    }

    /// Without what may change while disks are there.
    fn mark(&self) -> String {
        match self {
            StoragePlace::Directory => DIRECTORY.to_owned(),
            StoragePlace::Rbd(options) => format!("rbd:pool={}", options.pool),
        }
    }
}

impl fmt::Display for StoragePlace {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoragePlace::Directory => to.write_str(DIRECTORY),
            StoragePlace::Rbd(options) => options.fmt(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_refuses_another_place_than_that_of_the_first_start() {
        let place = |text| StoragePlace::parse(text).unwrap();
        let (local, ceph) = (place("directory"), place("rbd:pool=disks"));
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(local.claim(old.path(), false).unwrap(), Ok(()));
        assert_eq!(local.claim(old.path(), true).unwrap(), Ok(()));
        assert_eq!(ceph.claim(old.path(), true).unwrap(), Err("directory".to_owned()));
        assert_eq!(ceph.claim(new.path(), false).unwrap(), Ok(()));
        assert_eq!(place("rbd:pool=disks,user=a").claim(new.path(), true).unwrap(), Ok(()));
        let claimed = Err("rbd:pool=disks".to_owned());
        assert_eq!(place("rbd:pool=others").claim(new.path(), true).unwrap(), claimed);
        assert_eq!(local.claim(new.path(), true).unwrap(), claimed);
        assert_eq!(StoragePlace::elsewhere(old.path()).unwrap(), None);
        // Of a start that came to nothing.
        assert_eq!(local.claim(new.path(), false).unwrap(), Ok(()));
        assert_eq!(StoragePlace::elsewhere(new.path()).unwrap(), None);
    }
}
