//! Checks the file system of the data directory: space, permissions, locks and links.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fcntl_lock, statvfs};

use super::Point;
use crate::storage::{Aio, GIB, Owner, TRIAL_BYTES, Tool};

const DIRECTORY: &str = "directory";
const SPACE: &str = "space";
const INODES: &str = "inodes";
const LOCKS: &str = "locks";
const LINKS: &str = "links";
const DIRECT: &str = "io_uring";
/// GiB below which there is no room for an image, or for more than a few.
const GIB_NEEDED: u64 = 1;
const GIB_WANTED: u64 = 10;
/// Files that can still be made: each disk is one, each image four.
const INODES_NEEDED: u64 = 100;
const INODES_WANTED: u64 = 10_000;
const ELSEWHERE: &str = "put the data directory on a local file system such as ext4 or XFS";

/// Checks the directory, or its parent if it does not exist yet.
pub(crate) fn examine(data_directory: &Path) -> Vec<Point> {
    let absolute = std::path::absolute(data_directory);
    let absolute = absolute.unwrap_or_else(|_| data_directory.to_owned());
    let there = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let mut points = vec![];
    match Scratch::make(there) {
        Err(error) => {
            let found = format!("{} cannot be written: {error}", there.display());
            let remedy = "give its owner's rights to the user that runs the server, or name another \
                          with --data-dir";
            points.push(Point::problem(DIRECTORY, found, remedy));
        }
        Ok(scratch) => {
            let made = if there == absolute { "can be written" } else { "can be made" };
            points.push(Point::ok(DIRECTORY, format!("{} {made}", absolute.display())));
            points.push(judge(LOCKS, "files can be locked against each other", scratch.locks()));
            points.push(scratch.direct());
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
            return vec![Point::problem(SPACE, format!("unknown: {error}"), ELSEWHERE)];
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize) / GIB;
    let space = graded(SPACE, free, "GiB", (GIB_NEEDED, GIB_WANTED));
    // A file system that makes them as they are needed says that it has none.
    if found.f_files == 0 {
        return vec![space, Point::ok(INODES, "made as they are needed")];
    }
    let left = found.f_favail;
    vec![space, graded(INODES, left, "files", (INODES_NEEDED, INODES_WANTED))]
}

fn graded(name: &'static str, left: u64, unit: &str, (needed, recommended): (u64, u64)) -> Point {
    let found = format!("room for {left} {unit}");
    let remedy = "delete what is not needed, or put the data directory on a larger file system";
    match left {
        left if left < needed => Point::problem(name, found, remedy),
        left if left < recommended => Point::warning(name, found, remedy),
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

    /// Whether QEMU's own tool is kept out of a file that another process has locked.
    fn locks(&self) -> Result<(), Error> {
        if !is_opened_by_qemu(&self.path)? {
            return Err(Error::other("qemu-img cannot lock a file that no process has open"));
        }
        // The lock is this process's, so that another process has to meet it.
        fcntl_lock(&self.file, FlockOperation::NonBlockingLockExclusive)?;
        let met = is_opened_by_qemu(&self.path)?;
        fcntl_lock(&self.file, FlockOperation::Unlock)?;
        if met { Err(Error::other("qemu-img opens a file that is locked")) } else { Ok(()) }
    }

    /// The best way past the page cache, for `--disk-cache none`.
    fn direct(&self) -> Point {
        if let Err(error) = self.file.set_len(TRIAL_BYTES) {
            return Point::warning(DIRECT, format!("cannot be tried out: {error}"), ELSEWHERE);
        }
        let works = |aio: &Aio| aio.try_out(&self.path, Owner::ourselves()).is_ok();
        let remedy = "use --disk-cache writeback, or Linux 5.10 or newer and a local file system";
        match Aio::ALL.into_iter().find(works) {
            Some(Aio::IoUring) => Point::ok(DIRECT, "disks can go past the page cache by io_uring"),
            Some(slower) => {
                let found = format!("--disk-cache none uses {} instead", slower.as_str());
                Point::warning(DIRECT, found, remedy)
            }
            None => Point::warning(DIRECT, "--disk-cache none does not work here", remedy),
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

/// Whether QEMU's own tool opens a file, which includes that it gets its locks.
fn is_opened_by_qemu(path: &Path) -> Result<bool, Error> {
    let tool = Tool::new("map").arg("-f").arg("raw").arg(path);
    let ended = tool.output().map_err(Error::other)?;
    Ok(ended.status.success())
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
