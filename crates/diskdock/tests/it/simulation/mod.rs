//! Random runs from seeds, compared after every step with a small model of the API.
//!
//! Each seed is a run of two accounts with disks and instances, in which drivers refuse, hang and
//! are slow, commits fail, the store breaks, the host is full, machines are paused, the time of day
//! jumps, and the server dies and stays down. In the runs of every other seed no driver fails, so
//! that no call that was answered well may be undone.

mod access;
mod attributes;
mod calls;
mod faults;
mod follow;
mod groups;
mod images;
mod instances;
mod key_pairs;
mod keys;
mod labels;
mod login_profiles;
mod model;
mod networks;
mod pauses;
mod policies;
mod policy_versions;
mod rewriting;
mod schedule;
mod snapshot_groups;
mod snapshots;
mod steps;
mod unknown;

use std::collections::BTreeMap;
use std::sync::Mutex;

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::Entry;
use domain::TransitionKind;

use steps::Simulation;

/// Seeds of an ordinary run and of a long one, and steps of each.
const SEEDS: u64 = 40;
const SEEDS_LONG: u64 = 2_000;
const STEPS: u64 = 375;

/// Writing actions that no run can give what they need.
const NEVER_POSSIBLE: &[&str] = &[
    "CancelTask",
    "JoinSecurityGroup",
    "LeaveSecurityGroup",
    "ModifyDiskChargeType",
    "ModifyInstanceChargeType",
    "Ram.UnbindMFADevice",
];

/// How often each action was answered well, and how often it was refused; and at how many
/// transitions of each kind the driver was slow, and at how many it failed.
type Counters = BTreeMap<&'static str, [usize; 2]>;

/// The counters of each half of the seeds.
static HALVES: Mutex<Vec<Counters>> = Mutex::new(Vec::new());

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Tells how to run a seed again, if its run ends in a panic.
struct Replay {
    seed: u64,
    step: u64,
}

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Replay { seed, step } = self;
            eprintln!(
                "step {step} of seed {seed} failed; run it again with\n    \
                 SIMULATION_SEED={seed} SIMULATION_STEPS={step} \
                 cargo test -p diskdock --test it simulation::random_runs -- --nocapture"
            );
        }
    }
}

async fn run(seed: u64, steps: u64, tally: &mut Counters) {
    let mut replay = Replay { seed, step: 0 };
    let mut simulation = Simulation::new(seed).await;
    for step in 1..=steps {
        replay.step = step;
        simulation = simulation.step().await;
    }
    for (action, [well, refused]) in simulation.finish().await {
        let sum = tally.entry(action).or_default();
        sum[0] += well;
        sum[1] += refused;
    }
}

/// Runs the seeds that leave this remainder when divided by two.
async fn run_all(remainder: u64) {
    let steps = number_from_environment("SIMULATION_STEPS").unwrap_or(STEPS);
    let mut tally = Counters::new();
    if let Some(seed) = number_from_environment("SIMULATION_SEED") {
        if seed % 2 == remainder {
            run(seed, steps, &mut tally).await;
        }
        return;
    }
    let is_long = std::env::var_os("DISKDOCK_TEST_LONG").is_some();
    let seeds = if is_long { SEEDS_LONG } else { SEEDS };
    for seed in (0..seeds).filter(|seed| seed % 2 == remainder) {
        run(seed, steps, &mut tally).await;
    }
    println!("{tally:#?}");
    let mut halves = HALVES.lock().unwrap();
    halves.push(tally);
    if let [one, other] = &halves[..] {
        check_occurrences(&add(one, other));
    }
    drop(halves);
}

fn add(one: &Counters, other: &Counters) -> Counters {
    let mut sum = one.clone();
    for (what, counted) in other {
        let so_far = sum.entry(what).or_default();
        *so_far = [so_far[0] + counted[0], so_far[1] + counted[1]];
    }
    sum
}

/// The actions that write, all of which a run has to call.
fn writing_actions() -> impl Iterator<Item = String> {
    let writing = actions::all().filter(|listed| matches!(listed.entry, Entry::Action(_)));
    writing.map(|listed| listed.key(PRODUCTS))
}

/// Panics unless all that the runs are for occurred, in one half of the seeds or the other.
fn check_occurrences(tally: &Counters) {
    let counted = |what: &str| tally.get(what).copied().unwrap_or_default();
    for action in writing_actions() {
        let [well, refused] = counted(&action);
        assert!(well + refused > 0, "teach the simulation and its model {action}");
        assert!(refused > 0, "{action} was never refused");
        let is_possible = !NEVER_POSSIBLE.contains(&&*action);
        assert!(well > 0 || !is_possible, "{action} was never answered well");
    }
    // PostgreSQL does not break, but stays away.
    let [there, broke] = tally.get("unknown").copied().unwrap_or([1, 2]);
    assert!(0 < there && there < broke, "{there} calls of a store that broke {broke} times");
    assert!(counted("automatic")[0] > 0, "no policy made a snapshot");
    let [released, refused] = counted("full");
    assert!(released > 0 && refused > 0, "a full host: {released} went, {refused} refused");
    let [pauses, waits] = counted("paused");
    assert!(pauses > 0 && waits > 0, "{waits} detaches waited for {pauses} paused machines");
    for kind in TransitionKind::WORDS {
        let [slow, failed] = counted(kind);
        assert!(slow + failed > 0, "the driver did well at every {kind}");
    }
}

#[tokio::test]
async fn random_runs_without_driver_faults_undo_no_call() {
    run_all(0).await;
}

#[tokio::test]
async fn random_runs_with_driver_faults_match_the_model() {
    run_all(1).await;
}
