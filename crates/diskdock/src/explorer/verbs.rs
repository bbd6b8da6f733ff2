//! Verbs as the console's script knows them: the buttons that it makes of actions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::follow::{described, followed};
use crate::actions::{EXAMPLE, all, find, resource};
use crate::catalog::{Asks, Given, Listed, Place, Verb};

/// All verbs, in the order of the actions, as a JSON array.
pub(super) fn verbs() -> String {
    let found = all().flat_map(|listed| listed.spec().verbs.iter().map(move |one| (listed, one)));
    json!(found.map(|(listed, one)| verb(listed, one)).collect::<Vec<_>>()).to_string()
}

fn verb(listed: Listed, verb: &Verb) -> Value {
    let spec = listed.spec();
    let made = followed(spec).filter(|_| verb.then_enters);
    json!({
        "label": verb.label,
        "action": spec.name,
        "version": listed.product.version,
        "beside": verb.beside,
        "place": place(verb.place),
        "fits": verb.fitting(spec),
        "holder_fits": verb.fitting_holder(spec),
        "only": verb.only,
        "gives": verb.gives.iter().map(|(name, one)| (name, given(*one))).collect::<Vec<_>>(),
        "asks": asks(verb.asks),
        "asks_first": verb.asks_first(spec),
        "said": verb.said,
        "caution": spec.caution,
        "made": made.map(|text| serde_json::from_str::<Value>(&text).expect("it was written as JSON")),
    })
}

fn place(place: Place) -> &'static str {
    match place {
        Place::Any => "any",
        Place::Free => "free",
        Place::Leaves => "leaves",
        Place::Enters => "enters",
    }
}

fn given(given: Given) -> Value {
    match given {
        Given::Id => json!({ "field": "id" }),
        Given::Holder => json!({ "holder": "id" }),
        Given::Field(field) => json!({ "field": field }),
        Given::Always(text) => json!({ "always": text }),
        Given::ByStatus(status, text, other) => json!({ "status": [status, text, other] }),
        Given::Answer => json!({ "answer": "all" }),
        Given::AnswerKey => json!({ "answer": "key" }),
        Given::AnswerValue => json!({ "answer": "value" }),
    }
}

fn asks(asks: Asks) -> Value {
    match asks {
        Asks::Nothing => Value::Null,
        Asks::Size(gib) => json!({ "size": gib }),
        Asks::SizeAbove(field) => json!({ "above": field }),
        Asks::Text(label) => json!({ "text": label }),
    }
}

/// The calls that make an example, as a JSON array.
pub(super) fn example() -> String {
    let calls = EXAMPLE.iter().filter_map(|(action, parameters)| {
        let version = find(action)?.product.version;
        Some(json!({ "action": action, "version": version, "parameters": parameters }))
    });
    json!(calls.collect::<Vec<_>>()).to_string()
}

/// The kinds of resource that the console lists by the API, by noun, as a JSON object.
pub(super) fn listed_kinds() -> String {
    let nouns = ["disk", "image", "instance", "zone"];
    let kinds = nouns.into_iter().filter_map(resource);
    json!(kinds.map(|kind| (kind.noun, described(kind))).collect::<BTreeMap<_, _>>()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_verbs_are_those_of_their_actions() {
        for listed in all() {
            for verb in listed.spec().verbs {
                assert!(resource(verb.beside).is_some(), "{}", verb.beside);
                for (name, _) in verb.gives {
                    let top = name.split('.').next().unwrap();
                    assert!(listed.spec().takes(top), "{}: {name}", listed.spec().name);
                }
            }
        }
    }

    #[test]
    fn example_has_every_call_with_parameters_of_its_action() {
        let calls: Vec<Value> = serde_json::from_str(&example()).unwrap();
        assert_eq!(calls.len(), EXAMPLE.len());
        for (action, parameters) in EXAMPLE {
            let spec = find(action).unwrap().spec();
            assert!(parameters.iter().all(|(name, _)| spec.takes(name)), "{action}");
        }
    }

    #[test]
    fn statuses_of_verbs_come_from_transitions_and_parameters() {
        let verbs: Vec<Value> = serde_json::from_str(&verbs()).unwrap();
        let of = |label: &str| {
            let found = verbs.iter().find(|one| one["label"] == label && one["beside"] == "disk");
            found.unwrap_or_else(|| panic!("{label}")).clone()
        };
        assert_eq!(of("Detach")["fits"], json!(["In_use"]));
        assert_eq!(of("Attach")["holder_fits"], json!(["Running", "Stopped"]));
        assert_eq!(of("Resize")["fits"], json!(["Available", "In_use"]));
        assert_eq!(of("Delete")["asks_first"], true);
        assert_eq!(of("Attach")["asks_first"], false);
    }
}
