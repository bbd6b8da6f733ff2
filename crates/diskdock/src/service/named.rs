//! The resources that a request is about, read from its parameters as the action declares them.

use std::collections::BTreeSet;

use crate::catalog::{Input, Listed, ParamSpec, Repeat, json_strings};
use crate::store::KINDS;

/// A resource that a request is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AboutResource {
    /// `disk`; none for an action that is about no kind of resource that is kept.
    pub kind: Option<&'static str>,
    /// Its id; none for all of the kind, and for one that is to be made.
    pub id: Option<String>,
}

/// The resources that a request is about, at least one.
///
/// A request names them by parameters whose types say of what kind they are. One that names none
/// of the kind that its action makes, lists or belongs to is about all of that kind. Other kinds
/// that a query names only narrow down what it lists.
pub(super) fn asked_about(listed: Listed, input: &Input) -> BTreeSet<AboutResource> {
    let spec = listed.spec();
    let mut named = BTreeSet::new();
    collect(spec.parameters, "", input, &mut named);
    named.extend(named_by_type(input));
    named.extend(named_by_arn(input));
    let own = own_kind(listed, &named);
    if let Some(own) = own.filter(|_| !spec.mutates) {
        named.retain(|one| one.kind == Some(own));
    }
    let is_own_named = named.iter().any(|one| one.kind == own);
    if named.is_empty() || (own.is_some() && !is_own_named) {
        named.insert(AboutResource { kind: own, id: None });
    }
    named
}

/// The kind of resource that an action is about above all: the one that it lists or whose status
/// it changes, else one of its group, if possible one that the request names.
fn own_kind(listed: Listed, named: &BTreeSet<AboutResource>) -> Option<&'static str> {
    let spec = listed.spec();
    let kept = || listed.group.resources.iter().map(|kind| kind.noun).filter(|noun| is_kept(noun));
    let lists = listed.group.resources.iter().find(|kind| kind.listing.action == spec.name);
    let changes = spec.transition.map(|transition| transition.resource);
    let declared = lists.copied().or(changes).map(|kind| kind.noun).filter(|noun| is_kept(noun));
    let is_named = |noun: &&str| named.iter().any(|one| one.kind == Some(*noun));
    declared.or_else(|| kept().find(is_named)).or_else(|| kept().next())
}

/// Whether resources of this kind are in the store.
fn is_kept(noun: &str) -> bool {
    KINDS.iter().any(|kind| kind.kind.name == noun)
}

/// The type in a resource's name, which is the noun in one word.
pub(super) fn arn_type(noun: &str) -> String {
    noun.replace(' ', "")
}

/// The resources that parameters name by their ids, also in lists and structures.
fn collect(
    specs: &'static [ParamSpec],
    prefix: &str,
    input: &Input,
    named: &mut BTreeSet<AboutResource>,
) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        let numbered = numbered(&name, input);
        if !spec.children.is_empty() {
            match spec.repeat {
                Repeat::Numbered => {
                    for one in numbered {
                        collect(spec.children, &format!("{one}."), input, named);
                    }
                }
                Repeat::Once | Repeat::JsonArray | Repeat::Commas | Repeat::Structure => {
                    collect(spec.children, &format!("{name}."), input, named);
                }
            }
            continue;
        }
        let Some(kind) = spec.names.filter(|noun| is_kept(noun)) else { continue };
        let bare = input.get(&name).into_iter().flat_map(|text| ids(text, spec.repeat));
        let listed = numbered.iter().filter_map(|one| input.get(one).map(str::to_owned));
        let all = bare.chain(listed).filter(|id| !id.is_empty());
        named.extend(all.map(|id| AboutResource { kind: Some(kind), id: Some(id) }));
    }
}

/// The numbered names that begin with a name: `DiskId.1`, `DiskId.2`.
fn numbered(name: &str, input: &Input) -> BTreeSet<String> {
    let prefix = format!("{name}.");
    let number = |rest: &str| rest.split('.').next().map(|number| format!("{prefix}{number}"));
    input.below(&prefix).filter_map(number).collect()
}

/// The ids in the text of a parameter, read as the parameter itself is read.
fn ids(text: &str, repeat: Repeat) -> Vec<String> {
    match repeat {
        Repeat::JsonArray | Repeat::Numbered => {
            json_strings(text).unwrap_or_else(|| vec![text.to_owned()])
        }
        Repeat::Commas => text.split(',').map(|id| id.trim().to_owned()).collect(),
        Repeat::Once | Repeat::Structure => vec![text.to_owned()],
    }
}

/// How the ARNs of roles begin.
pub(super) const ROLE_ARN: &str = "acs:ram::";

/// The role that a request names by its ARN.
fn named_by_arn(input: &Input) -> Option<AboutResource> {
    let arn = input.get("RoleArn").filter(|arn| arn.starts_with(ROLE_ARN))?;
    Some(AboutResource { kind: Some("role"), id: Some(arn.to_owned()) })
}

/// The resources that a request names by a type and ids or names, as the actions on tags do.
fn named_by_type(input: &Input) -> Vec<AboutResource> {
    let Some(word) = input.get("ResourceType") else { return Vec::new() };
    let known = KINDS.iter().find(|kind| arn_type(kind.kind.name).eq_ignore_ascii_case(word));
    let Some(kind) = known else { return Vec::new() };
    let names = ["ResourceId", "ResourceNames"].map(str::to_owned);
    let values = numbered("ResourceId", input).into_iter().chain(names);
    let texts = values.filter_map(|name| input.get(&name).map(str::to_owned));
    let ids = texts.flat_map(|text| ids(&text, Repeat::Numbered));
    ids.map(|id| AboutResource { kind: Some(kind.kind.name), id: Some(id) }).collect()
}
