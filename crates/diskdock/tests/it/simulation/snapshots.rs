//! Answers of the API about snapshots, by the model.

use super::model::{Expected, Model, NO_DISK, NO_SNAPSHOT, WELL};

impl Model {
    /// The answer to CreateSnapshot.
    pub(super) fn create_snapshot(&self, caller: usize, id: &str) -> Expected {
        let Some(disk) = self.own_disk(caller, id) else { return NO_DISK };
        let moves = self.instances.get(&disk.on).is_some_and(|on| !on.has_stable_status());
        match disk.status.as_str() {
            _ if self.has_snapshot_in_progress(id) => &["IncorrectDiskStatus.CreatingSnapshot"],
            "Available" | "In_use" if disk.may_be_growing() || disk.may_be_modifying() => &[
                "",
                "IncorrectDiskStatus",
                "IncorrectDiskStatus.NeverAttached",
                "IncorrectInstanceStatus",
            ],
            "In_use" if moves => &["", "IncorrectInstanceStatus"],
            "Available" | "In_use" if disk.attached_once => WELL,
            "Available" => &["IncorrectDiskStatus.NeverAttached"],
            _ => &["IncorrectDiskStatus"],
        }
    }

    /// The answer to DeleteSnapshot.
    pub(super) fn delete_snapshot(&self, caller: usize, id: &str, force: bool) -> Expected {
        if self.own_snapshot(caller, id).is_none() {
            return NO_SNAPSHOT;
        }
        if self.is_in_image(id) {
            return &["SnapshotCreatedImage"];
        }
        let mut made = self.disks.values().filter(|disk| disk.source == id).peekable();
        let is_used = made.peek().is_some();
        match made.any(|disk| disk.status == "Creating") {
            true => &["Operation.Conflict"],
            false if is_used && !force => &["SnapshotCreatedDisk"],
            false => WELL,
        }
    }

    /// The answer to ModifySnapshotAttribute, which gives a name.
    pub(super) fn rename_snapshot(&self, caller: usize, id: &str) -> Expected {
        if self.own_snapshot(caller, id).is_some() { WELL } else { NO_SNAPSHOT }
    }

    /// The answer to CreateDisk with this snapshot.
    pub(super) fn create_from(&self, caller: usize, id: &str) -> Expected {
        match self.own_snapshot(caller, id).map(|snapshot| snapshot.status.as_str()) {
            None => NO_SNAPSHOT,
            Some("accomplished") => WELL,
            Some(_) => &["InvalidSnapshotId.NotReady"],
        }
    }
}
