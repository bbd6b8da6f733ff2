//! Requests generated from the catalog of actions, each sent to two equal worlds: to one as JSON,
//! to the other as XML.
//!
//! A seed is a pair of worlds and a run of requests in it. Every value that the catalog suggests
//! for a parameter is tried in turn: its limits and what lies beyond them, each word and a wrong
//! one, what is missing, malformed and random; between them come requests with several parameters
//! at once. No answer may be a fault of the server, have a code that its action does not declare,
//! a value of another type than declared, or another tree in XML than in JSON; and what is refused
//! or only read changes nothing.

mod judge;
mod request;
mod values;
mod world;

use std::collections::BTreeSet;

use diskdock::actions::{self, PRODUCTS};
use diskdock::ids::IdGenerator;

use request::{Single, Subject};
use world::Worlds;

/// Requests of a seed.
const REQUESTS: usize = 250;
/// Seeds of an ordinary run and of a long one: 250,000 requests.
const SEEDS: u64 = 20;
const SEEDS_LONG: u64 = 1_000;
/// Coprime to the number of values, so that neighbours in a run are of different actions.
const STRIDE: usize = 7_919;

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Tells how to run a seed again, if its run ends in a panic.
struct Replay {
    seed: u64,
    /// The request that was sent last.
    request: String,
}

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Replay { seed, request } = self;
            eprintln!(
                "{request}\nof seed {seed} failed; run it again with\n    \
                 GENERATED_SEED={seed} cargo test -p diskdock --test it generated -- --nocapture"
            );
        }
    }
}

/// Material of the requests: all actions, and every single change to a request.
struct Plan {
    subjects: Vec<Subject>,
    singles: Vec<(usize, Single)>,
}

impl Plan {
    fn new() -> Plan {
        let subject = |listed| Subject::of(listed);
        let subjects: Vec<_> = actions::all().map(subject).collect();
        let of = |(at, subject): (usize, &Subject)| {
            let singles = subject.singles().into_iter();
            singles.map(move |single| (at, single)).collect::<Vec<_>>()
        };
        let singles = subjects.iter().enumerate().flat_map(of).collect();
        Plan { subjects, singles }
    }

    /// Sends the requests of one seed: by turns a single change, and several at random. Takes the
    /// actions that were answered well out of `refused`.
    async fn run(&self, seed: u64, refused: &mut BTreeSet<String>) {
        let random = IdGenerator::from_seed(seed ^ 0x5eed_0000);
        let mut replay = Replay { seed, request: "the making of the worlds".to_owned() };
        let mut worlds = Worlds::new(seed).await;
        for at in 0..REQUESTS {
            let nth = usize::try_from(seed).unwrap() * REQUESTS + at;
            let (subject, pairs) = if nth.is_multiple_of(2) {
                let (subject, single) = self.singles[nth / 2 * STRIDE % self.singles.len()];
                let subject = &self.subjects[subject];
                (subject, subject.with_one(single, &worlds.known, &random))
            } else {
                let subject = &self.subjects[values::pick(&random, self.subjects.len())];
                (subject, subject.with_several(&worlds.known, &random))
            };
            let action = subject.listed.key(PRODUCTS);
            replay.request = format!("{action} {pairs:?}");
            if worlds.ask(subject, &pairs, values::pick(&random, 100)).await {
                refused.remove(&action);
            }
        }
        replay.request = "the end".to_owned();
        worlds.end().await;
    }
}

#[tokio::test]
async fn generated_requests_get_declared_answers_in_json_and_xml() {
    let plan = Plan::new();
    assert!(!plan.singles.len().is_multiple_of(STRIDE));
    println!("{} actions, {} single changes", plan.subjects.len(), plan.singles.len());
    let mut refused: BTreeSet<_> =
        plan.subjects.iter().map(|subject| subject.listed.key(PRODUCTS)).collect();
    if let Some(seed) = number_from_environment("GENERATED_SEED") {
        return plan.run(seed, &mut refused).await;
    }
    let is_long = std::env::var_os("DISKDOCK_TEST_LONG").is_some();
    let seeds = if is_long { SEEDS_LONG } else { SEEDS };
    let first = number_from_environment("GENERATED_FIRST").unwrap_or(0);
    let last = number_from_environment("GENERATED_LAST").unwrap_or(seeds);
    for seed in first..last {
        plan.run(seed, &mut refused).await;
    }
    println!("never answered well: {refused:?}");
}
