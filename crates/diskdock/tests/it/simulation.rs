//! A random life from a seed, under the eyes of an auditor who keeps store of his own.
//!
//! The auditor predicts whether a call is accepted, from what he knows of a disk; and after every
//! step he looks whether any guest can reach a disk that is called Available.

use std::collections::BTreeMap;

use diskdock::hypervisor::Machines;
use diskdock::ids::IdGenerator;
use domain::{DiskStatus, InstanceId};

use crate::harness::{REGION, World, ZONE};

const SEEDS: u64 = 12;
const STEPS: u64 = 250;
const INSTANCES: usize = 2;
/// What a caller is told to come back later for, or that it is too late.
const LATER: &[&str] = &["IncorrectDiskStatus", "DiskIsDetaching", "DiskInitializing"];

/// What the auditor knows of a disk: where it was last said to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Creating,
    Free,
    Attaching(usize),
    On(usize),
    Leaving(usize),
}

struct Auditor {
    world: World,
    random: IdGenerator,
    instances: Vec<String>,
    disks: BTreeMap<String, Known>,
    accepted: usize,
    refused: usize,
}

impl Auditor {
    async fn new(seed: u64) -> Auditor {
        let world = World::with(|plan| plan.ids = IdGenerator::from_seed(seed << 32)).await;
        let mut instances = Vec::new();
        for _ in 0..INSTANCES {
            instances.push(world.running_instance().await);
        }
        let disks = BTreeMap::new();
        let random = IdGenerator::from_seed(seed);
        Auditor { world, random, instances, disks, accepted: 0, refused: 0 }
    }

    fn pick(&self, below: usize) -> usize {
        usize::try_from(self.random.random() % below as u64).unwrap()
    }

    fn some_disk(&self) -> Option<String> {
        let nth = self.pick(self.disks.len().max(1));
        self.disks.keys().nth(nth).cloned()
    }

    async fn step(mut self) -> Auditor {
        match self.pick(100) {
            0..12 => self.create().await,
            12..42 => self.attach().await,
            42..68 => self.detach().await,
            68..74 => self.delete().await,
            74..80 => self.rule(),
            80..83 => self.world.simulated().clear_rules(),
            83..86 => self.settle_by_hand(),
            86..96 => {
                let most = [10, 500, 1_000, 2_000, 20_000][self.pick(5)];
                self.world.pass(most).await;
            }
            96..98 => drop(self.world.assembly.gateway.services.runner.recover().await.unwrap()),
            _ => self.world = self.world.restart().await,
        }
        self.look().await;
        self
    }

    async fn create(&mut self) {
        if self.disks.len() > 7 {
            return;
        }
        let parameters = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("Size", "20"),
            ("DiskCategory", "cloud_essd"),
        ];
        let disk = self.world.ok("CreateDisk", &parameters).await.text_at("DiskId");
        let known = if self.status(&disk) == Some(DiskStatus::Creating) {
            Known::Creating
        } else {
            Known::Free
        };
        self.disks.insert(disk, known);
    }

    async fn attach(&mut self) {
        let (Some(disk), at) = (self.some_disk(), self.pick(INSTANCES)) else { return };
        let instance = self.instances[at].clone();
        let accepts = self.disks[&disk] == Known::Free;
        if self.call("AttachDisk", &disk, Some(&instance), accepts).await {
            self.disks.insert(disk, Known::Attaching(at));
        }
    }

    async fn detach(&mut self) {
        let (Some(disk), at) = (self.some_disk(), self.pick(INSTANCES)) else { return };
        let leaving = self.disks.values().filter(|known| **known == Known::Leaving(at)).count();
        let accepts = self.disks[&disk] == Known::On(at) && leaving < 5;
        let instance = self.instances[at].clone();
        if self.call("DetachDisk", &disk, Some(&instance), accepts).await {
            self.disks.insert(disk, Known::Leaving(at));
        }
    }

    async fn delete(&mut self) {
        let Some(disk) = self.some_disk() else { return };
        let accepts = self.disks[&disk] == Known::Free;
        if self.call("DeleteDisk", &disk, None, accepts).await {
            self.disks.remove(&disk);
            assert_eq!(self.status(&disk), None);
        }
    }

    /// Calls and compares with what was predicted.
    async fn call(&mut self, action: &str, disk: &str, on: Option<&str>, accepts: bool) -> bool {
        let mut parameters = vec![("DiskId", disk)];
        parameters.extend(on.map(|instance| ("InstanceId", instance)));
        let before = self.world.tx();
        let answer = self.world.call(action, &parameters).await;
        let known = self.disks[disk];
        assert_eq!(answer.status == 200, accepts, "{action} {known:?}: {}", answer.text);
        if accepts {
            self.accepted += 1;
            return true;
        }
        self.refused += 1;
        assert!((400..500).contains(&answer.status), "{}", answer.text);
        let elsewhere = matches!(known, Known::On(_)) && action == "DetachDisk";
        let told = LATER.contains(&answer.code()) || elsewhere || answer.code().contains("Disk");
        assert!(told, "{action} {known:?}: {}", answer.text);
        assert_eq!(self.world.tx(), before, "a refusal changes nothing");
        false
    }

    fn rule(&self) {
        let transition = ["attach", "detach", "create"][self.pick(3)];
        let behaviour = [
            r#"{"do":"hold"}"#,
            r#"{"do":"refuse"}"#,
            r#"{"do":"never"}"#,
            r#"{"do":"take","milliseconds":7000}"#,
        ][self.pick(4)];
        self.world
            .rule(&format!(r#"{{"transition":"{transition}","times":1,"behaviour":{behaviour}}}"#));
    }

    fn settle_by_hand(&self) {
        let well = self.pick(2) == 0;
        let services = &self.world.assembly.gateway.services;
        self.world.simulated().finish_all(well, services.clock.uptime());
        services.runner.wake(&diskdock::operations::Selection::default());
    }

    fn status(&self, disk: &str) -> Option<DiskStatus> {
        let store = &self.world.assembly.gateway.services.store;
        let found = store.read_blocking(|tx| tx.disk(&disk.into())).unwrap();
        found.map(|disk| disk.status())
    }

    /// Follows what came to its end meanwhile, and checks the promise.
    async fn look(&mut self) {
        let mut reached = Vec::new();
        for instance in &self.instances {
            let id = InstanceId::from(instance.as_str());
            let seen = self.world.simulated().observe(&id).await.unwrap().unwrap_or_default();
            reached.extend(seen.disks.into_iter().map(|(disk, _)| disk.to_string()));
        }
        let before = std::mem::take(&mut self.disks);
        for (disk, known) in before {
            let Some(status) = self.status(&disk) else {
                assert_eq!(known, Known::Creating, "{disk} is gone");
                continue;
            };
            let can_be_reached = reached.contains(&disk);
            if status == DiskStatus::Available {
                assert!(!can_be_reached, "{disk} is Available and a guest can reach it");
            }
            if status == DiskStatus::InUse {
                assert!(can_be_reached, "{disk} is In_use and its guest cannot reach it");
            }
            let now = follow(known, status);
            self.disks.insert(
                disk.clone(),
                now.unwrap_or_else(|| panic!("{disk}: {known:?} became {status:?}")),
            );
        }
    }

    /// Lets everything come to its end.
    async fn finish(mut self) -> (usize, usize) {
        self.world.simulated().clear_rules();
        for _ in 0..8 {
            let services = &self.world.assembly.gateway.services;
            self.world.simulated().finish_all(true, services.clock.uptime());
            services.runner.wake(&diskdock::operations::Selection::default());
            self.world.pass(60_000).await;
            self.look().await;
        }
        let at_rest = |known: &Known| matches!(known, Known::Free | Known::On(_));
        assert!(self.disks.values().all(at_rest), "{:?}", self.disks);
        assert_eq!(self.world.differences().await, []);
        assert_eq!(self.world.assembly.gateway.services.runner.in_flight(), 0);
        (self.accepted, self.refused)
    }
}

/// What may have become of a disk by itself.
fn follow(known: Known, status: DiskStatus) -> Option<Known> {
    match (known, status) {
        (Known::Creating, DiskStatus::Creating)
        | (Known::Free, DiskStatus::Available)
        | (Known::Attaching(_), DiskStatus::Attaching)
        | (Known::On(_), DiskStatus::InUse)
        | (Known::Leaving(_), DiskStatus::Detaching) => Some(known),
        (Known::Creating | Known::Attaching(_) | Known::Leaving(_), DiskStatus::Available) => {
            Some(Known::Free)
        }
        (Known::Attaching(at) | Known::Leaving(at), DiskStatus::InUse) => Some(Known::On(at)),
        _ => None,
    }
}

#[tokio::test]
async fn no_disk_is_ever_available_while_a_guest_can_reach_it() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut auditor = Auditor::new(seed).await;
        for _ in 0..STEPS {
            auditor = auditor.step().await;
        }
        let (yes, no) = auditor.finish().await;
        accepted += yes;
        refused += no;
    }
    assert!(accepted > 200 && refused > 200, "{accepted} accepted, {refused} refused");
}
