//! The end of a shell script: it looks until the change is done.

use super::NoSample;
use super::plan::Plan;
use super::quote::bash as quote;
use super::template::fill;
use super::waiting::{GIVE_UP_AFTER_S, SampleIds};
use crate::gateway::decode::Pair;

/// Pieces of both kinds of script.
pub(crate) const SHARED: &str = include_str!("templates/shell-wait.txt");

/// A shell cannot hold the character 0 in a variable or an argument.
pub(crate) fn refuse_nul(pairs: &[Pair]) -> Result<(), NoSample> {
    match pairs.iter().find(|(_, value)| value.contains('\0')) {
        Some((name, _)) => Err(NoSample::because(format!(
            "{name} has a character with the number 0, which a shell cannot hold."
        ))),
        None => Ok(()),
    }
}

/// The lines after the call, whose reply is in `$reply`. `look` makes a call of the action, the
/// list's name and the region.
pub(crate) fn wait(plan: &Plan<'_>, look: fn(&Plan<'_>, &str, &str, &str) -> String) -> String {
    let Some(waiting) = &plan.waiting else { return String::new() };
    let listing = &waiting.resource.listing;
    let (ids, count) = ids(&waiting.ids);
    let region = quote(&plan.region);
    let slots = [
        ("ids", ids),
        ("count", count),
        ("look", look(plan, listing.action, listing.ids.unwrap_or_default(), &region)),
        ("passing", waiting.resource.passing().join("|")),
        ("give up after", GIVE_UP_AFTER_S.to_string()),
        ("goal", waiting.goal.unwrap_or("gone").to_owned()),
    ];
    fill(SHARED, waiting.section(), &slots)
}

/// The ids as a JSON list, in the words of the shell, and how many they are.
fn ids(ids: &SampleIds) -> (String, String) {
    match ids {
        SampleIds::Named(ids) => {
            (quote(&serde_json::json!(ids).to_string()), ids.len().to_string())
        }
        SampleIds::Replied(name) => {
            (format!("\"[\\\"$(texts {name} <<<\"$reply\")\\\"]\""), "1".to_owned())
        }
        SampleIds::RepliedList([_, inner]) => {
            let list =
                format!(r#"$(tr -d ' \n' <<<"$reply" | sed 's/.*"{inner}":\(\[[^]]*\]\).*/\1/')"#);
            (list, r#"$(tr ',' '\n' <<<"$ids" | wc -l)"#.to_owned())
        }
    }
}
