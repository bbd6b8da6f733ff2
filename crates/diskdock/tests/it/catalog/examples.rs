//! Every example in the catalog is a value that its own action accepts.

use std::collections::BTreeMap;

use diskdock::actions;
use diskdock::catalog::{Entry, Input, Listed, ParamSpec, Presence, Repeat};

type Pairs = BTreeMap<String, String>;

/// Writes the example of `spec`, and of what is required beside its members.
fn put(spec: &ParamSpec, prefix: &str, out: &mut Pairs) {
    let name = format!("{prefix}{}", spec.name);
    match (spec.repeat, spec.children.is_empty()) {
        (Repeat::Once, _) => drop(out.insert(name, spec.example.to_owned())),
        (Repeat::JsonArray, _) => {
            let array = serde_json::to_string(&[spec.example]).unwrap();
            drop(out.insert(name, array));
        }
        (Repeat::Numbered, true) => drop(out.insert(format!("{name}.1"), spec.example.to_owned())),
        (Repeat::Numbered, false) => put_required(spec.children, &format!("{name}.1."), out),
        (Repeat::Structure, _) => put_required(spec.children, &format!("{name}."), out),
    }
}

fn put_required(specs: &[ParamSpec], prefix: &str, out: &mut Pairs) {
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
            Entry::Reading(query) => query.parse(&input).err(),
            Entry::Mutation(action) => action.parse(&input).err(),
        };
        let (action, name) = (listed.spec().name, spec.name);
        assert!(refusal.is_none(), "{action}: {prefix}{name}: {refusal:?}, of {pairs:?}");
        let inside = match spec.repeat {
            Repeat::Numbered => format!("{prefix}{name}.1."),
            Repeat::Once | Repeat::JsonArray | Repeat::Structure => format!("{prefix}{name}."),
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
