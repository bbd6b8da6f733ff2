//! Machines that an operator pauses, and lets go on.

use serde_json::Value;

use super::model::Doing;
use super::steps::Simulation;

/// How long a detach waits for a paused machine.
const HOUR_MS: i64 = 3_600_000;

impl Simulation {
    /// An operator pauses a machine, lets one go on, or leaves one standing for too long.
    pub(super) async fn pause_or_resume(&mut self) {
        let instance = self.some_instance();
        let is_known = !self.model.may_be_paused.contains(&instance);
        let was_paused = self.model.paused.contains(&instance);
        if was_paused && self.pick(4) == 0 {
            return self.server.pass(HOUR_MS).await;
        }
        let pauses = was_paused == (self.pick(6) == 0);
        let (status, reply) = self.tell_machine(&instance, pauses).await;
        self.tell(|| format!("pauses {instance}: {pauses}, {status} {reply}"));
        let known = self.model.instances.get(&instance);
        let rests = |status: &str| {
            known.is_some_and(|one| one.status == status && one.doing == Doing::Rest)
        };
        if known.is_none() {
            assert_eq!(status, 404, "{instance}");
        } else if is_known && !self.drivers_fail && (rests("Running") || rests("Stopped")) {
            let well = rests("Running") && pauses != was_paused;
            let right = if well { 200 } else { 409 };
            assert_eq!(status, right, "{instance} {pauses} {was_paused}: {reply}");
        }
        let is_already = !is_known && status == 409 && pauses && rests("Running");
        if status == 200 || rests("Running") {
            self.model.may_be_paused.remove(&instance);
        }
        match status {
            200 if pauses => drop(self.model.paused.insert(instance)),
            200 => drop(self.model.paused.remove(&instance)),
            409 if is_already => drop(self.model.paused.insert(instance)),
            _ => assert!([404, 409].contains(&status), "{instance}: {status}"),
        }
        self.tally.entry("paused").or_default()[0] += usize::from(status == 200 && pauses);
    }

    async fn tell_machine(&self, instance: &str, pauses: bool) -> (u16, Value) {
        let verb = if pauses { "pause" } else { "resume" };
        let path = format!("/instances/{instance}/{verb}");
        self.server.try_control("POST", &path, "").await
    }

    /// All machines go on.
    pub(super) async fn resume_all(&mut self) {
        for instance in self.model.instances.keys() {
            self.tell_machine(instance, false).await;
        }
        self.model.forget_paused();
    }

    /// A machine that was stopped or rebooted is not paused any more, unless that was refused.
    pub(super) fn forget_pauses(&mut self, moved: &[String]) {
        let model = &mut self.model;
        let rests = |id: &String| {
            model.instances.get(id).is_none_or(|one| moved.contains(id) && one.doing == Doing::Rest)
        };
        let rested: Vec<_> = model.paused.iter().filter(|id| rests(id)).cloned().collect();
        for id in rested {
            model.paused.remove(&id);
            model.may_be_paused.insert(id);
        }
        let runs = |id: &String| model.instances.get(id).is_some_and(|one| one.status != "Stopped");
        model.may_be_paused.retain(runs);
        let waits = |disk: &&super::model::Disk| {
            disk.status == "Detaching" && self.model.paused.contains(&disk.on)
        };
        let waiting = self.model.disks.values().filter(waits).count();
        self.tally.entry("paused").or_default()[1] += waiting;
    }
}
