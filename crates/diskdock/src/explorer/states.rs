//! The states of resources, with the actions that move a resource along each edge: drawn from what
//! the actions declare.

use std::sync::LazyLock;

use maud::{Markup, html};

use super::layout::Layout;
use super::page::{Section, page as whole};
use super::picture::picture;
use super::text::action_href;
use crate::actions::{PRODUCTS, all, resources};
use crate::catalog::{Edge, Resource};

/// A state machine: the statuses of a kind of resource and the ways between them.
pub(crate) struct StatusDiagram {
    /// The kind of resource.
    pub resource: &'static Resource,
    /// The ways, in the order of the life of the resource.
    pub ways: Vec<Way>,
    /// Where everything stands in the picture.
    pub layout: Layout,
}

/// A way from one state to another.
pub(crate) struct Way {
    /// From where, to where.
    pub edge: Edge,
    /// The cause.
    pub label: String,
    /// Actions that set it off.
    pub begun_by: Vec<&'static str>,
    /// Actions whose work can end with it.
    pub ends: Vec<&'static str>,
}

impl Way {
    /// Whether this action has to do with it.
    pub(crate) fn concerns(&self, action: &str) -> bool {
        self.begun_by.contains(&action) || self.ends.contains(&action)
    }
}

/// The key of the action of this name, whatever its product.
fn key_of(name: &str) -> String {
    let found = all().find(|listed| listed.spec().name == name);
    found.map_or_else(|| name.to_owned(), |listed| listed.key(PRODUCTS))
}

/// The machine of every kind of resource that has states.
static MACHINES: LazyLock<Vec<StatusDiagram>> = LazyLock::new(|| {
    let with_states = resources().filter(|resource| !resource.statuses.is_empty());
    with_states.map(machine).collect()
});

fn machine(resource: &'static Resource) -> StatusDiagram {
    let mut ways: Vec<Way> = Vec::new();
    for spec in all().map(|listed| listed.spec()) {
        let moved = |one: &&crate::catalog::Transition| std::ptr::eq(one.resource, resource);
        let Some(transition) = spec.transition.filter(moved) else { continue };
        for edge in transition.begins {
            way(&mut ways, edge).begun_by.push(spec.name);
        }
        for edge in transition.ends {
            way(&mut ways, edge).ends.push(spec.name);
        }
    }
    for edge in resource.unasked {
        way(&mut ways, edge);
    }
    let place = |state: Option<&str>, without: usize| {
        let at = |name| resource.statuses.iter().position(|status| status.name == name);
        state.map_or(without, |name| at(name).map_or(usize::MAX, |at| at + 1))
    };
    ways.sort_by_key(|way| (place(way.edge.from, 0), place(way.edge.to, usize::MAX)));
    let layout = Layout::of(resource, &ways);
    StatusDiagram { resource, ways, layout }
}

/// The way along this edge, which may be there already; their labels are joined.
fn way<'w>(ways: &'w mut Vec<Way>, edge: &Edge) -> &'w mut Way {
    let known = ways.iter().position(|way| way.edge.is_parallel_to(edge));
    let at = known.unwrap_or(ways.len());
    if known.is_none() {
        let label = String::new();
        ways.push(Way { edge: *edge, label, begun_by: Vec::new(), ends: Vec::new() });
    }
    let way = &mut ways[at];
    if !way.label.split(", ").any(|known| known == edge.label) {
        let comma = if way.label.is_empty() { "" } else { ", " };
        way.label = format!("{}{comma}{}", way.label, edge.label);
    }
    way
}

/// The machine that an action moves something in.
pub(crate) fn machine_of(action: &str) -> Option<&'static StatusDiagram> {
    MACHINES.iter().find(|machine| machine.ways.iter().any(|way| way.concerns(action)))
}

/// The page with all of them.
pub(crate) fn page() -> Markup {
    let kinds: Vec<_> = MACHINES.iter().map(|machine| machine.resource.with_article).collect();
    let body = html! {
        h1 { "States" }
        p { "The states of " (kinds.join(" and ")) ", and the actions that lead from one to the next. "
            "Actions are asynchronous: they are accepted at once and carried out afterwards, so "
            "some states are transitional." }
        @for machine in MACHINES.iter() {
            section id=(machine.resource.noun) {
                h2 { "The states of " (machine.resource.with_article) }
                (picture(machine, None))
                (ways(machine))
            }
        }
    };
    whole("States", Section::States, &[], &body)
}

/// The edges in words, for those who cannot see the picture and for those who look one up.
fn ways(machine: &StatusDiagram) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Ways between states of the " (machine.resource.noun) } {
            table {
                thead { tr { th { "From" } th { "To" } th { "When" } th { "Action" } } }
                tbody {
                    @for way in &machine.ways {
                        tr {
                            td { (way.edge.from.unwrap_or("not there")) }
                            td { (way.edge.to.unwrap_or("gone")) }
                            td { (way.label) }
                            td {
                                @for (at, name) in way.begun_by.iter().enumerate() {
                                    @if at > 0 { ", " }
                                    a href=(action_href(&key_of(name))) { (name) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asynchronous_action_is_an_edge_of_a_state_diagram() {
        for spec in all().map(|listed| listed.spec()).filter(|spec| spec.is_asynchronous()) {
            let machine = machine_of(spec.name).unwrap_or_else(|| panic!("{}", spec.name));
            assert!(machine.ways.iter().any(|way| way.begun_by.contains(&spec.name)));
        }
    }

    #[test]
    fn edges_join_states_that_exist() {
        for machine in MACHINES.iter() {
            for way in &machine.ways {
                for end in [way.edge.from, way.edge.to].into_iter().flatten() {
                    let known = machine.resource.statuses.iter().any(|status| status.name == end);
                    assert!(known, "{}: {end}", machine.resource.noun);
                }
            }
        }
    }

    #[test]
    fn every_state_of_an_edge_is_drawn() {
        for machine in MACHINES.iter() {
            for way in &machine.ways {
                for end in [way.edge.from, way.edge.to].into_iter().flatten() {
                    let drawn = machine.layout.states.iter().any(|(name, _)| *name == end);
                    assert!(drawn, "{}: {end} has no place", machine.resource.noun);
                }
            }
        }
    }

    #[test]
    fn actions_with_the_same_edge_share_it() {
        let machine = machine_of("StartInstances").unwrap();
        let starts: Vec<_> = machine
            .ways
            .iter()
            .filter(|way| way.edge.from == Some("Stopped") && way.edge.to == Some("Starting"))
            .collect();
        assert_eq!(starts.len(), 1);
        assert_eq!(starts[0].label, "StartInstance");
        assert_eq!(starts[0].begun_by, ["StartInstance", "StartInstances"]);
        let made = machine.ways.iter().find(|way| way.edge.from.is_none()).unwrap();
        assert_eq!(made.label, "RunInstances, CreateInstance");
    }
}
