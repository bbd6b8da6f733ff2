//! Machines that an operator pauses, and lets go on.

use super::model::Doing;
use super::steps::Simulation;

/// How long a detach waits for a paused machine.
const HOUR_MS: i64 = 3_600_000;

impl Simulation {
    /// An operator pauses a machine, lets one go on, or leaves one standing for too long.
    pub(super) async fn pause_or_resume(&mut self) {
        let instance = self.some_instance();
        let was_paused = self.model.paused.contains(&instance);
        if was_paused && self.pick(4) == 0 {
            return self.server.pass(HOUR_MS).await;
        }
        let pauses = was_paused == (self.pick(6) == 0);
        let status = self.tell_machine(&instance, pauses).await;
        self.tell(|| format!("pauses {instance}: {pauses}, {status}"));
        let known = self.model.instances.get(&instance);
        let rests = |status: &str| {
            known.is_some_and(|one| one.status == status && one.doing == Doing::Rest)
        };
        if known.is_none() {
            assert_eq!(status, 404, "{instance}");
        } else if !self.drivers_fail && (rests("Running") || rests("Stopped")) {
            let well = rests("Running") && pauses != was_paused;
            assert_eq!(status, if well { 200 } else { 409 }, "{instance} {pauses} {was_paused}");
        }
        match status {
            200 if pauses => drop(self.model.paused.insert(instance)),
            200 => drop(self.model.paused.remove(&instance)),
            _ => assert!([404, 409].contains(&status), "{instance}: {status}"),
        }
        self.tally.entry("paused").or_default()[0] += usize::from(status == 200 && pauses);
    }

    async fn tell_machine(&self, instance: &str, pauses: bool) -> u16 {
        let verb = if pauses { "pause" } else { "resume" };
        let path = format!("/instances/{instance}/{verb}");
        self.server.try_control("POST", &path, "").await.0
    }

    /// All machines go on.
    pub(super) async fn resume_all(&mut self) {
        for instance in self.model.instances.keys() {
            self.tell_machine(instance, false).await;
        }
        self.model.paused.clear();
    }

    /// A machine that was stopped or rebooted is not paused any more.
    pub(super) fn forget_pauses(&mut self, moved: &[String]) {
        let instances = &self.model.instances;
        self.model.paused.retain(|id| {
            instances.get(id).is_some_and(|one| !moved.contains(id) || one.doing != Doing::Rest)
        });
        let waits = |disk: &&super::model::Disk| {
            disk.status == "Detaching" && self.model.paused.contains(&disk.on)
        };
        let waiting = self.model.disks.values().filter(waits).count();
        self.tally.entry("paused").or_default()[1] += waiting;
    }
}
