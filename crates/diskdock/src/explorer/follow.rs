//! Resources as the scripts know them: how each kind is listed, and which ones a page follows
//! after an asynchronous call.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::actions::{all, resource};
use crate::catalog::{Ids, ParamSpec, Resource, Shape, Spec};

/// Entries that are asked for at a time, where the action takes as many.
const PAGE: i64 = 100;

/// The resources that a page follows after a call of this action, as JSON for the script: their
/// kind, and where their ids are.
pub(super) fn followed(spec: &Spec) -> Option<String> {
    let transition = spec.transition?;
    let ids = match transition.settles.as_ref()?.ids {
        Ids::Requested(parameter) => json!({ "requested": parameter }),
        Ids::Replied(field) => json!({ "replied": [field] }),
        Ids::RepliedList(path) => json!({ "replied": path }),
    };
    Some(json!({ "noun": transition.resource.noun, "ids": ids }).to_string())
}

/// The kinds of resource that an action's page lists, by noun, as JSON for the scripts: what its
/// parameters offer and what it moves; and regions, in which resources are searched for.
pub(super) fn kinds(spec: &Spec) -> String {
    let mut kinds = BTreeMap::new();
    let moved = spec.transition.map(|transition| transition.resource);
    let offered = offered(spec.parameters).into_iter().filter_map(resource);
    for one in offered.chain(moved).chain(resource("region")) {
        kinds.insert(one.noun, described(one));
    }
    json!(kinds).to_string()
}

fn offered(parameters: &[ParamSpec]) -> Vec<&'static str> {
    let inner = |one: &ParamSpec| one.offers.into_iter().chain(offered(one.children)).collect();
    parameters.iter().flat_map(|one| -> Vec<&'static str> { inner(one) }).collect()
}

/// How a kind of resource is listed, for the scripts.
pub(super) fn described(resource: &Resource) -> Value {
    let listing = &resource.listing;
    let action = all().find(|listed| listed.spec().name == listing.action);
    let takes = |name: &str| action.is_some_and(|listed| listed.spec().takes(name));
    json!({
        "action": listing.action,
        "version": action.map(|listed| listed.product.version),
        "ids": listing.ids,
        "path": listing.path,
        "id": listing.id,
        "texts": listing.texts,
        "holder": listing.holder,
        "in_region": takes("RegionId"),
        "page_size": action.and_then(|listed| page_size(listed.spec())),
        "numbered": takes("PageSize") && takes("PageNumber"),
        "goes_on": takes("NextToken") && takes("MaxResults"),
        "lasting": resource.lasting(),
    })
}

/// The most entries of a page, as the scripts ask for them: no more than the action takes.
fn page_size(listing: &Spec) -> Option<i64> {
    let size = listing.parameters.iter().find(|one| one.name == "PageSize")?;
    Some(match size.shape {
        Shape::Integer { max, .. } => max.min(PAGE),
        _ => PAGE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::{find, resources};
    use crate::catalog::{Entry, Input};

    fn of(name: &str) -> Option<Value> {
        followed(find(name).unwrap().spec()).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn followed_uses_the_declaration_of_an_asynchronous_action() {
        let detach = of("DetachDisk").unwrap();
        assert_eq!(detach, json!({ "noun": "disk", "ids": { "requested": "DiskId" } }));
        let run = of("RunInstances").unwrap();
        assert_eq!(run["ids"]["replied"], json!(["InstanceIdSets", "InstanceIdSet"]));
        assert_eq!(of("DeleteDisk"), None);
        assert_eq!(of("DescribeDisks"), None);
    }

    #[test]
    fn kinds_are_those_that_the_parameters_offer() {
        let kinds = kinds(find("AttachDisk").unwrap().spec());
        let kinds: BTreeMap<String, Value> = serde_json::from_str(&kinds).unwrap();
        assert_eq!(kinds.keys().collect::<Vec<_>>(), ["disk", "instance", "key pair", "region"]);
        assert_eq!(kinds["disk"]["action"], "DescribeDisks");
        assert_eq!(kinds["disk"]["lasting"], json!(["Available", "In_use"]));
        assert_eq!(kinds["region"]["in_region"], false);
    }

    #[test]
    fn every_kind_is_listed_by_a_request_that_its_action_takes() {
        for kind in resources() {
            let described = described(kind);
            let size = described["page_size"].as_i64().map(|size| ("PageSize", size.to_string()));
            let region = described["in_region"] == true;
            let region = region.then(|| ("RegionId", "cn-hangzhou".to_owned()));
            let pairs =
                size.into_iter().chain(region).map(|(name, value)| (name.to_owned(), value));
            let input = Input::from_sorted(pairs.collect());
            let listed = all().find(|one| one.spec().name == kind.listing.action).unwrap();
            let Entry::Query(query) = listed.entry else { panic!("{} is no query", kind.noun) };
            let refusal = query.parse(&input).err();
            assert!(refusal.is_none(), "{}: {refusal:?}", kind.noun);
        }
    }
}
