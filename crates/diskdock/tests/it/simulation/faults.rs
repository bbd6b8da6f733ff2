//! The faults of a run: drivers, commits, the time of day, crashes and downtime.

use std::sync::atomic::Ordering;

use diskdock::operations::Selection;
use domain::TransitionKind;

use super::model::Doing;
use super::steps::Simulation;

const MINUTE_MS: i64 = 60_000;
/// Longer than any deadline.
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Commits that the reserve of a full host has room for, at most: a start has it whole.
const RESERVE: usize = 50;
/// How long a server is down after it died.
pub(super) const DOWN_MS: [i64; 4] = [0, 0, MINUTE_MS, DAY_MS];
/// Behaviours of a driver that does what it is asked, late or when it is told to.
const SLOW: [&str; 2] = [r#"{"do":"hold"}"#, r#"{"do":"take","milliseconds":7000}"#];
/// Behaviours of one that does not.
const FAILING: [&str; 2] = [r#"{"do":"refuse"}"#, r#"{"do":"never"}"#];

impl Simulation {
    /// The driver is slow or fails at the next transition of half of all kinds.
    pub(super) async fn misbehave(&mut self) {
        for transition in TransitionKind::WORDS {
            if self.pick(2) == 0 {
                continue;
            }
            let fails = self.drivers_fail && self.pick(2) == 0;
            let behaviour = if fails { FAILING } else { SLOW }[self.pick(2)];
            let rule =
                format!(r#"{{"transition":"{transition}","times":1,"behaviour":{behaviour}}}"#);
            self.server.control("POST", "/rules", &rule).await;
            self.planted.push((transition, fails));
        }
    }

    /// Counts the transitions that the driver has misbehaved at since the last step.
    pub(super) fn count_misbehaved(&mut self) {
        let rules = self.server.simulated().rules();
        let mut left: Vec<_> = rules.iter().filter_map(|rule| rule.transition).collect();
        let is_left = |planted: &(&str, bool)| {
            let at = left.iter().position(|kind| kind.as_str() == planted.0);
            at.map(|at| left.remove(at)).is_some()
        };
        let planted = std::mem::take(&mut self.planted);
        let (left, struck): (Vec<_>, Vec<_>) = planted.into_iter().partition(is_left);
        self.planted = left;
        for (transition, fails) in struck {
            self.tally.entry(transition).or_default()[usize::from(fails)] += 1;
        }
    }

    /// The driver does as it should again, from the next transition on.
    pub(super) async fn behave(&mut self) {
        self.server.control("DELETE", "/rules", "").await;
        self.planted.clear();
    }

    /// An operator lets what is held come to its end.
    pub(super) fn finish_by_hand(&self) {
        let well = !self.drivers_fail || self.pick(2) == 0;
        let services = &self.server.assembly.gateway.services;
        self.server.simulated().finish_all(well);
        services.runner.wake(&Selection::default());
    }

    /// Time passes; the store fails meanwhile now and then, once or several times in a row, or
    /// breaks.
    pub(super) async fn pass(&mut self) {
        let most_ms = [10, 500, 1_000, 2_000, 20_000][self.pick(5)];
        let fails = if self.pick(4) == 0 { 1 + self.pick(4) } else { 0 };
        self.fail_commits(fails);
        self.server.pass(most_ms).await;
        self.fail_commits(0);
        if !self.is_full && self.pick(12) == 0 {
            self.server.break_store(self.pick(3));
            self.server.pass(most_ms).await;
            if self.server.spare_store() {
                self.start_again().await;
            }
        }
    }

    /// The next commits fail; on a full host the room decides that.
    pub(super) fn fail_commits(&self, fails: usize) {
        if !self.is_full {
            self.server.store_faults.fails.store(fails, Ordering::SeqCst);
        }
    }

    /// The host's file system is full, but for what is kept in reserve for some commits.
    pub(super) fn fill(&mut self) {
        self.is_full = true;
        self.server.simulated().set_full(true);
        self.server.store_faults.after.store(self.pick(RESERVE), Ordering::SeqCst);
        self.server.store_faults.fails.store(usize::MAX, Ordering::SeqCst);
    }

    /// Whether a full host has room for another commit.
    pub(super) fn has_room(&self) -> bool {
        self.server.store_faults.after.load(Ordering::SeqCst) > 0
    }

    /// There is room again.
    pub(super) fn make_room(&mut self) {
        self.is_full = false;
        self.server.simulated().set_full(false);
        self.server.store_faults.after.store(0, Ordering::SeqCst);
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
        if !self.drivers_fail || self.is_full {
            return;
        }
        if self.pick(3) > 0 {
            let lost = self.pick(3) > 0;
            self.server.simulated().set_lost(&instance.as_str().into(), lost);
            return;
        }
        let path = format!("/instances/{instance}/fence");
        let (status, reply) = self.server.try_control("POST", &path, "").await;
        assert!([200, 404].contains(&status), "{reply}");
        self.model.paused.remove(&instance);
        self.model.may_be_paused.remove(&instance);
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
        let down_ms = DOWN_MS[self.pick(DOWN_MS.len())];
        if self.is_full {
            self.server.store_faults.after.fetch_max(RESERVE, Ordering::SeqCst);
        }
        self.server = self.server.restart_after(down_ms).await;
        self.server.simulated().set_full(self.is_full);
        self.planted.clear();
        self.model.forget_paused();
        self
    }
}
