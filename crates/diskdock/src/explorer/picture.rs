//! A state machine as SVG. Colours come from the style sheet, so it follows light and dark.

use maud::{Markup, html};

use super::states::{Edge, Machine, State};

/// Half the width and half the height of a state's box.
const HALF: (i32, i32) = (55, 20);

/// The machine; what `action` does in it is marked.
pub fn picture(machine: &Machine, action: Option<&str>) -> Markup {
    let (width, height) = machine.size;
    let title = format!("states-{}", machine.name);
    html! {
        figure.states tabindex="0" {
            svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-labelledby=(title) {
                title id=(title) { (in_words(machine, action)) }
                (arrows(machine))
                @for edge in machine.edges { (way(machine, edge, action)) }
                @for state in machine.states { (place(state, machine, action)) }
            }
            @if action.is_some() {
                figcaption {
                    span.asked { "what the action asks for" } " "
                    span.ends { "how it can end" }
                }
            }
        }
    }
}

/// The heads of the arrows, one for each colour of line.
fn arrows(machine: &Machine) -> Markup {
    html! {
        defs {
            @for kind in ["other", "asked", "ends"] {
                marker id={ (machine.name) "-" (kind) } class={ "head " (kind) } viewBox="0 0 8 8" refX="6.5"
                    refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse" {
                    path d="M0 0L8 4L0 8Z" {}
                }
            }
        }
    }
}

/// `asked`, `ends` or `other`.
fn kind(edge: &Edge, action: Option<&str>) -> &'static str {
    match action {
        Some(name) if edge.asked.contains(&name) => "asked",
        Some(name) if edge.ends.contains(&name) => "ends",
        _ => "other",
    }
}

fn way(machine: &Machine, edge: &Edge, action: Option<&str>) -> Markup {
    let kind = kind(edge, action);
    html! {
        g class={ "way " (kind) } {
            path d=(edge.line) marker-end={ "url(#" (machine.name) "-" (kind) ")" } {}
            text x=(edge.at.0) y=(edge.at.1) { (edge.label) }
        }
    }
}

fn place(state: &State, machine: &Machine, action: Option<&str>) -> Markup {
    let touches = |edge: &&Edge| edge.from == Some(state.name) || edge.to == Some(state.name);
    let marked = machine.edges.iter().filter(touches).any(|edge| kind(edge, action) != "other");
    html! {
        g.state.marked[marked] {
            rect x=(state.x - HALF.0) y=(state.y - HALF.1) width=(2 * HALF.0) height=(2 * HALF.1)
                rx="8" {}
            text x=(state.x) y=(state.y + 5) { (state.name) }
        }
    }
}

fn in_words(machine: &Machine, action: Option<&str>) -> String {
    let edge = |edge: &Edge| {
        let (from, to) = (edge.from.unwrap_or("not there"), edge.to.unwrap_or("gone"));
        format!("{from} to {to} ({})", edge.label)
    };
    let shown = machine.edges.iter().filter(|one| action.is_none_or(|name| one.concerns(name)));
    let ways: Vec<_> = shown.map(edge).collect();
    let whose = action.map_or(String::new(), |name| format!(", as {name} moves it"));
    format!("The states of the {}{whose}: {}", machine.name, ways.join("; "))
}
