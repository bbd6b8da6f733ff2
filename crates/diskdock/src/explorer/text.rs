//! Prose of the catalog as HTML: paragraphs, words in `backticks`, names of actions as links.

use maud::{Markup, html};

use crate::actions::find;

/// Paragraphs, divided by empty lines.
pub(crate) fn paragraphs(text: &str) -> Markup {
    html! {
        @for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            p { (line(paragraph)) }
        }
    }
}

/// One stretch of prose.
pub(crate) fn line(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (linked(part)) }
        }
    }
}

/// Prose without code in it: names of actions become links.
fn linked(text: &str) -> Markup {
    html! {
        @for piece in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
            @let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
            @if find(word).is_some() { a href=(action_href(word)) { (word) } (piece[word.len()..]) }
            @else { (piece) }
        }
    }
}

/// A sentence of the catalog with a capital letter.
pub(crate) fn capital(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// Where the page of the action of this key is.
pub(crate) fn action_href(key: &str) -> String {
    format!("/explorer/actions/{key}")
}

/// Where an error code's page is.
pub(crate) fn error_href(code: &str) -> String {
    format!("/explorer/errors/{code}")
}

/// An error code that may be broken after its periods.
pub(crate) fn breakable(code: &str) -> Markup {
    html! {
        @for (at, part) in code.split('.').enumerate() {
            @if at > 0 { "." wbr; } (part)
        }
    }
}

/// A message of the catalog, with an ellipsis where the server names what is meant.
pub(crate) fn message(text: &str) -> String {
    match text {
        "{}" => "(says what differs)".to_owned(),
        text => text.replace("{}", "…"),
    }
}
