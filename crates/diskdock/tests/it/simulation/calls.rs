//! Calls, compared with what the model expects; and looks, compared with what may have become.

use std::collections::BTreeMap;

use diskdock::operations::Selection;
use domain::InstanceId;
use serde_json::Value;

use super::Counters;
use super::follow::{Around, disk_may_become, instance_becomes};
use super::model::{Disk, Doing, Expected, Instance, Snapshot, Traits};
use super::steps::{CALLERS, Simulation};
use crate::harness::{Answer, REGION};

/// Actions that make disks, or enlarge them: a full host refuses them, and no others.
const MAKES_DISKS: [&str; 5] =
    ["CreateDisk", "CreateInstance", "ReplaceSystemDisk", "ResizeDisk", "RunInstances"];
const NO_ROOM: &str = "QuotaExceed.DiskCapacity";
/// Actions with which room is made.
const RELEASES: [&str; 6] = [
    "DeleteDisk",
    "DeleteInstance",
    "DeleteInstances",
    "DetachDisk",
    "StopInstance",
    "StopInstances",
];
/// Calls of which one breaks the store.
const BREAKS_ONCE_IN: usize = 60;

impl Simulation {
    pub(super) async fn ask(
        &mut self,
        caller: usize,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Answer {
        std::mem::swap(&mut self.server.signer, &mut self.signers[caller]);
        let answer = self.server.call(action, parameters).await;
        std::mem::swap(&mut self.server.signer, &mut self.signers[caller]);
        answer
    }

    /// Calls and compares with what is expected; gives the answer if the call went well. The
    /// commit fails now and then: then nothing has happened. Or the store breaks.
    pub(super) async fn call(
        &mut self,
        caller: usize,
        action: &'static str,
        parameters: &[(&str, &str)],
        expected: Expected,
    ) -> Option<Value> {
        let commit_fails = if self.is_full { !self.has_room() } else { self.pick(20) == 0 };
        let before = self.server.export_json();
        let token = format!("token-{}", self.pick(usize::MAX));
        let breaks = !commit_fails && !self.is_full && self.pick(BREAKS_ONCE_IN) == 0;
        let repeatable = self.repeatable(action, parameters, &token).filter(|_| breaks);
        if repeatable.is_some() {
            self.server.break_store(0);
        }
        let parameters = repeatable.as_deref().unwrap_or(parameters);
        self.fail_commits(usize::from(commit_fails));
        let answer = self.ask(caller, action, parameters).await;
        self.fail_commits(0);
        self.tell(|| format!("{action} {parameters:?} by {caller}: {}", answer.text));
        if self.server.spare_store() {
            assert!(answer.status >= 500, "{action} is not known to be there: {}", answer.text);
            return self.resolve(caller, action, parameters, expected, &before).await;
        }
        let context = || format!("{action} {parameters:?} by {caller}: {}", answer.text);
        let is_refused = self.is_full && MAKES_DISKS.contains(&action);
        if answer.status == 200 && !commit_fails {
            assert!(!is_refused, "there is no room: {}", context());
            assert!(expected.contains(&""), "expected {expected:?}: {}", context());
            self.tally.entry(action).or_default()[0] += 1;
            let is_release = self.is_full && RELEASES.contains(&action);
            self.tally.entry("full").or_default()[0] += usize::from(is_release);
            return Some(answer.json);
        }
        assert_eq!(self.server.export_json(), before, "refused and had an effect: {}", context());
        if commit_fails && answer.status == 500 {
            assert_eq!(answer.code(), "InternalError", "{}", context());
            return None;
        }
        let code = answer.code();
        assert!((400..500).contains(&answer.status), "{}", context());
        let has_no_room = is_refused && expected.contains(&"") && code == NO_ROOM;
        assert!(has_no_room || expected.contains(&code), "expected {expected:?}: {}", context());
        self.tally.entry(if has_no_room { "full" } else { action }).or_default()[1] += 1;
        None
    }

    /// Looks at everything as its owners see it, and checks what became of it.
    pub(super) async fn compare(&mut self) {
        let (mut disks, mut instances) = (BTreeMap::new(), BTreeMap::new());
        for caller in 0..CALLERS {
            self.read(caller, &mut disks, &mut instances).await;
        }
        let moves =
            |(_, one): &(&String, &Instance)| ![Doing::Rest, Doing::Creating].contains(&one.doing);
        let moved = self.model.instances.iter().filter(moves);
        let moved: Vec<_> = moved.map(|(id, _)| id.clone()).collect();
        self.compare_instances(&instances);
        self.look_at_snapshots().await;
        self.look_at_networks().await;
        self.look_at_snapshot_groups().await;
        self.look_at_images().await;
        self.look_at_policies(&disks).await;
        self.look_at_access().await;
        self.look_at_key_pairs().await;
        self.recall_what_is_hidden(&mut disks);
        self.compare_disks(&disks);
        self.check_that_free_disks_are_unreachable(&disks);
        self.model.disks = disks;
        self.model.instances.retain(|id, _| instances.contains_key(id));
        self.forget_pauses(&moved);
    }

    /// Not shown: where a disk that is Attaching or replaces another goes, and whether a disk is
    /// growing or changing.
    fn recall_what_is_hidden(&self, seen: &mut BTreeMap<String, Disk>) {
        for (id, disk) in seen {
            let Some(before) = self.model.disks.get(id) else { continue };
            if before.is_system && disk.status == "Creating" && disk.on.is_empty() {
                (disk.on, disk.device) = (before.on.clone(), before.device.clone());
            }
            if disk.status == "Attaching" {
                assert_eq!((disk.on.as_str(), disk.device.as_str()), ("", ""));
                (disk.on, disk.device) = (before.on.clone(), before.device.clone());
            }
            if disk.size == before.size {
                disk.size_before = before.size_before;
            }
            if disk.spec == before.spec {
                disk.spec_wanted.clone_from(&before.spec_wanted);
            }
        }
    }

    async fn read(
        &mut self,
        caller: usize,
        disks: &mut BTreeMap<String, Disk>,
        instances: &mut BTreeMap<String, (String, Traits)>,
    ) {
        let ask = [("RegionId", REGION), ("PageSize", "100")];
        let reply = self.ask(caller, "DescribeDisks", &ask).await.json;
        let list = reply["Disks"]["Disk"].as_array().unwrap();
        assert_eq!(reply["TotalCount"], list.len());
        disks.extend(list.iter().map(|shown| disk_of(caller, shown)));
        let reply = self.ask(caller, "DescribeInstances", &ask).await.json;
        let list = reply["Instances"]["Instance"].as_array().unwrap();
        assert_eq!(reply["TotalCount"], list.len());
        let seen = |shown| (text(shown, "InstanceId"), (text(shown, "Status"), traits_of(shown)));
        instances.extend(list.iter().map(seen));
    }

    /// A snapshot only ends, fails only where drivers do, and goes only when it is deleted.
    async fn look_at_snapshots(&mut self) {
        let mut seen = BTreeMap::new();
        for caller in 0..CALLERS {
            let ask = [("RegionId", REGION), ("PageSize", "100")];
            let reply = self.ask(caller, "DescribeSnapshots", &ask).await.json;
            let list = reply["Snapshots"]["Snapshot"].as_array().unwrap();
            assert_eq!(reply["TotalCount"], list.len());
            seen.extend(list.iter().map(|shown| snapshot_of(caller, shown)));
        }
        let known: Vec<_> = self.model.snapshots.keys().collect();
        assert_eq!(seen.keys().collect::<Vec<_>>(), known);
        for (id, before) in &mut self.model.snapshots {
            let now = &seen[id];
            let ends = match now.status.as_str() {
                "accomplished" => before.status == "progressing",
                "failed" => before.status == "progressing" && self.drivers_fail,
                _ => false,
            };
            assert!(now.status == before.status || ends, "{id}: {before:?} became {now:?}");
            before.status.clone_from(&now.status);
            assert_eq!(before, now, "{id}");
        }
    }

    fn compare_instances(&mut self, seen: &BTreeMap<String, (String, Traits)>) {
        let fails = self.drivers_fail;
        for (id, before) in &mut self.model.instances {
            let traits = seen.get(id).map_or(&before.traits, |(_, traits)| traits);
            assert_eq!(traits, &before.traits, "{id}");
            let now = seen.get(id).map(|(status, _)| status.as_str());
            let doing = instance_becomes(before, now, fails);
            before.doing = doing.unwrap_or_else(|| panic!("{id}: {before:?} became {now:?}"));
            before.status = now.unwrap_or("gone").to_owned();
        }
        for id in seen.keys() {
            assert!(self.model.instances.contains_key(id), "{id} came from nowhere");
        }
    }

    fn compare_disks(&mut self, seen: &BTreeMap<String, Disk>) {
        for (id, before) in &self.model.disks {
            let host = self.model.instances.get(&before.on).filter(|host| host.status != "gone");
            let around = Around {
                drivers_fail: self.drivers_fail,
                host_is_paused: self.model.may_be_paused(&before.on),
                host: host.map(|host| host.doing),
            };
            let now = seen.get(id);
            let is_fine = disk_may_become(before, now, around);
            assert!(is_fine, "{id}: {before:?} became {now:?} with {around:?}");
        }
        for (id, disk) in seen {
            let is_known = self.model.disks.contains_key(id) || disk.is_system;
            assert!(is_known, "{id} came from nowhere: {disk:?}");
        }
    }

    /// The promise: what is called Available is out of every guest's reach.
    fn check_that_free_disks_are_unreachable(&self, disks: &BTreeMap<String, Disk>) {
        for instance in self.model.instances.keys() {
            let id = InstanceId::from(instance.as_str());
            // Whether the machine is lost or not.
            for disk in self.server.simulated().reachable_from(&id) {
                let status = disks.get(&disk.to_string()).map(|disk| disk.status.as_str());
                assert_ne!(status, Some("Available"), "{instance} reaches {disk}");
            }
        }
    }

    /// Faults end, and everything comes to its end.
    pub(super) async fn finish(mut self) -> Counters {
        self.join_group_twice().await;
        self.behave().await;
        // One that is lost cannot be told to go on.
        self.find_all();
        self.resume_all().await;
        self.make_room();
        for _ in 0..12 {
            let services = &self.server.assembly.gateway.services;
            self.server.simulated().finish_all(true);
            services.runner.wake(&Selection::default());
            self.server.pass(60_000).await;
            self.compare().await;
        }
        let at_rest = |disk: &Disk| ["Available", "In_use"].contains(&disk.status.as_str());
        assert!(self.model.disks.values().all(at_rest), "{:#?}", self.model.disks);
        let is_changed = |disk: &Disk| self.drivers_fail || disk.spec == disk.spec_wanted;
        assert!(self.model.disks.values().all(is_changed), "{:#?}", self.model.disks);
        let is_made = |one: &Snapshot| one.status == "accomplished" || self.drivers_fail;
        assert!(self.model.snapshots.values().all(is_made), "{:#?}", self.model.snapshots);
        let at_rest = |one: &Instance| one.doing == Doing::Rest;
        assert!(self.model.instances.values().all(at_rest), "{:#?}", self.model.instances);
        if self.drivers_fail {
            // A driver that did what was given up already leaves a difference, which the
            // server's own passes repair: a machine may have stopped after all.
            self.server.repair().await;
        }
        assert_eq!(self.server.differences().await, []);
        assert_eq!(self.server.assembly.gateway.services.runner.in_flight(), 0);
        self.server.warned("the disk is full");
        self.tally
    }
}

fn text(shown: &Value, name: &str) -> String {
    shown[name].as_str().unwrap_or_default().to_owned()
}

fn traits_of(shown: &Value) -> Traits {
    Traits {
        name: text(shown, "InstanceName"),
        kind: text(shown, "InstanceType"),
        tag: text(&shown["Tags"]["Tag"][0], "TagValue"),
        bandwidth: shown["InternetMaxBandwidthOut"].as_u64().unwrap(),
    }
}

/// Category and level of a disk; with an empty level if it has none.
fn spec_of(shown: &Value) -> String {
    format!("{} {}", text(shown, "Category"), text(shown, "PerformanceLevel"))
}

pub(super) fn snapshot_of(owner: usize, shown: &Value) -> (String, Snapshot) {
    let snapshot = Snapshot {
        owner,
        status: text(shown, "Status"),
        disk: text(shown, "SourceDiskId"),
        size: text(shown, "SourceDiskSize").parse().unwrap(),
        name: text(shown, "SnapshotName"),
        tag: text(&shown["Tags"]["Tag"][0], "TagValue"),
    };
    (text(shown, "SnapshotId"), snapshot)
}

fn disk_of(owner: usize, shown: &Value) -> (String, Disk) {
    let size = shown["Size"].as_u64().unwrap();
    let disk = Disk {
        owner,
        status: text(shown, "Status"),
        on: text(shown, "InstanceId"),
        device: text(shown, "Device"),
        is_system: shown["Type"] == "system",
        delete_with_instance: shown["DeleteWithInstance"] == true,
        size,
        size_before: size,
        attached_once: shown["AttachedTime"] != "",
        source: text(shown, "SourceSnapshotId"),
        spec: spec_of(shown),
        spec_wanted: spec_of(shown),
        name: text(shown, "DiskName"),
        tag: text(&shown["Tags"]["Tag"][0], "TagValue"),
        group: text(shown, "ResourceGroupId"),
    };
    (text(shown, "DiskId"), disk)
}
