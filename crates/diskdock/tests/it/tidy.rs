//! Reads the source: walls between folders, sizes, and words that must not be there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

mod map;
mod promise;
mod subjects;
mod vocabulary;

/// Lines of a function, and of a file, at most.
const FUNCTION: usize = 70;
const FILE: usize = 400;
/// Lines of the median function and the median file without tests, at most.
const FUNCTION_MEDIAN: usize = 7;
const FILE_MEDIAN: usize = 130;
/// Characters of a line, outside tables that are laid out by hand.
const LINE: usize = 100;

/// Which folder of the source may use which. The binary's own parts use everything.
const EDGES: &[(&str, &[&str])] = &[
    ("actions", &["ansi", "catalog", "hypervisor", "inventory", "operations", "policy", "store"]),
    ("ansi", &[]),
    ("backup", &["hypervisor", "private_file", "storage", "store"]),
    ("catalog", &["ids", "operations", "store"]),
    ("clock", &[]),
    ("doctor", &["backup", "hypervisor", "storage", "store"]),
    // Never the store: calls go over the wire, like those of every client.
    ("explorer", &["actions", "catalog", "gateway", "service"]),
    ("failpoint", &[]),
    ("fast_map", &[]),
    ("gateway", &["actions", "catalog", "clock", "policy", "service", "store"]),
    ("hypervisor", &["clock", "failpoint", "fast_map", "private_file", "reserve", "storage"]),
    ("ids", &[]),
    ("inventory", &["storage"]),
    ("operations", &["clock", "failpoint", "fast_map", "hypervisor", "store"]),
    ("policy", &[]),
    ("private_file", &[]),
    ("reserve", &[]),
    ("service", &["actions", "catalog", "clock", "failpoint", "operations", "policy", "store"]),
    ("storage", &["failpoint", "private_file", "reserve"]),
    ("store", &["failpoint", "fast_map", "private_file", "reserve"]),
];
/// These put the others together.
const ABOVE: &[&str] = &["admin", "assembly", "cli", "lib", "main"];

/// Files that are longer than they should be. This list may only shrink.
const TOO_LONG: &[&str] = &[];

struct Source {
    /// From the root of the workspace.
    path: String,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }

    /// The lines that are no comment and no test, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        let lines = (1..).zip(self.text[..end].lines());
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The folder below `src`, or the file, of the main crate.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("crates/diskdock/src/")?;
        inside.split('/').next().map(|room| room.trim_end_matches(".rs"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut found = Vec::new();
    collect(root, &root.join("crates"), &["rs"], &mut found);
    assert!(found.len() > 80, "the source is not where it should be");
    found
}

/// Adds every file below a folder whose name ends in one of the endings.
fn collect(root: &Path, folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if path.is_dir() {
            // What is installed for the tests of other languages is not ours.
            if !matches!(&*name, "node_modules" | "venv" | "target") {
                collect(root, &path, endings, found);
            }
        } else if endings.contains(&ending) {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.push(Source { path, text });
        }
    }
}

/// All places where something is not as it should be, in one message.
fn none(what: &str, found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

fn lines_with<'s>(
    sources: &'s [Source],
    wanted: impl Fn(&Source, &str) -> bool + 's,
) -> impl Iterator<Item = String> + 's {
    sources.iter().flat_map(move |source| {
        let found = source.code().filter(|(_, line)| wanted(source, line));
        found
            .map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
            .collect::<Vec<_>>()
    })
}

/// The folders that a line names as `crate::…`.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").filter_map(|(at, _)| {
        let rest = &line[at + "crate::".len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let is_room = rest.starts_with(|c: char| c.is_ascii_lowercase()) && end > 0;
        is_room.then(|| &rest[..end])
    })
}

#[test]
fn rooms_import_only_what_their_table_allows() {
    let sources = sources();
    let mut wrong = BTreeSet::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let Some(room) = source.room().filter(|room| !ABOVE.contains(room)) else { continue };
        let (_, allowed) = EDGES
            .iter()
            .find(|(from, _)| *from == room)
            .unwrap_or_else(|| panic!("say in the table what {room} may use"));
        for (number, line) in source.code() {
            for to in named(line).filter(|to| *to != room && !allowed.contains(to)) {
                if EDGES.iter().any(|(known, _)| *known == to) || ABOVE.contains(&to) {
                    wrong.insert(format!("{}:{number}: {room} -> {to}", source.path));
                }
            }
        }
    }
    none("edges that the design does not have", wrong);
}

#[test]
fn the_rules_depend_on_serde_alone() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/Cargo.toml");
    let text = std::fs::read_to_string(manifest).unwrap();
    let (_, after) = text.split_once("\n[dependencies]\n").unwrap();
    let (dependencies, _) = after.split_once("\n[").unwrap();
    assert_eq!(dependencies.trim(), "serde.workspace = true");
}

#[test]
fn axum_is_used_at_the_edge_only() {
    let sources = sources();
    let inside = |source: &Source, line: &str| {
        let edge = matches!(source.room(), Some("gateway" | "admin" | "explorer"));
        !edge && !source.is_test() && (line.contains("axum::") || line.contains("use axum"))
    };
    none("axum beyond gateway, admin and explorer", lines_with(&sources, inside));
}

#[test]
fn transactions_do_not_await() {
    let sources = sources();
    let waits = |source: &Source, line: &str| {
        let in_store = source.room() == Some("store");
        // Before a write is queued, or a walk begins, its caller may wait for a place.
        let before_the_queue = [
            "store/mod.rs",
            "store/list_lane.rs",
            // It waits for other transactions, outside of any.
            "store/changes.rs",
            "store/upkeep.rs",
            "sqlite/writer.rs",
            "sqlite/callers_lane.rs",
            "memory/shared_tables.rs",
            "postgres/writer.rs",
            // A connection is made before its transactions.
            "postgres/session.rs",
            // It runs none.
            "postgres/listener.rs",
        ];
        let before_the_queue = before_the_queue.iter().any(|file| source.path.ends_with(file));
        in_store && !before_the_queue && line.contains(".await")
    };
    none(".await in the store", lines_with(&sources, waits));
}

#[test]
fn code_does_not_unwrap() {
    let sources = sources();
    let unwraps = |source: &Source, line: &str| !source.is_test() && line.contains(".unwrap()");
    none("unwrap outside tests", lines_with(&sources, unwraps));
}

#[test]
fn every_todo_names_an_issue() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let sources = sources();
    let found = sources.iter().flat_map(|source| {
        let lines = (1..).zip(source.text.lines());
        lines
            .filter(|(_, line)| {
                marks.iter().any(|mark| line.contains(mark)) && !line.contains("(#")
            })
            .map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
            .collect::<Vec<_>>()
    });
    none("notes without an issue number", found);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    none("files without a //! at the top", silent.map(|source| source.path));
}

#[test]
fn files_stay_short() {
    let sources = sources();
    let long = |source: &&Source| source.text.lines().count() > FILE;
    let (known, new): (Vec<_>, Vec<_>) =
        sources.iter().filter(long).partition(|source| TOO_LONG.contains(&source.path.as_str()));
    none(
        "files that are too long",
        new.iter().map(|source| format!("{} has {}", source.path, source.text.lines().count())),
    );
    let known: Vec<_> = known.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(known, TOO_LONG, "take what is short now off the list");
}

#[test]
fn lines_stay_short() {
    let sources = sources();
    let found = sources.iter().flat_map(|source| {
        let mut by_hand = None;
        let mut long = Vec::new();
        for (number, line) in (1..).zip(source.text.lines()) {
            let indent = line.len() - line.trim_start().len();
            if line.trim() == "#[rustfmt::skip]" {
                by_hand = Some(indent);
            } else if by_hand == Some(indent) && matches!(line.trim(), "];" | "}" | ");") {
                by_hand = None;
            }
            // A text is not broken for the sake of its line.
            let is_text = line.contains('"') || line.ends_with('\\');
            if by_hand.is_none() && !is_text && line.chars().count() > LINE {
                long.push(format!("{}:{number}", source.path));
            }
        }
        long
    });
    none("lines that are too long", found);
}

/// Whether a line begins a function.
fn begins_function(line: &str) -> bool {
    let before_fn = line.trim_start().split("fn ").next().unwrap_or_default();
    let words = ["pub", "pub(crate)", "pub(super)", "const", "async"];
    line.contains("fn ") && before_fn.split_whitespace().all(|word| words.contains(&word))
}

/// Lines from `fn` to its closing brace; 1 for one without a body of its own.
fn length(lines: &[&str]) -> usize {
    let indent = &lines[0][..lines[0].len() - lines[0].trim_start().len()];
    let close = format!("{indent}}}");
    for (at, line) in lines.iter().enumerate() {
        let at_level = line.starts_with(indent) && !line[indent.len()..].starts_with(' ');
        if at_level && (line.ends_with(';') || (at == 0 && line.ends_with('}'))) {
            return 1;
        }
        if *line == close {
            return at + 1;
        }
    }
    1
}

#[test]
fn functions_fit_a_screen() {
    let sources = sources();
    let found = sources.iter().flat_map(|source| {
        let lines: Vec<_> = source.text.lines().collect();
        let begin = (0..lines.len()).filter(|at| begins_function(lines[*at]));
        begin
            .map(|at| (at + 1, length(&lines[at..])))
            .filter(|(_, length)| *length > FUNCTION)
            .map(|(at, length)| format!("{}:{at} has {length} lines", source.path))
            .collect::<Vec<_>>()
    });
    none("functions that are too long", found);
}

fn median(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    lengths[lengths.len() / 2]
}

#[test]
fn medians_stay_small() {
    let sources: Vec<_> = sources().into_iter().filter(|source| !source.is_test()).collect();
    let files = sources.iter().map(|source| source.text.lines().count()).collect();
    let functions = sources.iter().flat_map(|source| {
        let lines: Vec<_> = source.text.lines().collect();
        let begin = (0..lines.len()).filter(|at| begins_function(lines[*at]));
        begin.map(|at| length(&lines[at..])).collect::<Vec<_>>()
    });
    let medians = (median(functions.collect()), median(files));
    let (of_functions, of_files) = medians;
    assert!(of_functions <= FUNCTION_MEDIAN && of_files <= FILE_MEDIAN, "{medians:?}");
}

/// The verbs and nouns that names of actions consist of.
const PARTS_OF_NAMES: &[&str] = &[
    "Attach", "Create", "Delete", "Describe", "Detach", "Disk", "Get", "Image", "Instance",
    "Modify", "Reboot", "Release", "Resize", "Run", "Snapshot", "Start", "Stop",
];

/// Whether a line asks what a name begins with or contains, in Rust or in a script.
fn guesses(line: &str) -> bool {
    PARTS_OF_NAMES.iter().any(|part| {
        ["starts_with", "ends_with", "contains", "startsWith", "endsWith", "includes"]
            .iter()
            .any(|ask| line.contains(&format!("{ask}(\"{part}")))
            || line.contains(&format!("/^{part}"))
            || line.contains(&format!("strip_prefix(\"{part}"))
    })
}

#[test]
fn nothing_is_guessed_from_the_name_of_an_action() {
    let sources = sources();
    let outside = |source: &Source, line: &str| {
        let server = source.room().is_some_and(|room| room != "actions");
        server && !source.is_test() && guesses(line)
    };
    none("guesses; declare it on the action", lines_with(&sources, outside));
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explorer/assets");
    let mut found = Vec::new();
    for path in std::fs::read_dir(scripts).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| guesses(line));
        found.extend(lines.map(|(number, line)| format!("{}:{number}: {line}", path.display())));
    }
    none("guesses in scripts; declare it on the action", found);
}

#[test]
fn guesses_are_found() {
    assert!(guesses("let disk = name.contains(\"Disk\");"));
    assert!(guesses("spec.name.starts_with(\"Describe\")"));
    assert!(guesses("!/^Describe/.test(call.action)"));
    assert!(!guesses("host.starts_with(\"127.\")"));
}
