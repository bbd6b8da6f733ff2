//! The states of disks and instances, as `domain` draws them at the top of `disk.rs` and
//! `instance.rs`, with the actions that move a resource along each edge.

use domain::{DiskStatus, InstanceStatus};
use maud::{Markup, html};

use super::page::{Section, page as whole};
use super::picture::picture;
use super::text::action_href;

/// A state and the middle of its box, in units of the picture.
pub struct State {
    /// What clients see.
    pub name: &'static str,
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// A way from one state to another. `None` is: not there yet, or no longer there.
pub struct Edge {
    /// From where.
    pub from: Option<&'static str>,
    /// To where.
    pub to: Option<&'static str>,
    /// What makes it happen, in a word or three.
    pub label: &'static str,
    /// Where the label's middle is.
    pub at: (i32, i32),
    /// The line, as SVG writes paths.
    pub line: &'static str,
    /// Actions that set it off.
    pub asked: &'static [&'static str],
    /// Actions whose work ends with it.
    pub ends: &'static [&'static str],
}

/// A state machine.
pub struct Machine {
    /// `disk`, `instance`.
    pub name: &'static str,
    /// Width and height of the picture.
    pub size: (i32, i32),
    /// The states.
    pub states: &'static [State],
    /// The ways between them.
    pub edges: &'static [Edge],
}

impl Edge {
    /// Whether this action has to do with it.
    pub fn concerns(&self, action: &str) -> bool {
        self.asked.contains(&action) || self.ends.contains(&action)
    }
}

const fn state(name: &'static str, x: i32, y: i32) -> State {
    State { name, x, y }
}

/// The life of a disk.
#[rustfmt::skip]
pub static DISK: Machine = Machine {
    name: "disk",
    size: (740, 250),
    states: &[
        state(DiskStatus::Creating.as_str(), 70, 90),
        state(DiskStatus::Available.as_str(), 265, 90),
        state(DiskStatus::Attaching.as_str(), 470, 90),
        state(DiskStatus::InUse.as_str(), 670, 90),
        state(DiskStatus::Detaching.as_str(), 470, 200),
    ],
    edges: &[
        Edge { from: None, to: Some("Creating"), label: "CreateDisk", at: (118, 38), line: "M70 24V68",
            asked: &["CreateDisk"], ends: &[] },
        Edge { from: Some("Creating"), to: Some("Available"), label: "made", at: (166, 80), line: "M125 90H208",
            asked: &[], ends: &["CreateDisk"] },
        Edge { from: Some("Available"), to: Some("Attaching"), label: "AttachDisk", at: (367, 72), line: "M320 82H413",
            asked: &["AttachDisk"], ends: &[] },
        Edge { from: Some("Attaching"), to: Some("Available"), label: "refused", at: (367, 117), line: "M415 98H322",
            asked: &[], ends: &["AttachDisk"] },
        Edge { from: Some("Attaching"), to: Some("In_use"), label: "attached", at: (569, 80), line: "M525 90H613",
            asked: &[], ends: &["AttachDisk"] },
        Edge { from: Some("In_use"), to: Some("Detaching"), label: "DetachDisk", at: (560, 150), line: "M640 110C630 165 590 190 527 192",
            asked: &["DetachDisk"], ends: &[] },
        Edge { from: Some("Detaching"), to: Some("In_use"), label: "refused", at: (668, 200), line: "M525 210C620 210 680 180 688 112",
            asked: &[], ends: &["DetachDisk"] },
        Edge { from: Some("Detaching"), to: Some("Available"), label: "detached", at: (378, 160), line: "M415 200C340 200 295 165 290 112",
            asked: &[], ends: &["DetachDisk"] },
        Edge { from: Some("In_use"), to: Some("Available"), label: "let go late", at: (470, 14), line: "M655 70C620 5 330 5 287 67",
            asked: &[], ends: &[] },
        Edge { from: Some("Available"), to: Some("Available"), label: "ResizeDisk", at: (194, 40), line: "M225 70C205 34 252 34 248 67",
            asked: &["ResizeDisk"], ends: &[] },
        Edge { from: Some("In_use"), to: Some("In_use"), label: "ResizeDisk", at: (695, 34), line: "M685 70C675 34 722 34 712 67",
            asked: &["ResizeDisk"], ends: &[] },
        Edge { from: Some("Available"), to: None, label: "DeleteDisk", at: (192, 186), line: "M240 110V170",
            asked: &["DeleteDisk"], ends: &[] },
    ],
};

/// The life of an instance.
#[rustfmt::skip]
pub static INSTANCE: Machine = Machine {
    name: "instance",
    size: (740, 280),
    states: &[
        state(InstanceStatus::Pending.as_str(), 70, 110),
        state(InstanceStatus::Starting.as_str(), 265, 110),
        state(InstanceStatus::Running.as_str(), 470, 110),
        state(InstanceStatus::Stopping.as_str(), 670, 110),
        state(InstanceStatus::Stopped.as_str(), 470, 230),
    ],
    edges: &[
        Edge { from: None, to: Some("Pending"), label: "RunInstances, CreateInstance", at: (172, 44), line: "M70 30V88",
            asked: &["RunInstances", "CreateInstance"], ends: &[] },
        Edge { from: Some("Pending"), to: Some("Starting"), label: "to be run", at: (166, 100), line: "M125 110H208",
            asked: &[], ends: &["RunInstances"] },
        Edge { from: Some("Pending"), to: Some("Stopped"), label: "made", at: (235, 248), line: "M80 130C100 210 280 238 413 238",
            asked: &[], ends: &["CreateInstance"] },
        Edge { from: Some("Starting"), to: Some("Running"), label: "booted", at: (367, 130), line: "M320 115H413",
            asked: &[], ends: &["RunInstances", "StartInstance", "StartInstances", "RebootInstance", "RebootInstances"] },
        Edge { from: Some("Running"), to: Some("Starting"), label: "RebootInstance", at: (367, 62), line: "M450 90C430 66 305 66 287 88",
            asked: &["RebootInstance", "RebootInstances"], ends: &[] },
        Edge { from: Some("Running"), to: Some("Stopping"), label: "StopInstance", at: (569, 92), line: "M525 102H613",
            asked: &["StopInstance", "StopInstances"], ends: &[] },
        Edge { from: Some("Stopping"), to: Some("Running"), label: "refused", at: (569, 137), line: "M615 118H527",
            asked: &[], ends: &["StopInstance", "StopInstances"] },
        Edge { from: Some("Stopping"), to: Some("Stopped"), label: "off", at: (668, 186), line: "M660 130C650 190 600 222 527 225",
            asked: &[], ends: &["StopInstance", "StopInstances"] },
        Edge { from: Some("Stopped"), to: Some("Starting"), label: "StartInstance", at: (388, 184), line: "M430 210C360 205 292 180 280 132",
            asked: &["StartInstance", "StartInstances"], ends: &[] },
        Edge { from: Some("Stopped"), to: None, label: "DeleteInstance", at: (598, 254), line: "M525 240H646",
            asked: &["DeleteInstance", "DeleteInstances"], ends: &[] },
    ],
};

/// The machine that an action moves something in.
pub fn machine_of(action: &str) -> Option<&'static Machine> {
    [&DISK, &INSTANCE]
        .into_iter()
        .find(|machine| machine.edges.iter().any(|edge| edge.concerns(action)))
}

/// The page with both.
pub fn page() -> Markup {
    let body = html! {
        h1 { "States" }
        p { "What a disk and an instance can be, and what leads from one state to the next. "
            "Everything that is asked for is answered at once and then carried out: that is why "
            "half of the states are on the way somewhere." }
        @for machine in [&DISK, &INSTANCE] {
            section id=(machine.name) {
                h2 { "The states of " @if machine.name == "disk" { "a disk" } @else { "an instance" } }
                (picture(machine, None))
                (ways(machine))
            }
        }
    };
    whole("States", Section::States, &[], &body)
}

/// The edges in words, for those who cannot see the picture and for those who look one up.
fn ways(machine: &Machine) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Ways between states of the " (machine.name) } {
            table {
                thead { tr { th { "From" } th { "To" } th { "When" } th { "Asked for by" } } }
                tbody {
                    @for edge in machine.edges {
                        tr {
                            td { (edge.from.unwrap_or("not there")) }
                            td { (edge.to.unwrap_or("gone")) }
                            td { (edge.label) }
                            td {
                                @for (at, name) in edge.asked.iter().enumerate() {
                                    @if at > 0 { ", " }
                                    a href=(action_href(name)) { (name) }
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
    use crate::explorer::{is_action, specs};

    #[test]
    fn every_action_that_goes_on_after_its_answer_moves_something() {
        for (_, spec) in specs().filter(|(_, spec)| spec.asynchronous) {
            let machine = machine_of(spec.name).unwrap_or_else(|| panic!("{}", spec.name));
            assert!(machine.edges.iter().any(|edge| edge.asked.contains(&spec.name)));
        }
    }

    #[test]
    fn edges_join_states_that_exist_by_actions_that_exist() {
        for machine in [&DISK, &INSTANCE] {
            for edge in machine.edges {
                for end in [edge.from, edge.to].into_iter().flatten() {
                    assert!(machine.states.iter().any(|state| state.name == end), "{end}");
                }
                assert!(edge.asked.iter().chain(edge.ends).all(|name| is_action(name)));
            }
        }
    }
}
