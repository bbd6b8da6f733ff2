//! The page of one action: what it does, the form to call it, and everything that it can answer.

use maud::{Markup, html};

use super::code::{self, Choice};
use super::confirmation::asks_first;
use super::errors;
use super::follow::followed;
use super::form::Form;
use super::index::badges;
use super::page::{Section, page as whole};
use super::picture::picture;
use super::reply;
use super::states::machine_of;
use super::text::{breakable, capital, error_href, line, paragraphs};
use crate::actions::{ActionGroup, GROUPS};
use crate::catalog::Spec;

/// The page, its form filled in with `values`.
pub fn page(
    group: &ActionGroup,
    spec: &'static Spec,
    values: &[(String, String)],
    choice: &Choice,
) -> Markup {
    let body = html! {
        div.columns {
            (others(spec))
            div.action {
                (what(group, spec))
                (call(spec, values))
                (preconditions(spec))
                (states(spec))
                section id="reply" { (heading("reply", "Reply")) (reply::tree(&spec.reply)) }
                (refusals(spec))
            }
            (bench(spec, code::panel(spec, values, choice)))
        }
    };
    whole(spec.name, Section::Actions, &["action.js"], &body)
}

fn heading(anchor: &str, text: &str) -> Markup {
    html! {
        h2 { (text) " " a.anchor href={ "#" (anchor) } aria-label={ "Link to " (text) } { "#" } }
    }
}

/// All actions, to go from one to the next.
fn others(spec: &Spec) -> Markup {
    html! {
        nav.others aria-label="Actions" {
            @for group in GROUPS {
                h2 { (group.title) }
                ul {
                    @for entry in group.actions {
                        @let name = entry.spec().name;
                        li { a href=(super::text::action_href(name))
                            aria-current=[(name == spec.name).then_some("page")] { (name) } }
                    }
                }
            }
        }
    }
}

fn what(group: &ActionGroup, spec: &Spec) -> Markup {
    html! {
        p.crumbs { a href="/explorer" { "Actions" } " / " (group.title) }
        h1 { (spec.name) }
        p.lead { (line(spec.summary)) }
        (badges(spec))
        (paragraphs(spec.details))
    }
}

/// The form. Without script it shows the code for what is filled in.
fn call(spec: &'static Spec, values: &[(String, String)]) -> Markup {
    let follow = followed(spec).map(super::follow::Followed::word);
    html! {
        section id="call" {
            (heading("call", "Parameters"))
            form id="form" method="get" autocomplete="off" data-action=(spec.name)
                data-asks[asks_first(spec)] data-reads[!spec.mutates] data-follow=[follow] {
                (Form::new(spec, values).fields())
                p.send {
                    button.primary type="submit" data-send hidden { "Send" }
                    @if spec.takes("DryRun") {
                        button type="button" data-dry-run hidden { "Dry run" }
                    }
                    button type="button" data-sign-only hidden { "Sign only" }
                    button type="button" data-clear hidden { "Clear" }
                }
            }
        }
    }
}

fn preconditions(spec: &Spec) -> Markup {
    let rules = (spec.preconditions)();
    html! {
        @if !rules.is_empty() {
            section id="preconditions" {
                (heading("preconditions", "Preconditions"))
                p { "Checked in this order; the first that does not hold is the answer." }
                ol.rules {
                    @for (number, (sentence, error)) in (1..).zip(&rules) {
                        li id={ "precondition-" (number) } {
                            (capital(sentence)) ", else "
                            a href=(error_href(error.code)) { code { (breakable(error.code)) } }
                        }
                    }
                }
            }
        }
    }
}

fn states(spec: &Spec) -> Markup {
    html! {
        @if let Some(machine) = machine_of(spec.name) {
            section id="states" {
                (heading("states", "States"))
                (picture(machine, Some(spec.name)))
            }
        }
    }
}

fn refusals(spec: &Spec) -> Markup {
    html! {
        section id="errors" {
            (heading("errors", "Errors"))
            (errors::table("Errors of this action", errors::of(spec).into_iter()))
            p { "And " a href="/explorer/errors#common" { "those of any action" } "." }
        }
    }
}

fn tab(name: &str, text: &str) -> Markup {
    html! {
        button type="button" role="tab" id={ "tab-" (name) } aria-controls={ "panel-" (name) }
            aria-selected="false" tabindex="-1" { (text) }
    }
}

/// The place where the script shows the request, the reply, and what followed.
fn bench(spec: &Spec, code: Markup) -> Markup {
    html! {
        aside.bench aria-label="Request, reply and code" {
            div.tabs role="tablist" aria-label="Request, reply and code" data-script-only hidden {
                (tab("reply", "Reply")) (tab("request", "Request")) (tab("code", "Code"))
            }
            div.panel id="panel-reply" aria-labelledby="tab-reply" hidden {
                div.formats role="group" aria-label="Format of the reply" {
                    button type="button" data-format="JSON" aria-pressed="true" { "JSON" }
                    button type="button" data-format="XML" aria-pressed="false" { "XML" }
                }
                div.outcome aria-live="polite" { p.quiet { "Nothing has been sent yet." } }
                div.timeline {}
            }
            div.panel id="panel-request" aria-labelledby="tab-request" hidden {
                div.steps { p.quiet { "Send, or sign only, to see the request with every step of its signature." } }
            }
            div.panel id="panel-code" aria-labelledby="tab-code" { (code) }
            dialog.ask aria-labelledby="ask-title" {
                h2 id="ask-title" { (spec.name) "?" }
                p.said {}
                form method="dialog" {
                    button value="no" { "Cancel" }
                    button.primary.danger value="yes" { "Yes, " (spec.name) }
                }
            }
        }
    }
}
