//! The schedule of automatic snapshot policies: a step of a run, and what is expected of it.

use std::collections::BTreeSet;

use super::model::{Model, Snapshot, WELL};
use super::steps::{CALLERS, Simulation};
use crate::harness::REGION;

const HOUR_MS: i64 = 3_600_000;
/// Snapshots from which on no policy is carried out.
const SNAPSHOTS: usize = 12;

/// A time of day that lies further ahead was recorded while the clock was wrong.
const BELIEVED_MS: i64 = 900_000;

/// How many snapshots a policy makes of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Making {
    None,
    One,
    /// Nothing shows whether a change of the disk has ended.
    Either,
}

impl Model {
    /// The snapshots of this disk of a policy that is due, for the slot that began then.
    fn automatic_of(&self, owner: usize, disk: &str, (slot_ms, now_ms): (i64, i64)) -> Making {
        let is_there = |(id, made_ms): (&String, &i64)| {
            let of_disk = self.snapshots.get(id).is_some_and(|one| one.disk == disk);
            of_disk && (slot_ms..=now_ms + BELIEVED_MS).contains(made_ms)
        };
        match self.create_snapshot(owner, disk) {
            _ if self.automatic.iter().any(is_there) => Making::None,
            WELL => Making::One,
            expected if expected.contains(&"") => Making::Either,
            _ => Making::None,
        }
    }
}

impl Simulation {
    pub(super) fn time_of_day_ms(&self) -> i64 {
        self.server.assembly.gateway.services.clock.now().0
    }

    /// The time of day moves on, and the policies that are due make their snapshots. Their
    /// schedule names every hour.
    pub(super) async fn carry_out_policies(&mut self) {
        if self.is_full || self.model.snapshots.len() >= SNAPSHOTS {
            return;
        }
        let clock = &self.server.assembly.gateway.services.clock;
        clock.shift_time_of_day_ms(HOUR_MS * i64::try_from(self.pick(3)).unwrap());
        let now_ms = self.time_of_day_ms();
        let slot_ms = now_ms.div_euclid(HOUR_MS) * HOUR_MS;
        let mut expected = Vec::new();
        for policy in self.model.policies.values_mut() {
            let recorded = [policy.done_until_ms, policy.created_ms];
            let done_ms = recorded.into_iter().find(|ms| *ms <= now_ms + BELIEVED_MS);
            if done_ms.is_none_or(|done_ms| slot_ms > done_ms) {
                policy.done_until_ms = slot_ms;
                expected.extend(policy.disks.iter().map(|disk| (policy.owner, disk.clone())));
            }
        }
        let making = |(owner, disk): (usize, String)| {
            let making = self.model.automatic_of(owner, &disk, (slot_ms, now_ms));
            (disk, making)
        };
        let expected: Vec<_> = expected.into_iter().map(making).collect();
        assert!(self.server.assembly.life.run_task("make automatic snapshots").await);
        self.server.warned("no automatic snapshot");
        let mut made = self.new_snapshots().await;
        for (disk, making) in expected {
            let of_disk = made.extract_if(.., |(_, one)| one.disk == disk).collect::<Vec<_>>();
            let fits = match making {
                Making::None => of_disk.is_empty(),
                Making::One => of_disk.len() == 1,
                Making::Either => of_disk.len() <= 1,
            };
            self.tell(|| format!("automatic snapshots of {disk}: {of_disk:?}"));
            assert!(fits, "{disk} has {of_disk:?}, expected {making:?}");
            for (id, snapshot) in of_disk {
                self.tally.entry("automatic").or_default()[0] += 1;
                self.model.automatic.insert(id.clone(), now_ms);
                self.model.snapshots.insert(id, snapshot);
            }
        }
        assert_eq!(made, [], "of disks without a policy that is due");
    }

    /// Automatic snapshots that the model does not know yet.
    async fn new_snapshots(&mut self) -> Vec<(String, Snapshot)> {
        let known: BTreeSet<_> = self.model.snapshots.keys().cloned().collect();
        let mut found = Vec::new();
        for caller in 0..CALLERS {
            let ask = [("RegionId", REGION), ("PageSize", "100"), ("SnapshotType", "auto")];
            let reply = self.ask(caller, "DescribeSnapshots", &ask).await.json;
            let list = reply["Snapshots"]["Snapshot"].as_array().unwrap();
            found.extend(list.iter().map(|shown| super::calls::snapshot_of(caller, shown)));
        }
        found.retain(|(id, _)| !known.contains(id));
        assert!(found.iter().all(|(_, one)| one.name.starts_with("auto_")), "{found:?}");
        found
    }
}
