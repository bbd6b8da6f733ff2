//! Snapshot groups, and copies of snapshots.

use super::model::{Expected, Model, NO_DISK, NO_SNAPSHOT, Snapshot, SnapshotGroup, WELL};
use super::steps::Simulation;
use crate::harness::REGION;

/// Groups at a time, at most.
const GROUPS: usize = 3;
const NO_GROUP: Expected = &["InvalidSnapshotGroup.NotFound"];

impl Model {
    /// The answer to CreateSnapshotGroup of one disk.
    fn create_group(&self, caller: usize, id: &str) -> Expected {
        let Some(disk) = self.own_disk(caller, id) else { return NO_DISK };
        let moves = self.instances.get(&disk.on).is_some_and(|on| !on.has_stable_status());
        match disk.status.as_str() {
            _ if disk.may_be_modifying() || disk.may_be_growing() => &[
                "",
                "DiskCategory.OperationNotSupported",
                "IncorrectDiskStatus",
                "IncorrectDiskStatus.CreatingSnapshot",
                "IncorrectDiskStatus.NeverAttached",
                "IncorrectInstanceStatus",
            ],
            _ if !disk.is_essd() => &["DiskCategory.OperationNotSupported"],
            _ if self.has_snapshot_in_progress(id) => &["IncorrectDiskStatus.CreatingSnapshot"],
            "In_use" if moves => &["", "IncorrectInstanceStatus"],
            "Available" | "In_use" if disk.attached_once => WELL,
            "Available" => &["IncorrectDiskStatus.NeverAttached"],
            _ => &["IncorrectDiskStatus"],
        }
    }

    fn own_group(&self, caller: usize, id: &str) -> Option<&SnapshotGroup> {
        self.groups.get(id).filter(|group| group.owner == caller)
    }

    /// The answer to DeleteSnapshotGroup.
    fn delete_group(&self, caller: usize, id: &str) -> Expected {
        let Some(group) = self.own_group(caller, id) else { return NO_GROUP };
        let there = |one: &&String| self.snapshots.contains_key(*one);
        if group.snapshots.iter().filter(there).any(|one| self.is_in_image(one)) {
            return &["SnapshotCreatedImage"];
        }
        let is_used = |one: &String| self.disks.values().any(|disk| disk.source == *one);
        let used = group.snapshots.iter().filter(there).any(is_used);
        if used { &["SnapshotCreatedDisk"] } else { WELL }
    }

    /// The answer to CopySnapshot. The copies of another region are not looked at.
    fn copy(&self, caller: usize, id: &str) -> Expected {
        match self.own_snapshot(caller, id).map(|one| one.status.as_str()) {
            None => NO_SNAPSHOT,
            Some("accomplished") => &["", "InvalidOperation.UnfinishedCrossRegionCopy"],
            Some(_) => &["InvalidSnapshotId.NotReady"],
        }
    }
}

impl Simulation {
    /// Makes, renames or deletes a group, or copies a snapshot.
    pub(super) async fn change_snapshot_groups(&mut self) {
        let known = &self.model.groups;
        let nth = self.pick(known.len().max(1));
        let id = known.keys().nth(nth).cloned().unwrap_or_else(|| "ssg-none".to_owned());
        let caller = self.caller_for(known.get(&id).map(|group| group.owner));
        let (region, group) = (("RegionId", REGION), ("SnapshotGroupId", id.as_str()));
        match self.pick(7) {
            0 | 1 => self.create_group().await,
            2..=4 => self.copy_snapshot().await,
            5 => {
                let is_own = self.model.own_group(caller, &id).is_some();
                let name = format!("name-{}", self.pick(100));
                let ask = [region, group, ("Name", name.as_str())];
                let expected = if is_own { WELL } else { NO_GROUP };
                if self.call(caller, "ModifySnapshotGroup", &ask, expected).await.is_some() {
                    self.model.groups.get_mut(&id).unwrap().name = name;
                }
            }
            _ => {
                let expected = self.model.delete_group(caller, &id);
                let ask = [region, group];
                if self.call(caller, "DeleteSnapshotGroup", &ask, expected).await.is_some() {
                    for snapshot in self.model.groups.remove(&id).unwrap().snapshots {
                        self.model.snapshots.remove(&snapshot);
                    }
                }
            }
        }
    }

    async fn create_group(&mut self) {
        if self.model.groups.len() >= GROUPS {
            return;
        }
        let disk = self.some_disk_once_attached();
        let caller = self.caller_for(self.model.disks.get(&disk).map(|disk| disk.owner));
        let expected = self.model.create_group(caller, &disk);
        let region = ("RegionId", REGION);
        let ask = [region, ("DiskId.1", disk.as_str()), ("Name", "group")];
        let answer = self.call(caller, "CreateSnapshotGroup", &ask, expected).await;
        let Some(reply) = answer else { return };
        let id = reply["SnapshotGroupId"].as_str().unwrap().to_owned();
        let ask = [region, ("SnapshotGroupId.1", id.as_str())];
        let reply = self.ask(caller, "DescribeSnapshotGroups", &ask).await.json;
        let members = &reply["SnapshotGroups"]["SnapshotGroup"][0]["Snapshots"]["Snapshot"];
        let member = members[0]["SnapshotId"].as_str().unwrap().to_owned();
        let (status, size) = ("progressing".to_owned(), self.model.disks[&disk].size);
        let (name, tag) = ("group".to_owned(), String::new());
        let snapshot = Snapshot { owner: caller, status, disk, size, name, tag };
        self.model.snapshots.insert(member.clone(), snapshot);
        let (name, snapshots) = ("group".to_owned(), vec![member]);
        self.model.groups.insert(id, SnapshotGroup { owner: caller, name, snapshots });
    }

    /// A disk that can be in a group, if there is one; now and then any.
    fn some_disk_once_attached(&self) -> String {
        let fits = self
            .model
            .disks
            .iter()
            .filter(|(_, disk)| disk.attached_once && !disk.is_system && disk.is_essd());
        let fits: Vec<_> = fits.map(|(id, _)| id.clone()).collect();
        if fits.is_empty() || self.pick(6) == 0 {
            return self.some_disk();
        }
        fits[self.pick(fits.len())].clone()
    }

    /// A snapshot that is there, if there is one; now and then any.
    fn some_snapshot_that_is_made(&self) -> String {
        let made = self.model.snapshots.iter().filter(|(_, one)| one.status == "accomplished");
        let made: Vec<_> = made.map(|(id, _)| id.clone()).collect();
        if made.is_empty() || self.pick(6) == 0 {
            return self.some_snapshot();
        }
        made[self.pick(made.len())].clone()
    }

    async fn copy_snapshot(&mut self) {
        let snapshot = self.some_snapshot_that_is_made();
        let caller = self.caller_for(self.model.snapshots.get(&snapshot).map(|one| one.owner));
        let expected = self.model.copy(caller, &snapshot);
        let ask = [
            ("RegionId", REGION),
            ("SnapshotId", snapshot.as_str()),
            ("DestinationRegionId", "cn-beijing"),
            ("DestinationSnapshotName", "copy"),
            ("DestinationSnapshotDescription", "of the other"),
        ];
        self.call(caller, "CopySnapshot", &ask, expected).await;
    }

    /// Every group as its owner sees it: name, and snapshots that were not deleted alone.
    pub(super) async fn look_at_snapshot_groups(&mut self) {
        for (id, group) in self.model.groups.clone() {
            let ask = [("RegionId", REGION), ("SnapshotGroupId.1", id.as_str())];
            let reply = self.ask(group.owner, "DescribeSnapshotGroups", &ask).await.json;
            let shown = &reply["SnapshotGroups"]["SnapshotGroup"][0];
            assert_eq!(shown["Name"], group.name, "{id}");
            let members = shown["Snapshots"]["Snapshot"].as_array().unwrap();
            let there = |one: &&String| self.model.snapshots.contains_key(*one);
            assert_eq!(members.len(), group.snapshots.iter().filter(there).count(), "{id}");
        }
    }
}
