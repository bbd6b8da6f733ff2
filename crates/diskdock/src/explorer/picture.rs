//! A state machine as SVG. Colours come from the style sheet, so it follows light and dark.

use maud::{Markup, html};

use super::layout::{EdgePath, HALF};
use super::states::{StatusDiagram, Way};

/// The machine; what `action` does in it is marked.
pub(crate) fn picture(machine: &StatusDiagram, action: Option<&str>) -> Markup {
    let (width, height) = machine.layout.size;
    let title = format!("states-{}", machine.resource.noun);
    html! {
        figure.states tabindex="0" {
            svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-labelledby=(title) {
                title id=(title) { (in_words(machine, action)) }
                (arrows(machine))
                @for (each, line) in machine.ways.iter().zip(&machine.layout.lines) {
                    (way(machine, each, line, action))
                }
                @for (name, at) in &machine.layout.states { (place(name, *at, machine, action)) }
            }
            @if action.is_some() {
                figcaption {
                    span.asked { "accepted by the action" } " "
                    span.ends { "possible end" }
                }
            }
        }
    }
}

/// The heads of the arrows, one for each colour of line.
fn arrows(machine: &StatusDiagram) -> Markup {
    html! {
        defs {
            @for kind in ["other", "asked", "ends"] {
                marker id={ (machine.resource.noun) "-" (kind) } class={ "head " (kind) } viewBox="0 0 8 8" refX="6.5"
                    refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse" {
                    path d="M0 0L8 4L0 8Z" {}
                }
            }
        }
    }
}

/// `asked`, `ends` or `other`.
fn kind(way: &Way, action: Option<&str>) -> &'static str {
    match action {
        Some(name) if way.begun_by.contains(&name) => "asked",
        Some(name) if way.ends.contains(&name) => "ends",
        _ => "other",
    }
}

fn way(machine: &StatusDiagram, way: &Way, line: &EdgePath, action: Option<&str>) -> Markup {
    let kind = kind(way, action);
    html! {
        g class={ "way " (kind) } {
            path d=(line.path) marker-end={ "url(#" (machine.resource.noun) "-" (kind) ")" } {}
            text x=(line.at.0) y=(line.at.1) { (way.label) }
        }
    }
}

fn place(name: &str, (x, y): (i32, i32), machine: &StatusDiagram, action: Option<&str>) -> Markup {
    let touches = |way: &&Way| way.edge.from == Some(name) || way.edge.to == Some(name);
    let marked = machine.ways.iter().filter(touches).any(|way| kind(way, action) != "other");
    html! {
        g.state.marked[marked] {
            rect x=(x - HALF.0) y=(y - HALF.1) width=(2 * HALF.0) height=(2 * HALF.1) rx="8" {}
            text x=(x) y=(y + 5) { (name) }
        }
    }
}

fn in_words(machine: &StatusDiagram, action: Option<&str>) -> String {
    let words = |way: &Way| {
        let (from, to) = (way.edge.from.unwrap_or("not there"), way.edge.to.unwrap_or("gone"));
        format!("{from} to {to} ({})", way.label)
    };
    let shown = machine.ways.iter().filter(|one| action.is_none_or(|name| one.concerns(name)));
    let ways: Vec<_> = shown.map(words).collect();
    let whose = action.map_or(String::new(), |name| format!(", as {name} moves it"));
    format!("The states of the {}{whose}: {}", machine.resource.noun, ways.join("; "))
}
