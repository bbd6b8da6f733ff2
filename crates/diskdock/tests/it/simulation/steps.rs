//! The steps of a run: calls of several callers, and a look at everything after each.

use diskdock::ids::IdGenerator;

use super::Counters;
use super::model::{
    CANCEL_REFUSED, CHARGE_TYPE_REFUSED, Expected, Model, PL0, PL1, Snapshot, WELL, new_disk,
};
use crate::harness::{ACCOUNT, REGION, Signer, TestServer, ZONE};

pub(super) const CALLERS: usize = 2;
pub(super) const OTHER_ACCOUNT: &str = "2000000000000002";
const DISKS: usize = 8;
const SNAPSHOTS: usize = 6;
/// Steps on a full host of which one makes room.
const ROOM_ONCE_IN: usize = 20;

/// A server with its callers, and what the model knows of it.
pub(super) struct Simulation {
    pub server: TestServer,
    pub drivers_fail: bool,
    /// The host's file system is full.
    pub is_full: bool,
    /// Whether each call is printed.
    is_told: bool,
    random: IdGenerator,
    /// Those of the accounts, and one for each account that may assume roles.
    pub signers: Vec<Signer>,
    pub model: Model,
    pub tally: Counters,
    /// The latest task.
    task: String,
    /// The kinds of transition at which the driver is to misbehave, and whether it fails there.
    pub planted: Vec<(&'static str, bool)>,
}

impl Simulation {
    pub(super) async fn new(seed: u64) -> Simulation {
        let server = TestServer::with(|plan| plan.ids = IdGenerator::from_seed(seed << 32)).await;
        let mut signers = vec![Signer::default(), server.another_account(OTHER_ACCOUNT).await];
        let assumes = serde_json::json!([
            { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" },
        ]);
        for account in [ACCOUNT, OTHER_ACCOUNT] {
            signers.push(server.limited_key_of(account, assumes.clone()).await);
        }
        let random = IdGenerator::from_seed(seed);
        let (model, tally) = (Model::default(), Counters::new());
        let task = "t-none".to_owned();
        Simulation {
            server,
            drivers_fail: seed % 2 == 1,
            is_full: false,
            is_told: std::env::var_os("SIMULATION_SEED").is_some(),
            random,
            signers,
            model,
            tally,
            task,
            planted: Vec::new(),
        }
    }

    pub(super) fn pick(&self, below: usize) -> usize {
        usize::try_from(self.random.random() % below as u64).unwrap()
    }

    pub(super) fn some_disk(&self) -> String {
        let data: Vec<_> = self.model.disks.iter().filter(|(_, disk)| !disk.is_system).collect();
        if data.is_empty() { "d-none".to_owned() } else { data[self.pick(data.len())].0.clone() }
    }

    /// Whether there are so few disks that the next step creates one.
    fn lacks_disks(&self) -> bool {
        let data = self.model.disks.values().filter(|disk| !disk.is_system).count();
        data < 3 && self.pick(8) > 0
    }

    /// Whether a caller has no instance, so that the next step makes one.
    fn lacks_instances(&self) -> bool {
        self.callers_without_instance().next().is_some() && self.pick(8) > 0
    }

    pub(super) fn callers_without_instance(&self) -> impl Iterator<Item = usize> {
        let has = |caller| self.model.instances.values().any(|one| one.owner == caller);
        (0..CALLERS).filter(move |caller| !has(*caller))
    }

    pub(super) fn some_instance(&self) -> String {
        let known = &self.model.instances;
        let nth = self.pick(known.len().max(1));
        known.keys().nth(nth).cloned().unwrap_or_else(|| "i-none".to_owned())
    }

    /// An instance of this caller, and now and then of another.
    pub(super) fn some_instance_of(&self, caller: usize) -> String {
        let own = self.model.instances.iter().filter(|(_, one)| one.owner == caller);
        let own: Vec<_> = own.map(|(id, _)| id).collect();
        if own.is_empty() || self.pick(12) == 0 {
            return self.some_instance();
        }
        own[self.pick(own.len())].clone()
    }

    /// The owner of an object, and now and then another caller.
    pub(super) fn caller_for(&self, owner: Option<usize>) -> usize {
        if self.pick(12) == 0 { self.pick(CALLERS) } else { owner.unwrap_or_default() }
    }

    /// Tells what happens in a run that is repeated alone.
    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_told {
            eprintln!("{}", what());
        }
    }

    /// A call that is expected to be done, if one of some proposals is; now and then any.
    pub(super) fn fitting<T>(&self, propose: impl Fn() -> (T, Expected)) -> (T, Expected) {
        let mut proposal = propose();
        for _ in 0..self.pick(6) {
            if proposal.1.contains(&"") {
                break;
            }
            proposal = propose();
        }
        proposal
    }

    pub(super) async fn step(mut self) -> Simulation {
        match self.pick(122) {
            0..8 => self.create_disk().await,
            8..40 if self.lacks_disks() => self.create_disk().await,
            8..40 if self.lacks_instances() => self.make_instances().await,
            8..24 => self.attach().await,
            24..40 => self.detach().await,
            40..44 => self.delete_disk().await,
            44..49 => self.change_disk().await,
            49..51 => self.label().await,
            51..54 => self.change_snapshots().await,
            54..56 => self.make_instances().await,
            56..58 => self.change_instance().await,
            58..66 => self.power().await,
            66..69 => self.release().await,
            69..72 => self.change_networks().await,
            72..74 => self.change_access().await,
            74..75 => {
                self.change_key_pairs().await;
                self.change_kms_keys().await;
            }
            75..77 => self.misbehave().await,
            77..78 => self.behave().await,
            78..82 => self.finish_by_hand(),
            82..94 => self.pass().await,
            94..96 => self.set_time_of_day(),
            96..97 if self.is_full => {}
            96..97 => {
                self.server.assembly.gateway.services.runner.recover().await.unwrap();
            }
            97..100 => self = self.crash().await,
            100..106 => self.rewrite_disk().await,
            118 => self.fill(),
            119 => self.lose_or_fence().await,
            120..122 => self.pause_or_resume().await,
            106..113 => self.change_snapshot_groups().await,
            _ => self.change_policies().await,
        }
        if self.is_full && self.pick(ROOM_ONCE_IN) == 0 {
            self.make_room();
        }
        self.count_misbehaved();
        self.compare().await;
        self
    }

    async fn create_disk(&mut self) {
        if self.model.disks.len() >= DISKS {
            return;
        }
        let caller = self.pick(CALLERS);
        if self.pick(4) == 0 {
            return self.create_disk_from_snapshot(caller).await;
        }
        let wrong = self.pick(10) == 0;
        let size = if wrong { "0" } else { "20" };
        let ask = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("Size", size),
            ("DiskCategory", "cloud_essd"),
            ("DiskName", "created"),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", "storage"),
        ];
        let expected: Expected = if wrong { &["InvalidDiskSize.NotSupported"] } else { WELL };
        let Some(reply) = self.call(caller, "CreateDisk", &ask, expected).await else { return };
        let disk = new_disk(caller, 20, "");
        self.model.disks.insert(reply["DiskId"].as_str().unwrap().to_owned(), disk);
    }

    async fn create_disk_from_snapshot(&mut self, caller: usize) {
        let snapshot = self.some_snapshot();
        let expected = self.model.create_from(caller, &snapshot);
        let ask = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("SnapshotId", snapshot.as_str()),
            ("DiskCategory", "cloud_essd"),
            ("DiskName", "created"),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", "storage"),
        ];
        let Some(reply) = self.call(caller, "CreateDisk", &ask, expected).await else { return };
        let disk = new_disk(caller, self.model.snapshots[&snapshot].size, &snapshot);
        self.model.disks.insert(reply["DiskId"].as_str().unwrap().to_owned(), disk);
    }

    pub(super) fn some_snapshot(&self) -> String {
        let known = &self.model.snapshots;
        let nth = self.pick(known.len().max(1));
        known.keys().nth(nth).cloned().unwrap_or_else(|| "s-none".to_owned())
    }

    async fn change_snapshots(&mut self) {
        if self.pick(3) == 0 {
            return self.change_images().await;
        }
        if self.model.snapshots.len() < SNAPSHOTS && self.pick(2) == 0 {
            return self.create_snapshot().await;
        }
        let id = self.some_snapshot();
        let caller = self.caller_for(self.model.snapshots.get(&id).map(|one| one.owner));
        if self.pick(2) == 0 {
            let name = format!("name-{}", self.pick(100));
            let expected = self.model.rename_snapshot(caller, &id);
            let ask = [("SnapshotId", id.as_str()), ("SnapshotName", &name)];
            if self.call(caller, "ModifySnapshotAttribute", &ask, expected).await.is_some() {
                self.model.snapshots.get_mut(&id).unwrap().name = name;
            }
            return;
        }
        let force = self.pick(2) == 0;
        let expected = self.model.delete_snapshot(caller, &id, force);
        let ask = [("SnapshotId", id.as_str()), ("Force", if force { "true" } else { "false" })];
        if self.call(caller, "DeleteSnapshot", &ask, expected).await.is_some() {
            self.model.snapshots.remove(&id);
        }
    }

    async fn create_snapshot(&mut self) {
        let disk = self.some_disk();
        let caller = self.caller_for(self.model.disks.get(&disk).map(|disk| disk.owner));
        let expected = self.model.create_snapshot(caller, &disk);
        let ask = [("DiskId", disk.as_str()), ("SnapshotName", "kept")];
        let Some(reply) = self.call(caller, "CreateSnapshot", &ask, expected).await else { return };
        let size = self.model.disks[&disk].size;
        let status = "progressing".to_owned();
        let (name, tag) = ("kept".to_owned(), String::new());
        let snapshot = Snapshot { owner: caller, status, disk, size, name, tag };
        self.model.snapshots.insert(reply["SnapshotId"].as_str().unwrap().to_owned(), snapshot);
    }

    async fn attach(&mut self) {
        let ((caller, disk, instance), expected) = self.fitting(|| {
            let disk = self.some_disk();
            let caller = self.caller_for(self.model.disks.get(&disk).map(|disk| disk.owner));
            let instance = self.some_instance_of(caller);
            let expected = self.model.attach(caller, &disk, &instance);
            ((caller, disk, instance), expected)
        });
        let along = self.pick(2) == 0;
        let mut ask = vec![("DiskId", disk.as_str()), ("InstanceId", &instance)];
        ask.extend(along.then_some(("DeleteWithInstance", "true")));
        if self.call(caller, "AttachDisk", &ask, expected).await.is_some() {
            let device = self.model.free_device(&instance);
            let attached = self.model.disks.get_mut(&disk).unwrap();
            attached.status = "Attaching".to_owned();
            attached.attached_once = true;
            attached.delete_with_instance = along;
            (attached.on, attached.device) = (instance, device);
        }
    }

    async fn detach(&mut self) {
        let ((caller, disk, instance), expected) = self.fitting(|| {
            let disk = self.some_disk();
            let known = self.model.disks.get(&disk);
            let there = known.map(|disk| disk.on.clone()).filter(|on| !on.is_empty());
            let caller = self.caller_for(known.map(|disk| disk.owner));
            let elsewhere = self.pick(6) == 0;
            let instance =
                there.filter(|_| !elsewhere).unwrap_or_else(|| self.some_instance_of(caller));
            let expected = self.model.detach(caller, &disk, &instance);
            ((caller, disk, instance), expected)
        });
        let ask = [("DiskId", disk.as_str()), ("InstanceId", &instance)];
        if self.call(caller, "DetachDisk", &ask, expected).await.is_some() {
            let leaving = self.model.disks.get_mut(&disk).unwrap();
            leaving.status = "Detaching".to_owned();
        }
    }

    async fn delete_disk(&mut self) {
        let disk = self.some_disk();
        let caller = self.caller_for(self.model.disks.get(&disk).map(|disk| disk.owner));
        let expected = self.model.delete_disk(caller, &disk);
        if self.call(caller, "DeleteDisk", &[("DiskId", &disk)], expected).await.is_some() {
            self.model.disks.remove(&disk);
        }
    }

    async fn change_disk(&mut self) {
        let disk = self.some_disk();
        let known = self.model.disks.get(&disk);
        let caller = self.caller_for(known.map(|disk| disk.owner));
        let larger = known.map_or(30, |disk| disk.size.max(disk.size_before) + 1);
        let (size, name) = (larger.to_string(), format!("name-{}", self.pick(100)));
        let id = ("DiskId", disk.as_str());
        match self.pick(6) {
            0 => {
                let expected = self.model.resize(caller, &disk);
                let kind = if self.model.resizes_online(&disk) { "online" } else { "offline" };
                let ask = [id, ("NewSize", &size), ("Type", kind)];
                if self.call(caller, "ResizeDisk", &ask, expected).await.is_some() {
                    let grown = self.model.disks.get_mut(&disk).unwrap();
                    (grown.size_before, grown.size) = (grown.size, larger);
                }
            }
            1 => {
                let ids = format!("[\"{disk}\"]");
                let instance = self.some_instance();
                let ask = [
                    ("RegionId", REGION),
                    ("InstanceId", instance.as_str()),
                    ("DiskIds", &ids),
                    ("DiskChargeType", "PostPaid"),
                ];
                self.call(caller, "ModifyDiskChargeType", &ask, CHARGE_TYPE_REFUSED).await;
            }
            2 => self.modify_disk(caller, &disk).await,
            3 => {
                let task = self.task.clone();
                let ask = [("RegionId", REGION), ("TaskId", task.as_str())];
                self.call(caller, "CancelTask", &ask, CANCEL_REFUSED).await;
            }
            _ => {
                let expected = self.model.rename(caller, &disk);
                let ask = [("RegionId", REGION), id, ("DiskName", &name)];
                if self.call(caller, "ModifyDiskAttribute", &ask, expected).await.is_some() {
                    self.model.disks.get_mut(&disk).unwrap().name = name;
                }
            }
        }
    }

    /// Another category or level, and the task that makes it.
    async fn modify_disk(&mut self, caller: usize, disk: &str) {
        let wanted = ["cloud_ssd ", "cloud_auto ", PL0, PL1][self.pick(4)];
        let expected = self.model.modify(caller, disk, wanted);
        let (category, level) = wanted.split_once(' ').unwrap();
        let mut ask = vec![("DiskId", disk), ("DiskCategory", category)];
        ask.extend((!level.is_empty()).then_some(("PerformanceLevel", level)));
        let Some(reply) = self.call(caller, "ModifyDiskSpec", &ask, expected).await else { return };
        reply["TaskId"].as_str().unwrap().clone_into(&mut self.task);
        let changed = self.model.disks.get_mut(disk).unwrap();
        wanted.clone_into(&mut changed.spec_wanted);
    }
}
