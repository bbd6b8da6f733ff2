//! Automatic snapshot policies, and the disks that have them.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Disk, Expected, Model, WELL};
use super::steps::Simulation;
use crate::harness::REGION;

/// Policies at a time, at most.
const POLICIES: usize = 3;
const NO_POLICY: Expected = &["ParameterInvalid"];
const REGION_PAIR: (&str, &str) = ("regionId", REGION);

/// A policy as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub owner: usize,
    pub name: String,
    /// Disks that were given it, whether they are still there or not.
    pub disks: BTreeSet<String>,
    /// The moment up to which its schedule was carried out, in milliseconds of the time of day.
    pub done_until_ms: i64,
    pub created_ms: i64,
}

impl Model {
    fn own_policy(&self, caller: usize, id: &str) -> Option<&Policy> {
        self.policies.get(id).filter(|policy| policy.owner == caller)
    }

    /// The answer to an action on a policy.
    fn change_policy(&self, caller: usize, id: &str) -> Expected {
        if self.own_policy(caller, id).is_some() { WELL } else { NO_POLICY }
    }

    /// The answer to ApplyAutoSnapshotPolicy.
    fn apply_policy(&self, caller: usize, id: &str, disk: &str) -> Expected {
        match (self.own_policy(caller, id), self.own_disk(caller, disk)) {
            (None, _) => NO_POLICY,
            (Some(_), None) => &["InvalidDiskId.NotFound"],
            (Some(_), Some(_)) => WELL,
        }
    }

    fn take_policies_off(&mut self, disk: &str) {
        self.policies.values_mut().for_each(|policy| {
            policy.disks.remove(disk);
        });
    }
}

impl Simulation {
    /// Makes, changes or deletes a policy, gives it to a disk or takes it off.
    pub(super) async fn change_policies(&mut self) {
        let known = &self.model.policies;
        let nth = self.pick(known.len().max(1));
        let id = known.keys().nth(nth).cloned().unwrap_or_else(|| "sp-none".to_owned());
        let caller = self.caller_for(known.get(&id).map(|policy| policy.owner));
        let expected = self.model.change_policy(caller, &id);
        let policy = ("autoSnapshotPolicyId", id.as_str());
        match self.pick(8) {
            6 | 7 => self.carry_out_policies().await,
            0 => self.create_policy().await,
            1 => {
                let name = format!("name-{}", self.pick(100));
                let ask = [REGION_PAIR, policy, ("autoSnapshotPolicyName", name.as_str())];
                let answer = self.call(caller, "ModifyAutoSnapshotPolicyEx", &ask, expected).await;
                if answer.is_some() {
                    self.model.policies.get_mut(&id).unwrap().name = name;
                }
            }
            2 => {
                let ask = [REGION_PAIR, policy];
                let answer = self.call(caller, "DeleteAutoSnapshotPolicy", &ask, expected).await;
                if answer.is_some() {
                    self.model.policies.remove(&id);
                }
            }
            3 => self.cancel_policy().await,
            _ => self.apply_policy(caller, &id).await,
        }
    }

    async fn create_policy(&mut self) {
        let wrong = self.pick(4) == 0;
        if self.model.policies.len() >= POLICIES && !wrong {
            return;
        }
        let owner = self.pick(super::steps::CALLERS);
        let every_hour =
            format!("{:?}", (0..24).map(|hour: u8| hour.to_string()).collect::<Vec<_>>());
        let ask = [
            REGION_PAIR,
            ("timePoints", if wrong { "[\"24\"]" } else { &every_hour }),
            ("repeatWeekdays", r#"["1","2","3","4","5","6","7"]"#),
            ("retentionDays", "-1"),
        ];
        let expected = if wrong { NO_POLICY } else { WELL };
        let answer = self.call(owner, "CreateAutoSnapshotPolicy", &ask, expected).await;
        let Some(reply) = answer else { return };
        let id = reply["AutoSnapshotPolicyId"].as_str().unwrap().to_owned();
        let now_ms = self.time_of_day_ms();
        let (done_until_ms, created_ms) = (now_ms, now_ms);
        let (name, disks) = (String::new(), BTreeSet::new());
        let policy = Policy { owner, name, disks, done_until_ms, created_ms };
        self.model.policies.insert(id, policy);
    }

    async fn apply_policy(&mut self, caller: usize, id: &str) {
        let disk = self.some_disk();
        let expected = self.model.apply_policy(caller, id, &disk);
        let disks = format!("[\"{disk}\"]");
        let ask = [REGION_PAIR, ("autoSnapshotPolicyId", id), ("diskIds", disks.as_str())];
        if self.call(caller, "ApplyAutoSnapshotPolicy", &ask, expected).await.is_some() {
            self.model.take_policies_off(&disk);
            self.model.policies.get_mut(id).unwrap().disks.insert(disk);
        }
    }

    async fn cancel_policy(&mut self) {
        let disk = self.some_disk();
        let caller = self.caller_for(self.model.disks.get(&disk).map(|disk| disk.owner));
        let is_own = self.model.own_disk(caller, &disk).is_some();
        let expected: Expected = if is_own { WELL } else { &["InvalidDiskId.NotFound"] };
        let disks = format!("[\"{disk}\"]");
        let ask = [REGION_PAIR, ("diskIds", disks.as_str())];
        if self.call(caller, "CancelAutoSnapshotPolicy", &ask, expected).await.is_some() {
            self.model.take_policies_off(&disk);
        }
    }

    /// Every policy has its name, and as many disks as were given it and are there.
    pub(super) async fn look_at_policies(&mut self, disks: &BTreeMap<String, Disk>) {
        for caller in 0..super::steps::CALLERS {
            let told =
                self.ask(caller, "DescribeAutoSnapshotPolicyEx", &[("RegionId", REGION)]).await;
            let list = told.json["AutoSnapshotPolicies"]["AutoSnapshotPolicy"].as_array().unwrap();
            let own = self.model.policies.values().filter(|policy| policy.owner == caller);
            assert_eq!(list.len(), own.count());
            for shown in list {
                let id = shown["AutoSnapshotPolicyId"].as_str().unwrap();
                let policy = &self.model.policies[id];
                assert_eq!(shown["AutoSnapshotPolicyName"], policy.name, "{id}");
                let shown = shown["DiskNums"].as_u64().unwrap();
                let there = disks.keys().filter(|disk| policy.disks.contains(*disk)).count();
                assert_eq!(shown, there as u64, "{id}: {policy:?}");
            }
        }
    }
}
