//! One name, one thing; and words of the field instead of words of our own.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Source, collect, none, sources};

/// Type names that several modules may define, and why.
const SHARED_NAMES: &[(&str, &str)] =
    &[("Facts", "the associated type of Action, which every action's file defines for itself")];

/// Words that stood for parts of diskdock once, and what they are called. Plurals and other forms
/// of them count as well, in names as in prose: `take_back` is also "took back" and `TakesBack`.
const OLD_WORDS: &[(&str, &str)] = &[
    ("books", "store"),
    ("bury", "mark_stopped"),
    ("call_off", "cancel"),
    ("chore", "PeriodicTask"),
    ("chores", "tasks"),
    ("desk", "AdminState"),
    ("disk image", "volume, or the disk's file"),
    ("disk's image", "volume, or the disk's file"),
    ("funeral", "KILL_TIMEOUT"),
    ("housekeeping", "maintenance"),
    ("keep_house", "run_maintenance"),
    ("ledger", "SqliteTx"),
    ("mend", "repair, correct or accept"),
    ("patience", "timeout"),
    ("raw image", "raw file"),
    ("relics", "CreateOnly"),
    ("restingport", "PortCooldown"),
    ("restock", "InventorySource::refresh"),
    ("roomfordisks", "HasFreeSpace"),
    ("serverlife", "BackgroundTasks"),
    ("settle", "drain, wait_until_idle, finish_transition or resolve"),
    ("shop", "ZoneSelection"),
    ("sights", "observed states"),
    ("squeeze", "gzip"),
    ("take_back", "compensate"),
    ("take_in", "enqueue"),
    ("take_up", "recover"),
    ("trouble", "error"),
    ("wish", "the request, or what is wanted"),
];

/// Old words of which other forms mean something else: a transition declares how it `settles`, a
/// button stays in sight, a write took in ms what it took, and a check takes up to a second.
const IN_THIS_FORM_ALONE: &[&str] = &["books", "settle", "sights", "take_in", "take_up"];

/// The name of the store's file, which data directories of every version have.
const FILE_OF_THE_STORE: &str = "books.sqlite";

/// Names that no type may have, since they stood for something else once.
const OLD_TYPES: &[&str] = &[
    "Answered",
    "Board",
    "Books",
    "Desk",
    "Door",
    "Ending",
    "Eye",
    "Hands",
    "Keeping",
    "Kept",
    "Ledger",
    "Look",
    "Looks",
    "Offer",
    "Patience",
    "Plain",
    "PoolFault",
    "Problem",
    "Progressing",
    "Relics",
    "Shelf",
    "Shop",
    "Sight",
    "StoreFault",
    "Stored",
    "Strangers",
    "Told",
    "Touched",
    "Trouble",
    "Wish",
];

/// The name of the type that a line defines at the top level of its module.
fn defined_type(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub").map_or(line, |rest| {
        let rest = rest.strip_prefix("(crate)").or(rest.strip_prefix("(super)")).unwrap_or(rest);
        rest.trim_start()
    });
    let keywords = ["struct ", "enum ", "trait ", "type ", "union "];
    let name = keywords.iter().find_map(|keyword| line.strip_prefix(keyword))?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    Some(&name[..end])
}

/// Every type of the libraries and programs, with the places that define it.
fn defined_types(sources: &[Source]) -> BTreeMap<&str, Vec<String>> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        for (number, line) in source.code() {
            if let Some(name) = defined_type(line) {
                found.entry(name).or_default().push(format!("{}:{number}", source.path));
            }
        }
    }
    found
}

#[test]
fn every_type_name_is_defined_once() {
    let sources = sources();
    let types = defined_types(&sources);
    let twice = types.iter().filter(|(name, places)| {
        places.len() > 1 && !SHARED_NAMES.iter().any(|(shared, _)| shared == *name)
    });
    none(
        "type names with several meanings",
        twice.map(|(name, places)| format!("{name}: {}", places.join(", "))),
    );
}

/// Names that a parameter or reply shares with a type of the server, and why.
const SHARED_WITH_MACROS: &[(&str, &str)] = &[
    ("Keys", "the list of ListAccessKeys; the keys that the gateway accepts"),
    ("Params", "the associated type of Action and Query, which every file defines for itself"),
    ("Reply", "the associated type of Action and Query, which every file defines for itself"),
];

/// The name of the type that a line within `params!`, `reply!` or `choice!` defines.
fn declared_type(line: &str) -> Option<&str> {
    let line = line.strip_prefix("    pub(crate) ")?;
    let name = line.strip_prefix("struct ").or_else(|| line.strip_prefix("enum "))?;
    name.split(|c: char| !c.is_alphanumeric()).next()
}

#[test]
fn no_parameter_or_reply_is_named_as_a_type_of_the_server() {
    let sources = sources();
    let types = defined_types(&sources);
    let actions = sources.iter().filter(|source| source.room() == Some("actions"));
    let found = actions.flat_map(|source| {
        let declared =
            source.code().filter_map(|(number, line)| Some((number, declared_type(line)?)));
        declared.filter_map(|(number, name)| {
            let places = types.get(name)?;
            let is_known = SHARED_WITH_MACROS.iter().any(|(shared, _)| *shared == name);
            let place = format!("{name}: {}:{number}, {}", source.path, places.join(", "));
            (!is_known).then_some(place)
        })
    });
    none("type names with several meanings", found);
}

#[test]
fn no_type_has_a_name_of_the_old_vocabulary() {
    let sources = sources();
    let types = defined_types(&sources);
    let old = types.iter().filter(|(name, _)| OLD_TYPES.contains(name));
    none("names that stood for something else", old.map(|(name, at)| format!("{name}: {at:?}")));
}

/// The names of types, functions and constants in what is to be said instead of an old word.
fn names_in(say: &str) -> impl Iterator<Item = &str> {
    let words = say.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| {
        let capitals = word.chars().filter(char::is_ascii_uppercase).count();
        word.contains('_') || capitals > 1
    })
}

#[test]
fn names_in_the_place_of_old_words_are_defined() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut sources = sources();
    collect(root, &root.join("bench/src"), &["rs"], &mut sources);
    let is_defined = |name: &str| {
        let keywords = ["fn", "struct", "enum", "trait", "const", "type"];
        let definitions: Vec<_> =
            keywords.iter().map(|keyword| format!("{keyword} {name}")).collect();
        let has = |text: &str| definitions.iter().any(|definition| text.contains(definition));
        sources.iter().any(|source| has(&source.text))
    };
    let names = OLD_WORDS.iter().flat_map(|(_, say)| names_in(say));
    none("names that nothing has", names.filter(|name| !is_defined(name)).map(str::to_owned));
}

/// Whether a text has a word, in whatever case, that is no part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_part = |c: char| c.is_alphanumeric();
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// The words of a text in small letters, with names taken apart: `takeBack`, `take_back` and
/// "Take back" are two words each.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_small = false;
    for letter in text.chars() {
        let begins = !letter.is_alphanumeric() || (was_small && letter.is_uppercase());
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Whether a word is this one, or its plural, or another form of the verb.
fn is_form_of(word: &str, base: &str) -> bool {
    let stem = base.strip_suffix(['e', 'y']).unwrap_or(base);
    let endings = ["s", "es", "ies", "d", "ed", "ied", "ing"];
    let forms = [base, stem]
        .iter()
        .any(|known| word.strip_prefix(known).is_some_and(|rest| endings.contains(&rest)));
    let irregular = base == "take" && matches!(word, "took" | "taken");
    word == base || forms || irregular
}

/// Whether a line has an old word, the first part of it in any form. A phrase with a blank is
/// looked for as it is written.
fn has_old(line: &str, old: &str) -> bool {
    if old.contains(' ') {
        return has_word(line, old);
    }
    let (words, parts) = (words_of(line), words_of(old));
    let (first, rest) = parts.split_first().unwrap();
    let is_first = |word: &String| {
        word == first || (!IN_THIS_FORM_ALONE.contains(&old) && is_form_of(word, first))
    };
    words.windows(parts.len()).any(|found| is_first(&found[0]) && found[1..] == *rest)
}

/// A line without names that have to stay: those of stored files and fields.
fn without_stored_names(line: &str) -> String {
    let line = line.replace(FILE_OF_THE_STORE, "");
    match line.split_once("rename = \"") {
        Some((before, after)) => {
            format!("{before}{}", after.split_once('"').map_or("", |(_, rest)| rest))
        }
        None => line,
    }
}

#[test]
fn no_file_uses_the_old_vocabulary() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut files = Vec::new();
    let endings = ["rs", "md", "py", "sql", "js", "mjs", "css", "sh"];
    let folders =
        ["crates", "bench/src", "docs", "tests", "fuzz/fuzz_targets", "clients", "packaging"];
    for folder in folders {
        collect(root, &root.join(folder), &endings, &mut files);
    }
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        files.push(Source { path: page.to_owned(), text });
    }
    // The one has the words, the others are stores that older versions wrote, and not ours.
    let is_judged = |source: &&Source| {
        let others = ["/saved/", "/vendor/xterm/"];
        !source.path.ends_with("tidy/vocabulary.rs")
            && !others.iter().any(|folder| source.path.contains(folder))
    };
    let found = files.iter().filter(is_judged).flat_map(|source| {
        (1..).zip(source.text.lines()).flat_map(move |(number, line)| {
            let line = without_stored_names(line).replace("system disk's image", "");
            let old = OLD_WORDS.iter().filter(move |(word, _)| has_old(&line, word));
            old.map(move |(word, say)| format!("{}:{number}: {word}; say {say}", source.path))
        })
    });
    none("words of the old vocabulary", found);
}

/// Rooms that know the worlds of a server; elsewhere the word would be another one for something.
const KNOW_WORLDS: &[&str] = &["admin", "assembly", "cli", "explorer", "gateway"];

#[test]
fn source_calls_the_hypervisor_by_its_name() {
    let sources = sources();
    let knows = |source: &Source| source.room().is_some_and(|room| KNOW_WORLDS.contains(&room));
    let found = sources.iter().filter(|source| !source.is_test() && !knows(source));
    let found = found.flat_map(|source| {
        let lines = (1..).zip(source.text.lines()).filter(|(_, line)| has_word(line, "world"));
        lines.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
    });
    none("\"world\"; say hypervisor, environment or overview", found);
}

#[test]
fn defined_type_and_has_word_read_lines() {
    assert_eq!(defined_type("pub(crate) struct Writer<'a> {"), Some("Writer"));
    assert_eq!(defined_type("type Pair = (String, String);"), Some("Pair"));
    assert_eq!(defined_type("    struct Inside {"), None);
    assert_eq!(declared_type("    pub(crate) struct Page<'a> {"), Some("Page"));
    assert_eq!(declared_type("        pub(crate) struct Deep {"), None);
    assert!(has_word("The Worlds, say", "worlds") && has_word("change_worlds(1)", "worlds"));
}

#[test]
fn has_old_sees_compounds_and_other_forms_of_words() {
    assert!(has_old("assertNoTroubles(1)", "trouble") && has_old("let troubles = 1;", "trouble"));
    assert!(has_old("TakesBack", "take_back") && has_old("what was taken back", "take_back"));
    assert!(has_old("self.calling_off", "call_off") && has_old("it is buried", "bury"));
    assert!(!has_old("a workshop", "shop") && !has_old("off the call", "call_off"));
    assert!(has_old("settle", "settle") && !has_old("how it settles", "settle"));
}

#[test]
fn without_stored_names_leaves_the_rest_of_a_line() {
    let line = without_stored_names("#[serde(rename = \"calling_off\", default)] calling: u8");
    assert_eq!(line, "#[serde(, default)] calling: u8");
}
