//! The page of one resource: what it is now, what can be done with it, and its history. The script
//! asks the API for it as any client does; the history is one of the operator's controls.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::json;

use super::console::{CALLS, table};
use super::follow::described;
use super::key;
use super::page::{Section, page as whole};
use super::text::{action_href, capital};
use crate::actions::{all, resource, resources};
use crate::catalog::{Listed, ParamSpec, Repeat, Resource, Risk, Shape};
use crate::gateway::recent::{CHANGES, RECORDS};

/// The kind of resource of this noun, if its resources have pages: those that can be asked for by
/// their ids.
pub(super) fn find(noun: &str) -> Option<&'static Resource> {
    resource(noun).filter(|kind| kind.listing.ids.is_some())
}

/// The kinds of resource that have pages, as a JSON array.
pub(super) fn nouns() -> String {
    let found: Vec<_> =
        resources().map(|kind| kind.noun).filter(|one| find(one).is_some()).collect();
    json!(found).to_string()
}

/// The kinds of resource that have pages by the prefixes of their ids, as a JSON object:
/// `{"d-":"disk"}`.
pub(super) fn prefixes() -> String {
    let mut found = BTreeMap::new();
    for listed in all() {
        collect_prefixes(listed.spec().parameters, &mut found);
    }
    json!(found).to_string()
}

fn collect_prefixes(parameters: &[ParamSpec], found: &mut BTreeMap<&'static str, &'static str>) {
    for parameter in parameters {
        if let (Shape::Id(prefix), Some(noun)) = (parameter.shape, parameter.names)
            && find(noun).is_some()
        {
            found.insert(prefix, noun);
        }
        collect_prefixes(parameter.children, found);
    }
}

/// The page, which the script fills.
pub(super) fn page(kind: &'static Resource, id: &str, region: Option<&str>) -> Markup {
    let noun = kind.noun;
    let body = html! {
        p.crumbs { a href="/explorer/console" { "Console" } " / " (noun) }
        h1.of-resource { (capital(noun)) " " span.id { (id) } }
        noscript { p.notice { "This page needs script. Without it, use " (kind.listing.action) "." } }
        div.resource data-script-only data-noun=(noun) data-id=(id)
            data-region=(region.unwrap_or_default()) data-kinds=(kinds(kind))
            data-nouns=(nouns()) data-prefixes=(prefixes()) hidden {
            p.watching role="status" { "Looking …" }
            div.refusal role="alert" {}
            p.what-it-is aria-live="polite" {}
            (uses(kind, id, region))
            @if kind.noun == WITH_CONSOLE { (terminal(id)) }
            section id="now" { h2 { "All of it" } div.fields {} }
            section id="changes" { h2 { "Changes since this page was opened" } ol.timeline {} p.quiet { "None yet: they show here as they come." } }
            section id="operations" {
                h2 { "Operations" }
                p.quiet { "None is under way." }
                div.operations { (table("Operations", OPERATIONS)) }
            }
            (past("ended", "Ended operations", ENDED_OPERATIONS, "Those among the latest that ended since the \
                server started, and those that the store keeps as given up.", "None of these was on it."))
            (past("events", "Events", EVENTS_OF_OPERATIONS, "Waits of its operations, and steps that failed and \
                were tried again, among the latest since the server started.", "There was none."))
            section id="calls" {
                h2 { "Calls" }
                p.hint {
                    "Those that named or made it: of the latest " (CHANGES) " calls since the server started that \
                     wrote or were refused, and of the latest " (RECORDS) " accepted writes."
                }
                p.quiet { "None of these is about it. Its page lists what can be done with it above." }
                div.calls { (table("Calls", CALLS)) }
            }
        }
    };
    let title = format!("{noun} {id}");
    whole(&title, Section::Console, &["resource.js"], &body)
}

/// A list of what is over: where it comes from, and what is said while it is empty.
fn past(id: &str, title: &str, columns: &[&str], origin: &str, empty: &str) -> Markup {
    html! {
        section id=(id) {
            h2 { (title) }
            p.hint { (origin) }
            p.quiet { (empty) }
            div.operations { (table(title, columns)) }
        }
    }
}

/// The kind of resource that has a serial console.
const WITH_CONSOLE: &str = "instance";

/// A terminal on the serial port, which its own script makes when it is opened.
fn terminal(id: &str) -> Markup {
    html! {
        section id="terminal" {
            h2 { "Serial console" }
            p.terminal-state role="status" { "Not connected." }
            div.terminal-refusal role="alert" {}
            div.serial hidden {}
            p.terminal-tools {
                button.open type="button" { "Open the console" }
                button.close type="button" hidden { "Disconnect" }
                " "
                span.hint { "A terminal in the guest. Ctrl-] leaves it; "
                    code { "diskdock console " (id) " -i" } " is the same in a shell." }
            }
        }
    }
}

/// The columns of operations on the resource.
const OPERATIONS: &[&str] =
    &["State", "Operation", "Step", "Tries", "Since", "Deadline", "Last result"];

/// The columns of operations that ended.
const ENDED_OPERATIONS: &[&str] = &["Result", "Operation", "Ended", "Took", "Tries", "Reason"];

/// The columns of what operations met with.
const EVENTS_OF_OPERATIONS: &[&str] = &["When", "Operation", "Step", "Event"];

fn kinds(kind: &'static Resource) -> String {
    let mut kinds = BTreeMap::new();
    for one in [Some(kind), resource("region")].into_iter().flatten() {
        kinds.insert(one.noun, described(one));
    }
    json!(kinds).to_string()
}

/// The actions that can name such a resource, with it filled in.
fn uses(kind: &Resource, id: &str, region: Option<&str>) -> Markup {
    let naming = || {
        all().filter_map(|listed| {
            let mut parameters = listed.spec().parameters.iter();
            let naming = parameters.find(|one| one.names == Some(kind.noun) && one.honoured);
            naming.map(|parameter| (listed, parameter))
        })
    };
    html! {
        section id="uses" {
            h2 { "Actions" }
            (list("uses", naming().filter(|(listed, _)| listed.spec().mutates), id, region))
            details {
                summary { "Queries" }
                (list("uses", naming().filter(|(listed, _)| !listed.spec().mutates), id, region))
            }
        }
    }
}

fn list(
    class: &str,
    naming: impl Iterator<Item = (Listed, &'static ParamSpec)>,
    id: &str,
    region: Option<&str>,
) -> Markup {
    html! {
        ul class=(class) {
            @for (listed, parameter) in naming {
                @let spec = listed.spec();
                @let takes_away = spec.risk == Risk::TakesAway;
                li data-fits=(spec.fitting(parameter).join(" ")) {
                    @let href = filled(listed, parameter, id, region);
                    a.takes-away[takes_away] href=(href) title=(spec.summary) {
                        (key(listed))
                    }
                }
            }
        }
    }
}

/// The page of the action with the resource filled in.
fn filled(listed: Listed, parameter: &ParamSpec, id: &str, region: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let (name, value) = match parameter.repeat {
        Repeat::JsonArray => (parameter.name.to_owned(), json!([id]).to_string()),
        Repeat::Numbered => (format!("{}.1", parameter.name), id.to_owned()),
        Repeat::Once | Repeat::Commas | Repeat::Structure => {
            (parameter.name.to_owned(), id.to_owned())
        }
    };
    query.append_pair(&name, &value);
    if let Some(region) = region.filter(|_| listed.spec().takes("RegionId")) {
        query.append_pair("RegionId", region);
    }
    format!("{}?{}", action_href(&key(listed)), query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_with_pages_are_those_that_can_be_asked_for_by_id() {
        let nouns: Vec<String> = serde_json::from_str(&nouns()).unwrap();
        assert!(
            ["disk", "instance", "snapshot"].iter().all(|noun| nouns.iter().any(|one| one == noun))
        );
        assert!(find("zone").is_none());
        let prefixes: BTreeMap<String, String> = serde_json::from_str(&prefixes()).unwrap();
        assert_eq!(prefixes["d-"], "disk");
        assert_eq!(prefixes["s-"], "snapshot");
    }

    #[test]
    fn page_of_an_instance_alone_has_a_console_and_loads_nothing_for_it() {
        let page_of = |noun, id| page(find(noun).unwrap(), id, None).0;
        let instance = page_of("instance", "i-1");
        assert!(instance.contains("diskdock console i-1 -i"));
        assert!(!instance.contains("xterm") && !instance.contains("terminal.js"));
        assert!(!page_of("disk", "d-1").contains("Serial console"));
    }

    #[test]
    fn page_links_actions_with_the_resource_filled_in() {
        let page = page(find("disk").unwrap(), "d-1", Some("cn-beijing")).0;
        assert!(page.contains("/explorer/actions/DetachDisk?DiskId=d-1\""));
        let asked =
            "/explorer/actions/DescribeDisks?DiskIds=%5B%22d-1%22%5D&amp;RegionId=cn-beijing";
        assert!(page.contains(asked));
    }
}
