//! Checks the store of the data directory: whether a start would take it, and whether the disks,
//! snapshots and machines beside it are those that it knows.

use std::path::Path;

use super::Point;
use crate::backup::{DataFiles, Disagreement, MARK, QEMU, StateOwner, compare};
use crate::store::sqlite::{Sqlite, StoreContents};
use crate::store::{StoreError, postgres};

const STORE: &str = "store";
const OWNER: &str = "owner";
/// Ids that are named at most.
const NAMED: usize = 5;

/// Checks whether the state of the directory is of virtual machines, and its mark says so.
pub(crate) fn examine_owner(data_directory: &Path) -> Point {
    let found = match StateOwner::read(data_directory) {
        Ok(found) => found,
        Err(error) => {
            let remedy = format!("move away what has the name `{MARK}`, if that is the reason");
            return Point::problem(OWNER, error.to_string(), remedy);
        }
    };
    match (found.hypervisor(), found.fault()) {
        (_, Some(fault)) => {
            let remedy = "start it with --hypervisor qemu, which writes the mark again";
            Point::warning(OWNER, fault, remedy)
        }
        (None | Some(QEMU), None) => Point::ok(OWNER, "virtual machines may have this state"),
        (Some(other), None) => {
            let remedy = "give virtual machines a --data-dir of their own";
            Point::warning(OWNER, format!("the state is of --hypervisor {other}"), remedy)
        }
    }
}

/// Reads the whole store. Changes nothing.
pub(crate) fn examine(data_directory: &Path) -> Point {
    if postgres::is_used_by(data_directory) {
        let found = "it is in PostgreSQL, which this command does not look into; \
                     /_diskdock/health of a server tries it out";
        return Point::ok(STORE, found);
    }
    match Sqlite::examine(data_directory) {
        Ok(None) => Point::ok(STORE, "there is none yet; the first start makes it"),
        Ok(Some(contents)) => agree(&contents, data_directory),
        Err(StoreError::Unfit { found, remedy }) => Point::problem(STORE, found, remedy),
        Err(error) => {
            let remedy = "look at the disk; then restore a backup: diskdock restore";
            Point::problem(STORE, format!("it cannot be read: {error}"), remedy)
        }
    }
}

fn agree(contents: &StoreContents, data_directory: &Path) -> Point {
    let beside = match DataFiles::read(data_directory) {
        Ok(beside) => beside,
        Err(error) => {
            let remedy =
                "give the files of the data directory back to the user that runs the server";
            return Point::problem(STORE, format!("cannot look beside it: {error}"), remedy);
        }
    };
    let (disks, instances) = (contents.total("disks"), contents.total("instances"));
    let sound = format!("it is sound: {disks} disks, {instances} instances");
    judge(&sound, &compare(contents, &beside))
}

fn judge(sound: &str, found: &Disagreement) -> Point {
    let names = |ids: Vec<&str>| match ids.len().saturating_sub(NAMED) {
        0 => ids.join(", "),
        more => format!("{} and {more} more", ids[..NAMED].join(", ")),
    };
    let disks = |ids: &[domain::DiskId]| names(ids.iter().map(domain::DiskId::as_str).collect());
    let snapshots =
        |ids: &[domain::SnapshotId]| names(ids.iter().map(domain::SnapshotId::as_str).collect());
    let texts = |ids: &[String]| names(ids.iter().map(String::as_str).collect());
    let machines = names(found.unknown_machines.iter().map(|id| id.as_str()).collect());
    let parts = [
        ("disks that it does not know have files", disks(&found.unknown_disk_files)),
        ("machines that it does not know have records", machines),
        ("machines have disks that it has as Available", disks(&found.available_disks_on_machines)),
        ("its disks have no file", disks(&found.disks_without_file)),
        ("snapshots that it does not know have files", snapshots(&found.unknown_snapshot_files)),
        ("encrypted disks and snapshots have no key", texts(&found.files_without_key)),
        ("keys are of nothing that it knows", texts(&found.unknown_keys)),
        ("its snapshots have no file", snapshots(&found.snapshots_without_file)),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, ids)| !ids.is_empty())
        .map(|(what, ids)| format!("{what}: {ids}"))
        .collect();
    if parts.is_empty() {
        return Point::ok(STORE, sound);
    }
    let remedy = "if the store is an older copy, restore a later backup: diskdock restore; else \
                  put missing files back, and move unneeded ones away";
    Point::warning(STORE, format!("{sound}; {}", parts.join("; ")), remedy)
}
