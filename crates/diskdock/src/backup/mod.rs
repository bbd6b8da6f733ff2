//! The files beside a store that are in no backup of it (disks, snapshots, their keys, images,
//! records of virtual machines), the comparison of a backup with them, and whose state they show
//! it to be.

mod data_files;
mod state_owner;

use std::collections::BTreeSet;

use domain::{DiskId, InstanceId, SnapshotId};
use serde::Serialize;

pub(crate) use data_files::DataFiles;
pub(crate) use state_owner::{HOSTS, MARK, QEMU, SIMULATED, StateOwner};

use crate::store::sqlite::StoreContents;

/// The differences between a store and the files beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Disagreement {
    /// Disks of the store that have no file.
    pub disks_without_file: Vec<DiskId>,
    /// Files of disks that the store does not know.
    pub unknown_disk_files: Vec<DiskId>,
    /// Snapshots of the store that have no file.
    pub snapshots_without_file: Vec<SnapshotId>,
    /// Files of snapshots that the store does not know.
    pub unknown_snapshot_files: Vec<SnapshotId>,
    /// Encrypted disks and snapshots without a key.
    pub files_without_key: Vec<String>,
    /// Keys of disks and snapshots that neither have a file nor are known to the store.
    pub unknown_keys: Vec<String>,
    /// Disks that the store has as Available and a machine has.
    pub available_disks_on_machines: Vec<DiskId>,
    /// Machines that the store does not know.
    pub unknown_machines: Vec<InstanceId>,
}

impl Disagreement {
    /// Whether there is none.
    pub(crate) fn is_none(&self) -> bool {
        *self == Disagreement::default()
    }
}

/// Compares what a store holds with what lies beside it. Simulated disks have no files.
pub(crate) fn compare(contents: &StoreContents, beside: &DataFiles) -> Disagreement {
    let files: BTreeSet<DiskId> =
        beside.disks.iter().map(|file| DiskId::from(file.id.as_str())).collect();
    let machines: BTreeSet<InstanceId> = beside.machines.iter().cloned().collect();
    let has_files = match contents.origin.hypervisor.as_deref() {
        Some(hypervisor) => hypervisor != "simulated",
        None => !files.is_empty() || !machines.is_empty(),
    };
    let has_files = has_files && !beside.are_elsewhere;
    let is_known =
        |id: &&DiskId| contents.disks.contains(id) || contents.passing_disks.contains(id);
    let missing = contents.disks.difference(&files).filter(|_| has_files);
    let kept: BTreeSet<SnapshotId> =
        beside.snapshots.iter().map(|file| SnapshotId::from(file.id.as_str())).collect();
    let is_kept = |id: &&SnapshotId| {
        contents.snapshots.contains(id) || contents.passing_snapshots.contains(id)
    };
    let lost = contents.snapshots.difference(&kept).filter(|_| has_files);
    let free = |id: &&DiskId| contents.available_disks.contains(id);
    let on_machines = beside.disks_on_machines.iter().filter(free).cloned();
    Disagreement {
        disks_without_file: missing.cloned().collect(),
        unknown_disk_files: files.iter().filter(|id| !is_known(id)).cloned().collect(),
        snapshots_without_file: lost.cloned().collect(),
        unknown_snapshot_files: kept.iter().filter(|id| !is_kept(id)).cloned().collect(),
        files_without_key: without_key(beside),
        unknown_keys: unknown_keys(contents, beside),
        available_disks_on_machines: on_machines.collect(),
        unknown_machines: machines.difference(&contents.instances).cloned().collect(),
    }
}

/// The ids of encrypted files that have no key.
fn without_key(beside: &DataFiles) -> Vec<String> {
    let keys: BTreeSet<&str> = beside.keys.iter().map(|key| key.id.as_str()).collect();
    let encrypted = beside.disks.iter().chain(&beside.snapshots).filter(|file| file.encrypted);
    let lost = encrypted.filter(|file| !keys.contains(file.id.as_str()));
    lost.map(|file| file.id.clone()).collect()
}

/// The ids that keys are of, and nothing else.
fn unknown_keys(contents: &StoreContents, beside: &DataFiles) -> Vec<String> {
    let files = beside.disks.iter().chain(&beside.snapshots).map(|file| file.id.as_str());
    let disks = contents.disks.iter().chain(&contents.passing_disks).map(DiskId::as_str);
    let snapshots = contents.snapshots.iter().chain(&contents.passing_snapshots);
    let known: BTreeSet<&str> =
        files.chain(disks).chain(snapshots.map(SnapshotId::as_str)).collect();
    let ids = beside.keys.iter().map(|key| key.id.as_str());
    ids.filter(|id| !known.contains(id)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::storage::DiskFileFound;
    use crate::store::sqlite::BackupOrigin;

    fn contents(hypervisor: Option<&str>, disks: &[&str]) -> StoreContents {
        StoreContents {
            origin: BackupOrigin { made_at: None, hypervisor: hypervisor.map(str::to_owned) },
            version: 5,
            accounts: BTreeMap::new(),
            access_keys: 0,
            operations: 0,
            disks: disks.iter().map(|id| DiskId::from(*id)).collect(),
            passing_disks: [DiskId::from("d-passing")].into(),
            available_disks: disks.iter().map(|id| DiskId::from(*id)).collect(),
            snapshots: BTreeSet::new(),
            passing_snapshots: BTreeSet::new(),
            instances: [InstanceId::from("i-1")].into(),
        }
    }

    fn beside(disks: &[&str], machines: &[&str]) -> DataFiles {
        let file = |id: &&str| DiskFileFound {
            id: (*id).to_owned(),
            path: format!("/disks/{id}.raw").into(),
            bytes: 1,
            allocated_bytes: 0,
            encrypted: false,
        };
        DataFiles {
            disks: disks.iter().map(file).collect(),
            snapshots: Vec::new(),
            are_elsewhere: false,
            keys: Vec::new(),
            images: Vec::new(),
            machines: machines.iter().map(|id| InstanceId::from(*id)).collect(),
            disks_on_machines: Vec::new(),
        }
    }

    #[test]
    fn compare_lists_what_is_on_one_side_only() {
        let found = compare(
            &contents(Some("qemu"), &["d-1", "d-2"]),
            &beside(&["d-2", "d-passing"], &["i-1"]),
        );
        let only = Disagreement { disks_without_file: vec!["d-1".into()], ..Default::default() };
        assert_eq!(found, only);
        let found = compare(&contents(Some("qemu"), &["d-1"]), &beside(&["d-1", "d-3"], &["i-2"]));
        let only = Disagreement {
            unknown_disk_files: vec!["d-3".into()],
            unknown_machines: vec!["i-2".into()],
            ..Default::default()
        };
        assert_eq!(found, only);
    }

    #[test]
    fn compare_lists_snapshots_on_one_side_only() {
        let mut contents = contents(Some("qemu"), &[]);
        contents.snapshots = ["s-1", "s-2"].map(SnapshotId::from).into();
        contents.passing_snapshots = [SnapshotId::from("s-passing")].into();
        let snapshots = beside(&["s-2", "s-3", "s-passing"], &[]).disks;
        let found = compare(&contents, &DataFiles { snapshots, ..beside(&[], &["i-1"]) });
        let only = Disagreement {
            snapshots_without_file: vec!["s-1".into()],
            unknown_snapshot_files: vec!["s-3".into()],
            ..Default::default()
        };
        assert_eq!(found, only);
    }

    #[test]
    fn compare_lists_encrypted_files_without_a_key_and_keys_of_nothing() {
        let mut found = beside(&["d-1", "d-2", "d-3"], &[]);
        found.disks.iter_mut().for_each(|file| file.encrypted = file.id != "d-3");
        found.keys = beside(&["d-2", "d-4", "d-passing", "s-5"], &[]).disks;
        let found = compare(&contents(Some("qemu"), &["d-1", "d-2", "d-3"]), &found);
        assert_eq!(found.files_without_key, ["d-1"]);
        assert_eq!(found.unknown_keys, ["d-4", "s-5"]);
    }

    #[test]
    fn compare_lists_available_disks_that_a_machine_has() {
        let disks_on_machines = ["d-1", "d-unknown"].map(DiskId::from).to_vec();
        let beside = DataFiles { disks_on_machines, ..beside(&["d-1"], &["i-1"]) };
        let mut contents = contents(Some("qemu"), &["d-1"]);
        let found = compare(&contents, &beside);
        assert_eq!(found.available_disks_on_machines, ["d-1".into()]);
        contents.available_disks.clear();
        assert!(compare(&contents, &beside).is_none());
    }

    #[test]
    fn compare_misses_no_files_of_simulated_disks() {
        let nothing = beside(&[], &[]);
        assert!(compare(&contents(Some("simulated"), &["d-1"]), &nothing).is_none());
        assert!(compare(&contents(None, &["d-1"]), &nothing).is_none());
        assert!(!compare(&contents(None, &["d-1"]), &beside(&["d-2"], &[])).is_none());
        assert!(!compare(&contents(Some("qemu"), &["d-1"]), &nothing).is_none());
    }
}
