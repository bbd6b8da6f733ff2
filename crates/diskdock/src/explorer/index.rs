//! The list of all actions, what a search finds, and what is not there.

use maud::{Markup, html};

use super::key;
use super::page::{Section, page as whole};
use super::search;
use super::text::action_href;
use crate::actions::PRODUCTS;
use crate::catalog::{Listed, Product, Spec};

/// The first page; with the results if something is asked for.
pub(crate) fn page(asked: &str) -> Markup {
    if asked.trim().is_empty() {
        return whole("Actions", Section::Actions, &[], &list());
    }
    let found = search::find(asked);
    let body = html! {
        h1 { "Search" }
        p { @if found.is_empty() { "Nothing found for " } @else { "Found for " }
            strong { (asked) }
            @if found.len() == search::RESULTS { ", the best " (found.len()) ": another word narrows it down" }
            "." }
        (results(&found))
        @if found.is_empty() { (list()) }
    };
    whole("Search", Section::Actions, &[], &body)
}

fn results(found: &[search::SearchEntry]) -> Markup {
    html! {
        ul.results {
            @for entry in found {
                li { a href=(entry.href) { (entry.name) }
                    " " span.kind { (entry.kind) } " " (entry.text) }
            }
        }
    }
}

fn list() -> Markup {
    html! {
        h1 { "Actions" }
        p.lead {
            "Every action of this server: parameters, reply and errors. Fill in a form and "
            "send the real request from here, or copy the code."
        }
        @for product in PRODUCTS { (groups(product)) }
    }
}

/// The groups of a product; the product is named where there are several.
fn groups(product: &'static Product) -> Markup {
    html! {
        @if PRODUCTS.len() > 1 { h2 { (product.code) " " (product.version) } }
        @for group in product.groups {
            @let anchor = group.title.to_lowercase().replace([' ', ','], "-");
            section.group id=(anchor) {
                h2 { (group.title) " " a.anchor href={ "#" (anchor) } aria-label={ "Link to " (group.title) } { "#" } }
                ul.cards {
                    @for listed in product.in_group(group) {
                        (card(listed))
                    }
                }
            }
        }
    }
}

fn card(listed: Listed) -> Markup {
    let (key, spec) = (key(listed), listed.spec());
    html! {
        li {
            a href=(action_href(&key)) { (key) }
            p { (spec.summary) }
            (badges(spec))
        }
    }
}

/// The kind of action, in a word or two.
pub(super) fn badges(spec: &Spec) -> Markup {
    html! {
        p.badges {
            @if !spec.mutates { span.badge { "read-only" } }
            @if spec.mutates { span.badge.write { "write" } }
            @if spec.is_asynchronous() { span.badge.asynchronous { "asynchronous" } }
        }
    }
}

/// The page for an address at which nothing is.
pub(crate) fn missing(what: &str) -> Markup {
    let body = html! {
        h1 { "Not here" }
        p { "There is no page for " strong { (what) } " in the explorer. " }
        @let near = search::find(what);
        @if !near.is_empty() { p { "Perhaps one of these:" } (results(&near)) }
        p { a href="/explorer" { "All actions" } ", " a href="/explorer/errors" { "all error codes" } "." }
    };
    whole("Not here", Section::Actions, &[], &body)
}
