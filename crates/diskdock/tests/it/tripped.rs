//! Every precondition and every lookup of every action is tripped by some story.
//!
//! A story says so in a line `// trips: DetachDisk DiskNotPortable` above it. What no story trips
//! yet stands in `tests/baseline/untripped.txt`, which only ever gets shorter.

use std::collections::BTreeSet;
use std::path::Path;

use diskdock::actions;

/// What the stories under `directory` say that they trip.
fn tripped(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tripped(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix("// trips: "));
            found.extend(lines.map(str::to_owned));
        }
    }
}

#[test]
fn every_rule_of_every_action_is_tripped_by_a_story() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut told = BTreeSet::new();
    tripped(&tests.join("it"), &mut told);
    let mut rules = BTreeSet::new();
    for entry in actions::all() {
        let spec = entry.spec();
        let preconditions = (spec.preconditions)().into_iter().map(|(_, error)| error);
        for error in preconditions.chain(spec.lookups.iter().copied()) {
            rules.insert(format!("{} {}", spec.name, error.code));
        }
    }
    let baseline = std::fs::read_to_string(tests.join("baseline/untripped.txt")).unwrap();
    let lines = baseline.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let excused: BTreeSet<String> = lines.map(str::to_owned).collect();

    let missing: Vec<_> =
        rules.iter().filter(|r| !told.contains(*r) && !excused.contains(*r)).collect();
    assert!(missing.is_empty(), "no story trips these: {missing:#?}");
    let needless: Vec<_> =
        excused.iter().filter(|r| told.contains(*r) || !rules.contains(*r)).collect();
    assert!(needless.is_empty(), "take these out of the baseline: {needless:#?}");
    let unknown: Vec<_> = told.difference(&rules).collect();
    assert!(unknown.is_empty(), "stories trip what no action has: {unknown:#?}");
}
