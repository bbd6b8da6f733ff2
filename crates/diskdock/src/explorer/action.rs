//! The page of one action: what it does, the form to call it, and everything that it can answer.

use maud::{Markup, html};

use super::code::{self, SampleChoice};
use super::errors;
use super::follow::{followed, kinds};
use super::form::Form;
use super::index::badges;
use super::key;
use super::next;
use super::page::{Section, page as whole};
use super::picture::picture;
use super::reply;
use super::request;
use super::resource::prefixes;
use super::states::machine_of;
use super::text::{breakable, capital, error_href, line, paragraphs};
use crate::catalog::{Listed, Risk, Spec};

/// The page, its form filled in with `values`.
pub(super) fn page(listed: Listed, values: &[(String, String)], choice: &SampleChoice) -> Markup {
    let spec = listed.spec();
    let body = html! {
        div.columns {
            (others(listed))
            div.action {
                (what(listed))
                (call(listed, values))
                (preconditions(spec))
                (states(spec))
                section id="reply" { (heading("reply", "Reply")) (reply::tree(&spec.reply)) }
                (examples(listed))
                (refusals(spec))
            }
            (bench(spec, code::panel(listed, values, choice)))
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
fn others(this: Listed) -> Markup {
    html! {
        nav.others aria-label="Actions" {
            @for group in this.product.groups {
                h2 { (group.title) }
                ul {
                    @for other in this.product.in_group(group) {
                        @let is_this = std::ptr::eq(other.spec(), this.spec());
                        li { a href=(super::text::action_href(&key(other)))
                            aria-current=[is_this.then_some("page")] { (other.spec().name) } }
                    }
                }
            }
        }
    }
}

fn what(listed: Listed) -> Markup {
    let spec = listed.spec();
    html! {
        p.crumbs { a href="/explorer" { "Actions" } " / " (listed.group.title) }
        h1 { (spec.name) }
        p.lead { (line(spec.summary)) }
        (badges(spec))
        @if !spec.caution.is_empty() { p.notice { (line(spec.caution)) } }
        (paragraphs(spec.details))
    }
}

/// The form. Without script it shows the code for what is filled in.
fn call(listed: Listed, values: &[(String, String)]) -> Markup {
    let spec = listed.spec();
    let asks_first = spec.risk == Risk::TakesAway;
    html! {
        section id="call" {
            (heading("call", "Parameters"))
            form id="form" method="get" autocomplete="off" data-action=(spec.name)
                data-version=(listed.product.version) data-key=(key(listed))
                data-kinds=(kinds(spec)) data-prefixes=(prefixes()) data-next=(next::offered(spec))
                data-asks[asks_first] data-reads[!spec.mutates] data-follow=[followed(spec)] {
                (Form::new(spec, values).fields())
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
                p { "Checked in this order; the first that does not hold is the error." }
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

/// A request as it goes over the wire, and what comes back.
fn examples(listed: Listed) -> Markup {
    html! {
        section id="examples" {
            (heading("examples", "Examples"))
            (request::example(listed))
            (reply::examples(listed.spec()))
        }
    }
}

fn tab(name: &str, text: &str) -> Markup {
    html! {
        button type="button" role="tab" id={ "tab-" (name) } aria-controls={ "panel-" (name) }
            aria-selected="false" tabindex="-1" { (text) }
    }
}

/// The buttons of the form. They stay in sight however long the form is.
fn buttons(spec: &Spec) -> Markup {
    html! {
        p.send {
            button.primary type="submit" form="form" data-send hidden { "Send" }
            @if spec.takes("DryRun") {
                button type="button" data-dry-run hidden { "Dry run" }
            }
            button type="button" data-sign-only hidden { "Sign only" }
            button type="button" data-clear hidden { "Clear" }
            button.wider type="button" data-wide hidden aria-pressed="false" { "Wider" }
        }
    }
}

/// The place where the script shows the request, the reply, and what followed.
fn bench(spec: &Spec, code: Markup) -> Markup {
    html! {
        aside.bench aria-label="Request, reply and code" {
            (buttons(spec))
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
                @if !spec.caution.is_empty() { p { (line(spec.caution)) } }
                p.said {}
                form method="dialog" {
                    button value="no" { "Cancel" }
                    button.primary.danger value="yes" { "Yes, " (spec.name) }
                }
            }
        }
    }
}
