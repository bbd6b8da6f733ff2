//! `docs/promise.md` names tests, each of which exists, and says how long the random runs are.

use std::path::Path;

/// The names in backticks that look like those of tests.
fn named(text: &str) -> Vec<&str> {
    let is_name = |word: &&str| {
        let fits = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        word.matches('_').count() > 1 && word.chars().all(fits)
    };
    text.split('`').skip(1).step_by(2).filter(is_name).collect()
}

#[test]
fn every_test_that_the_promise_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/promise.md")).unwrap();
    let mut code: String = super::sources().into_iter().map(|source| source.text).collect();
    let machines = root.join("tests/machines");
    let folders = [machines.join("bytes"), machines.join("ceph"), machines];
    let folders = folders.map(std::fs::read_dir);
    for entry in folders.into_iter().flat_map(Result::unwrap) {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "py") {
            code.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    let exists =
        |name: &str| ["fn", "def"].iter().any(|is| code.contains(&format!("{is} {name}(")));
    let names = named(&text);
    assert!(names.len() > 40, "names are found");
    super::none(
        "tests that do not exist",
        names.into_iter().filter(|name| !exists(name)).map(str::to_owned),
    );
}

/// The whole numbers of a constant in the source of the random runs.
fn constant_of_runs(name: &str) -> u64 {
    let of_runs = |path: &str| path.ends_with("tests/it/simulation/mod.rs");
    let source = super::sources().into_iter().find(|source| of_runs(&source.path)).unwrap();
    let (_, after) = source.text.split_once(&format!("const {name}: u64 = ")).unwrap();
    after.split_once(';').unwrap().0.replace('_', "").parse().unwrap()
}

#[test]
fn the_promise_has_the_numbers_of_the_random_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/promise.md")).unwrap();
    let (seeds, steps) = (constant_of_runs("SEEDS"), constant_of_runs("STEPS"));
    let told: Vec<_> = text.lines().filter(|line| line.contains(" seeds of ")).collect();
    let runs = told.iter().filter(|line| line.contains("`random_runs_")).count();
    assert_eq!(runs, 2, "rows of random runs with their steps");
    for (line, seeds) in
        told.iter().filter(|line| line.contains("`random_runs_")).zip([seeds, seeds / 2])
    {
        assert!(line.contains(&format!("{seeds} seeds of {steps} steps")), "{line}");
    }
}
