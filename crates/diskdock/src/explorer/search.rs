//! Finds actions, parameters and error codes by words. The script in `assets/search.js` finds the
//! same on the same index while the user types.

use std::collections::BTreeMap;

use super::key;
use super::text::{action_href, error_href};
use crate::actions::all;
use crate::catalog::document::one_line;
use crate::catalog::errors;
use crate::catalog::{ErrorCode, ParamSpec, Repeat};

/// Most results that are shown.
pub(super) const RESULTS: usize = 60;
/// Words that are looked for; further ones do not count.
const WORDS: usize = 16;
/// The longest word in which slips of the keys are looked for, in characters.
const LONGEST: usize = 40;

/// A search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchEntry {
    /// `action`, `parameter` or `error`.
    pub kind: &'static str,
    /// The text that is matched first.
    pub name: String,
    /// The text that is matched then, and shown.
    pub text: String,
    /// More words that are matched, and not shown.
    pub more: String,
    /// Where it leads.
    pub href: String,
}

/// All entries: actions first, then error codes, then parameters.
pub(crate) fn entries() -> Vec<SearchEntry> {
    let actions = all().map(|listed| SearchEntry {
        kind: "action",
        name: key(listed),
        text: listed.spec().summary.to_owned(),
        more: format!("{} {}", listed.spec().details, listed.spec().caution),
        href: action_href(&key(listed)),
    });
    let codes: BTreeMap<&str, &ErrorCode> =
        errors::all().map(|error| (error.code, error)).collect();
    let codes = codes.into_iter().map(|(code, error)| SearchEntry {
        kind: "error",
        name: code.to_owned(),
        text: format!("{} {}", error.status, super::text::message(error.message)),
        more: error.remedy.to_owned(),
        href: error_href(code),
    });
    actions.chain(codes).chain(parameters()).collect()
}

fn parameters() -> impl Iterator<Item = SearchEntry> {
    all().flat_map(|listed| {
        let mut names = Vec::new();
        parameter_names(listed.spec().parameters, "", &mut names);
        names.into_iter().map(move |(name, doc)| SearchEntry {
            kind: "parameter",
            text: key(listed),
            more: one_line(doc),
            href: format!("{}#{name}", action_href(&key(listed))),
            name,
        })
    })
}

fn parameter_names(specs: &[ParamSpec], prefix: &str, names: &mut Vec<(String, &'static str)>) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        let inside = match spec.repeat {
            Repeat::Numbered => format!("{name}.N."),
            Repeat::Once | Repeat::JsonArray | Repeat::Commas | Repeat::Structure => {
                format!("{name}.")
            }
        };
        names.push((name, spec.doc));
        parameter_names(spec.children, &inside, names);
    }
}

/// The entries as JSON, as short as they can be: rows of the kind's first letter, name, text and
/// further words. The address of a row follows from these.
pub(super) fn json() -> String {
    let entries = entries();
    let rows: Vec<_> =
        entries.iter().map(|one| (&one.kind[..1], &one.name, &one.text, &one.more)).collect();
    serde_json::to_string(&rows).expect("text is plain data")
}

/// The entries that match every word of `asked`, best first, up to a bound; if there are none,
/// those that match with a slip of the keys in a word.
pub(crate) fn find(asked: &str) -> Vec<SearchEntry> {
    let asked = asked.trim().to_lowercase();
    let words: Vec<&str> = asked.split_whitespace().take(WORDS).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let entries = entries();
    let found = best(&entries, &words, matched);
    if found.is_empty() { best(&entries, &words, nearly) } else { found }
}

/// The entries in the order of their worst word by `of`.
fn best(
    entries: &[SearchEntry],
    words: &[&str],
    of: fn(&SearchEntry, &str) -> Option<usize>,
) -> Vec<SearchEntry> {
    let rank = |entry: &SearchEntry| {
        let low = |text: &str| text.to_lowercase();
        let (text, more) = (low(&entry.text), low(&entry.more));
        let entry = SearchEntry { text, more, ..entry.clone() };
        words.iter().try_fold(0, |worst: usize, word| Some(worst.max(of(&entry, word)?)))
    };
    let ranked = entries.iter().filter_map(|entry| Some((rank(entry)?, entry)));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, entry)| entry.clone()).take(RESULTS).collect()
}

/// 0 for the very name, 1 for its start, 2 for inside it, 3 for the text, 4 for the words that are
/// not shown; none without a match. Text and further words of the entry are in lower case.
fn matched(entry: &SearchEntry, word: &str) -> Option<usize> {
    let name = entry.name.to_lowercase();
    let ranks = [
        name == word,
        name.starts_with(word),
        name.contains(word),
        entry.text.contains(word),
        entry.more.contains(word),
    ];
    ranks.iter().position(|holds| *holds)
}

/// How many slips of the keys lie between the word and the beginning of the name or of a part of
/// it; none if more than one in four letters, or more than two.
fn nearly(entry: &SearchEntry, word: &str) -> Option<usize> {
    let word: Vec<char> = word.chars().take(LONGEST + 1).collect();
    if word.len() > LONGEST {
        return None;
    }
    let most = (word.len() / 4).min(2);
    let name: Vec<char> = entry.name.chars().collect();
    let starts = (0..name.len()).filter(|at| *at == 0 || name[*at].is_uppercase());
    let slips = starts.map(|at| {
        let part: String = name[at..].iter().collect::<String>().to_lowercase();
        slips(&word, &part.chars().collect::<Vec<_>>())
    });
    slips.min().filter(|slips| *slips <= most)
}

/// The fewest letters to leave out, add, exchange or swap with their neighbour that make the word a
/// beginning of the text.
fn slips(word: &[char], text: &[char]) -> usize {
    let text = &text[..text.len().min(word.len() + 2)];
    let mut rows: Vec<Vec<usize>> = vec![(0..=text.len()).collect()];
    for (at, letter) in (1..).zip(word) {
        let mut row = vec![at];
        for (place, other) in (1..).zip(text) {
            let exchanged = rows[at - 1][place - 1] + usize::from(letter != other);
            let mut least = exchanged.min(rows[at - 1][place] + 1).min(row[place - 1] + 1);
            let is_swapped =
                at > 1 && place > 1 && *letter == text[place - 2] && word[at - 2] == *other;
            if is_swapped {
                least = least.min(rows[at - 2][place - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[word.len()].iter().copied().min().unwrap_or(word.len())
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
            format!("{} {} {}", entry.name, entry.text, entry.more).to_lowercase().contains(word)
        };
        assert!(found.iter().all(|entry| has(entry, "datadisk") && has(entry, "size")));
    }

    #[test]
    fn search_finds_statuses_words_of_descriptions_and_slips_of_the_keys() {
        let has = |asked: &str, name: &str| find(asked).iter().any(|entry| entry.name == name);
        assert!(find("403").iter().any(|entry| entry.kind == "error"));
        assert!(has("unmount", "DetachDisk"));
        assert!(has("detahcdisk", "DetachDisk"));
        assert!(has("runinstnces", "RunInstances"));
        assert!(has("snapsot", "CreateSnapshot"));
        assert!(find("qqqqqqqq").is_empty());
    }

    #[test]
    fn search_without_words_finds_nothing() {
        assert!(find("  ").is_empty());
        assert!(find("<script>").is_empty());
    }
}
