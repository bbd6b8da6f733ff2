//! The hypervisor that the state of a data directory belongs to: by its mark, and by what lies
//! beside the store. A mark may be missing or empty; machines that run may not be taken for
//! simulated ones.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::private_file;

/// The file of a data directory that names its hypervisor.
pub(crate) const MARK: &str = "hypervisor";
/// The word for virtual machines of this host.
pub(crate) const QEMU: &str = "qemu";
/// The word for instances that exist in the store only.
pub(crate) const SIMULATED: &str = "simulated";

/// The word for instances that run on hosts.
pub(crate) const HOSTS: &str = "hosts";

/// The longest mark, in bytes.
const LONGEST: u64 = 256;
/// Directories in which only a server with virtual machines keeps anything.
const FOLDERS: [&str; 3] = ["machines", "disks", "snapshots"];
/// Files that only a server with virtual machines makes.
const FILES: [&str; 2] = ["access-key", "reserve"];

/// The signs of the hypervisor that a state belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateOwner {
    /// The word of the mark; none if there is none, or it holds no word.
    pub marked: Option<String>,
    /// Files that only a server with virtual machines makes, in words; empty without any.
    pub traces: String,
    /// Whether a machine has a record.
    has_machines: bool,
}

impl StateOwner {
    /// Looks at a directory, which need not be there. An error if the mark is no plain file, or
    /// something cannot be read.
    pub(crate) fn read(directory: &Path) -> io::Result<StateOwner> {
        let about = |name: &str, error: &io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", directory.join(name).display()))
        };
        let mark = private_file::read(&directory.join(MARK), LONGEST);
        let marked = mark.map_err(|error| about(MARK, &error))?.and_then(|bytes| word(&bytes));
        let mut traces = Vec::new();
        for name in FOLDERS {
            match entries(&directory.join(name)).map_err(|error| about(name, &error))? {
                0 => {}
                many => traces.push(format!("{name}/ holds {many}")),
            }
        }
        let files = FILES.iter().filter(|name| directory.join(name).exists());
        traces.extend(files.map(|name| format!("{name} is there")));
        let has_machines = has_machines(&directory.join("machines"))?;
        Ok(StateOwner { marked, traces: traces.join(", "), has_machines })
    }

    /// The hypervisor; none if nothing tells. The record of a machine counts for more than a mark
    /// that says that there are none.
    pub(crate) fn hypervisor(&self) -> Option<&str> {
        match self.marked.as_deref() {
            Some(SIMULATED) if self.has_machines => Some(QEMU),
            Some(marked) => Some(marked),
            None if self.traces.is_empty() => None,
            None => Some(QEMU),
        }
    }

    /// Why the mark does not say what [`StateOwner::hypervisor`] says, in words; none if it does,
    /// or nothing tells.
    pub(crate) fn fault(&self) -> Option<String> {
        let says = match self.marked.as_deref() {
            marked if marked == self.hypervisor() => return None,
            Some(marked) => format!("says {marked}"),
            None => "is missing or empty".to_owned(),
        };
        Some(format!("the mark `{MARK}` {says}, and yet there are virtual machines' files"))
            .map(|fault| format!("{fault}: {}", self.traces))
    }
}

/// The word of a mark; none if it holds nothing, zeros that a power cut has left, or no text.
fn word(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let word = text.trim_matches(|one: char| one.is_whitespace() || one == '\0');
    Some(word.to_owned()).filter(|word| !word.is_empty())
}

/// How many entries a directory has; none if it is none.
fn entries(directory: &Path) -> io::Result<usize> {
    match std::fs::read_dir(directory) {
        Ok(entries) => Ok(entries.count()),
        Err(error) if is_none(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

fn has_machines(directory: &Path) -> io::Result<bool> {
    match std::fs::read_dir(directory) {
        // The record is what makes a directory a machine.
        Ok(entries) => Ok(entries.flatten().any(|one| one.path().join("machine.json").exists())),
        Err(error) if is_none(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_none(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn owner(mark: Option<&[u8]>, traces: &[&str]) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        if let Some(mark) = mark {
            fs::write(directory.path().join(MARK), mark).unwrap();
        }
        for trace in traces {
            let path = directory.path().join(trace);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let found = StateOwner::read(directory.path()).unwrap();
        assert_eq!(found.fault().is_some(), found.marked.as_deref() != found.hypervisor());
        found.hypervisor().map(str::to_owned)
    }

    #[test]
    fn what_lies_beside_a_store_tells_whose_it_is_when_the_mark_does_not() {
        for mark in [None, Some(&b""[..]), Some(b"\n"), Some(b"\0\0\0\0\0"), Some(b"\xff\xfe")] {
            assert_eq!(owner(mark, &[]), None, "{mark:?}");
            for trace in ["machines/i-1/x", "disks/d-1.raw", "snapshots/s-1.raw", "access-key"] {
                assert_eq!(owner(mark, &[trace]).as_deref(), Some(QEMU), "{mark:?} {trace}");
            }
        }
        for mark in ["qemu", "qemu\n", " qemu "] {
            assert_eq!(owner(Some(mark.as_bytes()), &[]).as_deref(), Some(QEMU));
        }
        let simulated = Some(&b"simulated\n"[..]);
        assert_eq!(owner(simulated, &["disks/mine"]).as_deref(), Some(SIMULATED));
        let record = "machines/i-1/machine.json";
        assert_eq!(owner(simulated, &[record]).as_deref(), Some(QEMU));
        assert_eq!(StateOwner::read(Path::new("/nowhere")).unwrap(), StateOwner::default());
    }

    #[test]
    fn mark_that_is_no_plain_file_is_an_error_and_not_waited_for() {
        let makes: [fn(&Path); 3] = [
            |path| fs::create_dir(path).unwrap(),
            |path| std::os::unix::fs::symlink("/etc/hostname", path).unwrap(),
            |path| {
                let made = std::process::Command::new("mkfifo").arg(path).status();
                assert!(made.unwrap().success());
            },
        ];
        for make in makes {
            let directory = tempfile::tempdir().unwrap();
            make(&directory.path().join(MARK));
            let error = StateOwner::read(directory.path()).unwrap_err().to_string();
            assert!(error.contains("it is no plain file"), "{error}");
        }
    }
}
