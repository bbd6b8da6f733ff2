//! The reference pages, as Markdown.

use super::spec::Spec;
use crate::actions::ActionGroup;

/// The page of an action.
pub fn page(group_title: &str, spec: &Spec) -> String {
    format!("# {}\n\n{group_title}\n\n{}\n", spec.name, spec.summary)
}

/// The page that lists all others.
pub fn index(groups: &[ActionGroup]) -> String {
    let mut text = "# Actions\n".to_owned();
    for group in groups {
        text.push_str(&format!("\n## {}\n\n", group.title));
        for spec in group.actions.iter().map(|entry| entry.spec()) {
            text.push_str(&format!("- [{0}]({0}.md): {1}\n", spec.name, spec.summary));
        }
    }
    text
}
