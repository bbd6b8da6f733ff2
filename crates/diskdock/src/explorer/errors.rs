//! Error codes: a page for each, with every message, what to do, and the actions that give it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::key;
use super::next;
use super::page::{Section, page as whole};
use super::text::{action_href, breakable, error_href, line, message};
use crate::actions::all as all_actions;
use crate::catalog::errors::{all, common};
use crate::catalog::{ErrorCode, Listed, Spec};

/// Every error that an action can give of its own.
pub(super) fn of(spec: &Spec) -> Vec<&'static ErrorCode> {
    let mut errors = spec.errors();
    let token = spec.token_mismatch;
    if spec.takes("ClientToken") && !errors.iter().any(|known| std::ptr::eq(*known, token)) {
        errors.push(token);
    }
    errors
}

/// All codes, with the statuses and messages of each.
fn by_code() -> BTreeMap<&'static str, Vec<&'static ErrorCode>> {
    let mut codes: BTreeMap<&str, Vec<&ErrorCode>> = BTreeMap::new();
    for error in all() {
        codes.entry(error.code).or_default().push(error);
    }
    codes
}

fn is_common(error: &ErrorCode) -> bool {
    common().any(|known| std::ptr::eq(known, error))
}

/// The list of all codes.
pub(crate) fn list() -> Markup {
    let body = html! {
        h1 { "Error codes" }
        p.lead { "Every error code of this server. Those at the end of the list are returned by "
            a href="#common" { "any action" } "." }
        (table("Errors of single actions", by_code().values().flatten().copied().filter(|e| !is_common(e))))
        h2 id="common" { "Errors of any action" }
        (table("Errors of any action", by_code().values().flatten().copied().filter(|e| is_common(e))))
    };
    whole("Error codes", Section::Errors, &[], &body)
}

/// Errors with status, message and what to do.
pub(super) fn table(name: &str, errors: impl Iterator<Item = &'static ErrorCode>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table.errors {
                thead { tr { th { "Status" } th { "Code" } th { "Message" } th { "Remedy" } } }
                tbody {
                    @for error in errors {
                        tr {
                            td { (error.status) }
                            td {
                                a href=(error_href(error.code)) { code { (breakable(error.code)) } }
                            }
                            td { (message(error.message)) }
                            td { (line(error.remedy)) }
                        }
                    }
                }
            }
        }
    }
}

/// The page of one code; none if there is no such code.
pub(crate) fn page(code: &str) -> Option<Markup> {
    let meanings = by_code().remove(code)?;
    let body = html! {
        p.crumbs { a href="/explorer/errors" { "Error codes" } }
        h1 { code { (code) } }
        @for error in &meanings { (meaning(error)) }
    };
    Some(whole(code, Section::Errors, &[], &body))
}

fn meaning(error: &'static ErrorCode) -> Markup {
    let gives = |listed: &Listed| of(listed.spec()).iter().any(|one| std::ptr::eq(*one, error));
    let given_by: Vec<Listed> = all_actions().filter(gives).collect();
    html! {
        section.meaning {
            h2 { (message(error.message)) }
            dl {
                dt { "HTTP status" } dd { (error.status) }
                dt { "Remedy" } dd { (line(error.remedy)) }
                @if !error.next.is_empty() { dt { "Calls that help" } dd { (next::links(error)) } }
                dt { "Given by" }
                dd {
                    @if given_by.is_empty() && is_common(error) { "any action" }
                    @else if given_by.is_empty() { "no action; a fault can be added with it" }
                    @else { ul.givers { @for one in given_by { li { (giver(one, error)) } } } }
                }
            }
        }
    }
}

/// An action that gives an error, with the precondition that it stands for.
fn giver(listed: Listed, error: &'static ErrorCode) -> Markup {
    let (key, rules) = (key(listed), (listed.spec().preconditions)());
    let broken: Vec<_> = (1..)
        .zip(&rules)
        .filter(|(_, (_, code))| std::ptr::eq(*code, error))
        .map(|(number, (sentence, _))| (number, *sentence))
        .collect();
    html! {
        a href=(action_href(&key)) { (key) }
        @for (number, sentence) in broken {
            ", unless " a href={ (action_href(&key)) "#precondition-" (number) } { (sentence) }
        }
    }
}
