//! `docs/promise.md` names tests: each of them exists.

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
    let folders = [machines.join("bytes"), machines].map(std::fs::read_dir);
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
