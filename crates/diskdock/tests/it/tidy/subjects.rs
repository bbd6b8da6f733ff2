//! Sentences of documentation, and of texts for users, begin with what they are about.

use std::path::Path;

use super::{Source, collect, none, sources};

/// Words that no sentence begins with, since they leave open what is documented.
const NO_SUBJECTS: &[&str] = &["Anybody", "Nobody", "Somebody", "What", "Who", "Whoever", "Whose"];

/// Words that texts for users do not have at all.
const NOT_FOR_USERS: &[&str] = &["anybody", "nobody", "somebody", "whoever"];

/// Rooms whose literals and documentation users read.
const READ_BY_USERS: &[&str] = &["actions", "admin", "catalog", "cli", "doctor", "explorer"];

/// The first word of each sentence that begins in a text.
fn subjects(text: &str) -> impl Iterator<Item = &str> {
    let ends = [". ", ": ", "; ", "! ", "? "];
    let inner =
        ends.into_iter().flat_map(|end| text.match_indices(end).map(|(at, end)| at + end.len()));
    inner.chain([0]).filter_map(|at| text[at..].split(|c: char| !c.is_alphanumeric()).next())
}

/// The text of a line of documentation.
fn documentation(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("/// ").or_else(|| line.strip_prefix("//! "))
}

/// Pieces of a line's literals: between quotes, or the line where a literal goes over several.
fn literals(line: &str) -> Vec<&str> {
    if !line.contains('"') && line.ends_with('\\') {
        return vec![line];
    }
    line.split('"').skip(1).step_by(2).collect()
}

fn has_no_subject(text: &str) -> bool {
    subjects(text).any(|subject| NO_SUBJECTS.contains(&subject))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// The lines of files that are not as they should be.
fn lines_of<'s>(
    files: &'s [Source],
    is_wrong: impl Fn(&str) -> bool + Copy + 's,
) -> impl Iterator<Item = String> + 's {
    files.iter().flat_map(move |source| {
        let lines = (1..).zip(source.text.lines()).filter(move |(_, line)| is_wrong(line));
        lines.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
    })
}

#[test]
fn documentation_begins_with_its_subject() {
    let mut files = sources();
    for folder in ["bench/src", "fuzz/fuzz_targets"] {
        collect(root(), &root().join(folder), &["rs"], &mut files);
    }
    let found = lines_of(&files, |line| documentation(line).is_some_and(has_no_subject));
    none("documentation without a subject; begin with a noun or a verb", found);
}

#[test]
fn texts_for_users_begin_with_their_subject() {
    let is_read = |source: &Source| {
        let is_room = source.room().is_some_and(|room| READ_BY_USERS.contains(&room));
        is_room && !source.is_test()
    };
    let files: Vec<_> = sources().into_iter().filter(is_read).collect();
    let is_wrong = |line: &str| {
        let code = if line.trim_start().starts_with("//") { "" } else { line };
        let mut texts = literals(code);
        let without_subject = texts.iter().any(|text| has_no_subject(text));
        texts.extend(documentation(line));
        let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        without_subject || words.into_iter().any(|word| NOT_FOR_USERS.contains(&word))
    };
    none("texts for users without a subject", lines_of(&files, is_wrong));
}

#[test]
fn headings_begin_with_their_subject() {
    let mut files = Vec::new();
    for folder in ["docs", "crates/qmp", "clients"] {
        collect(root(), &root().join(folder), &["md"], &mut files);
    }
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        files.push(Source { path: page.to_owned(), text });
    }
    let is_wrong = |line: &str| {
        let heading = line.trim_start_matches('#');
        heading.len() < line.len() && has_no_subject(heading.trim_start())
    };
    none("headings without a subject", lines_of(&files, is_wrong));
}

#[test]
fn subjects_are_the_first_words_of_sentences() {
    assert!(has_no_subject("What's shown.") && has_no_subject("It ends. Whoever waits goes on."));
    assert!(!has_no_subject("It shows What") && !has_no_subject("A user who waits. It ends."));
    assert_eq!(documentation("    /// What's shown."), Some("What's shown."));
    assert_eq!(documentation("// What comes."), None);
    assert_eq!(literals("const A: &str = \"one\", \"two\";"), ["one", "two"]);
}
