//! The resources that a request is about, read from its parameters as the action declares them.

use std::collections::BTreeSet;

use domain::entity::Entity;
use domain::kms::{KmsKey, KmsKeyId};

use crate::catalog::{About, Input, Listed, ParamSpec, Presence, Repeat, Spec, json_strings};
use crate::store::{EntityType, KINDS};

/// A resource that a request is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AboutResource {
    /// No kind of resource that is kept.
    Anything,
    /// All of a kind, and one that is to be made: `disk`.
    All(&'static str),
    /// One of a kind, by its id or by the name that requests give.
    One(&'static str, String),
    /// The user that calls.
    OwnUser,
    /// The newest image of a family.
    ImageOfFamily(String),
    /// A policy of the service's own, by its name.
    SystemPolicy(String),
    /// A kind that has no names here, by the last part of its name in policies: `eni/*`.
    Other(&'static str),
}

/// The resources that a request names, and those that policies are asked about.
#[derive(Clone, Debug)]
pub(super) struct NamedResources {
    /// All that it names.
    pub named: BTreeSet<AboutResource>,
    /// Those that have to be allowed, at least one.
    pub asked: BTreeSet<AboutResource>,
}

const IMAGE: &str = "image";
const POLICY: &str = "policy";
const USER: &str = "user";

impl AboutResource {
    /// Its kind, if it is one that is kept.
    fn kind(&self) -> Option<&'static str> {
        match self {
            AboutResource::Anything | AboutResource::Other(_) => None,
            AboutResource::All(kind) | AboutResource::One(kind, _) => Some(kind),
            AboutResource::OwnUser => Some(USER),
            AboutResource::ImageOfFamily(_) => Some(IMAGE),
            AboutResource::SystemPolicy(_) => Some(POLICY),
        }
    }

    /// The kind and the id of one that the store finds by its id.
    pub(super) fn kept(&self) -> Option<(&'static EntityType, &str)> {
        let AboutResource::One(noun, id) = self else { return None };
        let of = KINDS.iter().copied().find(|of| of.kind.name == *noun)?;
        (!of.kind.by_name).then_some((of, id))
    }

    /// One of a kind. A key is named by its ARN too.
    fn one(kind: &'static str, id: String) -> AboutResource {
        let is_key = kind == KmsKey::KIND.name;
        AboutResource::One(kind, if is_key { KmsKeyId::named_by(&id).to_string() } else { id })
    }
}

/// The resources that a request is about.
///
/// A request names them by parameters whose types say of what kind they are. One that names none
/// of the kind that its action makes, lists or belongs to is about all of that kind. Other kinds
/// that a query names only narrow down what it lists. Parameters that the action lacks have
/// no effect, so they name nothing.
pub(super) fn named_resources(listed: Listed, input: &Input) -> NamedResources {
    let spec = listed.spec();
    let mut named = BTreeSet::new();
    collect(spec.parameters, "", input, &mut named);
    named.extend(named_by_type(spec, input));
    named.extend(named_by_arn(spec, input));
    let own = match spec.about {
        About::OfGroup => own_kind(listed, &named),
        About::NamedOnly | About::Other(_) => None,
        About::Kind(kind) => Some(kind),
    };
    named.extend(named_by_family(spec, own, input));
    let mut asked = named.clone();
    if let Some(own) = own.filter(|_| !spec.mutates) {
        asked.retain(|one| one.kind() == Some(own));
    }
    if let About::Other(rest) = spec.about {
        asked.retain(|_| spec.mutates);
        asked.insert(AboutResource::Other(rest));
    }
    let is_own_named = asked.iter().any(|one| one.kind() == own);
    if asked.is_empty() || (own.is_some() && !is_own_named) {
        asked.insert(match own {
            Some(USER) if is_about_caller(spec) => AboutResource::OwnUser,
            Some(kind) => AboutResource::All(kind),
            None => AboutResource::Anything,
        });
    }
    NamedResources { named, asked }
}

/// Whether an action is about the user that calls unless the request names another.
fn is_about_caller(spec: &Spec) -> bool {
    let mut parameters = spec.parameters.iter();
    parameters.any(|one| one.names == Some(USER) && one.presence == Presence::Optional)
}

/// The region in the parameter of the action that gives it, in whatever case its name is.
pub(super) fn region_parameter(spec: &Spec) -> Option<&'static str> {
    let mut parameters = spec.parameters.iter();
    let found = parameters.find(|parameter| parameter.name.eq_ignore_ascii_case("RegionId"));
    found.map(|parameter| parameter.name)
}

/// The kind of resource that an action is about above all: the one that it lists or whose status
/// it changes, else one of its group, if possible one that the request names.
fn own_kind(listed: Listed, named: &BTreeSet<AboutResource>) -> Option<&'static str> {
    let spec = listed.spec();
    let kept = || listed.group.resources.iter().map(|kind| kind.noun).filter(|noun| is_kept(noun));
    let lists = listed.group.resources.iter().find(|kind| kind.listing.action == spec.name);
    let changes = spec.transition.map(|transition| transition.resource);
    let declared = lists.copied().or(changes).map(|kind| kind.noun).filter(|noun| is_kept(noun));
    let is_named = |noun: &&str| named.iter().any(|one| one.kind() == Some(*noun));
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
    for spec in specs.iter().filter(|spec| spec.honoured) {
        let name = format!("{prefix}{}", spec.name);
        if !spec.children.is_empty() {
            match spec.repeat {
                Repeat::Numbered => {
                    for one in numbered(&name, input) {
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
        let all = values(&name, spec.repeat, input).into_iter();
        let policies = specs.iter().find(|one| one.name == "PolicyType");
        let is_of_service = kind == POLICY
            && policies.is_some_and(|one| input.get(one.name) == Some(OF_THE_SERVICE));
        named.extend(all.map(|id| match is_of_service {
            true => AboutResource::SystemPolicy(id),
            false => AboutResource::one(kind, id),
        }));
    }
}

/// The PolicyType of the service's own policies.
const OF_THE_SERVICE: &str = "System";

/// The texts of a parameter that are not empty, read as the parameter itself is read.
fn values(name: &str, repeat: Repeat, input: &Input) -> Vec<String> {
    let bare = input.get(name);
    let texts = match (repeat, bare) {
        (Repeat::Numbered, text) if !text.is_some_and(|text| text.starts_with('[')) => {
            let each = numbered(name, input);
            each.iter().filter_map(|one| input.get(one).map(str::to_owned)).collect()
        }
        (_, None) => Vec::new(),
        (Repeat::JsonArray | Repeat::Numbered, Some(text)) => {
            json_strings(text).unwrap_or_else(|| vec![text.to_owned()])
        }
        (Repeat::Commas, Some(text)) => text.split(',').map(|id| id.trim().to_owned()).collect(),
        (Repeat::Once | Repeat::Structure, Some(text)) => vec![text.to_owned()],
    };
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}

/// The numbered names that begin with a name: `DiskId.1`, `DiskId.2`.
fn numbered(name: &str, input: &Input) -> BTreeSet<String> {
    let prefix = format!("{name}.");
    let number = |rest: &str| rest.split('.').next().map(|number| format!("{prefix}{number}"));
    input.below(&prefix).filter_map(number).collect()
}

/// How the ARNs of roles begin.
pub(super) const ROLE_ARN: &str = "acs:ram::";

/// The role that a request names by its ARN.
fn named_by_arn(spec: &Spec, input: &Input) -> Option<AboutResource> {
    let takes = spec.takes("RoleArn");
    let arn = input.get("RoleArn").filter(|arn| takes && arn.starts_with(ROLE_ARN))?;
    Some(AboutResource::One("role", arn.to_owned()))
}

/// The newest image of the family that a request names. Actions on images change or list families.
fn named_by_family(spec: &Spec, own: Option<&str>, input: &Input) -> Option<AboutResource> {
    let takes = spec.takes("ImageFamily") && own != Some(IMAGE);
    let family = input.get("ImageFamily").filter(|family| takes && !family.is_empty())?;
    Some(AboutResource::ImageOfFamily(family.to_owned()))
}

/// The resources that a request names by a type and ids or names, as the actions on tags do.
fn named_by_type(spec: &Spec, input: &Input) -> Vec<AboutResource> {
    let Some(word) = input.get("ResourceType").filter(|_| spec.takes("ResourceType")) else {
        return Vec::new();
    };
    let known = KINDS.iter().find(|kind| arn_type(kind.kind.name).eq_ignore_ascii_case(word));
    let Some(kind) = known else { return Vec::new() };
    let by_name = |one: &&ParamSpec| ["ResourceId", "ResourceNames"].contains(&one.name);
    let parameters = spec.parameters.iter().filter(by_name);
    let ids = parameters.flat_map(|one| values(one.name, one.repeat, input));
    ids.map(|id| AboutResource::one(kind.kind.name, id)).collect()
}
