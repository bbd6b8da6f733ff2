//! Every example in the catalog is a value that its own action accepts.

use std::collections::BTreeMap;

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::{Entry, Input, Listed, ParamSpec, Presence, Repeat, Shape};

use crate::harness::TestServer;

pub(crate) type Pairs = BTreeMap<String, String>;

/// Writes the example of `spec`, and of what is required beside its members.
pub(crate) fn put(spec: &ParamSpec, prefix: &str, out: &mut Pairs) {
    let name = format!("{prefix}{}", spec.name);
    match (spec.repeat, spec.children.is_empty()) {
        (Repeat::Once | Repeat::Commas, _) => drop(out.insert(name, spec.example.to_owned())),
        (Repeat::JsonArray, _) => {
            let array = serde_json::to_string(&[spec.example]).unwrap();
            drop(out.insert(name, array));
        }
        (Repeat::Numbered, true) => drop(out.insert(format!("{name}.1"), spec.example.to_owned())),
        (Repeat::Numbered, false) => put_required(spec.children, &format!("{name}.1."), out),
        (Repeat::Structure, _) => put_required(spec.children, &format!("{name}."), out),
    }
}

pub(crate) fn put_required(specs: &[ParamSpec], prefix: &str, out: &mut Pairs) {
    for spec in specs.iter().filter(|spec| spec.presence == Presence::Required) {
        put(spec, prefix, out);
    }
}

fn check(listed: Listed, specs: &[ParamSpec], prefix: &str, required: &Pairs) {
    for spec in specs {
        let mut pairs = required.clone();
        put_required(specs, prefix, &mut pairs);
        put(spec, prefix, &mut pairs);
        let input = Input::from_sorted(pairs.clone().into_iter().collect());
        let refusal = match listed.entry {
            Entry::Query(query) => query.parse(&input).err(),
            Entry::Action(action) => action.parse(&input).err(),
        };
        let (action, name) = (listed.spec().name, spec.name);
        assert!(refusal.is_none(), "{action}: {prefix}{name}: {refusal:?}, of {pairs:?}");
        let inside = match spec.repeat {
            Repeat::Numbered => format!("{prefix}{name}.1."),
            Repeat::Once | Repeat::JsonArray | Repeat::Commas | Repeat::Structure => {
                format!("{prefix}{name}.")
            }
        };
        check(listed, spec.children, &inside, &pairs);
    }
}

#[test]
fn every_example_is_accepted() {
    for entry in actions::all() {
        let mut required = Pairs::new();
        put_required(entry.spec().parameters, "", &mut required);
        check(entry, entry.spec().parameters, "", &required);
    }
}

/// Requests with one value that hardly any limit allows, each with the parameter that has it.
fn outside(
    specs: &'static [ParamSpec],
    prefix: &str,
    required: &Pairs,
    out: &mut Vec<(&'static ParamSpec, Pairs)>,
) {
    let long = "x".repeat(5_000);
    for spec in specs {
        let mut pairs = required.clone();
        put_required(specs, prefix, &mut pairs);
        put(spec, prefix, &mut pairs);
        let name = format!("{prefix}{}", spec.name);
        for bad in [long.as_str(), "no such", "http://x"] {
            let (name, value) = match spec.repeat {
                Repeat::Numbered => (format!("{name}.1"), bad.to_owned()),
                Repeat::JsonArray => (name.clone(), format!("[\"{bad}\"]")),
                Repeat::Once | Repeat::Commas | Repeat::Structure => (name.clone(), bad.to_owned()),
            };
            if spec.children.is_empty() {
                let mut pairs = pairs.clone();
                pairs.insert(name, value);
                out.push((spec, pairs));
            }
        }
        let inside = if spec.repeat == Repeat::Numbered { ".1." } else { "." };
        outside(spec.children, &format!("{name}{inside}"), &pairs, out);
    }
}

#[tokio::test]
async fn every_parameter_refuses_missing_values_and_those_outside_its_limits() {
    let server = TestServer::new().await;
    for (key, spec) in actions::all().map(|listed| (listed.key(PRODUCTS), listed.spec())) {
        let (mut required, mut requests) = (Pairs::new(), Vec::new());
        put_required(spec.parameters, "", &mut required);
        outside(spec.parameters, "", &required, &mut requests);
        let mut refused: BTreeMap<&str, bool> = BTreeMap::new();
        for (parameter, mut pairs) in requests {
            pairs.entry("DryRun".to_owned()).or_insert("true".to_owned());
            let asked: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&n[..], &v[..])).collect();
            let answer = server.call(&key, &asked).await;
            assert!((400..500).contains(&answer.status), "{} {}", spec.name, answer.text);
            let is_bounded = matches!(
                parameter.shape,
                Shape::Boolean
                    | Shape::Choice(..)
                    | Shape::Integer { .. }
                    | Shape::Number
                    | Shape::Time
            );
            let hit = !is_bounded || answer.code() == parameter.malformed.code;
            *refused.entry(parameter.name).or_default() |= hit;
        }
        let missed: Vec<_> = refused.iter().filter(|(_, hit)| !**hit).collect();
        assert!(missed.is_empty(), "{}: {missed:?}", spec.name);
        for name in required.keys() {
            for left_out in [true, false] {
                let mut pairs = required.clone();
                pairs.insert(name.clone(), String::new());
                pairs.retain(|given, _| !left_out || given != name);
                pairs.insert("DryRun".to_owned(), "true".to_owned());
                let asked: Vec<_> = pairs.iter().map(|(n, v)| (&n[..], &v[..])).collect();
                let answer = server.call(&key, &asked).await;
                assert!((400..500).contains(&answer.status), "{} without {name}", spec.name);
            }
        }
        let mut elsewhere = required.clone();
        elsewhere.insert("RegionId".to_owned(), "no-such".to_owned());
        let asked: Vec<(&str, &str)> = elsewhere.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        server.call(&key, &asked).await;
    }
}
