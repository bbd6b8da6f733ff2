//! The parts of every page: head, navigation, search, the key that calls are signed with.

use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::follow::described;
use crate::actions::{PRODUCTS, resource};

/// The part of the explorer that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Actions and their list.
    Actions,
    /// Error codes.
    Errors,
    /// State machines.
    States,
    /// The live view of resources and operations.
    Console,
    /// The operator's controls.
    Controls,
    /// The signature checker.
    Signature,
}

const SECTIONS: &[(Section, &str, &str)] = &[
    (Section::Actions, "/explorer", "Actions"),
    (Section::Errors, "/explorer/errors", "Errors"),
    (Section::States, "/explorer/states", "States"),
    (Section::Console, "/explorer/console", "Console"),
    (Section::Controls, "/explorer/controls", "Controls"),
    (Section::Signature, "/explorer/signature", "Signature"),
];

/// A whole page. Scripts are modules of the assets.
pub(crate) fn page(title: &str, section: Section, scripts: &[&str], body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · diskdock" }
                link rel="icon" href=(ICON);
                link rel="stylesheet" href=(assets::href("explorer.css"));
                @for script in ["search.js", "key.js"].iter().chain(scripts) {
                    script type="module" src=(assets::href(script)) {}
                }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (top(section))
                main id="main" tabindex="-1" { (body) }
                footer {
                    "diskdock " (env!("CARGO_PKG_VERSION")) " · " (products()) " · made from the same "
                    "definitions that the server enforces"
                }
            }
        }
    }
}

/// The products with their versions.
fn products() -> String {
    let shown = PRODUCTS.iter().map(|one| format!("{} {}", one.code.to_uppercase(), one.version));
    shown.collect::<Vec<_>>().join(", ")
}

/// A disk, drawn small.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect x='1' y='3' width='14' height='10' rx='2' fill='%230b62c4'/%3E%3Ccircle cx='12' cy='10' r='1.2' fill='%23fff'/%3E%3C/svg%3E";

fn top(section: Section) -> Markup {
    html! {
        header.top {
            a.brand href="/explorer" { "diskdock" }
            nav aria-label="Main" {
                @for (this, href, name) in SECTIONS {
                    a href=(href) aria-current=[(*this == section).then_some("page")] { (name) }
                }
            }
            form.search action="/explorer" method="get" role="search" {
                input type="search" name="q" placeholder="Search (Ctrl K)"
                    aria-label="Search actions, parameters and error codes" autocomplete="off"
                    data-index=(assets::href(assets::INDEX));
            }
            div.key data-tried=[resource("region").map(|one| described(one).to_string())] {}
        }
    }
}
