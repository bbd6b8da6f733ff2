//! Checks the file system of the data directory: space, permissions, locks and links.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::statvfs::statvfs;

use super::Point;
use crate::storage::GIB;

const DIRECTORY: &str = "directory";
const SPACE: &str = "space";
const INODES: &str = "inodes";
const LOCKS: &str = "locks";
const LINKS: &str = "links";
/// GiB below which there is no room for an image, or for more than a few.
const GIB_NEEDED: u64 = 1;
const GIB_WANTED: u64 = 10;
/// Files that can still be made: each disk is one, each image four.
const INODES_NEEDED: u64 = 100;
const INODES_WANTED: u64 = 10_000;
const ELSEWHERE: &str = "put the data directory on a local file system such as ext4 or XFS";

/// Checks the directory, or its parent if it does not exist yet.
pub fn examine(data_directory: &Path) -> Vec<Point> {
    let absolute = std::path::absolute(data_directory);
    let absolute = absolute.unwrap_or_else(|_| data_directory.to_owned());
    let there = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let mut points = vec![];
    match Scratch::make(there) {
        Err(error) => {
            let found = format!("{} cannot be written: {error}", there.display());
            let remedy = "give its owner's rights to whoever runs the server, or name another \
                          with --data-dir";
            points.push(Point::problem(DIRECTORY, found, remedy));
        }
        Ok(scratch) => {
            let made = if there == absolute { "can be written" } else { "can be made" };
            points.push(Point::ok(DIRECTORY, format!("{} {made}", absolute.display())));
            points.push(judge(LOCKS, "files can be locked against each other", scratch.locks()));
            points.push(judge(LINKS, "files can have two names", scratch.links()));
        }
    }
    points.extend(room(there));
    points
}

fn judge(name: &'static str, works: &str, tried: Result<(), Error>) -> Point {
    match tried {
        Ok(()) => Point::ok(name, works),
        Err(error) => Point::problem(name, format!("not so here: {works} ({error})"), ELSEWHERE),
    }
}

fn room(there: &Path) -> Vec<Point> {
    let found = match statvfs(there) {
        Ok(found) => found,
        Err(error) => {
            return vec![Point::problem(SPACE, format!("cannot be told: {error}"), ELSEWHERE)];
        }
    };
    let free = found.blocks_available().saturating_mul(found.fragment_size()) / GIB;
    let space = graded(SPACE, free, "GiB", (GIB_NEEDED, GIB_WANTED));
    // A file system that makes them as they are needed says that it has none.
    if found.files() == 0 {
        return vec![space, Point::ok(INODES, "made as they are needed")];
    }
    let left = found.files_available();
    vec![space, graded(INODES, left, "files", (INODES_NEEDED, INODES_WANTED))]
}

fn graded(name: &'static str, left: u64, unit: &str, (needed, wanted): (u64, u64)) -> Point {
    let found = format!("room for {left} {unit}");
    let remedy = "delete what is not needed, or put the data directory on a larger file system";
    match left {
        left if left < needed => Point::problem(name, found, remedy),
        left if left < wanted => Point::warning(name, found, remedy),
        _ => Point::ok(name, found),
    }
}

/// A test file; removed on drop.
struct Scratch {
    path: PathBuf,
    file: File,
}

impl Scratch {
    fn make(directory: &Path) -> Result<Scratch, Error> {
        let path = directory.join(format!(".diskdock-doctor-{}", std::process::id()));
        // Left behind by one that was killed, with the same number.
        let _ = std::fs::remove_file(&path);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Scratch { path, file })
    }

    /// Whether a lock keeps another opening of the file out, as QEMU relies on.
    fn locks(&self) -> Result<(), Error> {
        lock(&self.file)?;
        let other = OpenOptions::new().read(true).write(true).open(&self.path)?;
        match lock(&other) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(Error::other("a second lock is granted as well")),
        }
    }

    /// Whether a file can get its name in one step without taking another's place.
    fn links(&self) -> Result<(), Error> {
        let second = self.path.with_extension("link");
        let _ = std::fs::remove_file(&second);
        std::fs::hard_link(&self.path, &second)?;
        let again = std::fs::hard_link(&self.path, &second);
        std::fs::remove_file(&second)?;
        match again {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(Error::other("a name is given twice")),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // An empty file that the next run removes.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// An open-file-description lock on the first byte.
fn lock(file: &File) -> Result<(), Error> {
    let wanted = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&wanted))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn free_space_is_graded() {
        let verdict = |left| graded(SPACE, left, "GiB", (GIB_NEEDED, GIB_WANTED)).verdict;
        assert_eq!([0, 1, 9, 10].map(verdict), {
            use Verdict::{Ok, Problem, Warning};
            [Problem, Warning, Warning, Ok]
        });
    }

    #[test]
    fn directory_check_removes_its_files() {
        let directory = tempfile::tempdir().unwrap();
        let points = examine(directory.path());
        for name in [DIRECTORY, LOCKS, LINKS] {
            let point = points.iter().find(|point| point.name == name).unwrap();
            assert_eq!(point.verdict, Verdict::Ok, "{point:?}");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn unwritable_directory_is_a_problem() {
        let points = examine(Path::new("/proc/diskdock"));
        assert_eq!((points[0].name, points[0].verdict), (DIRECTORY, Verdict::Problem));
        assert!(points[0].found.contains("/proc cannot be written"), "{points:?}");
    }
}
