//! The calls that a page offers after a refusal, as the error codes declare them.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Value, json};

use super::errors::of;
use super::key;
use super::text::action_href;
use crate::actions::{all, find, resource};
use crate::catalog::errors::{Next, common};
use crate::catalog::{ErrorCode, Listed, ParamSpec, Repeat, Risk, Spec};

/// The calls that help after each error of an action, by its code, as JSON for the script: the
/// action, and from which parameters of the refused call its own are filled in.
pub(super) fn offered(refused: &Spec) -> String {
    let mut offers: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for error in of(refused).into_iter().chain(common()) {
        let list = offers.entry(error.code).or_default();
        for next in error.next {
            let Some(offer) = offer(refused, *next) else { continue };
            if !list.contains(&offer) {
                list.push(offer);
            }
        }
    }
    offers.retain(|_, list| !list.is_empty());
    json!(offers).to_string()
}

/// One call; none if it is the refused action over again.
fn offer(refused: &Spec, next: Next) -> Option<Value> {
    let listed = action_of(next)?;
    let spec = listed.spec();
    if spec.name == refused.name && !matches!(next, Next::List(_)) {
        return None;
    }
    Some(json!({
        "action": key(listed),
        "does": spec.summary,
        "takes_away": spec.risk == Risk::TakesAway,
        "in_region": spec.takes("RegionId"),
        "fill": fills(refused, spec, next),
    }))
}

/// The action of a call; none of a kind of resource that no action lists.
pub(super) fn action_of(next: Next) -> Option<Listed> {
    let listing = |noun| {
        let kind = resource(noun)?;
        all().find(|listed| listed.spec().name == kind.listing.action)
    };
    match next {
        Next::Look(noun) | Next::List(noun) => listing(noun),
        Next::Call(action) => find(action),
    }
}

/// Which parameters are filled in from which of the refused call, and how each is written.
fn fills(refused: &Spec, spec: &Spec, next: Next) -> Vec<Value> {
    let from = |noun: &str| naming(refused, noun).map(|parameter| parameter.name);
    match next {
        Next::List(_) => Vec::new(),
        Next::Look(noun) => {
            let ids = resource(noun).and_then(|kind| kind.listing.ids);
            let to = spec.parameters.iter().find(|one| Some(one.name) == ids);
            to.zip(from(noun)).map(|(to, from)| fill(to, from)).into_iter().collect()
        }
        Next::Call(_) => {
            let named = spec.parameters.iter().filter(|one| one.honoured);
            named.filter_map(|to| Some(fill(to, from(to.names?)?))).collect()
        }
    }
}

/// The first parameter of an action that names resources of a kind.
fn naming(spec: &Spec, noun: &str) -> Option<&'static ParamSpec> {
    spec.parameters.iter().find(|one| one.names == Some(noun) && one.honoured)
}

fn fill(to: &ParamSpec, from: &str) -> Value {
    let repeat = match to.repeat {
        Repeat::JsonArray => "json",
        Repeat::Numbered => "numbered",
        Repeat::Commas => "commas",
        Repeat::Once | Repeat::Structure => "once",
    };
    json!({ "to": to.name, "from": from, "as": repeat })
}

/// The actions that help after an error, as links.
pub(super) fn links(error: &ErrorCode) -> Markup {
    html! {
        ul.next {
            @for listed in error.next.iter().filter_map(|next| action_of(*next)) {
                li { a href=(action_href(&key(listed))) { (key(listed)) } ": " (listed.spec().summary) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::errors;

    fn offers(action: &str, code: &str) -> Value {
        let text = offered(find(action).unwrap().spec());
        serde_json::from_str::<Value>(&text).unwrap()[code].clone()
    }

    #[test]
    fn offered_fills_in_what_the_refused_call_named() {
        let look = &offers("DetachDisk", "IncorrectDiskStatus")[0];
        assert_eq!(look["action"], "DescribeDisks");
        assert_eq!(look["fill"], json!([{ "to": "DiskIds", "from": "DiskId", "as": "json" }]));
        let list = &offers("DetachDisk", "InvalidDiskId.NotFound")[0];
        assert_eq!((&list["action"], &list["fill"]), (&json!("DescribeDisks"), &json!([])));
    }

    #[test]
    fn offered_leaves_out_the_refused_action() {
        let actions = |refused: &str| -> Vec<String> {
            let offers = offers(refused, "IncorrectInstanceStatus");
            let names = offers.as_array().unwrap().iter();
            names.map(|one| one["action"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(actions("StartInstance"), ["DescribeInstances", "StopInstance"]);
        assert_eq!(actions("StopInstance"), ["DescribeInstances", "StartInstance"]);
        assert_eq!(actions("DetachDisk"), ["DescribeInstances", "StartInstance", "StopInstance"]);
    }

    #[test]
    fn every_next_call_is_one_of_an_action_that_is_there() {
        for error in errors::all() {
            for next in error.next {
                let listed = action_of(*next);
                let listed = listed.unwrap_or_else(|| panic!("{}: {next:?}", error.code));
                if let Next::Look(noun) = next {
                    let ids = resource(noun).unwrap().listing.ids;
                    assert!(ids.is_some(), "{}: {next:?} cannot ask for one", error.code);
                    assert!(listed.spec().takes(ids.unwrap()), "{}", error.code);
                }
            }
        }
    }
}
