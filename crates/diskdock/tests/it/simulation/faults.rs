//! The faults of a run: drivers, commits, the time of day, crashes and downtime.

use diskdock::operations::Selection;
use std::sync::atomic::Ordering;

use super::model::Doing;
use super::steps::Simulation;

const MINUTE_MS: i64 = 60_000;
/// Longer than any deadline.
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const TRANSITIONS: [&str; 9] =
    ["attach", "detach", "create", "resize", "modify", "start", "stop", "reboot", "snapshot"];
/// Behaviours of a driver that does what it is asked, late or when it is told to.
const SLOW: [&str; 2] = [r#"{"do":"hold"}"#, r#"{"do":"take","milliseconds":7000}"#];
/// Behaviours of one that does not.
const FAILING: [&str; 2] = [r#"{"do":"refuse"}"#, r#"{"do":"never"}"#];

impl Simulation {
    /// The driver is slow or fails at the next transition of a kind.
    pub(super) fn misbehave(&mut self) {
        let transition = TRANSITIONS[self.pick(TRANSITIONS.len())];
        let behaviour = if self.drivers_fail && self.pick(2) == 0 {
            FAILING[self.pick(2)]
        } else {
            SLOW[self.pick(2)]
        };
        let rule = format!(r#"{{"transition":"{transition}","times":1,"behaviour":{behaviour}}}"#);
        self.server.rule(&rule);
    }

    /// An operator lets what is held come to its end.
    pub(super) fn finish_by_hand(&self) {
        let well = !self.drivers_fail || self.pick(2) == 0;
        let services = &self.server.assembly.gateway.services;
        self.server.simulated().finish_all(well);
        services.runner.wake(&Selection::default());
    }

    /// Time passes; the store fails meanwhile now and then, once or several times in a row.
    pub(super) async fn pass(&mut self) {
        let most_ms = [10, 500, 1_000, 2_000, 20_000][self.pick(5)];
        let fails = if self.pick(4) == 0 { 1 + self.pick(4) } else { 0 };
        self.server.store_faults.fails.store(fails, Ordering::SeqCst);
        self.server.pass(most_ms).await;
        self.server.store_faults.fails.store(0, Ordering::SeqCst);
    }

    /// Sets the time of day, without effect on waits.
    pub(super) fn set_time_of_day(&self) {
        let step_ms = [DAY_MS, -DAY_MS, 10 * MINUTE_MS, -10 * MINUTE_MS][self.pick(4)];
        self.server.assembly.gateway.services.clock.shift_time_of_day_ms(step_ms);
    }

    /// A machine is lost, found again, or fenced: its instance is Stopped then.
    pub(super) async fn lose_or_fence(&mut self) {
        let instance = self.some_instance();
        if !self.drivers_fail {
            return;
        }
        if self.pick(3) > 0 {
            let lost = self.pick(3) > 0;
            self.server.simulated().set_lost(&instance.as_str().into(), lost);
            return;
        }
        let path = format!("/instances/{instance}/fence");
        let (status, told) = self.server.try_control("POST", &path, "").await;
        assert!([200, 404].contains(&status), "{told}");
        if let Some(fenced) = self.model.instances.get_mut(&instance)
            && (fenced.doing, fenced.status.as_str()) == (Doing::Rest, "Running")
        {
            "Stopped".clone_into(&mut fenced.status);
        }
    }

    /// Machines that are lost are found again.
    pub(super) fn find_all(&self) {
        for instance in self.model.instances.keys() {
            self.server.simulated().set_lost(&instance.as_str().into(), false);
        }
    }

    /// The server dies, and comes back at once or after longer than any deadline.
    pub(super) async fn crash(mut self) -> Simulation {
        let down_ms = [0, 0, MINUTE_MS, DAY_MS][self.pick(4)];
        self.server = self.server.restart_after(down_ms).await;
        self
    }
}
