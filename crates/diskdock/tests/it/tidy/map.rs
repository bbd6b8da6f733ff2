//! ARCHITECTURE.md is a map: what it names has to be there.

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

fn is_path(name: &str) -> bool {
    let is_file = [".rs", ".md", ".toml"].iter().any(|ending| name.ends_with(ending));
    let is_folder = name.ends_with('/') || name.starts_with("crates/");
    (is_file || is_folder) && !name.starts_with('/') && !name.contains(['<', ' '])
}

#[test]
fn architecture_names_paths_that_exist() {
    let text = architecture();
    let paths = text.lines().flat_map(quoted).filter(|name| is_path(name));
    let missing = paths.filter(|path| resolve(path).is_none());
    none("paths in ARCHITECTURE.md that lead nowhere", missing.map(str::to_owned));
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
