//! Finds actions, parameters and error codes by words. The script in `assets/search.js` finds the
//! same on the same index while the user types.

use std::collections::BTreeMap;

use super::key;
use super::text::{action_href, error_href};
use crate::actions::all;
use crate::catalog::errors;
use crate::catalog::{ParamSpec, Repeat};

/// Most results that are shown.
const RESULTS: usize = 60;

/// A search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchEntry {
    /// `action`, `parameter` or `error`.
    pub kind: &'static str,
    /// The text that is matched first.
    pub name: String,
    /// The text that is matched then, and shown.
    pub text: String,
    /// Where it leads.
    pub href: String,
}

/// All entries: actions first, then error codes, then parameters.
pub(crate) fn entries() -> Vec<SearchEntry> {
    let actions = all().map(|listed| SearchEntry {
        kind: "action",
        name: key(listed),
        text: listed.spec().summary.to_owned(),
        href: action_href(&key(listed)),
    });
    let codes: BTreeMap<&str, &str> =
        errors::all().map(|error| (error.code, error.message)).collect();
    let codes = codes.into_iter().map(|(code, message)| SearchEntry {
        kind: "error",
        name: code.to_owned(),
        text: super::text::message(message),
        href: error_href(code),
    });
    actions.chain(codes).chain(parameters()).collect()
}

fn parameters() -> impl Iterator<Item = SearchEntry> {
    all().flat_map(|listed| {
        let mut names = Vec::new();
        parameter_names(listed.spec().parameters, "", &mut names);
        names.into_iter().map(move |name| SearchEntry {
            kind: "parameter",
            text: key(listed),
            href: format!("{}#{name}", action_href(&key(listed))),
            name,
        })
    })
}

fn parameter_names(specs: &[ParamSpec], prefix: &str, names: &mut Vec<String>) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        let inside = match spec.repeat {
            Repeat::Numbered => format!("{name}.N."),
            Repeat::Once | Repeat::JsonArray | Repeat::Commas | Repeat::Structure => {
                format!("{name}.")
            }
        };
        names.push(name);
        parameter_names(spec.children, &inside, names);
    }
}

/// The entries as JSON, as short as they can be: rows of the kind's first letter, name and text.
/// The address of a row follows from these.
pub(super) fn json() -> String {
    let entries = entries();
    let rows: Vec<_> =
        entries.iter().map(|entry| (&entry.kind[..1], &entry.name, &entry.text)).collect();
    serde_json::to_string(&rows).expect("text is plain data")
}

/// The entries that match every word of `asked`, best first, up to a bound.
pub(crate) fn find(asked: &str) -> Vec<SearchEntry> {
    let asked = asked.trim().to_lowercase();
    let words: Vec<&str> = asked.split_whitespace().collect();
    if words.is_empty() {
        return Vec::new();
    }
    let ranked = entries().into_iter().filter_map(|entry| Some((rank(&entry, &words)?, entry)));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, entry)| entry).take(RESULTS).collect()
}

/// 0 for the very name, 1 for its start, 2 for inside it, 3 for the text; none without a match.
fn rank(entry: &SearchEntry, words: &[&str]) -> Option<u8> {
    let (name, text) = (entry.name.to_lowercase(), entry.text.to_lowercase());
    let of = |word: &&str| {
        if name == *word {
            Some(0)
        } else if name.starts_with(word) {
            Some(1)
        } else if name.contains(word) {
            Some(2)
        } else if text.contains(word) {
            Some(3)
        } else {
            None
        }
    };
    words.iter().map(of).try_fold(0, |worst, rank| Some(worst.max(rank?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_ranks_names_first_and_requires_all_words() {
        assert_eq!(find("detachdisk")[0].name, "DetachDisk");
        assert_eq!(find("DiskNotPortable")[0].href, "/explorer/errors/DiskNotPortable");
        let found = find("datadisk size");
        assert!(found.iter().any(|e| e.href == "/explorer/actions/RunInstances#DataDisk.N.Size"));
        let has = |entry: &SearchEntry, word| {
            format!("{} {}", entry.name, entry.text).to_lowercase().contains(word)
        };
        assert!(found.iter().all(|entry| has(entry, "datadisk") && has(entry, "size")));
    }

    #[test]
    fn search_without_words_finds_nothing() {
        assert!(find("  ").is_empty());
        assert!(find("<script>").is_empty());
    }
}
