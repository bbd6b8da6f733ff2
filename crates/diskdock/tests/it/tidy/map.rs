//! ARCHITECTURE.md and the other documents are maps: paths that they name have to be there.

use std::path::{Path, PathBuf};

use super::{EDGES, none};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn architecture() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// The pieces of a line between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Where a path of the map leads: from the root, the main crate or its tests.
fn resolve(path: &str) -> Option<PathBuf> {
    let bases = ["", "crates/diskdock/src", "crates/diskdock/tests"];
    bases.iter().map(|base| root().join(base).join(path)).find(|path| path.exists())
}

/// Folders at the root. A path that begins with one of them is looked for from the root.
const AT_THE_ROOT: &[&str] =
    &["bench/", "clients/", "crates/", "docs/", "fuzz/", "packaging/", "tests/"];

fn is_file(name: &str) -> bool {
    [".rs", ".md"].iter().any(|ending| name.ends_with(ending)) && is_plain(name)
}

/// Whether a name has no place for another one in it, and no command.
fn is_plain(name: &str) -> bool {
    !name.starts_with('/') && !name.contains(['<', ' ', '*', '…'])
}

fn is_path(name: &str) -> bool {
    let is_table = name.ends_with(".toml");
    let is_folder = name.ends_with('/') || begins_at_the_root(name);
    is_file(name) || ((is_table || is_folder) && is_plain(name))
}

fn begins_at_the_root(name: &str) -> bool {
    AT_THE_ROOT.iter().any(|folder| name.starts_with(folder))
}

#[test]
fn architecture_names_paths_that_exist() {
    let text = architecture();
    let paths = text.lines().flat_map(quoted).filter(|name| is_path(name));
    let missing = paths.filter(|path| resolve(path).is_none());
    none("paths in ARCHITECTURE.md that lead nowhere", missing.map(str::to_owned));
}

#[test]
fn documents_name_paths_that_exist() {
    let mut pages = vec!["README.md".into(), "CONTRIBUTING.md".into()];
    for folder in ["docs", "docs/decisions"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        pages.extend(
            names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")),
        );
    }
    let missing = pages.iter().flat_map(|page| {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let is_named = |name: &&str| is_file(name) || (begins_at_the_root(name) && is_plain(name));
        let names = text.lines().flat_map(quoted).filter(is_named);
        let missing = names.filter(|name| resolve(name).is_none());
        missing.map(|name| format!("{name} in {page}")).collect::<Vec<_>>()
    });
    none("paths in documents that lead nowhere", missing);
}

#[test]
fn architecture_names_functions_of_their_files() {
    let text = architecture();
    let rows = text.lines().filter(|line| line.starts_with('|') && line.contains("? |"));
    let missing = rows.flat_map(|row| {
        let (files, names): (Vec<_>, Vec<_>) = quoted(row).partition(|name| is_path(name));
        let sources: String = files
            .iter()
            .filter_map(|path| resolve(path))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        let absent = names.into_iter().filter(move |name| {
            let name = name.rsplit("::").next().unwrap_or_default();
            !["fn ", "const "].iter().any(|word| sources.contains(&format!("{word}{name}")))
        });
        absent.map(move |name| format!("{name} in {}", files.join(", "))).collect::<Vec<_>>()
    });
    none("functions in ARCHITECTURE.md that their files do not have", missing);
}

#[test]
fn architecture_draws_the_edges_between_rooms() {
    let text = architecture();
    let drawn: Vec<&str> =
        text.lines().filter(|line| line.starts_with("    ") && line.contains(" -> ")).collect();
    let drawn: Vec<_> = drawn.iter().filter(|line| line.matches("->").count() == 1).collect();
    let edges = EDGES.iter().filter(|(_, allowed)| !allowed.is_empty());
    let expected: Vec<_> =
        edges.map(|(from, allowed)| format!("    {from:<11} -> {}", allowed.join(", "))).collect();
    let drawn: Vec<_> = drawn.iter().map(|line| **line).collect();
    assert_eq!(drawn, expected, "ARCHITECTURE.md and EDGES");
}
