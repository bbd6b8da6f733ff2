//! Disks that get another content, or take the place of another.

use super::model::{Expected, Instance, Model, NO_DISK, NO_INSTANCE, NO_SNAPSHOT, WELL, new_disk};
use super::steps::Simulation;
use crate::harness::IMAGE;

/// GiB of a new system disk.
const SYSTEM_GIB: u64 = 40;

fn is_off(instance: &Instance) -> bool {
    instance.status == "Stopped" && instance.doing == super::model::Doing::Rest
}

impl Model {
    /// The answer to ReInitDisk. Nothing shows whether an instance was ever started.
    fn reinit(&self, caller: usize, id: &str) -> Expected {
        let Some(disk) = self.own_disk(caller, id) else { return NO_DISK };
        let is_off = self.instances.get(&disk.on).is_some_and(is_off);
        let has_source = disk.source.is_empty() || self.snapshots.contains_key(&disk.source);
        match disk.status.as_str() {
            _ if self.has_snapshot_in_progress(id) => &["DiskCreatingSnapshot"],
            "In_use" if disk.may_be_growing() || disk.may_be_modifying() => {
                &["", "IncorrectDiskStatus", "IncorrectInstanceStatus", "InvalidSourceSnapshot"]
            }
            "In_use" if !is_off => &["IncorrectInstanceStatus"],
            "In_use" if !has_source => &["InvalidSourceSnapshot", "IncorrectInstanceStatus"],
            "In_use" => &["", "IncorrectInstanceStatus"],
            _ => &["IncorrectDiskStatus"],
        }
    }

    /// The answer to ResetDisk.
    fn reset(&self, caller: usize, id: &str, snapshot: &str) -> Expected {
        let Some(disk) = self.own_disk(caller, id) else { return NO_DISK };
        let Some(snapshot) = self.own_snapshot(caller, snapshot) else { return NO_SNAPSHOT };
        let is_off = self.instances.get(&disk.on).is_none_or(is_off);
        match disk.status.as_str() {
            _ if snapshot.disk != id => &["InvalidParameter.Mismatch"],
            _ if snapshot.status != "accomplished" => &["InvalidSnapshotId.NotReady"],
            "ReIniting" => &["InvalidOperation.DiskResetInProgress"],
            _ if self.has_snapshot_in_progress(id) => {
                &["IncorrectDiskStatus.HasUnfinishedSnapshot"]
            }
            "Available" | "In_use" if disk.may_be_growing() || disk.may_be_modifying() => {
                &["", "Operation.Conflict", "IncorrectInstanceStatus"]
            }
            "Available" => WELL,
            "In_use" if is_off => WELL,
            "In_use" => &["IncorrectInstanceStatus"],
            _ => &["IncorrectDiskStatus"],
        }
    }

    /// The answer to ReplaceSystemDisk.
    fn replace(&self, caller: usize, id: &str) -> Expected {
        let Some(instance) = self.own_instance(caller, id) else { return NO_INSTANCE };
        match self.system_disk(id).map(|(_, disk)| disk.status.as_str()) {
            _ if instance.status == "Pending" => &["OperationDenied.InstanceCreating"],
            _ if !is_off(instance) => &["IncorrectInstanceStatus"],
            None => &["InvalidInstance.NotFoundSystemDisk"],
            Some("In_use") => WELL,
            Some(_) => &["IncorrectDiskStatus"],
        }
    }

    /// The disk that an instance boots from: the one that is leaving, if one takes its place.
    fn system_disk(&self, instance: &str) -> Option<(&String, &super::model::Disk)> {
        let mut its = self.disks.iter().filter(|(_, disk)| disk.is_system && disk.on == instance);
        its.find(|(_, disk)| disk.status != "Creating")
    }
}

impl Simulation {
    /// Sets a disk back, or replaces the system disk of an instance.
    pub(super) async fn rewrite_disk(&mut self) {
        match self.pick(6) {
            0 | 1 => self.replace_system_disk().await,
            2 => self.reset_disk().await,
            _ => self.reinit_disk().await,
        }
    }

    async fn reinit_disk(&mut self) {
        let disk = self.some_disk_that_rests();
        let caller = self.caller_for(self.model.disks.get(&disk).map(|disk| disk.owner));
        let expected = self.model.reinit(caller, &disk);
        if self.call(caller, "ReInitDisk", &[("DiskId", &disk)], expected).await.is_some() {
            "ReIniting".clone_into(&mut self.model.disks.get_mut(&disk).unwrap().status);
        }
    }

    /// A disk on an instance that is off, if there is one; now and then any.
    fn some_disk_that_rests(&self) -> String {
        let is_off = |on: &String| self.model.instances.get(on).is_some_and(is_off);
        let rests = self.model.disks.iter().filter(|(_, disk)| is_off(&disk.on));
        let rests: Vec<_> = rests.map(|(id, _)| id.clone()).collect();
        if rests.is_empty() || self.pick(6) == 0 {
            return self.some_disk();
        }
        rests[self.pick(rests.len())].clone()
    }

    async fn reset_disk(&mut self) {
        let snapshot = self.some_snapshot_to_return_to();
        let its_disk = self.model.snapshots.get(&snapshot).map(|one| one.disk.clone());
        let elsewhere = self.pick(6) == 0;
        let disk = its_disk.filter(|_| !elsewhere).unwrap_or_else(|| self.some_disk());
        let caller = self.caller_for(self.model.disks.get(&disk).map(|disk| disk.owner));
        let expected = self.model.reset(caller, &disk, &snapshot);
        let ask = [("DiskId", disk.as_str()), ("SnapshotId", &snapshot)];
        if self.call(caller, "ResetDisk", &ask, expected).await.is_some() {
            "ReIniting".clone_into(&mut self.model.disks.get_mut(&disk).unwrap().status);
        }
    }

    /// A snapshot whose disk can be set back to it, if there is one; now and then any.
    fn some_snapshot_to_return_to(&self) -> String {
        let is_off = |on: &String| self.model.instances.get(on).is_none_or(is_off);
        let is_free = |disk: &String| {
            let disk = self.model.disks.get(disk);
            disk.is_some_and(|one| {
                ["Available", "In_use"].contains(&one.status.as_str()) && is_off(&one.on)
            })
        };
        let all = self.model.snapshots.iter();
        let fits = all.filter(|(_, one)| one.status == "accomplished" && is_free(&one.disk));
        let fits: Vec<_> = fits.map(|(id, _)| id.clone()).collect();
        if fits.is_empty() || self.pick(6) == 0 {
            return self.some_snapshot();
        }
        fits[self.pick(fits.len())].clone()
    }

    /// An instance that is off, if there is one; now and then any.
    pub(super) fn some_instance_that_is_off(&self) -> String {
        let off = self.model.instances.iter().filter(|(_, one)| is_off(one));
        let off: Vec<_> = off.map(|(id, _)| id.clone()).collect();
        if off.is_empty() || self.pick(6) == 0 {
            return self.some_instance();
        }
        off[self.pick(off.len())].clone()
    }

    async fn replace_system_disk(&mut self) {
        let instance = self.some_instance_that_is_off();
        let caller = self.caller_for(self.model.instances.get(&instance).map(|one| one.owner));
        let expected = self.model.replace(caller, &instance);
        let ask = [("InstanceId", instance.as_str()), ("ImageId", IMAGE)];
        let answer = self.call(caller, "ReplaceSystemDisk", &ask, expected).await;
        let Some(reply) = answer else { return };
        let (old, before) = self.model.system_disk(&instance).unwrap();
        let (old, spec) = (old.clone(), before.spec.clone());
        "Detaching".clone_into(&mut self.model.disks.get_mut(&old).unwrap().status);
        let mut new = new_disk(caller, SYSTEM_GIB, "");
        (new.on, new.device, new.is_system) = (instance, "/dev/xvda".to_owned(), true);
        (new.attached_once, new.delete_with_instance) = (true, true);
        (new.spec_wanted, new.spec) = (spec.clone(), spec);
        (new.name, new.tag) = (String::new(), String::new());
        self.model.disks.insert(reply["DiskId"].as_str().unwrap().to_owned(), new);
    }
}
