//! Instructions per call, counted by Valgrind: the one check of speed that a busy machine does not
//! disturb. They are compared with those that were recorded, or with those of another server.

mod calls;

use std::collections::BTreeMap;
use std::io;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::bench::Bench;
use crate::callgrind::Counts;
use crate::table::{Row, render};

/// Per cent by which the instructions of a call may grow.
const TOLERANCE_PERCENT: f64 = 5.0;
/// The recorded counts.
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

/// The recorded counts, with what they depend on beside the server.
#[derive(Serialize, Deserialize)]
struct Baseline {
    /// The version of Valgrind.
    valgrind: String,
    /// Instructions of each call by its name.
    instructions: BTreeMap<String, u64>,
}

/// Counts instructions per call, and compares them with those of the other server or with what is
/// recorded; or records them.
pub(crate) fn run(ours: Bench, theirs: Option<Bench>, records: bool) -> io::Result<()> {
    require_valgrind()?;
    match theirs {
        Some(theirs) => compare(ours, theirs),
        None if records => record(ours),
        None => check(ours),
    }
}

/// Counts and records.
fn record(mut bench: Bench) -> io::Result<()> {
    let counted = calls::count(&mut bench)?;
    let instructions = counted.iter().map(|(name, counts)| (name.clone(), counts.instructions));
    let baseline = Baseline { valgrind: valgrind_version()?, instructions: instructions.collect() };
    std::fs::write(BASELINE, serde_json::to_string_pretty(&baseline)? + "\n")?;
    let rows = counted.iter().map(|(name, counts)| Row::info(name, in_words(counts)));
    println!("\n{}", render(&rows.collect::<Vec<_>>()));
    Ok(())
}

/// Counts and compares with what is recorded. An error if a call has grown.
fn check(mut bench: Bench) -> io::Result<()> {
    let recorded = std::fs::read_to_string(BASELINE).map_err(|error| {
        io::Error::new(error.kind(), format!("nothing is recorded, see --record: {error}"))
    })?;
    let baseline: Baseline = serde_json::from_str(&recorded)?;
    let counted = calls::count(&mut bench)?;
    let rows: Vec<Row> =
        counted.iter().map(|(name, counts)| against(name, counts, &baseline)).collect();
    println!("\n{}", render(&rows));
    if rows.iter().all(|row| row.met == Some(true)) {
        return Ok(());
    }
    let mut error = format!(
        "a call takes over {TOLERANCE_PERCENT}% more instructions than recorded, or none are \
         recorded; `diskdock-bench --guard --record` records those of today"
    );
    let valgrind = valgrind_version()?;
    if valgrind != baseline.valgrind {
        error += &format!(" (recorded with {}, counted with {valgrind})", baseline.valgrind);
    }
    Err(io::Error::other(error))
}

/// Counts the calls of two servers, and prints them side by side.
fn compare(mut ours: Bench, mut theirs: Bench) -> io::Result<()> {
    let (ours, theirs) = (calls::count(&mut ours)?, calls::count(&mut theirs)?);
    let beside = |(name, counts): (&String, &Counts)| {
        let row = Row::info(name, in_words(counts));
        match theirs.get(name) {
            Some(other) => row.beside(in_words(other), ratio(counts, other.instructions)),
            None => row,
        }
    };
    println!("\n{}", render(&ours.iter().map(beside).collect::<Vec<_>>()));
    Ok(())
}

/// The row of a call: its instructions beside the recorded ones.
fn against(name: &str, counts: &Counts, baseline: &Baseline) -> Row {
    let row = Row::info(name, in_words(counts));
    let limit = 1.0 + TOLERANCE_PERCENT / 100.0;
    match baseline.instructions.get(name) {
        Some(recorded) => {
            let ratio = ratio(counts, *recorded);
            row.beside(format!("{recorded}"), ratio).aim(format!("<= {limit:.2}"), ratio <= limit)
        }
        None => row.aim("recorded", false),
    }
}

// Counts stay far below 2^52.
#[expect(clippy::cast_precision_loss)]
fn ratio(counts: &Counts, other: u64) -> f64 {
    counts.instructions as f64 / other.max(1) as f64
}

fn in_words(counts: &Counts) -> String {
    format!("{} instructions, {} system calls", counts.instructions, counts.system_calls)
}

fn valgrind_version() -> io::Result<String> {
    let told = Command::new("valgrind").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

/// An error that says what to install, if Valgrind is not there.
fn require_valgrind() -> io::Result<()> {
    for program in ["valgrind", "vgdb"] {
        let there = Command::new(program).arg("--version").output().is_ok();
        if !there {
            let error = format!("there is no {program}; install it: apt-get install valgrind");
            return Err(io::Error::other(error));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(instructions: u64) -> Baseline {
        let instructions = BTreeMap::from([("AttachDisk".to_owned(), instructions)]);
        Baseline { valgrind: String::new(), instructions }
    }

    #[test]
    fn a_call_may_grow_by_less_than_the_tolerance() {
        let counts = Counts { instructions: 104, system_calls: 9 };
        assert_eq!(against("AttachDisk", &counts, &baseline(100)).met, Some(true));
        let grown = Counts { instructions: 110, ..counts };
        assert_eq!(against("AttachDisk", &grown, &baseline(100)).met, Some(false));
    }

    #[test]
    fn a_call_that_is_not_recorded_fails() {
        let counts = Counts { instructions: 1, system_calls: 1 };
        assert_eq!(against("StopInstance", &counts, &baseline(100)).met, Some(false));
    }
}
